"""Word files (.docx): what Word shows with all changes accepted, in the order of the document.

The XML is read directly: a paragraph's runs sit in links, content controls, tracked changes and
text boxes, and the usual library skips some of these and gives others twice.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from safetynlp.errors import ReadError
from safetynlp.readers.extracted import BLANKS, Extracted, LineBuilder
from safetynlp.readers.traced import Piece, Place, Traced

__all__ = ["MAX_UNPACKED_BYTES", "locate", "read_docx"]

# A zip of 50 MB can unpack to 50 GB; the text of a speech with pictures is far below this.
MAX_UNPACKED_BYTES = 200 * 1024 * 1024

_OFFICE_DOCUMENT = "/officeDocument"  # end of the relation type, transitional and strict alike
# Content that is not shown once changes are accepted, or never as text of the speech.
_SKIPPED = frozenset(
    [
        "del",
        "moveFrom",
        "delText",
        "instrText",
        "delInstrText",
        "rPr",
        "sectPr",
        "rt",
        "footnoteReference",
        "endnoteReference",
        "commentReference",
        "annotationRef",
    ]
)
_DRAWINGS = frozenset({"drawing", "pict", "object"})
# Elements that are shown as a character.
_SIGNS = {
    "br": "\n",
    "cr": "\n",
    "noBreakHyphen": "-",
    "softHyphen": "",
    "tab": "\t",
    "ptab": "\t",
}
_HEADING_NAME = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_TITLE_NAMES = frozenset({"title", "标题"})
_CONTENTS_NAME = re.compile(r"(?:toc|目录)\s*\d?", re.IGNORECASE)
_BODY_OUTLINE_LEVEL = 9  # Word's value for "body text"
_NOTHING = Traced()


@dataclass(frozen=True, slots=True)
class _Style:
    heading_level: int | None = None
    is_contents: bool = False


def read_docx(data: bytes, name: str) -> Extracted:
    """Paragraphs, table rows and text boxes of a Word file, one a line.

    Insertions are kept and deletions dropped. Paragraphs with a heading style or an outline
    level are known as headings; a table of contents is marked as navigation. Headers, footers,
    comments and footnotes are left out.

    Raises:
        ReadError: damaged, encrypted, or unpacking to more than ``MAX_UNPACKED_BYTES``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > MAX_UNPACKED_BYTES:
                raise _too_large(name, unpacked)
            main = _main_part(archive)
            document = _parse(archive.read(main))
            folder = main.rpartition("/")[0]
            styles = _styles(archive, f"{folder}/styles.xml")
    except ReadError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        etree.XMLSyntaxError,
        KeyError,  # no such member
        ValueError,
        EOFError,
        OSError,
        RuntimeError,  # an encrypted member
        NotImplementedError,  # an unknown compression
    ) as error:
        raise _damaged(name, error) from error
    body = next((child for child in document if _local(child) == "body"), None)
    if body is None:
        raise _damaged(name, "word/document.xml has no body")
    return _Writer(styles).write(body)


def locate(body: etree._Element) -> tuple[str, tuple[Place, ...]]:
    """The text that :func:`read_docx` gives of the element ``w:body``, and where it stands there.

    Returns: the text; and its places, sorted, which leave out what the reader put in between
    (line feeds between paragraphs, tabs between cells).
    """
    writer = _Writer({})
    return writer.write(body).text, tuple(writer.places)


def _damaged(name: str, reason: object) -> ReadError:
    return ReadError(
        f"{name}: looks like a Word file (.docx) but is incomplete, damaged or encrypted "
        f"({reason}). Copy it again, or open it in Word or WPS and save it anew as .docx.",
        f"{name}：看起来是 Word 文件（.docx），但不完整、已损坏或已加密（{reason}）。"
        f"请重新复制，或用 Word 或 WPS 打开后另存为 .docx。",
    )


def _too_large(name: str, unpacked: int) -> ReadError:
    limit, found = MAX_UNPACKED_BYTES >> 20, unpacked >> 20
    return ReadError(
        f"{name}: unpacks to {found} MB, the limit is {limit} MB. Remove pictures and embedded "
        f"files, or save only the text.",
        f"{name}：解压后达 {found} MB，上限为 {limit} MB。请删去图片和嵌入文件，或只保存文字。",
    )


def _parse(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True
    )
    root = etree.fromstring(xml, parser)
    if root.getroottree().docinfo.doctype:
        raise ValueError("it declares a document type, which no Word file does")
    return root


