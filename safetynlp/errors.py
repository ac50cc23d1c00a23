"""Every error that safetynlp raises on purpose.

::

    SafetyNLPError
    ├── ReadError      a file or text cannot be read as a speech
    ├── SchemaError    a label schema is wrong, or a label is not in it
    ├── RubricError    a rubric file is wrong
    ├── ModelError     a model folder is missing, incomplete or foreign
    ├── DataError      labelled data for training or evaluation is wrong
    └── UsageError     an argument has a value that cannot be used

Each carries its message in English (``str(error)``, ``error.en``) and in Chinese
(``error.zh``). A message says where, what was found, what was expected and what to do next.
"""

from __future__ import annotations

__all__ = [
    "DataError",
    "ModelError",
    "ReadError",
    "RubricError",
    "SafetyNLPError",
    "SchemaError",
    "UsageError",
]


class SafetyNLPError(Exception):
    """Base of all errors raised on purpose; catch it to catch them all.

    Args:
        en: the message in English; this is what ``str(error)`` gives.
        zh: the same message in Chinese.
    """

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh

    def __reduce__(self) -> tuple[type[SafetyNLPError], tuple[str, str]]:
        return type(self), (self.en, self.zh)

    def message(self, lang: str = "en") -> str:
        """The message in ``lang`` (``"zh"`` or ``"en"``)."""
        return self.zh if lang == "zh" else self.en


class ReadError(SafetyNLPError):
    """A file or text cannot be read as a speech."""


class SchemaError(SafetyNLPError):
    """A label schema is wrong, or a label or facet is not in the schema."""


class RubricError(SafetyNLPError):
    """A rubric file is wrong."""


class ModelError(SafetyNLPError):
    """A model folder is missing, incomplete or foreign."""


class DataError(SafetyNLPError):
    """Labelled data for training or evaluation is wrong."""


class UsageError(SafetyNLPError):
    """An argument has a value that cannot be used."""
