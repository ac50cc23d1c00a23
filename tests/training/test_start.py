# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from mini import labelled_rows
from transformers import BertConfig, BertModel

from safetynlp.classifier import Classifier
from safetynlp.errors import ModelError
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training import TrainResult
from safetynlp.training.dequantise import weights_of
from safetynlp.training.fit import FitConfig, Rows, load_tokenizer, logits_of
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.start import find_start, shared_columns

SCHEMA = Schema.default()
CONFIG = FitConfig(max_tokens=64)


def other_schema() -> Schema:
    """One facet less, one new; one label less, one new; one facet of another kind."""
    data = SCHEMA.model_dump(mode="json")
    sector, responsibility, _, function = data["facets"]
    sector["labels"][0]["id"] = "space_flight"
    function["kind"] = "multi"
    responsibility["id"] = "tone"
    return Schema.from_dict({**data, "id": "other", "facets": [responsibility, sector, function]})


def encoded(folder: Path, schema: Schema, lexicon: Lexicon) -> Rows:
    known = {(facet.id, id) for facet in schema.facets for id in facet.label_ids}
    rows = [
        type(row)(
            row.doc,
            row.text,
            {
                facet: tuple(id for id in ids if (facet, id) in known)
                for facet, ids in row.labels.items()
                if facet in schema.facet_ids
            },
        )
        for row in labelled_rows()
    ]
    return Rows.encode(rows, load_tokenizer(folder / "tokenizer.json"), lexicon, schema)


def test_a_model_goes_on_where_it_was(trained: TrainResult) -> None:
    start = find_start(str(trained.path), Path("unused"))
    rows = encoded(trained.path, SCHEMA, start.lexicon(SCHEMA))
    model = start.build(SCHEMA, rows, CONFIG)
    expected = Classifier.from_pretrained(trained.path)._logits([r.text for r in labelled_rows()])
    np.testing.assert_allclose(logits_of(model, rows, 64), expected, atol=0.05)


def test_heads_are_kept_by_id(trained: TrainResult) -> None:
    schema = other_schema()
    start = find_start(str(trained.path), Path("unused"))
    kept = start.kept_columns(schema)
    assert kept == shared_columns(schema, SCHEMA)
    columns = [(facet.id, id) for facet in schema.facets for id in facet.label_ids]
    assert {columns[n][0] for n in kept} == {"sector"}
    assert len(kept) == len(SCHEMA.facet("sector").labels) - 1
    rows = encoded(trained.path, schema, start.lexicon(schema))
    model = start.build(schema, rows, CONFIG)
    old = start.build(SCHEMA, encoded(trained.path, SCHEMA, Lexicon.default()), CONFIG)
    for new_column, old_column in kept.items():
        assert torch.equal(model.weight[new_column], old.weight[old_column])
        assert torch.equal(model.query[new_column], old.query[old_column])
        assert model.bias[new_column] == old.bias[old_column]
    fresh = columns.index(("sector", "space_flight"))
    assert not model.query[fresh].any()  # it pools as a new label does
    # The probe has learned the new facets: problems are told from the rest.
    logits, problem = logits_of(model, rows, 64), columns.index(("function", "problem"))
    gold = rows.y[:, problem] > 0
    assert logits[gold, problem].mean() > logits[~gold, problem].mean() + 1


def test_cue_words_of_kept_labels(trained: TrainResult) -> None:
    start = find_start(str(trained.path), Path("unused"))
    entries = start.lexicon(other_schema()).to_dict()
    assert "tone" not in entries
    assert "coal_mining" not in entries["sector"]
    assert entries["sector"]["urban_gas"] == Lexicon.default().to_dict()["sector"]["urban_gas"]


def test_a_bare_encoder(base: Path) -> None:
    start = find_start(str(base), Path("unused"))
    assert start.settings is None
    assert start.kept_columns(SCHEMA) == {}
    assert start.max_positions == 64
    assert start.lexicon(SCHEMA).to_dict() == Lexicon.default().to_dict()
    model = start.build(SCHEMA, encoded(base, SCHEMA, Lexicon.default()), CONFIG)
    assert not model.weight.any()


def test_hash_of_the_start(base: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(base, tmp_path / "copy"))
    first, second = (find_start(str(folder), tmp_path) for folder in (base, copy))
    assert first.sha256() == second.sha256()
    (copy / "config.json").write_text((copy / "config.json").read_text("utf-8") + " ", "utf-8")
    assert first.sha256() != second.sha256()


