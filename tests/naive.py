"""A second reader of the record: from plain rows to what stands, without any code of ours.

It is written from the rules, slowly and plainly, so that when it agrees with the views both are
believed. A row is a dict of log_index, stream, version, topic, addressee, recorded_at and payload
(the event as plain JSON). Nothing is imported but the standard library; keep it so.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
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


CLAIMS = ("claimed", "released", "delegated")


def what_stands(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """What each recommendation has come to, by its id."""
    streams: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["log_index"]):
        if row["topic"].startswith("recommendation."):
            streams.setdefault(row["stream"], []).append(row)
    return {stream: read(history) for stream, history in streams.items()}


def read(history: list[Row]) -> dict[str, Any]:
    """What the rows of one recommendation, in order, add up to; those that somebody may see."""
    versions = [row["version"] for row in history]
    assert versions[0] == 1
    assert versions == sorted(set(versions))
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
    seen["suspended"] = _of(history, "suspended", "resumed")[-1:] == _of(history, "suspended")[-1:]
    seen["suspended"] = seen["suspended"] and bool(_of(history, "suspended"))
    seen["states"] = _states(history)
    seen["deadlines"] = _deadlines(history)
    seen["tasks"] = _tasks(history)
    seen["amounts to"] = sorted(
        [
            "record.closed"
            if seen["closed"]
            else "record.suspended"
            if seen["suspended"]
            else "record.open",
            *_region_of(
                history,
                "position",
                "upr",
                f"position.{seen['position'] if received['mechanism'] == 'upr' else 'pending'}",
            ),
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
            *_region_of(
                history,
                "follow-up",
                "treaty-body",
                f"follow-up.{_follow_up(history, struck, is_reported)}",
            ),
        ]
    )
    return seen


def _region_of(history: list[Row], region: str, mechanism: str, state: str) -> list[str]:
    """The state of a region that the procedure of one mechanism has: where a case has gone over to
    another procedure, its entries tell whether that has it."""
    if _of(history, "migrated"):
        return [state] if any(s.startswith(f"{region}.") for s in _states(history)) else []
    return [state] if history[0]["payload"]["mechanism"] == mechanism else []


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


def _follow_up(history: list[Row], struck: set[int], is_reported: bool) -> str:
    if not _of(history, "selected-for-follow-up"):
        return "none"
    if not is_reported:
        return "selected"
    by_a_body = {"treaty-body", "special-procedure", "regional-body"}
    graded = any(
        row["payload"]["assessor_kind"] in by_a_body and row["version"] not in struck
        for row in _of(history, "assessed")
    )
    return "graded" if graded else "answered"


def _effects(row: Row) -> list[dict[str, Any]]:
    return row["payload"]["stamp"].get("effects", [])  # type: ignore[no-any-return]


def _deadlines(history: list[Row]) -> dict[str, tuple[int, str, str, int, int]]:
    """Each deadline that stands: generation, instant, status, reminders given, escalations."""
    standing: dict[str, tuple[int, str, str, int, int]] = {}
    for row in history:
        told = row["payload"]
        held = standing.get(told.get("deadline", ""))
        if held is not None and held[0] == told.get("generation"):
            if row["topic"] == "recommendation.deadline-passed.v1":
                standing[told["deadline"]] = (*held[:2], "passed", *held[3:])
            elif row["topic"] == "recommendation.reminded.v1":
                standing[told["deadline"]] = (*held[:3], told["number"], held[4])
            elif row["topic"] == "recommendation.escalated.v1":
                standing[told["deadline"]] = (*held[:4], told["number"])
        for effect in _effects(row):
            match effect["effect"]:
                case "deadline-set":
                    # What goes on after a rest or gets more time was set before, for whoever was
                    # told.
                    goes_on = row["topic"].split(".")[1] in ("resumed", "deadline-extended")
                    if goes_on and effect["deadline"] not in standing:
                        continue
                    generation, due = effect["generation"], effect["due"]
                    standing[effect["deadline"]] = (generation, due, "running", 0, 0)
                case "deadline-lifted":
                    standing.pop(effect["deadline"], None)
                case "deadline-paused" | "deadline-dropped" as became:
                    # Whoever was not told that it was set is told of nothing here.
                    if (held := standing.get(effect["deadline"])) is not None:
                        word = became.removeprefix("deadline-")
                        standing[effect["deadline"]] = (*held[:2], word, *held[3:])
    return standing


def _tasks(history: list[Row]) -> dict[str, dict[str, str]]:
    """Each task that stands, and who of which institution has claimed it."""
    standing: dict[str, tuple[int, dict[str, str]]] = {}
    for row in history:
        told = row["payload"]
        speaker = told["stamp"]["speaker"]
        if row["topic"] in {f"recommendation.task-{w}.v1" for w in CLAIMS}:
            opened, claims = standing.get(told["task"], (0, {}))
            if opened == told["opened"]:
                if "released" in row["topic"]:
                    claims.pop(told["released"], None)
                else:
                    claims[speaker["institution"]] = told.get("to") or speaker.get("actor", "")
        for effect in _effects(row):
            if effect["effect"] == "task-opened":
                standing[effect["task"]] = (row["version"], {})
            elif effect["effect"] == "task-ended":
                standing.pop(effect["task"], None)
    return {task: claims for task, (_, claims) in standing.items()}


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
    received = history[0]["payload"]
    taken = _of(history, "position-taken")
    if received["mechanism"] != "upr" or (received["kind"] == "pledge" and not taken):
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


# --- Everything that is no recommendation --------------------------------------------------------


def what_is_registered(rows: Iterable[Row]) -> dict[str, dict[str, dict[str, Any]]]:
    """What each aggregate beside the recommendations has come to: by the first word of its topics,
    and by its id."""
    found: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in BESIDE}
    streams: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["log_index"]):
        if not row["topic"].startswith("recommendation."):
            streams.setdefault(row["stream"], []).append(row)
    for stream, history in streams.items():
        assert [row["version"] for row in history] == list(range(1, len(history) + 1))
        name = history[0]["topic"].split(".")[0]
        assert all(row["topic"].split(".")[0] == name for row in history)
        seen = {
            "addressee": history[0]["addressee"],
            "version": history[-1]["version"],
            **BESIDE[name]([(row["topic"].split(".")[1], row["payload"]) for row in history]),
        }
        if name not in ("vocabulary", "credential"):
            first = history[0]["payload"]["stamp"]
            seen.setdefault("visibility", first.get("visibility", "public"))
            wrote = history[0]["payload"].get("written_by")  # whose text was erased
            if name == "person":
                wrote = history[0]["payload"]["works_for"]  # whose person it is
            seen["institution"] = wrote or first["speaker"]["institution"]
        found[name][stream] = seen
    return found


History = list[tuple[str, dict[str, Any]]]
"""The second word of each topic, and what was said."""


def _on(said: dict[str, Any]) -> str:
    return said["stamp"].get("effective", {}).get("on") or ""


def _last_said(history: History, field: str) -> Any:
    """What was last said of something; silence, and a word of nothing, leave it as it was."""
    return next((said[field] for _, said in reversed(history) if said.get(field)), None)


def _review(history: History) -> dict[str, Any]:
    status, adopted, documents = "open", None, {}
    for what, said in history:
        if what == "adopted":
            status, adopted = "adopted", _on(said)
        elif what == "closed":
            status = "closed"
        elif what == "reopened":
            status = "open" if adopted is None else "adopted"
        elif what == "document-added":
            symbol = said["document"]["symbol"]
            documents.pop(symbol.upper(), None)
            documents[symbol.upper()] = symbol
    return {
        "status": status,
        "adopted": adopted,
        "documents": list(documents.values()),
        "session": _last_said(history, "session"),
        "answers_due": _last_said(history, "answers_due"),
        "decision": _last_said(history, "decision"),
    }


def _institution(history: History) -> dict[str, Any]:
    """Of names and parents the one that came last in the world stands."""
    status, successors = "active", []
    names: dict[str, tuple[str, int, str]] = {}
    parent: tuple[str, int, Any] = ("", 0, None)
    moved: list[Any] = []
    for version, (what, said) in enumerate(history, 1):
        for name in said.get("names", []):
            dated = (_on(said), version, name["text"])
            names[name["language"]] = max(names.get(name["language"], dated), dated)
        if what in ("registered", "parent-changed"):
            parent = max(parent, (_on(said), version, said.get("parent")), key=lambda p: p[:2])
        if what in ("merged", "split", "abolished"):
            into = said.get("into", [])
            status, successors = what, [into] if isinstance(into, str) else into
        if what == "competence-transferred":
            terms = [(t["vocabulary"], t.get("code")) for t in said.get("terms", [])]
            moved.append((_on(said), said["to"], said["competence"], terms))
    return {
        "status": status,
        "code": history[0][1]["code"],
        "successors": successors,
        "names": {language: text for language, (_, _, text) in names.items()},
        "parent": parent[2],
        "moved": moved,
    }


def _progress_report(history: History) -> dict[str, Any]:
    status, visibility, evidence = "drafted", "public", []
    for what, said in history:
        if what in ("drafted", "redrafted", "published"):
            visibility = said["stamp"].get("visibility", "public")
        if what == "evidence-attached":
            evidence = [*(f for f in evidence if f != said["file"]), said["file"]]
        elif what == "evidence-removed":
            evidence.remove(said["file"])
        else:
            status = what.removeprefix("re")
    return {
        "status": status,
        "visibility": visibility,
        "title": _last_said(history, "title"),
        "covers": _last_said(history, "covers"),
        "evidence": evidence,
    }


def _file(history: History) -> dict[str, Any]:
    return {
        "size": history[0][1]["size"],
        "media_type": history[0][1]["media_type"],
        "erased": history[-1][0] == "erased",
    }


def _import_run(history: History) -> dict[str, Any]:
    what, said = history[-1]
    return {
        "status": "running" if what == "started" else what,
        "counts": [(c["name"], c["value"]) for c in said.get("counts", [])],
        "unreadable_rows": said.get("unreadable_rows", 0),
        "missing": said.get("missing", 0),
        "code": said.get("code"),
    }


def _match(history: History) -> dict[str, Any]:
    what, said = history[-1]
    is_made = what == "made"
    return {
        "status": "undecided" if what in ("proposed", "withdrawn") else what,
        "key": (history[0][1]["scheme"], history[0][1]["key"]),
        "batch": history[0][1]["stamp"].get("batch"),
        "candidates": [c["recommendation"] for c in history[0][1]["candidates"]],
        "to": said["to"] if is_made else None,
        "score": said.get("score") if is_made else None,
    }


def _vocabulary(history: History) -> dict[str, Any]:
    mapped: dict[tuple[str, str], str] = {}
    for _, said in history:
        for m in said.get("mappings", []):
            mapped[m["from_version"], m["to_version"]] = m["relation"]
    return {
        "name": history[0][1]["name"],
        "versions": {
            said["edition"]: [term["code"] for term in said["terms"]]
            for what, said in history
            if what == "version-published"
        },
        "mapped": mapped,
    }


def _definition(history: History) -> dict[str, Any]:
    ((_, said),) = history
    return {"name": said["name"], "sha256": sha256(said["canonical"].encode()).hexdigest()}


def _procedure(history: History) -> dict[str, Any]:
    counts: dict[str, str] = {}
    for _, said in history:
        for what in ("mechanisms", "kinds", "aggregates"):
            counts |= dict.fromkeys(said.get(what, []), said["adopted"])
    return {"counts": counts}


def _calendar(history: History) -> dict[str, Any]:
    _, said = history[-1]
    return {
        "timezone": said["timezone"],
        "subdivision": said.get("subdivision"),
        "off": {off["day"]: off["name"] for off in said.get("days_off", [])},
        "worked": said.get("working_days", []),
        "weekend": said.get("weekend", []),
    }


def _absence(history: History, addressee: str = "") -> dict[str, Any]:
    away: dict[int, tuple[str, str, str, str]] = {}
    for version, (word, said) in enumerate(history, 1):
        if word == "ended":
            away.pop(said["absence"], None)
        else:
            away[version] = (said["absent"], said["substitute"], said["since"], said["until"])
    return {"away": away}


def _person(history: History) -> dict[str, Any]:
    _, first = history[0]
    return {
        "of": (first["works_for"], first["person"]),
        "registered": history[-1][0] == "registered",
    }


def _credential(history: History) -> dict[str, Any]:
    return {
        "sha256": history[0][1]["sha256"],
        "role": history[0][1]["holder"]["role"],
        "revoked": history[-1][0] == "revoked",
    }


def _erasure(history: History) -> dict[str, Any]:
    return {
        "entry": history[0][1]["erased_entry"],
        "stream": history[0][1]["erased_stream"],
        "gone": [one for _, said in history for one in said["commitments"]],
    }


MEASURE_LEADS_TO = {
    "adopted": "planned",
    "started": "under-way",
    "delayed": "delayed",
    "completed": "completed",
    "abandoned": "abandoned",
}


def _measure(history: History) -> dict[str, Any]:
    struck = {said["strikes"] for what, said in history if what == "entry-struck"}
    first = history[0][1]
    visibility = first["stamp"].get("visibility", "public")
    texts: dict[str, str] = {}
    kind, preventive, status, before, rests = first["kind"], False, "proposed", "proposed", False
    starts = ends = None
    who: dict[str, str] = {}
    links: dict[int, tuple[str, str | None]] = {}
    for version, (what, said) in enumerate(history, start=1):
        if what in ("proposed", "revised"):
            texts |= {text["language"]: text["title"] for text in said.get("texts", [])}
            kind, preventive = said.get("kind", kind), said.get("preventive", preventive)
        elif what == "assigned":
            who = dict.fromkeys(said.get("supporting", []), "supporting")
            who[said["lead"]] = "lead"
        elif what == "linked":
            links[version] = said["to"], said["stamp"].get("part")
        elif what == "link-withdrawn":
            links.pop(said["link"], None)
        elif what in ("suspended", "resumed"):
            rests = what == "suspended"
        if what == "adopted" and visibility == "internal":
            visibility = said["stamp"].get("visibility", "public")
            visibility = "public" if visibility == "public" else "internal"
        if version in struck:
            continue
        if what in MEASURE_LEADS_TO:
            status = MEASURE_LEADS_TO[what]
            before = status if what in ("adopted", "started") else before
        elif what in ("rescheduled", "reopened"):
            status = before
        if what in ("proposed", "delayed", "rescheduled"):
            starts, ends = said.get("starts", starts), said.get("ends", ends)
    if rests and status not in ("completed", "abandoned"):
        status = "suspended"
    return {
        "visibility": visibility,
        "code": first["code"],
        "plan": first.get("plan"),
        "kind": kind,
        "preventive": preventive,
        "texts": texts,
        "status": status,
        "starts": starts,
        "ends": ends,
        "who": who,
        "links": sorted(links.values(), key=str),
    }


BESIDE = {
    "measure": _measure,
    "texts": _erasure,
    "review": _review,
    "institution": _institution,
    "progress-report": _progress_report,
    "file": _file,
    "import-run": _import_run,
    "match": _match,
    "vocabulary": _vocabulary,
    "definition": _definition,
    "procedure": _procedure,
    "calendar": _calendar,
    "absence": _absence,
    "credential": _credential,
    "person": _person,
}

# --- Figures -------------------------------------------------------------------------------------

UNITS = ("paragraphs", "parts", "pairs")


def figures(
    rows: Iterable[Row],
    by: str,
    *,
    kinds: tuple[str, ...] = ("recommendation",),
    merged: bool = True,
    sees: tuple[str, ...] = ("public", "internal", "confidential"),
) -> dict[tuple[str, str], dict[str, Any]]:
    """What is counted by a dimension, for a reader of these visibilities: by key and version of its
    vocabulary how many paragraphs, parts and pairs of paragraph and State there are, how many are
    open, how many stand where (unit, dimension, state), and how many bear which grade."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    streams: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["log_index"]):
        if row["topic"].startswith("recommendation."):
            streams.setdefault(row["stream"], []).append(row)
    for whole in streams.values():
        history = [
            row for row in whole if row["payload"]["stamp"].get("visibility", "public") in sees
        ]
        if not history or history[0]["version"] > 1:
            continue
        it = read(history)
        if it["kind"] not in kinds or (merged and it["duplicate_of"] is not None):
            continue
        for key in _keys(history, it, by):
            _count(found.setdefault(key, {"counts": {}, "grades": {}}), history, it)
    return found


