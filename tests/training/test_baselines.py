# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
"""Baselines and learning curves on the mini corpus, with an encoder of two layers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba asks for pkg_resources, which is said to go
    from safetynlp.training.baseline import FrozenEncoder, FrozenEncoderClassifier

from mini import SPEECHES, labelled_rows, write_corpus

from safetynlp.cli import main
from safetynlp.errors import DataError, ModelError, UsageError
from safetynlp.labelled import LabelledRow, ReadOptions
from safetynlp.schema import Schema
from safetynlp.training.baselines import Baselines

SCHEMA = Schema.default()
ROWS = labelled_rows()
TEST = [row for row in ROWS if row.doc == "plant-4"]


@pytest.fixture(scope="module")
def encoder(base: Path) -> FrozenEncoder:
    return FrozenEncoder(base)


def test_states_do_not_depend_on_the_batch(encoder: FrozenEncoder, base: Path) -> None:
    texts = [row.text for row in ROWS]
    together = encoder.embed(texts)
    assert together.dtype == np.float32
    assert together.shape == (len(texts), 32)
    alone = FrozenEncoder(base).embed([texts[7]])
    assert np.allclose(together[7], alone[0], atol=1e-5)
    assert encoder.embed([]).shape == (0, 32)


def test_states_are_the_mean_over_tokens(encoder: FrozenEncoder, base: Path) -> None:
    from tokenizers import Tokenizer
    from transformers import AutoModel

    text = ROWS[0].text
    ids = Tokenizer.from_file(str(base / "tokenizer.json")).encode(text).ids
    model = AutoModel.from_pretrained(base, add_pooling_layer=False).eval()
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    assert np.allclose(encoder.embed([text])[0], states.mean(dim=0).numpy(), atol=1e-5)


def test_frozen_encoder_learns_its_rows(encoder: FrozenEncoder) -> None:
    classifier = FrozenEncoderClassifier(ROWS, SCHEMA, encoder)
    found = classifier.predict([row.text for row in ROWS])
    right = sum(
        p.labels["function"] == row.labels["function"] for p, row in zip(found, ROWS, strict=True)
    )
    assert right / len(ROWS) > 0.8
    assert sum(found[0].scores["function"].values()) == pytest.approx(1)
    assert classifier.predict([]) == []
    with pytest.raises(UsageError, match=r"Write \[text\]"):
        classifier.predict("严禁酒驾。")


def test_no_encoder_in_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a BERT checkpoint"):
        FrozenEncoder(tmp_path)


def made(corpus: Path, base: Path | None, test: Sequence[LabelledRow] = TEST) -> Baselines:
    name = None if base is None else str(base)
    return Baselines(SCHEMA, test, [str(corpus)], ReadOptions(), name)


def test_copies_of_the_test_speeches_are_left_out(corpus: Path, base: Path) -> None:
    learners = made(corpus, base)
    fitted = learners.fitted()
    assert list(fitted) == ["tfidf", "frozen_encoder"]
    assert "54 segments of 9 other speeches; 1 are left out" in learners.notes[0].en
    assert "9 篇讲话的 54 句" in learners.notes[0].zh


def test_nothing_but_copies(tmp_path: Path) -> None:
    copies = write_corpus(tmp_path, ("plant-4",))
    with pytest.raises(DataError, match="every training speech is like"):
        made(copies, None)


def test_learning_curves(corpus: Path, base: Path) -> None:
    curves = made(corpus, base).curves(draws=2, random_state=0)
    assert [curve.learner for curve in curves] == ["tfidf", "frozen_encoder"]
    points = curves[0].points
    assert [point.speeches for point in points] == [1, 2, 5, 9]
    assert points[0].figures["function"].value < points[-1].figures["function"].value


def test_a_trained_model_is_no_frozen_encoder(corpus: Path, trained: Any) -> None:
    with pytest.raises(UsageError, match="a trained model"):
        made(corpus, trained.path).fitted()


def test_evaluate_with_baselines_and_curve_on_the_command_line(
    corpus: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_corpus(tmp_path / "data", ("county-2", "plant-4"))
    call = [
        *("evaluate", "keywords", "--data", data, "--train-data", corpus, "--encoder", base),
        *("--baselines", "--learning-curve", "--draws", "2"),
    ]
    assert main([*map(str, call), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["baselines"]) == ["tfidf", "frozen_encoder"]  # keywords are the model
    assert found["baselines"]["tfidf"]["sector"]["segments"] == 12
    assert [curve["learner"] for curve in found["learning_curves"]] == ["tfidf", "frozen_encoder"]
    assert [point["speeches"] for point in found["learning_curves"][0]["points"]] == [1, 2, 5, 8]
    assert main([*map(str, call), "--lang", "en"]) == 0
    text = capsys.readouterr().out
    assert sum(line.startswith("  frozen encoder ") for line in text.splitlines()) == 4
    assert "Learning curve: TF-IDF (mean of 2 draws" in text
    page = tmp_path / "page.html"
    assert main([*map(str, call), "--out", str(page)]) == 0
    assert page.read_text("utf-8").count('<svg class="curve"') == 4


def test_a_curve_of_a_foreign_schema_learns_from_the_data(base: Path) -> None:
    facet = SCHEMA.facet("function")
    foreign = SCHEMA.model_copy(update={"id": "own", "facets": (facet,)})
    rows = [LabelledRow(r.doc, r.text, {"function": r.labels["function"]}) for r in ROWS]
    learners = Baselines(foreign, rows, None, ReadOptions(), None)
    assert learners.fitted() == {}
    (curve,) = learners.curves(draws=1, random_state=0)
    most = len(SPEECHES) - round(len(SPEECHES) / 3)
    assert curve.points[-1].speeches == most
