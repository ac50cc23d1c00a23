"""Plain text: every encoding of Chinese offices is read, and nothing is read as mojibake."""

import codecs

import pytest

from safetynlp.document import Document
from safetynlp.errors import ReadError
from safetynlp.readers.text import decode, is_nonsense

SPEECH = (
    "同志们：\n今天召开全市安全生产工作会议，主要任务是部署第三季度重点工作。\n"
    "一、压实责任\n各乡镇要严格落实属地管理责任，企业要自查自改，发现隐患立即整改！\n"
)
# 镕 is GBK but not GB2312; 㐂 and 𠮷 take four bytes in GB18030, 𠮷 is outside the BMP as well.
RARE = SPEECH + "参加会议的有陈镕、𠮷田㐂一两位专家。\n"


@pytest.mark.parametrize(
    ("text", "codec", "bom", "detected"),
    [
        (RARE, "utf-8", b"", "utf-8"),
        (RARE, "utf-8", codecs.BOM_UTF8, "utf-8"),
        (RARE, "utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
        (RARE, "utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be"),
        (RARE, "utf-16-le", b"", "utf-16-le"),
        (RARE, "utf-16-be", b"", "utf-16-be"),
        (RARE, "utf-32-le", codecs.BOM_UTF32_LE, "utf-32-le"),
        (RARE, "utf-32-be", codecs.BOM_UTF32_BE, "utf-32-be"),
        (RARE, "gb18030", b"", "gb18030"),
        (RARE, "gb18030", b"\x84\x31\x95\x33", "gb18030"),
        (SPEECH + "陈镕同志", "gbk", b"", "gb18030"),
        (SPEECH, "gb2312", b"", "gb18030"),
        ("Safety first.\n", "ascii", b"", "utf-8"),
        ("Safety first.\n", "utf-16-le", b"", "utf-16-le"),
    ],
)
def test_decodes_exactly(text, codec, bom, detected):
    document = Document.from_bytes(bom + text.encode(codec), "讲话.txt")
    assert document.text == text
    assert document.encoding == detected


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16-le"])
def test_line_breaks_are_kept_as_they_are(codec):
    text = "一、形势。\r\n总体平稳。\r二、任务。\u2028抓好落实。\n"
    assert Document.from_bytes(text.encode(codec)).text == text


@pytest.mark.parametrize("text", ["安全", "大家要注意安全。", "朱镕基", "严禁酒驾"])
def test_short_texts_are_read(text):
    assert Document.from_bytes(text.encode()).text == text


@pytest.mark.parametrize("text", ["安全第一。", "大家要注意安全。", "严禁酒驾"])
def test_short_gbk_texts_are_read(text):
    assert Document.from_bytes(text.encode("gbk")).text == text


def test_traditional_script_is_no_mojibake():
    text = "各部門要嚴格落實安全生產責任，發現隱患立即整改，確保萬無一失。"
    assert Document.from_bytes(text.encode()).text == text


@pytest.mark.parametrize(
    "mojibake",
    [
        SPEECH.encode().decode("gb18030", "ignore"),  # UTF-8 read as GBK
        SPEECH.encode("gbk").decode("latin-1"),  # GBK read as Latin-1
        SPEECH.encode().decode("latin-1"),
        "锟斤拷" * 20,
        "烫烫烫烫烫烫屯屯屯屯",
        "�" * 5 + "安全生产工作",
        "?" * 40 + "2024",
    ],
    ids=["utf8-as-gbk", "gbk-as-latin1", "utf8-as-latin1", "kun", "tang", "fffd", "lost"],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_mojibake_saved_again_is_refused(mojibake, codec):
    with pytest.raises(ReadError, match="garbled") as caught:
        Document.from_bytes(mojibake.encode(codec), "坏.txt")
    assert "坏.txt" in caught.value.en
    assert "乱码" in caught.value.zh
    assert "UTF-8" in caught.value.zh


def test_other_encodings_are_refused_not_guessed():
    big5 = "各部門要嚴格落實安全生產責任，發現隱患立即整改，確保萬無一失。" * 3
    with pytest.raises(ReadError, match="garbled"):
        Document.from_bytes(big5.encode("big5"))
    with pytest.raises(ReadError, match="garbled"):
        Document.from_bytes("安全な生産のための会議を開催しました。".encode("shift-jis") * 3)


def test_cut_off_utf8_says_where():
    data = SPEECH.encode()[:-2]
    with pytest.raises(ReadError, match=r"is UTF-8 up to byte \d+") as caught:
        Document.from_bytes(data, "a.txt")
    assert "不完整" in caught.value.zh


def test_declared_encoding_that_nobody_knows_is_passed_over():
    for declared in ("no-such", "undefined", "idna", "rot13", "base64"):
        assert decode(SPEECH.encode("gbk"), "a.html", declared) == (SPEECH, "gb18030")


def test_valid_utf8_wins_over_what_a_file_declares():
    assert decode(SPEECH.encode(), "a.html", "gb18030") == (SPEECH, "utf-8")


def test_a_few_rare_characters_are_no_nonsense():
    assert not is_nonsense("𠮷㐂镕")
    assert not is_nonsense(RARE)
    assert is_nonsense("鍏ㄥ競瀹夊叏鐢熶骇浼氳")


def test_nul_bytes_in_a_text_are_refused():
    data = SPEECH.encode().replace("，".encode(), b"\x00\x00\x00\x00\x00\x00")
    with pytest.raises(ReadError):
        Document.from_bytes(data, "a.txt")
