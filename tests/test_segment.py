"""The unit of the codebook, its places, the paths above it, and linear time."""

import gc
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safetynlp.document import Document, Furniture, Heading
from safetynlp.readers.extracted import BLANKS
from safetynlp.segment import Segment, segment


def cut(text):
    return [s.text for s in segment(Document.from_text(text))]


def paths(text):
    return {s.text: s.heading_path for s in segment(Document.from_text(text))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲。乙！丙？丁；戊", ["甲。", "乙！", "丙？", "丁；", "戊"]),
        ("甲!乙?丙;丁", ["甲!", "乙?", "丙;", "丁"]),
        ("什么？！行动！！！好。。。", ["什么？！", "行动！！！", "好。。。"]),
        ("等等……还有……。完", ["等等……还有……。", "完"]),
        ("增长3.5%. 很好．真的。", ["增长3.5%. 很好．真的。"]),
        ("1.压实责任。2. 严查", ["1.压实责任。", "2. 严查"]),
        ("甲，乙、丙：丁", ["甲，乙、丙：丁"]),
        ("一是查；二是改；三是罚。", ["一是查；", "二是改；", "三是罚。"]),
        ("。", ["。"]),
    ],
)
def test_end_marks(text, expected):
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说“要快。”大家照办。", ["他说“要快。”", "大家照办。"]),
        ("“甲。乙。”丙", ["“甲。", "乙。”", "丙"]),
        ("他说‘行！’。走", ["他说‘行！’。", "走"]),
        ('他说"好。"走。', ['他说"好。"', "走。"]),
        ('他说"好。"。走。', ['他说"好。"。', "走。"]),
        ('"甲。乙。"丙。', ['"甲。', '乙。"', "丙。"]),
        ('甲。"乙"丙。', ["甲。", '"乙"丙。']),
        ("「甲。」乙。", ["「甲。」乙。"]),
        ("甲。）乙", ["甲。）", "乙"]),
    ],
)
def test_closing_quotes_and_brackets_stay(text, expected):
    assert cut(text) == expected


@pytest.mark.parametrize(
    "pair", ["（）", "()", "（)", "《》", "〈〉", "【】", "「」", "『』", "〔〕", "[]"]
)
def test_never_cut_inside_brackets(pair):
    left, right = pair
    inside = f"甲{left}乙。丙；丁！{right}戊。"
    assert cut(inside + "己") == [inside, "己"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲（乙《丙。》丁；【戊！】）己。庚", ["甲（乙《丙。》丁；【戊！】）己。", "庚"]),
        ("甲（乙（丙。）丁；）己。庚", ["甲（乙（丙。）丁；）己。", "庚"]),
        ("甲（乙【丙。）丁；】戊。己", ["甲（乙【丙。）丁；】戊。", "己"]),  # crossing
        ("甲（乙。丙", ["甲（乙。", "丙"]),  # never closes
        ("甲（乙（丙。）丁。戊", ["甲（乙（丙。）丁。", "戊"]),  # only the inner one closes
        ("甲（乙。\n丙）丁。", ["甲（乙。", "丙）丁。"]),  # closes in another paragraph
        ("1）甲。2）乙。", ["1）甲。", "2）乙。"]),
        ("）甲。（乙", ["）甲。", "（乙"]),
        ("（一。）（二。）三。四", ["（一。）（二。）三。", "四"]),
        ("甲（乙》丙。丁）戊。", ["甲（乙》丙。丁）戊。"]),
    ],
)
def test_nested_crossing_and_open_brackets(text, expected):
    assert cut(text) == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_line_breaks(end):
    document = Document.from_text(f"一、形势{end}{end}甲，{end}\u3000\u3000乙{end}")
    found = segment(document)
    assert [s.text for s in found] == ["一、形势", "甲，", "乙"]
    assert [s.paragraph for s in found] == [0, 1, 2]
    assert all(document.text[s.start : s.end] == s.text for s in found)


