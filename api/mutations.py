"""Every step as a mutation: short, typed, and named as the procedure names it."""

from __future__ import annotations

from uuid import uuid4

import strawberry
from strawberry import Info

from api.context import Context
from api.derive import enum_type
from api.steps import (
    Circumstances,
    StepInput,
    StepPayload,
    answer,
    circumstances,
    command,
    other,
    protected,
    required,
    step,
)
from domain import events
from domain import recommendation as domain
from domain.entry import RecommendationId, Visibility
from domain.events import Text
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
from workflows import commands

Request = Info[Context, None]

# --- Inputs --------------------------------------------------------------------------------------


@strawberry.input(description="One part of a paragraph: its text, and the States that made it.")
class PartInput:
    text: str
    recommending_states: list[str] = strawberry.field(
        default_factory=list, description="Names as printed."
    )


@strawberry.input
class ReceiveRecommendationInput(Circumstances):
    addressee: str = strawberry.field(description="Code of the State or other addressee.")
    mechanism: enum_type(Mechanism)  # type: ignore[valid-type]
    body: str = strawberry.field(description="The body that made it, such as UPR or CEDAW.")
    language: str
    parts: list[PartInput]
    kind: enum_type(Kind) = Kind.RECOMMENDATION  # type: ignore[valid-type]
    symbol: str | None = None
    paragraph: str | None = None
    cycle: int | None = None
    session: str | None = None
    visibility: enum_type(Visibility) = Visibility.PUBLIC  # type: ignore[valid-type]


@strawberry.input
class AddTextInput(StepInput):
    language: str
    texts: list[str] = strawberry.field(description="One for each part, in order.")
    status: enum_type(TextStatus) = TextStatus.TRANSLATION  # type: ignore[valid-type]


@strawberry.input
class CorrectRecommendationInput(StepInput):
    correction: enum_type(CorrectionKind)  # type: ignore[valid-type]
    language: str
    parts: list[PartInput] = strawberry.field(
        description="All parts as they should read; without recommending States those stay."
    )


@strawberry.input
class StrikeEntryInput(StepInput):
    correction: enum_type(CorrectionKind)  # type: ignore[valid-type]
    version: int = strawberry.field(description="The version of the entry to strike.")


@strawberry.input
class RenumberRecommendationInput(StepInput):
    symbol: str
    paragraph: str


@strawberry.input
class IdentifyRecommendationInput(StepInput):
    scheme: str = strawberry.field(description="Whose id it is: national, uhri, …")
    value: str


@strawberry.input
class WithdrawAliasInput(StepInput):
    scheme: str
    value: str


@strawberry.input
class TermInput:
    vocabulary: str = strawberry.field(description="theme, sdg, affected-persons, action, …")
    version: str
    label: str
    code: str | None = None


@strawberry.input
class ClassifyRecommendationInput(StepInput):
    terms: list[TermInput]
    how: enum_type(AssertedHow) = AssertedHow.PERSON  # type: ignore[valid-type]


@strawberry.input
class DeclassifyRecommendationInput(StepInput):
    terms: list[TermInput]


@strawberry.input
class PositionInput(StepInput):
    organ: enum_type(Organ)  # type: ignore[valid-type]
    instrument: str | None = strawberry.field(
        default=None, description="Symbol of the document it is expressed in."
    )
    printed: str | None = strawberry.field(default=None, description="The wording, as printed.")
    in_part: bool = False
    published: str | None = strawberry.field(default=None, description="When it was published.")
    adopted: str | None = strawberry.field(
        default=None, description="When the outcome was adopted."
    )
    comment: str | None = strawberry.field(default=None, description="The State's comment.")


@strawberry.input
class AcceptRecommendationInput(PositionInput):
    said_already_implemented: bool = strawberry.field(
        default=False, description="The State says it is implemented already: its claim."
    )


@strawberry.input
class NoteRecommendationInput(PositionInput):
    pass


@strawberry.input
class DeferPositionInput(StepInput):
    due: str | None = None
    session: str | None = None


