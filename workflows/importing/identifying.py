"""Which recommendation of the record a row of a source is (decision 27).

It follows from the row and the record alone; what a chunk has planned counts as record. The
source's own name for a row comes first, then its document's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.entry import Entry
from domain.identity import mint
from domain.match import MatchCandidate
from domain.recommendation import Recommendation, fold
from domain.recommendation.elements import Alias
from domain.words import Kind, Mechanism
from workflows.access import Principal, may_read
from workflows.importing.door import taken
from workflows.importing.matching import NEAR, SURE, nearness
from workflows.importing.receipt import Conflict, text_differs
from workflows.sources import SourceRow

SECOND = ("upr-info", "uhri")
"""Sources that retell what a mechanism's own document says."""

Key = tuple[str, str, str, str]


class Identity(NamedTuple):
    """What a row is: a recommendation of the record, or none yet. `is_own`: the source's own name
    says so; `is_join`: another name of its source has the very same content; `candidates`: what it
    may be, where only a person can say."""

    row: SourceRow
    id: UUID | None = None
    is_own: bool = False
    is_join: bool = False
    candidates: tuple[MatchCandidate, ...] = ()


class Known:
    """The record as far as a chunk needs it and its principal may read it, with what the chunk has
    planned so far."""

    def __init__(
        self,
        principal: Principal,
        bearers: dict[Key, list[UUID]],
        histories: dict[UUID, list[Entry]],
    ) -> None:
        self._principal = principal
        self._bearers, self.histories = bearers, histories
        self._folded: dict[UUID, Recommendation] = {}

    def bearers(self, addressee: str, alias: Alias) -> list[Recommendation]:
        """Who goes by a name, of those that may be read."""
        return [r for r in self._all(addressee, alias) if may_read(self._principal, r)]

    def as_read(self, r: Recommendation) -> Recommendation:
        """What the principal may read of one of them."""
        return r.as_read(self._principal.scope)

    def is_taken(self, addressee: str, alias: Alias, kind: Kind | None = None) -> bool:
        """True if a name is that of others only, who can't be read; of this kind, if one is
        given."""
        there = [r for r in self._all(addressee, alias) if kind in (None, r.kind)]
        return bool(there) and not any(may_read(self._principal, r) for r in there)

    def _all(self, addressee: str, alias: Alias) -> list[Recommendation]:
        return [self.of(id) for id in self._bearers.get((addressee, *alias.key), ())]

    def of(self, id: UUID) -> Recommendation:
        """The recommendation with this id, one of those that were asked for."""
        if id not in self._folded:
            r = fold(self.histories[id])
            assert r is not None
            self._folded[id] = r
        return self._folded[id]

    def add(self, planned: Sequence[Entry]) -> None:
        """What was planned is known to the rows that follow."""
        for entry in planned:
            self.histories.setdefault(entry.stream, []).append(entry)
            self._folded.pop(entry.stream, None)

    def name(self, addressee: str, aliases: Iterable[Alias], id: UUID) -> None:
        """A recommendation goes by these names from now on."""
        for alias in aliases:
            there = self._bearers.setdefault((addressee, *alias.key), [])
            if id not in there:
                there.append(id)


def identify(row: SourceRow, known: Known) -> Identity:
    """Which recommendation a row is, by its source's own name for it, else by its number.

    A number alone makes no two texts one: a committee says several things in one paragraph. Raises
    Conflict where a name is taken by what can't be read.
    """
    addressee = row.addressee or ""
    if row.scheme != "un":
        name = Alias(scheme=row.scheme, value=row.key)
        if own := known.bearers(addressee, name):
            return Identity(row, own[-1].id, is_own=True)
        if known.is_taken(addressee, name):
            raise taken("receive")
    if not (row.symbol and row.paragraph):
        return Identity(row)
    if row.paragraph_is_number:
        row = _with_its_number(row, known)
    under = Alias(scheme="un", value=row.symbol or "", paragraph=row.paragraph)
    if known.is_taken(addressee, under, row.kind):
        raise taken("receive")
    there = [r for r in known.bearers(addressee, under) if r.kind is row.kind]
    if row.scheme != "un":
        mine = [r for r in there if is_from(row, r)]
        if same := [r for r in mine if _says_the_same(row, known.as_read(r))]:
            return Identity(row, min(r.id for r in same), is_join=True)
        there = [r for r in there if r not in mine]
    if not there:
        return Identity(row)
    by_number = row.mechanism is Mechanism.UPR
    ranked = sorted(
        ((nearness(row.text, r, row.language), r) for r in there),
        key=lambda ranked: (-ranked[0], ranked[1].id),
    )
    score, best = ranked[0]
    if score >= NEAR:
        return Identity(row, best.id)
    alone = len(there) == 1 and (by_number or _is_of_its_number(best))
    if score < 0 and alone:  # it says nothing in this language yet
        return Identity(row, best.id)
    if row.scheme == "un":
        if score >= 0 and not by_number and not any(map(_is_of_its_number, there)):
            return Identity(row)  # another text of the paragraph
        raise text_differs(row.paragraph or row.key, best, row.language)
    if score >= 0 and not by_number:
        return Identity(row)  # another text of the paragraph
    return Identity(
        row,
        candidates=tuple(
            MatchCandidate(recommendation=r.id, score=max(near, 0))  # type: ignore[arg-type]
            for near, r in ranked[:5]
        ),
    )