@pytest.mark.parametrize(
    "blank", ["", " ", "\n\n", "\u3000", "\u2003", "\u200b", "\ufeff", "\xa0\t"]
)
def test_blanks_are_trimmed_and_give_no_segments(blank):
    assert cut(f"{blank}甲。{blank}乙{blank}") == ["甲。", "乙"]
    assert cut(blank) == []


def test_blanks_inside_stay():
    assert cut("县长　 王某\n") == ["县长　 王某"]


def test_places_count_characters_beyond_the_basic_plane():
    document = Document.from_text("𠮷田同志：\n请讲。")
    assert [(s.start, s.end) for s in segment(document)] == [(0, 5), (6, 9)]


OUTLINE = """在全县安全生产会议上的讲话
同志们：
一、认清形势
总体平稳。
（一）成绩
有进步。
1．矿山
零事故。一是井下好。二是井上好。
2．燃气
也好。
（二）问题
有漏洞。
二、压实责任
（一）部门
要管。
"""


def test_heading_path():
    form, good, bad = "一、认清形势", "（一）成绩", "（二）问题"
    assert paths(OUTLINE) == {
        "在全县安全生产会议上的讲话": (),
        "同志们：": (),
        form: (),
        "总体平稳。": (form,),
        good: (form,),
        "有进步。": (form, good),
        "1．矿山": (form, good),
        "零事故。": (form, good, "1．矿山"),
        "一是井下好。": (form, good, "1．矿山"),
        "二是井上好。": (form, good, "1．矿山"),
        "2．燃气": (form, good),
        "也好。": (form, good, "2．燃气"),
        bad: (form,),
        "有漏洞。": (form, bad),
        "二、压实责任": (),
        "（一）部门": ("二、压实责任",),
        "要管。": ("二、压实责任", "（一）部门"),
    }


def test_headings_are_numbered_lines_of_their_own():
    headings = [s.text for s in segment(Document.from_text(OUTLINE)) if s.is_heading]
    assert headings == [
        "一、认清形势",
        "（一）成绩",
        "1．矿山",
        "2．燃气",
        "（二）问题",
        "二、压实责任",
        "（一）部门",
    ]


def test_numbered_sentence_in_a_paragraph_is_no_heading_but_opens_a_point():
    found = segment(Document.from_text("一、要压实责任，逐级落实。层层签状。"))
    assert [s.is_heading for s in found] == [False, False]
    assert found[1].heading_path == ("一、要压实责任",)


def test_speech_without_line_breaks():
    text = (
        "同志们，讲三点：第一，要压实责任。一是部门要管。执法要严。二是企业要查。查要细。"
        "第二，要严格执法。一要敢管。二要真罚。罚要重。第三，要抓应急。备足物资。散会！"
    )
    assert paths(text) == {
        "同志们，讲三点：第一，要压实责任。": (),
        "一是部门要管。": ("第一，要压实责任",),
        "执法要严。": ("第一，要压实责任", "一是部门要管"),
        "二是企业要查。": ("第一，要压实责任",),
        "查要细。": ("第一，要压实责任", "二是企业要查"),
        "第二，要严格执法。": (),
        "一要敢管。": ("第二，要严格执法",),
        "二要真罚。": ("第二，要严格执法",),
        "罚要重。": ("第二，要严格执法", "二要真罚"),
        "第三，要抓应急。": (),
        "备足物资。": ("第三，要抓应急",),
        "散会！": ("第三，要抓应急",),
    }


def test_enumeration_in_one_line_ends_with_its_paragraph():
    found = paths("一、任务\n要做到：一是查；查细；二是改；改实。\n下一段。")
    assert found == {
        "一、任务": (),
        "要做到：一是查；": ("一、任务",),
        "查细；": ("一、任务", "一是查"),
        "二是改；": ("一、任务",),
        "改实。": ("一、任务", "二是改"),
        "下一段。": ("一、任务",),
    }


def test_numbering_that_begins_inside_a_paragraph_and_goes_on_in_the_next():
    found = paths("讲两点。第一，要查。\n查要细。\n第二，要改。\n改要实。")
    assert found["查要细。"] == ("第一，要查",)
    assert found["第二，要改。"] == ()
    assert found["改要实。"] == ("第二，要改。",)


