"""A vocabulary: a list of terms in versions that stand side by side, and mappings between them.

A version is published once and never changes: an amended list is a new version (domain rule 12).
Versions that every installation has lie as files in `vocabularies/` and need no event. A version
published in the log stands beside them.

A list without codes (`coded` is false) is kept by its English labels, which then stand in `code`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from domain.entry import Entry, Event, Stamp, Stored, Visibility, is_date
from domain.identity import NAMESPACE
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded

terms_max = 5_000
mappings_max = 20_000
labels_of_a_term_max = 50
altnames_of_a_term_max = 100
code_chars_max = 200
term_label_chars_max = 2_000

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class MappingRelation(StrEnum):
    """What the term mapped to is to the term mapped from, after SKOS's mapping properties."""

    EXACT = "exact"
    """both mean the same"""
    BROADER = "broader"
    """the term mapped to is wider"""
    NARROWER = "narrower"
    """the term mapped to is narrower"""
    RELATED = "related"
    """they are related, and neither is wider"""


_INVERSE = {
    MappingRelation.BROADER: MappingRelation.NARROWER,
    MappingRelation.NARROWER: MappingRelation.BROADER,
}

# --- Events (the archive's format: frozen) -------------------------------------------------------


class VocabularyEvent(Event, frozen=True):
    """Base of a vocabulary's events."""


class VocabularyLabel(Stored, frozen=True):
    """A name in one language."""

    language: str
    text: str
    """The name in that language."""


class VocabularyTerm(Stored, frozen=True):
    """A term of a vocabulary."""

    code: str
    """Its code, unique in its version; its English label where the list has no codes."""
    labels: tuple[VocabularyLabel, ...] = ()
    """Its names, one a language; empty where no source gives one."""
    broader: str | None = None
    """Code of the term that it belongs under; null at the top."""
    also_under: tuple[str, ...] = ()
    """Codes of further terms that it belongs under."""
    former: bool = False
    """True where the term is no longer in use."""
    since: str | None = None
    """Since when it is in use: a day, month or year; null where nobody says."""
    until: str | None = None
    """Until when it was in use: a day, month or year; null where nobody says, or it still is."""
    altnames: tuple[str, ...] = ()
    """Other names and notations, in any language."""

    def label(self, language: str, fallback: str = "en") -> str:
        """The label in a language, else in `fallback`, else the first there is, else the code."""
        texts = {label.language: label.text for label in self.labels}
        sought = (language, language.split("-")[0], fallback, *texts)
        return next((texts[one] for one in sought if one in texts), self.code)


