"""Importing a source: its rows are compared with the record chunk by chunk, only news is recorded.

    read → which recommendation is it? → known: what differs · unknown: match, or receive → append

Which recommendation a row is follows from the row and the record alone, and what a chunk has
planned counts as record, so that chunks, order and repetition make no difference (decision 27). A
source that names its rows (UHRI, a table) is followed: one edited text is one correction. One that
does not (UPR Info) is known by what it says, so an edited row is a new one and a missing one. A
review that is already there from elsewhere is never doubled: rows are matched to it. A row that
contradicts the record changes nothing and is told.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from domain import match
from domain.casework import CaseEvent
from domain.entry import Basis, Effective, Entry, Protected, Source, Stamp, Visibility, effective
from domain.languages import is_language
from domain.match import MatchCandidate, match_id, propose_match
from domain.recommendation import Recommendation, fold, position, receive, wording
from domain.recommendation.elements import Alias, Part, PartText, Recommender, Text
from domain.recommendation.names import identify as add_name
from domain.recommendation.names import renumber
from domain.recommendation.terms import classify
from domain.refusals import InvalidInput, Refusal, StaleVersion
from domain.review import review_id
from domain.vocabulary import shipped
from domain.words import (
    AssertedHow,
    CorrectionKind,
    Kind,
    MatchStatus,
    Mechanism,
    Organ,
    TextStatus,
)
from workflows.access import Principal, authorise, may_read
from workflows.desk import Desk
from workflows.importing.door import NEEDS_DECISION, Door, taken
from workflows.importing.identifying import (
    SECOND,
    Identity,
    Known,
    aliases_of,
    asked,
    identify,
    is_from,
    minted,
)
from workflows.importing.languages import (
    NAMES,
    contradicts,
    judge_language,
    language_differs,
)
from workflows.importing.lookups import Lookups
from workflows.importing.matching import (
    NEAR,
    Matcher,
    Namesakes,
    nearness,
    of_a_match,
    same_text,
    supersedes,
)
from workflows.importing.receipt import (
    Conflict,
    Options,
    Outcome,
    Progress,
    Receipt,
    RowNote,
    RowOutcomes,
    text_differs,
    text_of_another,
)
from workflows.importing.run import Run
from workflows.importing.terms import Terms, told
from workflows.sources import (
    NotThisFormat,
    Read,
    Reader,
    RepeatedRow,
    RowsNotRead,
    SourceRow,
    UnreadableRow,
)

chunk_rows = 500
attempts_max = 3
printed_chars_max = 500
judged_rows_max = 500
"""Rows at a file's beginning whose language is judged before anything is recorded."""

FOLLOWED = ("uhri",)
"""Sources whose own names are sure: what such a source itself brought follows it, however much it
changes a text."""


class SourceImport:
    """Imports one source on behalf of a principal. `chunk_rows`: how many rows are recorded at a
    time."""

    def __init__(
        self,
        desk: Desk,
        lookups: Lookups,
        principal: Principal,
        *,
        chunk_rows: int | None = None,
    ) -> None:
        self._desk = desk
        self._lookups = lookups
        self._principal = principal
        self._chunk_rows = chunk_rows

    def run(
        self,
        path: Path,
        reader: Reader,
        options: Options,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: UUID | None = None,
    ) -> Receipt:
        """Imports a file chunk by chunk and gives the receipt; a dry run records nothing. Running
        it again after it broke off goes on where it was. Refuses a file whose texts are clearly in
        another language than is said."""
        if options.state is not None:
            authorise(self._principal, "import", options.state)
        receipt = Receipt(
            format=reader.format,
            parser_version=reader.version,
            language=options.language,
            sha256=_sha256(path),
            size=path.stat().st_size,
            addressee=options.state or "",
            dry_run=dry_run,
        )
        run = Run(self._desk, self._principal, receipt, options, batch=batch)
        work = _Work(self._desk, self._lookups, self._principal, options, receipt, run)
        try:
            rows = reader.read()
            first = list(itertools.islice(rows, judged_rows_max))
            work.judge(first)
            for chunk in _chunks(itertools.chain(first, rows), self._chunk_rows or chunk_rows):
                work.take(chunk)
                if progress is not None:
                    progress("importing", *reader.done())
            work.end()
        except NotThisFormat as problem:
            refusal = InvalidInput(str(problem), reason=problem.code)
            run.fail(refusal)
            raise refusal from None
        except Refusal as refusal:
            run.fail(refusal)
            raise
        return receipt


