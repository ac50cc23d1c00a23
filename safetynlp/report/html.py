"""One self-contained HTML page that needs no network, for reading, printing and passing on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import jinja2
from markupsafe import Markup

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.errors import UsageError
from safetynlp.report.view import speech_view
from safetynlp.report.visible import visible, visible_html
from safetynlp.report.words import words

__all__ = ["report_html"]

_LANGUAGE_TAG = {"zh": "zh-CN", "en": "en"}


def report_html(pairs: Sequence[tuple[Analysis, Coverage]], lang: str = "zh") -> str:
    """The report of one or several speeches as one HTML page.

    Everything is inside: style, drawings (SVG) and a small script for folding and filtering,
    without which the page works too. Text of the document is escaped everywhere, characters that
    could hide or reorder text are written out, and a Content-Security-Policy allows this style
    and this script (by their hashes) and nothing else, no network above all.

    Args:
        pairs: speeches with their coverage, in the order in which they appear.
        lang: ``"zh"`` or ``"en"``, of everything but the speeches.

    Raises:
        UsageError: no speech, or another language.
    """
    say = words(lang)
    if not pairs:
        raise UsageError(
            "report: no speech was given. Give at least one.", "报告：没有讲话。请至少给一篇。"
        )
    speeches = [
        speech_view(analysis, coverage, number, lang, say)
        for number, (analysis, coverage) in enumerate(pairs, 1)
    ]
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = say["report"] if len(speeches) == 1 else say["reports"].format(len(speeches))
    return (
        _environment()
        .get_template("report.html")
        .render(
            say=say,
            lang=_LANGUAGE_TAG[lang],
            speeches=speeches,
            title=title,
            policy=policy,
            # Nothing else may be marked as safe: these two are files of the package.
            style=Markup(style),
            script=Markup(script),
        )
    )


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["shown"] = visible_html  # in content
    environment.filters["plain"] = visible  # in attributes
    return environment


def _asset(name: str) -> str:
    return (resources.files("safetynlp.report") / "templates" / name).read_text("utf-8")


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest())
    return f"sha256-{digest.decode('ascii')}"
