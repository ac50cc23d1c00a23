# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import onnx
import onnxruntime
import torch
from mini import labelled_rows

from safetynlp.classifier import Classifier, ModelSettings
from safetynlp.errors import UsageError
from safetynlp.lexicon import Lexicon
from safetynlp.prediction import calibrated
from safetynlp.schema import Schema
from safetynlp.training import export
from safetynlp.training.export import check_target, export_onnx, quantise, write_model_folder
from safetynlp.training.fit import Rows, batches_of, logits_of
from safetynlp.training.gptq import input_moments
from safetynlp.training.model import MultiFacetModel

SCHEMA = Schema.default()
FILES = {"config.json", "model.onnx", "model.safetensors", "safetynlp.json", "tokenizer.json"}
NewModel = Callable[[Path], MultiFacetModel]


def settings(name: str = "tiny 1") -> ModelSettings:
    return ModelSettings(
        name=name,
        schema=SCHEMA,
        thresholds={
            f.id: dict.fromkeys(f.label_ids, 0.5) for f in SCHEMA.facets if f.kind == "multi"
        },
        calibration={facet.id: (1.0, 0.0) for facet in SCHEMA.facets},
        lexicon=Lexicon.default().to_dict(),
        max_tokens=64,
        segmenter_version="1",
        corpus_sha256="0" * 64,
    )


