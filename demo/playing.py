"""Plays the story through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from demo.story import PERSONS, PROCEDURE, REVIEW, STATE, STORY, File, Ref, Step

INPUTS = {
    "acceptAssignment": "AssignmentInput",
    "declineAssignment": "AssignmentInput",
    "attachEvidence": "EvidenceInput",
    "clearReport": "RegisterInput",
    "startMeasure": "WholeStepInput",
}
"""Mutations whose input is not named after them."""

BEGINNING = ("registerInstitution", "draftReport", "proposeMeasure")
"""Mutations that begin what they are about."""

VERSION_IMPORTED = 3
"""Received, answered, classified: each paragraph stands there after the import; and each review:
opened, with its report and its addendum."""


class Astray(Exception):
    """The story did not go as it is written here."""


class Ask(Protocol):
    """Sends a GraphQL request with a holder's key and gives the data."""

    def __call__(
        self, who: str, query: str, variables: dict[str, Any] | None = None
    ) -> dict[str, Any]: ...


class Put(Protocol):
    """Uploads a file with a holder's key and gives its UUID."""

    def __call__(self, who: str, file: File) -> str: ...


class Refusal(msgspec.Struct, frozen=True):
    """A step that was refused, as it had to be; the log's size before and after."""

    step: Step
    code: str
    message: str
    log_index: int
    log_index_after: int


def play(ask: Ask, put: Put, tell: Callable[[int, Step], None] | None = None) -> list[Refusal]:
    """Plays the story and gives its refusals; tells after each step how many are done."""
    ids: dict[tuple[str, str], str] = {}
    versions: dict[str, int] = {}
    kept: dict[str, int] = {}
    refusals: list[Refusal] = []

    _adopt_procedure(ask)

    def id_of(at: tuple[str, str]) -> str:
        if at not in ids:
            ids[at] = _look_up(ask, at)
        return ids[at]

    def known(value: Any) -> Any:
        if isinstance(value, Ref):
            return kept[value.name]
        if isinstance(value, File):
            return _uploaded(ask, value) or put("social", value)
        if isinstance(value, list):
            return [known(one) for one in value]
        return id_of(value) if isinstance(value, tuple) else value

    for number, step in enumerate(STORY, start=1):
        begins = step.mutation in BEGINNING
        if not begins:
            versions.setdefault(id_of(step.at), VERSION_IMPORTED)
        given = {
            "commandId": f"demo-{number:03}",
            "effectiveOn": step.on,
            **(
                {"addressee": STATE}
                if begins
                else {
                    "id": id_of(step.at),
                    "expectedVersion": versions[id_of(step.at)] - step.stale,
                }
            ),
            **{name: known(v) for name, v in step.fields.items() if name not in CIRCUMSTANCES},
            "circumstances": {n: v for n, v in step.fields.items() if n in CIRCUMSTANCES},
        }
        type = INPUTS.get(step.mutation) or f"{step.mutation[0].upper()}{step.mutation[1:]}Input"
        query = MUTATION % (type, step.mutation)
        before = _log_index(ask) if step.refused else 0
        payload = ask(step.who, query, {"input": given})[step.mutation]
        codes = [error["code"] for error in payload["errors"]]
        if codes != ([step.refused] if step.refused else []):
            raise Astray(f"{step.mutation} on {step.at[1]} by {step.who}: {payload['errors']}")
        if step.refused:
            message = payload["errors"][0]["message"]
            refusals.append(Refusal(step, codes[0], message, before, _log_index(ask)))
        else:
            # A published report is an entry of each recommendation that it covers as well.
            versions.update((e["subjectId"], e["version"]) for e in payload["entries"])
            if begins:
                ids[step.at] = payload["entries"][0]["subjectId"]
            if step.keep:
                kept[step.keep] = payload["entries"][-1]["version"]
        if tell is not None:
            tell(number, step)
    return refusals


def _adopt_procedure(ask: Ask) -> None:
    """The State publishes and adopts its own procedure for measures."""
    said = {"addressee": STATE, "circumstances": {"actor": PERSONS[0]}}
    text = PROCEDURE.read_text(encoding="utf-8")
    asked = {**said, "commandId": "demo-procedure", "text": text}
    published = ask("mechanism", PUBLISH, {"input": asked})["publishWorkflowDefinition"]
    hash = published["definition"]["hash"]
    asked = {**said, "commandId": "demo-adoption", "definition": hash}
    adopted = ask("mechanism", ADOPT, {"input": asked})["adoptWorkflowDefinition"]
    if adopted["errors"]:
        raise Astray(f"The State's procedure was not adopted: {adopted['errors']}")


def _look_up(ask: Ask, at: tuple[str, str]) -> str:
    kind, name = at
    if kind == REVIEW:
        (found,) = ask("mechanism", LOOK_UP_REVIEW, {"cycle": int(name)})["reviews"]["nodes"]
    else:
        found = ask("mechanism", LOOK_UP, {"symbol": kind, "paragraph": name})["recommendation"]
    id: str = found["id"]
    return id


def _uploaded(ask: Ask, file: File) -> str | None:
    """The UUID of a file of this name that is there already."""
    for held in ask("mechanism", LOOK_UP_FILES)["files"]["nodes"]:
        said = (entry["event"].get("fileName") or {} for entry in held["history"]["nodes"])
        if any(name.get("text") == file.name for name in said):
            found: str = held["uuid"]
            return found
    return None


def _log_index(ask: Ask) -> int:
    index: int = ask("auditor", "{ logIndex }")["logIndex"]
    return index


LOOK_UP = f"""query($symbol: String!, $paragraph: String!) {{
  recommendation(symbol: $symbol, paragraph: $paragraph, addressee: "{STATE}") {{ id }}
}}"""

PUBLISH = """mutation($input: PublishWorkflowDefinitionInput!) {
  publishWorkflowDefinition(input: $input) { definition { hash } errors { code message } }
}"""

ADOPT = """mutation($input: AdoptWorkflowDefinitionInput!) {
  adoptWorkflowDefinition(input: $input) { errors { code message } }
}"""

LOOK_UP_REVIEW = f"""query($cycle: Int!) {{
  reviews(addressee: "{STATE}", body: "UPR", cycle: [$cycle]) {{ nodes {{ id }} }}
}}"""

LOOK_UP_FILES = f"""{{
  files(addressee: "{STATE}") {{ nodes {{
    uuid history {{ nodes {{ event {{ ... on FileStored {{ fileName {{ text }} }} }} }} }}
  }} }}
}}"""

CIRCUMSTANCES = ("actor", "onBehalfOf", "authority", "source")
"""The fields of steps that are sent in `circumstances`."""

MUTATION = """mutation($input: %s!) {
  %s(input: $input) { entries { subjectId version } errors { code message } }
}"""
