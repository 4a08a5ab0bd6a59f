"""Matching: is this row of one source a recommendation that a review already has from another?

Texts are compared as people read them, without case, punctuation and white space. A row is one of
them where its text is nearly theirs and nobody else's is as near; where two paragraphs read the
same, the recommending States decide. All else waits for a person (domain rule 20).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

from domain.entry import NARROWNESS, Visibility
from domain.identity import normal_symbol
from domain.match import MatchCandidate
from domain.recommendation import Recommendation
from domain.recommendation.elements import Part, Recommender
from domain.words import Kind

SURE = 92
"""From this similarity on (per cent) a text may be taken for another's: a retold text with typing
errors, or a clause left out at its end, stays above."""

APART = 4
"""By how much the second best must be worse. Nearness alone says little: different paragraphs of
one review come as near as 96 per cent, and some read the same (Slovenia, cycles 2 and 3)."""

NEAR = 75
"""From this similarity on (per cent) two texts under one number may be two wordings of one text. A
correction below it is not made but told."""

LIKELY = 50
candidates_max = 5

_NOT_A_WORD = re.compile(r"[\W_]+")
_LIMITED = re.compile(r"/L\.\d")


class Found(NamedTuple):
    """`it`: what the row is, None where that is uncertain; `score` in per cent; `candidates`: what
    it may be, the likeliest first; `visibility`: who may read that."""

    it: Recommendation | None
    score: int
    candidates: tuple[MatchCandidate, ...]
    visibility: Visibility


class Matcher:
    """Matches rows to the recommendations of one review."""

    def __init__(self, there: Sequence[Recommendation]) -> None:
        self._there: list[Recommendation] = []
        self._texts: list[str] = []
        for r in there:
            for wording in r.texts.values():
                texts = {r.text(wording.language), *(part.text for part in wording.parts)}
                for text in sorted(texts):
                    self._there.append(r)
                    self._texts.append(plain(text))

    def find(self, text: str, recommenders: Iterable[Recommender]) -> Found:
        """What a row of this text by these States is, or may be."""
        near = process.extract(
            plain(text), self._texts, scorer=fuzz.ratio, limit=40, score_cutoff=LIKELY
        )
        best: dict[str, tuple[int, Recommendation]] = {}
        for _, score, place in near:
            r = self._there[place]
            best.setdefault(r.id.hex, (int(score), r))
        ranked = sorted(best.values(), key=lambda found: (-found[0], found[1].id))
        candidates = tuple(
            MatchCandidate(recommendation=r.id, score=score)  # type: ignore[arg-type]
            for score, r in ranked[:candidates_max]
        )
        visibility = of_a_match(r for _, r in ranked[:candidates_max])
        sure = [found for found in ranked if found[0] >= SURE]
        if len(sure) > 1 and sure[0][0] - sure[1][0] < APART:
            states = {s.code for s in recommenders if s.code}
            sure = [found for found in sure if states and states & _states(found[1])]
        if not sure or (len(sure) > 1 and sure[0][0] - sure[1][0] < APART):
            return Found(None, ranked[0][0] if ranked else 0, candidates, visibility)
        return Found(sure[0][1], sure[0][0], candidates, visibility)


def of_a_match(candidates: Iterable[Recommendation]) -> Visibility:
    """Who may read a row that waits to be matched: the State's own institutions, and no more than
    read all that it may be."""
    narrow = (Visibility.INTERNAL, *(r.visibility for r in candidates))
    return max(narrow, key=NARROWNESS.__getitem__)


class Namesakes:
    """The recommendations of one review by what they say and who recommends it, so that one that
    is there under another document's number is found."""

    def __init__(self, there: Iterable[Recommendation]) -> None:
        self._by_content: dict[tuple[str, frozenset[str]], dict[str, Recommendation]] = {}
        for r in there:
            self.add(r)

    def add(self, r: Recommendation) -> None:
        """Another one that is there now."""
        if r.symbol and r.kind is Kind.RECOMMENDATION:
            for wording in r.texts.values():
                content = plain(r.text(wording.language)), _who(p for p in r.parts)
                self._by_content.setdefault(content, {})[r.id.hex] = r

    def find(self, text: str, parts: Iterable[Part], symbol: str) -> list[Recommendation]:
        """Those that say the same by the same States in a document of another symbol."""
        there = self._by_content.get((plain(text), _who(parts)), {})
        other = normal_symbol(symbol)
        return [r for r in there.values() if normal_symbol(r.symbol or "") != other]


def supersedes(symbol: str, earlier: str) -> bool:
    """True if a document takes the place of an earlier one and numbers its paragraphs anew: a
    report that of its limited draft (A/HRC/WG.6/34/L.4), a reissued document the one before."""
    mine, theirs = normal_symbol(symbol), normal_symbol(earlier)
    if _LIMITED.search(mine):
        return bool(_LIMITED.search(theirs)) and mine.startswith(f"{theirs}/REV.")
    return bool(_LIMITED.search(theirs)) or mine.startswith(f"{theirs}/REV.")


def nearness(text: str, r: Recommendation, language: str) -> int:
    """How near (per cent) a text is to what a recommendation says in this language, as a whole or
    in one of its parts; -1 where it says nothing in this language."""
    if language not in r.texts:
        return -1
    asked = plain(text)
    texts = (r.text(language), *(part.text for part in r.texts[language].parts))
    theirs = {plain(one) for one in texts}
    return max(100 if asked == one else min(99, int(fuzz.ratio(asked, one))) for one in theirs)


def same_text(
    there: Iterable[Recommendation], r: Recommendation, text: str, language: str
) -> Recommendation | None:
    """Another one of its review that says a text already: the number may have slipped."""
    return next((o for o in there if o.id != r.id and nearness(text, o, language) == 100), None)


def plain(text: str) -> str:
    """A text as compared."""
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def _states(r: Recommendation) -> set[str]:
    return {s.code for part in r.parts for s in part.recommenders if s.code}


def _who(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset(s.code or plain(s.printed) for part in parts for s in part.recommenders)
