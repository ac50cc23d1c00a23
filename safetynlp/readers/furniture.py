"""Which lines belong to the page and not to the speech, for every format in one place.

Losing a line of a speech is worse than keeping a line of the page, so a line is marked only if
its wording as a whole is that of a web page or a page footer: labels with a colon at its start
(责任编辑：), lines made of nothing but buttons (【打印】【关闭】), breadcrumbs, registration numbers,
page numbers between dashes. A line that ends like a sentence stays, as do titles, names, dates
and agenda lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from safetynlp.readers.extracted import BLANKS, Furniture

__all__ = ["bare_page_number", "find_furniture", "furniture_kind"]

_LINE = re.compile(r"[^\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_MAX_CHARS = 150
_SENTENCE_END = tuple("。！？!?；;…")

# Words that are buttons or menu items; a line of them alone is no speech.
_BUTTON = re.compile(
    r"(?:我要)?(?:打印|纠错|收藏|分享)(?:本页|本文|此页|该页|页面|网页|文章)?"
    r"|(?:返回|回到)(?:顶部|首页|列表|上一页|上页)|返回"
    r"|关闭(?:窗口|本页|页面)?|(?:加入|添加)收藏夹?|设为首页"
    r"|首页|网站首页|网站地图|联系我们|关于我们|无障碍(?:浏览|阅读)?|长者(?:模式|助手)"
    r"|[上下]一[篇页条]|[上下]页|尾页|末页|点赞|复制链接|手机版|电脑版|English"
    r"|(?:分享|转发)[到至](?:微信|微博|QQ|QQ空间|朋友圈)?|微信|微博|新浪微博|QQ空间|朋友圈"
    r"|字号|字体|大|中|小|A\+|A-|TOP"
)
# Of these, one alone would be too little: 大 or 微信 may be a word of a table or of a list.
_WEAK_BUTTONS = frozenset(
    [
        "大",
        "中",
        "小",
        "A+",
        "A-",
        "TOP",
        "字号",
        "字体",
        "微信",
        "微博",
        "QQ空间",
        "朋友圈",
        "新浪微博",
        "返回",
        "English",
        "分享",
        "收藏",
        "点赞",
    ]
)
_BETWEEN_BUTTONS = re.compile(r"[\s\u3000\xa0\[\]【】（）()「」|｜丨·•/\\:：,，、>»<«-]+")
_NAVIGATION = re.compile(
    r"(?:您|你|现在|当前|所在)(?:的|现在的?|当前的?|所在的?)*位置(?:是|为)?\s*[：:].*"
    r"|(?:网站)?首页(?:\s*[>»›＞/|→-]+\s*[^\s>»›＞/|→-]{1,30})+\s*[>»›＞/]?"
    # 上篇：形势 and 下篇：任务 are parts of a speech.
    r"|(?:[上下前后]一(?:篇|页|条)(?:文章|新闻|信息)?|[上下](?:篇|条)(?:文章|新闻|信息))\s*[：:].*"
    r"|(?:分享|转发)(?:到|至|本文到)\s*[：:]?(?:\s*(?:微信|微博|新浪微博|QQ空间|QQ|朋友圈|腾讯微博|更多))*"
    r"|(?:用?手机|微信)?扫一扫(?:\s*|[，,]?\s*(?:在)?(?:手机|微信)?(?:上|端)?"
    r"(?:打开|查看|浏览|阅读|访问|分享|关注|继续阅读)(?:当前|本|此|该)?(?:页面?|网页|文章|到朋友圈|至朋友圈)?)"
    r"|(?:相关|推荐|延伸)(?:链接|文章|阅读|新闻|稿件|信息)\s*[：:]?"
    r"|(?:热门文章|猜[你您]喜欢|网友评论|发表评论)\s*[：:]?"
)
# A label that only a web page puts before a colon.
_SOURCE_LABEL = (
    r"(?:本文|文章|原文|网页|页面)(?:标题|链接|地址|网址|来源|出处)|链接地址|转载请注明(?:出处|来源|本文链接)?"
    r"|(?:责任|网站|网络|值班|本期|执行)编辑|责编|(?:信息|稿件|新闻|内容)来源|稿源"
    r"|发布(?:时间|日期|机构|人|单位|者)|发稿时间|更新(?:时间|日期)|上传时间"
    r"|(?:点击|浏览|阅读|访问|查看)(?:次数|数量?|率|量)|访问次数|人气"
    r"|版权声明|免责声明|索引号|信息索引|信息分类|主题分类|公开方式|网站标识码"
)
# Labels that a speech may carry too (时间：2024年7月5日); they count only beside one of the above
# or beside each other.
_WEAK_LABEL = (
    r"来源|出处|编辑|审核|校对|初审|复审|终审|作者|记者|时间|日期|字号|字体|点击|浏览|阅读|访问"
)
_SPEECH_LABELS = frozenset(["作者", "记者", "时间", "日期"])
_STRONG = re.compile(rf"[\[【（(]?\s*(?:{_SOURCE_LABEL})\s*[：:].*")
_LABEL = re.compile(
    rf"(?:^|(?<=[\s\u3000\xa0|｜\[【（(]))(?:({_SOURCE_LABEL})|({_WEAK_LABEL}))\s*[：:]"
)
_URL = re.compile(r"(?:https?://|www\.)[\w\-./?%&=#:~+@,;]+", re.ASCII)
_REGISTRATION = re.compile(
    r"(?:[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s*)?ICP\s*备\s*(?:案号?\s*[：:]?)?"
    r"\s*[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]?\s*\d+"
    r"|公网安备\s*\d+|(?:政府)?网站标识码\s*[：:]?\s*\w+|(?:Copyright\s*)?(?:©|\(C\)|（C）)\s*\d{4}"
    r"|^(?:©\s*)?版权所有|版权所有\s*[：:©]",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(
    r"[-－—–―─~·•]{1,3}\s*[\d０-９]{1,4}\s*[-－—–―─~·•]{1,3}"
    r"|第\s*[\d０-９]{1,4}\s*页(?:\s*[,，/／|]?\s*[(（]?共\s*[\d０-９]{1,4}\s*页[)）]?)?"
    r"|Page\s+\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?",
    re.IGNORECASE,
)
_BARE_PAGE_NUMBER = re.compile(r"([\d０-９]{1,4})(?:\s*[/／]\s*[\d０-９]{1,4})?")


def find_furniture(text: str, known: Iterable[Furniture] = ()) -> tuple[Furniture, ...]:
    r"""Stretches of ``text`` that belong to the page, sorted, not overlapping.

    Args:
        text: the text of a document.
        known: what the reader of its format marked already; such lines are not judged again.

    Returns: one :class:`Furniture` a line, blanks at its ends left out. If nothing but furniture
    would be left, nothing is marked: then the text was meant to be read.

    >>> find_furniture("严禁超员。\n责任编辑：小周")
    (Furniture(start=6, end=13, kind='source_line'),)
    """
    found = sorted(known, key=lambda mark: mark.start)
    waiting = iter(list(found))
    mark = next(waiting, None)
    remains = False
    for start, end in _lines(text):
        while mark is not None and mark.end <= start:
            mark = next(waiting, None)
        if mark is not None and mark.start < end:
            continue
        kind = furniture_kind(text[start:end])
        if kind is None:
            remains = True
        else:
            found.append(Furniture(start, end, kind))
    return tuple(sorted(found, key=lambda mark: mark.start)) if remains else ()


def bare_page_number(line: str) -> int | None:
    """The number of a line that is nothing but a bare page number ("3", "3/12"), else None.

    Only a reader that sees the place of the line on its page can tell that it is one.
    """
    match = _BARE_PAGE_NUMBER.fullmatch(line.strip(BLANKS))
    return int(match.group(1)) if match else None


def _is_button_line(line: str) -> bool:
    """Whether a line consists of buttons and menu items alone (【打印】【关闭】)."""
    words = [word for word in _BETWEEN_BUTTONS.split(line) if word]
    if not words or not all(_BUTTON.fullmatch(word) for word in words):
        return False
    strong = sum(word not in _WEAK_BUTTONS for word in words)
    return strong > 0 or {"字号", "字体"} & set(words) != set()


def _lines(text: str) -> Iterator[tuple[int, int]]:
    for match in _LINE.finditer(text):
        line = match.group()
        start = match.start() + len(line) - len(line.lstrip(BLANKS))
        end = match.start() + len(line.rstrip(BLANKS))
        if start < end:
            yield start, end


def furniture_kind(line: str) -> str | None:
    """The kind of furniture a line is by its wording, None if it may be part of the speech.

    >>> furniture_kind("— 3 —"), furniture_kind("打印"), furniture_kind("请打印后张贴。")
    ('page_number', 'navigation', None)
    """
    if len(line) > _MAX_CHARS:
        return None
    if _PAGE_NUMBER.fullmatch(line):
        return "page_number"
    if _is_source_line(line):
        return "source_line"
    if line.endswith(_SENTENCE_END):
        return None
    if _NAVIGATION.fullmatch(line) or _is_button_line(line):
        return "navigation"
    return None


def _is_source_line(line: str) -> bool:
    if _URL.fullmatch(line):
        return True
    sentence = line.endswith(_SENTENCE_END)
    if _REGISTRATION.search(line) and not sentence:
        return True
    if _STRONG.fullmatch(line):
        # 本文来源：…。 and 版权声明：…。 are whole sentences, yet no speech says them.
        return True
    labels = [match.group(1) or match.group(2) for match in _LABEL.finditer(line)]
    if sentence or len(labels) < 2 or not _LABEL.match(line.lstrip("[【（( ")):
        return False
    return any(label not in _SPEECH_LABELS for label in labels)
