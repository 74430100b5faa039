"""The browser on a run, without the command line: for terminals under test.

`python -m tests.tui.browser.opened RUN_FOLDER --cache FOLDER [--option value …]`
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cilda.rewrites.query_order import order_of
from cilda.runs.layout import RunFolder
from cilda_tui.browser.app import Browser, Browsing


def main() -> None:
    """Opens it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--where", default="")
    parser.add_argument("--sort")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--exports", type=Path, default=Path())
    parser.add_argument("--marks", type=Path)
    for flag in ("ascii", "colourless", "stock"):
        parser.add_argument(f"--{flag}", action="store_true")
    given = parser.parse_args()
    options = Browsing(
        folder=RunFolder(given.folder),
        where=given.where,
        order=None if given.sort is None else order_of(given.sort),
        cache=given.cache,
        marks=given.marks,
        theme=given.theme,
        exports=given.exports,
        ascii=given.ascii,
        colourless=given.colourless,
        stock=given.stock,
        hz=10.0,
        strict=True,
    )
    Browser(options).run()


if __name__ == "__main__":
    main()
