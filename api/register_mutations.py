"""Steps on everything that is no recommendation: reviews, institutions, reports, files, matches,
vocabularies, imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

import strawberry
from strawberry import Info

from api.context import Context
from api.derive import enum_type, read_id
from api.inputs import given
from api.joining import shown
from api.kinds import KINDS, RegisterNode
from api.payloads import Payload, answered, refused
from api.register_queries import ImportJob
from api.steps import (
    AuthorityInput,
    BeginInput,
    EntryInput,
    authority_of,
    circumstances,
    command,
    protected,
    required,
)
from domain import (
    institution,
    progress_report,
    review,
    stored_file,
    vocabulary,
)
from domain.aggregates import BY_EVENT, BY_STATE
from domain.entry import (
    Entry,
    Event,
    RecommendationId,
    Stamp,
    Visibility,
    dated,
)
from domain.identity import NAMESPACE
from domain.institution import Institution, InstitutionName
from domain.match import Match
from domain.progress_report import ProgressReport
from domain.recommendation.elements import Term
from domain.refusals import Refusal, within
from domain.review import Review, ReviewDocument
from domain.stored_file import StoredFile
from domain.words import DocumentKind, InstitutionKind, Mechanism
from projections import figures
from projections.recommendations import Where
from workflows import matches, reports, vocabularies
from workflows.access import Principal
from workflows.desk import Desk, Taken
from workflows.importing import Format, Options, authorise_import
from workflows.importing.receipt import read_document_dates
from workflows.visibility import bounds, usual
from workflows.vocabularies import read_skos, read_vocabulary_json

Request = Info[Context, None]
Terms, read_terms = given(tuple[Term, ...])


@strawberry.type(description="What a step led to: entries, or the reasons it was refused.")
class RegisterPayload(Payload):
    node: RegisterNode | None = strawberry.field(
        default=None,
        description="As it stands after the step; null when refused, or when the views took too "
        "long: then it can be read once they have reached logIndex.",
    )


@strawberry.type(description="What closing a review led to, or the reasons it was refused.")
class CloseReviewPayload(RegisterPayload):
    undecided: int | None = strawberry.field(
        default=None,
        description="How many of its recommendations (paragraphs) are still undecided: see "
        "`recommendations(where: {undecided: true, review: …})` and `decideCases`. Null when "
        "refused, or when the views took too long.",
    )


@strawberry.type(
    description="An import that was started, or why it was refused. It records as a run, after the "
    "answer: no entry is here."
)
class ImportPayload(Payload):
    job: ImportJob | None = None
    """The import, to follow by its `uuid`; null where it was refused."""


# --- Inputs --------------------------------------------------------------------------------------


@strawberry.input
class RegisterInput(EntryInput):
    id: strawberry.ID = strawberry.field(description="What the step is about.")
    expected_version: int = strawberry.field(
        description="The version you saw. If it has moved on, the step is refused."
    )
    visibility: enum_type(Visibility) | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Who may read the entry."
    )


@strawberry.input
class OpenReviewInput(BeginInput):
    mechanism: enum_type(Mechanism)  # type: ignore[valid-type]
    body: str
    cycle: int | None = strawberry.field(default=None, description="Of the UPR.")
    round: int | None = strawberry.field(default=None, description="Of any other body.")
    session: str | None = None
    reviewed: str | None = strawberry.field(default=None, description="The day of the dialogue.")


@strawberry.input
class ScheduleReviewInput(RegisterInput):
    session: str | None = None
    reviewed: str | None = None
    """The date of the dialogue: a day, month or year; it stays, if not given."""
    council_session: str | None = None
    """Session of the Human Rights Council that is to adopt the outcome; it stays, if not given."""
    answers_due: str | None = None
    """The day by which the State is to answer; it stays, if not given."""


@strawberry.input
class AddReviewDocumentInput(RegisterInput):
    kind: enum_type(DocumentKind)  # type: ignore[valid-type]
    """Its role in the review, such as the report of the Working Group."""
    symbol: str
    date: str | None = None
    """The date that it bears: a day, month or year."""
    title: str | None = None
    """Its title, as printed."""


@strawberry.input
class AdoptReviewInput(RegisterInput):
    council_session: str | None = None
    """Session of the Human Rights Council that adopted the outcome."""
    decision: str | None = strawberry.field(default=None, description="Symbol of the decision.")


@strawberry.input(description="A name of the institution in one language.")
class NameInput:
    language: str = strawberry.field(description="BCP 47 tag.")
    text: str
    """The institution's name in that language."""


