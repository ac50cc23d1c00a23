"""Web pages: main text only, whatever encoding and furniture surround it."""

import pytest

from safetynlp.document import Document
from safetynlp.errors import ReadError
from safetynlp.segment import segment

BODY = "<p>各乡镇要压实属地管理责任，发现隐患立即整改。</p><p>企业要自查自改，建立台账。</p>"
TEXT = "各乡镇要压实属地管理责任，发现隐患立即整改。\n企业要自查自改，建立台账。"


def read(markup, codec="utf-8"):
    return Document.from_bytes(markup.encode(codec), "讲话.html")


def headings(document):
    return [(document.text[h.start : h.end], h.level) for h in document.headings]


def marked(document):
    return [document.text[f.start : f.end] for f in document.furniture]


@pytest.mark.parametrize(
    "extra",
    [
        "<nav>首页 新闻 公开</nav>",
        "<footer>主办：某县政府办公室</footer>",
        "<aside>热门专题</aside>",
        "<header><div>某县人民政府</div></header>",
        "<div role='navigation'>栏目一</div>",
        "<script>var a = '脚本';</script>",
        "<style>p { color: red }</style>",
        "<noscript>请启用脚本</noscript>",
        "<!-- 注释 -->",
        "<select><option>选项</option></select><button>提交</button>",
        "<p style='display: none'>看不见</p><p hidden>看不见</p>",
        "<p><del>删去</del></p>",
    ],
)
def test_only_the_main_text(extra):
    page = f"<!DOCTYPE html><html><head><title>标题</title></head><body>{extra}{BODY}{extra}</body>"
    document = read(page)
    assert document.text == TEXT
    assert document.furniture == ()


def test_text_behind_what_is_skipped_is_kept():
    assert read("<p>甲<script>x</script>乙<!-- c -->丙<del>y</del>丁</p>").text == "甲乙丙丁"


def test_parts_known_by_class_and_menus_are_marked_and_not_analysed():
    document = read(
        "<div class='top-nav'>某县政府网</div>"
        "<ul><li><a href='/a'>要闻</a></li><li><a href='/b'>政务</a></li>"
        "<li><a href='/c'>服务</a></li></ul>"
        f"{BODY}<p><a href='/x'>上级文件</a> <a href='/y'>政策图解</a></p><p>责任编辑：小周</p>"
    )
    assert marked(document) == [
        "某县政府网",
        "要闻",
        "政务",
        "服务",
        "上级文件 政策图解",
        "责任编辑：小周",
    ]
    assert [s.text for s in segment(document)] == TEXT.split("\n")


def test_links_in_sentences_are_text():
    document = read(
        "<p>登录<a href='/a'>应急管理网</a>查看清单。</p><p><a href='/b'>附件清单</a></p>"
    )
    assert document.text == "登录应急管理网查看清单。\n附件清单"
    assert marked(document) == []


@pytest.mark.parametrize("tag", ["nav", "aside", "footer", "div class='menu'"])
def test_a_speech_that_stands_in_furniture_is_read(tag):
    name = tag.split()[0]
    document = read(f"<body><p>页首</p><{tag}>{BODY * 3}</{name}></body>")
    assert document.text.count("各乡镇要压实") == 3
    assert marked(document) == []


def test_headings():
    document = read(f"<h1>在会议上的讲话</h1><h2>一、<b>形势</b></h2>{BODY}<h3></h3><h4>小结</h4>")
    assert headings(document) == [("在会议上的讲话", 1), ("一、形势", 2), ("小结", 4)]
    assert segment(document)[-1].heading_path == ("在会议上的讲话", "一、形势")


def test_page_header_with_the_title_is_kept():
    assert read(f"<header><h1>讲话</h1></header>{BODY}").text == "讲话\n" + TEXT


@pytest.mark.parametrize(
    "breaks", ["甲。<br>乙。", "甲。<br/><br />乙。", "<div>甲。</div>乙。", "甲。<hr>乙。"]
)
def test_breaks(breaks):
    assert read(f"<div>{breaks}</div>").text == "甲。\n乙。"


