"""A Word document, DOCX: read into the paragraphs and tables that it prints (`word_printed`), and
nothing else. What they mean is for the readers of matrices, reports and addenda."""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from workflows.word_printed import Printed, walk

file_bytes_max = 20_000_000
unpacked_bytes_max = 200_000_000
read_bytes_max = 32_000_000
"""Of the parts that are read, all together and unpacked: whatever the package says of itself."""
nodes_max = 400_000
"""Elements and attributes of these parts; a list of 163 recommendations has 68,000."""
blocks_max = 40_000
"""Paragraphs, rows, cells and runs of these parts; such a list has 4,000."""
depth_max = 200
"""Elements within one another."""
run_bytes_max = 1_000_000
"""Between two "<": of one text, or one element with its attributes, which is read as a whole."""
chunk_bytes = 65_536

REFUSALS = {
    "file-too-large": "The file is larger than 20 MB. Remove pictures and save it again.",
    "not-a-docx": "This is no Word document (.docx). Choose the document as it was published.",
    "old-word-format": "This is a Word file of the old kind (.doc). Save it as .docx.",
    "encrypted": "The document is protected by a password. Remove the password and save it again.",
    "unpacked-too-large": "Unpacked, the document is far larger than documents are. Copy what you "
    "need into a new one and save that.",
    "damaged": "The document is damaged. Open it in a word processor, save it again as .docx.",
}

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\ufffc]")
_WRAPPERS = {"sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"}
_HEADING = re.compile(r"heading|title|titre|t[íi]tulo|_?h_?\d", re.IGNORECASE)
"""Styles of headings, as Word and the templates of the United Nations name them."""
_BLOCKS = {"p", "r", "tr", "tc"}
_ROW_UNPRINTED = ("del", "hidden")
_UNREADABLE_PACKAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, ElementTree.ParseError, KeyError),
    *(EOFError, OSError, NotImplementedError, RuntimeError, LookupError, ValueError),
)


class UnreadableDocument(ValueError):
    """The file is no document that can be read. `code`: a key of `REFUSALS`; the message says what
    to do."""

    def __init__(self, code: str) -> None:
        super().__init__(REFUSALS[code])
        self.code = code


class Cell(msgspec.Struct, frozen=True):
    """`text`: paragraphs divided by line feeds, soft breaks as vertical tabs; `own`: False if a
    vertical merge carries the text down from a row above. `is_number`: a number cell of a
    spreadsheet, in which 50.10 is 50.1."""

    text: str
    start: int
    span: int
    own: bool = True
    is_number: bool = False


class _LocalNames(dict[str, str]):
    """The names of elements and attributes without their namespaces, which the two dialects of
    OOXML spell differently."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition("}")[2]
        return local


class _Budget:
    """What may still be read of a package."""

    def __init__(self) -> None:
        self.bytes = read_bytes_max
        self.nodes = nodes_max
        self.blocks = blocks_max


class _Elements:
    """Builds elements with their local names, within a budget; a document type, the only door to
    entities, ends the reading."""

    def __init__(self, budget: _Budget) -> None:
        names, builder = _LocalNames(), ElementTree.TreeBuilder()
        begin, finish = builder.start, builder.end
        depth = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            name = names[tag]
            budget.nodes -= 1 + len(attributes)
            budget.blocks -= name in _BLOCKS
            if budget.nodes < 0 or budget.blocks < 0 or depth > depth_max:
                raise UnreadableDocument("unpacked-too-large")
            begin(name, {names[name]: value for name, value in attributes.items()})

        def end(tag: str) -> None:
            nonlocal depth
            depth -= 1
            finish(tag)  # the element that is open, whatever it is told

        self.start, self.end = start, end
        self.data, self.close = builder.data, builder.close

    def doctype(self, _name: str, _public: str, _system: str) -> None:
        raise UnreadableDocument("damaged")


class WordParagraph(msgspec.Struct, frozen=True):
    """A paragraph outside tables, with the number that Word prints before it."""

    text: str
    is_heading: bool = False


class WordDocument(msgspec.Struct, frozen=True):
    """What a Word document prints: its page headers, and the blocks of its body in order. A table
    is a list of rows, a row a list of cells."""

    header: str
    blocks: tuple[WordParagraph | list[list[Cell]], ...]

    @property
    def header_and_text(self) -> str:
        """Headers and paragraphs, in one line."""
        texts = [block.text for block in self.blocks if isinstance(block, WordParagraph)]
        return " ".join([self.header, *texts])

    @property
    def tables(self) -> list[list[list[Cell]]]:
        return [block for block in self.blocks if isinstance(block, list)]


def read_word(source: bytes | Path) -> WordDocument:
    """Reads a DOCX file or its bytes. Raises UnreadableDocument."""
    data = bytes_of(source)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        protected = "EncryptedPackage".encode("utf-16-le") in data
        raise UnreadableDocument("encrypted" if protected else "old-word-format")
    if not data.startswith(b"PK"):
        raise UnreadableDocument("not-a-docx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _Package(package).document()
    except UnreadableDocument:
        raise
    except _UNREADABLE_PACKAGE as reason:
        raise UnreadableDocument("damaged") from reason


def bytes_of(source: bytes | Path) -> bytes:
    """The bytes of a file. Raises UnreadableDocument where they are too many."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            source = file.read(file_bytes_max + 1)
    if len(source) > file_bytes_max:
        raise UnreadableDocument("file-too-large")
    return source


