"""Plain text in the encodings that Chinese offices use; never a silent mojibake.

Order: byte order mark, strict UTF-8, then whichever of GB18030 (with GBK and GB2312 inside it),
UTF-16-LE and UTF-16-BE decodes strictly to the more plausible Chinese. What decodes without an
error but to nonsense is refused: a wrong encoding rarely fails, it gives other characters.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from safetynlp.errors import ReadError
from safetynlp.readers.extracted import Extracted

__all__ = ["decode", "is_nonsense", "read_text"]

_BOMS = (  # UTF-32-LE begins like UTF-16-LE, so it comes first
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_GUESSES = ("gb18030", "utf-16-le", "utf-16-be")
# Measured on Chinese laws, right and wrong decodings of each: common characters make up 0.99 or
# more of the non-ASCII characters when right and 0.55 at most when wrong; the suspicious ones
# 0.01 and 0.45.
_MIN_COMMON = 0.75
_MAX_SUSPICIOUS = 0.25
_MIN_SUSPICIOUS = 4
_MAX_BROKEN = 0.02
_MAX_QUESTION_MARKS = 0.3
# Bytes that did not survive an earlier conversion: U+FFFD read as GBK, memory filled by a debugger.
_RUINS = re.compile("(?:锟斤拷)+|(?:锟斤)+拷?|烫烫烫+|屯屯屯+")


def read_text(data: bytes, name: str) -> Extracted:
    """The decoded text, exact but for the byte order mark.

    Raises:
        ReadError: the bytes are no text in a known encoding, or decode to nonsense.
    """
    text, encoding = decode(data, name)
    return Extracted(text, encoding=encoding)


def decode(data: bytes, name: str, declared: str | None = None) -> tuple[str, str]:
    """Decode bytes strictly; returns the text without byte order mark, and the encoding.

    Args:
        data: the content of a file.
        name: its name, for messages.
        declared: encoding that the file itself names (``<meta charset>``), tried after UTF-8:
            a page that is valid UTF-8 is UTF-8, whatever it still says of itself.

    Raises:
        ReadError: no encoding fits, or the text is nonsense in the one that does.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = _try(data[len(mark) :], encoding)
            if text is None or is_nonsense(text):
                raise _nonsense(data, name, encoding)
            return text, encoding
    text = _try(data, "utf-8")
    if text is not None:
        if not is_nonsense(text):
            return text, "utf-8"
        if not text.isascii() and b"\x00" not in data:
            # Valid multi-byte UTF-8 is no accident: it was spoilt before it was saved.
            raise _nonsense(data, name, "utf-8")
    for encoding in filter(None, (declared,)):
        text = _try(data, encoding)
        if text is not None and _Profile.of(text).is_common():
            return text.removeprefix("\ufeff"), encoding
    guesses = [(_Profile.of(t), t, e) for e in _GUESSES if (t := _try(data, e)) is not None]
    guesses = [guess for guess in guesses if guess[0].is_common()]
    if not guesses:
        raise _nonsense(data, name, None)
    _, text, encoding = max(guesses, key=lambda guess: guess[0].common_share)
    return text.removeprefix("\ufeff"), encoding


def is_nonsense(text: str) -> bool:
    """Whether a text, decoded without error, is mojibake or broken characters.

    >>> is_nonsense("全市安全生产会议"), is_nonsense("鍏ㄥ競瀹夊叏鐢熶骇浼氳")
    (False, True)
    """
    profile = _Profile.of(text)
    # A name of three characters may hold two rare ones; that is no mojibake yet.
    limit = max(_MAX_SUSPICIOUS * profile.total, _MIN_SUSPICIOUS - 1)
    return profile.is_broken() or profile.suspicious > limit


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):  # LookupError: a declared encoding nobody knows
        return None