def _main_part(archive: zipfile.ZipFile) -> str:
    """Name of the part with the text, nearly always word/document.xml."""
    for relation in _parse(archive.read("_rels/.rels")):
        if str(relation.get("Type", "")).endswith(_OFFICE_DOCUMENT):
            return str(relation.get("Target", "")).lstrip("/")
    return "word/document.xml"


def _styles(archive: zipfile.ZipFile, part: str) -> dict[str, _Style]:
    """What each paragraph style means, by style id; what it is based on counts too."""
    if part not in archive.namelist():
        return {}
    elements = {
        _attribute(style, "styleId"): style
        for style in _parse(archive.read(part))
        if _local(style) == "style" and _attribute(style, "type") == "paragraph"
    }
    return {id: _style(id, elements) for id in elements}


def _style(id: str, elements: dict[str, etree._Element]) -> _Style:
    seen: set[str] = set()
    while id in elements and id not in seen:  # styles may be based on each other in a circle
        seen.add(id)
        element = elements[id]
        name = _attribute(_child(element, "name"), "val").strip()
        if _CONTENTS_NAME.fullmatch(name):
            return _Style(is_contents=True)
        if name.lower() in _TITLE_NAMES:
            return _Style(heading_level=1)
        if heading := _HEADING_NAME.fullmatch(name):
            return _Style(heading_level=int(heading.group(1)))
        level = _outline_level(_child(element, "pPr"))
        if level is not None:
            return _Style(heading_level=level or None)
        id = _attribute(_child(element, "basedOn"), "val")
    return _Style()


def _outline_level(properties: etree._Element | None) -> int | None:
    """Level from 1, 0 for text that is said to be body text, None if nothing is said."""
    value = _attribute(_child(properties, "outlineLvl"), "val")
    if not value.isdecimal():
        return None
    return 0 if int(value) >= _BODY_OUTLINE_LEVEL else int(value) + 1


@dataclass(slots=True)
class _Writer:
    """Turns body elements into lines."""

    styles: dict[str, _Style]
    places: list[Place] = field(default_factory=list)  # of the lines so far
    _lines: LineBuilder = field(default_factory=LineBuilder)
    _carried: Traced = _NOTHING  # of paragraphs whose end mark was deleted: they run into the next

    def write(self, body: etree._Element) -> Extracted:
        for block in _blocks(body):
            self._block(block)
        self._add(self._carried)
        return self._lines.extracted()

    def _add(
        self, line: Traced, heading_level: int | None = None, furniture_kind: str | None = None
    ) -> None:
        line = line.strip(BLANKS)
        start = self._lines.add(
            line.text, heading_level=heading_level, furniture_kind=furniture_kind
        )
        if start is not None:
            self.places.extend(line.places(start))

    def _block(self, block: etree._Element) -> None:
        if _local(block) == "tbl":
            self._add(self._carried)  # no paragraph follows for it to run into
            self._carried = _NOTHING
            for row in _children(block, "tr"):
                self._row(row)
        else:
            self._paragraph(block)

    def _paragraph(self, paragraph: etree._Element) -> None:
        properties = _child(paragraph, "pPr")
        text, boxes = _content(paragraph)
        text = self._carried + text
        self._carried = _NOTHING
        if _mark_is_deleted(properties):
            self._carried = text
        else:
            style = self.styles.get(_attribute(_child(properties, "pStyle"), "val"), _Style())
            own = _outline_level(properties)
            level = style.heading_level if own is None else own or None
            kind = "navigation" if style.is_contents else None
            for line in text.lines():
                self._add(line, level, kind)
        carried, self._carried = self._carried, _NOTHING
        for box in boxes:
            for block in _blocks(box):
                self._block(block)
            self._add(self._carried)
            self._carried = _NOTHING
        self._carried = carried

    def _row(self, row: etree._Element) -> None:
        """One line if no cell holds more than one paragraph, else each paragraph its own line."""
        if _child(_child(row, "trPr"), "del") is not None:
            return
        cells = [list(_blocks(cell)) for cell in _children(row, "tc") if _is_shown(cell)]
        texts = [_single_line(cell) for cell in cells]
        if len(cells) > 1 and None not in texts:
            filled = [text for text in texts if text is not None and text.pieces]
            self._add(Traced.joined(filled, "\t"))
            return
        for cell in cells:
            for block in cell:
                self._block(block)


