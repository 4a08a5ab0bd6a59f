"""A second reader of the record: from plain rows to what stands, without any code of ours.

It is written from the rules, slowly and plainly, so that when it agrees with the views both are
believed. A row is a dict of log_index, stream, version, topic, addressee, recorded_at and payload
(the event as plain JSON). Nothing is imported but the standard library; keep it so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

OPENED = {
    "recommendation.assignment-offered.v1": "offered",
    "recommendation.assignment-decreed.v1": "assigned",
}
CHANGED = {
    "recommendation.assignment-accepted.v1": "assigned",
    "recommendation.assignment-declined.v1": "declined",
    "recommendation.assignment-lapsed.v1": "lapsed",
    "recommendation.assignment-ended.v1": "ended",
    "recommendation.assignment-handed-over.v1": "handed-over",
}


def what_stands(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """What each recommendation has come to, by its id."""
    streams: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["log_index"]):
        if row["topic"].startswith("recommendation."):
            streams.setdefault(row["stream"], []).append(row)
    return {stream: read(history) for stream, history in streams.items()}


def read(history: list[Row]) -> dict[str, Any]:
    """What the rows of one recommendation, in order, add up to."""
    assert [row["version"] for row in history] == list(range(1, len(history) + 1))
    struck = {
        row["payload"]["strikes"]
        for row in history
        if row["topic"] == "recommendation.corrected.v1" and "strikes" in row["payload"]
    }
    first, last = history[0], history[-1]
    assert first["topic"] == "recommendation.received.v1"
    received = first["payload"]
    seen: dict[str, Any] = {
        "addressee": first["addressee"],
        "kind": received["kind"],
        "mechanism": received["mechanism"],
        "body": received["body"],
        "cycle": received.get("cycle"),
        "visibility": received["stamp"].get("visibility", "public"),
        "version": last["version"],
        "log_index": last["log_index"],
        "recorded_at": last["recorded_at"],
    }
    parts = _parts(history)
    seen["parts"] = parts
    seen["text"] = _texts(history)
    seen["paragraph"], seen["names"] = _names(history)
    seen["terms"] = _terms(history)
    seen["position"] = _position(history, struck, parts)
    seen["assignments"] = _assignments(history)
    seen["progress"] = _progress(history)
    seen["links"] = _links(history)
    seen["duplicate_of"] = _last(history, "declared-duplicate", "of", undone_by="duplicate-undone")
    seen["closed"] = _last(history, "closed", "closing", undone_by="reopened")
    seen["continued_into"] = _last(history, "continued", "cycle")
    seen["answer_due"] = _last(history, "position-deferred", "due")
    seen["follow_up_due"] = _last(history, "selected-for-follow-up", "due")
    seen["assessments"] = [
        (row["payload"]["assessor"], row["payload"].get("common"))
        for row in _of(history, "assessed")
    ]
    reopened = max((row["version"] for row in _of(history, "reopened")), default=0)
    is_declared = any(
        row["version"] not in struck and row["version"] > reopened
        for row in _of(history, "declared-implemented")
    )
    is_reported = any(row["version"] not in struck for row in _of(history, "reported"))
    is_planned = any(row["version"] not in struck for row in _of(history, "planned"))
    is_covered = any(row["version"] not in struck for row in _of(history, "covered"))
    is_assigned = any(a[3] == "assigned" for a in seen["assignments"])
    if is_reported:
        seen["stage"] = "reported"
    elif is_declared:
        seen["stage"] = "implemented"
    elif is_assigned:
        seen["stage"] = "assigned"
    elif seen["position"] == "supported":
        seen["stage"] = "accepted"
    elif seen["position"] == "noted":
        seen["stage"] = "noted"
    else:
        seen["stage"] = "received"
    seen["states"] = _states(history)
    seen["amounts to"] = sorted(
        [
            "record.closed" if seen["closed"] else "record.open",
            f"position.{seen['position']}",
            "assignment.assigned"
            if is_assigned
            else "assignment.offered"
            if any(a[3] == "offered" for a in seen["assignments"])
            else "assignment.unassigned",
            "implementation.declared"
            if is_declared
            else "implementation.in-progress"
            if is_covered or any(status == "published" for _, status in seen["progress"])
            else "implementation.planned"
            if is_planned
            else "implementation.not-started",
            "reporting.reported" if is_reported else "reporting.unreported",
        ]
    )
    return seen


def _of(history: list[Row], *names: str) -> list[Row]:
    return [row for row in history if row["topic"] in {f"recommendation.{n}.v1" for n in names}]


def _last(history: list[Row], name: str, field: str, undone_by: str | None = None) -> Any:
    value = None
    for row in history:
        if row["topic"] == f"recommendation.{name}.v1":
            value = row["payload"].get(field)
        elif undone_by is not None and row["topic"] == f"recommendation.{undone_by}.v1":
            value = None
    return value


def _states(history: list[Row]) -> list[str]:
    """The states as each row says they were left and entered."""
    states: set[str] = set()
    for row in history:
        states -= set(row["payload"]["stamp"].get("left", []))
        states |= set(row["payload"]["stamp"].get("entered", []))
    return sorted(states)


def _parts(history: list[Row]) -> list[tuple[str, list[str]]]:
    parts = history[0]["payload"]["parts"]
    for row in _of(history, "corrected"):
        parts = row["payload"].get("parts", parts)
    return [(p["id"], [r["printed"] for r in p.get("recommenders", [])]) for p in parts]


def _texts(history: list[Row]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for row in _of(history, "received", "text-added", "corrected"):
        text = row["payload"].get("text")
        if text is not None:
            texts[text["language"]] = "; ".join(part["text"] for part in text["parts"])
    return texts


def _names(history: list[Row]) -> tuple[str | None, list[tuple[str, str, str | None]]]:
    paragraph = history[0]["payload"].get("paragraph")
    names: list[tuple[str, str, str | None]] = []
    for row in _of(history, "received", "renumbered", "identified", "alias-withdrawn"):
        said = row["payload"]
        if row["topic"] == "recommendation.alias-withdrawn.v1":
            names = [
                n for n in names if n != (said["alias"]["scheme"], said["alias"]["value"], None)
            ]
        elif "alias" in said:
            names.append((said["alias"]["scheme"], said["alias"]["value"], None))
        elif "paragraph" in said:
            paragraph = said["paragraph"]
            names.append(("un", said["symbol"], paragraph))
    return paragraph, names


def _terms(history: list[Row]) -> list[tuple[str, str, str]]:
    borne: list[tuple[str, str, str]] = []
    for row in _of(history, "classified", "declassified"):
        keys = [
            (t["vocabulary"], t["version"], t.get("code") or t["label"].casefold())
            for t in row["payload"]["terms"]
        ]
        if row["topic"] == "recommendation.classified.v1":
            borne += keys
        else:
            borne = [key for key in borne if key not in keys]
    return sorted(borne)


def _position(history: list[Row], struck: set[int], parts: list[tuple[str, list[str]]]) -> str:
    """An answer to a part stands before an answer to the whole. Of several answers the one that
    was given last in the world stands, an unknown date counting as the earliest."""
    if history[0]["payload"]["mechanism"] != "upr":
        return "not-applicable"
    standing: dict[str | None, tuple[str, int, str]] = {}
    for row in _of(history, "position-taken"):
        said = row["payload"]
        about = said["stamp"].get("part")
        dated = said["stamp"].get("effective", {}).get("on") or ""
        candidate = (dated, row["version"], said["answer"])
        if row["version"] not in struck and candidate > standing.get(about, ("", 0, "")):
            standing[about] = candidate
    answers = [standing.get(part, standing.get(None)) for part, _ in parts]
    if any(answer is None for answer in answers):
        return "pending"
    different = {answer[2] for answer in answers if answer is not None}
    return different.pop() if len(different) == 1 else "by-part"


def _assignments(history: list[Row]) -> list[tuple[int, str, str, str, str | None]]:
    """Number, institution, capacity, status and part of each assignment there ever was."""
    found: dict[int, list[Any]] = {}
    for row in history:
        said = row["payload"]
        if row["topic"] in OPENED:
            status, part = OPENED[row["topic"]], said["stamp"].get("part")
            found[row["version"]] = [said["assignee"], said["capacity"], status, part]
        elif row["topic"] in CHANGED:
            before = found[said["assignment"]]
            before[2] = CHANGED[row["topic"]]
            if "to" in said:
                found[row["version"]] = [said["to"], before[1], "assigned", before[3]]
    return [(number, *a) for number, a in sorted(found.items())]


def _progress(history: list[Row]) -> list[tuple[int, str]]:
    """Number and status of each progress report."""
    found: dict[int, str] = {}
    for row in _of(history, "progress-drafted", "progress-cleared", "progress-published"):
        number = row["payload"].get("report", row["version"])
        found[number] = row["topic"].split(".")[1].removeprefix("progress-")
    return sorted(found.items())


def _links(history: list[Row]) -> list[tuple[int, str, str]]:
    withdrawn = {row["payload"]["link"] for row in _of(history, "link-withdrawn")}
    return [
        (row["version"], row["payload"]["type"], row["payload"]["to"])
        for row in _of(history, "linked")
        if row["version"] not in withdrawn
    ]
