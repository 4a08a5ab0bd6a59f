"""Importing a source: its rows are compared with the record chunk by chunk, only news is recorded.

    read → look up by name → known: what differs · unknown: match, or receive → append a chunk

A source that names its rows (UHRI, a table) is followed: one edited text is one correction. One
that does not (UPR Info) is known by what it says, so an edited row is a new one and a missing one.
A review that is already there from elsewhere is never doubled: rows are matched to it.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from domain import match
from domain.entry import Basis, Effective, Entry, Protected, Source, Stamp, Visibility, effective
from domain.events import Alias, Classified, Identified, Part, PartText, Text
from domain.identity import mint
from domain.match import match_id, propose_match
from domain.recommendation import Recommendation, fold, receive
from domain.refusals import InvalidInput, Refusal, StaleVersion
from domain.review import review_id
from domain.vocabulary import shipped
from domain.words import AssertedHow, CorrectionKind, MatchStatus, Mechanism, Organ, TextStatus
from workflows.access import Principal, authorise
from workflows.desk import Desk
from workflows.importing.lookups import Lookups
from workflows.importing.matching import Matcher
from workflows.importing.receipt import Options, Progress, Receipt, RowNote
from workflows.importing.run import Run
from workflows.procedure import Procedures
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

SECOND = ("upr-info", "uhri")
"""Sources that retell what a mechanism's own document says."""


