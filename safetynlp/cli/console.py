"""Where a command meets its surroundings: streams, files, errors and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import typer

from safetynlp.errors import ReadError, SafetyNLPError, UsageError

if TYPE_CHECKING:
    from safetynlp.document import Document

__all__ = [
    "EXIT_ERROR",
    "EXIT_INTERRUPTED",
    "EXIT_PARTIAL",
    "STDIN",
    "Batch",
    "check_binary",
    "check_out",
    "check_stdin",
    "deliver",
    "describe",
    "json_text",
    "language",
    "note",
    "read",
    "say",
    "text_width",
    "use_utf8",
]

EXIT_PARTIAL = 1  # some of several files failed
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130  # as a shell reports a command ended by Ctrl-C
_EXIT_CLOSED_PIPE = 141  # as a shell reports a command whose reader went away

STDIN = "-"
BINARY = ("docx", "parquet")  # results that are no text
_STDIN_NAME = "<stdin>"
_DEBUG = "SAFETYNLP_DEBUG"
_PAGE_COLUMNS = 96
_MAX_COLUMNS = 120

T = TypeVar("T")


def use_utf8() -> None:
    """Write UTF-8 whatever the locale, with line feeds as they are.

    What UTF-8 cannot hold (undecodable bytes of a file name) is shown with a backslash.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not so in a notebook, or if it is closed
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def language(arguments: Sequence[str]) -> str:
    """The language of messages, known before the arguments are parsed: ``"zh"`` or ``"en"``."""
    lang = "zh"
    for argument, following in zip_longest(arguments, arguments[1:]):
        if argument == "--":
            break
        if argument == "--lang":
            lang = following
        elif argument.startswith("--lang="):
            lang = argument.removeprefix("--lang=")
    return "zh" if lang == "zh" else "en"


def say(message: str) -> None:
    """Write a message to standard error, a line for each of its mistakes; nothing if closed."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):  # nobody is left to be told
        for line in message.splitlines():
            print("safetynlp:", line, file=sys.stderr, flush=True)


def note(line: str) -> None:
    """Write a line about the work under way to standard error; nothing if closed."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def text_width(out: str | None) -> int:
    """Columns for a text result: those of the terminal, within reason, or of a page."""
    if out is not None or sys.stdout is None or not sys.stdout.isatty():
        return _PAGE_COLUMNS
    return min(shutil.get_terminal_size().columns, _MAX_COLUMNS)


def describe(error: Exception, lang: str) -> str:
    """What to tell the user of an error; an unforeseen one shows its traceback on request."""
    if isinstance(error, SafetyNLPError):
        return error.message(lang)
    if hasattr(error, "format_message"):  # typer's own, which it does not export
        return _usage_message(error, lang)
    if os.environ.get(_DEBUG) == "1":
        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    if lang == "zh":
        return f"内部错误（{what}）。请把所用命令和文件告知开发者；设 {_DEBUG}=1 可查看详情。"
    return (
        f"internal error ({what}). Please report it with the command and the file; "
        f"{_DEBUG}=1 shows the details."
    )


# typer speaks English only: its messages, and the same in Chinese.
_USAGE_ZH = (
    (r"No such option:? '?([^\s'.]+)", "没有选项 {}"),
    (r"No such command '(.*?)'", "没有命令“{}”"),
    (r"Missing \w+ '(.*?)'", "缺少 {}"),
    (r"Option '(.*?)' requires an argument", "选项 {} 后面缺少值"),
    (r"Invalid value for '(.*?)'.*(?:number|float)", "选项 {} 的值应为数字"),
    (r"Invalid value for '(.*?)'", "选项 {} 的值有误"),
    (r"Got unexpected extra argument\S* \((.*?)\)$", "多余的参数 {}"),
)
_SUGGESTION = re.compile(r"(?:Did you mean|Possible options:) (.*?)[?)]*$")


def _usage_message(error: Exception, lang: str) -> str:
    found = error.format_message().rstrip(".")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "safetynlp"
    if lang == "en":
        return f"{found}. Usage: `{command} --help`."
    suggestion = _SUGGESTION.search(found)
    for english, chinese in _USAGE_ZH:
        if match := re.match(english, found):
            found = chinese.format(match[1])
            break
    near = f"，是否想写 {suggestion[1]}？" if suggestion else "。"
    return f"{found}{near}用法见 `{command} --help`。"


@dataclass(frozen=True)
class Batch(Generic[T]):
    """What became of the files of a command: results in order, and ``(file, message)`` of the rest."""

    results: tuple[T, ...]
    failures: tuple[tuple[str, str], ...]

    @classmethod
    def run(cls, files: Sequence[str], work: Callable[[Document], T], lang: str) -> Batch[T]:
        """Read each file and do ``work`` on it; with several, one that fails stops no other.

        Raises:
            ReadError: the only file cannot be read.
            SafetyNLPError: of another kind, from ``work``: it would be the same for every file.
        """
        check_stdin(files)
        results: list[T] = []
        failures: list[tuple[str, str]] = []
        for file in _with_progress(files):
            try:
                results.append(work(read(file)))
            except Exception as error:
                foreseen = isinstance(error, SafetyNLPError) and not isinstance(error, ReadError)
                if foreseen or len(files) == 1:
                    raise
                failures.append((file, describe(error, lang)))
        return cls(tuple(results), tuple(failures))

    def finish(self, lang: str) -> None:
        """Tell of the files that failed, each in a line and then all in one.

        Raises:
            typer.Exit: with ``EXIT_PARTIAL``, if any failed.
        """
        if not self.failures:
            return
        for _, message in self.failures:
            say(message)
        read, total = len(self.results), len(self.results) + len(self.failures)
        names = [file for file, _ in self.failures]
        if lang == "zh":
            say(f"{total} 个文件中成功 {read} 个；失败：{'、'.join(names)}")
        else:
            say(f"{read} of {total} read; failed: {', '.join(names)}")
        raise typer.Exit(EXIT_PARTIAL)