class TermMapping(Stored, frozen=True):
    """A term of one version and its counterpart in another version of the same vocabulary."""

    from_version: str
    """The version that the mapping starts from."""
    from_code: str
    """The code of the term there."""
    to_version: str
    """The version that it leads to."""
    to_code: str
    """The code of the counterpart there."""
    relation: MappingRelation
    """How the meaning of the counterpart compares with the term's."""
    note: str | None = None
    """A remark on the mapping; null where there is none."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.from_version, self.from_code, self.to_version, self.to_code

    def reversed(self) -> TermMapping:
        """The same mapping read from its other end."""
        return TermMapping(
            from_version=self.to_version,
            from_code=self.to_code,
            to_version=self.from_version,
            to_code=self.from_code,
            relation=_INVERSE.get(self.relation, self.relation),
            note=self.note,
        )


class VocabularyPublished(VocabularyEvent, frozen=True):
    """A version was published."""

    topic: ClassVar[str] = "vocabulary.version-published.v1"

    name: str
    """Name of the vocabulary, such as `theme` or `sdg`."""
    edition: str
    """Name of the version, such as 2019."""
    title: tuple[VocabularyLabel, ...]
    """Title of the list, one a language."""
    terms: tuple[VocabularyTerm, ...]
    """The terms of this version."""
    provenance: str
    """Where the list comes from, in words."""
    sha256: str
    """SHA-256, in hex, of the file that was read."""
    complete: bool = True
    """False where only parts of the list are known."""
    coded: bool = True
    """False where the list has no codes and English labels take their place."""


class VocabularyMapped(VocabularyEvent, frozen=True):
    """Terms of two versions were mapped; a later mapping of the same two terms replaces an earlier
    one."""

    topic: ClassVar[str] = "vocabulary.mapped.v1"

    name: str
    """Name of the vocabulary, such as `theme` or `sdg`."""
    mappings: tuple[TermMapping, ...]
    """The mappings that are new."""


EVENTS: tuple[type[VocabularyEvent], ...] = (VocabularyPublished, VocabularyMapped)

# --- State ---------------------------------------------------------------------------------------


class VersionContent(Stored, frozen=True):
    """One version of a vocabulary, and mappings to or from it, as a file has them. The other fields
    are those of `VocabularyPublished`."""

    name: str
    version: str
    """Name of the version, such as 2019."""
    title: tuple[VocabularyLabel, ...]
    terms: tuple[VocabularyTerm, ...]
    source: str
    """Where the list comes from, in words."""
    sha256: str
    complete: bool = True
    coded: bool = True
    mappings: tuple[TermMapping, ...] = ()

    def says_the_same(self, other: VersionContent) -> bool:
        """True if both hold the same list, wherever each was read."""
        mine = (self.title, self.terms, self.complete, self.coded)
        return mine == (other.title, other.terms, other.complete, other.coded)


class Vocabulary(msgspec.Struct, kw_only=True):
    """A vocabulary as it stands: its versions by name, its mappings by their two ends. `version`
    is that of its stream, 0 where the log holds nothing of it."""

    id: UUID
    name: str
    addressee: str = ""
    visibility: Visibility = Visibility.PUBLIC
    institution: str = ""
    version: int = 0
    versions: dict[str, VersionContent] = {}
    mappings: dict[tuple[str, str, str, str], TermMapping] = {}

    def term(self, version: str, code: str) -> VocabularyTerm | None:
        """The term of this code, or label where the list has no codes, in any case; or None."""
        content = self.versions.get(version)
        sought = code.casefold()
        terms = content.terms if content else ()
        return next((term for term in terms if term.code.casefold() == sought), None)

    def translate(self, code: str, from_version: str, to_version: str) -> list[TermMapping]:
        """The mappings from a term to its counterparts in another version, in whichever direction
        they were recorded; none where nobody has mapped it."""
        either = (way for m in self.mappings.values() for way in (m, m.reversed()))
        ends = (from_version, code.casefold(), to_version)
        found = {
            way.key: way
            for way in either
            if (way.from_version, way.from_code.casefold(), way.to_version) == ends
        }
        return list(found.values())

    def map(self, stamp: Stamp, mappings: Iterable[TermMapping]) -> VocabularyMapped:
        """Maps terms of two versions. Refuses versions and terms that are not there, and a mapping
        of a version to itself; what is mapped so already is left out."""
        news: dict[tuple[str, str, str, str], TermMapping] = {}
        for mapping in mappings:
            self._check(mapping)
            if self.mappings.get(mapping.key) != mapping:
                news[mapping.key] = mapping
        if not news:
            raise AlreadySo(f"These terms of “{self.name}” are mapped so already.")
        if len(news) + len(self.mappings) > mappings_max:
            raise LimitExceeded(f"A vocabulary may have {mappings_max:,} mappings; leave some out.")
        return VocabularyMapped(stamp=stamp, name=self.name, mappings=tuple(news.values()))

    def _check(self, mapping: TermMapping) -> None:
        if mapping.from_version == mapping.to_version:
            raise InvalidInput("A mapping joins two versions: name two that differ.")
        for version, code in (
            (mapping.from_version, mapping.from_code),
            (mapping.to_version, mapping.to_code),
        ):
            if version not in self.versions:
                raise InvalidInput(
                    f"“{self.name}” has no version “{version}”; known are "
                    f"{', '.join(self.versions)}. Publish it before you map it."
                )
            found = self.term(version, code)
            if found is None or found.code != code:
                raise InvalidInput(f"“{self.name}” of version {version} has no term “{code}”.")
        _short(mapping.note or "-", "A mapping's note", term_label_chars_max)


class Resolver:
    """Finds the term of one version that a printed code or label means, in any language."""

    def __init__(self, content: VersionContent) -> None:
        self.coded = content.coded
        self._by_code: dict[str, VocabularyTerm] = {}
        by_label: dict[str, dict[str, VocabularyTerm]] = {}
        self._languages: dict[str, set[str]] = {}
        for term in content.terms:
            for label in term.labels:
                self._languages.setdefault(_as_compared(label.text), set()).add(label.language)
            self._by_code.setdefault(_as_compared(term.code), term)
            for name in (*(label.text for label in term.labels), *term.altnames):
                by_label.setdefault(_as_compared(name), {})[term.code] = term
        # A label that two terms bear means neither.
        self._by_label = {
            name: next(iter(terms.values())) for name, terms in by_label.items() if len(terms) == 1
        }

    def find(self, code: str | None, label: str) -> VocabularyTerm | None:
        """The term of this code; where no code is printed, of this label."""
        if code is not None:
            return self._by_code.get(_as_compared(code))
        sought = _as_compared(label)
        return self._by_code.get(sought) or self._by_label.get(sought)

    def languages_of(self, label: str) -> frozenset[str]:
        """The languages in which a label is so; none where no term has it."""
        return frozenset(self._languages.get(_as_compared(label), ()))


def _as_compared(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def stream(name: str) -> UUID:
    """The id of a vocabulary's stream: the same in every installation. Frozen."""
    return uuid5(NAMESPACE, f"vocabulary\x1f{name}")


