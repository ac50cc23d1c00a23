from __future__ import annotations

import pytest

from safetynlp.errors import UsageError
from safetynlp.labelled import LabelledRow, folds, split


def rows_of(*docs: str) -> list[LabelledRow]:
    """Three rows of each speech, interleaved."""
    return [LabelledRow(doc, f"{doc}-{n}", {}) for n in range(3) for doc in docs]


DOCS = [f"{family}-{n:03}" for family in ("city", "county", "firm") for n in range(20)]
SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def test_no_speech_stands_in_two_parts() -> None:
    rows = rows_of(*DOCS)
    parts = split(rows, SHARES, seed=1)
    docs = {name: {row.doc for row in part} for name, part in parts.items()}
    assert sum(map(len, docs.values())) == len(DOCS)
    assert set().union(*docs.values()) == set(DOCS)
    assert sum(map(len, parts.values())) == len(rows)
    for part in parts.values():
        assert part == [row for row in rows if row in part]  # in their given order


def test_shares_are_kept_and_spread_over_the_families() -> None:
    parts = split(rows_of(*DOCS), SHARES, seed=1)
    for name, share in SHARES.items():
        docs = {row.doc for row in parts[name]}
        assert len(docs) == pytest.approx(share * len(DOCS), abs=1)
        assert {doc.split("-")[0] for doc in docs} == {"city", "county", "firm"}


def test_split_follows_the_seed() -> None:
    def drawn(seed: int) -> list[str]:
        return sorted({row.doc for row in split(rows_of(*DOCS), SHARES, seed)["test"]})

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_fewer_speeches_than_parts() -> None:
    parts = split(rows_of("a1"), SHARES, seed=0)
    assert {name: len(part) for name, part in parts.items()} == {"train": 3, "dev": 0, "test": 0}


def test_a_part_of_nothing_gets_nothing() -> None:
    parts = split(rows_of(*DOCS), {"train": 1.0, "dev": 0.0}, seed=0)
    assert parts["dev"] == []


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": float("nan")}])
def test_faulty_shares(shares: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="sum to 1"):
        split(rows_of("a1"), shares, seed=0)


def test_groups_land_together() -> None:
    groups = {doc: n // 5 for n, doc in enumerate(sorted(DOCS))}
    rows = rows_of(*DOCS)
    for seed in range(5):
        parts = split(rows, SHARES, seed, groups)
        part_of = {row.doc: name for name, part in parts.items() for row in part}
        assert len({(groups[doc], part) for doc, part in part_of.items()}) == 12
        assert len({row.doc for row in parts["train"]}) == pytest.approx(48, abs=5)
        for other, held_out in folds(rows, 4, seed, groups):
            assert {groups[r.doc] for r in other}.isdisjoint({groups[r.doc] for r in held_out})


def test_speeches_alone_in_their_groups_are_drawn_as_without() -> None:
    alone = {doc: n for n, doc in enumerate(DOCS)}
    rows = rows_of(*DOCS)
    assert split(rows, SHARES, 3, alone) == split(rows, SHARES, 3)
    assert split(rows, SHARES, 3, {}) == split(rows, SHARES, 3)


def test_every_row_is_held_out_once() -> None:
    rows = rows_of(*DOCS)
    dealt = folds(rows, 7, seed=1)
    assert sorted(row.text for _, held_out in dealt for row in held_out) == sorted(
        row.text for row in rows
    )
    for other, held_out in dealt:
        assert {row.doc for row in other}.isdisjoint({row.doc for row in held_out})
        assert len(other) + len(held_out) == len(rows)
        assert len({row.doc for row in held_out}) in (8, 9)
    assert dealt == folds(rows, 7, seed=1)
    assert dealt != folds(rows, 7, seed=2)


def test_no_fold_is_empty_though_one_group_has_most() -> None:
    groups = dict.fromkeys(DOCS[:50], 0)
    assert all(held_out for _, held_out in folds(rows_of(*DOCS), 11, 0, groups))


@pytest.mark.parametrize("k", [0, 1, 4])
def test_faulty_number_of_folds(k: int) -> None:
    rows = rows_of("a", "b", "c", "d")
    with pytest.raises(UsageError, match=f"{k} folds of 3 speeches"):
        folds(rows, k, 0, {"a": 0, "d": 0})
