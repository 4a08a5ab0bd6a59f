"""Words for tests of the domain: given a history, when a step is taken, then these facts.

    given(received(), noted()).when(decreed("labour")).then(AssignmentDecreed)
    given(received()).when(planned()).refuses(StepNotOpen)

Every step goes through the procedure and the desk's `enter`, as it does in the application. The
acts below say what a step says in most tests; `ANY` holds one maker a step, for random walks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from domain import (
    absence,
    adoptions,
    calendar,
    credential,
    erasure,
    import_run,
    institution,
    match,
    measure,
    person,
    progress_report,
    review,
    stored_file,
    vocabulary,
    workflow_definition,
)
from domain.casework import CaseEvent, approvals, deadlines, suspension, tasks
from domain.casework.event import StepDatum
from domain.casework.migration import DeadlinePolicy
from domain.casework.steps import remark
from domain.casework.steps import take as take_step
from domain.credential import Holder
from domain.entry import (
    Authority,
    AuthorityKind,
    Effective,
    Entry,
    Event,
    Protected,
    RecommendationId,
    Source,
    Speaker,
    Stamp,
    Visibility,
    effective,
)
from domain.import_run import ImportCount, ImportNote
from domain.institution import InstitutionName
from domain.match import MatchCandidate
from domain.measure import course, links
from domain.measure.assignment import assign
from domain.measure.held import MeasureText
from domain.measure.wording import revise
from domain.recommendation import (
    Recommendation,
    assignment,
    closing,
    fold,
    implementation,
    lineage,
    names,
    position,
    progress,
    receive,
    reporting,
)
from domain.recommendation.elements import Alias, Part, PartText, Recommender, Term, Text
from domain.recommendation.terms import classify, declassify
from domain.recommendation.wording import add_text, correct, strike
from domain.refusals import AlreadySo, NeedsDecision, Refusal
from domain.review import ReviewDocument
from domain.vocabulary import (
    MappingRelation,
    TermMapping,
    VersionContent,
    VocabularyLabel,
    VocabularyTerm,
)
from domain.words import (
    Answer,
    AssertedHow,
    AssessorKind,
    Capacity,
    Closing,
    CorrectionKind,
    DocumentKind,
    Kind,
    LinkType,
    MeasureKind,
    Mechanism,
    Organ,
    ReportKind,
    TextStatus,
)
from workflows.access import Principal, Role
from workflows.procedure import SHIPPED
from workflows.procedure.firing import fire
from workflows.procedure.migration import Migration, Passage
from workflows.procedure.shipped import shipped

# --- Builders ------------------------------------------------------------------------------------

MANDATE = Authority(kind=AuthorityKind.MANDATE, reference="Decree 1/2024")


def principal(role: Role = Role.COORDINATOR, institution: str = "mfa", **more: Any) -> Principal:
    """Somebody with a key."""
    return Principal(
        key=UUID(int=1), role=role, institution=institution, authority=MANDATE, actor="p-1", **more
    )


def speaker(institution: str = "mfa", role: str = "coordinator") -> Speaker:
    return Speaker(
        actor="p-1", role=role, institution=institution, on_behalf_of=institution, authority=MANDATE
    )


def stamp(
    command: str = "c-1",
    *,
    on: str | None = None,
    reason: str | None = None,
    part: str | None = None,
    document: str | None = None,
    visibility: Visibility = Visibility.PUBLIC,
    institution: str = "mfa",
    batch: UUID | None = None,
    history: Authority | None = None,
) -> Stamp:
    return Stamp(
        command=command,
        speaker=speaker(institution),
        effective=effective(on) if on else Effective(),
        visibility=visibility,
        batch=batch,
        history=history,
        source=Source(document=document) if document else None,
        part=part,
        reason=Protected(reason) if reason is not None else None,
    )


def text(*wordings: str, language: str = "en", status: TextStatus = TextStatus.OFFICIAL) -> Text:
    parts = tuple(PartText(part=str(n), text=words) for n, words in enumerate(wordings, 1))
    return Text(language=language, status=status, parts=parts)


def parts(count: int = 1, *states: str) -> tuple[Part, ...]:
    made_by = tuple(Recommender(printed=code, code=code) for code in states)
    return tuple(Part(id=str(n), recommenders=made_by) for n in range(1, count + 1))


def term(vocabulary: str, code: str | None, label: str = "", version: str = "2019") -> Term:
    return Term(vocabulary=vocabulary, version=version, code=code, label=label or str(code))


def received(
    paragraph: str | None = "140.1",
    *,
    symbol: str | None = "A/HRC/59/15",
    addressee: str = "SVN",
    mechanism: Mechanism = Mechanism.UPR,
    kind: Kind = Kind.RECOMMENDATION,
    wordings: tuple[str, ...] = ("Ratify the convention",),
    states: tuple[str, ...] = ("FRA",),
    cycle: int | None = 4,
    id: UUID | None = None,
    command: str = "receive-1",
    language: str = "en",
    **said: Any,
) -> Entry:
    """The first entry of a recommendation, as the desk records it."""
    id, event = receive(
        stamp(command, **said),
        addressee=addressee,
        kind=kind,
        mechanism=mechanism,
        body="UPR" if mechanism is Mechanism.UPR else "CRC",
        text=text(*wordings, language=language),
        parts=parts(len(wordings), *states),
        symbol=symbol,
        paragraph=paragraph,
        cycle=cycle,
        id=id,
    )
    return SHIPPED.opening(id, addressee, event)


# --- Given, when, then ---------------------------------------------------------------------------


class Act(NamedTuple):
    """A step as a test takes it: its name, the aggregate's command, what its stamp says."""

    step: str
    command: Callable[[Recommendation, Stamp], CaseEvent]
    said: dict[str, Any]