def check_stdin(files: Sequence[str]) -> None:
    """Refuse standard input that is named twice.

    Raises:
        UsageError: it is.
    """
    if files.count(STDIN) > 1:
        raise UsageError(
            f'"{STDIN}" is given {files.count(STDIN)} times, but standard input can be read '
            "only once. Give it once.",
            f"“{STDIN}”出现了 {files.count(STDIN)} 次，而标准输入只能读一次。请只写一个。",
        )


def _with_progress(files: Sequence[str]) -> Iterable[str]:
    if len(files) == 1 or sys.stderr is None or not sys.stderr.isatty():
        return files
    return _progress(files)


def _progress(files: Sequence[str]) -> Iterator[str]:
    from rich.console import Console
    from rich.progress import track

    yield from track(files, "safetynlp", console=Console(stderr=True), transient=True)


def read(file: str) -> Document:
    """Read a speech from a file, or from standard input if it is named ``-``.

    Raises:
        ReadError: it cannot be read as a speech.
    """
    from safetynlp.document import MAX_FILE_BYTES, Document

    if file != STDIN:
        return Document.from_path(file)
    if sys.stdin is None:
        raise ReadError("standard input is closed.", "标准输入已关闭，无法读取。")
    return Document.from_bytes(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), _STDIN_NAME)


def check_out(out: str | None, files: Sequence[str]) -> None:
    """Refuse a place for the result that cannot be meant, before the work begins.

    Raises:
        UsageError: a folder, in a folder that does not exist, or one of the files to be read.
    """
    if out is None:
        return
    path = Path(out)
    if os.path.isdir(path):  # unlike Path.is_dir, it raises nothing
        raise UsageError(
            f"--out {out}: is a folder, expected the name of a file, such as "
            f"{path / 'report.html'}.",
            f"--out {out}：这是文件夹，应为文件名，例如 {path / 'report.html'}。",
        )
    if not os.path.isdir(path.parent):
        raise UsageError(
            f"--out {out}: there is no folder {path.parent}. Create it, or name another.",
            f"--out {out}：文件夹 {path.parent} 不存在。请先建立，或换一个位置。",
        )
    if os.path.exists(path) and any(
        os.path.exists(file) and os.path.samefile(path, file) for file in files
    ):
        raise UsageError(
            f"--out {out}: is one of the files to be read and would be overwritten. "
            "Name another file.",
            f"--out {out}：这是要读取的讲话文件，会被覆盖。请换一个文件名。",
        )


def check_binary(form: str, out: str | None) -> None:
    """Refuse in good time what cannot be shown on a terminal or written here.

    Raises:
        UsageError: ``form`` is ``"docx"`` or ``"parquet"`` and no file is named, or Parquet
            cannot be written here.
    """
    if form not in BINARY:
        return
    if form == "parquet":
        from safetynlp.parquet import check_parquet

        check_parquet()
    if out is None:
        raise UsageError(
            f"--format {form}: is no text to be shown. Name a file: --out result.{form}.",
            f"--format {form}：不是可显示的文本。请指定文件：--out result.{form}。",
        )


def deliver(result: str | bytes, out: str | None, lang: str, *, bom: bool = False) -> None:
    """Write the result to the file ``out`` and say so, or to standard output if it is None.

    Args:
        result: text, or the bytes of a file, for which ``out`` must be given.
        bom: begin a file with a byte order mark, by which Excel knows UTF-8.

    Raises:
        SafetyNLPError: it cannot be written.
        typer.Exit: the reader of standard output went away.
    """
    if isinstance(result, str):
        result = result if result.endswith("\n") or not result else result + "\n"
        if out is None:
            _print(result)
            return
    check_binary("docx" if isinstance(result, bytes) else "text", out)
    from safetynlp.report import write_output

    write_output(Path(str(out)), result, bom=bom)
    say(f"已写入 {out}" if lang == "zh" else f"wrote {out}")


def _print(text: str) -> None:
    if sys.stdout is None:
        raise UsageError(
            "standard output is closed, so the result cannot be shown.",
            "标准输出已关闭，无法显示结果。",
        )
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        raise typer.Exit(_EXIT_CLOSED_PIPE) from None
    except OSError as error:
        _drop_stdout()
        raise UsageError(
            f"standard output cannot be written: {error.strerror}.",
            f"标准输出无法写入：{error.strerror}。",
        ) from error


def _drop_stdout() -> None:
    """Let what is still buffered go nowhere, or Python would complain of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def json_text(data: object) -> str:
    """Plain data as indented JSON, Chinese characters as they are."""
    return json.dumps(data, ensure_ascii=False, indent=2)
