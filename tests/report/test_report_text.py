"""The summary for the terminal, and what it is made of."""

from __future__ import annotations

import dataclasses
import doctest
import re
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetynlp import Analysis, Coverage, SchemaError, UsageError, pmc
from safetynlp.coverage import ELEMENTS, Quote, TopicCoverage
from safetynlp.report import classify_text, score_text
from safetynlp.report.cells import cell_width, fit, wrap
from safetynlp.report.ranking import telling_quotes
from safetynlp.report.visible import visible

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("name", ["cells", "records", "visible"])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(import_module(f"safetynlp.report.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


@settings(max_examples=50)
@given(st.text(max_size=40), st.integers(1, 60))
def test_fit_gives_exactly_the_cells(text: str, cells: int) -> None:
    assert cell_width(fit(text, cells)) == cells


def test_fit_keeps_what_fits() -> None:
    assert fit("安全ab", 6) == "安全ab"
    assert fit("安全abc", 6) == "安全a…"


def test_wrap_breaks_by_cells_and_loses_nothing() -> None:
    text = "要求学习贯彻，并说明怎样落到本地。See the codebook of 2024"
    lines = wrap(text, 20, "  ")
    assert all(cell_width(line) <= 20 and line.startswith("  ") for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.strip()[0] in "，。" for line in lines)


def test_hidden_characters_are_written_out() -> None:
    assert (
        visible("a\x1b[31m\u202eb\x00\udcff\u2028c")
        == "a[U+001B][31m[U+202E]b[U+0000][U+DCFF][U+2028]c"
    )
    assert visible("正常 文本") == "正常 文本"


def test_summary_shows_total_groups_and_each_topic_once(
    analysis: Analysis, coverage: Coverage
) -> None:
    text = score_text(analysis, coverage, "zh")
    assert f"总分 {100 * coverage.total:.1f} / 100" in text
    for group in coverage.groups:
        assert group.name["zh"] in text
    for topic in coverage.topics:
        steps = "■" * topic.level + "□" * (4 - topic.level)
        mark = r"\*" if topic.vital else " "
        pattern = rf"^  {steps} {topic.level} {mark}{topic.id} {re.escape(topic.name['zh'])}"
        (line,) = re.findall(pattern + ".*$", text, re.MULTILINE)
        assert ("「" in line) == bool(topic.quotes)
    assert "部署要求 " in text
    assert "模型 keywords" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [60, 96])
def test_no_line_is_wider_than_asked(
    analysis: Analysis, coverage: Coverage, lang: str, width: int
) -> None:
    for text in (
        score_text(analysis, coverage, lang, width=width),
        classify_text(analysis, lang, width=width),
    ):
        lines = text.splitlines()
        assert len(lines) > 80
        assert max(map(cell_width, lines)) <= width


def test_english_summary_has_chinese_only_in_quotes(analysis: Analysis, coverage: Coverage) -> None:
    text = re.sub("“.*”$", "", score_text(analysis, coverage, "en"), flags=re.MULTILINE)
    assert f"Total {100 * coverage.total:.1f} / 100" in text
    assert not re.search("[\u4e00-\u9fff]", text)


def test_gaps_are_listed_by_gain_with_their_hint(analysis: Analysis, coverage: Coverage) -> None:
    text = score_text(analysis, coverage, "zh", width=500)
    part = text[text.index("先补什么") : text.index("标签统计")]
    gains = [float(gain) for gain in re.findall(r"\. \+([\d.]+)  ", part)]
    missing = [topic for topic in coverage.topics if topic.level < 4]
    assert len(gains) == len(missing) > 5
    assert gains == sorted(gains, reverse=True)
    for topic in missing:
        assert topic.gap["zh"] in part
    steps = re.findall(r"到 [1-4] 级 \+[\d.]+", part)
    assert len(steps) == sum(len(topic.gains) for topic in missing if len(topic.gains) > 1)


def test_pmc_index_on_request(analysis: Analysis, coverage: Coverage) -> None:
    assert "PMC" not in score_text(analysis, coverage, "zh")
    found = pmc(coverage)
    text = score_text(analysis, coverage, "zh", pmc=True)
    assert f"PMC 指数 {found.index:.2f} (满分 7)" in text
    for variable in found.primary:
        assert re.search(rf"{variable.name['zh']} .* {variable.value:.2f}$", text, re.MULTILINE)
    assert re.search(r"^    \d\.\d\d +– +–$", text, re.MULTILINE)
    assert "PMC surface" in score_text(analysis, coverage, "en", pmc=True)


def test_hostile_text_sends_no_control_to_the_terminal(hostile: Analysis) -> None:
    text = score_text(hostile, hostile.coverage(), "zh") + classify_text(hostile, "zh")
    assert not CONTROLS.search(text)
    assert "[U+202E]" in text
    assert "[U+001B][31m" in text


def test_rubric_that_does_not_apply_gives_no_total(
    nothing_applies: tuple[Analysis, Coverage],
) -> None:
    text = score_text(*nothing_applies, "zh")
    assert "没有适用于这篇讲话的要点" in text
    assert "没有可分析的句子" in text
    assert "总分 0" not in text
    assert "先补什么" not in text
    assert "m15-01 地方党委责任：不适用于企业" in text


def test_labels_of_every_sentence_by_name(analysis: Analysis) -> None:
    text = classify_text(analysis, "zh")
    numbers = re.findall(r"^ {0,2}(\d+)  \S", text, re.MULTILINE)
    assert numbers == [str(n) for n in range(1, len(analysis.segments) + 1)]
    assert "责任类型：部门监管责任 1.00" in text
    assert "Responsibility: Supervising departments 1.00" in classify_text(analysis, "en")


def test_labels_of_the_facets_asked_for(analysis: Analysis) -> None:
    text = classify_text(analysis, "zh", ["action"])
    assert "工作举措：" in text
    assert "责任类型" not in text
    with pytest.raises(SchemaError, match="colour"):
        classify_text(analysis, "zh", ["colour"])


@pytest.mark.parametrize("lang", ["", "fr", "ZH"])
def test_other_languages_are_refused(analysis: Analysis, coverage: Coverage, lang: str) -> None:
    with pytest.raises(UsageError, match="expected zh or en"):
        score_text(analysis, coverage, lang)
    with pytest.raises(UsageError, match="expected zh or en"):
        classify_text(analysis, lang)


def _topic(id: str, group: str, score: float, level: int, *quotes: Quote) -> TopicCoverage:
    name = {"zh": id, "en": id}
    elements = {element: n < level for n, element in enumerate(ELEMENTS)}
    return TopicCoverage(id, name, group, 1.0, False, level, score, elements, quotes, name, {})


def test_most_telling_quote_is_rich_long_and_about_this_topic(coverage: Coverage) -> None:
    long = "各乡镇要在六月底前完成全部隐患的排查整改。"
    shared = Quote(0, 5, long, ("mentioned", "deployed"))
    own = Quote(10, 15, long, ("mentioned", "deployed"))
    heading = Quote(20, 25, "二、排查", ("mentioned", "deployed"))
    best = Quote(30, 35, "短", ("mentioned", "deployed", "assigned"))
    topics = (
        _topic("a", "g", 0.8, 3, heading, shared, own, best),
        _topic("b", "g", 0.6, 2, shared),
    )
    made = dataclasses.replace(coverage, topics=topics)
    assert [quote.start for quote in telling_quotes(made)["a"]] == [30, 10, 0, 20]
