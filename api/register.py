"""The register in GraphQL: reviews, institutions, reports, files, import runs, matches and
vocabularies. Attributes of rows, as with recommendations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import msgspec
import strawberry

from api.derive import (
    ProtectedText,
    protected_text,
    read_id,
    read_stream,
    shows,
    struct_type,
)
from api.describing import arg, said_in
from api.joining import NAMED, InstitutionType, joined
from api.lists import listed
from api.pages import Connection, connection, cut, page_info
from api.queries import RecommendationOrder, RecommendationWhere, connection_of, where_of
from api.recommendations import Recommendation, named, together
from api.registered import Registered, node
from domain import (
    erasure,
    import_run,
    institution,
    match,
    person,
    progress_report,
    review,
    stored_file,
    vocabulary,
)
from domain.entry import Effective
from domain.recommendation.elements import Recommender, Term
from domain.words import MatchStatus
from projections import recommendations
from projections.recommendations import Where
from projections.register import covering

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
OptionType: Any = struct_type(import_run.ImportOption)
NoteType: Any = struct_type(import_run.ImportNote)
RecommenderType: Any = struct_type(Recommender)
TermType: Any = struct_type(Term)
LabelType: Any = struct_type(vocabulary.VocabularyLabel)
MappingType: Any = struct_type(vocabulary.TermMapping)


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
        return self.institution_of(self.row.state.parent)

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
        return [
            one for one in map(self.institution_of, self.row.state.successors) if one is not None
        ]

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
        return self.institution_of(self.row.state.institution)


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
        return self.institution_of(self.row.state.institution)

    @strawberry.field(description="The current words, those published once it is.")
    def narrative(self) -> ProtectedText | None:
        wanted = self.row.state.narrative_version
        for entry in self.trail():
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
        reading = self.reading
        scope = reading.scope
        held = [e for e in self.row.state.evidence if scope.reads(e.visibility, e.institution)]
        reading.gathered(stored_file.StoredFile).expect(lambda: [e.file for e in held])
        about = self.cohort.recommendations(_supported)
        return [
            Evidence(
                file=joined(reading, stored_file.StoredFile, e.file),
                whole=e.about is None,
                about=named(about, e.about),
            )
            for e in held
        ]


def _supported(report: progress_report.ProgressReport) -> list[UUID]:
    return [e.about for e in report.evidence if e.about is not None]


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
        for entry in self.trail():
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
        found = self.cohort.recommendations(_candidates)
        return [
            Candidate(score=c.score, recommendation=one)
            for c in self.row.state.candidates
            if (one := named(found, c.recommendation)) is not None
        ]

    @strawberry.field(description="What it was matched to.")
    def to(self) -> Recommendation | None:
        return named(self.cohort.recommendations(_matched), self.row.state.to)


def _candidates(held: match.Match) -> list[UUID]:
    return [c.recommendation for c in held.candidates]


def _matched(held: match.Match) -> list[UUID]:
    return [] if held.to is None else [held.to]


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
    institution.Institution: lambda state: (state.parent, *state.successors),
    person.Person: lambda state: (state.institution,),
    progress_report.ProgressReport: lambda state: (state.institution,),
}


# --- Their lists ---------------------------------------------------------------------------------


@strawberry.type
class RegisterLists:
    reviews = listed(
        Review,
        "Reviews, by addressee, body and cycle.",
        "mechanism",
        "body",
        "cycle",
        "status",
    )
    institutions = listed(Institution, "Institutions, by addressee and code.", "code", "status")
    persons = listed(
        Person,
        "Persons, by addressee, institution and pseudonym.",
        "institution",
        has_days=False,
    )
    progress_reports = listed(
        ProgressReport,
        "Progress reports, the latest changed last.",
        "status",
        covering=(
            "Only reports that cover this recommendation.",
            lambda c, id: c.id.in_(covering(read_id(id))),
        ),
    )
    files = listed(StoredFile, "Uploaded files, the latest changed last.")
    erasures = listed(
        Erasure,
        "What was erased, the latest first; `of` one thing, by its id.",
        of=(
            "Only erasures of entries about this thing, by its id.",
            lambda c, id: c.erased_stream == read_stream(id).hex,
        ),
        descending=True,
    )
    import_runs = listed(ImportRun, "Runs of imports, the latest first.", "status", descending=True)
    undecided_matches = listed(
        Match,
        "Rows of second sources that wait for a person.",
        "scheme",
        only={"status": MatchStatus.UNDECIDED.value},
    )
    matches = listed(Match, "Rows of second sources, matched or not.", "scheme", "status")
