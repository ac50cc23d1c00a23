"""What a command that scores needs before it reads a speech: the rubric, and the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safetynlp.analyzer import Analyzer
    from safetynlp.rubric import Rubric

__all__ = ["rubric_and_model"]


def rubric_and_model(
    rubric: str,
    sectors: str | None,
    date: str | None,
    audience: str | None,
    level: str | None,
    model: str | None,
) -> tuple[Rubric, Callable[[], Analyzer]]:
    """The rubric, and what loads the model.

    A mistake in the rubric or the occasion should not wait for the released model. One of the
    user's own is loaded first all the same: its labels may be others, and a rubric may name them.

    Raises:
        SafetyNLPError: a mistake in one of the options, or no such model.
    """
    from safetynlp.analyzer import Analyzer
    from safetynlp.applicability import occasion
    from safetynlp.rubric import load_rubric

    occasion(date, audience, level)
    own = Analyzer.from_pretrained(model) if model else None
    chosen = load_rubric(rubric, own.schema if own else None, sectors=sectors)
    return chosen, lambda: own or Analyzer.from_pretrained()
