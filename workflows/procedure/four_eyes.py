"""Four eyes: a step that another person must take, or that others must approve first.

A person is known by a pseudonym. A system that names none can't be told from anybody, so it
satisfies nothing, and a step that it took leaves nobody to be apart from. Who drafted something
never approves it. An approval is of what the step was to say, and counts for nothing else. Where
separate keys are asked for, a system is one hand, whomever it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from domain.casework import Case, CaseEvent
from domain.casework.held import ApprovalHeld, HandHeld, hand_on
from domain.entry import Protected
from domain.progress_report import ProgressReport
from domain.recommendation.progress import ProgressChanged, ProgressDrafted
from domain.refusals import Forbidden
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Approvals, Seat, StepSpec

PROGRESS = ("draft-progress", "clear-progress", "publish-progress")
"""Steps that are taken on one of several progress reports: whose hands they went through is asked
of that report."""

DRAFTED_BY = {"clear-progress": "draft-progress", "publish-progress": "draft-progress"}
"""Step → the step that drafts what it is about, whoever a procedure keeps apart."""


class Said(NamedTuple):
    """What a step says, as approvals name it: the SHA-256 of what is open, and that of the free
    texts, which is protected as they are (None: there are none)."""

    content: str
    words: str | None = None


class Taking(NamedTuple):
    """A step as somebody is about to take it: what it says, the approvals of just that, and the
    progress report that it is about: one of the recommendation, or one `of_many`."""

    said: Said
    given: Sequence[ApprovalHeld]
    report: int | None = None
    of_many: ProgressReport | None = None


def looks_at(procedure: Compiled, step: str) -> bool:
    """True if four eyes have to look at a step."""
    spec = procedure.specs.get(step)
    return spec is not None and bool(spec.apart_from or spec.approvals)


def fewer(before: Compiled, after: Compiled, step: str) -> bool:
    """True if a step that both procedures have needs less of others in the second: whom the first
    keeps apart from it may take it, or fewer approve it, or somebody who had no seat fills one."""
    strict, lax = before.specs[step], after.specs[step]
    if not {*strict.apart_from} <= {*lax.apart_from}:
        return True
    if strict.approvals is None:
        return False
    if lax.approvals is None or lax.approvals.needed < strict.approvals.needed:
        return True
    if not {*strict.approvals.apart_from} <= {*lax.approvals.apart_from}:
        return True
    if strict.approvals.separate_keys and not lax.approvals.separate_keys:
        return True
    return not all(
        any(_within(seat, other) for other in strict.approvals.of) for seat in lax.approvals.of
    )


def _within(seat: Seat, other: Seat) -> bool:
    """True if whoever may fill a seat may fill the other."""
    return other.role in (None, seat.role) and other.institution in (None, seat.institution)


def led_to(procedure: Compiled) -> frozenset[str]:
    """The states that moves on steps lead to which four eyes look at."""
    return frozenset(
        move.to
        for state in procedure.definition.all_states()
        for move in state.moves
        if move.on is not None and move.to is not None and looks_at(procedure, move.on)
    )


def missing(
    procedure: Compiled,
    r: Case,
    step: str,
    actor: str | None,
    taking: Taking | None = None,
    system: str | None = None,
) -> list[str]:
    """What a step still needs before this person takes it, by this system if by any, in words;
    nothing if it needs no more. Approvals count from the last time that what is approved was done.
    Without `taking`, whatever the step may say: any approval of it counts."""
    spec = procedure.specs.get(step)
    if spec is None or not (spec.apart_from or spec.approvals):
        return []
    found = ["a person takes it: name `actor`"] if actor is None else []
    for other in spec.apart_from:
        hand = _hand(r, other, taking)
        if hand is None:
            found.append(f"“{other}” has been taken before")
        elif hand.actor is None:
            found.append(f"a person has taken “{other}”, and not a system that names none")
        elif actor is not None and actor in hand.everybody:
            found.append(f"another person than {actor}, who took “{other}”, takes it")
    if spec.approvals is not None:
        hands = list(_drafted(r, spec, taking))
        drafters = {one for hand in hands for one in hand.everybody} - {None}
        since = max((h.version for o in spec.apart_from if (h := _hand(r, o, taking))), default=0)
        all_given = r.approved_by(step, since) if taking is None else taking.given
        given = [
            held
            for held in all_given
            if held.version > since and held.actor != actor and held.actor not in drafters
        ]
        separate = spec.approvals.separate_keys
        if separate:
            systems = {system, *(one for hand in hands for one in hand.systems)} - {None}
            given = [held for held in given if held.system not in systems]
        filled = seats_filled(spec.approvals.of, given, separate_keys=separate)
        if filled < spec.approvals.needed:
            apart = "others" if not drafters else "others than who drafted it"
            apart += ", each by a key of their own," if separate else ""
            as_said = "" if taking is None else " as it is said here"
            found.append(
                f"{spec.approvals.needed} of {len(spec.approvals.of)} {apart} have approved it"
                f"{as_said} ({filled} have)"
            )
    return found


def _drafted(r: Case, spec: StepSpec, taking: Taking | None) -> Iterator[HandHeld]:
    """The hands of those whose own work is approved: they are no approvers."""
    steps = {*spec.apart_from, *(spec.approvals.apart_from if spec.approvals else ())}
    if spec.name in DRAFTED_BY:
        steps.add(DRAFTED_BY[spec.name])
    if taking is not None and taking.of_many is not None:
        steps.add("draft-progress")
    for step in sorted(steps):
        if hand := _hand(r, step, taking):
            yield hand


def _hand(r: Case, step: str, taking: Taking | None) -> HandHeld | None:
    """Whose hands a step went through: on the progress report in question, where it is about one,
    else on the case."""
    if step in PROGRESS and taking is not None:
        if taking.of_many is not None:
            return taking.of_many.hands.get(step)
        if taking.report is not None:
            return r.hands.get(hand_on(step, taking.report))
    return r.hands.get(step)


# --- What is approved ----------------------------------------------------------------------------


def report_of(event: CaseEvent) -> int | None:
    """The progress report of the recommendation that an event is about."""
    return event.report if isinstance(event, ProgressChanged | ProgressDrafted) else None


def said_by(r: Case, step: str, event: CaseEvent) -> Said:
    """What an event of a step says, beside who says it, and which draft it is about: another draft
    is another thing to approve."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__ if name != "stamp"}
    return _said(step, {**fields, "part": event.stamp.part, "draft": event.draft(r)})


