"""Importing a matrix: what a file says is compared with the record, and only news is recorded.

    read → look up by alias, else match → load → plan (new, matched, changed, same, unreadable)
         → append, all or nothing

What the record has held before is not news: a file that is saved again, reordered, or older than
a correction made here changes nothing. One edited text is one correction. Another language adds
texts. What the review already has from another source is completed, not put beside it. Odd rows
are listed with row and reason; they stop nothing and never vanish.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec

from domain import match, review
from domain.addressees import addressee as known_addressee
from domain.addressees import recognise
from domain.cycles import cycle_of
from domain.entry import (
    Effective,
    Entry,
    Protected,
    Source,
    Stamp,
    Visibility,
    effective,
)
from domain.identity import natural_order
from domain.match import MatchCandidate, match_id, propose_match
from domain.recommendation import Recommendation, fold, names, position, receive
from domain.recommendation.elements import Alias, Part, PartText, Recommender, Term, Text
from domain.recommendation.position import PositionTaken
from domain.recommendation.receiving import Received
from domain.recommendation.terms import classify, declassify
from domain.recommendation.wording import Corrected, TextAdded, add_text, correct, strike
from domain.refusals import InvalidInput, Refusal, StaleVersion
from domain.review import ReviewDocument, open_review, review_id
from domain.words import (
    Answer,
    AssertedHow,
    CorrectionKind,
    DocumentKind,
    Kind,
    MatchStatus,
    Mechanism,
    Organ,
    TextStatus,
)
from workflows.access import Principal, authorise, may_read
from workflows.desk import Desk
from workflows.importing.door import NEEDS_DECISION, Door, taken
from workflows.importing.languages import judge_language
from workflows.importing.lookups import Lookups
from workflows.importing.matching import (
    NEAR,
    Found,
    Matcher,
    Namesakes,
    candidates_max,
    nearness,
    of_a_match,
    same_text,
    supersedes,
)
from workflows.importing.receipt import (
    Conflict,
    Options,
    Outcome,
    Positions,
    Progress,
    Receipt,
    RowNote,
    text_differs,
    text_of_another,
)
from workflows.importing.run import Run
from workflows.importing.terms import Terms, told
from workflows.ohchr_matrix import (
    Matrix,
    MatrixRow,
    NotAMatrix,
    UnreadableRow,
    read_matrix,
    version,
)
from workflows.procedure import Procedures

Said = TypeVar("Said", str, int)

SDG_VERSION = "2015"
FORMAT = "ohchr-matrix"
attempts_max = 3


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """What a file turned out to be about: said by the caller, or found in the file (`inferred`)."""

    state: str
    document: str
    cycle: int | None
    session: int | None
    inferred: tuple[str, ...] = ()


class MatrixImport:
    """Imports matrices on behalf of a principal."""

    def __init__(
        self,
        desk: Desk,
        lookups: Lookups,
        principal: Principal,
        read: Callable[..., Matrix] = read_matrix,
        format: str = FORMAT,
    ) -> None:
        self._desk = desk
        self._lookups = lookups
        self._principal = principal
        self._read = read
        self._format = format

    def run(
        self,
        source: bytes | Path,
        options: Options,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
        batch: UUID | None = None,
    ) -> Receipt:
        """Imports one file, all or nothing, and gives the receipt; a dry run records nothing.

        Refuses a file that is no matrix, and one of which nobody says what it is about.
        """
        tell = progress or (lambda what, done, total: None)
        content = source.read_bytes() if isinstance(source, Path) else source
        try:
            matrix = self._read(
                content,
                language=options.language,
                progress=lambda done, total: tell("reading", done, total),
            )
        except NotAMatrix as problem:
            raise InvalidInput(str(problem), reason=problem.code) from None
        judge_language((_joined(row), options.language) for row in matrix.rows)
        labels = label(matrix, options)
        authorise(self._principal, "import", labels.state)
        digest = hashlib.sha256(content).hexdigest()
        for attempt in range(attempts_max):
            plan = self._plan(matrix, labels, options, digest, tell, batch or uuid4())
            plan.receipt.format = self._format
            plan.receipt.dry_run = dry_run
            plan.receipt.size = len(content)
            opening = plan.review(self._desk) if plan.entries else []
            if dry_run or not plan.entries:
                return plan.receipt
            run = Run(self._desk, self._principal, plan.receipt, options, batch=plan.batch)
            for visibility in plan.about:
                run.tells_of(visibility)
            try:
                tell("recording", 0, len(plan.entries))
                run.record([*opening, *plan.entries], is_last=True)
            except StaleVersion:
                if attempt + 1 == attempts_max:
                    raise
                continue
            tell("recording", len(plan.entries), len(plan.entries))
            return plan.receipt
        raise AssertionError

    def _plan(
        self,
        matrix: Matrix,
        labels: Labels,
        options: Options,
        sha256: str,
        tell: Progress,
        batch: UUID,
    ) -> Plan:
        plan = Plan(
            matrix,
            labels,
            options,
            sha256,
            self._principal,
            batch,
            self._desk.procedures.for_a_file(),
            Terms(self._lookups),
            cache(lambda: self._there(labels)),
        )
        aliases = {row.paragraph: plan.alias(row) for row in matrix.rows}
        pairs = [(labels.state, alias) for alias in aliases.values()]
        bearers = {key[1:]: ids for key, ids in self._lookups.find_bearers(pairs).items()}
        anew = [row for row in matrix.rows if aliases[row.paragraph].key not in bearers]
        matched = self._match(plan, labels, anew)
        waits = {row.paragraph: plan.match_id(row) for row in anew}
        ids = {id for several in bearers.values() for id in several} | set(matched.values())
        entries: dict[UUID, list[Entry]] = {id: [] for id in (*ids, *waits.values())}
        for entry in self._desk.log.history(list(entries)):
            entries[entry.stream].append(entry)
        found: dict[str, UUID] = {}
        whose: dict[UUID, str] = {}
        held = {id: r for id in ids if (r := fold(entries[id])) and r.kind is Kind.RECOMMENDATION}
        for row in matrix.rows:
            alias = aliases[row.paragraph]
            there = [held[id] for id in bearers.get(alias.key, ()) if id in held]
            mine = [r for r in there if may_read(self._principal, r)]
            if there and not mine:
                plan.is_taken(row)
                continue
            if (it := plan.nearest(row, mine)) is not None:
                found[row.paragraph] = it.id
                now = Alias(scheme="un", value=it.symbol or "", paragraph=it.paragraph)
                if it.id not in whose or now.key == alias.key:
                    whose[it.id] = row.paragraph
        twins = self._namesakes(labels, anew)
        for done, row in enumerate(matrix.rows, start=1):
            id = found.get(row.paragraph)
            if row.paragraph in plan.taken:
                continue
            if id is not None and whose[id] == row.paragraph:
                plan.add(row, entries[id])
            elif row.paragraph in matched:
                plan.complete(row, entries[matched[row.paragraph]])
            elif row.paragraph in waits and entries[waits[row.paragraph]]:
                plan.still_waits(row, entries[waits[row.paragraph]])
            elif row.paragraph in twins:
                plan.doubt_twins(row, twins[row.paragraph])
            else:
                # Its number was another's once, who is in this file too: it is a paragraph of its
                # own, and its number mints no id any more.
                plan.add(
                    row, [], anew=id is not None or bool(bearers.get(aliases[row.paragraph].key))
                )
            tell("comparing", done, len(matrix.rows))
        return plan

    def _there(self, labels: Labels) -> list[Recommendation]:
        if labels.cycle is None:
            return []
        id = review_id(labels.state, "UPR", labels.cycle, None)
        return self._lookups.held_in_review(self._principal.scope, id)

    def _namesakes(
        self, labels: Labels, rows: Sequence[MatrixRow]
    ) -> dict[str, list[Recommendation]]:
        """What the review has under another symbol, with the text and the States of a row."""
        if not rows:
            return {}
        there = Namesakes(self._there(labels))
        found = {
            row.paragraph: there.find(_joined(row), _parts(row), labels.document) for row in rows
        }
        return {paragraph: twins for paragraph, twins in found.items() if twins}

    def _match(self, plan: Plan, labels: Labels, rows: Sequence[MatrixRow]) -> dict[str, UUID]:
        """Which paragraphs the review already has: from a source that does not number them, or
        from a draft that this document takes the place of. Each is one paragraph only: the one
        that reads most like it."""
        if not rows:
            return {}
        there = self._there(labels)
        by_paragraph: dict[str, UUID] = {}
        drafted = Namesakes(r for r in there if supersedes(labels.document, r.symbol or ""))
        taken: set[UUID] = set()
        for row in rows:
            twins = drafted.find(_joined(row), _parts(row), labels.document)
            if len(twins) == 1 and twins[0].id not in taken:
                by_paragraph[row.paragraph] = twins[0].id
                taken.add(twins[0].id)
        rows = [row for row in rows if row.paragraph not in by_paragraph]
        unnumbered = [r for r in there if r.paragraph is None and r.kind is Kind.RECOMMENDATION]
        if not unnumbered:
            return by_paragraph
        matcher = Matcher(unnumbered)
        found: dict[str, Found] = {}
        for row in rows:
            text = " ".join(part.text for part in row.parts)
            states = [state for part in _parts(row) for state in part.recommenders]
            found[row.paragraph] = matcher.find(text, states)
        sure = [(f.score, paragraph, f.it.id) for paragraph, f in found.items() if f.it]
        matched: dict[UUID, str] = {}
        for _, paragraph, id in sorted(sure, key=lambda s: (-s[0], natural_order(s[1]))):
            matched.setdefault(id, paragraph)
        by_paragraph |= {paragraph: id for id, paragraph in matched.items()}
        for row in rows:
            left = [c for c in found[row.paragraph].candidates if c.recommendation not in matched]
            if row.paragraph not in by_paragraph and left and left[0].score >= NEAR:
                plan.doubt_if_held(row, left[0].recommendation)
        return by_paragraph


def label(matrix: Matrix, options: Options) -> Labels:
    """What the file is about; refuses contradictions and asks for what nobody says."""
    inferred: list[str] = []

    def choose(name: str, said: Said | None, found: Said | None, option: str) -> Said | None:
        if said is not None and found is not None and said != found:
            raise InvalidInput(
                f"The file says {name} {found}, you say {said}: choose the right file, or leave "
                f"{option} out."
            )
        if said is None and found is not None:
            inferred.append(name)
        return said if said is not None else found

    state = choose("state", options.state, matrix.state, "--state")
    if state is None:
        raise InvalidInput("The file does not say whom it addresses: give --state SVN.")
    if known_addressee(state) is None:
        raise InvalidInput(f"“{state}” is no addressee; give an ISO 3166 code such as SVN.")
    session = choose("session", options.session, matrix.session, "--session")
    cycle = choose("cycle", options.cycle, matrix.cycle, "--cycle")
    if session is not None:
        belongs = cycle_of(session)
        if cycle is not None and belongs is not None and cycle != belongs:
            raise InvalidInput(f"Session {session} belongs to cycle {belongs}, not {cycle}.")
        if cycle is None and belongs is not None:
            cycle = belongs
            inferred.append("cycle")
    document = options.document or matrix.document
    if document is None:
        raise InvalidInput("The file cites no report: give its symbol, --document A/HRC/43/15.")
    if options.document is None:
        inferred.append("document")
    return Labels(
        state=state, document=document, cycle=cycle, session=session, inferred=tuple(inferred)
    )


class Plan:
    """What a file would change: the entries to record and the receipt, row by row. `taken`: the
    paragraphs whose number is taken by what can't be read; `about`: who may read what its rows are
    about."""

    def __init__(
        self,
        matrix: Matrix,
        labels: Labels,
        options: Options,
        sha256: str,
        principal: Principal,
        batch: UUID,
        procedures: Procedures,
        terms: Terms,
        there: Callable[[], list[Recommendation]],
    ) -> None:
        self.batch = batch
        self.entries: list[Entry] = []
        self._matrix = matrix
        self._labels = labels
        self._options = options
        self._sha256 = sha256
        self._principal = principal
        self._door = Door(procedures, principal, lambda: f"import:{batch}", options.as_history)
        self._terms = terms
        self._there = there
        self.receipt = _count(matrix, labels, options, sha256)
        self.taken: set[str] = set()
        self.about: set[Visibility] = set()

    def alias(self, row: MatrixRow) -> Alias:
        """The official name of a row's paragraph."""
        return Alias(scheme="un", value=self._labels.document, paragraph=row.paragraph)

    def match_id(self, row: MatrixRow) -> UUID:
        """The id of the match that a row waits as, where only a person can say what it is."""
        return match_id(self._labels.state, "un", self._key(row))

    def nearest(self, row: MatrixRow, there: Sequence[Recommendation]) -> Recommendation | None:
        """Which of those that bear a row's number it is: the one that reads most like it."""
        language, text = self._options.language, _joined(row)
        return max(there, key=lambda r: (nearness(text, r, language), r.id.hex), default=None)

    def is_taken(self, row: MatrixRow) -> None:
        """Lists a row whose number is taken by what can't be read."""
        self.taken.add(row.paragraph)
        self._undecided(row, taken("receive"))

    def add(self, row: MatrixRow, entries: Sequence[Entry], *, anew: bool = False) -> None:
        """Plans one row against what the record holds of it; `anew` gives it a random id."""
        before = fold(entries)
        self.about.add(Visibility.PUBLIC if before is None else before.visibility)
        self._door.take_left_out()
        try:
            if before is None:
                planned = self._receive(row, uuid4() if anew else None)
            else:
                planned = self._compare(row, before, entries)
        except Conflict as conflict:
            self._undecided(row, conflict)
            return
        except Refusal as refusal:
            self._unreadable(row, refusal)
            return
        self.entries.extend(planned)
        self._tell_left_out(row)
        if before is None:
            self._count(Outcome.NEW)
        elif planned:
            self._count(Outcome.CHANGED)
            what = ", ".join(dict.fromkeys(type(e.event).topic.split(".")[1] for e in planned))
            note = RowNote(row.row, row.paragraph, what, f"{row.paragraph}: {what}")
            self.receipt.changes.append(note)
        else:
            self._count(Outcome.SAME)

    def complete(self, row: MatrixRow, entries: Sequence[Entry]) -> None:
        """Plans a row that the review has from another source, without its number."""
        r = fold(entries)
        assert r is not None
        self.about.add(r.visibility)
        self._door.take_left_out()
        try:
            event = names.renumber(
                r, self._stamp(row, self._received()), self._labels.document, row.paragraph
            )
            planned = self._door.enter(r, "renumber", event)
            planned += self._compare(row, r, [*entries, *planned])
        except Conflict as conflict:
            self._undecided(row, conflict)
            return
        except Refusal as refusal:
            self._unreadable(row, refusal)
            return
        self.entries.extend(planned)
        self._tell_left_out(row)
        self._count(Outcome.MATCHED)

    def _tell_left_out(self, row: MatrixRow) -> None:
        """Lists the steps of a row that are left to people."""
        for left in self._door.take_left_out():
            note = RowNote(
                row.row, row.paragraph, NEEDS_DECISION, f"{row.paragraph}: {left.why}", _joined(row)
            )
            self.receipt.note(self.receipt.conflicts, note)

    def still_waits(self, row: MatrixRow, entries: Sequence[Entry]) -> None:
        """A row that was put before a person by an earlier import."""
        held = match.fold(entries)
        assert held is not None
        if not may_read(self._principal, held):
            self.is_taken(row)
            return
        self.receipt.undecided += held.status is MatchStatus.UNDECIDED
        self._count(Outcome.SAME)

    def doubt_twins(self, row: MatrixRow, twins: Sequence[Recommendation]) -> None:
        """A row that the review has under another symbol, with the same text and States: a draft
        that comes late adds nothing; what is not sure waits for a person."""
        first = twins[0]
        if len(twins) == 1 and supersedes(first.symbol or "", self._labels.document):
            self._count(Outcome.SAME)
            said = f"in the record as {first.symbol} {first.paragraph}, the later document"
        else:
            said = f"it reads like {first.symbol} {first.paragraph} and waits for a person"
            may_be = of_a_match(twins[:candidates_max])
            self.about.add(may_be)
            stamp = self._stamp(row, Effective(), visibility=may_be)
            id, proposed = propose_match(
                stamp,
                addressee=self._labels.state,
                scheme="un",
                key=self._key(row),
                text=_joined(row),
                language=self._options.language,
                recommenders=[s for part in _parts(row) for s in part.recommenders],
                answer=None if row.position == "pending" else Answer(row.position),
                terms=self._terms.resolve(_terms(row, self._matrix))[0],
                cycle=self._labels.cycle,
                session=None if self._labels.session is None else str(self._labels.session),
                symbol=self._labels.document,
                paragraph=row.paragraph,
                candidates=[
                    MatchCandidate(recommendation=r.id, score=100)  # type: ignore[arg-type]
                    for r in twins[:candidates_max]
                ],
            )
            self.entries.append(Entry(id, 1, self._labels.state, proposed))
            self._count(Outcome.UNDECIDED)
        self._doubt(row, "held-under-another-symbol", said, _joined(row)[:500])

    def doubt_if_held(self, row: MatrixRow, id: UUID) -> None:
        """Lists a row that may be what the review has from another source."""
        self._doubt(row, MAY_BE_HELD, f"{DOUBTS[MAY_BE_HELD]}: {id}", _joined(row)[:500])

    def _doubt(self, row: MatrixRow, reason: str, said: str, printed: str = "") -> None:
        message = f"{row.paragraph}: {said}"
        self.receipt.doubts.append(RowNote(row.row, row.paragraph, reason, message, printed))

    def _key(self, row: MatrixRow) -> str:
        return f"{self._labels.document} {row.paragraph}"

    def _count(self, outcome: Outcome) -> None:
        """A row's outcome; a paragraph is one row, the others that say it are merged."""
        name = outcome.value
        setattr(self.receipt, name, getattr(self.receipt, name) + 1)
        self.receipt.count(outcome)

    def _undecided(self, row: MatrixRow, conflict: Conflict) -> None:
        self._count(Outcome.UNDECIDED)
        note = RowNote(
            row.row, row.paragraph, conflict.reason, conflict.message, _joined(row)[:500]
        )
        self.receipt.conflicts.append(note)

    # -- a paragraph that is new

    def _receive(self, row: MatrixRow, own: UUID | None) -> list[Entry]:
        id, event = receive(
            self._stamp(row, self._received()),
            addressee=self._labels.state,
            kind=Kind.RECOMMENDATION,
            mechanism=Mechanism.UPR,
            body="UPR",
            text=_text(row, self._options.language),
            parts=_parts(row),
            symbol=self._labels.document,
            paragraph=row.paragraph,
            cycle=self._labels.cycle,
            session=None if self._labels.session is None else str(self._labels.session),
            id=own,
        )
        entry = self._door.opening(id, self._labels.state, event)
        r = fold([entry])
        assert r is not None
        planned = [entry]
        if row.position != "pending":
            planned.extend(self._take_position(row, r, is_new=True))
        if terms := self._resolved(row):
            classified = classify(r, self._stamp(row, self._received()), terms, AssertedHow.SOURCE)
            planned.extend(self._door.enter(r, "classify", classified, is_new=True))
        return planned

    def _resolved(self, row: MatrixRow) -> tuple[Term, ...]:
        """A row's terms as their vocabularies have them; those that none has are told, once."""
        terms, unknown = self._terms.resolve(_terms(row, self._matrix))
        for term in self._terms.to_tell(unknown):
            self._doubt(row, "term-unknown", told(term), term.label)
        return terms

    def _received(self) -> Effective:
        on = self._options.reviewed or self._dated(self._labels.document)
        return effective(on) if on else Effective()

    def _take_position(
        self, row: MatrixRow, r: Recommendation, *, is_new: bool = False
    ) -> list[Entry]:
        cited = row.citation
        instrument = cited.symbol if cited else None
        on = self._dated(instrument)
        event = position.take(
            r.as_read(self._principal.scope),
            self._stamp(row, effective(on) if on else Effective(), cited=True),
            Answer(row.position),
            organ=organ_of(instrument, self._labels.document),
            instrument=instrument,
            printed=row.position_printed,
            in_part=row.in_part,
            said_already_implemented=row.said_already_implemented,
            doubt=cited.doubt if cited else "citation-missing",
        )
        return self._door.enter(r, "take-position", event, is_new=is_new)

    # -- a paragraph that is known

    def _compare(self, row: MatrixRow, r: Recommendation, entries: Sequence[Entry]) -> list[Entry]:
        language = self._options.language
        planned: list[Entry] = []
        text = _text(row, language)
        if language not in r.texts:
            added = add_text(r, self._stamp(row, self._received()), text)
            planned.extend(self._door.enter(r, "add-text", added))
            return planned + self._compare_terms(row, r, entries)
        parts = _parts(row)
        if not self._held(text, parts, entries):
            if nearness(_joined(row), r, language) < NEAR:
                raise text_differs(row.paragraph, r, language)
            if other := same_text(self._there(), r, _joined(row), language):
                raise text_of_another(row.paragraph, other)
            corrected = correct(
                r,
                self._stamp(row, Effective(), reason="The imported file reads differently."),
                CorrectionKind.CLERICAL,
                text=text,
                parts=parts if parts != r.parts and language == r.original else None,
            )
            planned.extend(self._door.enter(r, "correct", corrected))
        if language == r.original:
            planned.extend(self._compare_position(row, r, entries))
        planned.extend(self._compare_terms(row, r, entries))
        return planned

    def _held(self, text: Text, parts: tuple[Part, ...], entries: Sequence[Entry]) -> bool:
        """True if the record holds, or once held, this wording with these States."""
        wording = [p.text for p in text.parts]
        standing: tuple[Part, ...] = ()
        for entry in entries:
            event = entry.event
            if isinstance(event, Received | Corrected) and event.parts is not None:
                standing = event.parts
            if not isinstance(event, Received | Corrected | TextAdded) or event.text is None:
                continue
            same = (
                event.text.language == text.language
                and [p.text for p in event.text.parts] == wording
            )
            if same and (standing == parts or text.language != self._original(entries)):
                return True
        return False

    @staticmethod
    def _original(entries: Sequence[Entry]) -> str:
        event = entries[0].event
        assert isinstance(event, Received)
        return event.text.language

    def _compare_position(
        self, row: MatrixRow, r: Recommendation, entries: Sequence[Entry]
    ) -> list[Entry]:
        if row.position == "pending":
            return []
        instrument = row.citation.symbol if row.citation else None
        taken = [
            (e.event.answer.value, e.event.in_part, e.event.instrument, e.version)
            for e in entries
            if isinstance(e.event, PositionTaken)
            and e.stamp.part is None
            and r.shows(e.version, self._principal.scope)
        ]
        told = row.position, row.in_part, instrument
        if any(before[:3] == told for before in taken):
            return []
        planned: list[Entry] = []
        wrong = [v for *_, by, v in taken if by == instrument and r.stands(v)]
        if wrong:
            reason = "The imported file gives another position from the same document."
            stamp = self._stamp(row, Effective(), reason=reason)
            struck = strike(r, stamp, CorrectionKind.CLERICAL, wrong[-1])
            planned.extend(self._door.enter(r, "strike", struck))
            if not planned:
                return []  # the other answer stands until somebody has decided
        planned.extend(self._take_position(row, r))
        return planned

    def _compare_terms(
        self, row: MatrixRow, r: Recommendation, entries: Sequence[Entry]
    ) -> list[Entry]:
        planned: list[Entry] = []
        printed = self._resolved(row)
        ever = self._terms.ever_borne(entries)
        if new := self._terms.further(printed, r, self._options.language, ever):
            classified = classify(r, self._stamp(row, Effective()), new, AssertedHow.SOURCE)
            planned.extend(self._door.enter(r, "classify", classified))
        if self._options.language != r.original:
            return planned
        now = {term.key for term in (*printed, *_terms(row, self._matrix))}
        versions = {(term.vocabulary, term.version) for term in printed}
        gone = [
            held.term
            for held in r.terms
            if held.document == self._labels.document
            and (held.term.vocabulary, held.term.version) in versions
            and held.term.key not in now
        ]
        if gone:
            declassified = declassify(r, self._stamp(row, Effective()), gone)
            planned.extend(self._door.enter(r, "declassify", declassified))
        return planned

    # -- the review it belongs to

    def review(self, desk: Desk) -> list[Entry]:
        """Opens the review, where nobody has, and adds the documents that the file cites."""
        labels = self._labels
        if labels.cycle is None:
            return []
        id, opened = open_review(
            self._of_the_file(self._options.reviewed),
            addressee=labels.state,
            mechanism=Mechanism.UPR,
            body="UPR",
            cycle=labels.cycle,
            session=None if labels.session is None else str(labels.session),
            reviewed=self._options.reviewed,
        )
        r = desk.log.load(id, review.fold)
        entries: list[Entry] = []
        if r is not None and not may_read(self._principal, r):
            left = taken("open-review")
            self.receipt.note(self.receipt.conflicts, RowNote(0, None, left.reason, left.message))
            return []
        if r is None:
            entries.append(Entry(id, 1, labels.state, opened))
            r = review.fold(entries)
        assert r is not None
        cited = [row.citation.symbol for row in self._matrix.rows if row.citation]
        for symbol in dict.fromkeys([labels.document, *(s for s in cited if s)]):
            kind = _KINDS[organ_of(symbol, labels.document)]
            document = ReviewDocument(kind=kind, symbol=symbol, date=self._dated(symbol))
            known = next((d for d in r.documents if d.symbol == symbol), None)
            if known is None or (document.date is not None and known.date != document.date):
                event = r.add_document(self._of_the_file(document.date), document)
                entry = Entry(id, r.version + 1, labels.state, event)
                r = review.fold([entry], r)
                assert r is not None
                entries.append(entry)
        return entries

    def _of_the_file(self, on: str | None) -> Stamp:
        return Stamp(
            command=f"import:{self.batch}",
            speaker=self._principal.speaker(),
            effective=effective(on) if on else Effective(),
            source=Source(document=self._labels.document, sha256=self._sha256),
            batch=self.batch,
        )

    # -- inside

    def _stamp(
        self,
        row: MatrixRow,
        when: Effective,
        *,
        cited: bool = False,
        reason: str | None = None,
        visibility: Visibility = Visibility.PUBLIC,
    ) -> Stamp:
        citation = row.citation if cited else None
        return Stamp(
            command=f"import:{self.batch}",
            speaker=self._principal.speaker(),
            effective=when,
            visibility=visibility,
            source=Source(
                document=citation.symbol if citation else self._labels.document,
                paragraph=citation.printed if citation else row.paragraph,
                language=self._options.language,
                sha256=self._sha256,
                row=row.row,
            ),
            reason=Protected(reason) if reason else None,
            batch=self.batch,
        )

    def _dated(self, symbol: str | None) -> str | None:
        return self._options.date_of(symbol) if symbol else None

    def _unreadable(self, row: MatrixRow, refusal: Refusal) -> None:
        receipt = self.receipt
        self._count(Outcome.UNREADABLE)
        receipt.paragraphs -= 1
        receipt.unreadable_rows.append(
            RowNote(
                row.row,
                row.paragraph,
                refusal.code.lower().replace("_", "-"),
                refusal.message,
                " ".join(part.text for part in row.parts)[:500],
            )
        )


