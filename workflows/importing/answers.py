"""Importing answers: positions that a document of the State gives to numbers of a report.

A number that another document has answered otherwise gets a new position only where this document
is later; else it is a conflict, and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from rapidfuzz import fuzz

from domain.answers import Reading
from domain.entry import Entry, Protected, effective
from domain.identity import normal_symbol
from domain.recommendation import Recommendation, position
from domain.recommendation.position import PositionTaken
from domain.refusals import InvalidInput
from domain.words import Position
from workflows.importing.facts import REASONS as OF_NUMBERS
from workflows.importing.facts import Fact, FactsImport, spread
from workflows.importing.matching import plain
from workflows.importing.matrix import organ_of
from workflows.importing.receipt import Conflict, Outcome
from workflows.sources import RepeatedRow, RowsNotRead, UnreadableRow
from workflows.sources.answers import AnswerRow, Answers, ReadAnswer

ALIKE = 75
"""From this similarity on (per cent) what follows a number is the recommendation itself, not a
comment on it."""

REASONS = {
    **OF_NUMBERS,
    "range-reversed": "The range ends before it begins. Write its ends in their order.",
    "range-too-long": "The range has more than 1,000 numbers. Check its ends.",
    "answered-twice": "An earlier row of this file answers the number otherwise. Compare both with "
    "the document.",
}

NOT_OF_THE_DOCUMENT = (
    "Numbers in running text are none of the document's paragraphs; they were left out."
)


class AnswersImport(FactsImport[list[ReadAnswer]]):
    """An import of answers. A row of the receipt is a number that the file names."""

    format = Answers.format
    version = Answers.version

    def read(self) -> list[ReadAnswer]:
        return Answers(self.path).read()

    def facts(self, found: list[ReadAnswer]) -> Iterator[Fact]:
        self._said: dict[tuple[str, str, str], Reading] = {}
        for read in found:
            if isinstance(read, AnswerRow):
                yield from self._of(read)
            else:
                self.account(read)

    def _of(self, row: AnswerRow) -> list[Fact]:
        """What a row says of each number that it names."""
        state = self.addressee(row.addressee)
        if state is None:
            self.receipt.count(Outcome.OTHER_STATES)
            self.receipt.other_states += 1
            return []
        document = self.document(row.symbol)
        source, on = self._source(row, document)
        known = self.paragraphs(state, document)
        try:
            numbers, others = spread(row.first, row.last, list(known))
        except ValueError as reason:
            self._unreadable(row, str(reason), f"{row.first}-{row.last}")
            return []
        for number in others:
            if row.in_text and not numbers and _stem(number) not in set(map(_stem, known)):
                left_out = RowsNotRead(1, "number-not-of-the-document", NOT_OF_THE_DOCUMENT, number)
                self.account(left_out)
            else:
                self._unreadable(row, "number-not-known", number)
        facts = []
        for number in numbers:
            if row.is_number and "." in number and f"{number}0" in known:
                self._unreadable(row, "number-cell-unclear", number)
                continue
            said = self._said.get((state, document, number))
            if said == row.reading:
                self.account(RepeatedRow(row.row, row.row))
            elif said is not None:
                self._unreadable(row, "answered-twice", number)
            else:
                self._said[state, document, number] = row.reading
                facts.append(self._fact(row, number, known[number], document, source, on))
        return facts

    def _unreadable(self, row: AnswerRow, reason: str, number: str) -> None:
        message = f"{number}: {REASONS[reason]}"
        self.account(UnreadableRow(row.row, reason, message, row.printed))

    def _source(self, row: AnswerRow, document: str) -> tuple[str, str]:
        """The document that answers, and its date."""
        dates = self.options.document_dates
        others = [symbol for symbol in dates if normal_symbol(symbol) != normal_symbol(document)]
        source = row.source or (others[0] if len(others) == 1 else None)
        if source is None and len(dates) == 1 and not others:
            source = document  # the report itself answers
        on = row.on or (self.options.date_of(source) if source else None)
        if source is None or on is None:
            raise InvalidInput(
                "Say which one document gives the answers, and its date, in documentDates: on the "
                "command line --document-date A/HRC/59/15/Add.1=2025-04-08."
            )
        return source, on

    def _fact(
        self, row: AnswerRow, number: str, id: UUID, document: str, source: str, on: str
    ) -> Fact:
        def plan(r: Recommendation, entries: Sequence[Entry]) -> list[Entry]:
            return self._position(row, number, r, entries, document, source, on)

        return Fact(row.row, number, id, plan, row.printed)

    def _position(
        self,
        row: AnswerRow,
        number: str,
        r: Recommendation,
        entries: Sequence[Entry],
        document: str,
        source: str,
        on: str,
    ) -> list[Entry]:
        answer, in_part, done = row.reading
        if answer is None:
            message = f"{number}: the document gives no answer yet: “{row.printed}”"
            self.doubt(row.row, number, "answer-pending", message)
            return []
        seen = r.as_read(self.principal.scope)
        read = {held.version for held in seen.positions if held.part is None}
        taken = {
            e.version: e.event
            for e in entries
            if isinstance(e.event, PositionTaken) and e.version in read and r.stands(e.version)
        }
        symbol = normal_symbol(source)
        here = [t for t in taken.values() if t.instrument and normal_symbol(t.instrument) == symbol]
        if any((t.answer, t.in_part) == (answer, in_part) for t in here):
            return []
        if here:
            raise Conflict(
                "answered-otherwise",
                f"{number}: the record has {here[-1].answer.value} by the same document; strike "
                "it, if that is wrong, and import the file again",
            )
        if seen.position is Position.BY_PART:
            raise Conflict(
                "answered-by-part",
                f"{number}: its parts have positions of their own; record it by hand",
            )
        if (now := seen.current_position()) is not None:
            held = taken[now.version]
            if (held.answer, held.in_part) == (answer, in_part):
                if held.instrument:
                    return []
            elif not _is_later(source, effective(on).order, held.instrument, now.on):
                raise Conflict(
                    "answered-otherwise",
                    f"{number}: the record has {held.answer.value} by "
                    f"{held.instrument or 'no document'}"
                    f"{f' of {now.on}' if now.on else ', undated'}, and this document is not "
                    "known to be later; record it by hand",
                )
        comment = row.comment
        if comment and fuzz.ratio(plain(comment), plain(r.text())) >= ALIKE:
            comment = None
        stamp = self.stamp(row.row, effective(on), document=source, paragraph=row.cited)
        event = position.take(
            seen,
            stamp,
            answer,
            organ=organ_of(source, document),
            instrument=source,
            printed=row.printed,
            in_part=in_part,
            said_already_implemented=done,
            comment=Protected(comment) if comment else None,
        )
        return self.enter(r, "take-position", event)


def _stem(number: str) -> str:
    return number.partition(".")[0]


def _is_later(source: str, on: str, held: str | None, held_on: str) -> bool:
    """True if a document is known to be later than the one of a position: by their dates, or as an
    addendum to it."""
    if held_on:
        return on > held_on
    return bool(held) and normal_symbol(source).startswith(f"{normal_symbol(held or '')}/ADD.")