def test_whichever_numbering_is_the_outer_one():
    found = paths("第一，形势\n（一）成绩\n甲。\n第二，任务\n（一）燃气\n乙。")
    assert found["甲。"] == ("第一，形势", "（一）成绩")
    assert found["乙。"] == ("第二，任务", "（一）燃气")
    found = paths("（一）形势\n第一，成绩\n甲。\n（二）任务\n第一，燃气\n乙。")
    assert found["甲。"] == ("（一）形势", "第一，成绩")
    assert found["乙。"] == ("（二）任务", "第一，燃气")


def test_parts_circles_and_numerals_above_ten():
    found = paths("第一部分 回顾\n十、甲事\n甲。\n十一、乙事\n乙。\n①丙事\n丙。\n②丁事\n丁。")
    assert found["甲。"] == ("第一部分 回顾", "十、甲事")
    assert found["乙。"] == ("第一部分 回顾", "十一、乙事")
    assert found["丙。"] == ("第一部分 回顾", "十一、乙事", "①丙事")
    assert found["丁。"] == ("第一部分 回顾", "十一、乙事", "②丁事")


@pytest.mark.parametrize(
    "line",
    [
        "三、四季度是事故高发期",
        "三、六、九逢场",
        "5、6月份要防汛",
        "3.5万户用上了天然气",
        "第一季度事故下降",
        "第三、四季度是关键",
        "2024.7.5",
        "十多家企业停产",
        "一线员工要培训",
    ],
)
def test_numbers_that_number_nothing(line):
    found = segment(Document.from_text(f"{line}\n下一段。"))
    assert not found[0].is_heading
    assert found[1].heading_path == ()


def styled(*lines):
    """A document of (line, heading level or None)."""
    text, headings = "", []
    for line, level in lines:
        if level is not None:
            headings.append(Heading(len(text), len(text) + len(line), level))
        text += line + "\n"
    return Document(text, headings=tuple(headings))


def styled_paths(*lines):
    return {s.text: s.heading_path for s in segment(styled(*lines))}


def test_headings_of_the_file():
    found = segment(styled(("形势", 1), ("成绩", 2), ("甲。", None), ("任务", 1), ("乙。", None)))
    assert [s.heading_path for s in found] == [(), ("形势",), ("形势", "成绩"), (), ("任务",)]
    assert [s.is_heading for s in found] == [True, True, False, True, False]


def test_headings_of_the_file_with_and_without_numbers():
    found = styled_paths(
        *[("前言", 1), ("甲。", None), ("一、形势", 1), ("背景", 2), ("乙。", None)],
        *[("1.细目", None), ("丙。", None), ("二、任务", 1), ("丁。", None), ("附件", 1)],
    )
    assert found["甲。"] == ("前言",)
    assert found["一、形势"] == ()
    assert found["乙。"] == ("一、形势", "背景")
    assert found["丙。"] == ("一、形势", "背景", "1.细目")
    assert found["丁。"] == ("二、任务",)
    assert found["附件"] == ()


def test_one_style_for_all_numbered_headings():
    found = styled_paths(("一、形势", 1), ("（一）成绩", 1), ("甲。", None), ("（二）问题", 1))
    assert found["甲。"] == ("一、形势", "（一）成绩")
    assert found["（二）问题"] == ("一、形势",)


def test_furniture_is_left_out_even_inside_a_line():
    text = "甲。（打印乙。）丙。\n第1页\n丁"
    document = Document(
        text, furniture=(Furniture(3, 5, "navigation"), Furniture(11, 14, "page_number"))
    )
    found = segment(document)
    assert [s.text for s in found] == ["甲。", "（", "乙。）", "丙。", "丁"]
    assert all(text[s.start : s.end] == s.text for s in found)


def test_furniture_over_several_lines_and_at_both_ends():
    text = "头\n二\n甲。\n尾"
    document = Document(
        text, furniture=(Furniture(0, 3, "running_head"), Furniture(7, 8, "running_head"))
    )
    assert [s.text for s in segment(document)] == ["甲。"]