MAY_BE_HELD = "may-be-held-already"
DOUBTS = {
    MAY_BE_HELD: "recorded on its own, and another source has one that reads much like it; if they "
    "are the same, declare the duplicate",
    "differs-from-its-paragraph": "cites another document than nearly all paragraphs beside it",
    "paragraph-malformed": "the cited paragraph is no number",
    "symbol-missing": "the citation names no document",
    "position-missing": "no position stands there; it is pending until somebody records it",
    "position-unclear": "the wording of the position is no clear answer; it is pending until "
    "somebody records it",
    "states-differ": "the column of States names others than the text",
    "citation-missing": "no document is cited for the position",
    "citation-repeated-differently": "it is printed twice with different citations",
    "state-not-recognised": "a recommending State is not recognised; its name is kept as printed",
    "states-missing": "no recommending State is named",
    "states-in-the-text": "a bracket of States stands in mid-sentence; there may be two texts",
    "bracket-not-closed": "a bracket is not closed",
}


def _count(matrix: Matrix, labels: Labels, options: Options, sha256: str) -> Receipt:
    by_position: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    by_document: dict[str, Positions] = {}
    doubts: list[RowNote] = []
    for row in matrix.rows:
        by_position[row.position] += 1
        parts[row.position] += len(row.parts)
        states = {recognise(state) or state for part in row.parts for state in part.states}
        pairs[row.position] += len(states)
        cited = (row.citation.symbol if row.citation else None) or "none"
        positions = by_document.setdefault(cited, Positions())
        setattr(positions, row.position, getattr(positions, row.position) + 1)
        found = [
            *row.doubts,
            *([row.citation.doubt] if row.citation and row.citation.doubt else []),
        ]
        for doubt in found:
            printed = row.citation.printed if row.citation else ""
            if doubt.startswith("position-"):
                printed = row.position_printed
            message = f"{row.paragraph}: {DOUBTS.get(doubt, doubt)}"
            doubts.append(RowNote(row.row, row.paragraph, doubt, message, printed))
        if row.comment:
            doubts.append(
                RowNote(
                    row.row,
                    row.paragraph,
                    "comment-not-recorded",
                    f"{row.paragraph}: the last column is filled in; report it as progress",
                    row.comment[:500],
                )
            )
    receipt = Receipt(
        parser_version=version,
        layout=matrix.generation,
        language=options.language,
        sha256=sha256,
        addressee=labels.state,
        cycle=labels.cycle,
        session=labels.session,
        document=labels.document,
        inferred=list(labels.inferred),
        dry_run=False,
        paragraphs=len(matrix.rows),
        merged=matrix.merged,
        parts=sum(parts.values()),
        pairs=sum(pairs.values()),
        unreadable=len(matrix.unreadable),
        positions=Positions(**by_position),
        pairs_by_position=Positions(**pairs),
        parts_by_position=Positions(**parts),
        positions_by_document=dict(sorted(by_document.items())),
        doubts=doubts,
        unreadable_rows=[_note(row) for row in matrix.unreadable],
    )
    receipt.count(Outcome.MERGED, matrix.merged)
    receipt.count(Outcome.UNREADABLE, len(matrix.unreadable))
    for table in matrix.not_read:
        receipt.leave(table.rows, table.reason, table.message, table.printed)
    return receipt


