"""Old speeches among the new: what a released model was trained on is trained on again.

A network that is tuned on a few speeches alone forgets what they do not show (McCloskey & Cohen
1989); a share of the old data among the new keeps it (experience replay: Rolnick et al. 2019,
arXiv:1811.11682).
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import safetynlp
from safetynlp.classifier import released_model_path
from safetynlp.errors import DataError
from safetynlp.labelled import LabelledRow, read_labelled
from safetynlp.prediction import Prediction
from safetynlp.schema import Facet, Schema

__all__ = ["Replay", "load_replay", "released_corpus_path", "restricted", "shared_schema"]


@dataclass(frozen=True, slots=True)
class Replay:
    """Segments of the released corpus, with the labels that the new schema has.

    ``learn`` is a sample of those that the released model learned from, ``validation`` and
    ``test`` those that it did not. Without a share to learn from there is nothing to validate.
    """

    learn: tuple[LabelledRow, ...] = ()
    validation: tuple[LabelledRow, ...] = ()
    test: tuple[LabelledRow, ...] = ()


def released_corpus_path() -> Path:
    """Folder of the released corpus: inside the wheel, or ``training/corpus`` of a checkout.

    Raises:
        DataError: it is in neither place.
    """
    package = Path(safetynlp.__file__).parent
    places = (package / "corpus", package.parent / "training" / "corpus")
    for place in places:
        if place.is_dir():
            return place
    raise DataError(
        f"the released corpus is not installed; looked in {places[0]} and {places[1]}. "
        "Reinstall safetynlp, or train with --no-replay.",
        f"找不到随包发布的语料，已查找 {places[0]} 和 {places[1]}。请重装 safetynlp，或加 --no-replay。",
    )


def load_replay(schema: Schema, share: float, seed: int, texts: Collection[str] = ()) -> Replay:
    """Read the released corpus as the released model's ``metrics.json`` divides it.

    Args:
        schema: of the new model. share: of the segments that the released model learned from, in
            [0, 1]. seed: of the draw.
        texts: new texts; the same ones in the corpus are left out, for the new labels hold.

    Raises:
        DataError: the corpus is not installed or faulty, or is not divided.
        ModelError: the released model is not installed.
    """
    parts = _parts_of(released_model_path() / "metrics.json")
    given = read_labelled([released_corpus_path()], Schema.default()).rows
    mapped = [_mapped(row, schema) for row in given if row.text not in texts]
    usable = [row for row in mapped if row.labels]
    by_part = {part: [row for row in usable if row.doc in docs] for part, docs in parts.items()}
    learn = by_part["train"]
    drawn = random.Random(seed).sample(range(len(learn)), round(share * len(learn)))
    return Replay(
        tuple(learn[n] for n in sorted(drawn)),
        tuple(by_part["validation"] if drawn else ()),
        tuple(by_part["test"]),
    )


def _parts_of(metrics: Path) -> Mapping[str, frozenset[str]]:
    try:
        speeches = json.loads(metrics.read_text("utf-8"))["corpus"]["speeches"]
        return {part: frozenset(speeches[part]) for part in ("train", "validation", "test")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{metrics}: does not say which speeches the model learned from ({error!r}), so none "
            "can be replayed. Reinstall safetynlp, or train with --no-replay.",
            f"{metrics}：未说明模型学过哪些讲话（{error!r}），无法重放。请重装 safetynlp，"
            "或加 --no-replay。",
        ) from error


def shared_schema(schema: Schema, old: Schema) -> Schema | None:
    """The facets of ``schema`` that ``old`` has too, of the same kind and with a label in common;
    None if there is none.
    """
    facets = tuple(facet for facet in schema.facets if _counterpart(facet, old))
    return schema.model_copy(update={"facets": facets}) if facets else None


def restricted(prediction: Prediction, schema: Schema) -> Prediction:
    """The prediction's facets and labels that ``schema`` has; all facets of it must be there."""
    return Prediction(
        {
            facet.id: tuple(id for id in prediction.labels[facet.id] if id in facet.label_ids)
            for facet in schema.facets
        },
        {
            facet.id: {
                id: score
                for id, score in prediction.scores[facet.id].items()
                if id in facet.label_ids
            }
            for facet in schema.facets
        },
    )


def _counterpart(facet: Facet, schema: Schema) -> Facet | None:
    for other in schema.facets:
        if (other.id, other.kind) == (facet.id, facet.kind):
            return other if set(other.label_ids) & set(facet.label_ids) else None
    return None


def _mapped(row: LabelledRow, schema: Schema) -> LabelledRow:
    """The row with the labels that ``schema`` has; a single label that it lacks is not known."""
    labels = {}
    for facet in schema.facets:
        if facet.id not in row.labels or not _counterpart(facet, Schema.default()):
            continue
        ids = tuple(id for id in row.labels[facet.id] if id in facet.label_ids)
        if facet.kind == "multi" or ids:
            labels[facet.id] = ids
    return replace(row, labels=labels)