def act(step: str, command: Callable[[Recommendation, Stamp], CaseEvent], **said: Any) -> Act:
    return Act(step, command, said)


class Given:
    """A history, and the recommendation it adds up to."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = entries

    @property
    def it(self) -> Recommendation:
        folded = fold(self.entries)
        assert folded is not None
        return folded

    def when(self, taken: Act) -> Outcome:
        r = self.it
        try:
            SHIPPED.check(r, taken.step)
            said = stamp(f"c-{r.version + 1}", **taken.said)
            entry = SHIPPED.enter(r, taken.step, taken.command(r, said))
        except Refusal as refusal:
            return Outcome(self.entries, None, refusal)
        return Outcome(self.entries, entry, None)


def given(first: Entry, *acts: Act) -> Given:
    """A recommendation that was received, and the steps taken on it since; all must be open."""
    history = Given(first)
    for taken in acts:
        history = history.when(taken).then(CaseEvent)
    return history


class Outcome:
    """What came of a step: one entry, or a refusal and none."""

    def __init__(
        self, before: tuple[Entry, ...], entry: Entry | None, refusal: Refusal | None
    ) -> None:
        self.before = before
        self.entry = entry
        self.refusal = refusal

    def then(self, event: type[Event], **facts: object) -> Given:
        """It gave one event of this class with these facts; the history goes on with it."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal}") from self.refusal
        assert self.entry is not None
        assert isinstance(self.entry.event, event), f"it gave {type(self.entry.event).__name__}"
        for name, value in facts.items():
            assert getattr(self.entry.event, name) == value, name
        return Given(*self.before, self.entry)

    def refuses(self, reason: type[Refusal]) -> None:
        """It was refused for exactly this reason, and gave no event."""
        assert self.refusal is not None, f"it gave {self.entry}"
        assert type(self.refusal) is reason, f"{self.refusal.code}: {self.refusal}"
        assert self.refusal.message.strip()


# --- Acts ----------------------------------------------------------------------------------------


def answered(answer: Answer, on: str | None = "2025-04-08", **said: Any) -> Act:
    instrument = said.pop("instrument", "A/HRC/59/15/Add.1")
    return act(
        "take-position",
        lambda r, s: position.take(r, s, answer, organ=Organ.ADDENDUM, instrument=instrument),
        on=on,
        **said,
    )


def supported(on: str | None = "2025-04-08", **said: Any) -> Act:
    return answered(Answer.SUPPORTED, on, **said)


def noted(on: str | None = "2025-04-08", **said: Any) -> Act:
    return answered(Answer.NOTED, on, **said)


def offered(assignee: str = "labour", answer_due: str | None = "2025-09-01", **said: Any) -> Act:
    return act(
        "offer-assignment",
        lambda r, s: assignment.offer(r, s, assignee, Capacity.LEAD, None, answer_due),
        **said,
    )


def decreed(assignee: str = "labour", capacity: Capacity = Capacity.LEAD, **said: Any) -> Act:
    return act(
        "decree-assignment", lambda r, s: assignment.decree(r, s, assignee, capacity), **said
    )


def accepted(id: int, **said: Any) -> Act:
    return act("accept-assignment", lambda r, s: assignment.accept(r, s, id), **said)


def declined(id: int, reason: str | None = "not our competence") -> Act:
    return act("decline-assignment", lambda r, s: assignment.decline(r, s, id), reason=reason)


def lapsed(id: int) -> Act:
    return act("lapse-assignment", lambda r, s: assignment.lapse(r, s, id))


def ended(id: int, reason: str | None = "the ministry was abolished") -> Act:
    return act("end-assignment", lambda r, s: assignment.end(r, s, id), reason=reason)


def handed_over(id: int, to: str) -> Act:
    return act("hand-over-assignment", lambda r, s: assignment.hand_over(r, s, id, to))


def planned(ends: str | None = "2026-06", **said: Any) -> Act:
    return act(
        "plan",
        lambda r, s: implementation.plan(r, s, Protected("a new law"), starts="2025", ends=ends),
        **said,
    )


def drafted(report: int | None = None, narrative: str = "a bill is drafted", **said: Any) -> Act:
    return act(
        "draft-progress",
        lambda r, s: progress.draft(r, s, Protected(narrative), report=report),
        **said,
    )


def cleared(report: int) -> Act:
    return act("clear-progress", lambda r, s: progress.clear(r, s, report))


def published(report: int, narrative: str = "a bill is before parliament") -> Act:
    return act(
        "publish-progress", lambda r, s: progress.publish(r, s, report, Protected(narrative))
    )


def declared(**said: Any) -> Act:
    return act(
        "declare-implemented",
        lambda r, s: implementation.declare(r, s, Protected("it is law")),
        **said,
    )


def reported(document: str = "mid-term report 2027", **said: Any) -> Act:
    return act("report", lambda r, s: reporting.report(r, s, ReportKind.MID_TERM, document), **said)