def said_of(report: ProgressReport, words: str | None) -> Said:
    """What the publication of a progress report of many says, as the report stands."""
    narrative = None if words is None else Protected(words)
    fields = {"report": report.id, "version": report.version, "narrative": narrative}
    return _said("cover", fields)


def _said(step: str, fields: Mapping[str, Any]) -> Said:
    texts: list[str] = []

    def kept_apart(value: object) -> object:
        assert isinstance(value, Protected)
        texts.append(value.text or "")
        return "(words)"

    said = {"step": step, "said": {name: v for name, v in sorted(fields.items()) if v is not None}}
    open_part = msgspec.json.encode(said, enc_hook=kept_apart, order="sorted")
    words = hashlib.sha256(msgspec.json.encode(texts)).hexdigest() if texts else None
    return Said(hashlib.sha256(open_part).hexdigest(), words)


# --- Who approves --------------------------------------------------------------------------------


def seats_filled(
    seats: Sequence[Seat], given: Sequence[ApprovalHeld], *, separate_keys: bool = False
) -> int:
    """How many seats these approvals fill at most, each by another person, or another key: a
    largest matching."""
    sitting: dict[int, str] = {}
    by_person = {held.actor: held for held in given}
    hands: dict[str, list[ApprovalHeld]] = {}
    for held in by_person.values():
        hands.setdefault(held.key if separate_keys else held.actor, []).append(held)

    def seat(hand: str, asked: set[int]) -> bool:
        for n, one in enumerate(seats):
            may = any(sits(one, held.role, held.institution) for held in hands[hand])
            if n in asked or not may:
                continue
            asked.add(n)
            if n not in sitting or seat(sitting[n], asked):
                sitting[n] = hand
                return True
        return False

    return sum(seat(hand, set()) for hand in hands)


def sits(seat: Seat, role: str, institution: str) -> bool:
    """True if somebody in this role, of this institution, may fill a seat."""
    return seat.role in (None, role) and seat.institution in (None, institution)


def may_approve(approvals: Approvals | None, role: str, institution: str) -> bool:
    """True if somebody in this role, of this institution, has a say."""
    return approvals is not None and any(sits(seat, role, institution) for seat in approvals.of)


def authorise_approval(
    procedure: Compiled, step: str, role: str, institution: str, *, is_a_states: bool = True
) -> None:
    """Refuses an approval that a step does not ask of somebody in this role, of this institution.
    `is_a_states`: the institution is one of the State; the seat of one is for no other of the same
    code."""
    spec = procedure.specs.get(step)
    approvals = None if spec is None else spec.approvals
    if not may_approve(approvals, role, institution):
        raise Forbidden(f"“{step[:80]}” does not ask for your approval.")
    if not is_a_states and approvals and any(s.institution == institution for s in approvals.of):
        raise Forbidden(
            f"“{step[:80]}” asks the State's own {institution} for its approval, and this key "
            "names no State: have one granted that names it, with --addressee SVN."
        )
