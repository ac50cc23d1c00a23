"""A coverage as a Word document, for the file that goes to the office. Opens in Word and WPS."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Emu, Pt, RGBColor

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.report.brief import Block, Heading, Paragraph, Table, brief
from safetynlp.report.words import words

__all__ = ["report_docx"]

# The fonts of official documents (GB/T 9704-2012: 仿宋 for the text, 黑体 for headings); Windows and
# WPS have them, and other systems put their own Song or Hei in their place.
_TEXT, _HEADING, _LATIN = "仿宋", "黑体", "Times New Roman"
_MARGIN = Cm(2.6)
_GREY = RGBColor(0x59, 0x59, 0x59)
_HEADER_FILL = "E7E6E6"
# Styles that every template of python-docx has; list and table styles are known to WPS by these names.
_STYLES = {"body": "Normal", "strong": "Normal", "note": "Normal", "quote": "List Bullet"}


def report_docx(
    pairs: Sequence[tuple[Analysis, Coverage]], lang: str = "zh", *, pmc: bool = False
) -> bytes:
    """The report of one or several speeches as the bytes of a .docx file, each on a new page.

    The content is that of :func:`~safetynlp.report.brief.brief`. The file tells no time of its
    making: equal input gives equal bytes of every part, though not of the zip container.

    Args:
        pairs: speeches with their coverage, in the order in which they appear.
        lang: ``"zh"`` or ``"en"``, of everything but the speeches.
        pmc: also give the PMC index.

    Raises:
        UsageError: another language.
    """
    document = Document()
    _set_up(document, words(lang)["report"])
    for number, pair in enumerate(pairs):
        if number:
            document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        for block in brief(*pair, lang, pmc=pmc):
            _add(document, block)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _set_up(document: Any, title: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = _MARGIN
    section.top_margin = section.bottom_margin = _MARGIN
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "safetynlp", ""
    for time in ("created", "modified"):  # of the template of python-docx
        for element in properties._element.findall(qn(f"dcterms:{time}")):
            properties._element.remove(element)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")  # else Word may check it as English or Japanese
    for name, font, size in (
        ("Normal", _TEXT, 12),
        ("List Bullet", _TEXT, 11),
        ("Title", _HEADING, 20),
        ("Heading 1", _HEADING, 15),
        ("Heading 2", _HEADING, 12),
    ):
        style = document.styles[name]
        style.font.name, style.font.size = _LATIN, Pt(size)
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)  # else the theme's font would win
        fonts.set(qn("w:eastAsia"), font)
    document.styles["Normal"].paragraph_format.space_after = Pt(6)


def _add(document: Any, block: Block) -> None:
    if isinstance(block, Heading):
        document.add_heading(block.text, block.level)
    elif isinstance(block, Paragraph):
        run = document.add_paragraph(style=_STYLES[block.style]).add_run(block.text)
        run.bold = block.style == "strong" or None
        if block.style == "strong":
            run.font.size = Pt(16)
        elif block.style == "note":
            run.font.size, run.font.color.rgb = Pt(10.5), _GREY
    else:
        _add_table(document, block)


def _add_table(document: Any, block: Table) -> None:
    table = document.add_table(rows=0, cols=len(block.header), style="Table Grid")
    table.autofit = False
    section = document.sections[0]
    width = section.page_width - section.left_margin - section.right_margin
    widths = [Emu(int(share * width)) for share in block.widths]
    for column, cells in zip(table.columns, widths, strict=True):
        column.width = cells
    whole = table._tbl.tblPr.find(qn("w:tblW"))  # some programs go by it, others by the columns
    whole.set(qn("w:type"), "dxa")
    whole.set(qn("w:w"), str(sum(cells.twips for cells in widths)))
    for number, row in enumerate((block.header, *block.rows)):
        cells = table.add_row().cells
        for cell, text, wide in zip(cells, row, widths, strict=True):
            cell.width = wide
            _fill(cell, text, is_header=not number)
        properties = table.rows[number]._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if not number:
            properties.append(OxmlElement("w:tblHeader"))  # repeated on every page
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _fill(cell: Any, text: str, *, is_header: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(text)
    run.font.size, run.bold = Pt(10.5), is_header or None
    if text in ("✓", "–"):
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if is_header:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), _HEADER_FILL)
        cell._tc.get_or_add_tcPr().append(shade)
