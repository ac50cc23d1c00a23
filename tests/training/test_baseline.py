# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba asks for pkg_resources, which is said to go
    from safetynlp.training.baseline import TfidfClassifier

from mini import labelled_rows

from safetynlp.errors import UsageError
from safetynlp.evaluation.metrics import evaluate
from safetynlp.labelled import LabelledRow
from safetynlp.schema import Schema

SCHEMA = Schema.default()
ROWS = labelled_rows()


@pytest.fixture(scope="module")
def classifier() -> TfidfClassifier:
    return TfidfClassifier(ROWS, SCHEMA)


def test_learns_its_rows(classifier: TfidfClassifier) -> None:
    metrics = evaluate(classifier.predict([row.text for row in ROWS]), ROWS, SCHEMA)
    assert metrics["sector"].figures["f1_micro"].value > 0.95
    assert metrics["action"].figures["f1_micro"].value > 0.95
    assert metrics["function"].figures["accuracy"].value > 0.95


def test_generalises_by_words(classifier: TfidfClassifier) -> None:
    (found,) = classifier.predict(["各部门要排查燃气管网的隐患。"])
    sector = found.scores["sector"]
    assert max(sector, key=lambda id: sector[id]) == "urban_gas"
    assert found.labels["action"] == ("hazard_rectification",)
    assert found.labels["responsibility"] == ("departmental",)
    assert found.labels["function"] == ("directive",)


def test_form_of_a_prediction(classifier: TfidfClassifier) -> None:
    assert classifier.schema is SCHEMA
    texts = ["", "消防", "x"]
    predictions = classifier.predict(texts)
    assert len(predictions) == 3
    for prediction in predictions:
        assert tuple(prediction.labels) == SCHEMA.facet_ids
        assert len(prediction.labels["function"]) == 1
        values = np.array([p for scores in prediction.scores.values() for p in scores.values()])
        assert values.shape == (51,)
        assert ((values >= 0) & (values <= 1)).all()


def test_labels_never_seen_are_never_given(classifier: TfidfClassifier) -> None:
    (found,) = classifier.predict(["严禁酒驾。"])
    assert found.scores["sector"]["road_traffic"] == 0.0


def test_a_lower_threshold_gives_no_fewer_labels() -> None:
    texts = [row.text for row in ROWS]
    eager = TfidfClassifier(ROWS, SCHEMA, threshold=0.05).predict(texts)
    wary = TfidfClassifier(ROWS, SCHEMA, threshold=0.9).predict(texts)
    for more, less in zip(eager, wary, strict=True):
        assert set(less.labels["sector"]) <= set(more.labels["sector"])
    assert eager != wary


def test_a_facet_without_rows() -> None:
    rows = [LabelledRow(row.doc, row.text, {"function": row.labels["function"]}) for row in ROWS]
    (found,) = TfidfClassifier(rows, SCHEMA).predict([ROWS[4].text])
    assert found.labels["function"] == ("directive",)
    assert found.labels["sector"] == found.labels["action"] == ()


def test_no_texts(classifier: TfidfClassifier) -> None:
    assert classifier.predict([]) == []


def test_one_text_instead_of_a_list(classifier: TfidfClassifier) -> None:
    with pytest.raises(UsageError, match=r"Write \[text\]"):
        classifier.predict("严禁酒驾。")
