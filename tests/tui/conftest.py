"""The screen's clocks are those of Greenwich in every test, and in the programs that tests start."""

from __future__ import annotations

import os
import time

os.environ["TZ"] = "UTC"
time.tzset()
