"""Importing: what a file says is compared with the record, and only news is recorded."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import docx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.service import Service
from api.settings import Settings
from demo.matrices import write_matrix
from domain.casework import CaseEvent
from domain.entry import Authority, AuthorityKind, Protected, Stamp
from domain.recommendation import Recommendation, fold, names, wording
from domain.recommendation.elements import PartText, Text
from domain.recommendation.position import PositionTaken
from domain.recommendation.terms import Classified, Declassified
from domain.recommendation.wording import Corrected, TextAdded
from domain.refusals import Forbidden, InvalidInput
from domain.words import CorrectionKind, Position, TextStatus
from tests.length import times
from workflows.access import Principal, Role
from workflows.desk import Command
from workflows.importing import Format, Import, Options, Receipt
from workflows.ohchr_matrix import Citation, MatrixPart, MatrixRow, MatrixTerm

CYCLE_2 = "ohchr/UPR20__Slovenia_ThematicListRecommendations_E.docx"
CYCLE_3 = "ohchr/UPR34_Slovenia_Thematic_list_of_Recommendations.docx"
REPORT = "A/HRC/28/90"
ADDENDUM = f"{REPORT}/Add.1"


class Office:
    """A clerk's office: a store, and a clerk who imports into it."""

    def __init__(self, url: str, role: Role = Role.CLERK) -> None:
        self.service = Service(Settings(database_url=url))
        self.clerk = Principal(
            key=UUID(int=7),
            role=role,
            institution="mfa",
            authority=Authority(kind=AuthorityKind.MANDATE, reference="Decree 1"),
            actor="p-clerk",
        )

    def bring(
        self,
        file: bytes | Path,
        *,
        dry_run: bool = False,
        format: Format = Format.OHCHR_MATRIX,
        **options: Any,
    ) -> Receipt:
        importing = Import(self.service.desk, self.service, self.clerk)
        return importing.run(file, Options(**options), format=format, dry_run=dry_run)

    def find(self, paragraph: str, document: str = REPORT, state: str = "SVN") -> Recommendation:
        from domain.recommendation.elements import Alias

        alias = Alias(scheme="un", value=document, paragraph=paragraph)
        (id,) = self.service.find_aliases([(state, alias)]).values()
        found = self.service.log.load(id, fold)
        assert found is not None
        return found

    def take(self, id: UUID, step: str, act: Any, reason: str | None = None) -> None:
        name = f"{step}:{self.service.log.size}"
        stamp = Stamp(
            command=name,
            speaker=self.clerk.speaker(),
            reason=Protected(reason) if reason else None,
        )
        command = Command.of(name, self.clerk, step)
        self.service.desk.take(self.clerk, command, id, step, stamp, act, expected_version=None)

    def events(self, start: int) -> list[CaseEvent]:
        """What was said of recommendations; the run and the review are told elsewhere."""
        found = [entry.event for entry in self.service.log.read_all(start)]
        return [event for event in found if isinstance(event, CaseEvent)]


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


def row(paragraph: str, text: str = "Ratify the convention", **more: Any) -> MatrixRow:
    said: dict[str, Any] = {
        "row": 1,
        "paragraph": paragraph,
        "parts": (MatrixPart(text=text, states=("France", "Chile")),),
        "position": "supported",
        "position_printed": "Supported",
        "citation": Citation(printed=f"{ADDENDUM} - Para. 3", symbol=ADDENDUM, paragraph="3"),
        "terms": (
            MatrixTerm(kind="theme", code="A12", label="Acceptance of international norms"),
            MatrixTerm(kind="affected-persons", code=None, label="women"),
        ),
        **more,
    }
    return MatrixRow(**said)


ROWS = [row("115.1"), row("115.2", "Train judges"), row("115.10", "Adopt a law")]


def matrix(rows: list[MatrixRow], *, language: str = "en", state: str = "Slovenia") -> bytes:
    file = io.BytesIO()
    write_matrix(file, rows, generation=2, state_name=state, cycle=2, session=20, language=language)
    return file.getvalue()


def replaced(rows: list[MatrixRow], index: int, **changes: Any) -> list[MatrixRow]:
    return [msgspec.structs.replace(r, **changes) if i == index else r for i, r in enumerate(rows)]


def edited(file: Path, change: Any) -> bytes:
    """The same document, changed in a word processor and saved again."""
    document = docx.Document(str(file))
    change(document)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


# --- Real documents ------------------------------------------------------------------------------


