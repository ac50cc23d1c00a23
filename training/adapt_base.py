"""Train the base encoder further on text of the field, by guessing words that are hidden.

python training/adapt_base.py --out DIR --text FILE_OR_FOLDER... [--corpus DIR] [--base e5-small-zh]

Masked-language adaptation (Gururangan et al. 2020, arXiv:2004.10964): 15 % of the pieces are
hidden, eight in ten by a mask, one by another piece, one not at all. Of ``--corpus`` only speeches
are read that :mod:`experiment` trains on, so that ``experiment.py --base DIR`` measures on text that
the encoder never saw. What is written is a Hugging Face folder like that of ``build_base.py``.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from experiment import parts_of
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from safetynlp.document import Document
from safetynlp.errors import SafetyNLPError, UsageError
from safetynlp.labelled import read_labelled
from safetynlp.schema import Schema
from safetynlp.segment import segment
from safetynlp.training.fit import FitConfig
from safetynlp.training.lean import lean_encoder
from safetynlp.training.optimiser import rate_at, set_rate
from safetynlp.training.recipe import Recipe
from safetynlp.training.rows import load_tokenizer, pad
from safetynlp.training.start import find_start
from safetynlp.training.workers import workers

HERE = Path(__file__).parent
SPECIAL = 4  # <s> <pad> </s> <unk>: never hidden; <unk>, of no use otherwise, is the mask
MASK_ID = 3
HIDDEN_SHARE = 0.15
NOT_HIDDEN = -100  # cross_entropy leaves it out


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how fast to train."""

    epochs: int = 1
    batch_size: int = 16  # blocks
    block: int = 128  # pieces
    learning_rate: float = 1e-4
    head_rate: float = 10.0  # the new head learns this many times faster
    seed: int = 0


class GuessHead(nn.Module):
    """BERT's head for hidden words: a layer, a norm, and the embeddings turned round."""

    def __init__(self, embeddings: nn.Embedding) -> None:
        super().__init__()
        n_pieces, width = embeddings.weight.shape
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(n_pieces))
        self.scale = nn.Parameter(torch.ones(()))  # embeddings of a sentence encoder are small

    def forward(self, states: Tensor, embeddings: Tensor) -> Tensor:
        """Logits: float, shape (hidden, pieces), from states of shape (hidden, width)."""
        hidden = self.norm(nn.functional.gelu(self.dense(states)))
        return nn.functional.linear(hidden * self.scale, embeddings, self.bias)


def texts_of(paths: Sequence[Path]) -> Iterator[str]:
    """Segments of the files, those of a folder in the order of their names.

    Raises:
        ReadError: a file cannot be read.
    """
    for path in paths:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in files:
            yield from (part.text for part in segment(Document.from_path(file)))


def blocks_of(texts: Sequence[str], tokenizer: Tokenizer, size: int) -> list[list[int]]:
    """Pieces of texts that follow one another, packed to at most ``size`` with both end marks."""
    blocks: list[list[int]] = []
    block: list[int] = []
    for encoding in tokenizer.encode_batch(list(texts)):
        start, *inner, end = encoding.ids
        if block and len(block) + len(inner) + 2 > size:
            blocks.append([start, *block, end])
            block = []
        block += inner[: size - 2]
    return [*blocks, [start, *block, end]] if block else blocks


def hide(ids: Tensor, n_pieces: int, random_: torch.Generator) -> tuple[Tensor, Tensor]:
    """What the encoder reads, and what it has to guess: int64, each of the shape of ``ids``."""
    chance = torch.rand(ids.shape, generator=random_)
    hidden = (chance < HIDDEN_SHARE) & (ids >= SPECIAL)
    how = torch.rand(ids.shape, generator=random_)
    others = torch.randint(SPECIAL, n_pieces, ids.shape, generator=random_)
    read = torch.where(hidden & (how < 0.8), MASK_ID, ids)
    read = torch.where(hidden & (how >= 0.9), others, read)
    return read, torch.where(hidden, ids, NOT_HIDDEN)


