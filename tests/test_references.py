"""What an entry names is known before it is recorded, whichever way the step is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.languages import is_language
from domain.refusals import InvalidInput
from domain.words import Mechanism
from tests.clock import SetClock
from tests.server import Server, running
from workflows.references import of_cycle, of_round


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A record with a ministry that stands, and one that ended on 30 June 2025."""
    url = f"sqlite:///{tmp_path_factory.mktemp('references') / 'suivi.db'}"
    with running(url) as served:
        for code in ("mod", "moj", "mol"):
            names = [{"language": "en", "text": code}]
            register(served, "registerInstitution", addressee="SVN", code=code, names=names)
        (held,) = [i for i in institutions(served) if i["code"] == "mol"]
        said = {"id": held["id"], "expectedVersion": held["version"]}
        register(served, "mergeInstitution", **said, into="moj", effectiveOn="2025-06-30")
        yield served


REGISTERED = """mutation($input: %sInput!) { %s(input: $input) { logIndex
    errors { code field message } } }"""


def register(server: Server, mutation: str, who: str = "coordinator", **input: Any) -> Any:
    document = REGISTERED % (mutation[0].upper() + mutation[1:], mutation)
    said = {"commandId": uuid4().hex, **input}
    return server.ask(who, document, input=said)[mutation]


def institutions(server: Server) -> list[dict[str, Any]]:
    query = '{ institutions(addressee: "SVN") { nodes { id code version } } }'
    return list(server.ask("coordinator", query)["institutions"]["nodes"])


UNKNOWN = "UNKNOWN_INSTITUTION"
INVALID = "INVALID_INPUT"
SOURCE = {"document": "A/1"}

STEPS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("assignRecommendation", {"institution": "nowhere"}, UNKNOWN, "institution", "institutions"),
    (
        "assignRecommendation",
        {"institution": "Ministry of Justice, 3rd floor "},
        *(UNKNOWN, "institution", "registerInstitution"),
    ),
    ("offerAssignment", {"institution": "MOJ"}, UNKNOWN, "institution", "institutions"),
    ("assignRecommendation", {"institution": "mol"}, "HAS_ENDED", "institution", "moj"),
    (
        "assignRecommendation",
        {"institution": "mol", "effectiveOn": "2025"},
        *("HAS_ENDED", "institution", "moj"),
    ),
    (
        "noteRecommendation",
        {"organ": "ADDENDUM", "effectiveOn": "2099-01-01"},
        INVALID,
        "effectiveOn",
        "has not come",
    ),
    (
        "noteRecommendation",
        {"organ": "ADDENDUM", "effectiveOn": "2099"},
        INVALID,
        "effectiveOn",
        "has not come",
    ),
    (
        "noteRecommendation",
        {"organ": "ADDENDUM", "published": "2099-01-01"},
        INVALID,
        "published",
        "has not come",
    ),
    (
        "noteRecommendation",
        {"organ": "ADDENDUM", "adopted": "2099-01"},
        INVALID,
        "adopted",
        "has not come",
    ),
    (
        "noteRecommendation",
        {"organ": "ADDENDUM", "circumstances": {"source": {**SOURCE, "language": "klingon!"}}},
        *(INVALID, "circumstances.source.language", "BCP 47"),
    ),
    ("addText", {"language": "klingon!", "texts": ["t"]}, INVALID, "language", "BCP 47"),
    ("addText", {"language": "xx", "texts": ["t"]}, INVALID, "language", "BCP 47"),
    ("addText", {"language": "pt-br", "texts": ["t"]}, INVALID, "language", "pt-BR"),
    ("addText", {"language": "ZH-hant-tw", "texts": ["t"]}, INVALID, "language", "zh-Hant-TW"),
    ("addText", {"language": "EN-x-ab-abcd", "texts": ["t"]}, INVALID, "language", "en-x-ab-abcd"),
    ("continueRecommendation", {"cycle": 9}, INVALID, "cycle", "1 to 5"),
    ("selectForFollowUp", {"body": "CEDAW"}, INVALID, "body", "not upr"),
    (
        "classifyRecommendation",
        {"terms": [{"vocabulary": "theme", "version": "1999", "label": "x"}]},
        *(INVALID, "terms.0", "2014, 2019, 2025"),
    ),
    (
        "classifyRecommendation",
        {"terms": [{"vocabulary": "sdg", "version": "2015", "code": "18", "label": "x"}]},
        *(INVALID, "terms.0.code", "no term “18”"),
    ),
    (
        "classifyRecommendation",
        {"terms": [{"vocabulary": "colours", "version": "1", "label": "red"}]},
        *(INVALID, "terms.0", "publishVocabulary"),
    ),
]

