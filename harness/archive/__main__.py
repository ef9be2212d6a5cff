"""`python -m harness.archive`: the archive as a process of its own."""

from __future__ import annotations

import argparse
import sys

from . import options

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m harness.archive", description="the reference archive")
    options.add_options(parser)
    sys.exit(options.run(parser.parse_args()))
