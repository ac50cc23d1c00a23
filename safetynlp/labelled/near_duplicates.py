"""Speeches copied from one another, by the character 5-grams they share.

Speeches are written from earlier ones: whole paragraphs come again with another place and date.
A copy in the test part of what was trained on makes any figure too good, so copies have to land in
the same part.

Two speeches are near-duplicates if of the 5-grams of the shorter one at least a share is in the
longer one (containment: Broder 1997, "On the resemblance and containment of documents"). In a
text of a line or two a few common phrases would reach that, so short texts are compared by
resemblance, the shared 5-grams over those of both.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from safetynlp.errors import UsageError
from safetynlp.labelled.row import LabelledRow

__all__ = ["near_duplicate_groups"]

_WIDTH = 5
_SHORT = 50  # 5-grams; below it, containment means little
_REACH = 64  # a 5-gram of more speeches than this links each to the next 64 of them only
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def near_duplicate_groups(rows: Iterable[LabelledRow], *, threshold: float = 0.5) -> dict[str, int]:
    """Which speeches were copied from one another.

    Args:
        rows: segments of any number of speeches; their order does not matter.
        threshold: share of the shorter speech that has to be in the longer one, in (0, 1].

    Returns: every speech → number of its group, counted from 0 in the order of the names of the
    speeches. A copy of a copy is in the group too; a speech like no other has one to itself.

    Raises:
        UsageError: the threshold is not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise UsageError(
            f"threshold is {threshold}, expected a share above 0 and up to 1.",
            f"threshold 为 {threshold}，应大于 0 且不超过 1。",
        )
    texts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        texts[row.doc].append(row.text)
    docs = sorted(texts)
    owner, shingle = _shingles({doc: texts[doc] for doc in docs})
    sizes = np.bincount(owner, minlength=len(docs))
    parent = list(range(len(docs)))
    for a, b in _candidates(owner, shingle, sizes, threshold):
        root_a, root_b = _root(parent, a), _root(parent, b)
        if root_a != root_b:
            parent[max(root_a, root_b)] = min(root_a, root_b)
    numbers: dict[int, int] = {}
    return {doc: numbers.setdefault(_root(parent, n), len(numbers)) for n, doc in enumerate(docs)}


def _shingles(texts: Mapping[str, list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Every distinct 5-gram of every speech, hashed to 64 bits.

    Returns: ``(owner, shingle)``, both of shape ``(5-grams,)``: number of the speech, and hash;
    sorted by hash, then by speech.
    """
    owners, hashes = [], []
    for number, segments in enumerate(texts.values()):
        grams = np.unique(np.concatenate([_hashes(segment) for segment in segments]))
        owners.append(np.full(len(grams), number, dtype=np.int64))
        hashes.append(grams)
    if not owners:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    owner, shingle = np.concatenate(owners), np.concatenate(hashes)
    order = np.argsort(shingle, kind="stable")
    return owner[order], shingle[order]


def _hashes(text: str) -> np.ndarray:
    """Hashes of the 5-grams of letters and digits; of the whole where it is shorter."""
    kept = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
    codes = np.frombuffer(kept.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    width = min(_WIDTH, len(codes))
    if not width:
        return np.zeros(0, dtype=np.uint64)
    found = np.zeros(len(codes) - width + 1, dtype=np.uint64)
    for offset in range(width):
        found = (found ^ codes[offset : offset + len(found)]) * _MULTIPLIER  # wraps at 64 bits
        found ^= found >> np.uint64(29)
    return found


def _candidates(
    owner: np.ndarray, shingle: np.ndarray, sizes: np.ndarray, threshold: float
) -> list[tuple[int, int]]:
    """Pairs of speeches that share enough.

    Counting every pair would be quadratic where all speeches share a phrase. Counting each only
    with the next few that have it is linear, exact for phrases of at most as many speeches, and
    still links many copies of one text, for they stand beside each other at every phrase.
    """
    pairs, counts = _shared(owner, shingle, len(sizes))
    first, second = pairs // len(sizes), pairs % len(sizes)
    shorter = np.minimum(sizes[first], sizes[second])
    either = sizes[first] + sizes[second] - counts
    share = np.where(shorter >= _SHORT, counts / shorter, counts / either)
    near = share >= threshold
    return list(zip(first[near].tolist(), second[near].tolist(), strict=True))


def _shared(owner: np.ndarray, shingle: np.ndarray, n_docs: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of speeches as ``first * n_docs + second``, and how many 5-grams each pair shares."""
    pairs, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    for step in range(1, _REACH + 1):
        same = shingle[:-step] == shingle[step:]
        if not same.any():
            break
        new, n_new = np.unique(
            owner[:-step][same] * n_docs + owner[step:][same], return_counts=True
        )
        merged, place = np.unique(np.concatenate([pairs, new]), return_inverse=True)
        total = np.zeros(len(merged), dtype=np.int64)
        np.add.at(total, place, np.concatenate([counts, n_new]))
        pairs, counts = merged, total
    return pairs, counts


def _root(parent: list[int], n: int) -> int:
    while parent[n] != n:
        parent[n] = parent[parent[n]]
        n = parent[n]
    return n
