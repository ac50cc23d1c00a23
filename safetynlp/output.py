"""Write a result file whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from safetynlp.errors import UsageError

__all__ = ["write_output"]

_BOM = b"\xef\xbb\xbf"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_output(path: Path | str, content: str | bytes, *, bom: bool = False) -> None:
    """Write ``content`` to the file ``path``; a file of that name is replaced.

    It is written to a temporary file in the same folder, which takes the place of ``path`` when
    it is complete: whatever fails, ``path`` holds all of the new content or what it held before.
    The permissions of a file that is replaced are kept, a link is followed, and a device or pipe
    (``/dev/stdout``) is written to as it is.

    Args:
        path: the file; its folder must exist.
        content: bytes, or text that is written as UTF-8. What UTF-8 cannot hold (undecodable
            bytes of a file name) is written with a backslash.
        bom: put a byte order mark before it, by which Excel knows UTF-8.

    Raises:
        UsageError: the folder is missing or not writable, ``path`` is a folder, the disk is
            full, or the like.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if bom and not data.startswith(_BOM):
        data = _BOM + data
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise _as_usage_error(path, error) from error


def _replace(target: Path, data: bytes) -> None:
    kept_mode = None
    if target.exists():
        kept_mode = stat.S_IMODE(target.stat().st_mode)
        if not os.access(target, os.W_OK):  # replacing it would get round its protection
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = target.with_name(f".safetynlp-{secrets.token_hex(6)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # 0o666 less the umask, as for any new file; tempfile would give 0o600.
    handle = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if kept_mode is not None:
            temporary.chmod(kept_mode)
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C too must leave nothing behind
        temporary.unlink(missing_ok=True)
        raise


def _as_usage_error(path: Path | str, error: OSError | ValueError) -> UsageError:
    folder = os.path.dirname(path) or "."
    number = getattr(error, "errno", None)
    if number == errno.EISDIR:
        en = "is a folder, expected the name of a file. Add a file name."
        zh = "这是文件夹，应为文件名。请在后面加上文件名。"
    elif number == errno.ENOENT:
        en = f'the folder "{folder}" does not exist. Create it, or name another.'
        zh = f"文件夹“{folder}”不存在。请先建立，或换一个。"
    elif number == errno.ENOTDIR:
        en = f'"{folder}" is a file, expected a folder. Name another place.'
        zh = f"“{folder}”是文件而不是文件夹。请换一个位置。"
    elif number in (errno.EACCES, errno.EPERM, errno.EROFS):
        en = (
            "no permission to write there. Name another place, or close the program that has it "
            "open."
        )
        zh = "没有写入权限。请换一个位置；如文件正被其他程序打开，请先关闭。"
    elif number in _NO_SPACE:
        en = "the disk is full; nothing was written. Free some space, or name another disk."
        zh = "磁盘已满，未写入任何内容。请清理空间，或换一个磁盘。"
    else:
        reason = getattr(error, "strerror", None) or str(error)
        en = f"cannot be written: {reason}. Name another file."
        zh = f"无法写入：{reason}。请换一个文件名。"
    return UsageError(f"{path}: {en}", f"{path}：{zh}")