def test_slovenias_second_review_has_163_paragraphs_142_supported_and_21_noted(
    office: Office, test_data: Path
) -> None:
    receipt = office.bring(test_data / CYCLE_2)
    assert (receipt.rows, receipt.paragraphs, receipt.new) == (163, 163, 163)
    assert receipt.positions == type(receipt.positions)(supported=142, noted=21)
    assert (receipt.unreadable, receipt.changed, receipt.same, receipt.merged) == (0, 0, 0, 0)


def test_pairs_of_paragraph_and_state_equal_upr_infos_count(
    office: Office, test_data: Path
) -> None:
    receipt = office.bring(test_data / CYCLE_2)
    assert receipt.pairs == 180
    assert (receipt.pairs_by_position.supported, receipt.pairs_by_position.noted) == (155, 25)
    assert receipt.parts == 169


def test_slovenias_third_review_has_215_paragraphs_182_supported_and_33_noted(
    office: Office, test_data: Path
) -> None:
    receipt = office.bring(test_data / CYCLE_3)
    assert (receipt.paragraphs, receipt.new) == (215, 215)
    assert (receipt.positions.supported, receipt.positions.noted) == (182, 33)


def test_two_doubted_citations_explain_why_the_file_has_56_where_the_addendum_has_58(
    office: Office, test_data: Path
) -> None:
    receipt = office.bring(test_data / CYCLE_3)
    by = receipt.positions_by_document
    assert (by["A/HRC/43/15"].supported, by["A/HRC/43/15"].noted) == (56, 0)
    assert (by["A/HRC/43/15/Add.1"].supported, by["A/HRC/43/15/Add.1"].noted) == (126, 33)
    doubted = [n.paragraph for n in receipt.doubts if n.reason == "differs-from-its-paragraph"]
    assert doubted == ["121.23", "121.24"]
    at_once = by["A/HRC/43/15"].supported + len(doubted)
    assert (at_once, receipt.paragraphs - at_once) == (58, 157)
    held = office.find("121.23", "A/HRC/43/15")
    position = [
        e.event for e in office.service.log.history([held.id]) if isinstance(e.event, PositionTaken)
    ]
    assert [p.doubt for p in position] == ["differs-from-its-paragraph"]
    assert position[0].instrument == "A/HRC/43/15/Add.1"


@pytest.mark.slow
@pytest.mark.parametrize("file", [CYCLE_2, CYCLE_3])
def test_a_second_run_changes_nothing(office: Office, test_data: Path, file: str) -> None:
    first = office.bring(test_data / file)
    size = office.service.log.size
    again = office.bring(test_data / file)
    assert (again.new, again.changed, again.same) == (0, 0, first.paragraphs)
    assert (again.first, again.events, office.service.log.size) == (None, 0, size)


def test_a_resaved_and_reordered_file_changes_nothing(office: Office, test_data: Path) -> None:
    office.bring(test_data / CYCLE_3)
    size = office.service.log.size

    def shuffle(document: Any) -> None:
        table = document.tables[0]._tbl
        rows = list(table.tr_lst)
        for tr in rows[1:]:
            table.remove(tr)
        random.Random(4).shuffle(moved := rows[1:])
        for tr in moved:
            table.append(tr)

    again = office.bring(edited(test_data / CYCLE_3, shuffle))
    assert (again.new, again.changed, again.same) == (0, 0, 215)
    assert office.service.log.size == size


@pytest.mark.slow
def test_one_edited_text_in_a_real_file_is_one_correction(office: Office, test_data: Path) -> None:
    office.bring(test_data / CYCLE_3)
    size = office.service.log.size

    def edit(document: Any) -> None:
        for paragraph in document.tables[0].rows[2].cells[0].paragraphs:
            for run in paragraph.runs:
                if "Ratify" in run.text:
                    run.text = run.text.replace("Ratify", "Swiftly ratify")
                    return
        raise AssertionError

    again = office.bring(edited(test_data / CYCLE_3, edit))
    assert (again.new, again.changed, again.same) == (0, 1, 214)
    (event,) = office.events(size)
    assert isinstance(event, Corrected)
    assert event.stamp.source is not None
    assert event.stamp.source.row == 3


# --- What is news --------------------------------------------------------------------------------


