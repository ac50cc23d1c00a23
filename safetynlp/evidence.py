"""Which segments are evidence for a topic, and which elements each supports.

A segment is judged on its own, with its headings at most: never by anything counted over the
whole text. That is why adding a segment cannot take away from a score.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from safetynlp.cues import (
    BLANK,
    blank_collectives,
    blank_titles,
    find_bodies,
    find_measures,
    find_places,
)
from safetynlp.lexicon import Lexicon
from safetynlp.prediction import LabelledSegment
from safetynlp.rubric import Rubric, Topic
from safetynlp.rule import Sentence, compile_terms

__all__ = ["Evidence", "View", "elements_of", "find_evidence", "is_evidence", "view"]

_STATES = frozenset({"situation", "problem", "achievement"})
# What a sentence may hold besides the names of documents and still do no more than name them.
_FILLER = re.compile(
    "深入|认真|全面|严格|坚决|切实|扎实|持续|进一步|不折不扣|一以贯之|原原本本|坚定不移|毫不动摇|逐条|逐项|逐字逐句|"
    "大力|全力|加快|强化|加强|不断|及时|主动|自觉|坚持|对照|对标|按照|依照|依据|参照|根据|围绕|结合|遵守|遵循|"
    "学习|宣传|贯彻|落实|执行|实施|推进|推动|抓好|抓紧|抓实|抓细|抓牢|做好|组织|开展|传达|领会|把握|理解|研究|细化|"
    "落细|落地|落到|实处|见效|到位|抓出|取得|实效|成效|确保|各项|条款|条文|全文|精髓|实质|实际|本地区|本单位|"
    "印发|出台|下发|制定|发布|修订|国务院|国家|省|市|县|区|中央|安委会|安委办|文件|精神|要求|规定|内容|部署|工作|"
    "各级|各地|各单位|各部门|部门|各方面|大家|我们|同志们|乡镇|街道|企业|政府|党委|有关|相关|关于|"
    "必须|务必|一定|继续|立即|尽快|都要|还要|也要|就是|以及|通知|意见|方案|办法|措施|条例|法律|法规|"
    r"[一二三四五六七八九十]{1,3}[是要、]|[要须应将把在于对以使让和与及等的了各县地并也都第是又好再新中上下为由]|[\d\W_]"
)
_FILLER_SLACK = 2  # characters: an adverb or verb that the list does not have
# Of 10,000 labelled sentences none has more than five actions, nor the fullest of them fewer than
# eight characters for each. A sentence beyond both bounds lists words; it deploys nothing.
_LIST_MIN_ACTIONS = 7
_LIST_MAX_CHARS_PER_ACTION = 15


@dataclass(frozen=True, slots=True)
class View:
    """One segment as rules see it."""

    segment: LabelledSegment
    plain: Sentence  # titles and names of documents blanked out: what topics see
    full: Sentence  # everything: what meta topics see
    names_documents_only: bool
    lists_words: bool  # so many actions in so few words that none is set out
    function: str
    has_action: bool
    names_bearer: bool
    names_concerned: bool  # of facts: a bearer, a sector or a place
    measures: frozenset[str]  # of safetynlp.cues.MEASURE_KINDS


@dataclass(frozen=True, slots=True)
class Evidence:
    """A segment that is evidence for a topic, with the elements that it supports."""

    view: View
    elements: tuple[str, ...]


def view(segment: LabelledSegment, rubric: Rubric, month: int | None) -> View:
    """Prepare a segment for the rules of ``rubric``; ``month`` (1–12) as far as known."""
    text = _blank_documents(segment.text, rubric)
    headings = tuple(_blank_documents(heading, rubric) for heading in segment.heading_path)
    labels = _labels_of_the_rest(segment.labels, text)
    functions, actions = labels.get("function", ()), segment.labels.get("action", ())
    names_bearer = _names_bearer(labels, text)
    return View(
        segment,
        plain=Sentence(text, headings, labels, month),
        full=Sentence(segment.text, segment.heading_path, segment.labels, month),
        names_documents_only=_names_documents_only(text),
        lists_words=len(actions) >= _LIST_MIN_ACTIONS
        and len(segment.text) < _LIST_MAX_CHARS_PER_ACTION * len(actions),
        function=functions[0] if functions else "",
        has_action=bool(labels.get("action")),
        names_bearer=names_bearer,
        names_concerned=names_bearer or bool(labels.get("sector")) or bool(find_places(text)),
        measures=frozenset(cue.kind for cue in find_measures(text)),
    )


def _names_bearer(labels: Mapping[str, tuple[str, ...]], text: str) -> bool:
    """Whether somebody is named; 各级各部门 is not, whatever label a classifier gives it."""
    labels = _labels_of_the_rest(labels, blank_collectives(text))
    return bool(labels.get("responsibility")) or bool(find_bodies(text))


def _labels_of_the_rest(
    labels: Mapping[str, tuple[str, ...]], blanked: str
) -> Mapping[str, tuple[str, ...]]:
    """The labels that a sentence has for more than what is blanked out in it.

    A classifier reads the names of documents too: in 落实《…隐患排查规定》 it finds an action that
    is only a title's. So where something is blanked out, a label needs a cue in the other words;
    labels that the lexicon does not know, and the single-label function, stay.
    """
    if BLANK not in blanked:
        return labels
    lexicon = Lexicon.default()
    cued = lexicon.labels(blanked)
    return {
        facet: ids
        if facet not in cued or lexicon.schema.facet(facet).kind == "single"
        else tuple(
            id for id in ids if id in cued[facet] or id not in lexicon.schema.facet(facet).label_ids
        )
        for facet, ids in labels.items()
    }


def find_evidence(views: Iterable[View], topic: Topic) -> list[Evidence]:
    """Every segment that is evidence for ``topic``, in the order of ``views``."""
    found = [Evidence(view, elements_of(view, topic)) for view in views if is_evidence(view, topic)]
    if topic.min_sectors is None:
        return found
    if _count_sectors(found) < topic.min_sectors:
        return []
    deployed = [evidence for evidence in found if "deployed" in evidence.elements]
    if _count_sectors(deployed) < topic.min_sectors:
        return [Evidence(evidence.view, ("mentioned",)) for evidence in found]
    return found


def is_evidence(view: View, topic: Topic) -> bool:
    """Whether a segment is evidence for ``topic``, by itself."""
    if view.names_documents_only and not topic.meta:
        return False
    sentence = view.full if topic.meta else view.plain
    return topic.match.holds(sentence) and not (topic.exclude and topic.exclude.holds(sentence))


def elements_of(view: View, topic: Topic) -> tuple[str, ...]:
    """The elements that a segment which is evidence for ``topic`` supports."""
    if not _is_deployed(view, topic):
        return ("mentioned",)
    assigned = ("assigned",) if _is_assigned(view, topic) else ()
    specified = ("specified",) if not view.measures.isdisjoint(topic.measures) else ()
    return ("mentioned", "deployed", *assigned, *specified)


def _is_deployed(view: View, topic: Topic) -> bool:
    if view.lists_words:
        return False
    if topic.kind == "state":
        return view.function in _STATES
    if topic.kind == "procedure":
        return view.function in ("procedural", "directive")
    return view.function == "directive" and (view.has_action or topic.kind == "pledge")


def _is_assigned(view: View, topic: Topic) -> bool:
    if topic.kind == "state":
        return view.names_concerned
    return view.names_bearer and (topic.bearer is None or topic.bearer.holds(view.plain))


def _count_sectors(found: Sequence[Evidence]) -> int:
    return len({id for evidence in found for id in evidence.view.plain.labels.get("sector", ())})


def _blank_documents(text: str, rubric: Rubric) -> str:
    text = blank_titles(text)
    for pattern in _document_patterns(rubric.documents or ()):
        text = pattern.sub(lambda name: BLANK * len(name.group()), text)
    return text


@cache
def _document_patterns(names: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return compile_terms(names)


def _names_documents_only(blanked: str) -> bool:
    """Whether nothing is left of a sentence but the documents it names and words of course."""
    if BLANK not in blanked:
        return False
    spans = [filler.span() for filler in _FILLER.finditer(blanked)]
    for cue in (*find_bodies(blanked), *find_measures(blanked, ("date", "period", "frequency"))):
        spans.append((cue.start, cue.end))
    rest = list(blanked)
    for start, end in spans:  # a body's name may begin in the middle of a word of course
        rest[start:end] = BLANK * (end - start)
    return len(rest) - rest.count(BLANK) <= _FILLER_SLACK
