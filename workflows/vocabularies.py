"""Vocabularies read from files, and what publishing one adds to the log.

Two forms are read: SKOS in Turtle, and the JSON in which the shipped versions are written. What a
file says is checked when it is published, as if somebody had typed it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import rdflib
from rdflib import DCTERMS, OWL, RDF, SKOS, Literal, URIRef
from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.term import Node

from domain import vocabulary
from domain.entry import Entry, Stamp
from domain.identity import natural_order
from domain.refusals import AlreadySo, InvalidInput, LimitExceeded
from domain.vocabulary import VersionContent, Vocabulary, VocabularyLabel, VocabularyTerm
from workflows.access import EVERY_STATE, Principal, authorise
from workflows.desk import Command, Desk, Taken

file_bytes_max = 5_000_000
triples_max = 100_000

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def read_vocabulary_json(source: bytes | Path) -> VersionContent:
    """The version that a file in our own form holds (docs/vocabularies.md)."""
    content = vocabulary.decode(_read(source))
    vocabulary.check(content)
    return content


def read_skos(
    source: bytes | Path, *, name: str | None = None, version: str | None = None
) -> list[VersionContent]:
    """One version for each concept scheme of a SKOS file in Turtle.

    `name` and `version` say what to call it where the file does not: a scheme's name is the last
    word of its address, its version what `owl:versionInfo`, `dct:modified` or `dct:issued` says.
    A concept's code is the last word of its address, or its only `skos:notation` where that is
    another; further notations and alternative labels become other names. Of several preferred
    labels in one language the first in the alphabet is the label, the others are other names.
    Matches with concepts of other schemes are not read.
    """
    data = _read(source)
    graph = rdflib.Graph()
    try:
        graph.parse(data=data, format="turtle", publicID="urn:file")
    except (BadSyntax, ParserError, ValueError, RecursionError, IndexError) as error:
        line = f" (line {error.lines + 1})" if isinstance(error, BadSyntax) else ""
        raise InvalidInput(f"The file can't be read as Turtle{line}; check its syntax.") from error
    if len(graph) > triples_max:
        raise LimitExceeded(f"A file may hold {triples_max:,} statements; divide it.")
    schemes = sorted(set(graph.subjects(RDF.type, SKOS.ConceptScheme)), key=str)
    if not schemes:
        raise InvalidInput("The file names no skos:ConceptScheme, so it holds no vocabulary.")
    if len(schemes) > 1 and name is not None:
        raise InvalidInput("The file holds several schemes; let each keep the name it has.")
    digest = hashlib.sha256(data).hexdigest()
    found = [_content(graph, scheme, name, version, digest) for scheme in schemes]
    for content in found:
        vocabulary.check(content)
    return found


def publish(
    desk: Desk,
    principal: Principal,
    command: Command,
    stamp: Callable[[], Stamp],
    contents: Callable[[], Iterable[VersionContent]],
) -> Taken:
    """Publishes versions of vocabularies. `stamp` and `contents` are asked only where the principal
    may, and the command is new."""
    if repeated := desk.repeated(command):
        return repeated
    authorise(principal, "publish-vocabulary", EVERY_STATE)
    said = stamp()
    entries: list[Entry] = []
    for content in contents():
        known = vocabulary.with_published(
            vocabulary.shipped().get(content.name),
            desk.log.load(vocabulary.stream(content.name), vocabulary.fold),
        )
        entries.extend(entries_for(known, said, content))
    return desk.append(command, entries)


def entries_for(known: Vocabulary | None, stamp: Stamp, content: VersionContent) -> list[Entry]:
    """The entries by which a version and its mappings are published, on top of what is `known`
    (shipped and published together, see `with_published`). Whoever appends them has checked that
    the speaker may. A version that is there already may still bring new mappings."""
    id, first = vocabulary.stream(content.name), known.version if known else 0
    entries: list[Entry] = []
    try:
        published = vocabulary.publish(stamp, content, known)
    except AlreadySo:
        if not content.mappings:
            raise
    else:
        entries.append(Entry(id, first + 1, "", published))
    if content.mappings:
        now = vocabulary.with_published(known, vocabulary.fold(entries))
        assert now is not None
        mapped = now.map(stamp, content.mappings)
        entries.append(Entry(id, first + len(entries) + 1, "", mapped))
    return entries


def _read(source: bytes | Path) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            source = file.read(file_bytes_max + 1)
    if len(source) > file_bytes_max:
        raise LimitExceeded(f"A vocabulary's file may have {file_bytes_max // 1_000_000} MB.")
    return source


def _content(
    graph: rdflib.Graph, scheme: Node, name: str | None, version: str | None, digest: str
) -> VersionContent:
    stated = (
        graph.value(scheme, said, any=True)
        for said in (OWL.versionInfo, DCTERMS.modified, DCTERMS.issued)
    )
    version = version or next((str(value) for value in stated if value is not None), None)
    if version is None:
        raise InvalidInput("The file says no version of its scheme: name the version yourself.")
    title, _ = _labels(graph, scheme, (SKOS.prefLabel, DCTERMS.title))
    called = name or _NOT_IN_A_NAME.sub("-", _last_word(scheme).lower()).strip("-")
    members = {
        *graph.subjects(SKOS.inScheme, scheme),
        *graph.subjects(SKOS.topConceptOf, scheme),
        *graph.objects(scheme, SKOS.hasTopConcept),
    } & set(graph.subjects(RDF.type, SKOS.Concept))
    codes = {concept: _code(graph, concept) for concept in members}
    terms = [_term(graph, concept, codes) for concept in members]
    return VersionContent(
        name=called,
        version=version,
        title=title or (VocabularyLabel(language="en", text=called),),
        terms=tuple(sorted(terms, key=lambda term: (natural_order(term.code), term.code))),
        source=f"SKOS, {scheme}",
        sha256=digest,
    )


def _term(graph: rdflib.Graph, concept: Node, codes: dict[Node, str]) -> VocabularyTerm:
    code = codes[concept]
    labels, others = _labels(graph, concept, (SKOS.prefLabel,))
    _, alternative = _labels(graph, concept, (SKOS.altLabel,), every=True)
    notations = {str(notation) for notation in graph.objects(concept, SKOS.notation)} - {code}
    above = {
        codes[one]
        for one in (*graph.objects(concept, SKOS.broader), *graph.subjects(SKOS.narrower, concept))
        if one in codes
    }
    ordered = tuple(sorted(above, key=natural_order))
    return VocabularyTerm(
        code=code,
        labels=labels,
        broader=ordered[0] if ordered else None,
        also_under=ordered[1:],
        former=any(str(value) == "true" for value in graph.objects(concept, OWL.deprecated)),
        altnames=tuple(dict.fromkeys((*sorted(notations), *others, *alternative))),
    )


def _code(graph: rdflib.Graph, concept: Node) -> str:
    word = _last_word(concept)
    notations = {str(notation) for notation in graph.objects(concept, SKOS.notation)}
    code = notations.pop() if len(notations) == 1 else word
    if len(code) > vocabulary.code_chars_max:
        raise LimitExceeded(f"A code may have {vocabulary.code_chars_max} characters; shorten it.")
    return code


def _last_word(node: Node) -> str:
    if not isinstance(node, URIRef):
        raise InvalidInput("A scheme or a concept has no address; give it one.")
    return re.split("[/#:]", str(node).rstrip("/#"))[-1]


def _labels(
    graph: rdflib.Graph, node: Node, said: Iterable[URIRef], *, every: bool = False
) -> tuple[tuple[VocabularyLabel, ...], list[str]]:
    """One label a language, and the further ones (or, for `every`, all of them)."""
    labels: dict[str, str] = {}
    others: list[str] = []
    values = {value for way in said for value in graph.objects(node, way)}
    for value in sorted(values, key=str):
        text = " ".join(str(value).split())
        language = (value.language if isinstance(value, Literal) else None) or "und"
        if every or labels.setdefault(language, text) != text:
            others.append(text)
    found = (VocabularyLabel(language=one, text=labels[one]) for one in sorted(labels))
    return tuple(found), others