class _Work:
    """One import under way: what it knows of the record, and what it has seen of the file."""

    def __init__(
        self,
        desk: Desk,
        lookups: Lookups,
        principal: Principal,
        options: Options,
        receipt: Receipt,
        run: Run,
    ) -> None:
        self._desk = desk
        self._lookups = lookups
        self._principal = principal
        self._options = options
        self._receipt = receipt
        self._run = run
        self._procedures = desk.procedures.for_a_file()
        self._door = Door(self._procedures, principal, lambda: run.command, options.as_history)
        self._matchers: dict[UUID, Matcher | None] = {}
        self._namesakes: dict[UUID, Namesakes] = {}
        self._terms = Terms(lookups)
        self._seen: dict[str, set[str]] = {}
        self._sessions: dict[str, set[str | None]] = {}
        self._scheme = receipt.format

    def judge(self, reads: Sequence[Read]) -> None:
        """Refuses a file that is clearly in another language than is said, by the texts at its
        beginning; the UHRI's also by the names of its terms, which are in the export's language."""
        rows = [read for read in reads if isinstance(read, SourceRow)]
        judge_language((row.text, row.language) for row in rows)
        if self._scheme == "uhri":
            terms = [term for row in rows for term in row.terms]
            said = self._options.language
            if found := self._terms.language_of_labels(terms, said):
                raise language_differs(found, said)

    # -- chunk by chunk

    def take(self, chunk: Sequence[Read]) -> None:
        """Records what is new in some rows, all or nothing."""
        rows = [row for row in map(self._wanted, chunk) if row is not None]
        for attempt in range(attempts_max):
            tally = _Tally(chunk)
            entries = self._plan(rows, tally)
            if not self._receipt.dry_run:
                try:
                    self._run.record(entries)
                except StaleVersion:
                    if attempt + 1 == attempts_max:
                        raise
                    self._namesakes.clear()
                    continue
            tally.add_to(self._receipt)
            return

    def end(self) -> None:
        """Says what is missing, and ends the run."""
        self._find_missing()
        if not self._receipt.dry_run:
            self._run.record([], is_last=True)

    def _wanted(self, read: Read) -> SourceRow | None:
        """A row that is to be imported, with its terms resolved; None for all others."""
        if not isinstance(read, SourceRow):
            return None
        assert read.addressee is not None, "readers hand back as unreadable who is not recognised"
        asks = self._options.state is None and not self._options.all_states
        if asks and read.scheme in SECOND:
            raise InvalidInput(
                "The file may address many States: name one with --state SVN, or take all of them "
                "with --all-states."
            )
        if self._options.state not in (None, read.addressee):
            return None
        if self._principal.addressees and read.addressee not in self._principal.addressees:
            return None
        receipt = self._receipt
        receipt.paragraphs += 1
        receipt.parts += 1
        states = len({r.code or r.printed for r in read.recommenders})
        receipt.pairs += states
        answer = read.answer.value if read.answer else "pending"
        for positions, amount in (
            (receipt.positions, 1),
            (receipt.parts_by_position, 1),
            (receipt.pairs_by_position, states),
        ):
            if read.mechanism is Mechanism.UPR and read.kind is not Kind.PLEDGE:
                setattr(positions, answer, getattr(positions, answer) + amount)
        terms, unknown = self._terms.resolve(read.terms)
        row = msgspec.structs.replace(read, terms=terms)
        for doubt in row.doubts:
            said = f": “{row.printed}”" if doubt.startswith("position") and row.printed else ""
            self._doubt(row, doubt, doubt.replace("-", " ") + said)
        for term in self._terms.to_tell(unknown):
            self._doubt(row, "term-unknown", told(term))
        if not is_language(row.language):
            said = f"“{row.language}” is no registered language, and is recorded as it stands"
            self._doubt(row, "language-unknown", said)
        if found := contradicts(row.text, row.language):
            said = f"the text is in {NAMES[found]}, and is recorded as “{row.language}”"
            self._doubt(row, "language-differs", said)
        if row.is_content_key:
            self._seen.setdefault(read.addressee, set()).add(row.key)
            self._sessions.setdefault(read.addressee, set()).add(row.session)
        return row

    def _doubt(self, row: SourceRow, reason: str, said: str) -> None:
        printed = row.text[:80] if row.answer or not row.printed else row.printed
        note = RowNote(row.rows[0], row.paragraph, reason, f"row {row.rows[0]}: {said}", printed)
        self._receipt.note(self._receipt.doubts, note)

    # -- what is new

    def _plan(self, rows: Sequence[SourceRow], tally: _Tally) -> list[Entry]:
        names = [(row.addressee or "", alias) for row in rows for alias in asked(row)]
        bearers = self._lookups.find_bearers(names)
        others = [match_id(row.addressee or "", row.scheme, row.key) for row in rows]
        others += map(minted, rows)
        histories: dict[UUID, list[Entry]] = {}
        for entry in self._desk.log.history(
            [*{id for ids in bearers.values() for id in ids}, *others]
        ):
            histories.setdefault(entry.stream, []).append(entry)
        known = Known(self._principal, bearers, histories)
        entries: list[Entry] = []
        for row in rows:
            self._door.take_left_out()
            try:
                outcome, planned = self._take(row, known, tally)
            except Conflict as conflict:
                tally.conflicts.append(_note(row, conflict.reason, conflict.message))
                tally.count(row, Outcome.UNDECIDED)
                continue
            except Refusal as refusal:
                reason = refusal.code.lower().replace("_", "-")
                tally.unreadable.append(_note(row, reason, refusal.message))
                tally.count(row, Outcome.UNREADABLE)
                continue
            for left in self._door.take_left_out():
                tally.conflicts.append(_note(row, NEEDS_DECISION, left.why))
            tally.count(row, outcome)
            known.add(planned)
            entries.extend(planned)
        return entries

    def _take(self, row: SourceRow, known: Known, tally: _Tally) -> tuple[Outcome, list[Entry]]:
        """What comes of a row, and what is recorded of it."""
        found = identify(row, known)
        row = found.row
        addressee = row.addressee or ""
        if found.id is not None:
            self._run.tells_of(known.of(found.id).visibility)
            planned = self._compare(found, known, tally)
            known.name(addressee, aliases_of(row), found.id)
            if planned:
                self._tell(row, planned, tally)
            if not planned:
                return Outcome.SAME, []
            return Outcome.MERGED if found.is_join else Outcome.CHANGED, planned
        waits = match_id(addressee, row.scheme, row.key)
        if waits in known.histories:
            held = match.fold(known.histories[waits])
            assert held is not None
            if not may_read(self._principal, held):
                raise taken("receive")
            tally.undecided += held.status is MatchStatus.UNDECIDED
            return Outcome.SAME, []
        if found.candidates:
            may_be = of_a_match(known.of(c.recommendation) for c in found.candidates)
            return Outcome.UNDECIDED, [self._propose(row, found.candidates, may_be)]
        if (matcher := self._matcher(row)) is not None:
            return self._match(row, matcher, known, tally)
        if twins := self._twins(row):
            return self._join_twin(row, twins, known, tally)
        self._run.tells_of(Visibility.PUBLIC)
        # An id that is taken was minted for one that has another name by now.
        planned = self._receive(row, uuid4() if minted(row) in known.histories else None)
        id = planned[0].stream
        known.name(addressee, aliases_of(row), id)
        if (review := _review(row)) in self._namesakes:
            received = fold(planned)
            assert received is not None
            self._namesakes[review].add(received)
        return Outcome.NEW, planned

    @staticmethod
    def _tell(row: SourceRow, planned: Sequence[Entry], tally: _Tally) -> None:
        what = ", ".join(dict.fromkeys(e.event.topic.split(".")[1] for e in planned))
        name = row.paragraph or f"row {row.rows[0]}"
        tally.changes.append(RowNote(row.rows[0], row.paragraph, what, f"{name}: {what}"))

    # -- which one it is

    def _twins(self, row: SourceRow) -> list[Recommendation]:
        """Those of its review that say the same by the same States under another symbol."""
        if row.scheme in SECOND or not row.symbol or (review := _review(row)) is None:
            return []
        if row.mechanism is not Mechanism.UPR or not row.recommenders:
            return []
        if review not in self._namesakes:
            self._namesakes[review] = Namesakes(
                self._lookups.held_in_review(self._principal.scope, review)
            )
        parts = (Part(id="1", recommenders=row.recommenders),)
        return self._namesakes[review].find(row.text, parts, row.symbol)

    def _join_twin(
        self, row: SourceRow, twins: Sequence[Recommendation], known: Known, tally: _Tally
    ) -> tuple[Outcome, list[Entry]]:
        """A document that takes the place of another numbers anew; a draft that comes late adds
        nothing; what is not sure waits."""
        symbol, paragraph = row.symbol or "", row.paragraph or ""
        first = twins[0]
        if len(twins) == 1 and supersedes(first.symbol or "", symbol):
            said = (
                f"is in the record as {first.symbol} {first.paragraph}, which is the later document"
            )
            tally.doubts.append(_note(row, "held-under-another-symbol", said))
            return Outcome.SAME, []
        if len(twins) > 1 or not supersedes(symbol, first.symbol or ""):
            candidates = tuple(
                MatchCandidate(recommendation=r.id, score=100)  # type: ignore[arg-type]
                for r in twins[:5]
            )
            said = f"reads like {first.symbol} {first.paragraph} and waits for a person"
            tally.doubts.append(_note(row, "held-under-another-symbol", said))
            return Outcome.UNDECIDED, [self._propose(row, candidates, of_a_match(twins))]
        id: UUID = first.id
        self._run.tells_of(first.visibility)
        if id not in known.histories:
            known.histories[id] = list(self._desk.log.history([id]))
        event = renumber(known.of(id), self._stamp(row, self._received(row)), symbol, paragraph)
        renumbered = self._door.enter(known.of(id), "renumber", event)
        known.add(renumbered)
        planned = [*renumbered, *self._compare(Identity(row, id), known, tally)]
        for entry in renumbered:
            known.histories[id].remove(entry)
        known.name(row.addressee or "", aliases_of(row), id)
        self._tell(row, planned, tally)
        return Outcome.MATCHED, planned

    # -- a recommendation that is new

    def _receive(self, row: SourceRow, other_id: UUID | None) -> list[Entry]:
        addressee = row.addressee or ""
        id, event = receive(
            self._stamp(row, self._received(row)),
            addressee=addressee,
            kind=row.kind,
            mechanism=row.mechanism,
            body=row.body,
            text=_text(row),
            parts=(Part(id="1", recommenders=row.recommenders),),
            symbol=row.symbol,
            paragraph=row.paragraph,
            cycle=row.cycle,
            session=row.session,
            id=other_id or minted(row),
        )
        entry = self._door.opening(id, addressee, event)
        r = fold([entry])
        assert r is not None
        planned = [entry]
        if row.scheme != "un":
            named = add_name(r, self._stamp(row, Effective()), row.scheme, row.key)
            # Its source's name is part of what arrives: without it, it would arrive again.
            planned.append(self._procedures.enter(r, "identify", named))
        if row.answer is not None:
            planned.extend(self._take_position(row, r, is_new=True))
        if row.terms:
            fits = classify(r, self._stamp(row, Effective()), row.terms, AssertedHow.SOURCE)
            planned.extend(self._door.enter(r, "classify", fits, is_new=True))
        return planned

    def _received(self, row: SourceRow) -> Effective:
        if row.published:
            return effective(row.published)
        if row.mechanism is Mechanism.UPR and row.session:
            sessions = shipped()["upr-session"]
            term = sessions.term(next(iter(sessions.versions)), row.session)
            if term is not None and term.until:
                return effective(term.until[:7], Basis.INFERRED)
        return Effective()

    def _take_position(
        self, row: SourceRow, r: Recommendation, *, is_new: bool = False
    ) -> list[Entry]:
        assert row.answer is not None
        # A table gives the date of the document that answers; a second source that of the report.
        dated = row.published if row.scheme not in SECOND else None
        event = position.take(
            r.as_read(self._principal.scope),
            self._stamp(row, effective(dated) if dated else Effective()),
            row.answer,
            organ=Organ.OTHER,
            printed=row.printed,
            in_part=row.in_part,
            said_already_implemented=row.said_already_implemented,
            doubt="citation-missing",
        )
        return self._door.enter(r, "take-position", event, is_new=is_new)

    # -- one that is known

    def _compare(self, found: Identity, known: Known, tally: _Tally) -> list[Entry]:
        row, id = found.row, found.id
        assert id is not None
        r, entries = known.of(id), known.histories[id]
        planned: list[Entry] = []
        if row.scheme != "un" and not found.is_own:
            event = add_name(r, self._stamp(row, Effective()), row.scheme, row.key)
            planned.extend(self._door.enter(r, "identify", event))
        planned.extend(self._compare_text(found, r, entries))
        planned.extend(self._compare_states(found, r, entries, tally))
        if row.answer is not None and r.awaits_position:
            seen = known.as_read(r)
            now = seen.current_position()
            if not seen.positions:
                planned.extend(self._take_position(row, r))
            elif now is not None and now.answer is not row.answer:
                said = f"says {row.answer.value}, and the record has {now.answer.value}"
                tally.doubts.append(_note(row, "position-differs", said))
        ever = self._terms.ever_borne(entries)
        if new := self._terms.further(row.terms, r, row.language, ever):
            fits = classify(r, self._stamp(row, Effective()), new, AssertedHow.SOURCE)
            planned.extend(self._door.enter(r, "classify", fits))
        return planned

    def _compare_text(
        self, found: Identity, r: Recommendation, entries: Sequence[Entry]
    ) -> list[Entry]:
        row, text = found.row, _text(found.row)
        if len(r.parts) != 1 or found.is_join:
            return []
        if row.language not in r.texts:
            added = wording.add_text(r, self._stamp(row, Effective()), text)
            return self._door.enter(r, "add-text", added)
        # What it says is followed where it came from here; matched to another's, it is not.
        if row.scheme != "un" and not (found.is_own and is_from(row, r)):
            return []
        ever = {
            tuple(part.text for part in held.parts)
            for entry in entries
            if (held := getattr(entry.event, "text", None)) and held.language == row.language
        }
        if tuple(part.text for part in text.parts) in ever:
            return []
        if row.scheme not in FOLLOWED:
            if nearness(row.text, r, row.language) < NEAR:
                raise text_differs(row.paragraph or row.key, r, row.language)
            review = review_id(r.addressee, r.body, *_cycle_or_round(r.mechanism, r.cycle))
            there = (
                self._lookups.held_in_review(self._principal.scope, review)
                if r.cycle is not None
                else []
            )
            if other := same_text(there, r, row.text, row.language):
                raise text_of_another(row.paragraph or row.key, other)
        stamp = self._stamp(row, Effective(), "The imported file reads differently.")
        corrected = wording.correct(r, stamp, CorrectionKind.CLERICAL, text=text)
        return self._door.enter(r, "correct", corrected)

    def _compare_states(
        self, found: Identity, r: Recommendation, entries: Sequence[Entry], tally: _Tally
    ) -> list[Entry]:
        """Adds recommending States that the record never had, where a row has all that it has. A
        source that is known by its content has a row for each State, and may bring them in several
        files. What differs otherwise is told."""
        row = found.row
        is_its_own = row.scheme == "un" or (found.is_own and is_from(row, r))
        if len(r.parts) != 1 or not row.recommenders or not is_its_own:
            return []
        (part,) = r.parts
        named = {_state(state): state for state in row.recommenders}
        others = [s.printed for s in part.recommenders if _state(s) not in named]
        if others and not row.is_content_key:
            mine = ", ".join(state.printed for state in row.recommenders)
            said = f"names {mine} as recommending, and the record has {', '.join(others)}"
            tally.doubts.append(_note(row, "states-differ", said))
            return []
        ever = {
            _state(state)
            for entry in entries
            for held in getattr(entry.event, "parts", None) or ()
            for state in held.recommenders
        }
        more = tuple(state for key, state in named.items() if key not in ever)
        if not more:
            return []
        stamp = self._stamp(row, Effective(), "The imported file names more recommending States.")
        parts = (msgspec.structs.replace(part, recommenders=(*part.recommenders, *more)),)
        return self._door.enter(
            r, "correct", wording.correct(r, stamp, CorrectionKind.CLERICAL, parts=parts)
        )

    # -- second sources

    def _matcher(self, row: SourceRow) -> Matcher | None:
        """What a second source's row is matched against; None where no review is there yet."""
        if row.scheme not in SECOND or (id := _review(row)) is None:
            return None
        if id not in self._matchers:
            scope, format = self._principal.scope, self._receipt.format
            there = self._lookups.held_by_others(scope, id, format)
            self._matchers[id] = Matcher(there) if there else None
        return self._matchers[id]

    def _match(
        self, row: SourceRow, matcher: Matcher, known: Known, tally: _Tally
    ) -> tuple[Outcome, list[Entry]]:
        found = matcher.find(row.text, row.recommenders)
        entry = self._propose(row, found.candidates, found.visibility)
        if found.it is None:
            return Outcome.UNDECIDED, [entry]
        made = match.fold([entry])
        assert made is not None
        how = AssertedHow.RULE if found.score == 100 else AssertedHow.SIMILARITY
        stamp = self._stamp(row, Effective(), visibility=found.visibility)
        event = made.make(stamp, found.it.id, how, found.score)  # type: ignore[arg-type]
        id: UUID = found.it.id
        if id not in known.histories:
            known.histories[id] = list(self._desk.log.history([id]))
        try:
            joined = join(self._door, self._stamp(row, Effective()), known.of(id), made)
        except Conflict as conflict:
            tally.conflicts.append(_note(row, conflict.reason, conflict.message))
            return Outcome.UNDECIDED, [entry]
        made_so = Entry(entry.stream, 2, entry.addressee, event)
        return Outcome.MATCHED, [entry, made_so, *joined]

    def _propose(
        self, row: SourceRow, candidates: tuple[MatchCandidate, ...], visibility: Visibility
    ) -> Entry:
        """The row waits for a person."""
        self._run.tells_of(visibility)
        addressee = row.addressee or ""
        id, proposed = propose_match(
            self._stamp(row, Effective(), visibility=visibility),
            addressee=addressee,
            scheme=row.scheme,
            key=row.key,
            text=row.text,
            language=row.language,
            recommenders=row.recommenders,
            answer=row.answer,
            terms=row.terms,
            cycle=row.cycle,
            session=row.session,
            symbol=row.symbol,
            paragraph=row.paragraph,
            candidates=candidates,
        )
        return Entry(id, 1, addressee, proposed)

    # -- the end

    def _find_missing(self) -> None:
        """What a source that knows its rows only by content had before, and has no more."""
        receipt = self._receipt
        for addressee, keys in self._seen.items():
            held = self._lookups.held_under(self._principal.scope, self._scheme, addressee)
            for key, r in held.items():
                if key not in keys and r.session in self._sessions[addressee]:
                    receipt.missing += 1
                    self._run.tells_of(r.visibility)
                    name = f"{addressee} session {r.session}"
                    message = f"{name}: recorded before, and not in this file as it reads now"
                    note = RowNote(0, None, "missing", message, r.text()[:printed_chars_max])
                    receipt.note(receipt.missing_rows, note)

    def _stamp(
        self,
        row: SourceRow,
        when: Effective,
        reason: str | None = None,
        visibility: Visibility = Visibility.PUBLIC,
    ) -> Stamp:
        return Stamp(
            command=self._run.command,
            speaker=self._principal.speaker(),
            effective=when,
            visibility=visibility,
            source=Source(
                document=row.symbol or row.scheme,
                paragraph=row.paragraph,
                language=row.language,
                sha256=self._receipt.sha256,
                row=row.rows[0],
            ),
            reason=Protected(reason) if reason else None,
            batch=self._run.id,
        )


