"""A speech as text with its places: what every later stage works on."""

from __future__ import annotations

import os
from dataclasses import dataclass

from safetynlp.errors import ReadError
from safetynlp.readers.extracted import BLANKS, Furniture, Heading

__all__ = ["MAX_FILE_BYTES", "Document", "Furniture", "Heading", "file_content"]

# A speech is some 50 kB; a file a thousand times larger is no speech, and reading it would only
# exhaust an office computer.
MAX_FILE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one speech.

    Every offset in safetynlp counts characters (Unicode code points) of ``text``. For a plain
    text file ``text`` is exactly the decoded content without its byte order mark; for other
    formats it is what the reader extracted, one paragraph per line.
    """

    text: str
    source: str = "<text>"  # path or name as given, for messages and reports
    furniture: tuple[Furniture, ...] = ()  # sorted by start, not overlapping
    headings: tuple[Heading, ...] = ()  # sorted by start, not overlapping
    encoding: str | None = None  # of a text, Markdown or HTML file, as detected

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Document:
        """Read a .txt, .md, .html, .docx or .pdf file.

        The content decides the format; the extension is a hint where content cannot tell.

        Raises:
            ReadError: no such file, a folder, no permission, more than ``MAX_FILE_BYTES``, or
                anything that :meth:`from_bytes` refuses.
        """
        return cls.from_bytes(file_content(path), os.fspath(path))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "<bytes>") -> Document:
        """Read the content of a file; ``name`` is its name, for the format hint and messages.

        Raises:
            ReadError: empty, larger than ``MAX_FILE_BYTES``, binary, damaged, encrypted,
                without a text layer (scanned), or decoding to nonsense.
        """
        from safetynlp.readers import read
        from safetynlp.readers.furniture import find_furniture

        if len(data) > MAX_FILE_BYTES:
            raise _too_large(name)
        extracted = read(data, name)
        if not extracted.text.strip(BLANKS):
            raise ReadError(
                f"{name}: contains no text. Check that the right file was given; if it shows "
                f"text as a picture, run OCR on it first.",
                f"{name}：文件中没有文字。请确认文件是否正确；如内容是图片，请先做文字识别（OCR）。",
            )
        return cls(
            text=extracted.text,
            source=name,
            furniture=find_furniture(extracted.text, extracted.furniture),
            headings=extracted.headings,
            encoding=extracted.encoding,
        )

    @classmethod
    def from_text(cls, text: str, source: str = "<text>") -> Document:
        """Take a text as it is; ``source`` names it in messages and reports.

        An empty text is allowed: it gives a document without segments.

        Raises:
            ReadError: the text holds lone surrogates, the trace of bytes that were not decoded.
        """
        from safetynlp.readers.furniture import find_furniture

        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ReadError(
                f"{source}: character {error.start} is a lone surrogate, so the text was decoded "
                f"wrongly before. Give the bytes of the file instead (Document.from_bytes).",
                f"{source}：第 {error.start} 个字符是孤立代理项，说明文字此前解码有误。"
                f"请直接传入文件字节（Document.from_bytes）。",
            ) from error
        return cls(text=text, source=source, furniture=find_furniture(text))


def file_content(path: str | os.PathLike[str]) -> bytes:
    """At most ``MAX_FILE_BYTES + 1`` bytes of the file, so that too large ones are noticed.

    Raises:
        ReadError: no such file, a folder, or no permission.
    """
    try:
        with open(path, "rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ReadError(
            f"{path}: there is no such file. Check the path and the spelling of the name.",
            f"{path}：文件不存在。请检查路径和文件名。",
        ) from error
    except IsADirectoryError as error:
        raise _is_folder(path) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        if os.path.isdir(os.fspath(path).replace("\0", "")):  # Windows says "permission denied"
            raise _is_folder(path) from error
        reason = getattr(error, "strerror", None) or error
        raise ReadError(
            f"{path}: cannot be opened: {reason}. Check its permissions, and whether another "
            f"program holds it.",
            f"{path}：无法打开：{reason}。请检查读取权限，或是否被其他程序占用。",
        ) from error


def _is_folder(path: str | os.PathLike[str]) -> ReadError:
    return ReadError(
        f"{path}: is a folder, expected a file. Give the files in it one by one.",
        f"{path}：这是文件夹，而不是文件。请逐个给出其中的文件。",
    )


def _too_large(name: str) -> ReadError:
    limit = MAX_FILE_BYTES // (1024 * 1024)
    return ReadError(
        f"{name}: larger than {limit} MB, the limit for one file. Split it, or save only its "
        f"text (a speech has some 50 kB).",
        f"{name}：文件超过单个文件上限 {limit} MB。请拆分，或只保存其中的文字。",
    )
