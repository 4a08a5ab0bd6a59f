"""Second sources, tables and worklists: every row accounted for, nothing twice, nothing beside."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain import match
from domain.match import match_id
from domain.refusals import InvalidInput
from domain.scope import everything
from domain.words import Kind, MatchStatus, Position
from projections import figures, recommendations, register
from projections.figures import Dimension
from projections.recommendations import Where
from tests.generated_uhri import write_uhri
from tests.length import LONG, times
from tests.test_importing import CYCLE_2, REPORT, ROWS, Office, matrix, row
from workflows.importing import Format
from workflows.importing import sources as source_import
from workflows.ohchr_matrix import MatrixPart, read_matrix

HEADING = "To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session"


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url)
    yield opened
    opened.service.close()


def upr_info(*rows: tuple[str, str, str, str], session: int = 20, to: str = "Slovenia") -> bytes:
    """A file as UPR Info exports it: text, recommending State, response, issue."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADING.split(","))
    for text, state, response, issue in rows:
        writer.writerow([to, "EEG", "EU", text, state, "", "", response, "5", issue, session])
    return out.getvalue().encode()


def held(office: Office, where: Where | None = None) -> int:
    office.service.feed.advance()
    with office.service.views.snapshot() as (connection, _):
        return recommendations.count(connection, everything, where or Where())


@pytest.mark.endurance
def test_every_row_of_upr_infos_files_is_accounted_for_and_recorded_once(
    office: Office, test_data: Path, tmp_path: Path
) -> None:
    """All 14,437 rows in `make endurance`, else some hundred; tests/test_upr_info.py reads all."""
    files = []
    for name, count in (("sessions-01-05", 6_094), ("sessions-06-09", 8_343)):
        rows_max = times(400, long=count)
        whole, part = test_data / "upr-info" / f"{name}.csv", tmp_path / f"{name}.csv"
        with (
            whole.open(encoding="latin-1", newline="") as rows,  # its bytes, whatever they mean
            part.open("w", encoding="latin-1", newline="") as written,
        ):
            csv.writer(written).writerows(itertools.islice(csv.reader(rows), rows_max + 1))
        files.append((part, rows_max))
    paragraphs = 0
    for file, count in files:
        receipt = office.bring(file, format=Format.UPR_INFO, all_states=True)
        assert (receipt.rows, receipt.unreadable) == (count, 0)
        assert receipt.pairs + receipt.repeated == count
        assert receipt.new == receipt.paragraphs
        paragraphs += receipt.paragraphs
    assert held(office) == paragraphs
    if LONG:
        assert paragraphs == 13_822
    size = office.service.log.size
    for file, _ in files:
        again = office.bring(file, format=Format.UPR_INFO, all_states=True)
        assert (again.new, again.changed, again.missing, again.same) == (0, 0, 0, again.paragraphs)
    assert office.service.log.size == size, "a second run changes nothing"


@pytest.mark.slow
def test_slovenias_seventh_session_and_the_matrix_of_its_second_cycle_do_not_collide(
    office: Office, test_data: Path
) -> None:
    file = test_data / "upr-info" / "sessions-06-09.csv"
    receipt = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert receipt.paragraphs == 106
    assert receipt.other_states + receipt.repeated == 8_343 - 106
    second = office.bring(test_data / CYCLE_2)
    assert (second.new, second.positions.supported, second.positions.noted) == (163, 142, 21)
    office.service.feed.advance()
    with office.service.views.snapshot() as (connection, _):
        where = Where(addressee=["SVN"])
        rows = figures.progress(connection, everything, Dimension.CYCLE, where)
    assert {row.key: (row.units[0].total, row.units[2].total) for row in rows} == {
        "1": (106, 106),
        "2": (163, 180),
    }


def test_an_edited_row_of_a_source_without_keys_is_new_and_one_is_missing(office: Office) -> None:
    first = [("Ratify", "France", "Accepted", "Treaties"), ("Train", "Chile", "Noted", "")]
    office.bring(upr_info(*first), format=Format.UPR_INFO, state="SVN")
    edited = [("Ratify it", "France", "Accepted", "Treaties"), first[1]]
    receipt = office.bring(upr_info(*edited), format=Format.UPR_INFO, state="SVN")
    assert (receipt.new, receipt.same, receipt.missing) == (1, 1, 1)
    (note,) = receipt.missing_rows
    assert note.printed == "Ratify"
    assert held(office) == 3, "what is missing stays where it is"


def test_a_row_that_comes_twice_is_counted_apart(office: Office) -> None:
    one = ("Ratify", "France", "Accepted", "Treaties")
    receipt = office.bring(
        upr_info(one, one, ("Ratify", "Chile", "Accepted", "Women")),
        format=Format.UPR_INFO,
        state="SVN",
    )
    assert (receipt.rows, receipt.repeated, receipt.paragraphs, receipt.pairs) == (3, 1, 1, 2)


