"""Evaluations and comparisons as plain data for JSON.

An evaluation::

    {"format_version": 1, "safetynlp_version": "0.2.0",
     "model": {"name": …, "sha256": …},
     "data": {"speeches": 12, "segments": 948, "sha256": {file: …}},
     "bootstrap": {"confidence_level": 0.95, "n_resamples": 1000, "random_state": 0},
     "facets": {FACET: METRICS},
     "baselines": {"keywords" | "tfidf" | "frozen_encoder": {FACET: METRICS}},
     "by": {"column": "level", "groups": [{"value", "speeches", "segments", "facets"}]},
     "learning_curves": [{"learner", "draws", "points": [{"speeches", "segments", FACET: FIGURE}]}],
     "notes": [{"en", "zh"}]}

``baselines``, ``by`` and ``learning_curves`` are there if they were asked for. METRICS has
``segments``, a FIGURE under each name of :mod:`safetynlp.evaluation.figures`, ``labels`` and, for a
single-label facet, ``confusion_matrix`` (rows gold, columns found, labels in schema order). A
FIGURE is ``{"value", "interval": [low, high]}``, without ``interval`` where none was computed; in
a learning curve the interval is the lowest and the highest draw.

A comparison has ``a`` and ``b`` (as ``model``) in place of ``model``, and under ``facets`` what
:meth:`FacetComparison.to_dict` gives, with the verdict as ``sentence``. ``format_version`` rises
when a key is dropped or changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import safetynlp
from safetynlp.evaluation.bootstrap import Bootstrap
from safetynlp.evaluation.compare import FacetComparison
from safetynlp.evaluation.evaluation import Evaluation
from safetynlp.evaluation.metrics import FacetMetrics
from safetynlp.labelled import Message

__all__ = ["comparison_record", "evaluation_record"]

_FORMAT_VERSION = 1


def evaluation_record(evaluation: Evaluation) -> dict[str, Any]:
    """Plain data of an evaluation, in the form that the module's docstring shows."""
    record: dict[str, Any] = {
        **_version(),
        "model": _model(evaluation.model.name, evaluation.model_sha256),
        "data": _data(evaluation.speeches, evaluation.segments, evaluation.data_sha256),
        "bootstrap": _bootstrap(evaluation.bootstrap),
        "facets": _facets(evaluation.model.facets),
    }
    if evaluation.baselines:
        record["baselines"] = {
            measured.name: _facets(measured.facets) for measured in evaluation.baselines
        }
    if evaluation.groups:
        record["by"] = {
            "column": evaluation.by,
            "groups": [
                {
                    "value": group.value,
                    "speeches": group.speeches,
                    "segments": group.segments,
                    "facets": _facets(group.facets),
                }
                for group in evaluation.groups
            ],
        }
    if evaluation.curves:
        record["learning_curves"] = [curve.to_dict() for curve in evaluation.curves]
    return {**record, "notes": _notes(evaluation.notes)}


def comparison_record(
    found: Mapping[str, FacetComparison],
    models: Sequence[tuple[str, str]],
    data: tuple[int, int, Mapping[str, str]],
    bootstrap: Bootstrap,
    notes: Sequence[Message] = (),
) -> dict[str, Any]:
    """Plain data of a comparison.

    Args:
        models: name and hash of A and of B.
        data: speeches, segments, and hash of each file.
    """
    return {
        **_version(),
        **{key: _model(*model) for key, model in zip("ab", models, strict=True)},
        "data": _data(*data),
        "bootstrap": _bootstrap(bootstrap),
        "facets": {
            id: {
                **facet.to_dict(),
                "sentence": {"en": facet.sentence("en"), "zh": facet.sentence("zh")},
            }
            for id, facet in found.items()
        },
        "notes": _notes(notes),
    }


def _version() -> dict[str, Any]:
    return {"format_version": _FORMAT_VERSION, "safetynlp_version": safetynlp.__version__}


def _model(name: str, sha256: str) -> dict[str, str]:
    return {"name": name, "sha256": sha256} if sha256 else {"name": name}


def _data(speeches: int, segments: int, sha256: Mapping[str, str]) -> dict[str, Any]:
    """Files by their last name: a path may tell more than its owner wants."""
    hashes = {PurePath(file).name: value for file, value in sha256.items()}
    return {"speeches": speeches, "segments": segments, "sha256": hashes}


def _bootstrap(bootstrap: Bootstrap) -> dict[str, Any]:
    return {
        "confidence_level": bootstrap.confidence_level,
        "n_resamples": bootstrap.n_resamples,
        "random_state": bootstrap.random_state,
    }


def _facets(facets: Mapping[str, FacetMetrics]) -> dict[str, Any]:
    return {id: metrics.to_dict() for id, metrics in facets.items()}


def _notes(notes: Sequence[Message]) -> list[dict[str, str]]:
    return [{"en": note.en, "zh": note.zh} for note in notes]