def test_weights_back_from_int8(
    wide_base: Path, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel has the int8 network alone: what is read back agrees with what was written."""
    from safetynlp.training.export import export_onnx, quantise

    model = MultiFacetModel.from_encoder(wide_base, SCHEMA)
    torch.manual_seed(1)
    for parameter in model.parameters():  # no two vectors are alike, and no bias is zero
        torch.nn.init.normal_(parameter, std=0.1)
    export_onnx(model, tmp_path / "full.onnx")
    quantise(tmp_path / "full.onnx", tmp_path / "model.onnx", {})
    state = model.state_dict()
    found = weights_of(tmp_path / "model.onnx", state)
    assert set(found) == set(state)
    for name, tensor in state.items():
        assert found[name].shape == tensor.shape
        step = tensor.abs().max() / 127
        assert (found[name] - tensor).abs().max() <= 0.51 * step, name
    exact = weights_of(tmp_path / "full.onnx", state)
    assert all(torch.equal(exact[name], tensor) for name, tensor in state.items())
    again = MultiFacetModel.from_encoder(wide_base, SCHEMA)
    again.load_state_dict(found)
    np.testing.assert_allclose(logits_of(again, rows, 64), logits_of(model, rows, 64), atol=0.1)


def test_equal_vectors_are_stored_once_and_found_for_all(base: Path, tmp_path: Path) -> None:
    """A new BERT has the same normalisation everywhere; the exporter keeps one of them."""
    from safetynlp.training.export import export_onnx

    model = MultiFacetModel.from_encoder(base, SCHEMA)
    for head in (model.query, model.weight, model.lexicon_weight):
        torch.nn.init.normal_(head)
    export_onnx(model, tmp_path / "model.onnx")
    found = weights_of(tmp_path / "model.onnx", model.state_dict())
    assert all(torch.equal(found[name], tensor) for name, tensor in model.state_dict().items())


def test_a_folder_without_full_precision(trained: TrainResult, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained.path, tmp_path / "copy"))
    (copy / "model.safetensors").unlink()
    whole, int8 = (find_start(str(folder), tmp_path) for folder in (trained.path, copy))
    rows = encoded(copy, SCHEMA, whole.lexicon(SCHEMA))
    one, other = (start.build(SCHEMA, rows, CONFIG) for start in (whole, int8))
    np.testing.assert_allclose(logits_of(one, rows, 64), logits_of(other, rows, 64), atol=0.05)


def test_no_weights_to_read_back(tmp_path: Path, base: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"PK not onnx")
    with pytest.raises(ModelError, match=r"model\.onnx: no weights can be read back"):
        weights_of(tmp_path / "model.onnx", ["bias"])
    with pytest.raises(ModelError, match="no weights can be read back"):
        weights_of(tmp_path / "none.onnx", ["bias"])


def test_a_base_folder_is_taken_as_it_is(base: Path, tmp_path: Path) -> None:
    assert find_start(str(base), tmp_path).path == base
    assert list(tmp_path.iterdir()) == []


def test_a_base_without_tokenizer_json_is_converted(tmp_path: Path) -> None:
    old, scratch = tmp_path / "old", tmp_path / "scratch"
    config = BertConfig(
        vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    BertModel(config).save_pretrained(old)
    (old / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n安\n全\n。\n", "utf-8")
    before = sorted(file.name for file in old.iterdir())
    folder = find_start(str(old), scratch).path
    assert (folder / "tokenizer.json").is_file()
    assert (folder / "config.json").is_file()
    assert sorted(file.name for file in old.iterdir()) == before  # it is not ours to write to


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no folder with a BERT checkpoint") as caught:
        find_start(str(tmp_path), tmp_path / "scratch")
    assert "\n" not in str(caught.value)


def test_a_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match='"nobody/nothing": there is no such folder'):
        find_start("nobody/nothing", tmp_path)


@pytest.mark.parametrize("what", ["model", "encoder"])
def test_from_the_hub(
    what: str, trained: TrainResult, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = trained.path if what == "model" else base
    monkeypatch.setattr("safetynlp.training.start.download_model", lambda hub_id: fetched)
    start = find_start("owner/name", tmp_path)
    assert start.name == "owner/name"
    assert (start.settings is not None) == (what == "model")


def test_a_damaged_model(trained: TrainResult, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained.path, tmp_path / "copy"))
    (copy / "safetynlp.json").write_bytes(b"\xff")
    with pytest.raises(ModelError, match="cannot be read"):
        find_start(str(copy), tmp_path)
