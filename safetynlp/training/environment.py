"""On what a model was trained: enough to tell why another machine gave other figures."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

import safetynlp

__all__ = ["environment"]

_PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "scipy", "onnx", "onnxruntime")
_CPU_INFO = Path("/proc/cpuinfo")


def environment() -> dict[str, Any]:
    """Versions, processor, threads, graphics cards, and the commit where this is a checkout.

    Nothing of it names the machine, its user or a path.
    """
    return {
        "safetynlp": safetynlp.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())],
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    """The model of the processor; Linux tells it in a file, other systems through Python."""
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _commit() -> str | None:
    """Commit of the checkout that this code runs from, with a + if files have been changed."""
    root = Path(safetynlp.__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain", "--", "safetynlp") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=10,
    )
    return done.stdout.strip()
