"""Words for tests of the domain: given a history, when a step is taken, then these facts.

    given(received(), noted()).when(decreed("labour")).then(AssignmentDecreed)
    given(received()).when(planned()).refuses(StepNotOpen)

Every step goes through the procedure and the desk's `enter`, as it does in the application. The
acts below say what a step says in most tests; `ANY` holds one maker a step, for random walks.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

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
from domain.events import (
    Alias,
    Part,
    PartText,
    RecommendationEvent,
    Recommender,
    Term,
    Text,
)
from domain.recommendation import (
    Recommendation,
    fold,
    receive,
)
from domain.refusals import Refusal
from domain.words import (
    Answer,
    AssertedHow,
    AssessorKind,
    Capacity,
    Closing,
    CorrectionKind,
    Kind,
    LinkType,
    Mechanism,
    Organ,
    ReportKind,
    TextStatus,
)
from workflows import procedure
from workflows.access import Principal, Role
from workflows.desk import Desk, opening

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
) -> Stamp:
    return Stamp(
        command=command,
        speaker=speaker(institution),
        effective=effective(on) if on else Effective(),
        visibility=visibility,
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
    **said: Any,
) -> Entry:
    """The first entry of a recommendation, as the desk records it."""
    id, event = receive(
        stamp(command, **said),
        addressee=addressee,
        kind=kind,
        mechanism=mechanism,
        body="UPR" if mechanism is Mechanism.UPR else "CRC",
        text=text(*wordings),
        parts=parts(len(wordings), *states),
        symbol=symbol,
        paragraph=paragraph,
        cycle=cycle,
        id=id,
    )
    return opening(id, addressee, event)


# --- Given, when, then ---------------------------------------------------------------------------


class Act(NamedTuple):
    """A step as a test takes it: its name, the aggregate's command, what its stamp says."""

    step: str
    command: Callable[[Recommendation, Stamp], RecommendationEvent]
    said: dict[str, Any]


def act(
    step: str, command: Callable[[Recommendation, Stamp], RecommendationEvent], **said: Any
) -> Act:
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
            procedure.check(r, taken.step)
            said = stamp(f"c-{r.version + 1}", **taken.said)
            entry = Desk.enter(r, taken.step, taken.command(r, said))
        except Refusal as refusal:
            return Outcome(self.entries, None, refusal)
        return Outcome(self.entries, entry, None)


def given(first: Entry, *acts: Act) -> Given:
    """A recommendation that was received, and the steps taken on it since; all must be open."""
    history = Given(first)
    for taken in acts:
        history = history.when(taken).then(RecommendationEvent)
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
        lambda r, s: r.take_position(s, answer, organ=Organ.ADDENDUM, instrument=instrument),
        on=on,
        **said,
    )


def supported(on: str | None = "2025-04-08", **said: Any) -> Act:
    return answered(Answer.SUPPORTED, on, **said)


def noted(on: str | None = "2025-04-08", **said: Any) -> Act:
    return answered(Answer.NOTED, on, **said)


def offered(assignee: str = "labour", **said: Any) -> Act:
    return act(
        "offer-assignment",
        lambda r, s: r.offer_assignment(s, assignee, Capacity.LEAD, answer_due="2025-09-01"),
        **said,
    )


def decreed(assignee: str = "labour", capacity: Capacity = Capacity.LEAD, **said: Any) -> Act:
    return act("decree-assignment", lambda r, s: r.decree_assignment(s, assignee, capacity), **said)


def accepted(id: int) -> Act:
    return act("accept-assignment", lambda r, s: r.accept_assignment(s, id))


def declined(id: int, reason: str | None = "not our competence") -> Act:
    return act("decline-assignment", lambda r, s: r.decline_assignment(s, id), reason=reason)


def lapsed(id: int) -> Act:
    return act("lapse-assignment", lambda r, s: r.lapse_assignment(s, id))


def ended(id: int, reason: str | None = "the ministry was abolished") -> Act:
    return act("end-assignment", lambda r, s: r.end_assignment(s, id), reason=reason)


def handed_over(id: int, to: str) -> Act:
    return act("hand-over-assignment", lambda r, s: r.hand_over_assignment(s, id, to))


def planned(**said: Any) -> Act:
    return act(
        "plan",
        lambda r, s: r.plan(s, Protected("a new law"), starts="2025", ends="2026-06"),
        **said,
    )


def drafted(report: int | None = None, narrative: str = "a bill is drafted", **said: Any) -> Act:
    return act(
        "draft-progress",
        lambda r, s: r.draft_progress(s, Protected(narrative), report=report),
        **said,
    )


def cleared(report: int) -> Act:
    return act("clear-progress", lambda r, s: r.clear_progress(s, report))