def is_word(path: Path) -> bool:
    """True for a file that is a Word document of the new kind."""
    try:
        with zipfile.ZipFile(path) as package:
            return "word/document.xml" in package.namelist()
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError):
        return False


def clean(text: str) -> str:
    """A text in one line, without signs that nobody sees."""
    return " ".join(_INVISIBLE.sub("", text).split())


class _Package:
    """The parts of a document, each read once, all within one budget."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        entries = package.infolist()
        if sum(entry.file_size for entry in entries) > unpacked_bytes_max:
            raise UnreadableDocument("unpacked-too-large")
        if any(entry.flag_bits & 1 for entry in entries):
            raise UnreadableDocument("encrypted")
        self._package = package
        self._names = set(package.namelist())
        self._budget = _Budget()
        self._read: dict[str, ElementTree.Element] = {}

    def document(self) -> WordDocument:
        """What the document prints."""
        main = next(iter(self._related("", "/officeDocument")), None)
        if main is None:
            raise UnreadableDocument("not-a-docx")
        body = next(walk(self._part(main), {"body"}), None)
        if body is None:
            raise UnreadableDocument("not-a-docx")
        headers = [self._part(name) for name in self._related(main, "/header")]
        styles, numbering = (
            next(map(self._part, self._related(main, kind)), None)
            for kind in ("/styles", "/numbering")
        )
        printed = Printed(styles, numbering)
        printed.number(walk(body, {"p"}))
        blocks: list[WordParagraph | list[list[Cell]]] = []
        for element in _reach(body, "p", "tbl"):
            if element.tag == "tbl":
                blocks.append([row for row in _table(element, printed) if row])
            elif text := clean(printed.number_of(element) + printed.text(element)):
                style = element.find("pPr/pStyle")
                is_heading = style is not None and bool(_HEADING.match(style.get("val", "")))
                blocks.append(WordParagraph(text, is_heading))
        return WordDocument(" ".join(clean(printed.text(h)) for h in headers), tuple(blocks))

    def _part(self, name: str) -> ElementTree.Element:
        if name not in self._read:
            budget = self._budget
            parser = ElementTree.XMLParser(target=_Elements(budget))  # noqa: S314 - refuses document types
            run = 0
            with self._package.open(name) as file:
                while chunk := file.read(chunk_bytes):
                    begins = chunk.rfind(b"<")
                    run = run + len(chunk) if begins < 0 else len(chunk) - begins
                    budget.bytes -= len(chunk)
                    if budget.bytes < 0 or run > run_bytes_max:
                        raise UnreadableDocument("unpacked-too-large")
                    parser.feed(chunk)
            self._read[name] = parser.close()
        return self._read[name]

    def _related(self, name: str, kind: str) -> list[str]:
        """The parts of a kind that `name` ("" for the package) points to, each once."""
        folder, _, file = name.rpartition("/")
        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        if relations not in self._names:
            return []
        found = (
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
            for relation in self._part(relations)
            if relation.get("Type", "").endswith(kind)
        )
        return [part for part in dict.fromkeys(found) if part in self._names]


def _table(table: ElementTree.Element, printed: Printed) -> Iterator[list[Cell]]:
    above: dict[int, str] = {}
    for row in _reach(table, "tr"):
        properties = row.find("trPr")
        if properties is not None and any(properties.find(t) is not None for t in _ROW_UNPRINTED):
            continue
        before = properties.find("gridBefore") if properties is not None else None
        start = _whole(before, 0)
        cells = []
        for element in _reach(row, "tc"):
            text, span = printed.text(element), _whole(element.find("tcPr/gridSpan"), 1)
            merge = element.find("tcPr/vMerge")
            own = merge is None or merge.get("val") == "restart"
            if own:
                above.pop(start, None)
                if merge is not None:
                    above[start] = text
            cells.append(Cell(text if own else above.get(start, text), start, span, own))
            start += span
        yield cells


def _whole(element: ElementTree.Element | None, otherwise: int) -> int:
    printed = element.get("val", "") if element is not None else ""
    return min(int(printed), 1000) if re.fullmatch("[0-9]{1,6}", printed) else otherwise


def _reach(element: ElementTree.Element, *tags: str) -> Iterator[ElementTree.Element]:
    """Children of these tags, in order, also inside content controls and tracked insertions."""
    open_children = [iter(element)]
    while open_children:
        child = next(open_children[-1], None)
        if child is None:
            open_children.pop()
        elif child.tag in tags:
            yield child
        elif child.tag in _WRAPPERS:
            open_children.append(iter(child))