def adapt(encoder: PreTrainedModel, blocks: Sequence[list[int]], settings: Settings) -> list[float]:
    """Train ``encoder`` in place; gives the mean loss of each tenth of the run, in nats."""
    torch.manual_seed(settings.seed)
    words = cast("nn.Embedding", encoder.get_input_embeddings())
    head = GuessHead(words)
    optimiser = torch.optim.AdamW(
        [
            {"params": encoder.parameters(), "peak": settings.learning_rate},
            {"params": head.parameters(), "peak": settings.learning_rate * settings.head_rate},
        ],
        weight_decay=0.01,
        fused=True,
    )
    lean = lean_encoder(encoder)
    team, mixed = workers(), FitConfig().mixed_precision
    encoder.train()
    chance = torch.Generator().manual_seed(settings.seed)
    order = random.Random(settings.seed)
    batches = [batch for _ in range(settings.epochs) for batch in _batches(blocks, settings, order)]
    losses = []
    for step, batch in enumerate(batches):
        ids, mask = pad(batch, encoder.config.pad_token_id)
        read, wanted = hide(ids, words.num_embeddings, chance)
        at = wanted != NOT_HIDDEN
        with team.autocast(mixed):
            states = lean(read, mask) if lean else encoder(read, mask).last_hidden_state
            guesses = head(states[at], words.weight)
        loss = nn.functional.cross_entropy(guesses.float(), wanted[at])
        set_rate(optimiser, rate_at(step, len(batches), warmup=0.06))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], 1.0)
        optimiser.step()
        losses.append(loss.item())
    tenth = math.ceil(len(losses) / 10)
    parts = [losses[n : n + tenth] for n in range(0, len(losses), tenth)]
    return [sum(part) / len(part) for part in parts]


def _batches(
    blocks: Sequence[list[int]], settings: Settings, order: random.Random
) -> Iterator[list[list[int]]]:
    shuffled = order.sample(blocks, len(blocks))
    for n in range(0, len(shuffled), settings.batch_size):
        yield shuffled[n : n + settings.batch_size]


def run(options: argparse.Namespace) -> str:
    """Adapt and write; gives a line that says what was done."""
    settings = Settings(options.epochs, learning_rate=options.learning_rate, seed=options.seed)
    texts = list(texts_of(options.text))
    if options.corpus:
        rows = read_labelled([options.corpus], Schema.default()).rows
        recipe = Recipe.from_file(HERE / "recipes" / "released.toml")
        texts += [row.text for row in parts_of(rows, recipe)[0]]
    if not texts:
        raise UsageError(
            "nothing to read. Name files with --text, or a corpus with --corpus.",
            "没有可读的文本。请用 --text 指定文件，或用 --corpus 指定语料。",
        )
    if options.out.exists():
        raise UsageError(
            f"{options.out}: exists already. Name a new folder.",
            f"{options.out}：已存在。请另取文件夹名。",
        )
    with tempfile.TemporaryDirectory() as scratch:
        start = find_start(options.base, Path(scratch))
        encoder = AutoModel.from_pretrained(start.path, add_pooling_layer=False)
        size = min(settings.block, start.max_positions)
        blocks = blocks_of(texts, load_tokenizer(start.tokenizer_file), size)
        losses = adapt(encoder, blocks, settings)
        encoder.save_pretrained(options.out)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            if (start.path / name).is_file():
                (options.out / name).write_bytes((start.path / name).read_bytes())
    course = " ".join(f"{loss:.2f}" for loss in losses)
    return f"{options.out}: {len(blocks)} blocks of {len(texts)} segments; loss {course}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="new folder for the encoder")
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="files or folders")
    parser.add_argument("--corpus", type=Path, help="labelled speeches; their labels are not used")
    parser.add_argument("--base", default="e5-small-zh", help="or a folder with an encoder")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        line = run(options)
    except SafetyNLPError as error:
        print(f"adapt_base: {error}", file=sys.stderr)
        return 2
    print(f"{line}; {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
