"""What training minimises: losses of all facets, and their variants for experiments."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from safetynlp.schema import Schema

__all__ = ["divergence", "facet_loss", "positive_weights", "soft_loss"]


def facet_loss(
    logits: Tensor,
    y: Tensor,
    known: Tensor,
    schema: Schema,
    *,
    positive: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """Mean over rows of the losses of all facets; facets that a row lacks contribute nothing.

    Multi-label facets: binary cross-entropy summed over the labels; single-label facets:
    cross-entropy.

    Args:
        logits: float, shape (rows, labels).
        y: float, shape (rows, labels), 0.0 or 1.0.
        known: bool, shape (rows, facets).
        positive: float, shape (labels,): what a positive of a multi-label facet weighs, see
            :func:`positive_weights`; None: as much as a negative.
        smoothing: label smoothing of the single-label facets (Szegedy et al. 2016,
            arXiv:1512.00567).

    Returns: scalar.
    """
    total = 0.0 * logits.sum()  # a batch without any label has a gradient too: zero
    for index, (facet, part) in enumerate(schema.columns()):
        rows = known[:, index]
        if not rows.any():
            continue
        z, target = logits[rows, part], y[rows, part]
        if facet.kind == "multi":
            loss = functional.binary_cross_entropy_with_logits(
                z, target, reduction="sum", pos_weight=None if positive is None else positive[part]
            )
        else:
            loss = functional.cross_entropy(
                z, target.argmax(dim=1), reduction="sum", label_smoothing=smoothing
            )
        total = total + loss / logits.shape[0]
    return total


def positive_weights(y: np.ndarray, known: np.ndarray, schema: Schema, cap: float) -> Tensor:
    """What a positive weighs: √(negatives / positives) of its label, but from 1 to ``cap``.

    The square root, for the full ratio makes labels of one row in a thousand drown the others.
    Labels of single-label facets, and labels without positives, weigh 1.

    Args:
        y, known: as :func:`safetynlp.evaluation.data.targets` gives them, of the training rows.

    Returns: float32, shape (labels,).
    """
    weights = np.ones(y.shape[1], dtype=np.float32)
    for index, (facet, part) in enumerate(schema.columns()):
        if facet.kind == "multi":
            target = y[known[:, index], part]
            positives = target.sum(axis=0)
            ratio = np.sqrt((len(target) - positives) / np.maximum(positives, 1))
            weights[part] = np.where(positives > 0, np.clip(ratio, 1, cap), 1)
    return torch.from_numpy(weights)


def soft_loss(logits: Tensor, soft: Tensor, schema: Schema) -> Tensor:
    """:func:`facet_loss` against a teacher's probabilities (Hinton et al. 2015, arXiv:1503.02531).

    Args:
        logits: float, shape (rows, labels).
        soft: float, shape (rows, labels), in [0, 1]; facets with a NaN contribute nothing.

    Returns: scalar.
    """
    total = logits.new_zeros(())
    for facet, part in schema.columns():
        rows = soft[:, part].isfinite().all(dim=1)
        z, target = logits[rows, part], soft[rows, part]
        if facet.kind == "multi":
            loss = functional.binary_cross_entropy_with_logits(z, target, reduction="sum")
        else:
            loss = -(target * functional.log_softmax(z, dim=1)).sum()
        total = total + loss / logits.shape[0]
    return total


def divergence(a: Tensor, b: Tensor, known: Tensor, schema: Schema) -> Tensor:
    """Mean over rows of the symmetric divergence of two predictions, ½ KL(a‖b) + ½ KL(b‖a).

    R-Drop (Liang et al. 2021, arXiv:2106.14448) keeps the predictions under two dropouts of the
    same rows close. Multi-label facets: summed over the labels.

    Args:
        a, b: logits, float, shape (rows, labels). known: bool, shape (rows, facets).

    Returns: scalar.
    """
    total = a.new_zeros(())
    for index, (facet, part) in enumerate(schema.columns()):
        rows = known[:, index]
        za, zb = a[rows, part], b[rows, part]
        # KL(a‖b) + KL(b‖a) = Σ (p_a - p_b)(log p_a - log p_b); for one bit that is below.
        if facet.kind == "multi":
            both = (za.sigmoid() - zb.sigmoid()) * (za - zb)
        else:
            both = (za.softmax(dim=1) - zb.softmax(dim=1)) * (
                za.log_softmax(dim=1) - zb.log_softmax(dim=1)
            )
        total = total + both.sum() / 2 / a.shape[0]
    return total
