"""Steps on everything that is no recommendation: reviews, institutions, reports, files, matches,
vocabularies, imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID, uuid5

import msgspec
import strawberry
from strawberry import Info
from strawberry.utils.str_converters import to_camel_case

from api.context import Context
from api.derive import enum_type, read_id
from api.inputs import Given, input_type
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
)
from domain import (
    stored_file,
    vocabulary,
)
from domain.aggregates import BY_EVENT, BY_STATE
from domain.casework import Case
from domain.entry import (
    Entry,
    Event,
    RecommendationId,
    Stamp,
    Visibility,
    dated,
)
from domain.identity import NAMESPACE
from domain.progress_report import ProgressReport
from domain.refusals import Refusal, within
from domain.review import Review
from domain.stored_file import StoredFile
from projections import figures
from projections.recommendations import Where
from workflows import reports, vocabularies
from workflows.access import Principal
from workflows.desk import Desk, Taken
from workflows.importing import Format, Options, authorise_import
from workflows.importing.receipt import read_document_dates
from workflows.processes import PROCESSES
from workflows.step import Mutation, Step, begins_by, data_of, pointing_in, said_of
from workflows.step_table import ROWS
from workflows.visibility import bounds, usual
from workflows.vocabularies import read_skos, read_vocabulary_json

Request = Info[Context, None]
Taking = TypeVar("Taking")


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
class EvidenceInput(RegisterInput):
    file: strawberry.ID
    about: strawberry.ID | None = strawberry.field(
        default=None, description="A recommendation that the report covers; null: all of it."
    )


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


# --- From rows -----------------------------------------------------------------------------------


def takes(rows: Iterable[Step]) -> Callable[[type[Taking]], type[Taking]]:
    """Gives a class the mutations of the rows on what is no case that have a command or a process.
    What the input of one says besides the circumstances is what the step carries."""

    def taking(cls: type[Taking]) -> type[Taking]:
        for row in rows:
            command = row.command or PROCESSES.get(row.name)
            if command is None or issubclass(row.on, Case):
                continue
            (mutation,) = row.mutations
            setattr(cls, mutation.name, _mutation(row, mutation, command))
        return cls

    return taking


def _mutation(row: Step, mutation: Mutation, command: Callable[..., Any]) -> Any:
    begins, data = begins_by(command), data_of(row, command)
    base, pointing = BeginInput if begins else RegisterInput, pointing_in(data, command)
    its = Given(base, lambda input: {})
    if msgspec.structs.fields(data):
        its = input_type(
            mutation.input,
            data,
            base,
            ids=pointing,
            description=said_of(command),
            means=_event_of(command),
        )

    def take(self: None, info: Request, input: Any) -> RegisterPayload:
        at = _at(info) if row.name in PROCESSES else ()

        def said() -> dict[str, Any]:
            given: dict[str, Any] = its.read(input)
            for name in pointing:
                with within(to_camel_case(name)):
                    given[name] = read_id(given[name])
            return given

        if begins:
            begin = lambda stamp: command(*at, stamp, addressee=input.addressee, **said())  # noqa: E731
            return _begin(info.context, row.name, input, begin)
        act = lambda state, stamp: command(*at, state, stamp, **said())  # noqa: E731
        return _go_on(row.on, info, row.name, input, act)

    take.__annotations__["input"] = its.type
    return strawberry.mutation(resolver=take, name=mutation.name, description=said_of(command))


def _event_of(command: Callable[..., Any]) -> type[Event] | None:
    """The event that a command gives, whose fields mean what its data means; None where it gives
    several."""
    gives = get_type_hints(command)["return"]
    event = get_args(gives)[1] if begins_by(command) else gives
    return event if isinstance(event, type) and issubclass(event, Event) else None


# --- By hand -------------------------------------------------------------------------------------


@strawberry.type
@takes(ROWS)
class RegisterMutation:
    @strawberry.mutation(
        description="Closes a review. Its recommendations stay as they are; each open one is then "
        "to be decided."
    )
    def close_review(self, info: Request, input: RegisterInput) -> CloseReviewPayload:
        context = info.context
        closed = _go_on(Review, info, "close-review", input, lambda r, stamp: r.close(stamp))
        left: int | None = None
        if closed.node is not None:
            where = Where(undecided=True, review=[read_id(input.id, "Review", "review")])
            left = figures.count(context.connection, context.scope, where)
        return CloseReviewPayload(**vars(closed), undecided=left)

    @strawberry.mutation(description="Attaches an uploaded file as evidence.")
    def attach_evidence(self, info: Request, input: EvidenceInput) -> RegisterPayload:
        desk, who = _at(info)

        def act(r: ProgressReport, stamp: Stamp) -> Event:
            about = None
            if input.about is not None:
                with within("about"):
                    about = RecommendationId(read_id(input.about))
            return reports.attach(desk, who, r, stamp, _file(input), about)

        return _go_on(ProgressReport, info, "attach-evidence", input, act)

    @strawberry.mutation(description="Takes a file from the evidence; needs a reason.")
    def remove_evidence(self, info: Request, input: EvidenceInput) -> RegisterPayload:
        return _go_on(
            ProgressReport,
            info,
            "remove-evidence",
            input,
            lambda r, stamp: r.remove_evidence(stamp, _file(input)),
        )

    @strawberry.mutation(
        description="Erases an uploaded file's bytes; needs a reason. That it was there stays."
    )
    def erase_file(self, info: Request, input: RegisterInput) -> RegisterPayload:
        payload = _go_on(
            StoredFile,
            info,
            "erase-file",
            input,
            lambda f, stamp: f.erase(stamp),
        )
        if not payload.errors:
            info.context.service.files.erase(read_id(input.id, "StoredFile", "file"))
        return payload

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
            file = _file(input)
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


def _go_on(
    of: type[Any],
    info: Request,
    step: str,
    input: RegisterInput,
    act: Callable[[Any, Stamp], Event | Sequence[Entry | Event]],
) -> RegisterPayload:
    context, about = info.context, BY_STATE[of]

    def on(state: Any) -> Sequence[Entry | Event]:
        seen = input.visibility or usual(step, state.visibility)
        made = act(state, circumstances(context, input, seen))
        return [made] if isinstance(made, Event) else made

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


def _at(info: Request) -> tuple[Desk, Principal]:
    """The desk, and the principal that asks."""
    return info.context.service.desk, info.context.principal


def _file(input: EvidenceInput | PublishVocabularyInput | StartImportInput) -> UUID:
    """The uploaded file that an input names."""
    with within("file"):
        return read_id(input.file, "StoredFile", "file")


def _contents(context: Context, input: PublishVocabularyInput) -> list[vocabulary.VersionContent]:
    service = context.service
    file = _file(input)
    held = service.desk.read(file, stored_file.fold, context.principal)
    path = service.files.path(file)
    if held.media_type.endswith("json"):
        return [read_vocabulary_json(path)]
    return read_skos(path, name=input.name, version=input.version)