# --- Commands ------------------------------------------------------------------------------------


def publish(
    stamp: Stamp, content: VersionContent, known: Vocabulary | None = None
) -> VocabularyPublished:
    """Publishes a version beside those `known`, shipped and published ones together. What is
    published already stays as it is: an amended list is a new version with a new name."""
    check(content)
    held = known.versions.get(content.version) if known else None
    if held is not None and held.says_the_same(content):
        raise AlreadySo(f"“{content.name}” of version {content.version} is published already.")
    if held is not None:
        raise InvalidInput(
            f"“{content.name}” of version {content.version} is published with other content, and "
            "a version never changes: give the amended list a new version."
        )
    return VocabularyPublished(
        stamp=stamp,
        name=content.name,
        edition=content.version,
        title=content.title,
        terms=content.terms,
        provenance=content.source,
        sha256=content.sha256,
        complete=content.complete,
        coded=content.coded,
    )


def check(content: VersionContent) -> None:
    """Refuses a version that no list can have: codes twice, a broader term that is not in the
    list or is below the term itself, empty texts, more than the limits allow."""
    if not _NAME.fullmatch(content.name):
        raise InvalidInput(f"“{content.name[:70]}” is no name: write small letters, as in “theme”.")
    if not _VERSION.fullmatch(content.version):
        raise InvalidInput(f"“{content.version[:70]}” is no version: write a word, as in “2025”.")
    if not _SHA256.fullmatch(content.sha256):
        raise InvalidInput("The SHA-256 of the file is 64 hexadecimal digits in small letters.")
    _short(content.source, "The source", term_label_chars_max)
    if not content.title or not content.terms:
        raise InvalidInput("A version has a title and at least one term.")
    if len(content.terms) > terms_max:
        raise LimitExceeded(f"A version may have {terms_max:,} terms; divide the list.")
    _check_labels(content.title, "The title")
    above: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for term in content.terms:
        _check_term(term)
        if term.code.casefold() in seen:
            raise InvalidInput(f"The code “{term.code}” is there twice; codes are unique.")
        seen.add(term.code.casefold())
        above[term.code] = ((term.broader,) if term.broader else ()) + term.also_under
    _check_above(above)


def _check_term(term: VocabularyTerm) -> None:
    _short(term.code, "A code", code_chars_max)
    _check_labels(term.labels, f"“{term.code}”")
    if len(term.altnames) > altnames_of_a_term_max:
        raise LimitExceeded(f"“{term.code}” may have {altnames_of_a_term_max} other names.")
    for name in term.altnames:
        _short(name, f"Another name of “{term.code}”", term_label_chars_max)
    for date in (term.since, term.until):
        if date is not None and not is_date(date):
            raise InvalidInput(
                f"“{date[:40]}” of “{term.code}” is not a date: write 2025-04-08, 2025-04 or 2025."
            )
    if term.since and term.until and term.until < term.since[: len(term.until)]:
        raise InvalidInput(f"“{term.code}” ends ({term.until}) before it begins ({term.since}).")


def _check_labels(labels: tuple[VocabularyLabel, ...], whose: str) -> None:
    if len(labels) > labels_of_a_term_max:
        raise LimitExceeded(f"{whose} may have {labels_of_a_term_max} labels.")
    for label in labels:
        if not _LANGUAGE.fullmatch(label.language):
            tag = label.language[:40]
            raise InvalidInput(f"“{tag}” is no language tag: write “en” or “pt-BR”.")
        _short(label.text, f"The label of {whose}", term_label_chars_max)
    if len({label.language.lower() for label in labels}) < len(labels):
        raise InvalidInput(f"{whose} has two labels in one language; keep one.")


def _check_above(above: Mapping[str, tuple[str, ...]]) -> None:
    for code, broader in above.items():
        for one in broader:
            if one not in above:
                raise InvalidInput(f"“{code}” belongs under “{one}”, which is not in the list.")
    settled: set[str] = set()
    for start in above:
        path, pending = {start}, [(start, iter(above[start]))]
        while pending:
            code, rest = pending[-1]
            for one in rest:
                if one in path:
                    raise InvalidInput(f"“{one}” belongs under itself; break the circle.")
                if one not in settled:
                    path.add(one)
                    pending.append((one, iter(above[one])))
                    break
            else:
                pending.pop()
                path.discard(code)
                settled.add(code)