def _single_line(blocks: list[etree._Element]) -> Traced | None:
    """Text of a cell with one filled paragraph; empty if it has none, None if it has more."""
    found = _NOTHING
    for block in blocks:
        if _local(block) == "tbl":
            return None
        text, boxes = _content(block)
        text = text.strip()
        if boxes or "\n" in text.text or (found.pieces and text.pieces):
            return None
        found += text
    return found


def _is_shown(cell: etree._Element) -> bool:
    """Not the hidden lower part of a vertically merged cell, nor a deleted one."""
    properties = _child(cell, "tcPr")
    merge = _child(properties, "vMerge")
    if merge is not None and _attribute(merge, "val") != "restart":
        return False
    return _child(properties, "cellDel") is None


def _mark_is_deleted(properties: etree._Element | None) -> bool:
    marks = _child(properties, "rPr")
    return _child(marks, "del") is not None or _child(marks, "moveFrom") is not None


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and tables of a body, cell or text box, through content controls and the like."""
    for child in parent:
        name = _local(child)
        if name in {"p", "tbl"}:
            yield child
        elif name in {"sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"}:
            yield from _blocks(child)


def _children(parent: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Rows of a table or cells of a row, through content controls and tracked changes."""
    for child in parent:
        name = _local(child)
        if name == wanted:
            yield child
        elif name in {"sdt", "sdtContent", "customXml", "ins", "moveTo"}:
            yield from _children(child, wanted)


def _content(paragraph: etree._Element) -> tuple[Traced, list[etree._Element]]:
    """Text of a paragraph, with line feeds for its line breaks, and the text boxes set in it."""
    pieces: list[Piece] = []
    boxes: list[etree._Element] = []
    fields: list[int | None] = []  # where in pieces the instruction of each open field begins
    waiting = list(reversed(paragraph))
    while waiting:
        element = waiting.pop()
        name = _local(element)
        if name == "fldChar":
            _follow_field(fields, _attribute(element, "fldCharType"), pieces)
        elif name == "t" or name in _SIGNS:
            if text := _SIGNS.get(name, element.text):
                pieces.append(Piece(text, element))
        elif name == "AlternateContent":
            found = _alternative_boxes(element)
            boxes.extend(found)
            if not found and len(element):  # no drawing: a character with a fallback, say
                waiting.append(element[-1])
        elif name in _DRAWINGS:
            boxes.extend(_boxes(element))
        elif name == "r" and _is_hidden(element):
            continue
        elif name not in _SKIPPED and name != "pPr":
            waiting.extend(reversed(element))
    return Traced(tuple(pieces)), boxes


def _follow_field(fields: list[int | None], mark: str, pieces: list[Piece]) -> None:
    """Drop what stands in the instruction of a field: a field inside it has a result of its own.

    It is dropped at the end of the instruction, so that a field that never ends costs no text.
    """
    if mark == "begin":
        fields.append(len(pieces))
    elif fields and mark in {"separate", "end"}:
        start = fields.pop()
        if start is not None:
            del pieces[start:]
        if mark == "separate":
            fields.append(None)


def _alternative_boxes(element: etree._Element) -> list[etree._Element]:
    """The same drawing stands here once for new and once for old programs: take one."""
    for choice in element:
        if boxes := _boxes(choice):
            return boxes
    return []


def _boxes(drawing: etree._Element) -> list[etree._Element]:
    """Outermost text boxes of a drawing; boxes inside them are found with their paragraphs."""
    found: list[etree._Element] = []
    waiting = list(reversed(drawing))
    while waiting:
        element = waiting.pop()
        name = _local(element)
        if name == "txbxContent":
            found.append(element)
        elif name == "AlternateContent":
            found.extend(_alternative_boxes(element))
        else:
            waiting.extend(reversed(element))
    return found


def _is_hidden(run: etree._Element) -> bool:
    vanish = _child(_child(run, "rPr"), "vanish")
    return vanish is not None and _attribute(vanish, "val") not in {"0", "false", "off"}


def _local(element: etree._Element) -> str:
    """Name without namespace, which differs between transitional and strict files."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _child(element: etree._Element | None, name: str) -> etree._Element | None:
    if element is None:
        return None
    return next((child for child in element if _local(child) == name), None)


def _attribute(element: etree._Element | None, name: str) -> str:
    """Value of an attribute in any namespace, "" if there is none."""
    if element is None:
        return ""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""