def assessed(
    grade: str = "C",
    *,
    assessor: str = "Human Rights Committee",
    kind: AssessorKind = AssessorKind.TREATY_BODY,
    scheme: str = "hrc-follow-up",
    version: str = "2017",
    document: str | None = "CCPR/C/130/2",
    **said: Any,
) -> Act:
    return act(
        "assess",
        lambda r, s: implementation.assess(
            r, s, kind, assessor, scheme, version, grade, Protected("found so")
        ),
        document=document,
        **said,
    )


def struck(version: int, reason: str | None = "entered for the wrong paragraph") -> Act:
    return act(
        "strike",
        lambda r, s: strike(r, s, CorrectionKind.ENTERED_IN_ERROR, version),
        reason=reason,
    )


def corrected(reason: str | None = "a slip", **what: Any) -> Act:
    return act(
        "correct", lambda r, s: correct(r, s, CorrectionKind.CLERICAL, **what), reason=reason
    )


def added(wording: Text) -> Act:
    return act("add-text", lambda r, s: add_text(r, s, wording))


def renumbered(paragraph: str, symbol: str = "A/HRC/59/15") -> Act:
    return act("renumber", lambda r, s: names.renumber(r, s, symbol, paragraph))


def identified(value: str, scheme: str = "uhri") -> Act:
    return act("identify", lambda r, s: names.identify(r, s, scheme, value))


def classified(*terms: Term, how: AssertedHow = AssertedHow.SOURCE, **said: Any) -> Act:
    return act("classify", lambda r, s: classify(r, s, terms, how), **said)


def declassified(*terms: Term) -> Act:
    return act("declassify", lambda r, s: declassify(r, s, terms))


def deferred(due: str | None = "2025-06-30", session: str | None = None) -> Act:
    return act("defer-position", lambda r, s: position.defer(r, s, due, session))


def commented() -> Act:
    return act("comment", lambda r, s: position.comment(r, s, Protected("the State's view")))


def selected(body: str = "CRC", due: str | None = "2026-05") -> Act:
    return act("select-for-follow-up", lambda r, s: reporting.select_for_follow_up(r, s, body, due))


def linked(
    to: UUID, type: LinkType = LinkType.SUCCEEDS, confidence: int | None = 80, **said: Any
) -> Act:
    return act(
        "link",
        lambda r, s: lineage.link(
            r, s, type, RecommendationId(to), AssertedHow.SIMILARITY, confidence
        ),
        **said,
    )


def unlinked(link: int, reason: str | None = "another subject") -> Act:
    return act("withdraw-link", lambda r, s: lineage.withdraw_link(r, s, link), reason=reason)


def duplicate(of: UUID) -> Act:
    return act(
        "declare-duplicate", lambda r, s: lineage.declare_duplicate(r, s, RecommendationId(of))
    )


def undone(reason: str | None = "they differ") -> Act:
    return act("undo-duplicate", lambda r, s: lineage.undo_duplicate(r, s), reason=reason)


def closed(reason: str | None = "carried out", why: Closing = Closing.CARRIED_OUT) -> Act:
    return act("close", lambda r, s: closing.close(r, s, why), reason=reason)


def reopened(reason: str | None = "the law was repealed") -> Act:
    return act("reopen", lambda r, s: closing.reopen(r, s), reason=reason)


def continued(cycle: int) -> Act:
    return act("continue", lambda r, s: lineage.continue_into(r, s, cycle))


def suspended(reason: str | None = "elections", until: str | None = None, **said: Any) -> Act:
    return act("suspend", lambda r, s: suspension.suspend(r, s, until), reason=reason, **said)


def resumed(reason: str | None = "a government is formed", **said: Any) -> Act:
    return act("resume", lambda r, s: suspension.resume(r, s), reason=reason, **said)


def extended(deadline: str, until: str, reason: str | None = "the bill is late") -> Act:
    return act(
        "extend-deadline", lambda r, s: deadlines.extend(r, s, deadline, until), reason=reason
    )


def claimed(task: str, **said: Any) -> Act:
    return act("claim-task", lambda r, s: tasks.claim(r, s, task), **said)


def released(task: str, institution: str = "mfa") -> Act:
    return act("release-task", lambda r, s: tasks.release(r, s, task, institution))


def delegated(task: str, to: str) -> Act:
    return act("delegate-task", lambda r, s: tasks.delegate(r, s, task, to))


def rested(deadline: str, on: str | None = None, reason: str | None = "elections") -> Act:
    said = {"on": on, "reason": reason}
    return act("suspend-deadline", lambda r, s: deadlines.suspend(r, s, deadline), **said)


def runs_again(deadline: str, on: str | None = None, reason: str | None = "over") -> Act:
    said = {"on": on, "reason": reason}
    return act("resume-deadline", lambda r, s: deadlines.resume(r, s, deadline), **said)


def remarked(words: str) -> Act:
    return act("remark", lambda r, s: remark(r, s, Protected(words)))


def approved(step: str, **said: Any) -> Act:
    return act("give-approval", lambda r, s: approvals.approve(r, s, step, "0" * 64), **said)


def unnamed(value: str, reason: str | None = "not it", scheme: str = "uhri") -> Act:
    alias_ = Alias(scheme=scheme, value=value)
    return act("withdraw-alias", lambda r, s: names.withdraw(r, s, alias_), reason=reason)


def covered(report: UUID) -> Act:
    return act("cover", lambda r, s: progress.cover(r, s, report))