BY_NAME = {
    "assignRecommendation": ("decree-assignment", {}),
    "offerAssignment": ("offer-assignment", {}),
    "noteRecommendation": ("take-position", {"answer": "noted"}),
    "addText": ("add-text", {}),
    "continueRecommendation": ("continue", {}),
    "selectForFollowUp": ("select-for-follow-up", {}),
    "classifyRecommendation": ("classify", {}),
}
AROUND = ("effectiveOn", "circumstances")


@pytest.mark.parametrize(("mutation", "said", "code", "field", "words"), STEPS)
def test_what_is_not_known_is_refused_whichever_way_the_step_is_taken(
    server: Server, mutation: str, said: dict[str, Any], code: str, field: str, words: str
) -> None:
    id = server.receive()
    size = server.size()
    errors = [register_step(server, mutation, id, said)]
    step, more = BY_NAME[mutation]
    data = {k: v for k, v in {**said, **more}.items() if k not in AROUND}
    if "organ" in data:
        data["organ"] = "addendum"
    around = {k: v for k, v in said.items() if k in AROUND}
    item = {"id": id, "expectedVersion": 1, "step": step, "data": data, **around}
    take = "mutation($i: TakeStepInput!) { takeStep(input: $i) { errors { code field message } } }"
    given = {"commandId": uuid4().hex, **item}
    errors.append(server.ask("coordinator", take, i=given)["takeStep"]["errors"])
    many = """mutation($i: TakeStepsInput!) { takeSteps(input: $i) {
        results { errors { code field message } } } }"""
    for dry in (True, False):
        one = {"id": id, "expectedVersion": 1}
        several = {"commandId": uuid4().hex, "items": [one], "dryRun": dry, "step": step}
        several |= {"data": data, **around}
        found = server.ask("coordinator", many, i=several)["takeSteps"]["results"]
        errors.append(found[0]["errors"])
    for way, (error,) in enumerate(errors):
        assert (error["code"], error["field"]) == (code, field), (way, error)
        assert words in error["message"], (way, error)
    assert server.size() == size


def register_step(server: Server, mutation: str, id: str, said: dict[str, Any]) -> Any:
    return register(server, mutation, id=id, expectedVersion=1, **said)["errors"]


A_TEXT = [{"text": "Ratify", "recommendingStates": ["France"]}]
ARRIVES: dict[str, Any] = {
    "addressee": "SVN",
    "mechanism": "UPR",
    "body": "UPR",
    "language": "en",
    "cycle": 4,
    "parts": A_TEXT,
    "symbol": "A/HRC/59/15",
    "paragraph": "1.1",
}


STATE = "parts.0.recommendingStates.0"


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"addressee": "ZZZ"}, "addressee", "SVN"),
        ({"addressee": "svn"}, "addressee", "SVN"),
        ({"addressee": "XXX"}, "addressee", "SVN"),
        ({"body": "CEDAW"}, "body", "treaty-body"),
        ({"body": "Committee"}, "body", "UPR"),
        ({"mechanism": "TREATY_BODY"}, "body", "CEDAW"),
        ({"mechanism": "TREATY_BODY", "body": "Committee against Torture"}, "body", "CAT"),
        ({"language": "klingon!"}, "language", "BCP 47"),
        ({"language": "english"}, "language", "BCP 47"),
        ({"cycle": -1}, "cycle", "1 to 5"),
        ({"cycle": 0}, "cycle", "1 to 5"),
        ({"cycle": 44}, "cycle", "1 to 5"),
        ({"mechanism": "TREATY_BODY", "body": "CRC", "cycle": -3}, "cycle", "1 to 999"),
        ({"effectiveOn": "2099-01-01"}, "effectiveOn", "has not come"),
        ({"parts": [{"text": "t", "recommendingStates": ["ZZZ"]}]}, STATE, "FRA"),
    ],
)
def test_what_arrives_names_what_is_known(
    server: Server, said: dict[str, Any], field: str, words: str
) -> None:
    size = server.size()
    (error,) = register(server, "receiveRecommendation", **{**ARRIVES, **said})["errors"]
    assert (error["code"], error["field"]) == (INVALID, field)
    assert words in error["message"]
    assert server.size() == size


def test_a_special_procedure_goes_by_what_it_is_called(server: Server) -> None:
    said = {"mechanism": "SPECIAL_PROCEDURE", "body": "SR Torture", "cycle": None}
    payload = register(server, "receiveRecommendation", **{**ARRIVES, **said, "paragraph": "2.1"})
    assert payload["errors"] == []


def test_an_institution_that_stood_that_day_is_named(server: Server) -> None:
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="mod")
    server.step(
        *("coordinator", "assignRecommendation", id),
        institution="mol",
        effectiveOn="2025-06-29",
    )
    server.step("coordinator", "handOverAssignment", id, assignment=2, to="moj")