def run(file: Path, rows: Rows, batch_size: int = 64) -> np.ndarray:
    """Logits by onnxruntime: float32, shape (rows, labels)."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    out = np.zeros(rows.y.shape, dtype=np.float32)
    for batch, arguments in batches_of(rows, 1, 64, batch_size):
        names = ("input_ids", "attention_mask", "lexicon")
        feed = {name: value.numpy() for name, value in zip(names, arguments, strict=True)}
        out[batch] = session.run(["logits"], feed)[0]
    return out


def samples(rows: Rows) -> list[tuple[torch.Tensor, ...]]:
    return [arguments for _, arguments in batches_of(rows, 1, 64)]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, wide_base: Path, rows: Rows) -> Path:
    """A folder with a network in ``full.onnx``, ``plain.onnx`` and ``int8.onnx``."""
    folder = tmp_path_factory.mktemp("onnx")
    model = MultiFacetModel.from_encoder(wide_base, SCHEMA)
    torch.manual_seed(1)
    for head in (model.query, model.weight):
        torch.nn.init.normal_(head)
    export_onnx(model, folder / "full.onnx")
    quantise(folder / "full.onnx", folder / "plain.onnx", {})
    moments = input_moments(model, samples(rows), 100_000)
    assert len(moments) == 6  # all matrices of the layer
    quantise(folder / "full.onnx", folder / "int8.onnx", moments)
    np.save(folder / "logits.npy", logits_of(model, rows, 64))
    return folder


def test_full_precision_is_what_torch_computes(base: Path, rows: Rows, tmp_path: Path) -> None:
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    torch.manual_seed(1)
    for head in (model.query, model.weight, model.bias, model.lexicon_weight):
        torch.nn.init.normal_(head)
    before = model.encoder.config._attn_implementation
    export_onnx(model, tmp_path / "model.onnx")
    assert model.encoder.config._attn_implementation == before
    expected = logits_of(model, rows, 64)
    assert expected.std() > 1
    np.testing.assert_allclose(run(tmp_path / "model.onnx", rows), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["plain.onnx", "int8.onnx"])
def test_int8_is_close_to_full_precision(wide: Path, rows: Rows, name: str) -> None:
    expected, found = np.load(wide / "logits.npy"), run(wide / name, rows)
    np.testing.assert_allclose(run(wide / "full.onnx", rows), expected, atol=1e-3)
    difference = np.abs(found - expected)
    assert 0 < difference.max() < 0.1 * expected.std()
    assert difference.mean() < 0.02 * expected.std()


def test_gptq_rounds_better(wide: Path, rows: Rows) -> None:
    expected = np.load(wide / "logits.npy")
    error = {
        name: np.square(run(wide / f"{name}.onnx", rows) - expected).mean()
        for name in ("plain", "int8")
    }
    assert error["int8"] < error["plain"]


def test_large_matrices_are_stored_in_int8(wide: Path) -> None:
    assert (wide / "int8.onnx").stat().st_size < 0.4 * (wide / "full.onnx").stat().st_size
    graph = onnx.load(str(wide / "int8.onnx")).graph
    sizes = {t.name: (t.data_type, int(np.prod(t.dims))) for t in graph.initializer}
    int8 = [size for kind, size in sizes.values() if kind == onnx.TensorProto.INT8]
    assert sorted(int8) == [320 * 320] * 6 + [400 * 320]
    left = [size for kind, size in sizes.values() if kind == onnx.TensorProto.FLOAT]
    assert max(left) < 100_000


def test_logits_do_not_depend_on_the_batch(wide: Path, rows: Rows) -> None:
    together, alone = run(wide / "int8.onnx", rows), run(wide / "int8.onnx", rows, batch_size=1)
    np.testing.assert_allclose(together, alone, atol=1e-4)
    some = [0, 20, 40, 59]
    np.testing.assert_allclose(run(wide / "int8.onnx", rows.take(some)), alone[some], atol=1e-4)


def test_folder_loads_and_labels(
    base: Path, rows: Rows, new_model: NewModel, tmp_path: Path
) -> None:
    model, out = new_model(base), tmp_path / "new" / "model"
    write_model_folder(out, model, base / "tokenizer.json", settings(), samples(rows))
    assert {file.name for file in out.iterdir()} == FILES
    assert [file.name for file in out.parent.iterdir()] == ["model"]  # no scratch is left
    classifier = Classifier.from_pretrained(out)
    assert classifier.name == "tiny 1"
    texts = [row.text for row in labelled_rows()]
    expected = calibrated(logits_of(model, rows, 64), settings().calibration, SCHEMA)
    np.testing.assert_allclose(classifier.predict_proba(texts), expected, atol=1e-4)
    again = MultiFacetModel.from_config(out / "config.json", SCHEMA)
    again.load_weights(out / "model.safetensors")
    assert torch.allclose(again.query, model.query, atol=1e-2)


def write_small(out: Path, base: Path, model: MultiFacetModel, name: str) -> None:
    write_model_folder(out, model, base / "tokenizer.json", settings(name), [])


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_new_model_takes_the_place_of_the_old(
    base: Path, new_model: NewModel, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    write_small(out, base, new_model(base), "old")
    (out / "metrics.json").write_text("{}", "utf-8")
    write_small(out, base, new_model(base), "new")
    assert Classifier.from_pretrained(out).name == "new"
    assert {file.name for file in out.iterdir()} == FILES
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("step", ["export_onnx", "quantise", "finish", "rename"])
def test_a_failure_leaves_the_old_model(
    base: Path, new_model: NewModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    out, model = tmp_path / "model", new_model(base)
    write_small(out, base, model, "old")
    before = content(out)

    def fail(*_: object) -> None:
        raise OSError("disk full")

    if step == "rename":  # of the new folder, when the old one is out of the way already
        rename = Path.rename

        def rename_old_only(self: Path, target: Path) -> Path:
            if '"name": "new"' in (self / "safetynlp.json").read_text("utf-8"):
                fail()
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", rename_old_only)
    elif step != "finish":
        monkeypatch.setattr(export, step, fail)
    with pytest.raises(OSError, match="disk full"):
        write_model_folder(
            out,
            model,
            base / "tokenizer.json",
            settings("new"),
            [],
            finish=fail if step == "finish" else None,
        )
    assert content(out) == before
    assert list(tmp_path.iterdir()) == [out]


def test_a_failure_leaves_nothing(
    base: Path, new_model: NewModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "quantise", lambda *_: shutil.copy("/nowhere", "/nowhere"))
    with pytest.raises(OSError, match="nowhere"):
        write_small(tmp_path / "model", base, new_model(base), "new")
    assert list(tmp_path.iterdir()) == []


def test_finish_sees_a_whole_folder(base: Path, new_model: NewModel, tmp_path: Path) -> None:
    out, names = tmp_path / "model", []

    def finish(folder: Path) -> None:
        names.append(Classifier.from_pretrained(folder).name)
        assert not out.exists()
        (folder / "metrics.json").write_text(json.dumps({"f1": 1}), "utf-8")

    write_model_folder(
        out, new_model(base), base / "tokenizer.json", settings("new"), [], finish=finish
    )
    assert names == ["new"]
    assert json.loads((out / "metrics.json").read_text("utf-8")) == {"f1": 1}


def test_other_things_are_not_overwritten(base: Path, new_model: NewModel, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="holds other things than a model"):
        write_small(tmp_path, base, new_model(base), "new")
    assert (tmp_path / "thesis.docx").is_file()


def test_places_for_a_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x", "utf-8")
    check_target(tmp_path / "empty")
    check_target(tmp_path / "new" / "folder")
    for place in ("file", "file/below"):
        with pytest.raises(UsageError, match="no model folder can be written here"):
            check_target(tmp_path / place)