def test_importing_says_who_when_whence_and_in_which_run(office: Office) -> None:
    receipt = office.bring(
        matrix(ROWS), reviewed="2014-11-04", document_dates={ADDENDUM: "2015-03-05"}
    )
    received, position, classified = office.events(0)[:3]
    assert received.stamp.effective.on == "2014-11-04"
    assert position.stamp.effective.on == "2015-03-05"
    assert isinstance(classified, Classified)
    for event in (received, position, classified):
        assert event.stamp.speaker.actor == "p-clerk"
        assert event.stamp.batch == receipt.batch
        assert event.stamp.source is not None
        assert event.stamp.source.sha256 == receipt.sha256
    assert position.stamp.source is not None
    assert (position.stamp.source.document, position.stamp.source.paragraph) == (
        ADDENDUM,
        f"{ADDENDUM} - Para. 3",
    )


def test_a_position_without_a_date_for_its_document_has_an_unknown_date(office: Office) -> None:
    office.bring(matrix(ROWS))
    assert office.events(0)[1].stamp.effective.on is None


def test_a_dry_run_records_nothing_and_says_what_it_would(office: Office) -> None:
    receipt = office.bring(matrix(ROWS), dry_run=True)
    assert (receipt.new, receipt.dry_run, receipt.first) == (3, True, None)
    assert office.service.log.size == 0


def test_one_edited_text_is_one_correction_with_a_reason(office: Office) -> None:
    office.bring(matrix(ROWS))
    size = office.service.log.size
    parts = (MatrixPart(text="Train all judges", states=("France", "Chile")),)
    receipt = office.bring(matrix(replaced(ROWS, 1, parts=parts)))
    assert (receipt.changed, receipt.same) == (1, 2)
    (event,) = office.events(size)
    assert isinstance(event, Corrected)
    assert event.correction is CorrectionKind.CLERICAL
    assert event.stamp.reason is not None
    assert office.find("115.2").text() == "Train all judges"


def test_an_added_recommending_state_is_a_correction_of_the_parts(office: Office) -> None:
    office.bring(matrix(ROWS))
    parts = (MatrixPart(text="Train judges", states=("France", "Chile", "Japan")),)
    receipt = office.bring(matrix(replaced(ROWS, 1, parts=parts)))
    assert receipt.changed == 1
    codes = [r.code for r in office.find("115.2").parts[0].recommenders]
    assert codes == ["FRA", "CHL", "JPN"]


def test_another_answer_from_the_same_document_strikes_the_first(office: Office) -> None:
    office.bring(matrix(ROWS))
    changed = replaced(ROWS, 0, position="noted", position_printed="Noted")
    office.clerk = msgspec.structs.replace(office.clerk, role=Role.COORDINATOR)
    receipt = office.bring(matrix(changed))
    assert receipt.changed == 1
    r = office.find("115.1")
    assert r.position is Position.NOTED
    assert [r.stands(p.version) for p in r.positions] == [False, True]
    assert "position.noted" in r.states


def test_what_only_a_coordinator_may_strike_no_clerks_file_strikes(office: Office) -> None:
    office.bring(matrix(ROWS))
    changed = replaced(ROWS, 0, position="noted", position_printed="Noted")
    size = office.service.log.size
    receipt = office.bring(matrix(changed))
    (left,) = receipt.conflicts
    assert (left.reason, left.paragraph) == ("needs-decision", "115.1")
    assert "coordinator" in left.message
    assert (receipt.same, office.service.log.size) == (3, size)
    r = office.find("115.1")
    assert r.position is Position.SUPPORTED, "the other answer waits with it"


def test_an_answer_from_a_later_document_revises_the_first(office: Office) -> None:
    office.bring(matrix(ROWS), document_dates={ADDENDUM: "2015-03-05"})
    later = Citation(printed="A/HRC/40/5", symbol="A/HRC/40/5")
    rows = replaced(ROWS, 0, position="noted", position_printed="Noted", citation=later)
    office.bring(matrix(rows), document_dates={"A/HRC/40/5": "2017-01-01"}, document=REPORT)
    r = office.find("115.1")
    assert r.position is Position.NOTED
    assert all(r.stands(p.version) for p in r.positions)


def test_a_changed_theme_is_classified_and_declassified(office: Office) -> None:
    office.bring(matrix(ROWS))
    size = office.service.log.size
    terms = (MatrixTerm(kind="theme", code="D29", label="Domestic violence"), ROWS[0].terms[1])
    office.bring(matrix(replaced(ROWS, 0, terms=terms)))
    assert [type(e) for e in office.events(size)] == [Classified, Declassified]
    labels = {held.term.label for held in office.find("115.1").terms}
    assert labels == {"Domestic violence", "women"}


