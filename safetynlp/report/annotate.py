"""The user's own Word file, with a comment at each labelled sentence. Text and format stay."""

from __future__ import annotations

import copy
import io
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.errors import ReadError, UsageError
from safetynlp.prediction import LabelledSegment
from safetynlp.readers.docx import locate
from safetynlp.readers.traced import Place
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["Annotated", "annotate_docx"]

_AUTHOR = "safetynlp"
_RUN, _FORMAT, _TEXT, _BOX = qn("w:r"), qn("w:rPr"), qn("w:t"), qn("w:txbxContent")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# What a comment can begin before and end after: children of a paragraph or of a link in it. Inside
# them, a phonetic guide or a formula has runs of its own, which cannot.
_HOLDERS = frozenset(
    [
        _RUN,
        "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath",
        "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMathPara",
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent",
    ]
)
_Spot: TypeAlias = tuple[Any, int]  # a character of the file: its element, and its number in it


@dataclass(frozen=True, slots=True)
class Annotated:
    """``data`` is the marked .docx file; ``missed`` are sentences that no comment can be put at."""

    data: bytes
    n_comments: int
    missed: tuple[LabelledSegment, ...]


def annotate_docx(
    data: bytes, analysis: Analysis, coverage: Coverage | None = None, lang: str = "zh"
) -> Annotated:
    """Put a comment with its labels at every labelled sentence of a Word file.

    A sentence without a label on any multi-label facet, and without a topic, gets none. A comment
    spans exactly its sentence: runs are split where a sentence begins or ends inside one, which
    changes neither text nor format; only a formula or a phonetic guide is never split. Comments
    that the file has stay. Word allows no comment in a text box, so sentences there are missed.

    Args:
        data: the content of the .docx file that ``analysis`` is of.
        analysis: its labelled sentences.
        coverage: adds the topics that a sentence is evidence for.
        lang: ``"zh"`` or ``"en"``, of the comments.

    Raises:
        ReadError: the data is no Word file that python-docx can open.
        UsageError: ``analysis`` is of another text, or another language.
    """
    say = words(lang)
    document = _opened(data, analysis.document.source)
    text, places = locate(document.element.body)
    if text != analysis.document.text:
        raise _other_text(analysis.document.source)
    topics, marks, missed = _topics_at(coverage, lang), [], []
    for segment in analysis.segments:
        told = _comment(segment, topics.get(segment.start, ()), analysis, lang, say)
        if not told:
            continue
        ends = _ends(places, segment)
        if ends is None:
            missed.append(segment)
            continue
        comment = document.comments.add_comment(told, author=_AUTHOR, initials="S")
        marks.append((*ends, comment.comment_id))
    # From the last to the first: cutting a run then leaves all places before it as they are.
    for first, last, id in reversed(marks):
        _mark(first, last, id)
    out = io.BytesIO()
    document.save(out)
    return Annotated(out.getvalue(), len(marks), tuple(missed))


def _opened(data: bytes, source: str) -> Any:
    try:
        return docx.Document(io.BytesIO(data))
    except Exception as error:  # python-docx lets through whatever zip and XML parsers raise
        raise ReadError(
            f"{source}: cannot be opened as a Word file (.docx): {error}. Open it in Word or WPS "
            "and save it anew as .docx.",
            f"{source}：无法作为 Word 文件（.docx）打开：{error}。"
            "请用 Word 或 WPS 打开后另存为 .docx。",
        ) from error


def _other_text(source: str) -> UsageError:
    return UsageError(
        f"{source}: the labels are of another text than this Word file holds. Analyse the same "
        "bytes: analyzer.analyze(data), then annotate_docx(data, analysis).",
        f"{source}：标注所依据的文字与这个 Word 文件不同。请对同一文件先分析再加批注："
        "analyzer.analyze(data)，然后 annotate_docx(data, analysis)。",
    )


