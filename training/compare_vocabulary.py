"""Compare how often words stand in real speeches and in the corpus: what the corpus is poor in.

python training/compare_vocabulary.py --data DIR [--corpus DIR] [--top N]

``DIR`` holds real speeches as ``NAME.gold.jsonl``. Only single words are shown, with the share of
segments that hold them. Needs the extra ``[train]`` (jieba cuts the words).
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jieba

from safetynlp.errors import DataError, SafetyNLPError
from safetynlp.labelled import read_labelled
from safetynlp.schema import Schema

HERE = Path(__file__).parent
jieba.setLogLevel(logging.WARNING)  # else it tells on stderr how it loads its dictionary


@dataclass(frozen=True, slots=True)
class Contrast:
    """A word with the share of segments that hold it, in real speeches and in the corpus."""

    word: str
    real: float
    corpus: float

    @property
    def log_ratio(self) -> float:
        """log2 of real to corpus; shares below 0.05 % count as that."""
        return math.log2(max(self.real, 5e-4) / max(self.corpus, 5e-4))


def shares(texts: Sequence[str]) -> dict[str, float]:
    """Word of two or more Chinese characters → share of the texts that hold it."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word for word in jieba.cut(text) if len(word) > 1 and word.isalpha()})
    return {word: n / len(texts) for word, n in counts.items()}


def contrasts(real: Sequence[str], corpus: Sequence[str], min_share: float) -> list[Contrast]:
    """Words in at least ``min_share`` of the real segments, those the corpus lacks most first."""
    mine = shares(corpus)
    found = [
        Contrast(word, share, mine.get(word, 0.0))
        for word, share in shares(real).items()
        if share >= min_share
    ]
    return sorted(found, key=lambda contrast: (-contrast.log_ratio, contrast.word))


def distance(words: Iterable[Contrast]) -> float:
    """Mean absolute log2 ratio, weighted by the share in real speeches; 0 is the same usage."""
    chosen = list(words)
    weight = sum(contrast.real for contrast in chosen)
    return sum(abs(contrast.log_ratio) * contrast.real for contrast in chosen) / weight


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with real speeches")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus")
    parser.add_argument("--min-share", type=float, default=0.02, help="of the real segments")
    parser.add_argument("--top", type=int, default=30, help="words to show")
    options = parser.parse_args(arguments)
    schema = Schema.default()
    try:
        real = read_labelled(sorted(options.data.glob("*.gold.jsonl")), schema).rows
        if not real:
            raise DataError(
                f"{options.data}: no *.gold.jsonl in this folder. Name that of the speeches.",
                f"{options.data}：文件夹中没有 *.gold.jsonl。请指定讲话所在文件夹。",
            )
        corpus = read_labelled([options.corpus], schema).rows
    except SafetyNLPError as error:
        print(f"compare_vocabulary: {error}", file=sys.stderr)
        return 2
    words = contrasts([row.text for row in real], [row.text for row in corpus], options.min_share)
    print(f"{len(real)} real segments, {len(corpus)} of the corpus")
    print(f"distance over {len(words)} words: {distance(words):.3f} (mean |log2 ratio|)")
    for contrast in words[: options.top]:
        print(f"{contrast.word}\treal {contrast.real:.1%}\tcorpus {contrast.corpus:.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
