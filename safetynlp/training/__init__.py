"""Labelled speeches in, a model folder out. The only place that needs torch: extra ``[train]``.

>>> from safetynlp.training import Recipe, TrainConfig, train
>>> result = train(TrainConfig(["speeches.jsonl"], "own"))  # doctest: +SKIP
>>> print(result.metrics["action"].figures["f1_micro"])  # doctest: +SKIP
0.812 [0.760, 0.851]
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from safetynlp.errors import UsageError

_NEEDED = ("torch", "transformers", "sklearn", "onnx", "safetensors")

if _missing := [name for name in _NEEDED if find_spec(name) is None]:
    raise UsageError(
        f"safetynlp.training needs {', '.join(_missing)}, which is not installed. "
        'Run: pip install "safetynlp[train]"',
        f"safetynlp.training 需要 {'、'.join(_missing)}，但未安装。"
        '请运行：pip install "safetynlp[train]"',
    )

if TYPE_CHECKING:
    from safetynlp.hub import push_to_hub
    from safetynlp.training.config import TrainConfig
    from safetynlp.training.measure import TrainResult
    from safetynlp.training.recipe import Recipe
    from safetynlp.training.run import train

__all__ = ["Recipe", "TrainConfig", "TrainResult", "push_to_hub", "train"]

_MODULE_OF = {
    "Recipe": "safetynlp.training.recipe",
    "TrainConfig": "safetynlp.training.config",
    "TrainResult": "safetynlp.training.measure",
    "push_to_hub": "safetynlp.hub",
    "train": "safetynlp.training.run",
}

# Type checkers must not see this function: to them it would make every name exist.
if not TYPE_CHECKING:

    def __getattr__(name):
        """Import a public name when it is first asked for: torch alone takes a second."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value