@dataclass(frozen=True, slots=True)
class _Profile:
    """Numbers of characters in a text; blanks are not counted anywhere."""

    total: int
    non_ascii: int
    common: int  # non-ASCII: everyday Chinese characters and Chinese punctuation
    suspicious: int  # rare Chinese characters, accented Latin letters, broken ones
    broken: int  # controls, private use, unassigned, U+FFFD
    question_marks: int

    @classmethod
    def of(cls, text: str) -> _Profile:
        total = non_ascii = common = suspicious = broken = 0
        everyday = _everyday()
        for character, count in Counter(text).items():  # a few thousand different ones at most
            if character.isspace():
                continue
            total += count
            code = ord(character)
            non_ascii += count if code > 0x7F else 0
            if character in everyday or _is_chinese_punctuation(code):
                common += count
            elif code == 0xFFFD or unicodedata.category(character) in {"Cc", "Cn", "Co", "Cs"}:
                broken += count
                suspicious += count
            elif 0xA0 <= code < 0x180 or 0x3400 <= code <= 0x9FFF or code >= 0x20000:
                suspicious += count
        ruins = sum(len(match.group()) for match in _RUINS.finditer(text))
        return cls(total, non_ascii, common, suspicious, broken + ruins, text.count("?"))

    @property
    def common_share(self) -> float:
        return self.common / self.non_ascii if self.non_ascii else 1.0

    def is_common(self) -> bool:
        """What a guessed encoding must reach: hardly anything but everyday Chinese and ASCII."""
        return not self.is_broken() and self.common_share >= _MIN_COMMON

    def is_broken(self) -> bool:
        lost = self.question_marks > _MAX_QUESTION_MARKS * self.total and self.total >= 20
        return lost or self.broken > _MAX_BROKEN * self.total


def _is_chinese_punctuation(code: int) -> bool:
    return (
        0x2010 <= code <= 0x206F
        or 0x2460 <= code <= 0x24FF
        or 0x3000 <= code <= 0x303F
        or 0xFF00 <= code <= 0xFFEF
        or code in {0xA7, 0xB0, 0xB1, 0xB7, 0xD7, 0x2103}
    )


@lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    """The characters of GB2312 and the frequent ones of Big5, so traditional script passes."""
    gb2312 = (bytes((a, b)) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF))
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    big5 = (bytes((a, b)) for a in range(0xA4, 0xC7) for b in trails)
    characters = {pair.decode("gb2312", "ignore") for pair in gb2312}
    characters |= {pair.decode("big5", "ignore") for pair in big5}
    return frozenset(c for c in characters if len(c) == 1 and "\u4e00" <= c <= "\u9fff")


def _nonsense(data: bytes, name: str, encoding: str | None) -> ReadError:
    controls = sum(count for byte, count in Counter(data[:65536]).items() if byte < 9)
    if encoding is None and controls > 0.01 * min(len(data), 65536):
        return ReadError(
            f"{name}: looks like a binary file, not a text. Expected .txt, .md, .html, .docx or "
            f".pdf; open it in the program it comes from and save it as one of these.",
            f"{name}：看起来是二进制文件，不是文本。可读取 .txt、.md、.html、.docx、.pdf；"
            f"请用原来的程序打开，另存为其中一种。",
        )
    if encoding is None and (place := _broken_utf8(data)) is not None:
        return ReadError(
            f"{name}: is UTF-8 up to byte {place}, but not there: cut off or mixed with another "
            f"encoding. Copy it again, or open it in an editor and save it as UTF-8.",
            f"{name}：前 {place} 个字节是 UTF-8，此后出错：文件不完整或混入其他编码。"
            f"请重新复制，或用编辑器打开后另存为 UTF-8。",
        )
    read_as_en = f"read as {encoding}" if encoding else "in UTF-8, GB18030 and UTF-16 alike"
    read_as_zh = f"按 {encoding} 读取" if encoding else "按 UTF-8、GB18030、UTF-16 读取"
    return ReadError(
        f"{name}: the text is garbled ({read_as_en}). It has another encoding or was damaged by "
        f"an earlier conversion. Open the original and save it as UTF-8.",
        f"{name}：{read_as_zh}得到的是乱码，文件可能是其他编码，或此前转换时已损坏。"
        f"请打开原文件，另存为 UTF-8。",
    )


def _broken_utf8(data: bytes) -> int | None:
    """Where UTF-8 ends, if a good part of the data before is multi-byte UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        if len(before) >= 10 and _Profile.of(before).is_common() and not before.isascii():
            return error.start
    return None