@strawberry.input
class RegisterInstitutionInput(BeginInput):
    code: str = strawberry.field(description="What assignments name; it never changes.")
    names: list[NameInput]
    """One name a language."""
    parent: str | None = None
    """Code of the institution above it; none, if not given."""
    kind: enum_type(InstitutionKind) | None = None  # type: ignore[valid-type]
    """Its place in the State, such as a ministry."""


@strawberry.input
class RenameInstitutionInput(RegisterInput):
    names: list[NameInput]
    """One name a language; names in other languages stay."""


@strawberry.input
class MergeInstitutionInput(RegisterInput):
    into: str = strawberry.field(description="Code of the institution in which it goes on.")


@strawberry.input
class SplitInstitutionInput(RegisterInput):
    into: list[str] = strawberry.field(description="Codes of two or more.")


@strawberry.input
class ChangeParentInput(RegisterInput):
    parent: str | None = None
    """Code of the institution above it from now on; none, if not given."""


@strawberry.input
class TransferCompetenceInput(RegisterInput):
    to: str
    """Code of the institution that receives it."""
    competence: str
    terms: Terms = strawberry.field(  # type: ignore[valid-type]
        default_factory=list, description="By which recommendations about it are found."
    )


@strawberry.input
class DraftReportInput(BeginInput):
    title: str
    """Its heading, which readers see in lists."""
    recommendations: list[strawberry.ID]
    """The ids of those that it covers."""
    narrative: str
    period_from: str | None = None
    period_to: str | None = None


@strawberry.input
class RedraftReportInput(RegisterInput):
    title: str | None = None
    """Its heading; it stays, if not given."""
    recommendations: list[strawberry.ID] | None = None
    """The ids of those that it covers; they stay, if not given."""
    narrative: str | None = None
    period_from: str | None = None
    period_to: str | None = None


@strawberry.input
class PublishReportInput(RegisterInput):
    narrative: str = strawberry.field(description="The words to publish.")
    title: str | None = None
    """Its heading; it stays, if not given."""


@strawberry.input
class EvidenceInput(RegisterInput):
    file: strawberry.ID
    about: strawberry.ID | None = strawberry.field(
        default=None, description="A recommendation that the report covers; null: all of it."
    )


@strawberry.input
class MakeMatchInput(RegisterInput):
    to: strawberry.ID = strawberry.field(description="The recommendation that the row is.")


@strawberry.input
class PublishVocabularyInput(EntryInput):
    file: strawberry.ID = strawberry.field(
        description="An uploaded file: SKOS in Turtle, or our own JSON (docs/vocabularies.md)."
    )
    name: str | None = strawberry.field(default=None, description="What a SKOS file is called.")
    version: str | None = None
    """Name of the new edition; the file's own, if not given."""


@strawberry.input(description="The date of a document, by its symbol.")
class DocumentDateInput:
    symbol: str = strawberry.field(description="As A/HRC/43/15/Add.1.")
    on: str = strawberry.field(description="2020-02-19, 2020-02 or 2020.")


