"""Web pages: the visible text of the main part, block by block.

Left out: scripts, styles, form controls, hidden and struck-out elements, and the parts that the
page itself declares to be no content (``nav``, ``footer``, ``aside``, a page ``header`` without
``h1``), unless the text is mostly in there. Kept but marked as navigation: parts known by their
class alone (``class="menu"``) and lines that are links and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from lxml import etree

from safetynlp.errors import ReadError
from safetynlp.readers.extracted import Extracted, LineBuilder
from safetynlp.readers.text import decode, is_nonsense

__all__ = ["read_html"]

_NO_TEXT = frozenset(
    [
        "head",
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "svg",
        "canvas",
        "audio",
        "video",
        "select",
        "option",
        "datalist",
        "button",
        "textarea",
        "rt",
        "rp",
        "del",
        "s",
        "strike",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_PAGE_PARTS = frozenset({"nav", "footer", "aside", "menu"})
_PAGE_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "complementary"})
# Names that Chinese government sites and their content systems give to parts of the page.
_PAGE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|topnav|subnav|footer|foot|breadcrumbs?|crumbs?|sidebar|"
    r"share|bdsharebuttonbox|copyright|pagination|pager|toolbar)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HEADING = re.compile(r"h([1-6])")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_CHINESE_CHARSETS = frozenset({"gb2312", "gbk", "gb_2312-80", "gb2312-80", "x-gbk", "cp936"})
_CHARSET_BYTES = 4096

_CJK = "\u2014\u2018-\u201d\u2026\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_WRAP = re.compile(rf"(?<=[{_CJK}])[ \t\f]*[\r\n]+[ \t\r\n\f]*(?=[{_CJK}])")
_LINE_BREAK = re.compile(r"\r\n|[\r\n]")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_SEPARATORS = re.compile(r"[\s|｜丨·•>»›/\\\[\]【】,，、-]+")
_SENTENCE_END = tuple("。！？!?；;…")
# Of a line's characters, those inside links; and how many such lines in a row make a menu.
_LINK_SHARE = 0.9
_MENU_LINES = 3
# Parts that the page declares as furniture are left out if the rest has this share of their text.
_MIN_MAIN_SHARE = 0.5

_Part = Literal["main", "by_tag", "by_class"]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    part: _Part
    heading_level: int | None
    link_chars: int
    links: int

    @property
    def plain_chars(self) -> int:
        return max(0, len(_SEPARATORS.sub("", self.text)) - self.link_chars)


def read_html(data: bytes, name: str) -> Extracted:
    """The main text of a web page; ``h1`` … ``h6`` are known as headings.

    Raises:
        ReadError: no encoding fits, the text is garbled, or the page has no text.
    """
    match = _CHARSET.search(data[:_CHARSET_BYTES].replace(b"\x00", b""))
    declared = match.group(1).decode("ascii").lower() if match else None
    if declared in _CHINESE_CHARSETS:
        declared = "gb18030"
    markup, encoding = decode(data, name, declared)
    lines = _main_lines(list(_Walker().lines(_parse(markup, name))))
    if is_nonsense("\n".join(line.text for line in lines)):  # in the page, markup hid it
        raise ReadError(
            f"{name}: the text of this page is garbled (read as {encoding}). Open the original "
            f"page in a browser, copy its text, and save it as a UTF-8 .txt file.",
            f"{name}：按 {encoding} 读取，网页正文是乱码。请在浏览器中打开原网页，"
            f"复制正文并存为 UTF-8 的 .txt 文件。",
        )
    menu = _menu_lines(lines)
    builder = LineBuilder()
    for index, line in enumerate(lines):
        kind = "navigation" if line.part == "by_class" or index in menu else None
        builder.add(line.text, heading_level=line.heading_level, furniture_kind=kind)
    return builder.extracted(encoding)


def _parse(markup: str, name: str) -> etree._Element:
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        # A NUL would end the page for the parser, and the rest would be lost without a word.
        root = etree.fromstring(markup.replace("\x00", "").encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise _no_text(name) from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        # The parser gives up some 2,000 elements deep and says so nowhere else.
        raise ReadError(
            f"{name}: this page nests its elements too deeply to be read whole. Open it in a "
            f"browser, copy its text, and save it as .txt.",
            f"{name}：网页元素嵌套过深，无法完整读取。请在浏览器中打开，复制正文后存为 .txt。",
        )
    if root is None:
        raise _no_text(name)
    return root


def _no_text(name: str) -> ReadError:
    return ReadError(
        f"{name}: looks like a web page without text. If the text appears only in a browser, "
        f"copy it there and save it as .txt.",
        f"{name}：看起来是没有正文的网页。如正文只在浏览器中显示，请复制后存为 .txt。",
    )


def _main_lines(lines: list[_Line]) -> list[_Line]:
    """Without the page's own furniture, unless that holds most of the text."""
    plain = {part: sum(x.plain_chars for x in lines if x.part == part) for part in _PARTS}
    if plain["main"] < _MIN_MAIN_SHARE * plain["by_class"]:
        lines = [replace(x, part="main") if x.part == "by_class" else x for x in lines]
        plain["main"] += plain["by_class"]
    if plain["main"] < _MIN_MAIN_SHARE * plain["by_tag"]:
        return [replace(x, part="main") if x.part == "by_tag" else x for x in lines]
    return [line for line in lines if line.part != "by_tag"]


_PARTS: tuple[_Part, ...] = ("main", "by_tag", "by_class")