class SourceImport:
    """Imports one source on behalf of a principal."""

    def __init__(self, desk: Desk, lookups: Lookups, principal: Principal) -> None:
        self._desk = desk
        self._lookups = lookups
        self._principal = principal

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
        it again after it broke off goes on where it was."""
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
            for chunk in _chunks(reader.read()):
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
        self._matchers: dict[UUID, Matcher | None] = {}
        self._seen: dict[str, set[str]] = {}
        self._sessions: dict[str, set[str | None]] = {}
        self._last_row = 0
        self._scheme = receipt.format

    # -- chunk by chunk

    def take(self, chunk: Sequence[Read]) -> None:
        """Records what is new in some rows, all or nothing."""
        rows = [row for row in map(self._count, chunk) if row is not None]
        for attempt in range(attempts_max):
            tally = _Tally()
            entries = self._plan(rows, tally)
            if not self._receipt.dry_run:
                try:
                    self._run.record(entries)
                except StaleVersion:
                    if attempt + 1 == attempts_max:
                        raise
                    continue
            tally.add_to(self._receipt)
            return

    def end(self) -> None:
        """Says what is missing, and ends the run."""
        self._find_missing()
        if not self._receipt.dry_run:
            self._run.record([], is_last=True)

    def _count(self, read: Read) -> SourceRow | None:
        """Accounts for a row; gives it back if it is one to import."""
        receipt = self._receipt
        if isinstance(read, UnreadableRow):
            self._rows(read.row)
            receipt.unreadable += 1
            note = RowNote(read.row, None, read.reason, read.message, read.printed)
            receipt.note(receipt.unreadable_rows, note)
            return None
        if isinstance(read, RowsNotRead):
            receipt.rows += read.rows
            receipt.not_read += read.rows
            message = f"{read.rows} rows: {read.message}"
            note = RowNote(0, None, read.reason, message, read.printed)
            receipt.note(receipt.not_read_rows, note)
            return None
        if isinstance(read, RepeatedRow):
            self._rows(read.row)
            receipt.repeated += 1
            return None
        self._rows(*read.rows)
        assert read.addressee is not None, "readers hand back as unreadable who is not recognised"
        asks = self._options.state is None and not self._options.all_states
        if asks and read.scheme in SECOND:
            raise InvalidInput(
                "The file may address many States: name one with --state SVN, or take all of them "
                "with --all-states."
            )
        if self._options.state not in (None, read.addressee):
            receipt.other_states += len(read.rows)
            return None
        if self._principal.addressees and read.addressee not in self._principal.addressees:
            receipt.other_states += len(read.rows)
            return None
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
            if read.mechanism is Mechanism.UPR:
                setattr(positions, answer, getattr(positions, answer) + amount)
        for doubt in read.doubts:
            message = f"row {read.rows[0]}: {doubt.replace('-', ' ')}"
            receipt.note(
                receipt.doubts,
                RowNote(read.rows[0], read.paragraph, doubt, message, read.text[:80]),
            )
        if read.is_content_key:
            self._seen.setdefault(read.addressee, set()).add(read.key)
            self._sessions.setdefault(read.addressee, set()).add(read.session)
        return read

    def _rows(self, *rows: int) -> None:
        """A record about several States is one row."""
        new = [row for row in rows if row != self._last_row]
        self._last_row = rows[-1]
        self._receipt.rows += len(new)

    # -- what is new

    def _plan(self, rows: Sequence[SourceRow], tally: _Tally) -> list[Entry]:
        names = [(row.addressee or "", alias) for row in rows for alias in _aliases(row)]
        found = self._lookups.find_aliases(names)
        known = [self._known(row, found) for row in rows]
        others = [match_id(row.addressee or "", row.scheme, row.key) for row in rows]
        histories: dict[UUID, list[Entry]] = {}
        for entry in self._desk.log.history([*{id for id in known if id}, *others]):
            histories.setdefault(entry.stream, []).append(entry)
        entries: list[Entry] = []
        here: dict[UUID, list[Entry]] = {}
        for row, id in zip(rows, known, strict=True):
            try:
                if id is not None:
                    history = [*histories[id], *here.get(id, [])]
                    planned = self._compare(row, history)
                    tally.changed += bool(planned)
                    tally.same += not planned
                    self._tell(row, planned, tally)
                else:
                    planned = self._unknown(row, histories, here, tally)
            except Refusal as refusal:
                tally.unreadable.append(
                    RowNote(
                        row.rows[0],
                        row.paragraph,
                        refusal.code.lower().replace("_", "-"),
                        refusal.message,
                        row.text[:printed_chars_max],
                    )
                )
                continue
            for entry in planned:
                here.setdefault(entry.stream, []).append(entry)
            entries.extend(planned)
        return entries

    def _known(self, row: SourceRow, found: dict[tuple[str, str, str, str], UUID]) -> UUID | None:
        for alias in _aliases(row):
            if id := found.get((row.addressee or "", *alias.key)):
                return id
        return None

    @staticmethod
    def _tell(row: SourceRow, planned: Sequence[Entry], tally: _Tally) -> None:
        if planned:
            what = ", ".join(dict.fromkeys(e.event.topic.split(".")[1] for e in planned))
            name = row.paragraph or f"row {row.rows[0]}"
            tally.changes.append(RowNote(row.rows[0], row.paragraph, what, f"{name}: {what}"))

    def _unknown(
        self,
        row: SourceRow,
        histories: dict[UUID, list[Entry]],
        here: dict[UUID, list[Entry]],
        tally: _Tally,
    ) -> list[Entry]:
        id = match_id(row.addressee or "", row.scheme, row.key)
        if id in histories or id in here:
            held = match.fold(histories.get(id) or here[id])
            tally.undecided += held is not None and held.status is MatchStatus.UNDECIDED
            tally.same += 1
            return []
        matcher = self._matcher(row)
        if matcher is None:
            planned = self._receive(row)
            if planned[0].stream in here:
                return self._again(row, here[planned[0].stream], tally)
            tally.new += 1
            return planned
        return self._match(row, matcher, here, tally)

    def _again(self, row: SourceRow, earlier: Sequence[Entry], tally: _Tally) -> list[Entry]:
        """A row that bears the paragraph number of an earlier one in the same chunk."""
        planned = self._compare(row, earlier)
        tally.changed += bool(planned)
        tally.same += not planned
        return planned

    # -- a recommendation that is new

    def _receive(self, row: SourceRow) -> list[Entry]:
        addressee = row.addressee or ""
        own = row.symbol and row.paragraph and row.scheme not in SECOND
        event_id = None if own else mint(row.kind.value, addressee, row.scheme, row.key)
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
            id=event_id,
        )
        entry = self._procedures.opening(id, addressee, event)
        r = fold([entry])
        assert r is not None
        planned = [entry]
        if not own:
            named = r.identify(self._stamp(row, Effective()), row.scheme, row.key)
            planned.append(self._procedures.enter(r, "identify", named))
        if row.answer is not None:
            planned.append(self._take_position(row, r))
        if row.terms:
            fits = r.classify(self._stamp(row, Effective()), row.terms, AssertedHow.SOURCE)
            planned.append(self._procedures.enter(r, "classify", fits))
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

    def _take_position(self, row: SourceRow, r: Recommendation) -> Entry:
        assert row.answer is not None
        event = r.take_position(
            self._stamp(row, Effective()),
            row.answer,
            organ=Organ.OTHER,
            printed=row.printed,
            in_part=row.in_part,
            said_already_implemented=row.said_already_implemented,
            doubt="citation-missing",
        )
        return self._procedures.enter(r, "take-position", event)

    # -- one that is known

    def _compare(self, row: SourceRow, entries: Sequence[Entry]) -> list[Entry]:
        r = fold(entries)
        assert r is not None
        events = [entry.event for entry in entries]
        planned: list[Entry] = []
        alias = Alias(scheme=row.scheme, value=row.key)
        named = [
            entry
            for entry in entries
            if isinstance(entry.event, Identified) and entry.event.alias.key == alias.key
        ]
        if not named and row.scheme != "un":
            event = r.identify(self._stamp(row, Effective()), row.scheme, row.key)
            planned.append(self._procedures.enter(r, "identify", event))
        # What it says is followed where it came from here; matched to another's, it is not.
        if row.scheme == "un" or (named and named[0].stamp.batch == entries[0].stamp.batch):
            planned.extend(self._compare_text(row, r, entries))
        if row.answer is not None and not r.positions and r.mechanism is Mechanism.UPR:
            planned.append(self._take_position(row, r))
        ever = {term.key for e in events if isinstance(e, Classified) for term in e.terms}
        if new := [term for term in row.terms if term.key not in ever]:
            fits = r.classify(self._stamp(row, Effective()), new, AssertedHow.SOURCE)
            planned.append(self._procedures.enter(r, "classify", fits))
        return planned

    def _compare_text(
        self, row: SourceRow, r: Recommendation, entries: Sequence[Entry]
    ) -> list[Entry]:
        text = _text(row)
        if row.language not in r.texts:
            if len(r.parts) != 1:
                return []
            added = r.add_text(self._stamp(row, Effective()), text)
            return [self._procedures.enter(r, "add-text", added)]
        ever = {
            tuple(part.text for part in held.parts)
            for entry in entries
            if (held := getattr(entry.event, "text", None)) and held.language == row.language
        }
        if len(r.parts) != 1 or tuple(part.text for part in text.parts) in ever:
            return []
        stamp = self._stamp(row, Effective(), "The imported file reads differently.")
        corrected = r.correct(stamp, CorrectionKind.CLERICAL, text=text)
        return [self._procedures.enter(r, "correct", corrected)]

    # -- second sources

    def _matcher(self, row: SourceRow) -> Matcher | None:
        """What a second source's row is matched against; None where no review is there yet."""
        if row.scheme not in SECOND or row.cycle is None:
            return None
        by_cycle = row.mechanism is Mechanism.UPR
        cycle, round = (row.cycle, None) if by_cycle else (None, row.cycle)
        id = review_id(row.addressee or "", row.body, cycle, round)
        if id not in self._matchers:
            there = self._lookups.held_by_others(id, self._receipt.format)
            self._matchers[id] = Matcher(there) if there else None
        return self._matchers[id]

    def _match(
        self,
        row: SourceRow,
        matcher: Matcher,
        here: dict[UUID, list[Entry]],
        tally: _Tally,
    ) -> list[Entry]:
        found = matcher.find(row.text, row.recommenders)
        stamp = self._stamp(row, Effective(), visibility=Visibility.INTERNAL)
        addressee = row.addressee or ""
        id, proposed = propose_match(
            stamp,
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
            candidates=found.candidates,
        )
        entry = Entry(id, 1, addressee, proposed)
        if found.it is None:
            tally.undecided += 1
            return [entry]
        tally.matched += 1
        made = match.fold([entry])
        assert made is not None
        how = AssertedHow.RULE if found.score == 100 else AssertedHow.SIMILARITY
        event = made.make(stamp, found.it.id, how, found.score)  # type: ignore[arg-type]
        history = [*self._desk.log.history([found.it.id]), *here.get(found.it.id, [])]
        r = fold(history)
        assert r is not None
        return [
            entry,
            Entry(id, 2, addressee, event),
            *join(self._procedures, self._stamp(row, Effective()), r, made),
        ]

    # -- the end

    def _find_missing(self) -> None:
        """What a source that knows its rows only by content had before, and has no more."""
        receipt = self._receipt
        for addressee, keys in self._seen.items():
            for key, r in self._lookups.held_under(self._scheme, addressee).items():
                if key not in keys and r.session in self._sessions[addressee]:
                    receipt.missing += 1
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
    """What a chunk comes to, counted only once it is recorded."""

    def __init__(self) -> None:
        self.new = self.changed = self.same = self.matched = self.undecided = 0
        self.changes: list[RowNote] = []
        self.unreadable: list[RowNote] = []

    def add_to(self, receipt: Receipt) -> None:
        for name in ("new", "changed", "same", "matched", "undecided"):
            setattr(receipt, name, getattr(receipt, name) + getattr(self, name))
        for note in self.changes:
            receipt.note(receipt.changes, note)
        receipt.unreadable += len(self.unreadable)
        receipt.paragraphs -= len(self.unreadable)
        for note in self.unreadable:
            receipt.note(receipt.unreadable_rows, note)