# --- The names of a row --------------------------------------------------------------------------


def aliases_of(row: SourceRow) -> list[Alias]:
    """The names a row may be known by: the source's own first, then the document's."""
    own = [] if row.scheme == "un" else [Alias(scheme=row.scheme, value=row.key)]
    if row.symbol and row.paragraph:
        own.append(Alias(scheme="un", value=row.symbol, paragraph=row.paragraph))
    return own


def asked(row: SourceRow) -> list[Alias]:
    """The names to look for: its own, and where a number cell may have lost its zeros, those that
    it may have had."""
    asked = aliases_of(row)
    if row.paragraph_is_number and row.symbol and row.paragraph:
        asked += [
            Alias(scheme="un", value=row.symbol, paragraph=row.paragraph + zeros)
            for zeros in ("0", "00")
        ]
    return asked


def _with_its_number(row: SourceRow, known: Known) -> SourceRow:
    """The row under the number that its text is recorded under: 50.1 or 50.10. Raises Conflict
    where the record does not tell."""
    scores: dict[str, int] = {}
    for zeros in ("", "0", "00"):
        number = f"{row.paragraph}{zeros}"
        alias = Alias(scheme="un", value=row.symbol or "", paragraph=number)
        there = [r for r in known.bearers(row.addressee or "", alias) if r.kind is row.kind]
        if there:
            scores[number] = max(nearness(row.text, r, row.language) for r in there)
    equal = [number for number, score in scores.items() if score == 100]
    near = [number for number, score in scores.items() if score >= SURE]
    for found in (equal, near):
        if len(found) == 1:
            return msgspec.structs.replace(row, paragraph=found[0])
    raise Conflict(
        "paragraph-is-number",
        f"{row.paragraph}: the cell is a number, so that it may be {row.paragraph}0, and the "
        "record has no such text under either. Make the column text, and write the numbers again "
        "from the document.",
    )


def minted(row: SourceRow) -> UUID:
    """The id that a row gets where it is new: of its document's number, or of its source's key."""
    names = (row.symbol or "", row.paragraph or "") if row.scheme == "un" else (row.scheme, row.key)
    return mint(row.kind.value, row.addressee or "", *names)


def is_from(row: SourceRow, r: Recommendation) -> bool:
    """True if a recommendation was received from this source, and not matched to it."""
    return any(
        alias.scheme == row.scheme
        and mint(r.kind.value, r.addressee, row.scheme, alias.value) == r.id
        for alias in r.aliases
    )


def _is_of_its_number(r: Recommendation) -> bool:
    """True if a recommendation is known by its document's number alone."""
    return all(alias.scheme not in SECOND for alias in r.aliases) or (
        bool(r.symbol and r.paragraph)
        and mint(r.kind.value, r.addressee, r.symbol or "", r.paragraph or "") == r.id
    )


def _says_the_same(row: SourceRow, r: Recommendation) -> bool:
    """True if a recommendation says the same, word for word, by the same States with the same
    answer: the source names it twice."""
    said = {answer.answer for answer in r.positions}
    states = {s.code or s.printed for part in r.parts for s in part.recommenders}
    return (
        row.language in r.texts
        and r.text(row.language) == row.text
        and states == {s.code or s.printed for s in row.recommenders}
        and said == ({row.answer} if row.answer else set())
    )