# --- Any step, for random walks ------------------------------------------------------------------

INSTITUTIONS = ("labour", "justice", "interior")
THEMES = (
    *(term("theme", code) for code in ("A12", "B31", "F13")),
    term("sdg", "16"),
    term("sdg", "16.2"),
    term("affected-persons", None, "Women & girls"),
)
DATES = (None, "2024", "2025-01", "2025-01-28", "2025-04-08", "2027-03-01")
OTHERS = tuple(UUID(int=n) for n in (11, 12, 13))
REASONS = ("because", "a mistake was found", None)


def _id(random: Random, held: list[int]) -> int:
    """The number of one of them, or now and then one that isn't there."""
    return random.choice([*held, *held, *held, 99]) if held else random.choice([1, 2, 99])


def _part(r: Recommendation, random: Random) -> str | None:
    return random.choice([None, None, *(part.id for part in r.parts), "9"])


def _correction(r: Recommendation, random: Random) -> dict[str, Any]:
    corrections: list[dict[str, Any]] = [
        {"text": text(*(f"words {random.randint(1, 3)}" for _ in r.parts))},
        {"parts": parts(len(r.parts), random.choice(["FRA", "LTU"]))},
        {"parts": parts(2), "text": text("one", "two")},
        {"parts": parts(3)},
        {},
    ]
    return random.choice(corrections)


ANY: dict[str, Callable[[Recommendation, Random], Act]] = {
    "add-text": lambda r, x: added(
        text(*(f"texte {x.randint(1, 3)}" for _ in r.parts), language=x.choice(["fr", "es", "en"]))
    ),
    "correct": lambda r, x: corrected(x.choice(REASONS), **_correction(r, x)),
    "strike": lambda r, x: struck(
        _id(
            x,
            [held.version for held in (*r.positions, *r.plans, *r.covers, *r.assessments)]
            + r.declared
            + r.reported,
        ),
        x.choice(REASONS),
    ),
    "renumber": lambda r, x: renumbered(x.choice(["140.1", "140.10", "141.2"])),
    "identify": lambda r, x: identified(x.choice(["u-1", "u-2"]), x.choice(["uhri", "un"])),
    "withdraw-alias": lambda r, x: unnamed(x.choice(["u-1", "u-2"]), x.choice(REASONS)),
    "cover": lambda r, x: covered(x.choice(OTHERS)),
    "classify": lambda r, x: classified(*x.sample(THEMES, x.randint(1, 3))),
    "declassify": lambda r, x: declassified(*x.sample(THEMES, 1)),
    "take-position": lambda r, x: answered(
        x.choice(list(Answer)),
        x.choice(DATES),
        part=_part(r, x),
        instrument=x.choice(["Add.1", "mid-term"]),
    ),
    "defer-position": lambda r, x: deferred(x.choice([None, "2025-06-30", "2025-02-30"])),
    "comment": lambda r, x: commented(),
    "select-for-follow-up": lambda r, x: selected(due=x.choice([None, "2026", "soon"])),
    "offer-assignment": lambda r, x: offered(x.choice(INSTITUTIONS), part=_part(r, x)),
    "decree-assignment": lambda r, x: decreed(
        x.choice(INSTITUTIONS), part=_part(r, x), on=x.choice(DATES)
    ),
    "accept-assignment": lambda r, x: accepted(_id(x, [a.id for a in r.assignments])),
    "decline-assignment": lambda r, x: declined(
        _id(x, [a.id for a in r.assignments]), x.choice(REASONS)
    ),
    "lapse-assignment": lambda r, x: lapsed(_id(x, [a.id for a in r.assignments])),
    "hand-over-assignment": lambda r, x: handed_over(
        _id(x, [a.id for a in r.assignments]), x.choice(INSTITUTIONS)
    ),
    "end-assignment": lambda r, x: ended(_id(x, [a.id for a in r.assignments]), x.choice(REASONS)),
    "plan": lambda r, x: planned(part=_part(r, x)),
    "draft-progress": lambda r, x: drafted(
        x.choice([None, _id(x, [p.id for p in r.progress])]), part=_part(r, x)
    ),
    "clear-progress": lambda r, x: cleared(
        _id(x, [p.id for p in r.progress if p.status == "drafted"])
    ),
    "publish-progress": lambda r, x: published(
        _id(x, [p.id for p in r.progress if p.status == "cleared"])
    ),
    "assess": lambda r, x: assessed(
        x.choice(["A", "C", "D", "Z"]),
        assessor=x.choice(["Human Rights Committee", "an NHRI"]),
        document=x.choice(["CCPR/C/130/2", "CCPR/C/131/2", None]),
        part=_part(r, x),
        on=x.choice(DATES),
    ),
    "declare-implemented": lambda r, x: declared(part=_part(r, x)),
    "report": lambda r, x: reported(x.choice(["report 2027", " "])),
    "link": lambda r, x: linked(
        x.choice([*OTHERS, r.id]), x.choice(list(LinkType)), x.choice([None, 50, 101])
    ),
    "withdraw-link": lambda r, x: unlinked(_id(x, [k.id for k in r.links]), x.choice(REASONS)),
    "declare-duplicate": lambda r, x: duplicate(x.choice([*OTHERS, r.id])),
    "undo-duplicate": lambda r, x: undone(x.choice(REASONS)),
    "close": lambda r, x: closed(x.choice(REASONS)),
    "reopen": lambda r, x: reopened(x.choice(REASONS)),
    "continue": lambda r, x: continued(x.choice([3, 5, 6])),
    "suspend": lambda r, x: suspended(
        x.choice(REASONS), x.choice([None, "2030-01-31"]), on=x.choice(DATES)
    ),
    "resume": lambda r, x: resumed(x.choice(REASONS), on=x.choice(DATES)),
    "extend-deadline": lambda r, x: extended(
        x.choice([*(held.deadline for held in r.deadlines), "nothing"]),
        x.choice(["2026-05-05", "2031-01-31", "2031"]),
        x.choice(REASONS),
    ),
}
"""One maker a step: an act that fits the recommendation, or now and then one that doesn't."""


