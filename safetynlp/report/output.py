"""Kept for imports by its old name; :mod:`safetynlp.output` has it."""

from safetynlp.output import write_output

__all__ = ["write_output"]
