"""`python -m cilda`: the command, where a launcher wants a module."""

from __future__ import annotations

import sys

from cilda.cli.main import main

sys.exit(main())