ANY_BESIDE: dict[str, Callable[[Recommendation, Random], Act]] = {
    "claim-task": lambda r, x: claimed(_task(r, x), institution=x.choice(["mfa", "labour"])),
    "release-task": lambda r, x: released(_task(r, x), x.choice(["mfa", "labour"])),
    "delegate-task": lambda r, x: delegated(_task(r, x), x.choice(["p-1", "p-2"])),
    "give-approval": lambda r, x: approved(x.choice(["plan", "close"])),
    "remark": lambda r, x: remarked("ask the ministry"),
}
"""One maker for each step beside the procedure that people take."""


def _task(r: Recommendation, random: Random) -> str:
    return random.choice([*(held.task for held in r.tasks), "nothing"])


def any_act(r: Recommendation, random: Random) -> Act:
    """Any step at all, open or not."""
    return ANY[random.choice(list(ANY))](r, random)


def any_open_act(r: Recommendation, random: Random) -> Act:
    """Any step that the procedure allows now; what it says may still be refused. A case that rests
    is mostly taken up again before long."""
    open_now = SHIPPED.open_steps(r)
    if "resume" in open_now and random.random() < 0.7:
        return resumed()
    return ANY[random.choice(open_now)](r, random)


def alias(paragraph: str, symbol: str = "A/HRC/59/15") -> Alias:
    return Alias(scheme="un", value=symbol, paragraph=paragraph)


# --- Any history, of any aggregate ---------------------------------------------------------------

ADDRESSEES = ("SVN", "FRA")
FILES = tuple(UUID(int=n) for n in (31, 32))
RUNS = tuple(UUID(int=n) for n in (41, 42, 43))
LANGUAGES = {
    "en": ("Ratify the convention", "Report on torture, 140.1"),
    "fr": ("Ratifier la convention", "Prévenir la torture"),
    "es": ("Ratificar el convenio", "Prevenir la tortura"),
    "ru": ("Ратифицировать конвенцию", "Предотвращать пытки"),
    "ar": ("التصديق على الاتفاقية", "منع التعذيب"),
    "zh": ("批准公约", "防止酷刑"),
}
"""Language → what is asked for in it: that a convention be ratified, that torture be prevented."""


def any_stamp(random: Random) -> Stamp:
    """Anybody's, of any visibility and date; mostly it gives a reason."""
    return stamp(
        f"c-{random.randrange(10**6)}",
        on=random.choice(DATES),
        reason=random.choice(["because", "a mistake was found", None]),
        visibility=random.choice([*Visibility, Visibility.PUBLIC]),
        institution=random.choice(["mfa", *INSTITUTIONS]),
        batch=random.choice([None, *RUNS]),
    )


class Beside(NamedTuple):
    """An aggregate beside the recommendation: how its entries add up, how the `n`th of an addressee
    begins, and what may be done with it; now and then it is refused."""

    fold: Callable[..., Any]
    begin: Callable[[Stamp, Random, str, int], tuple[UUID, Event]]
    acts: tuple[Callable[[Any, Stamp, Random], Event], ...]
    of_nobody: bool = False


def _others(x: Random) -> list[RecommendationId]:
    return [RecommendationId(id) for id in x.sample(OTHERS, x.randint(1, 3))]


def _names(x: Random) -> list[InstitutionName]:
    languages = x.sample(["en", "sl"], x.randint(1, 2))
    return [InstitutionName(language=tag, text=f"Ministry {x.randint(1, 3)}") for tag in languages]


def _measure_texts(x: Random) -> tuple[MeasureText, ...]:
    some = x.sample(list(LANGUAGES), x.randint(1, 2))
    return tuple(MeasureText(language=tag, title=x.choice(LANGUAGES[tag])) for tag in some)


def _assigned(x: Random) -> tuple[str, tuple[str, ...]]:
    lead, *supporting = x.sample(INSTITUTIONS, x.randint(1, 2))
    return lead, tuple(supporting)


def _version(s: Stamp, x: Random, name: str, known: Any = None) -> Event:
    content = VersionContent(
        name=name,
        version=x.choice(["2014", "2019", "2025"]),
        title=(VocabularyLabel(language="en", text="Themes"),),
        terms=tuple(VocabularyTerm(code=code) for code in ("A12", "B31")),
        source="a list",
        sha256="ab" * 32,
    )
    return vocabulary.publish(s, content, known)


def _mapping(x: Random) -> TermMapping:
    one, other = x.sample(["2014", "2019", "2025"], 2)
    relation = x.choice(list(MappingRelation))
    return TermMapping(
        from_version=one, from_code="A12", to_version=other, to_code="B31", relation=relation
    )


