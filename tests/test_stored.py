"""What lies in archives stays readable: one frozen sample for every topic ever stored.

`tests/stored/<topic>.json` holds the payload as it lay in a log, byte for byte. Samples are added,
never edited: an archive that was written ten years ago can't be edited either.
"""

from __future__ import annotations

import json
import string
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.casework import CASE_EVENTS, CaseEvent
from domain.entry import (
    Effective,
    Entry,
    Event,
    Protected,
    Source,
    UnreadableEntry,
    Visibility,
    protected_texts,
)
from domain.identity import mint, natural_order, normal_paragraph, normal_symbol
from domain.measure import Measure, MeasureEvent
from domain.measure.proposing import MeasureProposed
from domain.recommendation import Recommendation, begin, fold
from domain.recommendation.elements import Part, PartText, Recommender, Text
from domain.recommendation.position import PositionTaken
from domain.recommendation.receiving import Received
from domain.refusals import InvalidInput
from domain.words import (
    Answer,
    Organ,
    TextStatus,
)
from tests.given import received, stamp
from workflows.log.mapper import EVENTS, EntryMapper, commit, read_payload, sealed

STORED = Path(__file__).parent / "stored"

IF_YOU_ADDED_AN_EVENT = """
If you are here because you added an event, {topic} has no frozen sample yet:
 1. be sure of its name and its fields: from the first release on they never change;
 2. write tests/stored/{topic}.json: the payload of such an event from a real run
    (`suivi` with an SQLite log, then SELECT payload FROM log_event WHERE topic = '{topic}'),
    with every field filled in, as one line without a newline at its end;
 3. commit it; nobody edits it ever after.
If you are here because you changed an event: don't. Give the new shape a new topic (…v2), keep
the old class, and let it be read as long as there are archives.
"""


def samples() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(STORED.glob("*.json"))}


def sample_of(topic: str) -> bytes | None:
    """The sample of a topic. What becomes of any case is stored of each aggregate as of
    recommendations, field by field."""
    any_case = next((e for e in CASE_EVENTS if e in EVENTS[topic].__bases__), None)
    return samples().get(topic if any_case is None else any_case.topic)


def rewritten(event: Event) -> bytes:
    """The event as it would be stored, its protected texts being sealed already."""
    return msgspec.json.Encoder(enc_hook=sealed, order="sorted").encode(event)


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_every_topic_has_a_sample_that_loads_and_is_written_the_same(topic: str) -> None:
    sample = sample_of(topic)
    assert sample is not None, IF_YOU_ADDED_AN_EVENT.format(topic=topic)
    event = read_payload(topic, sample)
    assert type(event) is EVENTS[topic]
    assert rewritten(event) == sample


@pytest.mark.parametrize(("topic", "payload"), samples().items())
def test_a_sample_fills_in_every_field_of_its_event(topic: str, payload: bytes) -> None:
    known = {field.encode_name for field in msgspec.structs.fields(EVENTS[topic])}
    assert set(json.loads(payload)) == known, IF_YOU_ADDED_AN_EVENT.format(topic=topic)


@pytest.mark.parametrize(("topic", "payload"), samples().items())
def test_a_sample_still_folds(topic: str, payload: bytes) -> None:
    event = read_payload(topic, payload)
    if isinstance(event, Received):
        assert begin(Entry(UUID(int=1), 1, "SVN", event)).text()
    elif isinstance(event, MeasureProposed):
        assert Measure.begin(Entry(UUID(int=1), 1, "SVN", event)).text("en").title
    elif isinstance(event, MeasureEvent):
        whole = given_measure()
        event.met_by(whole, whole)
        whole.apply(Entry(whole.id, 9, "SVN", event))
        assert whole.version == 9
    elif isinstance(event, CaseEvent):
        first = received()
        before = fold([first])
        assert before is not None
        for name in ("assignment", "report"):
            if isinstance(number := getattr(event, name, None), int):
                _stands_in(before, name, number)
        before.apply(Entry(first.stream, 2, "SVN", event))
        assert before.version == 2


def given_measure() -> Measure:
    """One that has a link and a turn, by the entries that samples name."""
    case = Measure.begin(Entry(UUID(int=1), 1, "SVN", sampled("measure.proposed.v1")))
    for version, topic in ((2, "measure.linked.v1"), (3, "measure.delayed.v1")):
        case.apply(Entry(case.id, version, "SVN", sampled(topic)))
    return case