def test_another_language_adds_texts_and_corrects_none(office: Office) -> None:
    office.bring(matrix(ROWS))
    size = office.service.log.size
    french = [
        msgspec.structs.replace(
            r,
            parts=(MatrixPart(text=f"Texte {r.paragraph}", states=("France", "Chili")),),
            position_printed="Appuyée",
            terms=(MatrixTerm(kind="theme", code="A12", label="Acceptation des normes"),),
        )
        for r in ROWS
    ]
    receipt = office.bring(matrix(french, language="fr", state="Slovénie"), language="fr")
    assert (receipt.new, receipt.changed) == (0, 3)
    assert [type(e) for e in office.events(size)] == [TextAdded] * 3
    r = office.find("115.1")
    assert (r.text("fr"), r.text()) == ("Texte 115.1", "Ratify the convention")
    again = office.bring(matrix(french, language="fr", state="Slovénie"), language="fr")
    assert (again.same, again.events) == (3, 0)


def test_an_older_file_does_not_undo_a_persons_correction(office: Office) -> None:
    office.bring(matrix(ROWS))
    r = office.find("115.1")
    text = Text(
        language="en",
        status=TextStatus.OFFICIAL,
        parts=(PartText(part="1", text="Ratify the Convention of 1951"),),
    )
    office.take(
        r.id,
        "correct",
        lambda r, stamp: wording.correct(r, stamp, CorrectionKind.CORRIGENDUM, text=text),
        reason="A/HRC/28/90/Corr.1",
    )
    receipt = office.bring(matrix(list(reversed(ROWS))))
    assert (receipt.changed, receipt.same) == (0, 3)
    assert office.find("115.1").text() == "Ratify the Convention of 1951"


def test_after_a_renumbering_the_old_number_finds_the_same_recommendation(
    office: Office,
) -> None:
    office.bring(matrix(ROWS))
    before = office.find("115.2")
    office.take(before.id, "renumber", lambda r, s: names.renumber(r, s, REPORT, "116.2"))
    assert office.find("116.2").id == office.find("115.2").id == before.id
    renumbered = [*ROWS[:1], msgspec.structs.replace(ROWS[1], paragraph="116.2"), *ROWS[2:]]
    for rows in (ROWS, renumbered):
        receipt = office.bring(matrix(rows))
        assert (receipt.new, receipt.changed, receipt.same) == (0, 0, 3)


def test_a_number_that_has_passed_to_another_paragraph_finds_the_one_that_bears_it_now(
    office: Office,
) -> None:
    office.bring(matrix(ROWS))
    first, second = (office.find(number).id for number in ("115.1", "115.2"))
    office.take(first, "renumber", lambda r, s: names.renumber(r, s, REPORT, "115.2"))
    office.take(second, "renumber", lambda r, s: names.renumber(r, s, REPORT, "115.1"))
    assert (office.find("115.1").id, office.find("115.2").id) == (second, first)
    swapped = [
        msgspec.structs.replace(ROWS[0], paragraph="115.2"),
        msgspec.structs.replace(ROWS[1], paragraph="115.1"),
        ROWS[2],
    ]
    receipt = office.bring(matrix(swapped))
    assert (receipt.new, receipt.changed, receipt.same) == (0, 0, 3)


def test_a_paragraph_put_in_before_others_that_were_renumbered_is_a_new_one(
    office: Office,
) -> None:
    office.bring(matrix(ROWS))
    held = {number: office.find(number).id for number in ("115.1", "115.2", "115.10")}
    for before, now in (("115.10", "115.11"), ("115.2", "115.3"), ("115.1", "115.2")):
        office.take(
            held[before], "renumber", lambda r, s, now=now: names.renumber(r, s, REPORT, now)
        )
    numbers = ("115.2", "115.3", "115.11")
    final = [
        row("115.1", "Free the press"),
        *(msgspec.structs.replace(r, paragraph=n) for r, n in zip(ROWS, numbers, strict=True)),
    ]
    for receipt, counts in ((office.bring(matrix(final)), (1, 0, 3)), (None, (0, 0, 4))):
        receipt = receipt or office.bring(matrix(final[::-1]))
        assert (receipt.new, receipt.changed, receipt.same) == counts
    assert office.find("115.1").text() == "Free the press"
    assert office.find("115.2").id == held["115.1"]
    assert office.find("115.2").text() == ROWS[0].parts[0].text