def join(procedures: Procedures, stamp: Stamp, r: Recommendation, row: match.Match) -> list[Entry]:
    """What a match adds to its recommendation: the row's name in its source, and its terms."""
    planned: list[Entry] = []
    alias = Alias(scheme=row.scheme, value=row.key)
    if alias.key not in {a.key for a in r.aliases}:
        planned.append(procedures.enter(r, "identify", r.identify(stamp, row.scheme, row.key)))
    borne = {held.term.key for held in r.terms}
    if new := [term for term in row.terms if term.key not in borne]:
        fits = r.classify(stamp, new, AssertedHow.SOURCE)
        planned.append(procedures.enter(r, "classify", fits))
    return planned


def _aliases(row: SourceRow) -> list[Alias]:
    """The names a row may be known by: the source's own first, then the document's."""
    own = [] if row.scheme == "un" else [Alias(scheme=row.scheme, value=row.key)]
    if row.symbol and row.paragraph:
        own.append(Alias(scheme="un", value=row.symbol, paragraph=row.paragraph))
    return own


def _text(row: SourceRow) -> Text:
    return Text(
        language=row.language,
        status=TextStatus.OFFICIAL,
        parts=(PartText(part="1", text=row.text),),
    )


def _chunks(rows: Iterator[Read]) -> Iterator[list[Read]]:
    while chunk := list(itertools.islice(rows, chunk_rows)):
        yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
