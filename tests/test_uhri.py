"""The UHRI's export: each record is read, repeated or handed back, however dirty; a broken file
says at which record it broke."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.words import Answer, Kind, Mechanism
from tests.generated_uhri import SHARES, generated, write_uhri
from workflows.sources import NotThisFormat, Read, RepeatedRow, SourceRow, UnreadableRow
from workflows.sources import uhri as module
from workflows.sources.uhri import REASONS, REFUSALS, Uhri


def record(**members: Any) -> dict[str, Any]:
    return {
        "AnnotationId": "0b0c7a52-5f1e-4a57-9f0e-3a3c0d9e1f11",
        "AnnotationType": "- Recommendations",
        "Symbol": "A/HRC/43/15",
        "Body": "- UPR",
        "Countries": ["- Slovenia"],
        "Text": "121.3 Ratify a treaty",
        "Themes": ["- Right to education"],
        "AffectedPersons": ["- Women &amp; girls"],
        "Sdgs": ["- 16 - PEACE, JUSTICE", "- 16.2 - End abuse"],
        "PublicationDate": "2019-11-12T00:00:00",
        "UprCycle": "Cycle 3",
        "UprSession": ["- 34"],
        "UprPositions": ["- Supported"],
        "UprRecommendingCountry": ["- Norway"],
    } | members


def read(tmp_path: Path, content: object) -> list[Read]:
    path = tmp_path / "export.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return list(Uhri(path).read())


def only(tmp_path: Path, **members: Any) -> SourceRow:
    (row,) = read(tmp_path, [record(**members)])
    assert isinstance(row, SourceRow)
    return row


# Records


def test_a_record_of_the_review_is_read_whole(tmp_path: Path) -> None:
    row = only(tmp_path)
    assert (row.rows, row.scheme, row.key) == ((1,), "uhri", record()["AnnotationId"])
    assert (row.addressee, row.addressee_printed) == ("SVN", "Slovenia")
    assert (row.kind, row.mechanism, row.body) == (Kind.RECOMMENDATION, Mechanism.UPR, "UPR")
    assert (row.symbol, row.paragraph, row.text) == ("A/HRC/43/15", "121.3", "Ratify a treaty")
    assert (row.cycle, row.session, row.published) == (3, "34", "2019-11-12")
    assert (row.answer, row.printed) == (Answer.SUPPORTED, "Supported")
    assert [(state.printed, state.code) for state in row.recommenders] == [("Norway", "NOR")]
    assert [(t.vocabulary, t.version, t.code, t.label) for t in row.terms] == [
        ("theme", "2025", None, "Right to education"),
        ("affected-persons", "2025", None, "Women & girls"),
        ("sdg", "2015", "16", "PEACE, JUSTICE"),
        ("sdg", "2015", "16.2", "End abuse"),
    ]
    assert row.doubts == ()
    assert not row.is_content_key


def test_each_country_of_a_record_has_its_row_under_the_same_key(tmp_path: Path) -> None:
    reads = read(tmp_path, [record(Countries=["- Slovenia", "Chad", "Chad", " ", "Ruritania"])])
    rows = [r for r in reads if isinstance(r, SourceRow)]
    assert [(r.addressee, r.rows, r.key, r.doubts) for r in rows] == [
        (code, (1,), record()["AnnotationId"], ("blank-country",)) for code in ("SVN", "TCD")
    ]
    (unknown,) = (r for r in reads if isinstance(r, UnreadableRow))
    assert (unknown.row, unknown.reason) == (1, "addressee-unknown")
    assert unknown.printed.endswith("Ruritania")


@pytest.mark.parametrize(
    ("body", "mechanism"),
    [
        ("- CEDAW", Mechanism.TREATY_BODY),
        ("SPT", Mechanism.TREATY_BODY),
        ("- SR Torture", Mechanism.SPECIAL_PROCEDURE),
        ("WG Detention", Mechanism.SPECIAL_PROCEDURE),
        ("IE Debt", Mechanism.SPECIAL_PROCEDURE),
    ],
)
def test_outside_the_review_there_is_no_position(
    tmp_path: Path, body: str, mechanism: Mechanism
) -> None:
    row = only(
        *(tmp_path,),
        Body=body,
        AnnotationType="- Concerns/Observations",
        UprCycle=None,
        UprSession=[],
        UprRecommendingCountry=[],
    )
    assert (row.mechanism, row.body, row.kind) == (mechanism, body.removeprefix("- "), Kind.CONCERN)
    assert (row.answer, row.printed, row.doubts) == (None, "Supported", ("position-outside-upr",))
    assert (row.cycle, row.session, row.recommenders) == (None, None, ())


@pytest.mark.parametrize(
    ("printed", "paragraph", "text"),
    [
        ("12. The Committee", "12", "The Committee"),
        ("140.23 Ratify", "140.23", "Ratify"),
        ("140.23. ratify", "140.23", "ratify"),
        ("6.5) Ratify", "6.5", "Ratify"),
        ("36 (a) Ratify", "36 (a)", "Ratify"),
        ("- 36(a) Ratify", "36(a)", "Ratify"),
        ("<p>12.&nbsp;The <i>Committee</i><br/>recalls</p>", "12", "The Committee recalls"),
        ("16 days of action", None, "16 days of action"),
        ("2.5 per cent of GDP", None, "2.5 per cent of GDP"),
        ("0.7 % of GDP", None, "0.7 % of GDP"),
        ("12.11.2019 was the day", None, "12.11.2019 was the day"),
        ("2019. The State", None, "2019. The State"),
        ("Fewer than &lt;b&gt; 3 < 4 \u0000 and", None, "Fewer than <b> 3 < 4 and"),
    ],
)
def test_a_text_loses_its_tags_and_gives_its_number_to_the_paragraph(
    tmp_path: Path, printed: str, paragraph: str | None, text: str
) -> None:
    row = only(tmp_path, Text=printed)
    assert (row.paragraph, row.text) == (paragraph, text)


@pytest.mark.parametrize(
    ("members", "doubt"),
    [
        ({"UprPositions": ["- Considered"]}, "position-unknown"),
        ({"UprPositions": ["Supported", "Noted"]}, "positions-differ"),
        ({"UprCycle": 2}, "cycle-differs"),
        ({"UprRecommendingCountry": None}, "states-missing"),
        ({"UprRecommendingCountry": ["Ruritania"]}, "state-not-recognised"),
        ({"PublicationDate": "12/11/2019"}, "date-unreadable"),
        ({"PublicationDate": "2019-02-30T00:00:00"}, "date-unreadable"),
        ({"Sdgs": ["Peace"]}, "sdg-not-recognised"),
        ({"Themes": ["x" * 201]}, "term-too-long"),
        ({"Themes": [str(n) for n in range(1_000)]}, "terms-too-many"),
    ],
)
def test_what_can_not_be_right_is_doubted(
    tmp_path: Path, members: dict[str, Any], doubt: str
) -> None:
    assert only(tmp_path, **members).doubts == (doubt,)


@pytest.mark.parametrize("positions", [[], None, ["Pending"], [""]])
def test_a_position_that_is_not_taken_is_no_doubt(
    tmp_path: Path, positions: list[str] | None
) -> None:
    row = only(tmp_path, UprPositions=positions)
    assert (row.answer, row.doubts) == (None, ())


@pytest.mark.parametrize(
    ("printed", "published"),
    [
        ("2019-11-12", "2019-11-12"),
        ("2019-11-12T10:30:00.5+01:00", "2019-11-12"),
        ("2019-11-12 00:00Z", "2019-11-12"),
        ("0001-01-01T00:00:00", None),
        (None, None),
    ],
)
def test_a_day_is_read_and_a_blank_of_the_database_is_none(
    tmp_path: Path, printed: str | None, published: str | None
) -> None:
    row = only(tmp_path, PublicationDate=printed)
    assert (row.published, row.doubts) == (published, ())


def test_themes_with_a_code_keep_it_and_the_cycle_follows_from_the_session(tmp_path: Path) -> None:
    row = only(tmp_path, Themes=["- A12 Acceptance"], UprCycle=None, UprSession=["20"])
    assert (row.terms[0].code, row.terms[0].label, row.cycle) == ("A12", "Acceptance", 2)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"AnnotationId": None}, "key-missing"),
        ({"AnnotationType": "- Other"}, "kind-unknown"),
        ({"Body": "Committee of the Moon"}, "body-unknown"),
        ({"Body": None}, "body-unknown"),
        ({"Countries": [" "]}, "addressee-missing"),
        ({"Countries": None}, "addressee-missing"),
        ({"Countries": ["Ruritania"]}, "addressee-unknown"),
        ({"Text": "<p>&nbsp;</p>"}, "text-missing"),
        ({"Text": {"en": "Ratify"}}, "text-missing"),
        ({"Text": "a" * 20_001}, "text-too-long"),
    ],
)
def test_a_record_that_can_not_be_read_says_why_and_stops_nothing(
    tmp_path: Path, members: dict[str, Any], reason: str
) -> None:
    bad, good = read(tmp_path, [record(**members), record(AnnotationId="another")])
    assert isinstance(bad, UnreadableRow)
    assert (bad.row, bad.reason, bad.message) == (1, reason, REASONS[reason])
    assert isinstance(good, SourceRow)
    assert good.rows == (2,)


def test_a_repeated_record_is_counted_apart_and_a_differing_one_needs_a_person(
    tmp_path: Path,
) -> None:
    id = record()["AnnotationId"]
    one, two, three = read(
        tmp_path, [record(), record(), record(AnnotationId=id.upper(), Text="Other")]
    )
    assert isinstance(one, SourceRow)
    assert two == RepeatedRow(2, 1)
    assert isinstance(three, UnreadableRow)
    assert three.reason == "repeated-differently"


# Files


def test_the_records_may_be_the_only_list_of_an_object(tmp_path: Path) -> None:
    assert read(tmp_path, {"count": 1, "data": [record()], "by": {"x": [1]}}) == read(
        tmp_path, b"\xef\xbb\xbf " + json.dumps([record()]).encode() + b"\r\n"
    )
    with pytest.raises(NotThisFormat, match="more than one list"):
        read(tmp_path, {"data": [record()], "more": []})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-json"),
        (b"AnnotationId,Text", "not-json"),
        (b"{}", "damaged"),
        (b'{"a": 1}', "not-json"),
        (b"[1, NaN]", "damaged"),
        (b'[{"a": "\xff"}]', "damaged"),
        (b"[] []", "damaged"),
        (b"[1 2]", "damaged"),
        (b"[" * 100_000, "nested-too-deep"),
        (b"[" + b"{}," * 1_001 + b"{}]", "no-records"),
        (b"[1" + b",1" * 1_001 + b"]", "no-records"),
        (b'[{"a": ' + b"9" * 5_000 + b"}]", "damaged"),
    ],
)
def test_another_file_is_refused_with_what_to_do(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(NotThisFormat) as refused:
        read(tmp_path, content)
    assert refused.value.code == code
    assert str(refused.value).startswith(REFUSALS[code])


@given(st.integers(min_value=1, max_value=4_000))
def test_a_file_cut_short_says_at_which_record(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    whole = [json.dumps(record(AnnotationId=str(n))).encode() for n in range(5)]
    content = (b"[" + b",".join(whole) + b"]")[:cut]
    complete = sum(len(b"[" + b",".join(whole[: n + 1])) <= cut for n in range(5))
    path = tmp_path_factory.getbasetemp() / "cut.json"
    path.write_bytes(content)
    reads = []
    if cut >= len(b",".join(whole)) + 2:
        assert len(list(Uhri(path).read())) == 5
        return
    with pytest.raises(NotThisFormat, match=f"at record {complete + 1}") as refused:
        reads.extend(Uhri(path).read())
    assert refused.value.code == "damaged"


@pytest.mark.parametrize(
    ("limit", "value", "code"),
    [
        ("file_bytes_max", 100, "file-too-large"),
        ("records_max", 1, "records-too-many"),
        ("record_chars_max", 5_000, "record-too-large"),
    ],
)
def test_a_file_may_not_be_larger_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, code: str
) -> None:
    monkeypatch.setattr(module, "chunk_chars", 1_000)
    content = [record(), record(AnnotationId="2", More="x" * 20_000)]
    assert len(read(tmp_path, content)) == 2
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(NotThisFormat) as refused:
        read(tmp_path, content)
    assert refused.value.code == code


@pytest.mark.parametrize("chunk", [1, 7, 1_000])
def test_it_makes_no_difference_where_the_reading_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    content = [12, 345, None, "x", [record()], record(Text="Réfugiés – 難民")]
    expected = read(tmp_path, content)
    assert [type(r) for r in expected] == [*[UnreadableRow] * 5, SourceRow]
    assert [r.reason for r in expected if isinstance(r, UnreadableRow)] == ["not-a-record"] * 5
    monkeypatch.setattr(module, "chunk_chars", chunk)
    assert read(tmp_path, content) == expected


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(sorted(record())), JSON).map(lambda d: record(**d)))
)
def test_whatever_stands_in_a_record_it_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    reads = read(tmp_path_factory.getbasetemp(), records)
    rows = [r.rows[0] if isinstance(r, SourceRow) else r.row for r in reads]
    assert sorted(set(rows)) == list(range(1, len(records) + 1))


@given(st.binary(max_size=300))
@example(b'[{"AnnotationId": "\\ud800", "Text": "\\ud800\\u0000"}]')
def test_no_bytes_raise_anything_but_not_this_format(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    codes = set()
    try:
        for r in read(tmp_path_factory.getbasetemp(), content):
            codes |= {r.reason} if isinstance(r, UnreadableRow) else set()
    except NotThisFormat as refused:
        codes.add(refused.code)
    assert codes <= {*REFUSALS, *REASONS}


@pytest.mark.parametrize("depth", [100, 900, 950, 980, 1_000, 5_000])
def test_nesting_is_refused_or_read_and_never_breaks(tmp_path: Path, depth: int) -> None:
    content = b'[{"Text": ' + b"[" * depth + b"]" * depth + b"}]"
    try:
        (row,) = read(tmp_path, content)
    except NotThisFormat as refused:
        assert (refused.code, depth > 800) == ("nested-too-deep", True)  # noqa: PT017 - either
    else:
        assert isinstance(row, UnreadableRow)


# A large file


@pytest.mark.slow
def test_a_generated_export_is_read_in_bounded_memory_with_its_dirt_in_its_shares(
    tmp_path: Path,
) -> None:
    path, records = tmp_path / "large.json", 20_000
    write_uhri(path, records)
    assert 1_200 < path.stat().st_size / records < 1_600
    reader, process = Uhri(path), psutil.Process()
    before = process.memory_info().rss
    kinds: Counter[str] = Counter()
    seen = set()
    for r in reader.read():
        kinds[r.reason if isinstance(r, UnreadableRow) else type(r).__name__] += 1
        seen.add(r.rows[0] if isinstance(r, SourceRow) else r.row)
    assert process.memory_info().rss - before < 20_000_000 < path.stat().st_size
    assert seen == set(range(1, records + 1))
    assert reader.done() == (path.stat().st_size,) * 2
    for reason, what in (
        ("addressee-missing", "no-country"),
        ("addressee-unknown", "unknown-country"),
        ("body-unknown", "unknown-body"),
        ("RepeatedRow", "repeated"),
    ):
        assert kinds[reason] == pytest.approx(SHARES[what] * records, rel=0.8), reason


def test_the_same_seed_gives_the_same_records() -> None:
    assert list(generated(50, seed=2)) == list(generated(50, seed=2))
    assert list(generated(50, seed=2)) != list(generated(50, seed=3))
    named = {name for r in generated(200, states=3) for name in r["UprRecommendingCountry"]}
    assert 0 < len({name.removeprefix("- ") for name in named}) <= 3