def _topics_at(coverage: Coverage | None, lang: str) -> Mapping[int, Sequence[str]]:
    """By the start of a segment: the topics it is evidence for."""
    found: dict[int, list[str]] = {}
    for topic in coverage.topics if coverage is not None else ():
        for quote in topic.quotes:
            found.setdefault(quote.start, []).append(f"{topic.id} {topic.name[lang]}")
    return found


def _comment(
    segment: LabelledSegment,
    topics: Sequence[str],
    analysis: Analysis,
    lang: str,
    say: Mapping[str, str],
) -> str:
    """One line per facet with a label, and one for the topics; "" if only its function is known."""
    lines, is_labelled = [], bool(topics)
    for facet in analysis.schema.facets:
        names = [facet.label(id).name.get(lang) for id in segment.labels[facet.id]]
        is_labelled |= facet.kind == "multi" and bool(names)
        if names:
            lines.append(f"{facet.name.get(lang)}{say['colon']}{say['comma'].join(names)}")
    if topics:
        lines.append(f"{say['topics']}{say['colon']}{say['comma'].join(map(visible, topics))}")
    return "\n".join(lines) if is_labelled else ""


def _ends(places: Sequence[Place], segment: LabelledSegment) -> tuple[_Spot, _Spot] | None:
    """The first and the last character of a sentence; None if a comment cannot be there."""
    first, last = (_spot(places, at) for at in (segment.start, segment.end - 1))
    if first is None or last is None:
        return None
    return first, last


def _spot(places: Sequence[Place], at: int) -> _Spot | None:
    number = bisect_right(places, at, key=lambda place: place.start) - 1
    if number < 0 or at >= places[number].end:
        return None
    place = places[number]
    if _holder(place.element) is None:
        return None
    return place.element, place.offset + at - place.start


def _holder(element: Any) -> Any:
    """The outermost element around a character that a comment can begin before or end after.

    Returns: None in a text box.
    """
    found = None
    for above in element.iterancestors():
        if above.tag == _BOX:
            return None
        if above.tag in _HOLDERS:
            found = above
    return found


def _mark(first: _Spot, last: _Spot, id: int) -> None:
    """Let the comment span the characters from ``first`` to ``last``."""
    holder = _cut_after(*last)
    run = OxmlElement("w:r")
    style = OxmlElement("w:rStyle", {qn("w:val"): "CommentReference"})
    run.get_or_add_rPr().append(style)
    run.append(_with_id("w:commentReference", id))
    holder.addnext(run)
    holder.addnext(_with_id("w:commentRangeEnd", id))
    _cut_before(*first).addprevious(_with_id("w:commentRangeStart", id))


def _with_id(name: str, id: int) -> Any:
    return OxmlElement(name, {qn("w:id"): str(id)})


def _cut_after(element: Any, offset: int) -> Any:
    """Let a run end after a character.

    Returns: that run, or what holds the character and cannot be cut.
    """
    size = len(element.text) if element.tag == _TEXT else 1
    if offset + 1 < size:
        _cut_before(element, offset + 1)
    elif (following := element.getnext()) is not None:
        _cut_before(following, 0)
    return _holder(element)


def _cut_before(element: Any, offset: int) -> Any:
    """Let a run begin at a character.

    Returns: that run, or what holds the character and cannot be cut.
    """
    run, holder = element.getparent(), _holder(element)
    if run is not holder or run.tag != _RUN:
        return holder
    if offset:
        element = _second_part(element, offset)
    before = element.getprevious()
    if before is None or before.tag == _FORMAT:
        return run
    rest = OxmlElement("w:r", dict(run.attrib))
    if (format := run.find(_FORMAT)) is not None:
        rest.append(copy.deepcopy(format))
    rest.extend([element, *element.itersiblings()])
    run.addnext(rest)
    return rest


def _second_part(element: Any, offset: int) -> Any:
    """Cut a ``w:t`` in two; blanks at the cut stay, which Word drops unless it is told."""
    rest = copy.deepcopy(element)
    element.text, rest.text = element.text[:offset], element.text[offset:]
    for part in (element, rest):
        if part.text != part.text.strip():
            part.set(_SPACE, "preserve")
    element.addnext(rest)
    return rest
