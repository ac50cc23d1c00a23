"""Page furniture by its wording, and the lines of a speech that come near to it."""

import pytest

from safetynlp.document import Document, Furniture
from safetynlp.readers.furniture import bare_page_number, find_furniture, furniture_kind
from safetynlp.segment import segment


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("page_number", "— 3 —"),
        ("page_number", "-12-"),
        ("page_number", "－ ７ －"),
        ("page_number", "第 3 页 共 10 页"),
        ("page_number", "第3页"),
        ("page_number", "Page 2 of 9"),
        ("source_line", "本文标题：在全县安全生产会议上的讲话"),
        ("source_line", "链接地址：http://example.com/a/1.html"),
        ("source_line", "本文链接: http://example.com/a/1.html"),
        ("source_line", "https://www.example.com/a/1.html"),
        ("source_line", "责任编辑：小周"),
        ("source_line", "（责任编辑：小周）"),
        ("source_line", "责编: 小周"),
        ("source_line", "信息来源：某县政府办"),
        ("source_line", "来源：某县政府办 发布时间：2024-07-05 浏览次数：12"),
        ("source_line", "来源：某县政府办  作者：小周"),
        ("source_line", "编辑：小周 审核：小吴"),
        ("source_line", "发布日期：2024年7月5日"),
        ("source_line", "浙ICP备12345678号-1"),
        ("source_line", "版权声明：本站文章来自网络，如有侵权请联系。"),
        ("navigation", "首页 > 政务公开 > 领导讲话 > 正文"),
        ("navigation", "您现在的位置：首页 >> 领导讲话 >> 正文"),
        ("navigation", "当前位置：首页 > 正文"),
        ("navigation", "上一篇：在全县防汛会议上的讲话"),
        ("navigation", "下一篇文章：在消防会议上的讲话"),
        ("navigation", "上篇文章：在消防会议上的讲话"),
        ("navigation", "【打印】【关闭】"),
        ("navigation", "【字号：大 中 小】"),
        ("navigation", "打印本页 | 关闭窗口"),
        ("navigation", "返回顶部"),
        ("navigation", "分享到：微信 微博"),
        ("navigation", "扫一扫在手机打开当前页"),
        ("navigation", "相关链接："),
    ],
)
def test_furniture(kind, line):
    assert furniture_kind(line) == kind


@pytest.mark.parametrize(
    "line",
    [
        "时间：2024年7月5日",
        "地点：市政府三楼会议室",
        "时间：2024年7月5日 地点：三楼会议室",
        "位置：三楼会议室",
        "作者：小周",
        "作者：小周 时间：2024年7月5日",
        "来源：群众举报",
        "主持人：副县长",
        "请各单位打印后张贴。",
        "打印机房要配灭火器",
        "打印、复印、传真等设备要及时断电",
        "关闭不具备安全生产条件的矿山",
        "责任编辑要把好关。",
        "今天的会议有三项议程：",
        "上篇：形势怎么看",
        "下篇：工作怎么干",
        "上篇",
        "上一次会议讲了三点",
        "首页要放安全提示，第二页放应急电话",
        "第3页的清单大家都看到了",
        "3",
        "2024年7月5日",
        "—— 在全县安全生产会议上的讲话",
        "—— 2024 年工作回顾 ——",
        "大",
        "大、中、小企业",
        "微信、微博",
        "分享",
        "各单位要做到：严格执法；严肃问责",
        "同志们：",
        "（2024年7月5日）",
        "3月—5月",
        "网址要公布，举报电话12350也要公布",
        "登录 www.example.com 查看清单。",
        "发布时间不能晚，预警信息要第一时间到村到户",
        "责任编辑：" + "长" * 200,
    ],
)
def test_near_misses_stay(line):
    assert furniture_kind(line) is None


def test_marked_and_not_analysed_but_kept():
    text = "首页 > 讲话 > 正文\n同志们：\n\u3000责任编辑：小周 \n散会！\n— 2 —"
    document = Document.from_text(text)
    assert document.text == text
    kinds = [(text[f.start : f.end], f.kind) for f in document.furniture]
    assert kinds == [
        ("首页 > 讲话 > 正文", "navigation"),
        ("责任编辑：小周", "source_line"),
        ("— 2 —", "page_number"),
    ]
    assert [s.text for s in segment(document)] == ["同志们：", "散会！"]


def test_a_text_of_nothing_but_furniture_was_meant_to_be_read():
    assert find_furniture("责任编辑：小周\n— 3 —") == ()


def test_known_furniture_is_not_marked_again():
    # The mark of a reader may begin before the first visible character, or cover several lines.
    text = "\u200b— 2 —\n责任编辑：小周\n正文。\n— 3 —"
    known = Furniture(0, 14, "running_head")
    assert find_furniture(text, [known]) == (known, Furniture(19, 24, "page_number"))


def test_bare_page_number():
    assert bare_page_number(" 3 ") == 3
    assert bare_page_number("３/12") == 3
    assert bare_page_number("3月") is None
    assert bare_page_number("12345") is None
