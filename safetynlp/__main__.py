"""Run the command line as ``python -m safetynlp``."""

import sys

from safetynlp.cli import main

if __name__ == "__main__":
    sys.exit(main())
