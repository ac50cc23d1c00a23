"""PDF files with a text layer: printed lines are joined back into paragraphs.

A PDF knows characters and their places, no paragraphs. A line that reaches the right margin goes
on in the next one, unless that is indented; page numbers and running heads are taken out of the
flow first, so that a paragraph may run over a page break, and stand behind it as furniture.
"""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from safetynlp.errors import ReadError
from safetynlp.readers.extracted import Extracted, LineBuilder
from safetynlp.readers.pdf_layout import Page, PrintedLine, page_furniture, paragraphs
from safetynlp.readers.text import is_nonsense

__all__ = ["read_pdf"]

_PASSWORD_ERRORS = {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}
# A complete file ends with %%EOF; some programs append a little after it.
_END_BYTES = 2048
# Text drawn as outlines has hundreds of paths; a page of a few rules and no text is just empty.
_MIN_PATHS_OF_OUTLINES = 50
_MAX_NESTING = 10
# Fewer characters a page than this beside a picture are stamps of a scanner, not its text.
_MIN_CHARS_BESIDE_SCAN = 20
_MAX_PAGES_LISTED = 10
# Drawn as the same shape, but another character: a font's table led back to the radical.
_RADICALS = str.maketrans(
    "⺠⻓⻔⻋⻢⻝⻛⻅⻚⻮⻰⻥⻦⻄⻆⻘⻉⻩⻬⻜⻙⻣⻤⻨⻫⻳⺟⻑⺏⻌",
    "民长门车马食风见页齿龙鱼鸟西角青贝黄齐飞韦骨鬼麦齐龟母长止辶",
)


def read_pdf(data: bytes, name: str) -> Extracted:
    """The text of a PDF, one paragraph a line; running heads and page numbers are marked.

    Raises:
        ReadError: encrypted, damaged or cut off, scanned (pages without a text layer), or with
            fonts that do not say which characters they show.
    """
    if b"%%EOF" not in data.rstrip(b"\x00\r\n\t ")[-_END_BYTES:]:
        raise _damaged(name, "it has no end mark")
    try:
        document = pdfium.PdfDocument(data)
        try:
            pages, scanned = _pages(document)
        finally:
            document.close()
    except pdfium.PdfiumError as error:
        if error.err_code in _PASSWORD_ERRORS:
            raise _encrypted(name) from error
        raise _damaged(name, str(error)) from error
    if scanned:
        raise _scanned(name, scanned, len(pages))
    extracted = _flow(pages)
    if is_nonsense(extracted.text):
        raise ReadError(
            f"{name}: the text layer of this PDF is garbled: its fonts do not say which "
            f"characters they show. Ask for the .docx, or run OCR on it.",
            f"{name}：该 PDF 的文字层是乱码（字体未注明对应字符）。"
            f"请索取 .docx 原稿，或先做文字识别（OCR）。",
        )
    return extracted


def _flow(pages: list[Page]) -> Extracted:
    """Paragraphs in reading order, each followed by the furniture of the pages it ran over."""
    furniture = page_furniture(pages)
    lines = LineBuilder()
    for paragraph in paragraphs(pages, furniture):
        lines.add(paragraph.text)
        for line, kind in paragraph.furniture:
            lines.add(line.text, furniture_kind=kind)
    return lines.extracted()


def _pages(document: pdfium.PdfDocument) -> tuple[list[Page], list[int]]:
    """The lines of every page, and the numbers (from 1) of pages that are pictures of text."""
    pages: list[Page] = []
    without_text: list[int] = []
    pictures: list[int] = []
    for number in range(1, len(document) + 1):
        page = document[number - 1]
        try:
            lines = list(_lines(page))
            pages.append(Page(tuple(lines)))
            if sum(len(line.text) for line in lines) < _MIN_CHARS_BESIDE_SCAN:
                shows_something = _shows_something(page)
                pictures += [number] if shows_something else []
                without_text += [number] if shows_something and not lines else []
        finally:
            page.close()
    return pages, pictures if len(pictures) == len(pages) else without_text


def _shows_something(page: pdfium.PdfPage) -> bool:
    """Whether there is a picture on the page, or drawing enough to be text as outlines."""
    paths = 0
    for item in page.get_objects(max_depth=_MAX_NESTING):
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            return True
        paths += item.type == pdfium_c.FPDF_PAGEOBJ_PATH
        if paths >= _MIN_PATHS_OF_OUTLINES:
            return True
    return False


def _lines(page: pdfium.PdfPage) -> Iterator[PrintedLine]:
    """The printed lines of a page, in the order of the file."""
    textpage = page.get_textpage()
    try:
        line: PrintedLine | None = None
        blank = invented = False
        for index in range(textpage.count_chars()):
            character = _character(pdfium_c.FPDFText_GetUnicode(textpage, index))
            if not character:
                continue
            if character.isspace():
                # pdfium invents blanks where characters stand apart, as in justified lines.
                made_up = pdfium_c.FPDFText_IsGenerated(textpage, index) == 1
                invented = made_up and (invented or not blank)
                blank = True
                continue
            left, bottom, right, top = textpage.get_charbox(index, loose=True)
            box = PrintedLine(character, left, right, top, bottom)
            if line is None or not line.goes_on(box):
                if line is not None:
                    yield line
                line = box
            else:
                line = line.with_character(box, blank=blank, invented=invented)
            blank = invented = False
        if line is not None:
            yield line
    finally:
        textpage.close()


def _character(code: int) -> str:
    """One character; "" for what is none. Radicals become the characters they stand for."""
    if code in {0, 2, 0xFFFE, 0xFFFF} or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return ""
    character = chr(code)
    if 0x2E80 <= code <= 0x2FDF or 0xF900 <= code <= 0xFAFF:
        import unicodedata

        return unicodedata.normalize("NFKC", character.translate(_RADICALS))
    return character


def _damaged(name: str, reason: str) -> ReadError:
    return ReadError(
        f"{name}: looks like a PDF but is cut off or damaged ({reason}). Copy or download it "
        f"again.",
        f"{name}：看起来是 PDF，但不完整或已损坏（{reason}）。请重新复制或下载。",
    )


def _encrypted(name: str) -> ReadError:
    return ReadError(
        f"{name}: is a PDF protected by a password. Open it with the password and save it "
        f"without, or save its text as .txt.",
        f"{name}：PDF 设有打开密码。请用密码打开后另存为不加密的文件，或将文字存为 .txt。",
    )


def _scanned(name: str, numbers: list[int], total: int) -> ReadError:
    listed = ", ".join(map(str, numbers[:_MAX_PAGES_LISTED]))
    listed += ", …" if len(numbers) > _MAX_PAGES_LISTED else ""
    return ReadError(
        f"{name}: looks scanned: {len(numbers)} of {total} pages (page {listed}) show a picture "
        f"and have no text layer. Run OCR on it, or ask for the .docx.",
        f"{name}：看起来是扫描件：共 {total} 页，其中 {len(numbers)} 页（第 {listed} 页）只有图像、"
        f"没有文字层。请先做文字识别（OCR），或索取 .docx 原稿。",
    )