@strawberry.input
class StartImportInput:
    command_id: str = strawberry.field(
        description="Yours to choose. Sent again it gives the import that was started."
    )
    file: strawberry.ID = strawberry.field(description="An uploaded file: `PUT /files`.")
    format: enum_type(Format)  # type: ignore[valid-type]
    """The shape of the file."""
    state: str | None = None
    """Code of the State whose rows are read, where a file has rows of several."""
    all_states: bool = False
    """Reads the rows of every State."""
    cycle: int | None = None
    """The cycle of the UPR, where the file does not say."""
    session: int | None = None
    document: str | None = None
    """UN symbol of the document, where the file does not say."""
    reviewed: str | None = None
    """The date of the dialogue, where the file does not say."""
    document_dates: list[DocumentDateInput] | None = strawberry.field(
        default=None,
        description="Dates of the documents that the file cites. Positions get theirs from them.",
    )
    language: str = "en"
    dry_run: bool = strawberry.field(default=False, description="Record nothing.")
    as_history: AuthorityInput | None = strawberry.field(
        default=None,
        description="By what authority that is recorded as history which the procedure would not "
        "let pass, where its document tells the day; a right of its own, `record-history`.",
    )


# --- Steps ---------------------------------------------------------------------------------------


@strawberry.type
class RegisterMutation:
    # -- reviews

    @strawberry.mutation(description="Opens a review.")
    def open_review(self, info: Request, input: OpenReviewInput) -> RegisterPayload:
        return _begin(
            info.context,
            "open-review",
            input,
            lambda stamp: review.open_review(
                stamp,
                addressee=input.addressee,
                mechanism=input.mechanism,
                body=input.body,
                cycle=input.cycle,
                round=input.round,
                session=input.session,
                reviewed=input.reviewed,
            ),
        )

    @strawberry.mutation(description="Sets sessions and dates of a review.")
    def schedule_review(self, info: Request, input: ScheduleReviewInput) -> RegisterPayload:
        return _one(
            Review,
            info,
            "schedule-review",
            input,
            lambda r, stamp: r.schedule(
                stamp,
                session=input.session,
                reviewed=input.reviewed,
                council_session=input.council_session,
                answers_due=input.answers_due,
            ),
        )

    @strawberry.mutation(description="Adds a document to a review, or puts one right.")
    def add_review_document(self, info: Request, input: AddReviewDocumentInput) -> RegisterPayload:
        document = ReviewDocument(
            kind=input.kind, symbol=input.symbol, date=input.date, title=input.title
        )
        return _one(
            Review,
            info,
            "add-review-document",
            input,
            lambda r, stamp: r.add_document(stamp, document),
        )

    @strawberry.mutation(description="The outcome of a review is adopted; effectiveOn says when.")
    def adopt_review(self, info: Request, input: AdoptReviewInput) -> RegisterPayload:
        return _one(
            Review,
            info,
            "adopt-review",
            input,
            lambda r, stamp: r.adopt(
                stamp, council_session=input.council_session, decision=input.decision
            ),
        )

    @strawberry.mutation(
        description="Closes a review. Its recommendations stay as they are; each open one is then "
        "to be decided."
    )
    def close_review(self, info: Request, input: RegisterInput) -> CloseReviewPayload:
        context = info.context
        closed = _one(Review, info, "close-review", input, lambda r, stamp: r.close(stamp))
        left: int | None = None
        if closed.node is not None:
            where = Where(undecided=True, review=[read_id(input.id, "Review", "review")])
            left = figures.count(context.connection, context.scope, where)
        return CloseReviewPayload(**vars(closed), undecided=left)

    @strawberry.mutation(description="Takes a review up again; needs a reason.")
    def reopen_review(self, info: Request, input: RegisterInput) -> RegisterPayload:
        return _one(Review, info, "reopen-review", input, lambda r, stamp: r.reopen(stamp))

    # -- institutions

    @strawberry.mutation(description="Registers an institution under its code.")
    def register_institution(
        self, info: Request, input: RegisterInstitutionInput
    ) -> RegisterPayload:
        return _begin(
            info.context,
            "register-institution",
            input,
            lambda stamp: institution.register_institution(
                stamp,
                addressee=input.addressee,
                code=input.code,
                names=_names(input.names),
                parent=input.parent,
                kind=input.kind,
            ),
        )

    @strawberry.mutation(description="Gives an institution other names.")
    def rename_institution(self, info: Request, input: RenameInstitutionInput) -> RegisterPayload:
        return _one(
            Institution,
            info,
            "rename-institution",
            input,
            lambda i, s: i.rename(s, _names(input.names)),
        )

    @strawberry.mutation(description="It ends and goes on in another.")
    def merge_institution(self, info: Request, input: MergeInstitutionInput) -> RegisterPayload:
        return _one(
            Institution, info, "merge-institution", input, lambda i, s: i.merge(s, input.into)
        )

    @strawberry.mutation(description="It ends and goes on in several.")
    def split_institution(self, info: Request, input: SplitInstitutionInput) -> RegisterPayload:
        return _one(
            Institution, info, "split-institution", input, lambda i, s: i.split(s, input.into)
        )

    @strawberry.mutation(description="Puts it under another institution.")
    def change_parent(self, info: Request, input: ChangeParentInput) -> RegisterPayload:
        return _one(
            Institution, info, "change-parent", input, lambda i, s: i.change_parent(s, input.parent)
        )

    @strawberry.mutation(
        description="It gives a competence away. Open assignments about it are then listed as "
        "orphaned until somebody decides."
    )
    def transfer_competence(self, info: Request, input: TransferCompetenceInput) -> RegisterPayload:
        return _one(
            Institution,
            info,
            "transfer-competence",
            input,
            lambda i, s: i.transfer_competence(
                s, input.to, input.competence, read_terms(input.terms)
            ),
        )

    @strawberry.mutation(description="It ends. Its open assignments are then listed as orphaned.")
    def abolish_institution(self, info: Request, input: RegisterInput) -> RegisterPayload:
        return _one(Institution, info, "abolish-institution", input, lambda i, s: i.abolish(s))

    # -- reports and evidence

    @strawberry.mutation(description="Drafts a progress report about one or many recommendations.")
    def draft_report(self, info: Request, input: DraftReportInput) -> RegisterPayload:
        context = info.context

        def act(stamp: Stamp) -> tuple[UUID, Event]:
            return progress_report.draft_report(
                stamp,
                id=uuid4(),
                title=input.title,
                covers=_covered(context, input.recommendations, input.addressee),
                narrative=required(input.narrative, "A narrative"),
                period_from=input.period_from,
                period_to=input.period_to,
            )

        return _begin(context, "draft-report", input, act)

    @strawberry.mutation(description="Drafts an unpublished report again.")
    def redraft_report(self, info: Request, input: RedraftReportInput) -> RegisterPayload:
        context, asked = info.context, input.recommendations

        def act(r: ProgressReport, stamp: Stamp) -> Event:
            return r.redraft(
                stamp,
                title=input.title,
                covers=None if asked is None else _covered(context, asked, r.addressee),
                narrative=protected(input.narrative),
                period_from=input.period_from,
                period_to=input.period_to,
            )

        return _one(ProgressReport, info, "redraft-report", input, act)

    @strawberry.mutation(description="Clears a drafted report for publication.")
    def clear_report(self, info: Request, input: RegisterInput) -> RegisterPayload:
        desk, who = _at(info)
        return _one(
            ProgressReport,
            info,
            "clear-report",
            input,
            lambda r, stamp: reports.clear(desk, who, r, stamp),
        )

    @strawberry.mutation(
        description="Publishes a cleared report. Each recommendation it covers says so."
    )
    def publish_report(self, info: Request, input: PublishReportInput) -> RegisterPayload:
        desk, who = _at(info)

        def act(r: ProgressReport, stamp: Stamp) -> Sequence[Entry | Event]:
            narrative = required(input.narrative, "A narrative")
            return reports.publish(desk, who, r, stamp, narrative, input.title)

        return _several(ProgressReport, info, "publish-report", input, act)

    @strawberry.mutation(
        description="Withdraws a report; needs a reason. What it covered no longer counts as "
        "reported on by it."
    )
    def withdraw_report(self, info: Request, input: RegisterInput) -> RegisterPayload:
        desk, who = _at(info)
        return _several(
            ProgressReport,
            info,
            "withdraw-report",
            input,
            lambda r, stamp: reports.withdraw(desk, who, r, stamp),
        )

    @strawberry.mutation(description="Attaches an uploaded file as evidence.")
    def attach_evidence(self, info: Request, input: EvidenceInput) -> RegisterPayload:
        desk, who = _at(info)
        file = read_id(input.file, "StoredFile", "file")
        about = None if input.about is None else RecommendationId(read_id(input.about))
        return _one(
            ProgressReport,
            info,
            "attach-evidence",
            input,
            lambda r, stamp: reports.attach(desk, who, r, stamp, file, about),
        )

    @strawberry.mutation(description="Takes a file from the evidence; needs a reason.")
    def remove_evidence(self, info: Request, input: EvidenceInput) -> RegisterPayload:
        file = read_id(input.file, "StoredFile", "file")
        return _one(
            ProgressReport,
            info,
            "remove-evidence",
            input,
            lambda r, stamp: r.remove_evidence(stamp, file),
        )

    @strawberry.mutation(
        description="Erases an uploaded file's bytes; needs a reason. That it was there stays."
    )
    def erase_file(self, info: Request, input: RegisterInput) -> RegisterPayload:
        payload = _one(
            StoredFile,
            info,
            "erase-file",
            input,
            lambda f, stamp: f.erase(stamp),
        )
        if not payload.errors:
            info.context.service.files.erase(read_id(input.id, "StoredFile", "file"))
        return payload

    # -- matches

    @strawberry.mutation(description="A row of a second source is this recommendation.")
    def make_match(self, info: Request, input: MakeMatchInput) -> RegisterPayload:
        desk, who = _at(info)
        return _several(
            Match,
            info,
            "make-match",
            input,
            lambda m, stamp: matches.make(desk, who, m, stamp, read_id(input.to)),
        )

    @strawberry.mutation(description="The row is none of them; needs a reason.")
    def refuse_match(self, info: Request, input: RegisterInput) -> RegisterPayload:
        return _one(Match, info, "refuse-match", input, lambda m, stamp: m.refuse(stamp))

    @strawberry.mutation(
        description="Takes back what was decided about a row; needs a reason. The name and the "
        "terms it gave to a recommendation go with it."
    )
    def withdraw_match(self, info: Request, input: RegisterInput) -> RegisterPayload:
        desk, who = _at(info)
        return _several(
            Match,
            info,
            "withdraw-match",
            input,
            lambda m, stamp: matches.withdraw(desk, who, m, stamp),
        )

    # -- vocabularies and imports

    @strawberry.mutation(
        description="Publishes a version of a vocabulary from an uploaded file. A version never "
        "changes."
    )
    def publish_vocabulary(self, info: Request, input: PublishVocabularyInput) -> RegisterPayload:
        context = info.context

        def take() -> Taken:
            return vocabularies.publish(
                context.service.desk,
                context.principal,
                command(context, "publish-vocabulary", input),
                lambda: circumstances(context, input, Visibility.PUBLIC),
                lambda: _contents(context, input),
            )

        return answer(context, input, take)

    @strawberry.mutation(
        description="Starts an import of an uploaded file; follow it with `importJob`."
    )
    def start_import(self, info: Request, input: StartImportInput) -> ImportPayload:
        context = info.context
        service, principal = context.service, context.principal
        try:
            format = Format(input.format)
            history = authority_of(input.as_history, "asHistory")
            authorise_import(principal, format, input.state, as_history=history is not None)
            file = read_id(input.file, "StoredFile", "file")
            service.desk.read(file, stored_file.fold, principal)
            job = service.imports.start(
                uuid5(NAMESPACE, f"import\x1f{principal.holder}\x1f{input.command_id}"),
                principal,
                service.files.path(file),
                format,
                Options(
                    state=input.state,
                    all_states=input.all_states,
                    cycle=input.cycle,
                    session=input.session,
                    document=input.document,
                    reviewed=dated(input.reviewed, "reviewed"),
                    document_dates=read_document_dates(
                        (given.symbol, given.on) for given in input.document_dates or ()
                    ),
                    language=input.language,
                    as_history=history,
                ),
                dry_run=input.dry_run,
            )
        except Refusal as refusal:
            return ImportPayload(errors=[refused(refusal, input)])
        return ImportPayload(job=ImportJob(job=job, context=context))


