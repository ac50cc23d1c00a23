"""Markdown: the text without markup, with everything that a speech needs of it."""

import time

import pytest

from safetynlp.document import Document
from safetynlp.errors import ReadError
from safetynlp.readers.markdown import read_markdown
from safetynlp.segment import segment


def read(text):
    return Document.from_bytes(text.encode(), "讲话.md")


def headings(document):
    return [(document.text[h.start : h.end], h.level) for h in document.headings]


def test_headings():
    document = read(
        "# 在会议上的讲话\n## **一、形势**\n总体平稳。\n###三、无空格\n任务\n===\n要求\n---\n# 尾 #\n"
    )
    assert headings(document) == [
        ("在会议上的讲话", 1),
        ("一、形势", 2),
        ("三、无空格", 3),
        ("任务", 1),
        ("要求", 2),
        ("尾", 1),
    ]
    assert segment(document)[2].heading_path == ("在会议上的讲话", "一、形势")


def test_a_rule_below_a_sentence_is_no_heading():
    document = read("总体平稳。\n---\n同志们：\n---\n散会")
    assert document.text == "总体平稳。\n同志们：\n散会"
    assert document.headings == ()


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("**一要**压实责任", "一要压实责任"),
        ("__一要__压实责任", "一要压实责任"),
        ("***一要***压实责任", "一要压实责任"),
        ("（ *重点* ）", "（ 重点 ）"),
        ("~~删去~~保留", "保留"),
        ("`代码`与``a`b``", "代码与a`b"),
        ("见[清单](http://a.b/c_(d) '题')。", "见清单。"),
        ("见[清单][1]。", "见清单。"),
        ("![图片](a.png)正文", "正文"),
        ("[![图](a.png)下载](b)", "下载"),
        ("<https://a.b/c>", "https://a.b/c"),
        ("<u>重点</u>工作", "重点工作"),
        ("A&amp;B", "A&B"),
        ("\\*不是强调\\*", "*不是强调*"),
        ("死亡*人，受伤*人", "死亡*人，受伤*人"),
        ("2*年*月*日", "2*年*月*日"),
        ("snake_case_name 不变", "snake_case_name 不变"),
        ("3 < 5 且 7 > 6", "3 < 5 且 7 > 6"),
        ("《安全生产法》[2021]", "《安全生产法》[2021]"),
    ],
)
def test_inline_markup(markup, text):
    assert read(markup + "\n\n下段。").text == text + "\n下段。"


def test_lists_keep_numbers_and_lose_bullets():
    document = read(
        "- 矿山\n* 燃气\n  + 餐饮\n- [x] 已办\n> 引语\n1. 第一条\n2) 第二条\n（3）第三条"
    )
    assert document.text.split("\n") == [
        "矿山",
        "燃气",
        "餐饮",
        "已办",
        "引语",
        "1. 第一条",
        "2) 第二条",
        "（3）第三条",
    ]


def test_code_blocks_are_text_and_not_headings():
    document = read("前。\n```text\n# 不是标题\n```\n~~~\n台账\n~~~\n后。")
    assert document.text == "前。\n# 不是标题\n台账\n后。"
    assert document.headings == ()


def test_front_matter_comments_rules_and_definitions_are_left_out():
    document = read(
        "---\ntitle: 讲话\n---\n甲<!-- 批\n注 -->乙。\n\n***\n\n[1]: http://a.b\n丙<!-- 不闭合"
    )
    assert document.text == "甲乙。\n丙<!-- 不闭合"


def test_tables():
    document = read("| 部门 | 任务 |\n|---|:--:|\n| 应急局 | **督查** |")
    assert document.text == "部门\t任务\n应急局\t督查"


def test_line_breaks_are_kept():
    assert read("甲，  \n乙，\\\n丙<br>丁").text.split("\n")[-1] == "丁"
    assert read("一要快\n二要稳").text == "一要快\n二要稳"


def test_wrapped_paragraphs_are_joined_again():
    full = "各乡镇要压实属地管理责任并且把重点行业领域的安全隐患排查整治工作抓紧抓细"
    assert read(f"{full}\n抓出成效。\n下一段。").text == f"{full}抓出成效。\n下一段。"
    assert read(f"{full}\n- 清单一").text == f"{full}\n清单一"


def test_encodings_and_nonsense():
    text = "# 形势\n各乡镇要压实责任，陈镕、𠮷田。"
    document = Document.from_bytes(text.encode("gb18030"), "a.md")
    assert document.text == "形势\n各乡镇要压实责任，陈镕、𠮷田。"
    assert document.encoding == "gb18030"
    with pytest.raises(ReadError, match="garbled"):
        read("鍏ㄥ競瀹夊叏鐢熶骇浼氳" * 3)
    with pytest.raises(ReadError, match="contains no text"):
        read("---\na: b\n---\n<!-- 无 -->\n***\n")


@pytest.mark.parametrize("piece", ["![", "**a ", "~~a ", "`a``b", "[a](", "<!--", "_a ", "| - "])
def test_marks_that_nothing_closes_take_linear_time(piece):
    def seconds(repeats):
        data = (piece * repeats).encode()
        start = time.perf_counter()
        read_markdown(data, "a.md")
        return time.perf_counter() - start

    few = min(seconds(500) for _ in range(3))
    assert seconds(5000) < 40 * few + 0.2