def _adopted(held: Any, s: Stamp, x: Random) -> Event:
    sha256 = x.choice(["ab", "cd"]) * 32
    mechanisms = tuple(x.sample(list(Mechanism), x.randint(0, 2)))
    kind = x.choice(list(Kind))
    is_of_cases = kind is Kind.PLEDGE
    return adoptions.adopt(
        s,
        held,
        sha256=sha256,
        name="own",
        mechanisms=() if is_of_cases else mechanisms,
        kinds=() if is_of_cases else (kind,),
        aggregates=("measure",) if is_of_cases else (),
    )


def _calendar(held: Any, s: Stamp, x: Random) -> Event:
    return calendar.set_calendar(
        s,
        held,
        timezone=x.choice(["Europe/Ljubljana", "Pacific/Apia"]),
        subdivision=x.choice([None, "BY"]),
        days_off=[
            calendar.DayOff(day=day, name="bridge")
            for day in x.sample(["2025-12-24", "2026-01-02"], x.randint(0, 2))
        ],
        working_days=x.choice([(), ("2025-12-27",)]),
        weekend=x.choice([(), (6, 5)]),
    )


def _absence(held: Any, s: Stamp, x: Random) -> Event:
    away, instead = x.sample(["p-1", "p-2", "p-3"], 2)
    since = x.choice(["2026-01-01", "2026-08-03"])
    until = x.choice(["2026-08-31", "2027-12-24"])
    return absence.declare(s, held, absent=away, substitute=instead, since=since, until=until)


def _erased(s: Stamp, x: Random) -> Event:
    return erasure.TextsErased(
        stamp=s,
        erased_entry=x.randint(0, 99),
        erased_stream=x.choice(OTHERS),
        erased_version=x.randint(1, 9),
        written_by=x.choice(INSTITUTIONS),
        commitments=(f"{x.getrandbits(256):064x}",),
    )


def _refused(held: Any, s: Stamp, x: Random) -> Event:
    raise AlreadySo("what is published stays as it is")


