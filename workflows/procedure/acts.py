"""What a step may come to: the events it may give on a case as it stands, one for each that later
decisions can tell apart. They are trials, made by the aggregate's own commands, and never recorded:
what these refuse is not to be had."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar
from uuid import UUID

import msgspec

from domain.casework import CaseEvent, StepDatum, StepTaken
from domain.entry import (
    Authority,
    AuthorityKind,
    Protected,
    RecommendationId,
    Source,
    Speaker,
    Stamp,
    effective,
)
from domain.events import PositionTaken, Term
from domain.recommendation import Recommendation
from domain.refusals import Refusal
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
    ProgressStatus,
    ReportKind,
)
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Field, FieldType
from workflows.statecharts.expressions import Value

Domains = Mapping[str, tuple[Value | None, ...]]
"""What each fact may be, as far as it matters; a fact that does not matter is missing."""

SOMEBODY = "(somebody)"
"""Who takes the steps of a trial."""
forms_max = 200

_WORDS = Protected("…")
_ANOTHER = UUID(int=0)

PREPARED_BY: dict[str, tuple[str, ...]] = {
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
"""The steps after which what another is about is there, whatever guards say."""


def stamp_of(day: str) -> Stamp:
    """What a trial says beside its facts."""
    return Stamp(
        command="",
        speaker=Speaker(
            actor=SOMEBODY,
            role="coordinator",
            institution=SOMEBODY,
            on_behalf_of=SOMEBODY,
            authority=Authority(kind=AuthorityKind.MANDATE, reference="…"),
        ),
        effective=effective(day),
        source=Source(document="…"),
        reason=_WORDS,
    )


def acts(
    procedure: Compiled, r: Recommendation, step: str, stamp: Stamp, domains: Domains
) -> Iterator[CaseEvent]:
    """The events that a step may give on `r`, as far as they differ; none where what it is about
    is not there. Whether the step is open is for the procedure to say."""
    known = _MAKERS.get(step)
    makers = _own(procedure, step, domains) if known is None else known(r, domains)
    for make in makers:
        try:
            yield make(r, stamp)
        except Refusal:
            continue


Make = Callable[[Recommendation, Stamp], CaseEvent]
Said = TypeVar("Said")


def _saying(
    make: Callable[[Recommendation, Stamp, Said], CaseEvent], some: Iterable[Said]
) -> Iterator[Make]:
    """A maker for each of some things that a step may say."""

    def one(said: Said) -> Make:
        return lambda r, s: make(r, s, said)

    return map(one, some)


def _own(procedure: Compiled, step: str, domains: Domains) -> Iterator[Make]:
    """A step that only this procedure has: all that its form may fill in for guards to read."""
    filled = {
        fact.filled: domains[name]
        for name, fact in procedure.definition.facts.items()
        if fact.filled is not None and name in domains
    }
    fields = [field for field in procedure.specs[step].form if f"{step}.{field.name}" in filled]
    some = [_values(field, filled[f"{step}.{field.name}"]) for field in fields]
    names = [field.name for field in fields]

    def filling(r: Recommendation, s: Stamp, values: tuple[Value | None, ...]) -> StepTaken:
        said = zip(names, values, strict=True)
        data = tuple(StepDatum(field=name, value=v) for name, v in said if v is not None)
        return r.take_step(s, step, data)

    return _saying(filling, itertools.islice(itertools.product(*some), forms_max))


def _values(field: Field, domain: Iterable[Value | None]) -> list[Value | None]:
    least = field.least if field.least is not None else -(1 << 53)
    most = field.most if field.most is not None else 1 << 53

    def fits(value: Value) -> bool:
        return field.type is not FieldType.NUMBER or least <= int(value) <= most

    found: list[Value | None] = [v for v in domain if v is not None and fits(v)]
    if field.type is FieldType.NUMBER and not found:
        found = [least if field.least is not None else most]
    return found if field.required else [None, *found]


def _days(domains: Domains, fact: str) -> list[str | None]:
    """The days that matter for a fact; none, where it does not."""
    return [None if day is None else str(day) for day in domains.get(fact, (None,))]


def _positions(r: Recommendation) -> Iterator[Make]:
    said = {held.part for held in r.positions if r.stands(held.version)}
    parts = [part.id for part in r.parts if part.id in said]
    if len(r.parts) > 1:
        parts += [part.id for part in r.parts if part.id not in said][:1]

    def answered(r: Recommendation, s: Stamp, said: tuple[str | None, Answer]) -> PositionTaken:
        part, answer = said
        return r.take_position(msgspec.structs.replace(s, part=part), answer, organ=Organ.OTHER)

    return _saying(answered, itertools.product((None, *parts), Answer))


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
    return _saying(lambda r, s, v: r.strike(s, CorrectionKind.ENTERED_IN_ERROR, v), sorted(found))


def _assignment(r: Recommendation, status: AssignmentStatus) -> int:
    return next((a.id for a in r.assignments if a.status is status), -1)


def _report(r: Recommendation, status: ProgressStatus) -> int:
    return next((p.id for p in r.progress if p.status is status), -1)


def _one(make: Make) -> Callable[[Recommendation, Domains], Iterable[Make]]:
    return lambda r, domains: (make,)


def _offered(r: Recommendation) -> int:
    return _assignment(r, AssignmentStatus.OFFERED)


def _assigned(r: Recommendation) -> int:
    return _assignment(r, AssignmentStatus.ASSIGNED)


def _somebody(r: Recommendation) -> str:
    return f"{SOMEBODY} {r.version + 1}"


def _extension(r: Recommendation, s: Stamp) -> CaseEvent:
    name = r.deadlines[0].deadline if r.deadlines else ""
    return r.extend_deadline(s, name, "2299-12-31")


def _next_cycle(r: Recommendation) -> int:
    return max(r.cycle or 0, r.continued_into or 0) + 1


_TERM = Term(vocabulary="theme", version="", code=None, label="…")

_MAKERS: dict[str, Callable[[Recommendation, Domains], Iterable[Make]]] = {
    "add-text": _one(
        lambda r, s: r.add_text(
            s, msgspec.structs.replace(r.texts[r.original], language=f"zxx-x-{r.version + 1}")
        )
    ),
    "correct": _one(lambda r, s: r.correct(s, CorrectionKind.CLERICAL, parts=r.parts)),
    "strike": _strikes,
    "renumber": _one(lambda r, s: r.renumber(s, "…", str(r.version + 1))),
    "identify": _one(lambda r, s: r.identify(s, "…", str(r.version + 1))),
    "withdraw-alias": lambda r, domains: _saying(
        lambda r, s, alias: r.withdraw_alias(s, alias),
        [alias for alias in r.aliases if alias.scheme != "un"][:1],
    ),
    "classify": _one(
        lambda r, s: r.classify(
            s, [msgspec.structs.replace(_TERM, version=str(r.version + 1))], AssertedHow.PERSON
        )
    ),
    "declassify": _one(lambda r, s: r.declassify(s, [held.term for held in r.terms[:1]])),
    "link": _one(
        lambda r, s: r.link(
            s,
            LinkType.SUCCEEDS,
            RecommendationId(UUID(int=r.version + 1)),
            AssertedHow.PERSON,
            None,
        )
    ),
    "withdraw-link": _one(lambda r, s: r.withdraw_link(s, r.links[0].id if r.links else -1)),
    "declare-duplicate": _one(lambda r, s: r.declare_duplicate(s, RecommendationId(_ANOTHER))),
    "undo-duplicate": _one(lambda r, s: r.undo_duplicate(s)),
    "take-position": lambda r, domains: _positions(r),
    "defer-position": lambda r, domains: _saying(
        lambda r, s, day: r.defer_position(s, day, None if day else "…"),
        _days(domains, "answer-due"),
    ),
    "comment": _one(lambda r, s: r.comment(s, _WORDS)),
    "select-for-follow-up": lambda r, domains: _saying(
        lambda r, s, day: r.select_for_follow_up(s, "…", day),
        _days(domains, "follow-up-due"),
    ),
    "assess": _one(
        lambda r, s: r.assess(
            s, AssessorKind.TREATY_BODY, "…", "hrc-follow-up", "2017", "C", _WORDS
        )
    ),
    "offer-assignment": lambda r, domains: _saying(
        lambda r, s, day: r.offer_assignment(s, _somebody(r), Capacity.LEAD, None, day),
        _days(domains, "offer-answer-due"),
    ),
    "decree-assignment": _one(lambda r, s: r.decree_assignment(s, _somebody(r), Capacity.LEAD)),
    "accept-assignment": _one(lambda r, s: r.accept_assignment(s, _offered(r))),
    "decline-assignment": _one(lambda r, s: r.decline_assignment(s, _offered(r))),
    "lapse-assignment": _one(lambda r, s: r.lapse_assignment(s, _offered(r))),
    "hand-over-assignment": _one(
        lambda r, s: r.hand_over_assignment(s, _assigned(r), _somebody(r))
    ),
    "end-assignment": _one(lambda r, s: r.end_assignment(s, _assigned(r))),
    "plan": lambda r, domains: _saying(
        lambda r, s, day: r.plan(s, _WORDS, ends=day), _days(domains, "measures-due")
    ),
    "draft-progress": _one(lambda r, s: r.draft_progress(s, _WORDS)),
    "clear-progress": _one(lambda r, s: r.clear_progress(s, _report(r, ProgressStatus.DRAFTED))),
    "publish-progress": _one(
        lambda r, s: r.publish_progress(s, _report(r, ProgressStatus.CLEARED), _WORDS)
    ),
    "cover": _one(lambda r, s: r.cover(s, UUID(int=r.version + 1))),
    "declare-implemented": _one(lambda r, s: r.declare_implemented(s)),
    "report": _one(lambda r, s: r.report(s, ReportKind.MID_TERM, "…")),
    "continue": _one(lambda r, s: r.continue_into(s, _next_cycle(r))),
    "close": _one(lambda r, s: r.close(s, Closing.CARRIED_OUT)),
    "reopen": _one(lambda r, s: r.reopen(s)),
    "suspend": _one(lambda r, s: r.suspend(s)),
    "resume": _one(lambda r, s: r.resume(s)),
    "extend-deadline": _one(_extension),
}
"""One or more makers a step that every procedure may have."""
