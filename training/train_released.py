"""Train the released model from ``training/corpus`` by a recipe; takes hours on two cores.

python training/train_released.py [--recipe FILE] [--out DIR] [--base DIR]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safetynlp.errors import SafetyNLPError
from safetynlp.training.card import write_card
from safetynlp.training.recipe import Recipe
from safetynlp.training.train import train

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, default=HERE / "recipes" / "released.toml")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus")
    parser.add_argument("--base", type=Path, help="base encoder built before")
    parser.add_argument("--out", type=Path, help="default: models/ and the recipe's name")
    arguments = parser.parse_args()
    try:
        recipe = Recipe.from_toml(arguments.recipe)
        out = arguments.out or HERE.parent / "models" / recipe.name
        result = train(
            recipe,
            arguments.corpus,
            out,
            base=arguments.base,
            log=lambda line: print(line, flush=True),
        )
        write_card(result.path)
    except SafetyNLPError as error:
        print(f"train_released: {error}", file=sys.stderr)
        return 2
    for facet, metrics in result.metrics.items():
        figures = ", ".join(f"{name} {figure}" for name, figure in metrics.figures.items())
        print(f"test {facet}: {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
