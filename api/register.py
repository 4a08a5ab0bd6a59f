"""The register in GraphQL: reviews, institutions, reports, files, import runs, matches and
vocabularies. Attributes of rows, as with recommendations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.context import Reading
from api.derive import ProtectedText, enum_type, global_id, protected_text, struct_type
from api.history import HistoryEntry, instant
from api.recommendations import Node, Recommendation, together
from domain import import_run, institution, progress_report, review, vocabulary
from domain.entry import Effective, Entry
from domain.events import Recommender, Term
from domain.refusals import InvalidInput
from domain.words import (
    Answer,
    AssertedHow,
    ImportStatus,
    InstitutionKind,
    InstitutionStatus,
    MatchStatus,
    Mechanism,
    ProgressStatus,
    ReviewStatus,
)
from projections import history, recommendations, register
from projections.recommendations import Where
from projections.register import Row

history_entries_max = 1_000
covered_at_once_max = 200

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


@strawberry.type(description="What everything in the register has.")
class Registered(Node):
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

    @strawberry.field(description="The audit trail, oldest first.")
    def history(self, first: int = history_entries_max) -> list[HistoryEntry]:
        if not 0 <= first <= history_entries_max:
            raise InvalidInput(f"History is read {history_entries_max} entries at a time at most.")
        return _entries(self)[:first]  # type: ignore[return-value]


@strawberry.type(description="One State before one body: a cycle of the UPR, a reporting round.")
class Review(Registered):
    @strawberry.field
    def mechanism(self) -> enum_type(Mechanism):  # type: ignore[valid-type]
        return self.row.state.mechanism

    @strawberry.field(description="The body, such as UPR or CEDAW.")
    def body(self) -> str:
        return str(self.row.state.body)

    @strawberry.field(description="Cycle of the Universal Periodic Review.")
    def cycle(self) -> int | None:
        return self.row.state.cycle  # type: ignore[no-any-return]

    @strawberry.field(description="Reporting round of any other body.")
    def round(self) -> int | None:
        return self.row.state.round  # type: ignore[no-any-return]

    @strawberry.field
    def status(self) -> enum_type(ReviewStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field(description="Session of the Working Group or body; not of the Council.")
    def session(self) -> str | None:
        return self.row.state.session  # type: ignore[no-any-return]

    @strawberry.field(description="The day of the dialogue.")
    def reviewed(self) -> str | None:
        return self.row.state.reviewed  # type: ignore[no-any-return]

    @strawberry.field(description="Session of the Council that adopts, or adopted, the outcome.")
    def council_session(self) -> str | None:
        return self.row.state.council_session  # type: ignore[no-any-return]

    @strawberry.field(description="By when answers are due; a date that passes changes nothing.")
    def answers_due(self) -> str | None:
        return self.row.state.answers_due  # type: ignore[no-any-return]

    @strawberry.field(description="When the outcome was adopted.")
    def adopted(self) -> EffectiveType | None:
        return self.row.state.adopted

    @strawberry.field(description="Symbol of the decision that adopted it.")
    def decision(self) -> str | None:
        return self.row.state.decision  # type: ignore[no-any-return]

    @strawberry.field
    def documents(self) -> list[DocumentType]:
        return list(self.row.state.documents)

    @strawberry.field(description="How many recommendations (paragraphs) it has for this reader.")
    def recommendation_count(self) -> int:
        reading = self.reading
        where = Where(review=[self.row.state.id])
        return recommendations.count(reading.connection, reading.scope, where)


@strawberry.type(description="What recommendations are assigned to, and what becomes of it.")
class Institution(Registered):
    @strawberry.field(description="The code that assignments name.")
    def code(self) -> str:
        return str(self.row.state.code)

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

    @strawberry.field(description="Code of the institution above it.")
    def parent(self) -> str | None:
        return self.row.state.parent  # type: ignore[no-any-return]

    @strawberry.field
    def kind(self) -> enum_type(InstitutionKind) | None:  # type: ignore[valid-type]
        return self.row.state.kind

    @strawberry.field
    def status(self) -> enum_type(InstitutionStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field(description="Codes of those in which it goes on.")
    def successors(self) -> list[str]:
        return list(self.row.state.successors)

    @strawberry.field(description="Competences it gave away.")
    def transfers(self) -> list[TransferType]:
        return list(self.row.state.transfers)

    @strawberry.field(description="When it ended.")
    def ended(self) -> EffectiveType | None:
        return self.row.state.ended

    @strawberry.field(
        description="How many recommendations have an open assignment to it that needs a new "
        "decision: list them with `where: {institution, orphaned: true}`."
    )
    def orphaned_count(self) -> int:
        reading, state = self.reading, self.row.state
        where = Where(addressee=[state.addressee], institution=[state.code], orphaned=True)
        return recommendations.count(reading.connection, reading.scope, where)


@strawberry.type(
    description="What was erased of one entry. `history` says when, by whom and why; only who may "
    "read the entry may read this."
)
class Erasure(Registered):
    @strawberry.field(description="The log index of the entry.")
    def erased_entry(self) -> int:
        return int(self.row.state.erased_entry)

    @strawberry.field(description="What the entry is about, as a UUID, as the log has it.")
    def erased_stream(self) -> str:
        return str(self.row.state.erased_stream)

    @strawberry.field(description="The entry's version of what it is about.")
    def erased_version(self) -> int:
        return int(self.row.state.erased_version)

    @strawberry.field(description="The commitments to the texts that were erased; they stay.")
    def commitments(self) -> list[str]:
        return list(self.row.state.commitments)


@strawberry.type(description="A person of an institution, by pseudonym: a system may name them.")
class Person(Registered):
    @strawberry.field(description="The pseudonym.")
    def person(self) -> str:
        return str(self.row.state.person)

    @strawberry.field(description="The code of the institution.")
    def institution(self) -> str:
        return str(self.row.state.institution)

    @strawberry.field(description="False once the person has left.")
    def registered(self) -> bool:
        return bool(self.row.state.registered)


@strawberry.type(description="An uploaded file; its bytes are at `/files/{uuid}`.")
class StoredFile(Registered):
    @strawberry.field
    def media_type(self) -> str:
        return str(self.row.state.media_type)

    @strawberry.field(description="In bytes.")
    def size(self) -> int:
        return int(self.row.state.size)

    @strawberry.field
    def erased(self) -> bool:
        return bool(self.row.state.erased)

    @strawberry.field(description="Where its bytes are served to whoever may read it.")
    def url(self) -> str:
        return f"/files/{self.row.state.id}"


@strawberry.type(
    description="A file that supports a report, or what it says of one recommendation."
)
class Evidence:
    file: StoredFile | None = strawberry.field(description="Null where it is not for this reader.")
    about: strawberry.ID | None = strawberry.field(description="A recommendation; null: all of it.")


@strawberry.type(description="A progress report about one or many recommendations.")
class ProgressReport(Registered):
    @strawberry.field
    def title(self) -> str:
        return str(self.row.state.title)

    @strawberry.field
    def status(self) -> enum_type(ProgressStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field(description="The institution that wrote it.")
    def institution(self) -> str:
        return str(self.row.state.institution)

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

    @strawberry.field
    def period_from(self) -> str | None:
        return self.row.state.period_from  # type: ignore[no-any-return]

    @strawberry.field
    def period_to(self) -> str | None:
        return self.row.state.period_to  # type: ignore[no-any-return]

    @strawberry.field(description="How many recommendations it covers.")
    def covers_count(self) -> int:
        return len(self.row.state.covers)

    @strawberry.field(description="The recommendations it covers, as far as this reader sees them.")
    def covers(self, first: int = 50, offset: int = 0) -> list[Recommendation]:
        if not 0 <= first <= covered_at_once_max or offset < 0:
            raise InvalidInput(f"Ask for {covered_at_once_max} recommendations at most at a time.")
        some = self.row.state.covers[offset : offset + first]
        found = recommendations.by_ids(self.reading.connection, self.reading.scope, some)
        return together(self.reading, [found[id] for id in some if id in found])

    @strawberry.field
    def evidence(self) -> list[Evidence]:
        scope = self.reading.scope
        held = [e for e in self.row.state.evidence if scope.reads(e.visibility, e.institution)]
        files = register.files.by_ids(self.reading.connection, scope, [e.file for e in held])
        return [
            Evidence(
                file=StoredFile(row=files[e.file], reading=self.reading)
                if e.file in files
                else None,
                about=global_id(e.about) if e.about else None,
            )
            for e in held
        ]


@strawberry.type(description="One run of an import; what it recorded bears its uuid as batch.")
class ImportRun(Registered):
    @strawberry.field
    def status(self) -> enum_type(ImportStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field
    def format(self) -> str:
        return str(self.row.state.format)

    @strawberry.field
    def parser_version(self) -> int:
        return int(self.row.state.parser_version)

    @strawberry.field(description="SHA-256 of the file, in hex.")
    def file_sha256(self) -> str:
        return str(self.row.state.file_sha256)

    @strawberry.field(description="In bytes.")
    def file_size(self) -> int:
        return int(self.row.state.file_size)

    @strawberry.field(description="What was chosen.")
    def options(self) -> list[OptionType]:
        return list(self.row.state.options)

    @strawberry.field(description="How the file was understood.")
    def mapping(self) -> list[OptionType]:
        return list(self.row.state.mapping)

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


@strawberry.type(description="A row of a second source, and the recommendation it is or may be.")
class Match(Registered):
    @strawberry.field
    def status(self) -> enum_type(MatchStatus):  # type: ignore[valid-type]
        return self.row.state.status

    @strawberry.field(description="Which source: upr-info, uhri.")
    def scheme(self) -> str:
        return str(self.row.state.scheme)

    @strawberry.field(description="The row's name in its source.")
    def key(self) -> str:
        return str(self.row.state.key)

    @strawberry.field
    def text(self) -> str:
        return str(self.row.state.text)

    @strawberry.field
    def language(self) -> str:
        return str(self.row.state.language)

    @strawberry.field
    def recommenders(self) -> list[RecommenderType]:
        return list(self.row.state.recommenders)

    @strawberry.field(description="The position as the source gives it.")
    def answer(self) -> enum_type(Answer) | None:  # type: ignore[valid-type]
        return self.row.state.answer

    @strawberry.field
    def terms(self) -> list[TermType]:
        return list(self.row.state.terms)

    @strawberry.field
    def cycle(self) -> int | None:
        return self.row.state.cycle  # type: ignore[no-any-return]

    @strawberry.field
    def session(self) -> str | None:
        return self.row.state.session  # type: ignore[no-any-return]

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

    @strawberry.field(description="By what means it was matched.")
    def how(self) -> enum_type(AssertedHow) | None:  # type: ignore[valid-type]
        return self.row.state.how


@strawberry.type(description="A term of a vocabulary.")
class VocabularyEntry:
    term: strawberry.Private[vocabulary.VocabularyTerm]

    @strawberry.field
    def code(self) -> str:
        return self.term.code

    @strawberry.field(description="Its name in `language`, else in English, else its code.")
    def label(self, language: str = "en") -> str:
        return self.term.label(language)

    @strawberry.field(description="Its names by language.")
    def labels(self) -> list[LabelType]:
        return list(self.term.labels)

    @strawberry.field(description="Code of the term it belongs under.")
    def broader(self) -> str | None:
        return self.term.broader

    @strawberry.field(description="Codes of further terms it belongs under.")
    def also_under(self) -> list[str]:
        return list(self.term.also_under)

    @strawberry.field(description="No longer in use.")
    def former(self) -> bool:
        return self.term.former

    @strawberry.field
    def since(self) -> str | None:
        return self.term.since

    @strawberry.field
    def until(self) -> str | None:
        return self.term.until

    @strawberry.field(description="Other names and notations.")
    def altnames(self) -> list[str]:
        return list(self.term.altnames)


@strawberry.type(description="One version of a vocabulary; a version never changes.")
class VocabularyVersion:
    held: strawberry.Private[vocabulary.Vocabulary]
    content: strawberry.Private[vocabulary.VersionContent]

    @strawberry.field
    def name(self) -> str:
        return self.content.name

    @strawberry.field
    def version(self) -> str:
        return self.content.version

    @strawberry.field(description="All its versions.")
    def versions(self) -> list[str]:
        return list(self.held.versions)

    @strawberry.field
    def title(self) -> list[LabelType]:
        return list(self.content.title)

    @strawberry.field(description="Where the list comes from.")
    def source(self) -> str:
        return self.content.source

    @strawberry.field(description="False where only parts of the list are known.")
    def complete(self) -> bool:
        return self.content.complete

    @strawberry.field(description="False where English labels stand in the place of codes.")
    def coded(self) -> bool:
        return self.content.coded

    @strawberry.field(description="Its terms, or those of these codes.")
    def terms(self, codes: list[str] | None = None) -> list[VocabularyEntry]:
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


KINDS: dict[str, tuple[register.Shelf[Any], Any]] = {
    "Review": (register.reviews, Review),
    "Institution": (register.institutions, Institution),
    "ProgressReport": (register.reports, ProgressReport),
    "StoredFile": (register.files, StoredFile),
    "ImportRun": (register.runs, ImportRun),
    "Match": (register.matches, Match),
    "Erasure": (register.erasures, Erasure),
    "Person": (register.persons, Person),
}
"""What the register holds, by the kind in an opaque id."""

RegisterNode = Annotated[
    Review | Institution | ProgressReport | StoredFile | ImportRun | Match | Erasure | Person,
    strawberry.union("RegisterNode", description="Anything in the register."),
]


def _entries(of: Registered) -> list[Entry]:
    reading, id = of.reading, of.row.state.id
    found = history.histories(reading.log, reading.scope, [id], reading.last, reading.effective_on)
    return found[id]
