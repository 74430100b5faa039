"""`python -m cilda`: the command, for launchers that start a module."""

from __future__ import annotations

import sys

from cilda.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