BESIDE: dict[str, Beside] = {
    "review": Beside(
        review.fold,
        lambda s, x, whose, n: review.open_review(
            s,
            addressee=whose,
            mechanism=(mechanism := x.choice([Mechanism.UPR, Mechanism.TREATY_BODY])),
            body="UPR" if mechanism is Mechanism.UPR else "CRC",
            cycle=n % 6 + 1 if mechanism is Mechanism.UPR else None,
            round=None if mechanism is Mechanism.UPR else n % 6 + 1,
        ),
        (
            lambda r, s, x: r.schedule(s, session=x.choice(["48", None]), answers_due="2025-06"),
            lambda r, s, x: r.add_document(
                s, ReviewDocument(kind=DocumentKind.ADDENDUM, symbol=x.choice(["A/1", "a/1", "B"]))
            ),
            lambda r, s, x: r.adopt(s, decision=x.choice([None, "A/HRC/DEC/59/112"])),
            lambda r, s, x: r.close(s),
            lambda r, s, x: r.reopen(s),
        ),
    ),
    "measure": Beside(
        measure.fold,
        lambda s, x, whose, n: measure.propose(
            s,
            whose,
            code=f"{n % 6 + 1}",
            kind=x.choice(list(MeasureKind)),
            texts=_measure_texts(x),
            plan=x.choice([None, "nap"]),
            ends=x.choice([None, "2030", "2030-06"]),
        ),
        (
            lambda m, s, x: revise(
                m, s, texts=_measure_texts(x), preventive=x.choice([None, True])
            ),
            lambda m, s, x: course.adopt(m, s),
            lambda m, s, x: course.adopt(m, s),
            lambda m, s, x: assign(m, s, *_assigned(x)),
            lambda m, s, x: assign(m, s, *_assigned(x)),
            lambda m, s, x: course.start(m, s),
            lambda m, s, x: course.delay(m, s, x.choice([None, "2031"])),
            lambda m, s, x: course.reschedule(
                m, s, x.choice([None, "2029"]), x.choice(["2031", "2032"])
            ),
            lambda m, s, x: course.complete(m, s, x.choice([None, _said()])),
            lambda m, s, x: course.abandon(m, s),
            lambda m, s, x: course.reopen(m, s),
            lambda m, s, x: links.link(m, s, x.choice(_others(x)), _said()),
            lambda m, s, x: links.link(m, s, x.choice(_others(x)), _said()),
            lambda m, s, x: links.withdraw(m, s, x.choice([link.id for link in m.links] or [0])),
            lambda m, s, x: links.withdraw(m, s, x.choice([link.id for link in m.links] or [0])),
            lambda m, s, x: course.strike(
                m,
                s,
                CorrectionKind.ENTERED_IN_ERROR,
                x.choice([turn.version for turn in m.turns] or [0]),
            ),
            lambda m, s, x: suspension.suspend(m, s),
            lambda m, s, x: suspension.resume(m, s),
            lambda m, s, x: suspension.resume(m, s),
            lambda m, s, x: remark(m, s, _said()),
        ),
    ),
    "institution": Beside(
        institution.fold,
        lambda s, x, whose, n: institution.register_institution(
            s, addressee=whose, code=[*INSTITUTIONS, "social"][n % 4], names=_names(x)
        ),
        (
            lambda i, s, x: i.rename(s, _names(x)),
            lambda i, s, x: i.rename(s, _names(x)),
            lambda i, s, x: i.change_parent(s, x.choice(["government", None])),
            lambda i, s, x: i.change_parent(s, x.choice(["government", "cabinet"])),
            lambda i, s, x: i.transfer_competence(
                s, x.choice(INSTITUTIONS), "equality", x.sample(THEMES, x.randint(0, 2))
            ),
            lambda i, s, x: i.merge(s, x.choice(INSTITUTIONS)),
            lambda i, s, x: i.split(s, x.sample(INSTITUTIONS, 2)),
            lambda i, s, x: i.abolish(s),
        ),
    ),
    "progress-report": Beside(
        progress_report.fold,
        lambda s, x, whose, n: progress_report.draft_report(
            s, id=UUID(int=x.getrandbits(64)), title="2027", covers=_others(x), narrative=_said()
        ),
        (
            lambda r, s, x: r.redraft(s, covers=_others(x), narrative=x.choice([None, _said()])),
            lambda r, s, x: r.clear(s),
            lambda r, s, x: r.publish(s, _said(), title=x.choice([None, "2028"])),
            lambda r, s, x: r.attach_evidence(s, x.choice(FILES)),
            lambda r, s, x: r.remove_evidence(s, x.choice(FILES)),
            lambda r, s, x: r.withdraw(s),
        ),
    ),
    "file": Beside(
        stored_file.fold,
        lambda s, x, whose, n: stored_file.store_file(
            s,
            id=UUID(int=x.getrandbits(64)),
            media_type="application/pdf",
            size=x.randint(1, 9_999),
            name="report.pdf",
            digest="cd" * 32,
        ),
        (lambda f, s, x: f.erase(s),),
    ),
    "import-run": Beside(
        import_run.fold,
        lambda s, x, whose, n: import_run.start_import(
            s,
            id=UUID(int=x.getrandbits(64)),
            format="ohchr-matrix",
            parser_version=1,
            file_sha256="ef" * 32,
            file_size=x.randint(1, 9_999),
        ),
        (
            lambda r, s, x: r.complete(
                s,
                [ImportCount(name="rows", value=x.randint(0, 9))],
                unreadable=[ImportNote(row=3, reason="NO_TEXT", message="no text", printed="-")],
                missing=x.randint(0, 2),
            ),
            lambda r, s, x: r.fail(s, "UNAVAILABLE", "the disk is full"),
        ),
    ),
    "match": Beside(
        match.fold,
        lambda s, x, whose, n: match.propose_match(
            s,
            addressee=whose,
            scheme=x.choice(["uhri", "upr-info"]),
            key=f"row {n}",
            text="Ratify",
            language="en",
            candidates=[MatchCandidate(recommendation=id, score=80) for id in _others(x)],
        ),
        (
            lambda m, s, x: m.make(s, _others(x)[0], AssertedHow.PERSON, x.choice([None, 90])),
            lambda m, s, x: m.refuse(s),
            lambda m, s, x: m.withdraw(s),
        ),
    ),
    "vocabulary": Beside(
        vocabulary.fold,
        lambda s, x, whose, n: (
            vocabulary.stream(name := f"themes-{'abc'[n % 3]}"),
            _version(s, x, name),
        ),
        (
            lambda v, s, x: _version(s, x, v.name, v),
            lambda v, s, x: v.map(s, [_mapping(x)]),
        ),
        of_nobody=True,
    ),
    "definition": Beside(
        workflow_definition.fold,
        lambda s, x, whose, n: workflow_definition.publish(
            s, addressee=whose, name=f"own-{n}", canonical=f'{{"name":"own-{n}"}}'
        ),
        (_refused,),
    ),
    "procedure": Beside(
        adoptions.fold,
        lambda s, x, whose, n: (adoptions.adoptions_id(whose), _adopted(None, s, x)),
        (_adopted,),
    ),
    "calendar": Beside(
        calendar.fold,
        lambda s, x, whose, n: (calendar.calendar_id(whose), _calendar(None, s, x)),
        (_calendar,),
    ),
    "absence": Beside(
        absence.fold,
        lambda s, x, whose, n: (absence.absences_id(whose, "labour"), _absence(None, s, x)),
        (_absence, lambda a, s, x: a.end(s, x.choice([h.version for h in a.declared] or [9]))),
    ),
    "person": Beside(
        person.fold,
        lambda s, x, whose, n: (
            person.person_id(whose, "labour", f"p-{n}"),
            person.register(s, None, "labour", f"p-{n}"),
        ),
        (
            lambda p, s, x: p.retire(s),
            lambda p, s, x: person.register(s, p, p.institution, p.person),
        ),
    ),
    "texts": Beside(
        erasure.fold,
        lambda s, x, whose, n: (UUID(int=x.getrandbits(64)), _erased(s, x)),
        (lambda e, s, x: _erased(s, x),),
    ),
    "credential": Beside(
        credential.fold,
        lambda s, x, whose, n: (
            UUID(int=x.getrandbits(64)),
            credential.grant(
                s,
                f"{x.getrandbits(256):064x}",
                Holder(role="clerk", institution="mfa", authority=MANDATE, actor="p-1"),
            ),
        ),
        (lambda c, s, x: c.revoke(s),),
        of_nobody=True,
    ),
}
"""Every aggregate beside the recommendation, by the first word of its topics."""


