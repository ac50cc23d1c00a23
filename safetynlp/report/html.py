"""One self-contained HTML page that needs no network, for reading, printing and passing on."""

from __future__ import annotations

from collections.abc import Sequence

from safetynlp.analyzer import Analysis
from safetynlp.coverage import Coverage
from safetynlp.errors import UsageError
from safetynlp.report.page import LANGUAGE_TAG, render
from safetynlp.report.view import speech_view
from safetynlp.report.words import words

__all__ = ["report_html"]


def report_html(
    pairs: Sequence[tuple[Analysis, Coverage]], lang: str = "zh", *, pmc: bool = False
) -> str:
    """The report of one or several speeches as one HTML page.

    Everything is inside: style, drawings (SVG) and a small script for folding and filtering,
    without which the page works too. Text of the document is escaped everywhere, characters that
    could hide or reorder text are written out, and a Content-Security-Policy allows this style
    and this script (by their hashes) and nothing else, no network above all.

    Args:
        pairs: speeches with their coverage, in the order in which they appear.
        lang: ``"zh"`` or ``"en"``, of everything but the speeches.
        pmc: also show the PMC index with its surface.

    Raises:
        UsageError: no speech, or another language.
    """
    say = words(lang)
    if not pairs:
        raise UsageError(
            "report: no speech was given. Give at least one.", "报告：没有讲话。请至少给一篇。"
        )
    speeches = [
        speech_view(analysis, coverage, number, lang, say, pmc=pmc)
        for number, (analysis, coverage) in enumerate(pairs, 1)
    ]
    title = say["report"] if len(speeches) == 1 else say["reports"].format(len(speeches))
    return render(
        "report.html",
        styles=("report.css",),
        script="report.js",
        say=say,
        lang=LANGUAGE_TAG[lang],
        speeches=speeches,
        title=title,
    )
