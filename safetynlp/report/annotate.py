"""The user's own Word file, with a comment at each labelled sentence. Text and format stay."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.text.run import Run

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.errors import ReadError
from safetynlp.prediction import LabelledSegment
from safetynlp.report.visible import visible
from safetynlp.report.words import words

__all__ = ["Annotated", "annotate_docx"]

_AUTHOR = "safetynlp"
_RUN, _FORMAT, _TEXT = qn("w:r"), qn("w:rPr"), qn("w:t")
_NOT_SHOWN = frozenset(map(qn, ("w:del", "w:moveFrom", "w:txbxContent", "w:rt")))
_BLANKS = " \t\u3000\u00a0"


@dataclass(frozen=True, slots=True)
class Annotated:
    """``data`` is the marked .docx file; ``missed`` are sentences whose place was not found."""

    data: bytes
    n_comments: int
    missed: tuple[LabelledSegment, ...]


def annotate_docx(
    data: bytes, analysis: Analysis, coverage: Coverage | None = None, lang: str = "zh"
) -> Annotated:
    """Put a comment with its labels at every labelled sentence of a Word file.

    A sentence without a label on any multi-label facet, and without a topic, gets none. Sentences
    are found by their text, in the order of the file; text boxes are not marked. Runs are split
    where a sentence begins or ends inside one, which changes neither text nor format, and comments
    that the file has stay.

    Args:
        data: the content of the .docx file that ``analysis`` is of.
        analysis: its labelled sentences.
        coverage: adds the topics that a sentence is evidence for.
        lang: ``"zh"`` or ``"en"``, of the comments.

    Raises:
        ReadError: the data is no Word file that python-docx can open.
        UsageError: another language.
    """
    say = words(lang)
    try:
        document = docx.Document(io.BytesIO(data))
    except Exception as error:  # python-docx lets through whatever zip and XML parsers raise
        raise ReadError(
            f"{analysis.document.source}: cannot be opened as a Word file (.docx): {error}. Open it "
            "in Word or WPS and save it anew as .docx.",
            f"{analysis.document.source}：无法作为 Word 文件（.docx）打开：{error}。"
            "请用 Word 或 WPS 打开后另存为 .docx。",
        ) from error
    tape = _Tape(document.element.body)
    topics = _topics_at(coverage, lang)
    n_comments, missed = 0, []
    for segment in analysis.segments:
        found = tape.find(segment.text)
        text = _comment(segment, topics.get(segment.start, ()), analysis, lang, say)
        if found is None:
            missed += [segment] if text else []
        elif text:
            first, last = tape.runs(*found)
            runs = [Run(first, document), Run(last, document)]
            document.add_comment(runs, text=text, author=_AUTHOR, initials="S")
            n_comments += 1
    out = io.BytesIO()
    document.save(out)
    return Annotated(out.getvalue(), n_comments, tuple(missed))


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


class _Tape:
    """The characters of a document in order, blanks left out, each with the text it stands in.

    A line of the reader may hold a tab or a space where the file has a cell or an element of its
    own, so blanks do not count in the search.
    """

    def __init__(self, body: Any) -> None:
        self._places: list[tuple[Any, int]] = []  # w:t element, offset in it
        characters = []
        for element in _texts(body):
            for offset, character in enumerate(element.text or ""):
                if character not in _BLANKS:
                    characters.append(character)
                    self._places.append((element, offset))
        self._text = "".join(characters)
        self._done = 0

    def find(self, text: str) -> tuple[int, int] | None:
        """First and last index of the next place of ``text``; None if it does not come any more."""
        wanted = "".join(c for c in text if c not in _BLANKS and c != "\n")
        at = self._text.find(wanted, self._done) if wanted else -1
        if at < 0:
            return None
        self._done = at + len(wanted)
        return at, self._done - 1

    def runs(self, first: int, last: int) -> tuple[Any, Any]:
        """The first and last run of the characters from ``first`` to ``last``, split off others."""
        self._split(last, after=True)
        self._split(first, after=False)
        return self._places[first][0].getparent(), self._places[last][0].getparent()

    def _split(self, index: int, *, after: bool) -> None:
        """Let a run begin at the character, or after it."""
        element, offset = self._places[index]
        cut, text, run = offset + after, element.text or "", element.getparent()
        behind = list(element.itersiblings())
        if (cut == 0 and not _is_preceded(element)) or (cut == len(text) and not behind):
            return
        rest = copy.deepcopy(run)
        for child in list(rest):
            if child.tag != _FORMAT:
                rest.remove(child)
        if cut == 0:
            rest.append(element)
        elif cut < len(text):
            moved = copy.deepcopy(element)
            _set(element, text[:cut])
            _set(moved, text[cut:])
            rest.append(moved)
            for n in range(index + after, len(self._places)):
                if self._places[n][0] is not element:
                    break
                self._places[n] = (moved, self._places[n][1] - cut)
        rest.extend(behind)
        run.addnext(rest)


def _is_preceded(element: Any) -> bool:
    """Whether something of the run other than its format stands before a text."""
    previous = element.getprevious()
    return previous is not None and previous.tag != _FORMAT


def _set(element: Any, text: str) -> None:
    element.text = text
    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


def _texts(element: Any) -> Iterator[Any]:
    """Every ``w:t`` that is shown, in order; text boxes left out."""
    for child in element:
        if child.tag == _TEXT:
            yield child
        elif child.tag not in _NOT_SHOWN and not _is_hidden(child):
            yield from _texts(child)


def _is_hidden(element: Any) -> bool:
    mark = element.find(f"{_FORMAT}/{qn('w:vanish')}") if element.tag == _RUN else None
    return mark is not None and mark.get(qn("w:val")) not in ("0", "false", "off")