def _note(row: UnreadableRow) -> RowNote:
    return RowNote(row.row, None, row.reason, row.message, row.printed)


_KINDS = {
    Organ.WORKING_GROUP_REPORT: DocumentKind.WORKING_GROUP_REPORT,
    Organ.ADDENDUM: DocumentKind.ADDENDUM,
    Organ.OTHER: DocumentKind.OTHER,
}


def organ_of(instrument: str | None, document: str) -> Organ:
    """Where a position was expressed that `instrument` states of a paragraph of `document`."""
    if instrument == document:
        return Organ.WORKING_GROUP_REPORT
    if instrument is not None and instrument.startswith(f"{document}/Add."):
        return Organ.ADDENDUM
    return Organ.OTHER


def _joined(row: MatrixRow) -> str:
    """A row's texts as UN documents print them, with a semicolon between."""
    return "; ".join(part.text for part in row.parts)


def _text(row: MatrixRow, language: str) -> Text:
    return Text(
        language=language,
        status=TextStatus.OFFICIAL,
        parts=tuple(
            PartText(part=str(i), text=part.text) for i, part in enumerate(row.parts, start=1)
        ),
    )


def _parts(row: MatrixRow) -> tuple[Part, ...]:
    return tuple(
        Part(
            id=str(i),
            recommenders=tuple(
                Recommender(printed=name, code=recognise(name)) for name in part.states
            ),
        )
        for i, part in enumerate(row.parts, start=1)
    )


def _terms(row: MatrixRow, matrix: Matrix) -> list[Term]:
    return [
        Term(
            vocabulary=term.kind,
            version=SDG_VERSION if term.kind == "sdg" else matrix.theme_list,
            label=term.label,
            code=term.code,
        )
        for term in row.terms
    ]
