"""What procedures know of recommendations: the facts that guards may read, and what the search for
a way tries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from uuid import UUID

import msgspec

from domain.entry import RecommendationId, Stamp, last_day
from domain.recommendation import (
    Recommendation,
    assignment,
    closing,
    implementation,
    lineage,
    names,
    position,
    progress,
    reporting,
    terms,
    wording,
)
from domain.recommendation.elements import Term
from domain.recommendation.position import PositionTaken
from domain.words import (
    Answer,
    AssertedHow,
    AssessorKind,
    AssignmentStatus,
    Capacity,
    Closing,
    CorrectionKind,
    LinkType,
    Organ,
    Position,
    ProgressStatus,
    ReportKind,
)
from workflows.procedure.facts import Known, day
from workflows.procedure.trials import (
    SOMEBODY,
    WORDS,
    Domains,
    Make,
    Maker,
    Trials,
    days,
    one,
    saying,
)
from workflows.statecharts.expressions import Fact, FactType

# --- Facts ----------------------------------------------------------------------------------------


def _is_offered(r: Recommendation) -> bool:
    return any(a.status is AssignmentStatus.OFFERED for a in r.assignments)


def _has_progress(r: Recommendation) -> bool:
    published = any(p.status is ProgressStatus.PUBLISHED for p in r.progress)
    return published or any(r.stands(held.version) for held in r.covers)


def _offer_answer_due(r: Recommendation) -> str | None:
    """The earliest day by which an offer is to be answered."""
    offered = [a for a in r.assignments if a.status is AssignmentStatus.OFFERED and a.answer_due]
    return min((last_day(a.answer_due) for a in offered if a.answer_due), default=None)


def _measures_due(r: Recommendation) -> str | None:
    """The day by which the measures of the latest plan end."""
    ends = [plan.ends for plan in r.plans if plan.ends and r.stands(plan.version)]
    return last_day(ends[-1]) if ends else None


_CORRECTED = ("strike",)
_ENDED = ("decline-assignment", "lapse-assignment", "end-assignment")
_ASSIGNED = (
    *("offer-assignment", "decree-assignment", "accept-assignment", "hand-over-assignment"),
    *_ENDED,
)

_MECHANISMS = (
    AssessorKind.TREATY_BODY,
    AssessorKind.SPECIAL_PROCEDURE,
    AssessorKind.REGIONAL_BODY,
)

FACTS: dict[str, Known] = {
    "closed": Known(
        Fact(FactType.FLAG),
        lambda r: r.closed is not None,
        ("close", "reopen"),
        undone_by=("reopen",),
    ),
    "position": Known(
        Fact(FactType.CHOICE, tuple(position.value for position in Position)),
        lambda r: r.position.value,
        ("take-position", "correct", *_CORRECTED),
    ),
    "assigned": Known(
        Fact(FactType.FLAG),
        lambda r: bool(r.standing),
        _ASSIGNED,
        undone_by=("offer-assignment", *_ENDED),
    ),
    "offered": Known(
        Fact(FactType.FLAG), _is_offered, _ASSIGNED, undone_by=("accept-assignment", *_ENDED)
    ),
    "planned": Known(
        Fact(FactType.FLAG), lambda r: any(r.stands(p.version) for p in r.plans), ("plan", "strike")
    ),
    "progress-published": Known(
        Fact(FactType.FLAG), _has_progress, ("publish-progress", "cover", *_CORRECTED)
    ),
    "declared": Known(
        Fact(FactType.FLAG),
        lambda r: any(r.stands(v) for v in r.declared),
        ("declare-implemented", "reopen", *_CORRECTED),
        undone_by=("reopen",),
    ),
    "reported": Known(
        Fact(FactType.FLAG),
        lambda r: any(r.stands(v) for v in r.reported),
        ("report", *_CORRECTED),
    ),
    "duplicate": Known(
        Fact(FactType.FLAG),
        lambda r: r.duplicate_of is not None,
        ("declare-duplicate", "undo-duplicate"),
        undone_by=("undo-duplicate",),
    ),
    "selected-for-follow-up": Known(
        Fact(FactType.FLAG), lambda r: r.selected, ("select-for-follow-up",)
    ),
    "graded": Known(
        Fact(FactType.FLAG),
        lambda r: any(
            a.assessor_kind in _MECHANISMS and r.stands(a.version) for a in r.assessments
        ),
        ("assess", *_CORRECTED),
    ),
    "offer-answer-due": Known(Fact(FactType.DAY, optional=True), _offer_answer_due, (*_ASSIGNED,)),
    "measures-due": Known(Fact(FactType.DAY, optional=True), _measures_due, ("plan", *_CORRECTED)),
    "answer-due": Known(
        Fact(FactType.DAY, optional=True), lambda r: day(r.answer_due), ("defer-position",)
    ),
    "follow-up-due": Known(
        Fact(FactType.DAY, optional=True),
        lambda r: day(r.follow_up_due),
        ("select-for-follow-up",),
    ),
}

# --- Trials ---------------------------------------------------------------------------------------

_ANOTHER = UUID(int=0)

_PREPARED_BY: dict[str, tuple[str, ...]] = {
    "accept-assignment": ("offer-assignment",),
    "decline-assignment": ("offer-assignment",),
    "lapse-assignment": ("offer-assignment",),
    "hand-over-assignment": ("decree-assignment",),
    "end-assignment": ("decree-assignment",),
    "clear-progress": ("draft-progress",),
    "publish-progress": ("clear-progress",),
    "undo-duplicate": ("declare-duplicate",),
    "withdraw-link": ("link",),
    "withdraw-alias": ("identify",),
    "declassify": ("classify",),
}


def _positions(r: Recommendation) -> Iterator[Make]:
    said = {held.part for held in r.positions if r.stands(held.version)}
    parts = [part.id for part in r.parts if part.id in said]
    if len(r.parts) > 1:
        parts += [part.id for part in r.parts if part.id not in said][:1]

    def answered(r: Recommendation, s: Stamp, said: tuple[str | None, Answer]) -> PositionTaken:
        part, answer = said
        return position.take(r, msgspec.structs.replace(s, part=part), answer, organ=Organ.OTHER)

    return saying(answered, itertools.product((None, *parts), Answer))


def _strikes(r: Recommendation, domains: Domains) -> Iterator[Make]:
    """The latest of each sort that stands, and each position, as far as facts hang on them; the
    latest of all besides, whatever it is."""
    some = {
        "position": [p.version for p in r.positions],
        "planned": [p.version for p in r.plans],
        "progress-published": [c.version for c in r.covers],
        "declared": r.declared,
        "reported": r.reported,
        "graded": [a.version for a in r.assessments],
    }
    found: set[int] = set()
    for fact, versions in some.items():
        if fact in domains or (fact == "planned" and "measures-due" in domains):
            standing = [v for v in versions if r.stands(v)]
            found.update(standing if fact == "position" else standing[-1:])
    if not found:
        found.update(sorted(v for versions in some.values() for v in versions if r.stands(v))[-1:])
    return saying(
        lambda r, s, v: wording.strike(r, s, CorrectionKind.ENTERED_IN_ERROR, v), sorted(found)
    )


def _assignment(r: Recommendation, status: AssignmentStatus) -> int:
    return next((a.id for a in r.assignments if a.status is status), -1)


def _report(r: Recommendation, status: ProgressStatus) -> int:
    return next((p.id for p in r.progress if p.status is status), -1)


def _offered(r: Recommendation) -> int:
    return _assignment(r, AssignmentStatus.OFFERED)


def _assigned(r: Recommendation) -> int:
    return _assignment(r, AssignmentStatus.ASSIGNED)


def _somebody(r: Recommendation) -> str:
    return f"{SOMEBODY} {r.version + 1}"


def _next_cycle(r: Recommendation) -> int:
    return max(r.cycle or 0, r.continued_into or 0) + 1


_TERM = Term(vocabulary="theme", version="", code=None, label="…")

_MAKERS: dict[str, Maker] = {
    "add-text": one(
        lambda r, s: wording.add_text(
            r, s, msgspec.structs.replace(r.texts[r.original], language=f"zxx-x-{r.version + 1}")
        )
    ),
    "correct": one(lambda r, s: wording.correct(r, s, CorrectionKind.CLERICAL, parts=r.parts)),
    "strike": _strikes,
    "renumber": one(lambda r, s: names.renumber(r, s, "…", str(r.version + 1))),
    "identify": one(lambda r, s: names.identify(r, s, "…", str(r.version + 1))),
    "withdraw-alias": lambda r, domains: saying(
        lambda r, s, alias: names.withdraw(r, s, alias),
        [alias for alias in r.aliases if alias.scheme != "un"][:1],
    ),
    "classify": one(
        lambda r, s: terms.classify(
            r, s, [msgspec.structs.replace(_TERM, version=str(r.version + 1))], AssertedHow.PERSON
        )
    ),
    "declassify": one(lambda r, s: terms.declassify(r, s, [held.term for held in r.terms[:1]])),
    "link": one(
        lambda r, s: lineage.link(
            r,
            s,
            LinkType.SUCCEEDS,
            RecommendationId(UUID(int=r.version + 1)),
            AssertedHow.PERSON,
            None,
        )
    ),
    "withdraw-link": one(
        lambda r, s: lineage.withdraw_link(r, s, r.links[0].id if r.links else -1)
    ),
    "declare-duplicate": one(
        lambda r, s: lineage.declare_duplicate(r, s, RecommendationId(_ANOTHER))
    ),
    "undo-duplicate": one(lambda r, s: lineage.undo_duplicate(r, s)),
    "take-position": lambda r, domains: _positions(r),
    "defer-position": lambda r, domains: saying(
        lambda r, s, day: position.defer(r, s, day, None if day else "…"),
        days(domains, "answer-due"),
    ),
    "comment": one(lambda r, s: position.comment(r, s, WORDS)),
    "select-for-follow-up": lambda r, domains: saying(
        lambda r, s, day: reporting.select_for_follow_up(r, s, "…", day),
        days(domains, "follow-up-due"),
    ),
    "assess": one(
        lambda r, s: implementation.assess(
            r, s, AssessorKind.TREATY_BODY, "…", "hrc-follow-up", "2017", "C", WORDS
        )
    ),
    "offer-assignment": lambda r, domains: saying(
        lambda r, s, day: assignment.offer(r, s, _somebody(r), Capacity.LEAD, None, day),
        days(domains, "offer-answer-due"),
    ),
    "decree-assignment": one(lambda r, s: assignment.decree(r, s, _somebody(r), Capacity.LEAD)),
    "accept-assignment": one(lambda r, s: assignment.accept(r, s, _offered(r))),
    "decline-assignment": one(lambda r, s: assignment.decline(r, s, _offered(r))),
    "lapse-assignment": one(lambda r, s: assignment.lapse(r, s, _offered(r))),
    "hand-over-assignment": one(
        lambda r, s: assignment.hand_over(r, s, _assigned(r), _somebody(r))
    ),
    "end-assignment": one(lambda r, s: assignment.end(r, s, _assigned(r))),
    "plan": lambda r, domains: saying(
        lambda r, s, day: implementation.plan(r, s, WORDS, ends=day), days(domains, "measures-due")
    ),
    "draft-progress": one(lambda r, s: progress.draft(r, s, WORDS)),
    "clear-progress": one(lambda r, s: progress.clear(r, s, _report(r, ProgressStatus.DRAFTED))),
    "publish-progress": one(
        lambda r, s: progress.publish(r, s, _report(r, ProgressStatus.CLEARED), WORDS)
    ),
    "cover": one(lambda r, s: progress.cover(r, s, UUID(int=r.version + 1))),
    "declare-implemented": one(lambda r, s: implementation.declare(r, s)),
    "report": one(lambda r, s: reporting.report(r, s, ReportKind.MID_TERM, "…")),
    "continue": one(lambda r, s: lineage.continue_into(r, s, _next_cycle(r))),
    "close": one(lambda r, s: closing.close(r, s, Closing.CARRIED_OUT)),
    "reopen": one(lambda r, s: closing.reopen(r, s)),
}


_AGAIN = frozenset(
    (
        *("strike", "draft-progress", "clear-progress"),
        *("accept-assignment", "decline-assignment", "lapse-assignment", "end-assignment"),
    )
)


def _sight(r: Recommendation, domains: Domains) -> tuple[object, ...]:
    answers: tuple[str | None, ...] = ()
    if "position" in domains:
        held = (r.current_position(part) for part in (None, *(part.id for part in r.parts)))
        answers = tuple([None if one is None else one.answer.value for one in held])
    return (
        answers,
        bool(r.links),
        len(r.aliases) > 1,
        bool(r.terms),
        r.duplicate_of is not None,
    )


def _room(r: Recommendation, start: int) -> tuple[object, ...]:
    struck = r.struck
    return (
        sum(p.version not in struck for p in r.plans),
        sum(v not in struck for v in r.declared),
        sum(v not in struck for v in r.reported),
        sum(c.version not in struck for c in r.covers),
        sum(a.version not in struck for a in r.assessments),
        sum(p.version not in struck for p in r.positions if p.version <= start),
        sum(a.status is AssignmentStatus.OFFERED for a in r.assignments),
        sum(a.status is AssignmentStatus.ASSIGNED for a in r.assignments),
        any(p.status is ProgressStatus.DRAFTED for p in r.progress),
        any(p.status is ProgressStatus.CLEARED for p in r.progress),
    )


TRIALS = Trials(
    _MAKERS,
    prepared_by=_PREPARED_BY,
    heard_after={"strike": ("report",)},
    again=_AGAIN,
    sight=_sight,
    room=_room,
)