@strawberry.input
class CommentOnRecommendationInput(StepInput):
    comment: str


@strawberry.input
class SelectForFollowUpInput(StepInput):
    body: str
    due: str | None = None


@strawberry.input
class AssignRecommendationInput(StepInput):
    institution: str
    capacity: enum_type(Capacity) = Capacity.LEAD  # type: ignore[valid-type]
    instrument: str | None = strawberry.field(
        default=None, description="The decree or decision, by name."
    )


@strawberry.input
class OfferAssignmentInput(AssignRecommendationInput):
    answer_due: str | None = None


@strawberry.input
class AssignmentInput(StepInput):
    assignment: int = strawberry.field(description="The assignment's id.")


@strawberry.input
class HandOverAssignmentInput(AssignmentInput):
    to: str = strawberry.field(description="The institution that takes it over.")
    instrument: str | None = None


@strawberry.input
class PlanImplementationInput(StepInput):
    measures: str
    plan: str | None = strawberry.field(default=None, description="In which plan, by name.")
    starts: str | None = None
    ends: str | None = None


@strawberry.input
class ReportProgressInput(StepInput):
    narrative: str
    report: int | None = strawberry.field(
        default=None, description="The unpublished report this draft takes the place of."
    )
    period_from: str | None = None
    period_to: str | None = None


@strawberry.input
class ClearProgressInput(StepInput):
    report: int


@strawberry.input
class PublishProgressInput(StepInput):
    report: int
    narrative: str = strawberry.field(description="The words to publish.")
    period_from: str | None = None
    period_to: str | None = None


@strawberry.input
class AssessRecommendationInput(StepInput):
    assessor_kind: enum_type(AssessorKind)  # type: ignore[valid-type]
    assessor: str
    scheme: str
    scheme_version: str
    grade: str
    finding: str | None = None


@strawberry.input
class DeclareImplementedInput(StepInput):
    statement: str | None = None


@strawberry.input
class ReportRecommendationInput(StepInput):
    report: enum_type(ReportKind)  # type: ignore[valid-type]
    document: str = strawberry.field(description="The report's symbol or name.")


@strawberry.input
class LinkRecommendationInput(StepInput):
    type: enum_type(LinkType)  # type: ignore[valid-type]
    to: strawberry.ID = strawberry.field(description="The earlier recommendation.")
    how: enum_type(AssertedHow) = AssertedHow.PERSON  # type: ignore[valid-type]
    confidence: int | None = strawberry.field(default=None, description="In per cent.")


@strawberry.input
class WithdrawLinkInput(StepInput):
    link: int


@strawberry.input
class DeclareDuplicateInput(StepInput):
    of: strawberry.ID


@strawberry.input
class CloseRecommendationInput(StepInput):
    closing: enum_type(Closing)  # type: ignore[valid-type]


@strawberry.input
class ContinueRecommendationInput(StepInput):
    cycle: int


# --- Steps ---------------------------------------------------------------------------------------