def _keys(history: list[Row], it: dict[str, Any], by: str) -> set[tuple[str, str]]:
    if by == "all":
        return {("", "")}
    if by in ("cycle", "body", "addressee", "mechanism"):
        return {("" if it[by] is None else str(it[by]), "")}
    if by == "month":
        on = _on(history[0]["payload"])
        return {(on[:7] if len(on) >= 7 else "", "")}
    if by == "institution":
        return {(a[1], "") for a in it["assignments"] if a[3] == "assigned"}
    terms = {
        (code, version) for name, version, code in it["terms"] if name == by.split("-target")[0]
    }
    if by == "sdg":
        return {(code.split(".")[0], version) for code, version in terms}
    return {(code, version) for code, version in terms if by != "sdg-target" or "." in code}


def _count(into: dict[str, Any], history: list[Row], it: dict[str, Any]) -> None:
    struck = {
        row["payload"]["strikes"]
        for row in _of(history, "corrected")
        if "strikes" in row["payload"]
    }
    standing = {name.split(".")[0]: name.split(".", 1)[1] for name in it["amounts to"]}
    shared = {
        "assignment": standing["assignment"],
        "implementation": standing["implementation"],
        "reporting": standing["reporting"],
        "stage": it["stage"],
        "open": str(it["closed"] is None),
    }
    printed = _states_of_parts(history)
    _add(into["counts"], "paragraphs", {**shared, "position": it["position"]}, 1)
    met: set[str] = set()
    for part, states in printed:
        new = states - met
        met |= states
        position = (
            _position_of(history, struck, part) if it["position"] != "not-applicable" else None
        )
        stands = {**shared, "position": position or it["position"]}
        _add(into["counts"], "parts", stands, 1)
        _add(into["counts"], "pairs", stands, len(new))
    of_parts: dict[str | None, dict[Any, list[tuple[str, tuple[str, ...]]]]] = {}
    for row in _of(history, "assessed"):
        said = row["payload"]
        if row["version"] in struck:
            continue
        who = (said["assessor_kind"], said["assessor"], said["scheme"], said["scheme_version"])
        given = (*who, said["grade"], said.get("common") or "")
        of_parts.setdefault(said["stamp"].get("part"), {}).setdefault(who, []).append(
            (_on(said), given)
        )
    for who, given_all in of_parts.get(None, {}).items():
        without = sum(who not in of_parts.get(part, {}) for part, _ in printed)
        for grade in _of_the_last_day(given_all):
            _grade(into["grades"], grade, (1, without, len(met)))
    for part, _ in printed:
        for given_all in of_parts.get(part, {}).values():
            for grade in _of_the_last_day(given_all):
                _grade(into["grades"], grade, (0, 1, 0))