# --- Inside --------------------------------------------------------------------------------------


def _begin(
    context: Context,
    step: str,
    input: BeginInput,
    act: Callable[[Stamp], tuple[UUID, Event]],
) -> RegisterPayload:
    def take() -> Taken:
        stamp = circumstances(context, input, input.visibility or bounds(step).usual)
        return context.service.desk.begin(
            context.principal,
            command(context, step, input),
            step,
            input.addressee,
            lambda: act(stamp),
        )

    return answer(context, input, take)


State = TypeVar("State")


def _several(
    of: type[State],
    info: Request,
    step: str,
    input: RegisterInput,
    act: Callable[[State, Stamp], Sequence[Entry | Event]],
) -> RegisterPayload:
    context, about = info.context, BY_STATE[of]

    def on(state: Any) -> Sequence[Entry | Event]:
        seen = input.visibility or usual(step, state.visibility)
        return act(state, circumstances(context, input, seen))

    def take() -> Taken:
        with within("id"):
            id = read_id(input.id, about.name, "such thing")
        return context.service.desk.go_on(
            context.principal,
            command(context, step, input),
            id,
            of,
            step,
            on,
            expected_version=input.expected_version,
        )

    return answer(context, input, take)


def _one(
    of: type[State],
    info: Request,
    step: str,
    input: RegisterInput,
    act: Callable[[State, Stamp], Event],
) -> RegisterPayload:
    return _several(of, info, step, input, lambda state, stamp: [act(state, stamp)])


