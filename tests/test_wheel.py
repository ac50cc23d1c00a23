"""The built wheel works outside the checkout, with the released model inside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_wheel_carries_the_model(tmp_path: Path) -> None:
    run = subprocess.run
    dist = tmp_path / "dist"
    run([sys.executable, "-m", "build", "--wheel", "--outdir", dist, ROOT], check=True)
    (wheel,) = dist.glob("*.whl")
    assert wheel.stat().st_size < 95_000_000
    run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    run([python, "-m", "pip", "install", "-q", wheel], check=True)
    code = (
        "from safetynlp import Classifier;"
        "c = Classifier.from_pretrained();"
        "print(c.path.name, c.predict(['交警要严查酒驾。'])[0].labels['sector'])"
    )
    out = run([python, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert out.split() == ["released", "('road_traffic',)"]
    code = (
        "import safetynlp, pathlib;"
        "print(len(list((pathlib.Path(safetynlp.__file__).parent / 'corpus').glob('*.jsonl'))))"
    )
    out = run([python, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert int(out) == len(list((ROOT / "training" / "corpus").glob("*.jsonl")))
    command = tmp_path / "venv" / "bin" / "safetynlp"
    shown = run([command, "--version"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert shown.stdout.startswith("safetynlp ")
    frozen = run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    assert "torch" not in frozen.stdout
