"""Writing a file: whole or not at all, with an error that says what to do."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from safetynlp import UsageError
from safetynlp.output import write_output

posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def test_text_is_written_as_utf8_without_changing_line_ends(tmp_path: Path) -> None:
    write_output(str(tmp_path / "a.txt"), "安全\n生产\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "安全\n生产\r\n".encode()


@pytest.mark.parametrize("content", ["甲", "甲".encode(), b"\xef\xbb\xbf" + "甲".encode()])
def test_byte_order_mark_is_written_once(tmp_path: Path, content: str | bytes) -> None:
    write_output(tmp_path / "a.csv", content, bom=True)
    assert (tmp_path / "a.csv").read_bytes() == b"\xef\xbb\xbf\xe7\x94\xb2"


def test_undecodable_file_name_in_the_text_does_not_stop_the_result(tmp_path: Path) -> None:
    write_output(tmp_path / "a.json", '"\udcff"')
    assert (tmp_path / "a.json").read_bytes() == b'"\\udcff"'


def test_old_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old, and longer")
    write_output(tmp_path / "a.txt", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"


@posix_only
def test_permissions_are_kept_or_follow_the_umask(tmp_path: Path) -> None:
    (tmp_path / "old").touch(0o640)
    (tmp_path / "old").chmod(0o640)
    mask = os.umask(0o027)
    try:
        write_output(tmp_path / "old", "x")
        write_output(tmp_path / "new", "x")
    finally:
        os.umask(mask)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("old", "new")]
    assert modes == [0o640, 0o640]


@posix_only
def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_output(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@posix_only
def test_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    write_output(pipe, "结果")
    reader.join(5)
    assert got == ["结果"]
    assert pipe.is_fifo()


def _fail(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "en", "zh"),
    [
        (errno.ENOSPC, "the disk is full", "磁盘已满"),
        (errno.EACCES, "no permission", "没有写入权限"),
        (errno.EROFS, "no permission", "没有写入权限"),
        (errno.EIO, "cannot be written", "无法写入"),
    ],
)
def test_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, en: str, zh: str
) -> None:
    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr(os, step, _fail(OSError(number, os.strerror(number))))
    with pytest.raises(UsageError) as caught:
        write_output(tmp_path / "a.txt", "new")
    assert "a.txt: " + en in caught.value.en
    assert "a.txt：" + zh in caught.value.zh
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.txt": "old"}


def test_interruption_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", _fail(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write_output(tmp_path / "a.txt", "new")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'the folder ".*no" does not exist') as caught:
        write_output(tmp_path / "no" / "a.txt", "x")
    assert "不存在" in caught.value.zh
    assert not (tmp_path / "no").exists()


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, expected the name of a file"):
        write_output(tmp_path, "x")


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(UsageError, match="is a file, expected a folder"):
        write_output(tmp_path / "f" / "a.txt", "x")


@pytest.mark.parametrize("name", ["a\0b.txt", "长" * 200])
def test_name_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_output(tmp_path / name, "x")
    assert list(tmp_path.iterdir()) == []


def test_protected_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to everything
    with pytest.raises(UsageError, match="no permission"):
        write_output(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"
