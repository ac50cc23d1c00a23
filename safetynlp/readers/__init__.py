"""One reader per file format; each turns bytes into lines of text (:class:`Extracted`).

A reader only extracts. Which of the lines are page furniture is decided for every format in
:mod:`safetynlp.readers.furniture`; a reader may add what only its format knows (a ``<nav>``, a
running head at the same height of every page).
"""

from __future__ import annotations

from safetynlp.readers.extracted import Extracted

__all__ = ["read"]


def read(data: bytes, name: str) -> Extracted:
    """Extract the text of a file; its format is recognised by content, ``name`` is a hint.

    Args:
        data: the whole content of the file.
        name: file name for the hint and for messages.

    Raises:
        ReadError: empty, binary, damaged, encrypted, scanned or not readable as text.
    """
    # Readers are imported when needed: lxml and pdfium would slow `import safetynlp` down.
    from safetynlp.readers.sniff import sniff

    kind = sniff(data, name)
    if kind == "docx":
        from safetynlp.readers.docx import read_docx

        return read_docx(data, name)
    if kind == "pdf":
        from safetynlp.readers.pdf import read_pdf

        return read_pdf(data, name)
    if kind == "html":
        from safetynlp.readers.html import read_html

        return read_html(data, name)
    if kind == "markdown":
        from safetynlp.readers.markdown import read_markdown

        return read_markdown(data, name)
    from safetynlp.readers.text import read_text

    return read_text(data, name)
