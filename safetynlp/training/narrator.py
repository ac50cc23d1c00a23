"""What a run says of itself, in the language of its user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Narrator"]


@dataclass(frozen=True, slots=True)
class Narrator:
    """Writes each remark to ``log`` in ``lang`` (``"zh"`` or ``"en"``)."""

    log: Callable[[str], None] = print
    lang: str = "en"

    def __call__(self, en: str, zh: str) -> None:
        """Say one remark."""
        self.log(self.worded(en, zh))

    def worded(self, en: str, zh: str) -> str:
        """That of the two which the user reads."""
        return zh if self.lang == "zh" else en