def _short(text: str, what: str, chars_max: int) -> None:
    if not text.strip():
        raise InvalidInput(f"{what} is empty.")
    if len(text) > chars_max:
        raise LimitExceeded(f"{what} may have {chars_max:,} characters; shorten it.")


def fold(entries: Iterable[Entry], state: Vocabulary | None = None) -> Vocabulary | None:
    """The vocabulary that its entries add up to, on top of `state`; None if there are none."""
    for entry in entries:
        event = entry.event
        if isinstance(event, VocabularyPublished):
            if state is None:
                state = Vocabulary(id=entry.stream, name=event.name)
            state.versions[event.edition] = VersionContent(
                name=event.name,
                version=event.edition,
                title=event.title,
                terms=event.terms,
                source=event.provenance,
                sha256=event.sha256,
                complete=event.complete,
                coded=event.coded,
            )
            state.version = entry.version
        elif isinstance(event, VocabularyMapped):
            # A stream may begin with it: both versions may be shipped ones.
            state = state or Vocabulary(id=entry.stream, name=event.name)
            state.mappings |= {mapping.key: mapping for mapping in event.mappings}
            state.version = entry.version
    return state


# --- Shipped versions ----------------------------------------------------------------------------


def with_published(shipped: Vocabulary | None, published: Vocabulary | None) -> Vocabulary | None:
    """A vocabulary with its shipped and its published versions side by side; neither is changed.
    A version that came to be shipped after it was published stays as the log has it."""
    if shipped is None or published is None:
        return shipped or published
    return Vocabulary(
        id=published.id,
        name=shipped.name,
        version=published.version,
        versions={**shipped.versions, **published.versions},
        mappings={**shipped.mappings, **published.mappings},
    )


@cache
def shipped() -> dict[str, Vocabulary]:
    """Every shipped vocabulary by name, with its versions in order. Not to be changed: use
    `with_published`."""
    found: dict[str, Vocabulary] = {}
    files = sorted(Path(__file__).with_name("vocabularies").glob("*.json"))
    for content in (decode(file.read_bytes()) for file in files):
        name = content.name
        held = found.setdefault(name, Vocabulary(id=stream(name), name=name))
        held.versions[content.version] = content
        held.mappings |= {mapping.key: mapping for mapping in content.mappings}
    return found


class _FileTerm(msgspec.Struct, forbid_unknown_fields=True):
    """A term as a file writes it: labels by language."""

    labels: dict[str, str] = {}
    code: str | None = None
    broader: str | None = None
    also_under: tuple[str, ...] = ()
    former: bool = False
    since: str | None = None
    until: str | None = None
    altnames: tuple[str, ...] = ()


class _File(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str
    title: dict[str, str]
    source: str
    terms: tuple[_FileTerm, ...]
    complete: bool = True
    coded: bool = True
    mappings: tuple[TermMapping, ...] = ()


# msgspec readies a type when it is first read; threads that meet it unready crash the process.
_read_file = msgspec.json.Decoder(_File).decode


def decode(data: bytes) -> VersionContent:
    """The version that a file of ours holds (its form: docs/vocabularies.md); InvalidInput if it
    is of another form. What it says is not checked here but when it is published."""
    try:
        file = _read_file(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The file is no vocabulary as we write it: {error}") from error
    return VersionContent(
        name=file.name,
        version=file.version,
        title=_labels(file.title),
        terms=tuple(_term(term, file.coded) for term in file.terms),
        source=file.source,
        sha256=hashlib.sha256(data).hexdigest(),
        complete=file.complete,
        coded=file.coded,
        mappings=file.mappings,
    )


def _term(term: _FileTerm, coded: bool) -> VocabularyTerm:
    code = term.code if coded else term.labels.get("en")
    if code is None or (term.code is not None) is not coded:
        raise InvalidInput(
            "Each term has a code; where the list has none, say “coded”: false."
            if coded
            else "In a list without codes no term has one, and each has an English label."
        )
    return VocabularyTerm(
        code=code,
        labels=_labels(term.labels),
        broader=term.broader,
        also_under=term.also_under,
        former=term.former,
        since=term.since,
        until=term.until,
        altnames=term.altnames,
    )


def _labels(texts: Mapping[str, str]) -> tuple[VocabularyLabel, ...]:
    return tuple(VocabularyLabel(language=language, text=texts[language]) for language in texts)