def test_a_file_for_many_states_asks_for_one_or_for_all(office: Office) -> None:
    file = upr_info(("Ratify", "France", "Accepted", ""))
    with pytest.raises(InvalidInput, match="--all-states"):
        office.bring(file, format=Format.UPR_INFO)
    assert office.service.log.size == 0


# --- Matching ------------------------------------------------------------------------------------


def matches(office: Office) -> list[match.Match]:
    office.service.feed.advance()
    with office.service.views.snapshot() as (connection, _):
        return [r.state for r in register.matches.page(connection, everything, first=200).rows]


def test_a_second_source_is_matched_to_the_review_and_never_created_beside_it(
    office: Office,
) -> None:
    twins = [
        row("115.20", "Cooperate further", parts=(MatrixPart("Cooperate further", ("France",)),)),
        row("115.21", "Cooperate further", parts=(MatrixPart("Cooperate further", ("Chile",)),)),
    ]
    long = "Take effective measures to protect the rights of the Roma in all municipalities"
    office.bring(matrix([*ROWS, *twins, row("115.30", long)]), document=REPORT)
    file = upr_info(
        ("Ratify the convention", "France", "Accepted", "Treaties"),
        (long.replace("measures", "measurs").upper() + ".", "Chile", "Accepted", "Roma"),
        ("Cooperate further", "Chile", "Accepted", ""),
        ("Abolish the death penalty in law and in practice", "Peru", "Noted", ""),
    )
    receipt = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert (receipt.new, receipt.matched, receipt.undecided) == (0, 3, 1)
    assert held(office) == 6
    found = {m.text: m for m in matches(office)}
    by_state = found["Cooperate further"]
    assert by_state.to == office.find("115.21").id, "the recommending State tells the twins apart"
    assert found["Abolish the death penalty in law and in practice"].status is MatchStatus.UNDECIDED
    r = office.find("115.30")
    assert "upr-info" in {alias.scheme for alias in r.aliases}
    assert {"action", "issue"} <= {held.term.vocabulary for held in r.terms}
    assert r.text() == long, "the second source corrects nothing"
    size = office.service.log.size
    again = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert (again.same, again.undecided, office.service.log.size) == (4, 1, size)


@pytest.mark.slow
def test_rows_retold_from_the_real_matrix_are_matched_rightly_or_wait(
    office: Office, test_data: Path
) -> None:
    """One letter in twenty is changed, and of every fourth the last clause is left out."""
    office.bring(test_data / CYCLE_2)
    read = read_matrix((test_data / CYCLE_2).read_bytes(), language="en")
    rows, meant = [], {}
    for n, paragraph in enumerate(read.rows):
        for part in paragraph.parts:
            letters = enumerate(part.text)
            text = "".join("e" if i % 20 == 7 and c.isalpha() else c for i, c in letters)
            if n % 4 == 0 and "," in text:
                text = text.rpartition(",")[0]
            rows.append((text, part.states[0], "Accepted", ""))
            meant[text] = paragraph.paragraph
    receipt = office.bring(upr_info(*rows), format=Format.UPR_INFO, state="SVN")
    assert receipt.new == 0
    assert held(office) == 163
    made = [m for m in matches(office) if m.to is not None]
    document = "A/HRC/28/15"
    wrong = [m for m in made if office.find(meant[m.text], document).id != m.to]
    assert not wrong, "a wrong match would be worse than none"
    assert receipt.matched >= 0.7 * receipt.paragraphs
    assert receipt.matched + receipt.undecided == receipt.paragraphs


def test_a_matrix_that_comes_later_completes_what_the_second_source_brought(
    office: Office,
) -> None:
    long = "Take effective measures to protect the rights of the Roma in all municipalities"
    near = "Adopt a strategy for the elderly and review it every year with civil society"
    file = upr_info(
        (long.replace("measures", "measurs"), "Chile", "Noted", "Roma"),
        ("Cooperate further", "France", "Accepted", ""),
        ("Cooperate further", "Peru", "Accepted", ""),
        (near.replace("every year", "each and every spring").upper(), "Peru", "Accepted", ""),
        ("Abolish the death penalty", "Peru", "Noted", ""),
    )
    brought = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert brought.new == 4, "the same text by two States is one recommendation"
    paper = matrix(
        [
            row("115.1", long, parts=(MatrixPart(long, ("Chile", "Ghana")),)),
            row("115.2", "Cooperate further", parts=(MatrixPart("Cooperate further", ("Peru",)),)),
            row("115.3", "Cooperate further", parts=(MatrixPart("Cooperate further", ("Fiji",)),)),
            row("115.4", near, parts=(MatrixPart(near, ("Peru",)),)),
        ]
    )
    preview = office.bring(paper, document=REPORT, dry_run=True)
    receipt = office.bring(paper, document=REPORT)
    assert (receipt.matched, receipt.new, receipt.changed, receipt.same) == (2, 2, 0, 0)
    assert (preview.matched, preview.new) == (receipt.matched, receipt.new)
    assert held(office) == 6
    r = office.find("115.1")
    assert {"upr-info", "un"} <= {alias.scheme for alias in r.aliases}
    assert r.text() == long, "the mechanism's own document says how it reads"
    assert [s.code for s in r.parts[0].recommenders] == ["CHL", "GHA"]
    assert r.position is Position.SUPPORTED
    assert len(r.positions) == 2, "what the other source said of the position stays in the history"
    (doubt,) = [d for d in receipt.doubts if d.reason == "may-be-held-already"]
    assert doubt.paragraph == "115.4"
    size = office.service.log.size
    again = office.bring(paper, document=REPORT)
    assert (again.same, office.service.log.size) == (4, size)
    back = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert (back.same, back.new, office.service.log.size) == (4, 0, size)


