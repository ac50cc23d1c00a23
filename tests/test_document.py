"""Reading a speech from a path, from bytes and from a text, and saying why it fails."""

import dataclasses
import os
import sys

import pytest

from safetynlp import document as module
from safetynlp.document import Document, Furniture
from safetynlp.errors import ReadError

TEXT = "同志们：\n各乡镇要压实责任。\n"


def test_from_path(tmp_path):
    path = tmp_path / "讲话.txt"
    path.write_bytes(TEXT.encode("gb18030"))
    document = Document.from_path(path)
    assert document == Document(TEXT, source=str(path), encoding="gb18030")
    assert Document.from_path(str(path)) == document


def test_content_decides_the_format_not_the_name(tmp_path):
    path = tmp_path / "讲话.docx"
    path.write_text(TEXT, encoding="utf-8")
    assert Document.from_path(path).text == TEXT


def test_from_text_takes_it_as_it_is():
    text = "\ufeff 同志们：\r\n\x00责任编辑：小周\n\n"
    document = Document.from_text(text, "稿")
    assert (document.text, document.source, document.encoding) == (text, "稿", None)
    assert Document.from_text("").text == ""
    assert Document.from_text("散会！\n— 3 —").furniture == (Furniture(4, 9, "page_number"),)


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Document.from_text(TEXT).text = "x"  # type: ignore[misc]


def test_lone_surrogates_are_refused():
    with pytest.raises(ReadError, match="character 2 is a lone surrogate") as caught:
        Document.from_text("安全\udcd6\udcd0", "稿")
    assert "孤立代理项" in caught.value.zh
    assert caught.value.zh.startswith("稿：")


def assert_explained(caught, path, en, zh):
    assert caught.value.en.startswith(f"{path}: ")
    assert caught.value.zh.startswith(f"{path}：")
    assert en in caught.value.en
    assert zh in caught.value.zh


def test_no_such_file(tmp_path):
    path = tmp_path / "没有.txt"
    with pytest.raises(ReadError) as caught:
        Document.from_path(path)
    assert_explained(caught, path, "there is no such file", "文件不存在")


def test_folder(tmp_path):
    with pytest.raises(ReadError) as caught:
        Document.from_path(tmp_path)
    assert_explained(caught, tmp_path, "is a folder", "文件夹")


def test_path_that_no_system_takes():
    for path in ("a\0b.txt", "长" * 5000 + ".txt"):
        with pytest.raises(ReadError) as caught:
            Document.from_path(path)
        assert_explained(caught, path, "cannot be opened", "无法打开")


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_no_permission(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(TEXT, encoding="utf-8")
    path.chmod(0)
    with pytest.raises(ReadError) as caught:
        Document.from_path(path)
    assert_explained(caught, path, "cannot be opened", "无法打开")


def test_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1024 * 1024)
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * (1024 * 1024))
    assert len(Document.from_path(path).text) == 1024 * 1024
    path.write_bytes(b"a" * (1024 * 1024 + 1))
    with pytest.raises(ReadError) as caught:
        Document.from_path(path)
    assert_explained(caught, path, "larger than 1 MB", "上限 1 MB")


@pytest.mark.parametrize(
    "data", ["\u3000\u2003\n".encode(), "\ufeff\u200b".encode(), b"\xff\xfe", b"\xef\xbb\xbf \n"]
)
def test_blanks_only(data):
    with pytest.raises(ReadError) as caught:
        Document.from_bytes(data, "空.txt")
    assert_explained(caught, "空.txt", "contains no text", "没有文字")


@pytest.mark.parametrize("data", [b"", b"\n \t", bytes(64)])
def test_empty(data):
    with pytest.raises(ReadError) as caught:
        Document.from_bytes(data, "空.txt")
    assert_explained(caught, "空.txt", "is empty", "文件是空的")


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_are_refused(seed):
    import random

    data = random.Random(seed).randbytes(2000)
    with pytest.raises(ReadError) as caught:
        Document.from_bytes(data, "随机.txt")
    assert_explained(caught, "随机.txt", "looks like a binary file", "二进制文件")