def test_one_document_can_address_several_states(office: Office) -> None:
    office.bring(matrix(ROWS))
    receipt = office.bring(matrix(ROWS, state="Croatia"))
    assert receipt.new == 3
    assert office.find("115.1").id != office.find("115.1", state="HRV").id


def test_odd_rows_stop_nothing_and_are_listed_with_row_and_reason(office: Office) -> None:
    odd = replaced(ROWS, 1, parts=(MatrixPart(text="", states=("France",)),))
    receipt = office.bring(matrix(odd))
    assert (receipt.rows, receipt.paragraphs, receipt.unreadable) == (3, 2, 1)
    (note,) = receipt.unreadable_rows
    assert note.reason == "text-missing"
    assert "115.2" in note.printed
    assert receipt.new == 2


def test_a_translation_with_other_parts_is_listed_and_not_recorded(office: Office) -> None:
    office.bring(matrix(ROWS))
    parts = (
        MatrixPart(text="Former les juges", states=("France",)),
        MatrixPart(text="Former les procureurs", states=("Chili",)),
    )
    french = replaced(ROWS, 1, parts=parts, position_printed="Appuyée")
    french = [msgspec.structs.replace(r, position_printed="Appuyée") for r in french]
    receipt = office.bring(matrix(french, language="fr", state="Slovénie"), language="fr")
    assert receipt.unreadable == 1
    assert receipt.rows == receipt.paragraphs + receipt.merged + receipt.unreadable
    assert "fr" not in office.find("115.2").texts


def test_what_a_state_wrote_into_the_last_column_is_listed_not_lost(office: Office) -> None:
    receipt = office.bring(matrix(replaced(ROWS, 0, comment="Done in 2016")))
    (note,) = [n for n in receipt.doubts if n.reason == "comment-not-recorded"]
    assert note.printed == "Done in 2016"


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ({"state": "HRV"}, "--state"),
        ({"session": 21}, "--session"),
        ({"cycle": 3}, "--cycle"),
        ({"language": "tlh"}, "languages"),
    ],
)
def test_a_contradiction_between_caller_and_file_is_refused(
    office: Office, said: dict[str, Any], hint: str
) -> None:
    with pytest.raises(InvalidInput, match=hint):
        office.bring(matrix(ROWS), **said)
    assert office.service.log.size == 0


def test_a_file_that_does_not_say_whom_it_addresses_is_asked_about(office: Office) -> None:
    with pytest.raises(InvalidInput, match="--state"):
        office.bring(matrix(ROWS, state="Ruritania"))
    assert office.bring(matrix(ROWS, state="Ruritania"), state="XAB").new == 3


def test_a_file_that_is_no_matrix_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInput, match=r"\.docx"):
        office.bring(b"%PDF-1.7")


def test_a_reader_may_not_import(sqlite_url: str) -> None:
    office = Office(sqlite_url, Role.READER)
    with pytest.raises(Forbidden):
        office.bring(matrix(ROWS))
    assert office.service.log.size == 0
    office.service.close()


# --- Together ------------------------------------------------------------------------------------


def test_of_two_imports_at_once_one_records_and_the_other_finds_everything_there(
    database_url: str,
) -> None:
    offices = [Office(database_url), Office(database_url)]
    file = matrix([row(f"115.{n}") for n in range(1, 30)])
    with ThreadPoolExecutor(2) as pool:
        receipts = list(pool.map(lambda office: office.bring(file), offices))
    assert sorted((r.new, r.same) for r in receipts) == [(0, 29), (29, 0)]
    around = 5  # the run's beginning and end, the review and its two documents
    assert offices[0].service.log.size == 29 * 3 + around
    for office in offices:
        office.service.close()


sentences = st.text("abcdefgh ", min_size=3, max_size=30).map(lambda t: f"Act on {t.strip()}x")


@settings(
    max_examples=times(6, long=60),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(texts=st.lists(sentences, min_size=1, max_size=6), seed=st.randoms(use_true_random=False))
def test_importing_twice_in_any_order_is_importing_once(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], seed: random.Random
) -> None:
    office = Office(f"sqlite:///{tmp_path_factory.mktemp('twice') / 's.db'}")
    rows = [row(f"115.{i}", text) for i, text in enumerate(texts, start=1)]
    office.bring(matrix(rows))
    size = office.service.log.size
    seed.shuffle(rows)
    again = office.bring(matrix(rows))
    assert (again.new, again.changed, again.same, again.unreadable) == (0, 0, len(rows), 0)
    assert office.service.log.size == size
    office.service.close()
