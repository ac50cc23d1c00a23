"""Which format a file has, by its content; the name only where content cannot tell."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from typing import Literal

from safetynlp.errors import ReadError

__all__ = ["Kind", "sniff"]

Kind = Literal["docx", "pdf", "html", "markdown", "text"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_SAVE_AS_EN = "Open it in Word or WPS, save it as .docx, and read that file."
_SAVE_AS_ZH = "请用 Word 或 WPS 打开，另存为 .docx 后再读取。"
# First bytes of files that are no text: (signature, in English, in Chinese).
_BINARY = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "PNG 图片"),
    (b"\xff\xd8\xff", "a JPEG picture", "JPEG 图片"),
    (b"GIF87a", "a GIF picture", "GIF 图片"),
    (b"GIF89a", "a GIF picture", "GIF 图片"),
    (b"II*\x00", "a TIFF picture", "TIFF 图片"),
    (b"MM\x00*", "a TIFF picture", "TIFF 图片"),
    (b"\x7fELF", "a program", "可执行程序"),
    (b"MZ\x90\x00", "a program", "可执行程序"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z 压缩包"),
    (b"Rar!\x1a\x07", "a RAR archive", "RAR 压缩包"),
    (b"\x1f\x8b\x08", "a gzip archive", "gzip 压缩包"),
    (b"BZh", "a bzip2 archive", "bzip2 压缩包"),
    (b"\xfd7zXZ\x00", "an xz archive", "xz 压缩包"),
    (b"ID3\x03", "an audio file", "音频文件"),
    (b"ID3\x04", "an audio file", "音频文件"),
)
# ISO media files (mp4, mov, heic) and RIFF ones (wav, avi, webp) have their name further on.
_MEDIA = re.compile(rb"(?s)\A(?:.{4}ftyp|RIFF.{4}(?:WAVE|AVI |WEBP)|BM.{4}\x00\x00\x00\x00)")
# A part that only this kind of zip has: (prefix of a member's name, in English, in Chinese).
_ZIP_KINDS = (
    ("xl/", "an Excel workbook", "Excel 工作簿"),
    ("ppt/", "a PowerPoint presentation", "PowerPoint 演示文稿"),
    ("OFD.xml", "an OFD document", "OFD 版式文件"),
    ("content.xml", "an OpenDocument file", "OpenDocument 文件"),
)
_HTML_START = re.compile(
    rb"\A(?:<\?xml[^>]*>|<!--.*?-->|\s)*<(?:!doctype\s+html|html|head|body|meta|title)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_HTML_FRAGMENT = re.compile(
    rb"\A\s*<(div|p|table|article|section|main|h[1-6]|span)(?:\s[^<>]*)?>.*</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
_WORD_XML = re.compile(rb"<(?:w:wordDocument|pkg:package)[\s>]")
_MHTML = re.compile(rb"(?im)^content-type:\s*multipart/related")
_HEAD_BYTES = 4096


def sniff(data: bytes, name: str) -> Kind:
    """The format of a file.

    Raises:
        ReadError: empty, or a known format that holds no readable text.
    """
    if not data.strip(b" \t\r\n\x00"):
        raise ReadError(
            f"{name}: is empty ({len(data)} bytes, none of them text). Check that the right file "
            f"was given and fully saved.",
            f"{name}：文件是空的（{len(data)} 字节，没有文字）。请确认文件是否正确、是否已保存完整。",
        )
    head = data[:_HEAD_BYTES]
    if head.startswith(_ZIP):
        _check_zip_is_docx(data, name)
        return "docx"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    _refuse_word_processor(data, head, name)
    _refuse_binary(head, name)
    return _text_kind(head, data, name)


def _check_zip_is_docx(data: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OSError) as error:
        raise ReadError(
            f"{name}: starts like a Word file (.docx) but is incomplete or damaged ({error}). "
            f"Copy or download it again.",
            f"{name}：文件开头像 Word 文件（.docx），但不完整或已损坏。请重新复制或下载。",
        ) from error
    if any(member.startswith("word/") for member in members):
        return
    en, zh = next(
        (
            (en, zh)
            for prefix, en, zh in _ZIP_KINDS
            if any(member.startswith(prefix) for member in members)
        ),
        ("a zip archive", "zip 压缩包"),
    )
    raise ReadError(
        f"{name}: looks like {en}, expected a speech as .docx, .pdf, .html, .md or .txt. "
        f"Take the speech out of it, save it in one of these formats, and read that file.",
        f"{name}：看起来是 {zh}，而可读取的是 .docx、.pdf、.html、.md、.txt。"
        f"请取出讲话稿，存为其中一种格式后再读取。",
    )


def _refuse_word_processor(data: bytes, head: bytes, name: str) -> None:
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise ReadError(
                f"{name}: is protected by a password. Open it with the password, remove the "
                f"protection, and save it as .docx.",
                f"{name}：文件设有打开密码。请用密码打开，取消加密后另存为 .docx。",
            )
        en, zh = "a file of old Word or WPS (.doc, .wps)", "旧版 Word 或 WPS 文件（.doc、.wps）"
    elif head.startswith(b"{\\rtf"):
        en, zh = "an RTF file", "RTF 文件"
    elif _WORD_XML.search(head):
        en, zh = "a Word XML file", "Word XML 文件"
    elif _MHTML.search(head):
        en, zh = "a web archive (.mht)", "网页归档文件（.mht）"
    else:
        return
    raise ReadError(
        f"{name}: looks like {en}, which cannot be read directly. {_SAVE_AS_EN}",
        f"{name}：看起来是 {zh}，无法直接读取。{_SAVE_AS_ZH}",
    )


def _refuse_binary(head: bytes, name: str) -> None:
    found = next(((en, zh) for mark, en, zh in _BINARY if head.startswith(mark)), None)
    if found is None and _MEDIA.match(head):
        found = ("a picture, sound or film", "图片或音视频")
    if found is None:
        return
    raise ReadError(
        f"{name}: looks like {found[0]}, not a text. If it shows a speech, run OCR (or speech "
        f"recognition) on it and read the result as .txt or .docx.",
        f"{name}：看起来是 {found[1]}，不是文本。如内容是讲话稿，请先做文字识别（OCR）或语音转写，"
        f"再读取得到的 .txt 或 .docx。",
    )


def _text_kind(head: bytes, data: bytes, name: str) -> Kind:
    # UTF-16 markup has a NUL in every other byte; without them its tags can be matched.
    plain = head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf")
    plain = plain.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    extension = name.lower().rpartition(".")[2]
    if extension in {"htm", "html", "xhtml", "shtml"} or _HTML_START.match(plain):
        return "html"
    if extension in {"md", "markdown"}:
        return "markdown"
    if _HTML_FRAGMENT.match(data.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf")):
        return "html"
    return "text"
