"""The page: complete, self-contained, and proof against what a document may hold."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib import resources

import pytest
from lxml import html as lxml_html

from safetynlp import Analysis, Coverage, UsageError
from safetynlp.report import report_html
from safetynlp.report.outline import Block, outline

Element = lxml_html.HtmlElement


@pytest.fixture(scope="module")
def page(analysis: Analysis, coverage: Coverage) -> str:
    return report_html([(analysis, coverage)], "zh")


@pytest.fixture(scope="module")
def tree(page: str) -> Element:
    return lxml_html.document_fromstring(page)


def _text(element: Element) -> str:
    return " ".join(element.text_content().split())


def _check_self_contained(page: str) -> Element:
    """Nothing is fetched, nothing runs but the script of the package, all links lead somewhere."""
    tree = lxml_html.document_fromstring(page)
    tags = {element.tag for element in tree.iter() if isinstance(element.tag, str)}
    assert tags.isdisjoint(
        {"link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "b:x"}
    )
    for element in tree.iter():
        names = set(element.attrib)
        assert not any(name.startswith("on") for name in names)
        assert names.isdisjoint({"src", "srcset", "style", "action", "xlink:href", "background"})
    (script,), (style,) = tree.xpath("//script"), tree.xpath("//style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == (
        f"default-src 'none'; style-src '{_sha256(style.text)}'; "
        f"script-src '{_sha256(script.text)}'; base-uri 'none'; form-action 'none'"
    )
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    links = tree.xpath("//a/@href")
    assert links
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)
    return tree


def _sha256(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_is_one_file_that_needs_nothing_else(
    analysis: Analysis, coverage: Coverage, lang: str
) -> None:
    tree = _check_self_contained(report_html([(analysis, coverage)], lang))
    assert tree.get("lang") == {"zh": "zh-CN", "en": "en"}[lang]


def test_hostile_document_shows_as_text_and_does_nothing(hostile: Analysis) -> None:
    page = report_html([(hostile, hostile.coverage())], "zh")
    tree = _check_self_contained(page)
    shown = _text(tree.xpath("//*[@class='speech']")[0])
    for piece in (
        "<script>alert(1)</script>关于\"企业\"'必须'排查隐患",
        "<img src=x onerror=alert(2)>",
        "<b onclick='x()'>javascript:alert(3)</b>",
        "</style></details></article><iframe src='//evil.example'></iframe>",
        "{{ 7*7 }}{% raw %}",
        "各乡镇要开展演练--><!",
        "--&lt;",
    ):
        assert piece in shown
    assert len(tree.xpath("//article")) == 1
    assert 'x"><img src=x onerror=alert(0)>' in _text(tree.xpath("//article")[0])


def test_characters_that_hide_or_reorder_are_written_out(hostile: Analysis) -> None:
    page = report_html([(hostile, hostile.coverage())], "zh")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    marks = {_text(mark) for mark in lxml_html.document_fromstring(page).xpath("//*[@class='ctl']")}
    assert {"U+202E", "U+0000", "U+001B", "U+2066"} <= marks


def test_every_sentence_is_shown_once_in_order(tree: Element, analysis: Analysis) -> None:
    said = [_text(element) for element in tree.xpath("//*[@class='said']")]
    assert said == [" ".join(segment.text.split()) for segment in analysis.segments]
    assert tree.xpath("//*[@class='n']/text()") == [str(n + 1) for n in range(len(said))]


def test_page_furniture_is_shown_apart(tree: Element) -> None:
    rows = [_text(row) for row in tree.xpath("//p[@class='furniture']")]
    assert rows[0] == "首页 > 政务公开 > 领导讲话"
    assert rows[-1] == "【打印】【关闭】"
    assert "— 7 —" in rows


def test_labels_of_a_sentence_carry_their_probability(tree: Element) -> None:
    (row,) = [r for r in tree.xpath("//*[@data-l]") if "酒驾醉驾" in r.text_content()]
    chips = {_text(chip): chip for chip in row.xpath(".//*[contains(@class, 'chip')]")}
    assert "行业领域：道路交通1.00" in chips
    assert all(chip.get("data-p") == "概率 1.00" for chip in chips.values())
    assert all(chip.get("tabindex") == "0" for chip in chips.values())
    assert [_text(tag) for tag in row.xpath(".//*[starts-with(@class, 'tag')]")] == [
        "句子功能：部署要求1.00"
    ]


def test_quotes_lead_to_their_sentence(tree: Element, coverage: Coverage) -> None:
    for quote in tree.xpath("//blockquote"):
        (link,) = quote.xpath(".//footer/a/@href")
        (target,) = tree.xpath(f"//*[@id='{link[1:]}']")
        assert _text(quote.find("p")) == _text(target.xpath(".//*[@class='said']")[0])
    assert len(tree.xpath("//blockquote")) == sum(len(topic.quotes) for topic in coverage.topics)


def test_each_topic_has_its_level_elements_and_gap(tree: Element, coverage: Coverage) -> None:
    rows = tree.xpath("//li[starts-with(@class, 'topic')]")
    assert len(rows) == len(coverage.topics)
    for topic in coverage.topics:
        (row,) = tree.xpath(f"//li[@id='d1-t-{topic.id}']")
        assert f"{topic.level} 级" in _text(row)
        assert ("必备" in _text(row.xpath(".//h4")[0])) == topic.vital
        marks = [_text(mark) for mark in row.xpath(".//*[@class='elements']/li")]
        assert [mark.endswith("✓已做到") for mark in marks] == list(topic.elements.values())
        assert (
            (topic.gap["zh"] in row.text_content())
            if topic.gap["zh"]
            else not row.xpath(".//*[@class='gap']")
        )
        steps = row.xpath(".//*[local-name()='svg']/*[@class='on']")
        assert len(steps) == topic.level + 1


def test_a_topic_finds_all_its_sentences(tree: Element, coverage: Coverage) -> None:
    for topic in coverage.topics:
        links = tree.xpath(f"//li[@id='d1-t-{topic.id}']//a[@data-token]")
        assert len(links) == bool(topic.quotes)
        for link in links:
            token = link.get("data-token")
            found = [
                row for row in tree.xpath("//*[@data-l]") if token in row.get("data-l").split()
            ]
            said = [_text(row.xpath(".//*[@class='said']")[0]) for row in found]
            quotes = sorted(topic.quotes, key=lambda quote: quote.start)
            assert said == [" ".join(quote.text.split()) for quote in quotes]
            assert link.get("href") == f"#{found[0].get('id')}"
            (option,) = tree.xpath(f"//select/optgroup/option[@value='{token}']")
            assert _text(option) == f"{topic.id} {topic.name['zh']} ({len(said)})"


def test_a_topic_tells_what_each_level_adds(tree: Element, coverage: Coverage) -> None:
    for topic in coverage.topics:
        (row,) = tree.xpath(f"//li[@id='d1-t-{topic.id}']")
        for level, gain in topic.gains.items():
            assert f"到 {level} 级 +{100 * gain:.1f}" in _text(row)


def test_topics_that_hang_on_an_unsure_label_are_marked(
    analysis: Analysis, unsure: Coverage
) -> None:
    sure = unsure.uncertainty
    assert sure is not None
    (topic,) = (topic for topic in unsure.topics if sure.topics[topic.id].doubts)
    quote = topic.quotes[0]
    page = report_html([(analysis, unsure)], "zh")
    tree = _check_self_contained(page)
    marked = tree.xpath("//li[.//h4/a[contains(@class, 'look')]]/@id")
    assert marked == [f"d1-t-{topic.id}"]
    (section,) = tree.xpath("//section[@id='d1-doubts']")
    assert "“城镇燃气”的概率 0.60；若不是，则为 0 级" in _text(section)
    assert " ".join(quote.text.split()) in _text(section)
    (cell,) = tree.xpath("//a[contains(@class, 'unsure')]")
    assert cell.get("href") == f"#d1-t-{topic.id}"
    assert cell.get("aria-label") == (f"{topic.id} {topic.name['zh']}：{topic.level} 级、请核对")
    marked = tree.xpath("//section[@id='d1-gaps']//li[.//a[contains(@class, 'look')]]//a[1]/@href")
    assert marked == [f"#d1-t-{topic.id}"]
    assert tree.xpath("//nav/a[@href='#d1-doubts']")


def test_pmc_has_its_key_and_a_way_to_it(analysis: Analysis, coverage: Coverage) -> None:
    tree = _check_self_contained(report_html([(analysis, coverage)], "zh", pmc=True))
    (section,) = tree.xpath("//section[@id='d1-pmc']")
    assert tree.xpath("//nav/a[@href='#d1-pmc']")
    keys = section.xpath(".//*[@class='band']")
    assert [_text(key) for key in keys] == [
        "完美 ≥ 0.89", "优秀 ≥ 0.67", "可接受 ≥ 0.44", "不良 ≥ 0.00"
    ]  # fmt: skip
    fills = [key.xpath(".//*[local-name()='rect']/@fill")[0] for key in keys]
    for number, fill in zip((3, 2, 1, 0), fills, strict=True):
        for piece in section.xpath(f".//*[local-name()='polygon'][@class='b{number}']"):
            assert piece.get("fill") == fill
    assert "此处没有组" in _text(section)  # seven groups on nine places
    without = _check_self_contained(report_html([(analysis, coverage)], "zh"))
    assert not without.xpath("//*[@href='#d1-pmc' or @id='d1-pmc']")


def test_shown_quotes_support_every_element_reached(tree: Element, coverage: Coverage) -> None:
    names = dict(zip(coverage.topics[0].elements, ("提及", "部署", "定责", "定标"), strict=True))
    for topic in coverage.topics:
        shown = " ".join(
            _text(footer)
            for footer in tree.xpath(f"//li[@id='d1-t-{topic.id}']//div/blockquote/footer")
        )
        for element, reached in topic.elements.items():
            assert (names[element] in shown) == reached


def test_total_and_groups_stand_in_digits(tree: Element, coverage: Coverage) -> None:
    assert tree.xpath("//p[@class='figure']/b/text()") == [f"{100 * coverage.total:.1f}"]
    cells = tree.xpath("//table[@class='map']//td[@class='num']/text()")
    assert cells == [f"{100 * (group.score or 0):.0f}" for group in coverage.groups]
    levels = tree.xpath("//*[contains(@class, 'cell l')]/text()")
    by_group = [t.level for g in coverage.groups for t in coverage.topics if t.group == g.id]
    assert levels == [str(level) for level in by_group]


def test_charts_count_labels_by_chinese_name(tree: Element, analysis: Analysis) -> None:
    counts = {
        _text(row.find("th")): int(_text(row.xpath("td[@class='num']")[0]))
        for row in tree.xpath("//table[@class='bars']/tbody/tr")
    }
    directives = sum(s.labels["function"] == ("directive",) for s in analysis.segments)
    assert counts["部署要求"] == directives
    absent = _text(tree.xpath("//p[@class='absent']")[0])
    assert "铁路民航与轨道交通" in absent
    assert "铁路民航与轨道交通" not in counts


def test_dark_part_of_a_bar_counts_directives(tree: Element, analysis: Analysis) -> None:
    (row,) = [r for r in tree.xpath("//table[@class='bars']//tr") if "消防" in r.text_content()]
    fire = [s for s in analysis.segments if "fire_safety" in s.labels["sector"]]
    demands = [s for s in fire if s.labels["function"] == ("directive",)]
    assert 0 < len(demands) < len(fire)
    fill, dark = (
        float(row.xpath(f".//*[@class='{name}']/@width")[0].rstrip("%"))
        for name in ("fill", "dark")
    )
    assert dark / fill == pytest.approx(len(demands) / len(fire), abs=0.01)


def test_topics_that_do_not_apply_are_listed_with_the_reason(analysis: Analysis) -> None:
    page = report_html([(analysis, analysis.coverage(audience="enterprise"))], "zh")
    (left_out,) = lxml_html.document_fromstring(page).xpath("//ul[@class='left-out']")
    assert "st-11 属地责任：不适用于企业" in _text(left_out)


def test_audit_names_model_and_versions_but_no_folder(tree: Element, page: str) -> None:
    audit = _text(tree.xpath("//footer[@class='audit']")[0])
    for piece in ("keywords", "speech-structure 版本 1", "safety-speech 版本", "safetynlp "):
        assert piece in audit
    assert "speech.txt" in audit
    assert "folder" not in page  # the page is passed on; where the file lay is nobody's business


def test_english_page_has_chinese_only_in_the_speech(
    analysis: Analysis, coverage: Coverage
) -> None:
    tree = lxml_html.document_fromstring(report_html([(analysis, coverage)], "en"))
    for element in tree.xpath("//*[@lang='zh-CN'] | //p[@class='furniture'] | //script | //style"):
        element.drop_tree()
    assert not re.search("[\u4e00-\u9fff]", lxml_html.tostring(tree, encoding="unicode"))


def test_several_speeches_have_a_list_and_anchors_of_their_own(
    analysis: Analysis, coverage: Coverage, nothing_applies: tuple[Analysis, Coverage]
) -> None:
    page = report_html([(analysis, coverage), nothing_applies, (analysis, coverage)], "zh")
    tree = _check_self_contained(page)
    assert len(tree.xpath("//article")) == 3
    assert tree.xpath("//table[@class='list']//a/@href") == ["#d1", "#d2", "#d3"]
    empty = _text(tree.xpath("//article[@id='d2']")[0])
    assert "没有可分析的句子" in empty
    assert "没有适用于这篇讲话的要点" in empty
    assert tree.xpath("//article[@id='d2']//p[@class='figure']/b/text()") == ["–"]


def test_page_is_the_same_every_time(page: str, analysis: Analysis, coverage: Coverage) -> None:
    assert report_html([(analysis, coverage)], "zh") == page


def test_no_speech_or_another_language_is_refused(analysis: Analysis, coverage: Coverage) -> None:
    with pytest.raises(UsageError, match="no speech was given"):
        report_html([], "zh")
    with pytest.raises(UsageError, match="expected zh or en"):
        report_html([(analysis, coverage)], "de")


def _walk(blocks: list[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _walk(block.blocks)


def test_outline_holds_every_segment_and_folds_by_heading(analysis: Analysis) -> None:
    blocks = outline(analysis)
    numbers = [n for block in _walk(blocks) for n in block.segments]
    assert numbers == list(range(len(analysis.segments)))
    folds = [block for block in blocks if block.kind == "fold"]
    titles = [analysis.segments[fold.segments[0]].text[:2] for fold in folds]
    assert titles == ["一、", "二、", "三、"]
    inner = [b for b in folds[0].blocks if b.kind == "fold"]
    assert [analysis.segments[b.segments[0]].text[:3] for b in inner] == [
        "（一）",
        "（二）",
        "（三）",
    ]


def test_heading_with_nothing_below_is_no_fold(analyze: object) -> None:
    analysis = analyze("一、甲\n二、乙\n各镇要查。\n三、丙")  # type: ignore[operator]
    assert [block.kind for block in outline(analysis)] == ["paragraph", "fold", "paragraph"]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_the_contrast_of_wcag_aa(dark: bool) -> None:
    css = (resources.files("safetynlp.report") / "templates" / "report.css").read_text("utf-8")
    roots = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", "".join(roots if dark else roots[:1])))
    pairs = [
        *[(text, "sheet") for text in ("ink", "muted", "accent", "warn")],
        *[("muted", "soft"), ("ink", "soft"), ("ink", "warn-soft"), ("warn", "warn-soft")],
        *[("accent", "accent-soft"), ("ink", "accent-soft"), ("muted", "accent-soft")],
        *[("on-accent", "accent"), ("ink", "paper"), ("sheet", "ink")],
        *[(f"f{n}", f"f{n}-soft") for n in range(6)],
        *[(f"l{n}-ink", f"l{n}") for n in range(1, 5)],
    ]
    poor = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
