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

from domain.events import Recommender
from domain.match import MatchCandidate
from domain.recommendation import Recommendation

SURE = 92
"""From this similarity on (per cent) a text may be taken for another's: a retold text with typing
errors, or a clause left out at its end, stays above."""

APART = 4
"""By how much the second best must be worse. Nearness alone says little: different paragraphs of
one review come as near as 96 per cent, and some read the same (Slovenia, cycles 2 and 3)."""

LIKELY = 50
candidates_max = 5

_NOT_A_WORD = re.compile(r"[\W_]+")


class Found(NamedTuple):
    """`it`: what the row is, None where that is uncertain; `score` in per cent; `candidates`: what
    it may be, the likeliest first."""

    it: Recommendation | None
    score: int
    candidates: tuple[MatchCandidate, ...]


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
        sure = [found for found in ranked if found[0] >= SURE]
        if len(sure) > 1 and sure[0][0] - sure[1][0] < APART:
            states = {s.code for s in recommenders if s.code}
            sure = [found for found in sure if states and states & _states(found[1])]
        if not sure or (len(sure) > 1 and sure[0][0] - sure[1][0] < APART):
            return Found(None, ranked[0][0] if ranked else 0, candidates)
        return Found(sure[0][1], sure[0][0], candidates)


def plain(text: str) -> str:
    """A text as compared."""
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def _states(r: Recommendation) -> set[str]:
    return {s.code for part in r.parts for s in part.recommenders if s.code}