def test_defaults_of_a_segment():
    assert Segment("甲", 0, 1) == Segment("甲", 0, 1, (), 0, False)


PIECES = st.sampled_from(
    [
        *"安全生产责任abc019 \t\u3000\u200b\u2003\n\r\u2028",
        *"。！？!?；;.…，、：“”‘’\"'（）()《》〈〉【】「」『』〔〕[]［］①",
        *["一、", "（一）", "第一，", "1.", "一是", "二要", "\r\n", "𠮷"],
        *["\n责任编辑：小周\n", "\n— 3 —\n", "首页 > 正文"],
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@settings(deadline=None)  # the time of one example says nothing on a busy machine
@given(TEXTS)
def test_places_are_exact_and_nothing_is_lost(text):
    document = Document.from_text(text)
    found = segment(document)
    position = 0
    covered = [(f.start, f.end) for f in document.furniture]
    for s in found:
        assert text[s.start : s.end] == s.text
        assert s.text.strip(BLANKS) == s.text != ""
        assert "\n" not in s.text
        assert s.start >= position
        position = s.end
        covered.append((s.start, s.end))
    for start, end in sorted(covered, reverse=True):
        text = text[:start] + text[end:]
    assert text.strip(BLANKS) == ""


@settings(deadline=None)
@given(TEXTS)
def test_order_of_paragraphs_and_paths(text):
    found = segment(Document.from_text(text))
    numbers = [s.paragraph for s in found]
    assert numbers == sorted(numbers)
    assert sorted(set(numbers)) == list(range(len(set(numbers))))
    for s in found:
        assert all(part.strip(BLANKS) for part in s.heading_path)


@settings(deadline=None)
@given(TEXTS)
def test_brackets_that_close_in_their_line_are_never_cut(text):
    document = Document(text)
    ends = {s.end for s in segment(document)}
    position = 0
    for line in text.splitlines(keepends=True):
        opened = []
        for index, character in enumerate(line):
            if character == "（":
                opened.append(position + index)
            elif character == "）" and opened and "(" not in line and ")" not in line:
                assert not ends & set(range(opened.pop() + 1, position + index + 1))
        position += len(line)


SPEECH = (
    "一、压实责任（重点）\n各乡镇要严格落实“党政同责、一岗双责”，每周检查一次；企业要自查自改。"
    "一是排查到位；二是整改到位。\n"
)
HARD = {
    "open": "（",
    "open with marks": "（甲。",
    "kinds": "（【《「『",
    "pairs": "（。）",
    "crossing": "（【）】。",
    "closers": "。）",
    "quotes": '甲。"',
    "blanks": "\u3000",
    "blank segments": "\u3000。",
    "marks": "。",
    "lead-ins": "：一是",
    "points": "第一，甲。一是乙。",
    "one line": SPEECH.replace("\n", ""),
    "lines": "\n",
    "furniture": "责任编辑：小周\n",
}


def seconds(text):
    gc.disable()  # a collection goes through all that other tests left
    try:
        start = time.process_time()
        segment(Document.from_text(text))
        return time.process_time() - start
    finally:
        gc.enable()


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD.keys())
def test_time_is_linear(piece):
    small = (piece * 10_000)[:10_000]
    few = min(seconds(small) for _ in range(3))
    # Quadratic time would take 100 times as long; a little is allowed for a busy machine.
    large = (piece * 100_000)[:100_000]
    assert min(seconds(large) for _ in range(2)) < 40 * few + 0.2


@pytest.mark.parametrize("text", ["（" * 1_000_000, "（" * 500_000 + "）" * 500_000])
def test_a_million_brackets_on_one_line(text):
    assert seconds(text + "。") < 20


@pytest.mark.slow
def test_ten_megabytes():
    text = SPEECH * (10_000_000 // len(SPEECH.encode()))
    start = time.perf_counter()
    found = segment(Document.from_bytes(text.encode(), "a.txt"))
    assert time.perf_counter() - start < 60
    assert len(found) == 5 * text.count("一、")