def sampled(topic: str) -> Any:
    return read_payload(topic, samples()[topic])


def _stands_in(r: Recommendation, name: str, number: int) -> None:
    """What the sample's event refers to."""
    topic = {"assignment": "assignment-decreed", "report": "progress-drafted"}[name]
    stored = samples()[f"recommendation.{topic}.v1"]
    event = read_payload(f"recommendation.{topic}.v1", stored)
    assert isinstance(event, CaseEvent)
    event.apply(r, Entry(r.id, number, "SVN", event))


@pytest.mark.parametrize(("topic", "payload"), samples().items())
def test_a_field_nobody_knows_is_refused(topic: str, payload: bytes) -> None:
    with pytest.raises(UnreadableEntry):
        read_payload(topic, payload.replace(b"{", b'{"added_later":1,', 1))


def test_a_topic_nobody_knows_is_refused() -> None:
    with pytest.raises(UnreadableEntry, match=r"recommendation\.dreamt-of\.v1"):
        read_payload("recommendation.dreamt-of.v1", b"{}")


# --- One event, one sequence of bytes (RFC 8785) -------------------------------------------------


def canonical(value: Any) -> str:
    """RFC 8785 for objects with ASCII keys, arrays, strings, integers, booleans and null."""
    if isinstance(value, dict):
        pairs = (f"{canonical(k)}:{canonical(v)}" for k, v in sorted(value.items()))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(map(_character, value)) + '"'
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _character(character: str) -> str:
    short = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\"}
    if character in short:
        return "\\" + short[character]
    return f"\\u{ord(character):04x}" if character < " " else character


awkward = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
        st.sampled_from('\x01\x08\t\n\x0b\x0c\r\x1f"\\/\x7f\u2028\ufeff\U0001f600éا人'),
    ),
    min_size=1,
    max_size=40,
)


def stored(event: Event) -> bytes:
    payload = EntryMapper().to_stored_event(Entry(UUID(int=1), 1, "SVN", event)).state
    assert isinstance(payload, bytes)
    return payload


@given(awkward, awkward, st.booleans(), st.none() | st.integers(0, 2**53), st.dates())
def test_a_payload_is_canonical_json(
    one: str, other: str, flag: bool, number: int | None, day: date
) -> None:
    assume(one.strip())
    said = msgspec.structs.replace(
        stamp(reason=other),
        source=Source(document=one, row=number),
        effective=Effective(on=day.isoformat()),
        cause=number,
        visibility=Visibility.INTERNAL,
        left=(one, other),
    )
    event = PositionTaken(
        stamp=said,
        answer=Answer.NOTED,
        organ=Organ.ADDENDUM,
        printed=one,
        in_part=flag,
        comment=Protected(one),
    )
    payload = stored(event)
    assert payload == canonical(json.loads(payload)).encode()
    assert read_payload(event.topic, payload) == event
    assert rewritten(read_payload(event.topic, payload)) == payload


@given(awkward)
def test_a_text_in_any_script_is_canonical_json(words: str) -> None:
    event = Received(
        stamp=stamp(),
        kind=received().event.kind,  # type: ignore[attr-defined]
        mechanism=received().event.mechanism,  # type: ignore[attr-defined]
        body="UPR",
        text=Text(
            language="ar", status=TextStatus.OFFICIAL, parts=(PartText(part="1", text=words),)
        ),
        parts=(Part(id="1", recommenders=(Recommender(printed=words),)),),
    )
    payload = stored(event)
    assert payload == canonical(json.loads(payload)).encode()


def test_keys_are_ascii_and_no_number_has_a_fraction() -> None:
    def walk(value: Any) -> None:
        assert not isinstance(value, float)
        for key, inner in value.items() if isinstance(value, dict) else ():
            assert set(key) <= {*string.ascii_lowercase, *string.digits, "_"}
            walk(inner)
        for inner in value if isinstance(value, list) else ():
            walk(inner)

    for payload in samples().values():
        walk(json.loads(payload))


@pytest.mark.parametrize("words", ["null \x00 byte", "\\\x00", "half \ud83d"])
def test_what_no_store_keeps_is_refused(words: str) -> None:
    for said in (stamp(reason=words), stamp(document=words)):
        event = PositionTaken(stamp=said, answer=Answer.NOTED, organ=Organ.OTHER)
        with pytest.raises(InvalidInput):
            stored(event)