class _Tally:
    """What a chunk comes to, counted only once it is recorded. Every row of the chunk gets one
    outcome: the first that applies of those its recommendations have."""

    def __init__(self, chunk: Sequence[Read]) -> None:
        self._chunk = chunk
        self._rows = RowOutcomes()
        self._paragraphs: dict[Outcome, int] = {}
        self.undecided = 0
        self.changes: list[RowNote] = []
        self.conflicts: list[RowNote] = []
        self.doubts: list[RowNote] = []
        self.unreadable: list[RowNote] = []

    def count(self, row: SourceRow, outcome: Outcome) -> None:
        """Says what came of a row that was imported."""
        self._paragraphs[outcome] = self._paragraphs.get(outcome, 0) + 1
        self._rows.settle(outcome, row.rows)

    def add_to(self, receipt: Receipt) -> None:
        """Puts it into the receipt."""
        for read in self._chunk:
            if isinstance(read, RowsNotRead):
                receipt.leave(read.rows, read.reason, read.message, read.printed)
            elif isinstance(read, UnreadableRow):
                self._rows.settle(Outcome.UNREADABLE, [read.row])
                note = RowNote(read.row, None, read.reason, read.message, read.printed)
                receipt.note(receipt.unreadable_rows, note)
            elif isinstance(read, RepeatedRow):
                self._rows.settle(Outcome.REPEATED, [read.row])
            else:
                self._rows.settle(Outcome.OTHER_STATES, read.rows)
        self._rows.add_to(receipt)
        by_row = receipt.row_outcomes
        receipt.repeated = by_row.get(Outcome.REPEATED, 0)
        receipt.other_states = by_row.get(Outcome.OTHER_STATES, 0)
        receipt.unreadable = by_row.get(Outcome.UNREADABLE, 0)
        receipt.undecided += self.undecided
        for outcome in (Outcome.NEW, Outcome.CHANGED, Outcome.SAME, Outcome.MATCHED):
            name, more = outcome.value, self._paragraphs.get(outcome, 0)
            setattr(receipt, name, getattr(receipt, name) + more)
        receipt.undecided += self._paragraphs.get(Outcome.UNDECIDED, 0)
        receipt.merged += self._paragraphs.get(Outcome.MERGED, 0)
        receipt.paragraphs -= len(self.unreadable)
        for notes, mine in (
            (receipt.changes, self.changes),
            (receipt.conflicts, self.conflicts),
            (receipt.doubts, self.doubts),
            (receipt.unreadable_rows, self.unreadable),
        ):
            for note in mine:
                receipt.note(notes, note)