def test_white_space_and_wrapped_source():
    assert read("<p>\n  各乡镇要\n  压实责任，  Safety\n first。\n</p>").text == (
        "各乡镇要压实责任， Safety first。"
    )
    assert read("<p>\ufeff\u200b\u3000\u3000甲。&nbsp;</p>").text == "甲。"


def test_preformatted_lines():
    assert read("<pre>一、形势\n<b>二、任务</b>\r\n三、要求</pre>").text == (
        "一、形势\n二、任务\n三、要求"
    )


def test_entities():
    assert (
        read("<p>《A&amp;B》&ldquo;安全&rdquo;&#20840;&#x53bf;&lt;3</p>").text
        == "《A&B》“安全”全县<3"
    )


def test_table_rows():
    grid = "<table><tr><th>部门</th><th>任务</th></tr><tr><td>应急<br>局</td><td>督查</td></tr></table>"
    assert read(f"{BODY}{grid}").text == f"{TEXT}\n部门\t任务\n应急 局\t督查"


def test_table_that_lays_out_the_page():
    grid = f"<table><tr><td>栏目</td><td>{BODY}</td></tr></table>"
    assert read(grid).text == f"栏目\n{TEXT}"


RARE = "<p>参加会议的有陈镕、𠮷田㐂一。</p>"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("<meta charset=utf-8>", "utf-8"),
        ("<meta charset='gb18030'>", "gb18030"),
        ("<meta http-equiv=Content-Type content='text/html; charset=gb2312'>", "gb18030"),
        ("<meta charset=GBK>", "gb18030"),
        ("<meta charset=gb2312>", "utf-8"),  # wrong, as after a conversion of the file
        ("<meta charset=utf-8>", "gb18030"),  # wrong
        ("<meta charset=nonsense>", "gb18030"),
        ("", "gb18030"),
        ("", "utf-8-sig"),
        ("<meta charset=gb2312>", "utf-16"),
    ],
)
def test_encodings(declared, codec):
    document = read(f"<html><head>{declared}</head><body>{BODY}{RARE}</body></html>", codec)
    assert document.text == f"{TEXT}\n参加会议的有陈镕、𠮷田㐂一。"
    assert document.encoding is not None
    assert document.encoding.startswith(codec[:5])


def test_declared_foreign_encoding():
    speech = "各部門要嚴格落實安全生產責任，發現隱患立即整改，確保萬無一失。"
    document = read(f"<meta charset=big5><p>{speech}</p>", "big5")
    assert document.text == speech
    assert document.encoding == "big5"


def test_garbled_page():
    mojibake = TEXT.encode().decode("gb18030", "ignore")
    scripts = "<script>var a = 1;</script>" * 200  # the markup outweighs the text
    with pytest.raises(ReadError, match="garbled") as caught:
        read(f"<html><body>{scripts}<p>{mojibake}</p></body></html>")
    assert "乱码" in caught.value.zh


@pytest.mark.parametrize("page", ["<html></html>", "<html><body><script>a()</script>", "<!-- -->"])
def test_page_without_text(page):
    with pytest.raises(ReadError, match=r"讲话\.html: .*text") as caught:
        read(page)
    assert "文字" in caught.value.zh or "正文" in caught.value.zh


def test_nul_characters_do_not_end_the_page():
    page = f"<html><meta charset=gbk><body>\x00{BODY}</body></html>"
    assert read(page, "gbk").text == TEXT


def test_deep_nesting():
    assert read("<div>" * 1500 + BODY + "</div>" * 1500).text == TEXT
    # Too deep for the parser, which would drop the rest of the page without a word.
    with pytest.raises(ReadError, match="too deeply") as caught:
        read("<p>甲。</p>" + "<div>" * 5000 + BODY + "</div>" * 5000)
    assert "嵌套过深" in caught.value.zh
