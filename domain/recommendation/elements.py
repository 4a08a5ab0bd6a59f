"""What the events of a recommendation are made of: texts, their parts, the States that made
them, terms and names. Frozen, as the events are.
"""

from __future__ import annotations

from domain.entry import Stored
from domain.identity import normal_paragraph, normal_symbol
from domain.words import TextStatus


class Recommender(Stored, frozen=True):
    """A recommending State."""

    printed: str
    """Its name as the document prints it."""
    code: str | None = None
    """Its code of three letters, such as SVN; null where the name was not recognised."""


class Part(Stored, frozen=True):
    """One of the texts a paragraph bundles, with the States that made it."""

    id: str
    """Counts from "1" within the paragraph."""
    recommenders: tuple[Recommender, ...] = ()
    """The States that made it; empty where the document names none."""


class PartText(Stored, frozen=True):
    """The text of one part, in the language of the `Text` it belongs to."""

    part: str
    """The part's number."""
    text: str
    """The wording, as printed."""


class Text(Stored, frozen=True):
    """A recommendation's wording in one language, part by part."""

    language: str
    status: TextStatus
    """Whether it is official, a translation, or a machine's."""
    parts: tuple[PartText, ...]
    """The wording of each part, in their order."""


class Term(Stored, frozen=True):
    """A term of a versioned vocabulary: theme, SDG goal or target, affected persons, action
    category."""

    vocabulary: str
    """Name of the vocabulary, such as `theme` or `sdg`."""
    version: str
    """The vocabulary's version, such as 2014."""
    label: str
    """The term as it was printed."""
    code: str | None = None
    """The term's code, such as A12 or 16.2; null where the vocabulary has none."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.vocabulary, self.version, self.code or self.label.casefold()


class Alias(Stored, frozen=True):
    """A name the recommendation goes by."""

    scheme: str
    """`un` for a document's paragraph, another system such as `uhri`, or `national`."""
    value: str
    """The document's symbol under `un`; else the id or reference in that system."""
    paragraph: str | None = None
    """Number of the paragraph under `un`; else null."""

    @property
    def key(self) -> tuple[str, str, str]:
        if self.scheme == "un":
            return "un", normal_symbol(self.value), normal_paragraph(self.paragraph or "")
        return self.scheme, self.value, ""