def published(report: int, narrative: str = "a bill is before parliament") -> Act:
    return act("publish-progress", lambda r, s: r.publish_progress(s, report, Protected(narrative)))


def declared(**said: Any) -> Act:
    return act(
        "declare-implemented", lambda r, s: r.declare_implemented(s, Protected("it is law")), **said
    )


def reported(document: str = "mid-term report 2027", **said: Any) -> Act:
    return act("report", lambda r, s: r.report(s, ReportKind.MID_TERM, document), **said)


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
        lambda r, s: r.assess(s, kind, assessor, scheme, version, grade, Protected("found so")),
        document=document,
        **said,
    )


def struck(version: int, reason: str | None = "entered for the wrong paragraph") -> Act:
    return act(
        "strike",
        lambda r, s: r.strike(s, CorrectionKind.ENTERED_IN_ERROR, version),
        reason=reason,
    )


def corrected(reason: str | None = "a slip", **what: Any) -> Act:
    return act("correct", lambda r, s: r.correct(s, CorrectionKind.CLERICAL, **what), reason=reason)


def added(wording: Text) -> Act:
    return act("add-text", lambda r, s: r.add_text(s, wording))


def renumbered(paragraph: str, symbol: str = "A/HRC/59/15") -> Act:
    return act("renumber", lambda r, s: r.renumber(s, symbol, paragraph))


def identified(value: str, scheme: str = "uhri") -> Act:
    return act("identify", lambda r, s: r.identify(s, scheme, value))


def classified(*terms: Term, how: AssertedHow = AssertedHow.SOURCE, **said: Any) -> Act:
    return act("classify", lambda r, s: r.classify(s, terms, how), **said)


def declassified(*terms: Term) -> Act:
    return act("declassify", lambda r, s: r.declassify(s, terms))


def deferred(due: str | None = "2025-06-30", session: str | None = None) -> Act:
    return act("defer-position", lambda r, s: r.defer_position(s, due, session))


def commented() -> Act:
    return act("comment", lambda r, s: r.comment(s, Protected("the State's view")))


def selected(body: str = "CRC", due: str | None = "2026-05") -> Act:
    return act("select-for-follow-up", lambda r, s: r.select_for_follow_up(s, body, due))


def linked(
    to: UUID, type: LinkType = LinkType.SUCCEEDS, confidence: int | None = 80, **said: Any
) -> Act:
    return act(
        "link",
        lambda r, s: r.link(s, type, RecommendationId(to), AssertedHow.SIMILARITY, confidence),
        **said,
    )


def unlinked(link: int, reason: str | None = "another subject") -> Act:
    return act("withdraw-link", lambda r, s: r.withdraw_link(s, link), reason=reason)


def duplicate(of: UUID) -> Act:
    return act("declare-duplicate", lambda r, s: r.declare_duplicate(s, RecommendationId(of)))


def undone(reason: str | None = "they differ") -> Act:
    return act("undo-duplicate", lambda r, s: r.undo_duplicate(s), reason=reason)


def closed(reason: str | None = "carried out", why: Closing = Closing.CARRIED_OUT) -> Act:
    return act("close", lambda r, s: r.close(s, why), reason=reason)


def reopened(reason: str | None = "the law was repealed") -> Act:
    return act("reopen", lambda r, s: r.reopen(s), reason=reason)


def continued(cycle: int) -> Act:
    return act("continue", lambda r, s: r.continue_into(s, cycle))


def unnamed(value: str, reason: str | None = "not it", scheme: str = "uhri") -> Act:
    alias_ = Alias(scheme=scheme, value=value)
    return act("withdraw-alias", lambda r, s: r.withdraw_alias(s, alias_), reason=reason)


def covered(report: UUID) -> Act:
    return act("cover", lambda r, s: r.cover(s, report))


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
            [held.version for held in (*r.positions, *r.plans, *r.covers)]
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
    "clear-progress": lambda r, x: cleared(_id(x, [p.id for p in r.progress])),
    "publish-progress": lambda r, x: published(_id(x, [p.id for p in r.progress])),
    "assess": lambda r, x: assessed(
        x.choice(["A", "C", "D", "Z"]),
        document=x.choice(["CCPR/C/130/2", None]),
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
}
"""One maker a step: an act that fits the recommendation, or now and then one that doesn't."""


def any_act(r: Recommendation, random: Random) -> Act:
    """Any step at all, open or not."""
    return ANY[random.choice(list(ANY))](r, random)


def any_open_act(r: Recommendation, random: Random) -> Act:
    """Any step that the procedure allows now; what it says may still be refused."""
    return ANY[random.choice(procedure.open_steps(r))](r, random)


def alias(paragraph: str, symbol: str = "A/HRC/59/15") -> Alias:
    return Alias(scheme="un", value=symbol, paragraph=paragraph)
