"""The notebooks are clean and do what they say; their code runs without jupyter."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from safetynlp import Document, ModelError
from safetynlp.classifier import released_model_path

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SPEECH = NOTEBOOKS / "data" / "county-speech.txt"
LESSON = NOTEBOOKS / "01_score_a_speech.ipynb"
MAX_OUTPUT_BYTES = 20_000


def cells(notebook: Path, kind: str) -> list[dict[str, Any]]:
    found = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def run(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    """Execute the code cells in order, from the notebook's folder: their names, and what they print."""
    monkeypatch.chdir(notebook.parent)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for cell in cells(notebook, "code"):
            code = compile("".join(cell["source"]), f"{notebook.name}:{cell['id']}", "exec")
            exec(code, namespace)  # noqa: S102
    return namespace, printed.getvalue()


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebook_is_committed_clean(notebook: Path) -> None:
    data = json.loads(notebook.read_text("utf-8"))
    assert (data["nbformat"], data["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in data["cells"]]
    assert len(set(ids)) == len(ids)
    code = cells(notebook, "code")
    assert code
    for cell in code:
        assert cell["execution_count"] is None
        assert len(json.dumps(cell["outputs"])) < MAX_OUTPUT_BYTES
        compile("".join(cell["source"]), notebook.name, "exec")


def test_example_speech_is_read_as_one() -> None:
    document = Document.from_path(SPEECH)
    furniture = [document.text[f.start : f.end].strip() for f in document.furniture]
    assert furniture[0].startswith("首页 >")
    assert furniture[-1] == "【打印】【关闭】"
    assert not any("同志们" in line for line in furniture)


@pytest.mark.slow
def test_lesson_one_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    try:
        released_model_path()
    except ModelError as error:
        pytest.skip(f"needs the released model: {error}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names, printed = run(LESSON, monkeypatch)
    assert len(names["analysis"].segments) >= 80
    levels = {topic.id: topic.level for topic in names["coverage"].topics}
    # The speech leaves these thin on purpose: the lesson shows how a gap is named and closed.
    assert levels["st-24"] == 0
    assert levels["st-19"] <= 1
    assert "社会共治与举报：全文未提及" in printed
    assert names["before"] <= names["with_slogan"] < names["with_concrete"]
    assert names["with_slogan"] - names["before"] < 0.005
    (report,) = tmp_path.rglob("report.html")
    assert "岚白公路" in report.read_text("utf-8")
