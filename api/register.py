"""The register in GraphQL: reviews, institutions, reports, files, import runs, matches and
vocabularies. Attributes of rows, as with recommendations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, Union

import msgspec
import strawberry

from api.cases import Case, Node
from api.context import Reading
from api.derive import (
    ProtectedText,
    enum_type,
    global_id,
    protected_text,
    shows,
    struct_type,
    summary,
)
from api.describing import arg, said_in
from api.history import HistoryEntry, history_page, instant
from api.joining import NAMED, NODES, InstitutionType, institution_named, shown
from api.pages import Connection, connection, cut, page_info
from api.queries import RecommendationOrder, RecommendationWhere, connection_of, where_of
from api.recommendations import Recommendation, together
from domain import (
    erasure,
    import_run,
    institution,
    match,
    measure,
    person,
    progress_report,
    recommendation,
    review,
    stored_file,
    vocabulary,
)
from domain.aggregates import AGGREGATES, BY_STATE, said_of_each
from domain.entry import Effective, Entry
from domain.measure.held import MeasureResponsibility, MeasureText
from domain.measure.links import MeasureLinked
from domain.recommendation.elements import Recommender, Term
from domain.words import MeasureStatus
from projections import cases, history, recommendations, register
from projections.recommendations import Where
from projections.register import Row

if TYPE_CHECKING:
    from api.agenda import Task

covered_at_once_max = 200
page_objects = 10
"""A page of what one object has takes about as long as so many objects of an answer."""

covered_usually = 50

EffectiveType: Any = struct_type(Effective)
DocumentType: Any = struct_type(review.ReviewDocument)
NameType: Any = struct_type(institution.InstitutionName)
FormerNameType: Any = struct_type(institution.InstitutionFormerName)
TransferType: Any = struct_type(institution.CompetenceTransferHeld)
CountType: Any = struct_type(import_run.ImportCount)
MeasureTextType: Any = struct_type(MeasureText)
OptionType: Any = struct_type(import_run.ImportOption)
NoteType: Any = struct_type(import_run.ImportNote)
RecommenderType: Any = struct_type(Recommender)
TermType: Any = struct_type(Term)
LabelType: Any = struct_type(vocabulary.VocabularyLabel)
MappingType: Any = struct_type(vocabulary.TermMapping)


@strawberry.type(description="What everything in the register has.")
class Registered(Node):
    shows: ClassVar[type[Any]]
    row: strawberry.Private[Row[Any]]
    reading: strawberry.Private[Reading]

    @classmethod
    def is_type_of(cls, obj: object, info: object) -> bool:
        return isinstance(obj, cls)

    @strawberry.field(description="Its opaque id.")
    def id(self) -> strawberry.ID:
        return global_id(self.row.state.id, type(self).__name__)

    @strawberry.field(description="The same identity as a UUID, as the log has it.")
    def uuid(self) -> str:
        return str(self.row.state.id)

    @strawberry.field(description="Code of the State or other addressee; empty: of many.")
    def addressee(self) -> str:
        return str(self.row.state.addressee)

    @strawberry.field(description="How many entries it has. Send it back as expectedVersion.")
    def version(self) -> int:
        return int(self.row.state.version)

    @strawberry.field(description="The log index of its last entry.")
    def log_index(self) -> int:
        return self.row.log_index

    @strawberry.field(description="When its last entry was recorded.")
    def changed_at(self) -> datetime:
        return instant(self.row.recorded_at)

    @strawberry.field(description="The audit trail, oldest first; a cursor is a version.")
    def history(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[HistoryEntry]:
        return history_page(_entries(self), first=first, after=after, last=last, before=before)


@strawberry.type(description="What the register holds and that is a case.")
class Followed(Registered, Case):
    """What the register holds and that is a case."""

    @property
    def reads(self) -> Reading:
        return self.reading

    def _trail(self) -> list[Entry]:
        return _entries(self)


Kind = TypeVar("Kind", bound=Registered)


def node(state: type[Any], /, *names: str) -> Callable[[type[Kind]], type[Kind]]:
    """Makes a type of what the register holds: fields of its state, then those of the class. A
    field of the state means what it means in the events, unless the state says more."""

    def make(cls: type[Kind]) -> type[Kind]:
        cls.shows = state
        shown = shows(state, lambda node: node.row.state, *names)(cls)
        said_in(*BY_STATE[state].events, state)(shown)
        made = NODES[state] = strawberry.type(shown, description=summary(state))
        return made

    return make


@strawberry.type(description="What has recommendations.")
class HasRecommendations(Registered):
    def _those(self) -> dict[str, list[Any]]:
        """The conditions that its recommendations meet, as lists of `Where`."""
        raise NotImplementedError

    @strawberry.field(
        description="Its recommendations that fit, page by page; null where that is refused."
    )
    def recommendations(
        self,
        where: RecommendationWhere | None = None,
        search: str | None = None,
        order_by: RecommendationOrder | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Recommendation] | None:
        reading = self.reading
        reading.ration.answer(page_objects)
        fits = where_of(where, reading.today, search)
        those = {
            name: [one for one in some if (asked := getattr(fits, name)) is None or one in asked]
            for name, some in self._those().items()
        }
        fits = msgspec.structs.replace(fits, **those)
        return connection_of(reading, fits, order_by, first, after, last, before)


@node(
    review.Review,
    "mechanism",
    "body",
    "cycle",
    "round",
    "status",
    "session",
    "reviewed",
    "council_session",
    "answers_due",
    "adopted",
    "decision",
    "documents",
)
class Review(HasRecommendations):
    def _those(self) -> dict[str, list[Any]]:
        return {"review": [self.row.state.id]}

    @strawberry.field(description="How many recommendations (paragraphs) it has for this reader.")
    def recommendation_count(self) -> int:
        reading = self.reading
        where = Where(review=[self.row.state.id])
        return recommendations.count(reading.connection, reading.scope, where)


@node(
    institution.Institution,
    "code",
    "kind",
    "status",
    "transfers",
    "ended",
)
class Institution(HasRecommendations):
    def _those(self) -> dict[str, list[Any]]:
        return {"addressee": [self.row.state.addressee], "institution": [self.row.state.code]}

    def _named(self, code: str | None) -> Any:
        return institution_named(self.reading, self.row.state.addressee, code)

    @strawberry.field(description="Its name in `language`, else in another.")
    def name(self, language: str = "en") -> str:
        return str(self.row.state.name(language))

    @strawberry.field(description="Its names by language.")
    def names(self) -> list[NameType]:
        names = self.row.state.names
        return [institution.InstitutionName(language=k, text=v) for k, v in names.items()]

    @strawberry.field(description="Names it had, and until when.")
    def former_names(self) -> list[FormerNameType]:
        return list(self.row.state.former_names)

    @strawberry.field(description="Code of the institution above it; null at the top.")
    def parent_code(self) -> str | None:
        return self.row.state.parent  # type: ignore[no-any-return]

    @strawberry.field(
        description="The institution above it; null at the top, or where it is not registered."
    )
    def parent(self) -> InstitutionType | None:
        return self._named(self.row.state.parent)

    @strawberry.field(
        description="Codes of the institutions in which it goes on; empty while it exists, or "
        "where it was abolished."
    )
    def successor_codes(self) -> list[str]:
        return list(self.row.state.successors)

    @strawberry.field(
        description="The institutions in which it goes on, of those that are registered."
    )
    def successors(self) -> list[InstitutionType]:
        return [one for one in map(self._named, self.row.state.successors) if one is not None]

    @strawberry.field(description="Its tasks; null for those who may not read them.")
    def tasks(
        self, first: int = 50, after: str | None = None
    ) -> Connection[Annotated[Task, strawberry.lazy("api.agenda")]] | None:
        from api.agenda import tasks_of  # whose tasks are about cases, which lead here

        self.reading.ration.answer(page_objects)
        return tasks_of(self.reading, self.row.state, first, after)

    @strawberry.field(
        description="How many recommendations have an open assignment to it that needs a new "
        "decision: list them with `where: {institution, orphaned: true}`."
    )
    def orphaned_count(self) -> int:
        reading, state = self.reading, self.row.state
        where = Where(addressee=[state.addressee], institution=[state.code], orphaned=True)
        return recommendations.count(reading.connection, reading.scope, where)


@strawberry.type(description="A measure contributes to a recommendation.")
@said_in(MeasureLinked)
class MeasureLink:
    number: int = strawberry.field(description="The version of the entry that made it.")
    recommendation: Recommendation | None = strawberry.field(
        description="The recommendation; null where it is not for this reader."
    )
    part: str | None = strawberry.field(
        description="The part that it contributes to; null: the whole."
    )
    since: EffectiveType
    """The date since which this is so."""
    rationale: ProtectedText | None
    """Why it contributes to it."""


@strawberry.type(description="An institution carries a measure out, or helps.")
@shows(MeasureResponsibility, lambda held: held.held, "capacity", "since", "until", "version")
class Responsible:
    held: strawberry.Private[MeasureResponsibility]
    measure: strawberry.Private[Measure]

    @strawberry.field(description="The institution; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        state = self.measure.row.state
        return institution_named(self.measure.reading, state.addressee, self.held.institution)

    @strawberry.field(description="Its code; assignments of measures name it.")
    def institution_code(self) -> str:
        return self.held.institution


@node(
    measure.Measure,
    "code",
    "plan",
    "kind",
    "preventive",
    "proposed",
    "turns",
    "dates",
)
class Measure(Followed):
    @strawberry.field(description="The institution that leads now; null: none that is registered.")
    def lead(self) -> InstitutionType | None:
        state = self.row.state
        return institution_named(self.reading, state.addressee, state.lead)

    @strawberry.field(description="The institutions that carry it out, and those that did before.")
    def responsible(self) -> list[Responsible]:
        return [Responsible(held=held, measure=self) for held in self.row.state.responsible]

    @strawberry.field(description="How far it has come.")
    def status(self) -> enum_type(MeasureStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field(description="Its title in `language`, else in the one it came in.")
    def title(self, language: str = "en") -> str:
        return str(self.row.state.text(language).title)

    @strawberry.field(description="Title and description in each language.")
    def texts(self) -> list[MeasureTextType]:
        return list(self.row.state.texts.values())

    @strawberry.field(description="First day, month or year, as it was set last; null: not set.")
    def starts(self) -> str | None:
        return self.row.state.starts  # type: ignore[no-any-return]

    @strawberry.field(description="Last day, month or year, as it was set last; null: not set.")
    def ends(self) -> str | None:
        return self.row.state.ends  # type: ignore[no-any-return]

    @strawberry.field(description="Code of the institution that leads now; null: none.")
    def lead_code(self) -> str | None:
        return self.row.state.lead  # type: ignore[no-any-return]

    @strawberry.field(
        description="The earliest day by which something is due that has not been done."
    )
    def due(self) -> str | None:
        return self.row.state.due  # type: ignore[no-any-return]

    @strawberry.field(description="The recommendations that it contributes to.")
    def links(self) -> list[MeasureLink]:
        reading, held = self.reading, self.row.state.links
        found = recommendations.by_ids(
            reading.connection, reading.scope, [link.to for link in held]
        )
        nodes = {n.row.state.id: n for n in together(reading, list(found.values()))}
        said = {e.version: e.event for e in _entries(self)} if held else {}
        return [
            MeasureLink(
                number=link.id,
                recommendation=nodes.get(link.to),
                part=link.part,
                since=link.since,
                rationale=_rationale(said.get(link.id)),
            )
            for link in held
        ]


def _rationale(event: object) -> ProtectedText | None:
    return protected_text(event.rationale) if isinstance(event, MeasureLinked) else None


@node(
    erasure.Erasure,
    "erased_entry",
    "erased_version",
    "commitments",
)
class Erasure(Registered):
    @strawberry.field(description="What the entry is about, as a UUID, as the log has it.")
    def erased_stream(self) -> str:
        return str(self.row.state.erased_stream)


@node(
    person.Person,
    "person",
    "registered",
)
class Person(Registered):
    @strawberry.field(description="Code of the institution for which the person works.")
    def institution_code(self) -> str:
        return str(self.row.state.institution)

    @strawberry.field(description="The institution; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        state = self.row.state
        return institution_named(self.reading, state.addressee, state.institution)


@node(
    stored_file.StoredFile,
    "media_type",
    "size",
    "erased",
)
class StoredFile(Registered):
    @strawberry.field(description="Where its bytes are served to whoever may read it.")
    def url(self) -> str:
        return f"/files/{self.row.state.id}"


@strawberry.type(
    description="A file that supports a report, or what it says of one recommendation."
)
class Evidence:
    file: StoredFile | None = strawberry.field(description="Null where it is not for this reader.")
    whole: bool = strawberry.field(description="True where it supports the whole report.")
    about: Recommendation | None = strawberry.field(
        description="The recommendation that it supports; null where it supports the whole "
        "report, or that is not for this reader."
    )


@node(
    progress_report.ProgressReport,
    "title",
    "status",
    "period_from",
    "period_to",
)
class ProgressReport(Registered):
    @strawberry.field(description="Code of the institution that wrote it.")
    def institution_code(self) -> str:
        return str(self.row.state.institution)

    @strawberry.field(description="The institution that wrote it; null where it is not registered.")
    def institution(self) -> InstitutionType | None:
        state = self.row.state
        return institution_named(self.reading, state.addressee, state.institution)

    @strawberry.field(description="The current words, those published once it is.")
    def narrative(self) -> ProtectedText | None:
        wanted = self.row.state.narrative_version
        for entry in _entries(self):
            event = entry.event
            if entry.version == wanted and isinstance(
                event,
                progress_report.ReportDrafted
                | progress_report.ReportRedrafted
                | progress_report.ReportPublished,
            ):
                return protected_text(event.narrative) if event.narrative else None
        return None

    @strawberry.field(
        description="The recommendations it covers, as far as this reader sees them: a page may "
        "have fewer than asked for. A cursor is a place in the report, from 1."
    )
    def covers(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Recommendation]:
        page = cut(
            list(enumerate(self.row.state.covers, start=1)),
            covered_usually,
            covered_at_once_max,
            first=first,
            after=after,
            last=last,
            before=before,
        )
        ids = [id for _, id in page.items]
        found = recommendations.by_ids(self.reading.connection, self.reading.scope, ids)
        seen = [(str(place), found[id]) for place, id in page.items if id in found]
        return connection(
            zip(
                (place for place, _ in seen),
                together(self.reading, [row for _, row in seen]),
                strict=True,
            ),
            lambda: len(self.row.state.covers),
            page_info(
                [str(place) for place, _ in page.items],
                after,
                has_next=page.has_next,
                has_previous=page.has_previous,
            ),
        )

    @strawberry.field(description="Files that support it, as far as this reader may read them.")
    def evidence(self) -> list[Evidence]:
        scope = self.reading.scope
        held = [e for e in self.row.state.evidence if scope.reads(e.visibility, e.institution)]
        files = register.files.by_ids(self.reading.connection, scope, [e.file for e in held])
        ids = [e.about for e in held if e.about]
        found = recommendations.by_ids(self.reading.connection, scope, ids)
        about = {one.row.state.id: one for one in together(self.reading, [*found.values()])}
        return [
            Evidence(
                file=StoredFile(row=files[e.file], reading=self.reading)
                if e.file in files
                else None,
                whole=e.about is None,
                about=about.get(e.about) if e.about else None,
            )
            for e in held
        ]


@node(
    import_run.ImportRun,
    "status",
    "format",
    "parser_version",
    "file_sha256",
    "file_size",
    "options",
    "mapping",
)
class ImportRun(HasRecommendations):
    def _those(self) -> dict[str, list[Any]]:
        return {"run": [self.row.state.id]}

    def _is_told(self) -> bool:
        """True if the reader may read what came of it: nobody else knows all that its file is
        about."""
        run: import_run.ImportRun = self.row.state
        return self.reading.scope.reads(run.outcome_for or run.visibility, run.institution)

    @strawberry.field(
        description="Empty, as all that follows, where the file is also about what is not for you."
    )
    def counts(self) -> list[CountType]:
        return list(self.row.state.counts) if self._is_told() else []

    @strawberry.field(description="How many rows could not be read.")
    def unreadable_rows(self) -> int:
        return int(self.row.state.unreadable_rows) if self._is_told() else 0

    @strawberry.field(description="The rows that could not be read, the first thousand.")
    def unreadable(self) -> list[NoteType]:
        for entry in _entries(self):
            if isinstance(entry.event, import_run.ImportCompleted):
                return list(entry.event.unreadable)
        return []

    @strawberry.field(description="Recorded from such a file before, and not in this one.")
    def missing(self) -> int:
        return int(self.row.state.missing) if self._is_told() else 0

    @strawberry.field(description="Why it failed: a stable code.")
    def code(self) -> str | None:
        return self.row.state.code if self._is_told() else None

    @strawberry.field(description="Why it failed.")
    def message(self) -> str | None:
        return self.row.state.message if self._is_told() else None


@strawberry.type(description="A recommendation that a row may be.")
class Candidate:
    score: int = strawberry.field(description="How alike the texts are, in per cent.")
    recommendation: Recommendation | None
    """The recommendation of which the row may be a copy."""


@node(
    match.Match,
    "status",
    "scheme",
    "key",
    "text",
    "language",
    "recommenders",
    "answer",
    "terms",
    "cycle",
    "session",
    "how",
)
class Match(Registered):
    @strawberry.field(description="What it may be of what you may read, the likeliest first.")
    def candidates(self) -> list[Candidate]:
        reading, held = self.reading, self.row.state.candidates
        ids = [c.recommendation for c in held]
        found = recommendations.by_ids(reading.connection, reading.scope, ids)
        nodes = {n.row.state.id: n for n in together(reading, list(found.values()))}
        return [
            Candidate(score=c.score, recommendation=nodes[c.recommendation])
            for c in held
            if c.recommendation in nodes
        ]

    @strawberry.field(description="What it was matched to.")
    def to(self) -> Recommendation | None:
        reading, to = self.reading, self.row.state.to
        row = recommendations.by_id(reading.connection, reading.scope, to) if to else None
        return together(reading, [row])[0] if row else None


@strawberry.type(description="A term of a vocabulary.")
@shows(
    vocabulary.VocabularyTerm,
    lambda entry: entry.term,
    "code",
    "labels",
    "broader",
    "also_under",
    "former",
    "since",
    "until",
    "altnames",
)
class VocabularyEntry:
    term: strawberry.Private[vocabulary.VocabularyTerm]

    @strawberry.field(description="Its name in `language`, else in English, else its code.")
    def label(self, language: str = "en") -> str:
        return self.term.label(language)


@strawberry.type(description="One version of a vocabulary; a version never changes.")
@said_in(vocabulary.VocabularyPublished, vocabulary.VersionContent)
@shows(
    vocabulary.VersionContent,
    lambda version: version.content,
    "name",
    "version",
    "title",
    "source",
    "complete",
    "coded",
)
class VocabularyVersion:
    held: strawberry.Private[vocabulary.Vocabulary]
    content: strawberry.Private[vocabulary.VersionContent]

    @strawberry.field(description="All its versions.")
    def versions(self) -> list[str]:
        return list(self.held.versions)

    @strawberry.field(description="Its terms, or those of these codes.")
    def terms(
        self,
        codes: Annotated[list[str] | None, arg("Only terms of these codes.")] = None,
    ) -> list[VocabularyEntry]:
        wanted = None if codes is None else set(codes)
        return [
            VocabularyEntry(term=term)
            for term in self.content.terms
            if wanted is None or term.code in wanted
        ]

    @strawberry.field(description="Mappings between its terms and those of other versions.")
    def mappings(self) -> list[MappingType]:
        version = self.content.version
        return [m for m in self.held.mappings.values() if version in (m.from_version, m.to_version)]

    @strawberry.field(description="How many entries the log has of it; 0: shipped only.")
    def log_version(self) -> int:
        return self.held.version


NAMED |= {
    measure.Measure: lambda state: (held.institution for held in state.responsible),
    institution.Institution: lambda state: (state.parent, *state.successors),
    person.Person: lambda state: (state.institution,),
    progress_report.ProgressReport: lambda state: (state.institution,),
}

_BY_ID = [a for a in AGGREGATES if a.by_id and a.state is not recommendation.Recommendation]
said_of_each(_BY_ID, NODES, "api/register.py", "how it is shown")

KINDS: dict[str, tuple[register.Shelf[Any], Any]] = {
    a.name: (register.shelf(a.state), NODES[a.state]) for a in _BY_ID
}
"""What the register holds, by the kind in an opaque id."""

RegisterNode: Any = Annotated[
    Union[tuple(NODES[a.state] for a in _BY_ID)],  # noqa: UP007
    strawberry.union("RegisterNode", description="Anything in the register."),
]


def _entries(of: Registered) -> list[Entry]:
    reading, id = of.reading, of.row.state.id
    found = history.histories(reading.log, reading.scope, [id], reading.last, reading.effective_on)
    return found[id]


def cases_of(reading: Reading, rows: Sequence[cases.Row]) -> list[Case]:
    """Rows of cases as GraphQL objects; recommendations that were read together read on
    together."""
    texts = [row for row in rows if isinstance(row, recommendations.Row)]
    found: dict[int, Case] = {
        id(row): one for row, one in zip(texts, together(reading, texts), strict=True)
    }
    return [
        found[id(row)] if isinstance(row, recommendations.Row) else shown(reading, [row])[0]
        for row in rows
    ]
