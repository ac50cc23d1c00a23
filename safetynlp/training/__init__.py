"""Labelled speeches in, a model folder out. The only place that needs torch: extra ``[train]``."""

from __future__ import annotations

from importlib.util import find_spec

from safetynlp.errors import UsageError

_NEEDED = ("torch", "transformers", "sklearn", "onnx", "safetensors")

if _missing := [name for name in _NEEDED if find_spec(name) is None]:
    raise UsageError(
        f"safetynlp.training needs {', '.join(_missing)}, which is not installed. "
        'Run: pip install "safetynlp[train]"',
        f"safetynlp.training 需要 {'、'.join(_missing)}，但未安装。"
        '请运行：pip install "safetynlp[train]"',
    )