def answer(context: Context, input: EntryInput, take: Callable[[], Taken]) -> RegisterPayload:
    """Takes a step, and answers with what it is about as it stands then."""

    def read(entries: Sequence[Entry]) -> dict[str, Any]:
        first = entries[0]
        about = BY_EVENT[type(first.event)].name
        if about not in KINDS:
            return {}
        row = KINDS[about].by_id(context.connection, context.scope, first.stream)
        return {} if row is None else {"node": shown(context, [row])[0]}

    return answered(context, input, RegisterPayload, take, read)


def _names(given: list[NameInput]) -> tuple[InstitutionName, ...]:
    return tuple(InstitutionName(language=n.language, text=n.text) for n in given)


def _at(info: Request) -> tuple[Desk, Principal]:
    """The desk, and the principal that asks."""
    return info.context.service.desk, info.context.principal


def _covered(context: Context, ids: list[strawberry.ID], addressee: str) -> list[RecommendationId]:
    return reports.covered(
        context.service.desk, context.principal, [read_id(id) for id in ids], addressee
    )


def _contents(context: Context, input: PublishVocabularyInput) -> list[vocabulary.VersionContent]:
    service = context.service
    file = read_id(input.file, "StoredFile", "file")
    held = service.desk.read(file, stored_file.fold, context.principal)
    path = service.files.path(file)
    if held.media_type.endswith("json"):
        return [read_vocabulary_json(path)]
    return read_skos(path, name=input.name, version=input.version)