def _said() -> Protected:
    return Protected("a bill is drafted")


def any_beside(random: Random, steps: int) -> list[list[Entry]]:
    """Appends, in order: aggregates beside the recommendation begin, and steps are taken on any."""
    streams: dict[UUID, tuple[Beside, list[Entry]]] = {}
    appends: list[list[Entry]] = []
    for n in range(steps):
        said = any_stamp(random)
        if not streams or random.random() < 0.3:
            of = random.choice(list(BESIDE.values()))
            whose = "" if of.of_nobody else random.choice(ADDRESSEES)
            id, first = of.begin(said, random, whose, n)
            if id in streams:
                continue
            streams[id] = of, [Entry(id, 1, whose, first)]
        else:
            id = random.choice(list(streams))
            of, entries = streams[id]
            try:
                event = random.choice(of.acts)(of.fold(entries), said, random)
            except Refusal:
                continue
            entries.append(Entry(id, len(entries) + 1, entries[0].addressee, event))
        appends.append([streams[id][1][-1]])
    return appends


def any_recommendations(random: Random, streams: int, steps: int) -> list[list[Entry]]:
    """Appends, in order: some recommendations arrive, and then steps are taken on any of them, said
    by anybody, of any visibility."""
    made = [_arrival(random, n) for n in range(1, streams + 1)]
    appends = [list(history.entries) for history in made]
    for _ in range(steps):
        n = random.randrange(streams)
        if random.random() < 0.05:
            it = made[n].it
            said = StepDatum(field="remarks", words=Protected("a vote was held"))
            data = (StepDatum(field="session", value=random.randint(1, 99)), said)
            own = SHIPPED.enter(it, "approve", take_step(it, any_stamp(random), "approve", data))
            made[n] = Given(*made[n].entries, own)
            appends.append([own])
            continue
        it = made[n].it
        if (due := it.next_due) is not None and random.random() < 0.2:
            fired = fire(SHIPPED, it, due, f"timers/{random.randrange(10**6)}")
            made[n] = Given(*made[n].entries, *fired)
            appends.append(fired)
            continue
        beside = random.random()
        if beside < 0.03 and (over := _gone_over(it, random)):
            made[n] = Given(*made[n].entries, over)
            appends.append([over])
            continue
        if beside < 0.1:
            taken = ANY_BESIDE[random.choice(list(ANY_BESIDE))](it, random)
        else:
            taken = any_open_act(it, random)
        who = {
            "on": random.choice(DATES),
            "visibility": random.choice([*Visibility, Visibility.PUBLIC]),
            "institution": random.choice(["mfa", *INSTITUTIONS]),
        }
        outcome = made[n].when(taken._replace(said={**who, **taken.said}))
        if outcome.entry is not None:
            made[n] = Given(*made[n].entries, outcome.entry)
            if appends and random.random() < 0.3:
                appends[-1] = [*appends[-1], outcome.entry]
            else:
                appends.append([outcome.entry])
    return appends


OVER_TO = ("upr", "treaty-body", "special-procedure")
"""Procedures whose states tests/naive.py can tell."""


def _gone_over(it: Recommendation, random: Random) -> Entry | None:
    """Its entry with which it goes over to another procedure that ships, if nothing keeps it."""
    own, other = SHIPPED.of(it), shipped()[random.choice(OVER_TO)]
    kept = {state.id for state in other.definition.states}
    migration = Migration(
        before=own.hash,
        after=other.hash,
        states={state.id: None for state in own.definition.states if state.id not in kept},
        deadlines=random.choice(list(DeadlinePolicy)),
    )
    passage = Passage(migration, own, other)
    try:
        return SHIPPED.migrate(it, passage, passage.event(it, any_stamp(random)))
    except (AlreadySo, NeedsDecision):
        return None


def _arrival(random: Random, n: int) -> Given:
    mechanism = random.choice([Mechanism.UPR, Mechanism.UPR, Mechanism.TREATY_BODY])
    language = random.choice(list(LANGUAGES))
    first = received(
        f"140.{n}",
        mechanism=mechanism,
        wordings=LANGUAGES[language][: random.randint(1, 2)],
        language=language,
        states=tuple(random.sample(["FRA", "LTU", "LVA"], random.randint(0, 2))),
        addressee=random.choice(ADDRESSEES),
        kind=random.choice([Kind.RECOMMENDATION, Kind.RECOMMENDATION, Kind.CONCERN]),
        cycle=random.choice([None, 3, 4]),
        on=random.choice([None, "2014", "2020-01", "2020-01-28"]),
        batch=random.choice([None, *RUNS]),
        visibility=random.choice([*Visibility, *[Visibility.PUBLIC] * 3]),
        institution=random.choice(["mfa", *INSTITUTIONS]),
    )
    return Given(first)


def shuffled(random: Random, *some: Sequence[list[Entry]]) -> list[list[Entry]]:
    """Several histories as one: each keeps its order."""
    turns = [n for n, history in enumerate(some) for _ in history]
    random.shuffle(turns)
    each = [iter(history) for history in some]
    return [next(each[n]) for n in turns]


def any_history(random: Random, streams: int, steps: int) -> list[list[Entry]]:
    """Appends, in order, of every aggregate there is."""
    recommendations = any_recommendations(random, streams, steps)
    return shuffled(random, recommendations, any_beside(random, steps))