@pytest.mark.parametrize(
    ("on", "stood"), [("2025-06-29", True), ("2025-06-30", False), ("2025-07", False)]
)
def test_an_institution_stands_until_the_day_before_it_ended(
    server: Server, on: str, stood: bool
) -> None:
    id = server.receive()
    said = {"id": id, "expectedVersion": 1, "institution": "mol", "effectiveOn": on}
    errors = register(server, "assignRecommendation", **said)["errors"]
    assert [error["code"] for error in errors] == ([] if stood else ["HAS_ENDED"])


def test_a_day_has_come_once_it_is_there_in_the_states_own_time(sqlite_url: str) -> None:
    clock = SetClock("2026-07-01")
    with running(sqlite_url, clock) as server:
        for on, is_refused in (("2026-07-01", False), ("2026-07-02", True), ("2026-07", False)):
            errors = register(
                server, "receiveRecommendation", **{**ARRIVES, "paragraph": on, "effectiveOn": on}
            )["errors"]
            assert [error["field"] for error in errors] == (["effectiveOn"] if is_refused else [])


@pytest.mark.parametrize(
    ("number", "is_one"), [(None, True), (0, False), (1, True), (999, True), (1000, False)]
)
def test_rounds_and_cycles_are_counted_from_one(number: int | None, is_one: bool) -> None:
    checks = (of_round, lambda number: of_cycle(Mechanism.TREATY_BODY, number))
    for check in checks:
        if is_one:
            check(number)
        else:
            with pytest.raises(InvalidInput, match="1 to 999"):
                check(number)


def test_an_institution_whose_people_hold_a_key_is_known_until_the_key_is_revoked(
    server: Server,
) -> None:
    id = server.receive()
    server.step("coordinator", "assignRecommendation", id, institution="labour")
    server.grant("interior", "focal-point", "interior", addressees=("FRA",))
    errors = register_step(server, "assignRecommendation", id, {"institution": "interior"})
    assert errors[0]["code"] in (UNKNOWN, "STALE_VERSION")
    said = {"id": id, "expectedVersion": 2, "institution": "interior"}
    (error,) = register(server, "assignRecommendation", **said)["errors"]
    assert error["code"] == UNKNOWN, "the key is for another State"


@pytest.mark.parametrize(
    ("mutation", "said", "field"),
    [
        ("registerInstitution", {"code": "a", "parent": "nowhere"}, "parent"),
        ("changeParent", {"parent": "nowhere"}, "parent"),
        ("mergeInstitution", {"into": "nowhere"}, "into"),
        ("splitInstitution", {"into": ["moj", "nowhere"]}, "into"),
        ("transferCompetence", {"to": "nowhere", "competence": "c", "terms": []}, "to"),
    ],
)
def test_the_register_names_institutions_that_are_registered(
    server: Server, mutation: str, said: dict[str, Any], field: str
) -> None:
    if mutation == "registerInstitution":
        said = {**said, "addressee": "SVN", "names": [{"language": "en", "text": "A"}]}
    else:
        (held,) = [i for i in institutions(server) if i["code"] == "mod"]
        said = {**said, "id": held["id"], "expectedVersion": held["version"]}
    (error,) = register(server, mutation, **said)["errors"]
    assert (error["code"], error["field"]) == (UNKNOWN, field)


def test_a_duplicate_is_of_the_same_addressee_and_one_of_two_still_counts(server: Server) -> None:
    one, two, other = server.receive(), server.receive(), server.receive(addressee="FRA")
    (error,) = register_step(server, "declareDuplicate", one, {"of": other})
    assert (error["code"], error["field"]) == (INVALID, "of")
    server.step("coordinator", "declareDuplicate", one, of=two)
    (error,) = register_step(server, "declareDuplicate", two, {"of": one})
    assert (error["code"], error["field"]) == ("ALREADY_SO", "of")


@pytest.mark.parametrize(
    ("tag", "is_one"),
    [
        *((tag, True) for tag in ("en", "fr", "zh-Hans-CN", "sr-Latn", "es-419", "de-1901", "tlh")),
        *((tag, False) for tag in ("klingon!", "klingon", "xx", "en-XX", "en_US", "fr ", "", "e")),
        *(
            (tag, False)
            for tag in ("x-own", "qaa", "zzz", "en-", "-en", "en-Latn-Latn-x-" + "a" * 9)
        ),
    ],
)
def test_a_language_is_a_tag_of_registered_subtags(tag: str, is_one: bool) -> None:
    assert is_language(tag) is is_one


def test_the_languages_say_where_they_are_from() -> None:
    read = json.loads(Path("domain/languages.json").read_text())
    assert "IANA Language Subtag Registry" in read["source"]
