"""The command line: a thin skin over the public API. Started by :func:`main`."""

from safetynlp.cli.commands import main

__all__ = ["main"]