def join(door: Door, stamp: Stamp, r: Recommendation, row: match.Match) -> list[Entry]:
    """What a match adds to its recommendation, after what was due on that before: the row's name in
    its source, or its number in the document that it comes from, and its terms. Raises Conflict
    where one of these is left to people."""
    alias = Alias(
        scheme=row.scheme,
        value=row.symbol or row.key if row.scheme == "un" else row.key,
        paragraph=row.paragraph if row.scheme == "un" else None,
    )
    is_named = alias.key in {a.key for a in r.aliases}
    borne = {held.term.key for held in r.terms}
    new = [term for term in row.terms if term.key not in borne]
    acts: list[tuple[str, CaseEvent]] = []
    if not is_named and row.scheme == "un":
        numbered = renumber(r, stamp, row.symbol or "", row.paragraph or "")
        acts.append(("renumber", numbered))
    elif not is_named:
        acts.append(("identify", add_name(r, stamp, row.scheme, row.key)))
    if new:
        acts.append(("classify", classify(r, stamp, new, AssertedHow.SOURCE)))
    for step, event in acts:
        if (why := door.judge(r, step, event).why) is not None:
            raise Conflict(NEEDS_DECISION, why)
    return [entry for step, event in acts for entry in door.enter(r, step, event)]


def _review(row: SourceRow) -> UUID | None:
    """The review that a row belongs to; None where it names no cycle."""
    if row.cycle is None:
        return None
    return review_id(row.addressee or "", row.body, *_cycle_or_round(row.mechanism, row.cycle))


def _cycle_or_round(mechanism: Mechanism, number: int | None) -> tuple[int | None, int | None]:
    return (number, None) if mechanism is Mechanism.UPR else (None, number)


def _note(row: SourceRow, reason: str, message: str) -> RowNote:
    return RowNote(row.rows[0], row.paragraph, reason, message, row.text[:printed_chars_max])


def _state(state: Recommender) -> str:
    """What tells recommending States apart."""
    return state.code or " ".join(state.printed.casefold().split())


def _text(row: SourceRow) -> Text:
    return Text(
        language=row.language,
        status=TextStatus.OFFICIAL,
        parts=(PartText(part="1", text=row.text),),
    )


def _chunks(reads: Iterator[Read], rows_max: int) -> Iterator[list[Read]]:
    """The rows in chunks. What one row of the file gives stays together."""
    chunk: list[Read] = []
    last: int | None = None
    for read in reads:
        first = _first_row(read)
        if len(chunk) >= rows_max and (first is None or first != last):
            yield chunk
            chunk = []
        chunk.append(read)
        last = first
    if chunk:
        yield chunk


def _first_row(read: Read) -> int | None:
    if isinstance(read, RowsNotRead):
        return None
    return read.rows[0] if isinstance(read, SourceRow) else read.row


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