@strawberry.type
class RecommendationMutation:
    @strawberry.mutation(
        description="Records a recommendation that arrived by other ways than a file."
    )
    def receive_recommendation(
        self, info: Request, input: ReceiveRecommendationInput
    ) -> StepPayload:
        context = info.context

        def begin() -> tuple[RecommendationId, events.Received]:
            parts, texts = commands.parts_of(_parts(input.parts))
            id, event = domain.receive(
                circumstances(context, input, input.visibility),
                addressee=input.addressee,
                kind=input.kind,
                mechanism=input.mechanism,
                body=input.body,
                text=Text(language=input.language, status=TextStatus.OFFICIAL, parts=texts),
                parts=parts,
                symbol=input.symbol,
                paragraph=input.paragraph,
                cycle=input.cycle,
                session=input.session,
                id=None if input.symbol and input.paragraph else uuid4(),
            )
            return RecommendationId(id), event

        return answer(
            context,
            lambda: context.service.desk.receive(
                context.principal,
                command(context, "receive", input),
                input.addressee,
                begin,
                context.service.find_bearers,
            ),
        )

    @strawberry.mutation(description="Adds a text in a further language, or a better one.")
    def add_text(self, info: Request, input: AddTextInput) -> StepPayload:
        return step(
            info.context,
            "add-text",
            input,
            lambda r, stamp: commands.add_text(
                r, stamp, input.language, tuple(input.texts), input.status
            ),
        )

    @strawberry.mutation(description="Puts a text or its parts right; needs a reason.")
    def correct_recommendation(
        self, info: Request, input: CorrectRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "correct",
            input,
            lambda r, stamp: commands.correct(
                r, stamp, input.correction, input.language, _parts(input.parts)
            ),
        )

    @strawberry.mutation(
        description="Strikes an entry that should not have been made; it stays in the history."
    )
    def strike_entry(self, info: Request, input: StrikeEntryInput) -> StepPayload:
        return step(
            info.context,
            "strike",
            input,
            lambda r, stamp: r.strike(stamp, input.correction, input.version),
        )

    @strawberry.mutation(description="Records a new symbol or number; the old stays an alias.")
    def renumber_recommendation(
        self, info: Request, input: RenumberRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "renumber",
            input,
            lambda r, stamp: r.renumber(stamp, input.symbol, input.paragraph),
        )

    @strawberry.mutation(description="Records another system's id, or a national reference.")
    def identify_recommendation(
        self, info: Request, input: IdentifyRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "identify",
            input,
            lambda r, stamp: r.identify(stamp, input.scheme, input.value),
        )

    @strawberry.mutation(
        description="Takes back another system's id that is not its own; needs a reason."
    )
    def withdraw_alias(self, info: Request, input: WithdrawAliasInput) -> StepPayload:
        return step(
            info.context,
            "withdraw-alias",
            input,
            lambda r, stamp: commands.withdraw_alias(r, stamp, input.scheme, input.value),
        )

    @strawberry.mutation(description="Says that terms of vocabularies fit.")
    def classify_recommendation(
        self, info: Request, input: ClassifyRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "classify",
            input,
            lambda r, stamp: r.classify(stamp, read_terms(input.terms), input.how),
        )

    @strawberry.mutation(description="Says that terms fit no longer.")
    def declassify_recommendation(
        self, info: Request, input: DeclassifyRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "declassify",
            input,
            lambda r, stamp: r.declassify(stamp, read_terms(input.terms)),
        )

    @strawberry.mutation(
        description="The State accepts it: in the words of UN documents, it supports it."
    )
    def accept_recommendation(self, info: Request, input: AcceptRecommendationInput) -> StepPayload:
        return _position(info.context, input, Answer.SUPPORTED, input.said_already_implemented)

    @strawberry.mutation(description="The State notes it. It stays in the workflow all the same.")
    def note_recommendation(self, info: Request, input: NoteRecommendationInput) -> StepPayload:
        return _position(info.context, input, Answer.NOTED, False)

    @strawberry.mutation(description="The State will answer later.")
    def defer_position(self, info: Request, input: DeferPositionInput) -> StepPayload:
        return step(
            info.context,
            "defer-position",
            input,
            lambda r, stamp: r.defer_position(stamp, input.due, input.session),
        )

    @strawberry.mutation(description="The State comments, where the mechanism knows no position.")
    def comment_on_recommendation(
        self, info: Request, input: CommentOnRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "comment",
            input,
            lambda r, stamp: r.comment(stamp, required(input.comment, "A comment")),
        )

    @strawberry.mutation(description="A committee selected it for follow-up.")
    def select_for_follow_up(self, info: Request, input: SelectForFollowUpInput) -> StepPayload:
        return step(
            info.context,
            "select-for-follow-up",
            input,
            lambda r, stamp: r.select_for_follow_up(stamp, input.body, input.due),
        )

    @strawberry.mutation(description="Assigns it to an institution by decree.")
    def assign_recommendation(self, info: Request, input: AssignRecommendationInput) -> StepPayload:
        return step(
            info.context,
            "decree-assignment",
            input,
            lambda r, stamp: r.decree_assignment(
                stamp, input.institution, input.capacity, input.instrument
            ),
        )

    @strawberry.mutation(description="Offers it to an institution, which accepts or declines.")
    def offer_assignment(self, info: Request, input: OfferAssignmentInput) -> StepPayload:
        return step(
            info.context,
            "offer-assignment",
            input,
            lambda r, stamp: r.offer_assignment(
                stamp, input.institution, input.capacity, input.instrument, input.answer_due
            ),
        )

    @strawberry.mutation(description="The institution accepts what it was offered.")
    def accept_assignment(self, info: Request, input: AssignmentInput) -> StepPayload:
        return step(
            info.context,
            "accept-assignment",
            input,
            lambda r, stamp: r.accept_assignment(stamp, input.assignment),
            assignment=input.assignment,
        )

    @strawberry.mutation(description="The institution declines what it was offered; why?")
    def decline_assignment(self, info: Request, input: AssignmentInput) -> StepPayload:
        return step(
            info.context,
            "decline-assignment",
            input,
            lambda r, stamp: r.decline_assignment(stamp, input.assignment),
            assignment=input.assignment,
        )

    @strawberry.mutation(description="The offer lapsed in silence.")
    def lapse_assignment(self, info: Request, input: AssignmentInput) -> StepPayload:
        return step(
            info.context,
            "lapse-assignment",
            input,
            lambda r, stamp: r.lapse_assignment(stamp, input.assignment),
            assignment=input.assignment,
        )

    @strawberry.mutation(description="The assignment passes to another institution.")
    def hand_over_assignment(self, info: Request, input: HandOverAssignmentInput) -> StepPayload:
        return step(
            info.context,
            "hand-over-assignment",
            input,
            lambda r, stamp: r.hand_over_assignment(
                stamp, input.assignment, input.to, input.instrument
            ),
            assignment=input.assignment,
        )

    @strawberry.mutation(description="The assignment ends; why?")
    def end_assignment(self, info: Request, input: AssignmentInput) -> StepPayload:
        return step(
            info.context,
            "end-assignment",
            input,
            lambda r, stamp: r.end_assignment(stamp, input.assignment),
            assignment=input.assignment,
        )

    @strawberry.mutation(description="Measures are planned.")
    def plan_implementation(self, info: Request, input: PlanImplementationInput) -> StepPayload:
        return step(
            info.context,
            "plan",
            input,
            lambda r, stamp: r.plan(
                stamp, required(input.measures, "A plan"), input.plan, input.starts, input.ends
            ),
        )

    @strawberry.mutation(
        description="Drafts a progress report; confidential until it is published, unless said "
        "otherwise."
    )
    def report_progress(self, info: Request, input: ReportProgressInput) -> StepPayload:
        return step(
            info.context,
            "draft-progress",
            input,
            lambda r, stamp: r.draft_progress(
                stamp,
                required(input.narrative, "A progress report"),
                report=input.report,
                period_from=input.period_from,
                period_to=input.period_to,
            ),
            report=input.report,
        )

    @strawberry.mutation(description="Clears a drafted progress report for publication.")
    def clear_progress(self, info: Request, input: ClearProgressInput) -> StepPayload:
        return step(
            info.context,
            "clear-progress",
            input,
            lambda r, stamp: r.clear_progress(stamp, input.report),
        )

    @strawberry.mutation(description="Publishes a cleared progress report, in the words given.")
    def publish_progress(self, info: Request, input: PublishProgressInput) -> StepPayload:
        return step(
            info.context,
            "publish-progress",
            input,
            lambda r, stamp: r.publish_progress(
                stamp,
                input.report,
                required(input.narrative, "A progress report"),
                input.period_from,
                input.period_to,
            ),
        )

    @strawberry.mutation(
        description="Records somebody's assessment; another's is taken from its document."
    )
    def assess_recommendation(self, info: Request, input: AssessRecommendationInput) -> StepPayload:
        return step(
            info.context,
            "assess",
            input,
            lambda r, stamp: r.assess(
                stamp,
                input.assessor_kind,
                input.assessor,
                input.scheme,
                input.scheme_version,
                input.grade,
                protected(input.finding),
                schemes=info.context.service.desk.procedures.schemes(),
            ),
        )

    @strawberry.mutation(description="The State declares it implemented: its own view.")
    def declare_implemented(self, info: Request, input: DeclareImplementedInput) -> StepPayload:
        return step(
            info.context,
            "declare-implemented",
            input,
            lambda r, stamp: r.declare_implemented(stamp, protected(input.statement)),
        )

    @strawberry.mutation(description="The State reports on it, in a report to a mechanism.")
    def report_recommendation(self, info: Request, input: ReportRecommendationInput) -> StepPayload:
        return step(
            info.context,
            "report",
            input,
            lambda r, stamp: r.report(stamp, input.report, input.document),
        )

    @strawberry.mutation(description="Joins it to an earlier recommendation.")
    def link_recommendation(self, info: Request, input: LinkRecommendationInput) -> StepPayload:
        return step(
            info.context,
            "link",
            input,
            lambda r, stamp: r.link(
                stamp,
                input.type,
                RecommendationId(other(info.context, input.to)),
                input.how,
                input.confidence,
            ),
        )

    @strawberry.mutation(description="Withdraws a link; why?")
    def withdraw_link(self, info: Request, input: WithdrawLinkInput) -> StepPayload:
        return step(
            info.context,
            "withdraw-link",
            input,
            lambda r, stamp: r.withdraw_link(stamp, input.link),
        )

    @strawberry.mutation(description="Declares it a duplicate of another; both histories stay.")
    def declare_duplicate(self, info: Request, input: DeclareDuplicateInput) -> StepPayload:
        return step(
            info.context,
            "declare-duplicate",
            input,
            lambda r, stamp: r.declare_duplicate(
                stamp, RecommendationId(other(info.context, input.of))
            ),
        )

    @strawberry.mutation(description="Undoes the declaration as a duplicate; why?")
    def undo_duplicate(self, info: Request, input: StepInput) -> StepPayload:
        return step(info.context, "undo-duplicate", input, lambda r, stamp: r.undo_duplicate(stamp))

    @strawberry.mutation(description="Closes follow-up, by decision; why?")
    def close_recommendation(self, info: Request, input: CloseRecommendationInput) -> StepPayload:
        return step(info.context, "close", input, lambda r, stamp: r.close(stamp, input.closing))

    @strawberry.mutation(description="Takes follow-up up again; why?")
    def reopen_recommendation(self, info: Request, input: StepInput) -> StepPayload:
        return step(info.context, "reopen", input, lambda r, stamp: r.reopen(stamp))

    @strawberry.mutation(
        description="At a cycle's end: it goes on under its own symbol, by decision."
    )
    def continue_recommendation(
        self, info: Request, input: ContinueRecommendationInput
    ) -> StepPayload:
        return step(
            info.context,
            "continue",
            input,
            lambda r, stamp: r.continue_into(stamp, input.cycle),
        )


def _position(
    context: Context, input: PositionInput, given: Answer, said_already_implemented: bool
) -> StepPayload:
    return step(
        context,
        "take-position",
        input,
        lambda r, stamp: r.take_position(
            stamp,
            given,
            organ=input.organ,
            instrument=input.instrument,
            printed=input.printed,
            in_part=input.in_part,
            said_already_implemented=said_already_implemented,
            published=input.published,
            adopted=input.adopted,
            comment=protected(input.comment),
        ),
    )


def _parts(given: list[PartInput]) -> tuple[commands.PartSaid, ...]:
    return tuple(
        commands.PartSaid(text=part.text, recommending_states=tuple(part.recommending_states))
        for part in given
    )


def read_terms(given: list[TermInput]) -> list[events.Term]:
    """Terms as an input names them."""
    return [
        events.Term(vocabulary=t.vocabulary, version=t.version, label=t.label, code=t.code)
        for t in given
    ]