def _menu_lines(lines: list[_Line]) -> set[int]:
    """Indexes of lines that are menus: several links in one line, or several lines of one link."""
    menu: set[int] = set()
    run: list[int] = []
    for index, line in enumerate([*lines, None]):
        if line is not None and _is_only_links(line):
            run.append(index)
            continue
        if len(run) >= _MENU_LINES:
            menu.update(run)
        menu.update(i for i in run if lines[i].links > 1)
        run = []
    return menu


def _is_only_links(line: _Line) -> bool:
    if line.heading_level is not None or line.text.endswith(_SENTENCE_END):
        return False
    length = len(_SEPARATORS.sub("", line.text))
    return line.links > 0 and line.link_chars >= _LINK_SHARE * length


@dataclass(slots=True)
class _Walker:
    """Goes through a page once and gives its lines; no recursion, pages may nest deeply."""

    _pieces: list[str] = field(default_factory=list)
    _links: int = 0
    _link_chars: int = 0
    _link_depth: int = 0
    _row_depth: int = 0  # > 0 inside a table row that becomes one line
    _pre_depth: int = 0
    _content_depth: int = 0  # inside article or main
    _levels: list[int] = field(default_factory=list)
    _parts: list[_Part] = field(default_factory=list)

    def lines(self, root: etree._Element) -> Iterator[_Line]:
        events = etree.iterwalk(root, events=("start", "end"))
        for event, element in events:
            tag = element.tag
            if not isinstance(tag, str):  # an entity or the like
                continue
            if event == "end":
                yield from self._leave(element, tag)
            elif _is_invisible(element, tag):
                events.skip_subtree()
            else:
                yield from self._enter(element, tag)
        yield from self._flush()

    def _enter(self, element: etree._Element, tag: str) -> Iterator[_Line]:
        if tag in _BLOCKS and not self._row_depth:
            yield from self._flush()
        if tag == "tr" and (self._row_depth or _is_one_line_row(element)):
            self._row_depth += 1
        part = _page_part(element, tag, in_content=self._content_depth > 0)
        if part:
            self._parts.append(part)
        if heading := _HEADING.fullmatch(tag):
            self._levels.append(int(heading.group(1)))
        self._content_depth += tag in {"article", "main"}
        self._pre_depth += tag == "pre"
        if tag == "a" and _is_link(element):
            self._link_depth += 1
            self._links += 1
        if tag in _BLOCKS and self._row_depth and tag != "tr":
            self._pieces.append(" ")
        yield from self._text(element.text)

    def _leave(self, element: etree._Element, tag: str) -> Iterator[_Line]:
        if not _is_invisible(element, tag):
            if tag in {"td", "th"}:
                self._pieces.append("\x1f")  # becomes a tab once blanks are collapsed
            if tag == "tr" and self._row_depth:
                self._row_depth -= 1
            if tag in _BLOCKS and not self._row_depth:
                yield from self._flush()
            if tag == "a" and _is_link(element):
                self._link_depth -= 1
            self._pre_depth -= tag == "pre"
            self._content_depth -= tag in {"article", "main"}
            if _HEADING.fullmatch(tag):
                self._levels.pop()
            if _page_part(element, tag, in_content=self._content_depth > 0):
                self._parts.pop()
        yield from self._text(element.tail)

    def _text(self, text: str | None) -> Iterator[_Line]:
        if not text:
            return
        # Not str.splitlines: that would swallow a line break at the end of the text.
        for index, piece in enumerate(_LINE_BREAK.split(text) if self._pre_depth else [text]):
            if index and not self._row_depth:
                yield from self._flush()
            self._pieces.append(piece)
            if self._link_depth:
                self._link_chars += len(_SEPARATORS.sub("", piece))

    def _flush(self) -> Iterator[_Line]:
        if not self._pieces:
            return
        text = _SPACES.sub(" ", _WRAP.sub("", "".join(self._pieces)))
        cells = [cell.strip() for cell in text.split("\x1f")]
        text = "\t".join(cell for cell in cells if cell)
        level = self._levels[-1] if self._levels else None
        part: _Part = "main"
        if self._parts:
            part = "by_tag" if "by_tag" in self._parts else "by_class"
        line = _Line(text, part, level, self._link_chars, self._links)
        self._pieces, self._link_chars, self._links = [], 0, int(self._link_depth > 0)
        if text:
            yield line


def _is_invisible(element: etree._Element, tag: str) -> bool:
    return (
        tag in _NO_TEXT
        or element.get("hidden") is not None
        or bool(_HIDDEN.search(element.get("style", "")))
    )


def _page_part(element: etree._Element, tag: str, *, in_content: bool) -> _Part | None:
    if tag in {"html", "body", "article", "main"} or _HEADING.fullmatch(tag):
        return None
    if tag in _PAGE_PARTS or element.get("role", "").lower() in _PAGE_ROLES:
        return "by_tag"
    if tag == "header" and not in_content and element.find(".//h1") is None:
        return "by_tag"
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return "by_class" if _PAGE_CLASS.search(names) else None


def _is_link(element: etree._Element) -> bool:
    """A link that leads away; one to a place in the same page is part of a table of contents."""
    target = element.get("href", "").strip()
    return bool(target) and (target == "#" or not target.startswith("#"))


def _is_one_line_row(row: etree._Element) -> bool:
    """A row of data becomes one line; a row that lays out the page (paragraphs in cells) not."""
    cells = [cell for cell in row if cell.tag in {"td", "th"}]
    for cell in cells:
        blocks = 0
        for element in cell.iterdescendants(*_BLOCKS):
            blocks += element.tag != "br"
            if blocks > 1 or element.tag == "table":
                return False
    return len(cells) > 1