@pytest.mark.slow
def test_the_real_matrix_completes_what_upr_info_brought_of_it_and_doubles_nothing(
    office: Office, test_data: Path
) -> None:
    read = read_matrix((test_data / CYCLE_2).read_bytes(), language="en")
    rows = [
        (part.text, state, "Accepted" if paragraph.position == "supported" else "Noted", "")
        for paragraph in read.rows
        for part in paragraph.parts
        for state in part.states
    ]
    texts = {paragraph.paragraph: [p.text for p in paragraph.parts] for paragraph in read.rows}
    brought = office.bring(upr_info(*rows), format=Format.UPR_INFO, state="SVN")
    receipt = office.bring(test_data / CYCLE_2)
    whole = [number for number, parts in texts.items() if len(parts) == 1]
    assert receipt.matched + receipt.new == 163
    assert receipt.matched >= 0.95 * len(whole)
    assert held(office) == brought.new + receipt.new
    for number in whole:
        r = office.find(number, "A/HRC/28/15")
        assert r.text() == texts[number][0]
        assert len({alias.paragraph for alias in r.aliases if alias.scheme == "un"}) == 1


# --- The UHRI and tables -------------------------------------------------------------------------


@pytest.mark.slow
def test_uhris_records_are_recorded_once_and_an_edited_one_is_corrected(
    office: Office, tmp_path: Path
) -> None:
    file = tmp_path / "uhri.json"
    write_uhri(file, 600, states=5)
    receipt = office.bring(file, format=Format.UHRI, all_states=True)
    assert receipt.rows == 600
    assert receipt.new + receipt.changed + receipt.same == receipt.paragraphs
    concerns = held(office, Where(kind=[Kind.CONCERN]))
    assert 0 < concerns < held(office)
    with office.service.views.snapshot() as (connection, _):
        (row_,) = figures.progress(connection, everything, Dimension.ALL, Where())
    assert row_.units[0].total == held(office) - concerns, "concerns are not counted with them"
    size = office.service.log.size
    assert office.bring(file, format=Format.UHRI, all_states=True).new == 0
    assert office.service.log.size == size
    records = json.loads(file.read_text())
    edited = next(r for r in records if r["Countries"] and r["Countries"] != [""])
    edited["Text"] = "An entirely different wording, put right by the Office."
    file.write_text(json.dumps(records))
    again = office.bring(file, format=Format.UHRI, all_states=True)
    assert (again.new, again.changed) == (0, len(edited["Countries"]))


def test_an_import_that_broke_off_goes_on_where_it_was(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "uhri.json"
    write_uhri(file, 300, states=3)
    monkeypatch.setattr(source_import, "chunk_rows", 50)
    taken = source_import._Work.take
    calls = iter(range(100))

    def breaking(self: Any, chunk: Any) -> None:
        if next(calls) == 3:
            raise InvalidInput("The power went.")
        taken(self, chunk)

    monkeypatch.setattr(source_import._Work, "take", breaking)
    with pytest.raises(InvalidInput):
        office.bring(file, format=Format.UHRI, all_states=True)
    office.service.feed.advance()
    with office.service.views.snapshot() as (connection, _):
        (run,) = register.runs.page(connection, everything).rows
    assert (run.state.status.value, run.state.code) == ("failed", "INVALID_INPUT")
    before = held(office)
    receipt = office.bring(file, format=Format.UHRI, all_states=True)
    assert receipt.same >= before
    assert held(office) == receipt.new + before


def test_a_list_without_positions_is_completed_by_the_matrix_that_follows(office: Office) -> None:
    lines = ["addressee,symbol,paragraph,text,recommending_states"]
    lines += [f"SVN,{REPORT},{r.paragraph},{r.parts[0].text},France; Chile" for r in ROWS]
    receipt = office.bring("\n".join(lines).encode(), format=Format.TABLE)
    assert (receipt.new, receipt.positions.pending) == (3, 3)
    assert office.find("115.1").position is Position.PENDING
    completed = office.bring(matrix(ROWS), document=REPORT)
    assert (completed.new, completed.changed) == (0, 3)
    assert held(office) == 3
    assert office.find("115.1").position is Position.SUPPORTED


def test_a_match_is_known_by_its_row(office: Office) -> None:
    assert match_id("SVN", "uhri", "a") == match_id("svn", "uhri", "a") != match_id("SVN", "u", "a")
    assert isinstance(match_id("SVN", "uhri", "a"), UUID)