def _of_the_last_day(given: list[tuple[str, tuple[str, ...]]]) -> set[tuple[str, ...]]:
    """Different grades of one day stand side by side; those of an earlier day have passed."""
    last = max(on for on, _ in given)
    return {grade for on, grade in given if on == last}


def _states_of_parts(history: list[Row]) -> list[tuple[str, set[str]]]:
    parts = history[0]["payload"]["parts"]
    for row in _of(history, "corrected"):
        parts = row["payload"].get("parts", parts)
    return [
        (p["id"], {r.get("code") or r["printed"] for r in p.get("recommenders", [])}) for p in parts
    ]


def _position_of(history: list[Row], struck: set[int], part: str) -> str | None:
    """A part's own answer, or the whole's; the last given in the world."""
    for about in (part, None):
        answers = [
            (_on(row["payload"]), row["version"], row["payload"]["answer"])
            for row in _of(history, "position-taken")
            if row["payload"]["stamp"].get("part") == about and row["version"] not in struck
        ]
        if answers:
            return max(answers)[2]
    return None


def _add(counts: dict[Any, int], unit: str, stands: dict[str, str], amount: int) -> None:
    for pair in (("total", ""), *stands.items()):
        if amount:
            counts[unit, *pair] = counts.get((unit, *pair), 0) + amount


def _grade(grades: dict[Any, tuple[int, ...]], grade: tuple[Any, ...], n: tuple[int, ...]) -> None:
    held = grades.get(grade, (0, 0, 0))
    if any(n):
        grades[grade] = tuple(a + b for a, b in zip(held, n, strict=True))
