"""A speech of a county, labelled by key words, and helpers to make other analyses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from safetynlp import Analysis, Analyzer, Coverage, Document, KeywordClassifier
from safetynlp.doubt import Doubt

SPEECH = Path(__file__).parent.parent.parent / "notebooks" / "data" / "county-speech.txt"

Analyze = Callable[..., Analysis]


@pytest.fixture(scope="session")
def analyze() -> Analyze:
    """Analyses a text; ``source`` is the name of the document."""
    analyzer = Analyzer(KeywordClassifier())

    def run(text: str, source: str = "讲话.txt") -> Analysis:
        return analyzer.analyze(Document.from_text(text, source))

    return run


@pytest.fixture(scope="session")
def analysis(analyze: Analyze) -> Analysis:
    return analyze(SPEECH.read_text("utf-8"), "folder/speech.txt")


@pytest.fixture(scope="session")
def coverage(analysis: Analysis) -> Coverage:
    return analysis.coverage(date="2024-04", audience="government", level="county")


@pytest.fixture(scope="session")
def unsure(analysis: Analysis) -> Coverage:
    """A score in which the level of one topic hangs on an unsure label.

    Key words give no probability between 0 and 1, so the doubt is put in.
    """
    coverage = analysis.coverage(date="2024-04", audience="government", uncertain=True)
    sure = coverage.uncertainty
    assert sure is not None
    topic = next(topic for topic in coverage.topics if topic.quotes and topic.level < 4)
    quote = topic.quotes[0]
    doubt = Doubt(
        quote.start,
        quote.end,
        quote.text,
        "sector",
        "urban_gas",
        0.6,
        given=True,
        instead=None,
        level=0,
    )
    topics = {**sure.topics, topic.id: replace(sure.topics[topic.id], doubts=(doubt,))}
    return replace(coverage, uncertainty=replace(sure, topics=topics))


@pytest.fixture(scope="session")
def hostile(analyze: Analyze) -> Analysis:
    """A document that tries to break out of whatever it is shown in."""
    return analyze(
        "<script>alert(1)</script>关于\"企业\"'必须'排查隐患的讲话 & <img src=x onerror=alert(2)>。\n"
        "一、<b onclick='x()'>javascript:alert(3)</b> 要求\n"
        "各部门要\u202e严查酒驾\u202c\u0000超载，\x1b[31m6月底前\x07完成！\u2066隐\u2069藏 https://evil.example/\n"
        "</style></details></article><iframe src='//evil.example'></iframe>企业必须落实主体责任。\n"
        "{{ 7*7 }}{% raw %}各乡镇要开展演练--><!--&lt;b&gt;\n"
        "首页 > <i>栏目</i> > 领导讲话\n",
        'x"><img src=x onerror=alert(0)>\u202e.docx',
    )


@pytest.fixture(scope="session")
def nothing_applies(analyze: Analyze) -> tuple[Analysis, Coverage]:
    """An empty speech, and a rubric that came into force after it."""
    analysis = analyze("", "空.txt")
    return analysis, analysis.coverage("fifteen-measures", date="2021-04", audience="enterprise")