def test_a_backslash_before_u0000_is_no_null() -> None:
    event = PositionTaken(
        stamp=stamp(), answer=Answer.NOTED, organ=Organ.OTHER, printed="\\u0000 \\\\u0000"
    )
    assert read_payload(event.topic, stored(event)) == event


# --- Protected texts -----------------------------------------------------------------------------


def test_a_commitment_is_sha256_over_tag_salt_and_text() -> None:
    """Frozen: an outsider recomputes these."""
    assert (
        commit(bytes(range(32)), "Née à Ljubljana").hex()
        == "d98ac8e7da1409ed6bebce744ee51eb4cf746a67a48a1eee05e9bcc66bb39e2f"
    )
    assert (
        commit(bytes(32), "").hex()
        == "8266c08f0aa6aa8090d8e5c4b9d6c85c098f9b7168f8bfd206b43cf1cd916205"
    )


@given(awkward)
def test_a_protected_text_is_in_no_payload_and_never_committed_to_twice_alike(words: str) -> None:
    assume(len(words) > 3)
    marked = f"secret {words} secret"
    said = stamp(reason=marked)
    event = PositionTaken(stamp=said, answer=Answer.NOTED, organ=Organ.OTHER)
    one, other = stored(event), stored(event)
    assert b"secret" not in one
    assert one != other
    (found,) = protected_texts(read_payload(event.topic, one))
    assert found.text is None


# --- Identity ------------------------------------------------------------------------------------

MINTED = [
    # kind, addressee, symbol, paragraph, id: frozen, the same in every installation for ever
    ("recommendation", "SVN", "A/HRC/59/15", "140.1", "47b1ed5e-a9df-5852-b9bd-ab45c5e18149"),
    ("recommendation", "SVN", "A/HRC/59/15", "140.10", "ec18beb9-3f99-5f54-bc3f-faec88ee6cd4"),
    ("recommendation", "SVN", "A/HRC/43/15", "121.23", "8c2aed9e-bf49-57fe-a6fd-cab67864914c"),
    ("concern", "SVN", "CRC/C/SVN/CO/5-6", "16 (b)", "b15b0960-678c-5f47-b28e-1aa33a31eca6"),
    ("pledge", "FRA", "A/HRC/53/7", "145.1", "cd6b9486-bb42-5bd0-bdab-80f1dd13c5cf"),
    ("recommendation", "XKX", "CRC/C/PER/CO/6-7", "9", "5377d356-124b-5eef-83b3-62ffa5640e71"),
]


@pytest.mark.parametrize(("kind", "addressee", "symbol", "paragraph", "id"), MINTED)
def test_an_id_is_minted_alike_for_ever(
    kind: str, addressee: str, symbol: str, paragraph: str, id: str
) -> None:
    assert str(mint(kind, addressee, symbol, paragraph)) == id


def test_the_same_number_printed_another_way_is_the_same() -> None:
    same = [("A/HRC/59/15", "140.1"), (" a/hrc/59/15 ", "140.1."), ("A/HRC/５９/15", "140 .1")]
    assert len({mint("recommendation", "SVN", *key) for key in same}) == 1


def test_140_1_is_not_140_10() -> None:
    assert normal_paragraph("140.1") != normal_paragraph("140.10")
    assert mint("pledge", "SVN", "A", "140.1") != mint("pledge", "SVN", "A", "140.10")


def test_numbers_sort_as_people_sort_them() -> None:
    people = ["16", "16.9", "16.10", "16.b", "140", "140.1", "140.2", "140.10", "141", "a", "b"]
    scattered = people[::-1]
    assert sorted(scattered, key=natural_order) == people
    assert natural_order("16.9") == "00000016.00000009"
    assert natural_order("121.23(a)") == "00000121.00000023.a"


@given(st.lists(st.integers(0, 99_999_999), min_size=1, max_size=4), st.lists(st.integers(0, 999)))
def test_natural_order_is_the_order_of_the_numbers(one: list[int], other: list[int]) -> None:
    keys = [natural_order(".".join(map(str, numbers))) for numbers in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)


@given(awkward)
def test_a_number_that_is_normal_stays_as_it_is(words: str) -> None:
    assert normal_paragraph(normal_paragraph(words)) == normal_paragraph(words)
    assert normal_symbol(normal_symbol(words)) == normal_symbol(words)
