"""Terms as a file prints them, resolved to the terms of their vocabularies.

A label is looked for in the vocabulary's version, in all its languages and other names. A term that
is not there is kept as printed and told. A row in a further language brings no term under another
name: see `further`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from domain.entry import Entry
from domain.recommendation import Recommendation
from domain.recommendation.elements import Term
from domain.recommendation.terms import Classified
from domain.vocabulary import Resolver
from workflows.importing.lookups import Lookups


class Terms:
    """Resolves the terms of one file; each vocabulary is read once."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._resolvers: dict[tuple[str, str], Resolver | None] = {}
        self._told: set[tuple[str, str, str]] = set()

    def resolve(self, terms: Iterable[Term]) -> tuple[tuple[Term, ...], list[Term]]:
        """The terms as their vocabularies have them, each once, and those among them that no
        vocabulary has. A vocabulary that is not published says nothing about its terms."""
        resolved: dict[tuple[str, str, str], Term] = {}
        unknown: list[Term] = []
        for term in terms:
            found, is_known = self._one(term)
            if found.key not in resolved:
                resolved[found.key] = found
                if not is_known:
                    unknown.append(found)
        return tuple(resolved.values()), unknown

    def to_tell(self, unknown: Iterable[Term]) -> list[Term]:
        """Those that were not told before: a file says a term many times, a receipt once."""
        news = [term for term in unknown if term.key not in self._told]
        self._told.update(term.key for term in news)
        return news

    def ever_borne(self, entries: Iterable[Entry]) -> set[tuple[str, str, str]]:
        """The keys of the terms that a recommendation bears or once bore, as printed and as
        resolved: to say them again is no news."""
        printed = [
            term
            for entry in entries
            if isinstance(entry.event, Classified)
            for term in entry.event.terms
        ]
        return {term.key for term in (*printed, *self.resolve(printed)[0])}

    def further(
        self,
        terms: Sequence[Term],
        r: Recommendation,
        language: str,
        ever: set[tuple[str, str, str]],
    ) -> list[Term]:
        """The terms that a row adds to a recommendation.

        Of a row in another language than the original's, a term is left out where it, or one that
        the recommendation bears of the same list, is known to no vocabulary: it may be the same
        under another name.
        """
        new = [term for term in terms if term.key not in ever]
        if language == r.original:
            return new
        doubtful = {
            (held.term.vocabulary, held.term.version)
            for held in r.terms
            if not self._one(held.term)[1]
        }
        lists = {(held.term.vocabulary, held.term.version) for held in r.terms}
        added = []
        for term in new:
            list_of = term.vocabulary, term.version
            if list_of in doubtful or (list_of in lists and not self._one(term)[1]):
                continue
            added.append(term)
        return added

    def language_of_labels(self, terms: Iterable[Term], language: str) -> str | None:
        """The language in which a source prints the labels of its terms, where none of them is a
        label in the language that is said; None where that is not sure."""
        other: Counter[str] = Counter()
        for term in terms:
            self._one(term)
            resolver = self._resolvers[term.vocabulary, term.version]
            languages = resolver.languages_of(term.label) if resolver else frozenset()
            if language in languages:
                return None
            if len(languages) == 1:
                other.update(languages)
        return other.most_common(1)[0][0] if other else None

    def _one(self, term: Term) -> tuple[Term, bool]:
        place = term.vocabulary, term.version
        if place not in self._resolvers:
            held = self._lookups.vocabulary(term.vocabulary)
            content = held.versions.get(term.version) if held else None
            self._resolvers[place] = Resolver(content) if content else None
        resolver = self._resolvers[place]
        if resolver is None:
            return term, True
        found = resolver.find(term.code, term.label)
        if found is None:
            return term, False
        code = found.code if resolver.coded else None
        if (code or found.code).casefold() == (term.code or term.label).casefold():
            return term, True
        return Term(
            vocabulary=term.vocabulary, version=term.version, label=found.label("en"), code=code
        ), True


def told(term: Term) -> str:
    """The sentence about a term that no vocabulary has."""
    named = f"{term.code} {term.label}" if term.code and term.code != term.label else term.label
    return (
        f"“{named[:200]}” is no term of “{term.vocabulary}” {term.version}; it is recorded as "
        "printed, or left out beside its name in another language. Correct the spelling, or "
        "publish the list that has it."
    )
