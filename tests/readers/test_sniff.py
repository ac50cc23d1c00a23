"""Files that are no speech are refused with their kind and with what to do."""

import io
import zipfile

import pytest
from PIL import Image

from safetynlp.errors import ReadError
from safetynlp.readers.sniff import sniff

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
CHINESE = "各乡镇要压实责任。"


def picture(kind):
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, kind)
    return out.getvalue()


def archive(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for member in members:
            file.writestr(member, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "en", "zh"),
    [
        (picture("PNG"), "a PNG picture", "PNG 图片"),
        (picture("JPEG"), "a JPEG picture", "JPEG 图片"),
        (picture("TIFF"), "a TIFF picture", "TIFF 图片"),
        (picture("BMP"), "a picture, sound or film", "图片或音视频"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "a picture, sound or film", "图片或音视频"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(64), "a picture, sound or film", "图片或音视频"),
        (b"MZ\x90\x00" + bytes(range(256)), "a program", "可执行程序"),
        (b"\x7fELF" + bytes(range(256)), "a program", "可执行程序"),
        (b"Rar!\x1a\x07\x00" + bytes(range(64)), "a RAR archive", "RAR 压缩包"),
        (archive("a.txt", "b/c.txt"), "a zip archive", "zip 压缩包"),
        (archive(), "a zip archive", "zip 压缩包"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "Excel 工作簿"),
        (archive("ppt/presentation.xml"), "a PowerPoint", "PowerPoint 演示文稿"),
        (archive("OFD.xml"), "an OFD document", "OFD 版式文件"),
        (archive("mimetype", "content.xml"), "an OpenDocument file", "OpenDocument 文件"),
        (OLE, "a file of old Word or WPS", "旧版 Word 或 WPS 文件"),
        (b"{\\rtf1\\ansi \\u19968?}", "an RTF file", "RTF 文件"),
        (
            b'<?xml version="1.0"?><w:wordDocument xmlns:w="x"></w:wordDocument>',
            "a Word XML file",
            "Word XML 文件",
        ),
        (
            b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n",
            "a web archive",
            "网页归档文件",
        ),
    ],
)
@pytest.mark.parametrize("name", ["讲话.txt", "讲话.docx", "讲话"])
def test_names_what_it_looks_like(data, en, zh, name):
    with pytest.raises(ReadError) as caught:
        sniff(data, name)
    assert f"looks like {en}" in caught.value.en
    assert f"看起来是 {zh}" in caught.value.zh
    assert name in caught.value.en
    assert name in caught.value.zh


def test_says_what_to_do_next():
    with pytest.raises(ReadError) as caught:
        sniff(OLE, "讲话.doc")
    assert "save it as .docx" in caught.value.en
    assert "另存为 .docx" in caught.value.zh
    with pytest.raises(ReadError) as caught:
        sniff(picture("PNG"), "讲话.png")
    assert "OCR" in caught.value.en
    assert "OCR" in caught.value.zh


def test_password_of_an_office_file():
    with pytest.raises(ReadError, match="protected by a password"):
        sniff(OLE + "EncryptedPackage".encode("utf-16-le"), "讲话.docx")


def test_truncated_zip_is_a_damaged_docx():
    data = archive("word/document.xml", "[Content_Types].xml")
    for kept in (4, 30, len(data) // 2, len(data) - 10):
        with pytest.raises(ReadError, match="incomplete or damaged") as caught:
            sniff(data[:kept], "讲话.docx")
        assert "重新复制" in caught.value.zh


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\x00" * 100, b" \x00\n\x00"])
def test_empty(data):
    with pytest.raises(ReadError, match="is empty") as caught:
        sniff(data, "空.txt")
    assert "文件是空的" in caught.value.zh


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (CHINESE.encode(), "a.txt", "text"),
        (CHINESE.encode(), "a", "text"),
        (CHINESE.encode(), "a.docx", "text"),  # content decides, not the name
        (CHINESE.encode(), "A.MD", "markdown"),
        (CHINESE.encode(), "a.html", "html"),
        (f"<!DOCTYPE html><p>{CHINESE}".encode(), "a.txt", "html"),
        (f"\ufeff<html><p>{CHINESE}".encode("utf-16-le"), "a", "html"),
        (f"<div class='x'>{CHINESE}</div>".encode("gbk"), "a.txt", "html"),
        (f"<通知>{CHINESE}".encode(), "a.txt", "text"),
        (b"%PDF-1.4\n", "a.txt", "pdf"),
        (archive("word/document.xml"), "a.txt", "docx"),
    ],
)
def test_kind(data, name, kind):
    assert sniff(data, name) == kind
