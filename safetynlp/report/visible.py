"""Show characters that a reader cannot see, and that could deceive: controls and reorderings."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

__all__ = ["visible", "visible_html"]

# C0 and C1 controls (a terminal obeys some), line separators, marks that reorder text, and lone
# surrogates (undecodable bytes of a file name), which cannot be written as UTF-8.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""``text`` on one line, with hidden characters written out; a tab is a space.

    >>> visible("a\u202eb\tc")
    'a[U+202E]b c'
    """
    return _HIDDEN.sub(lambda hidden: _name(hidden.group(), "[{}]"), text)


def visible_html(text: str) -> Markup:
    """``text`` escaped for HTML, hidden characters as small marks of class ``ctl``."""
    shown, done = Markup(), 0
    for hidden in _HIDDEN.finditer(text):
        shown += escape(text[done : hidden.start()])
        shown += Markup(_name(hidden.group(), '<span class="ctl">{}</span>'))
        done = hidden.end()
    return shown + escape(text[done:])


def _name(character: str, form: str) -> str:
    return " " if character == "\t" else form.format(f"U+{ord(character):04X}")
