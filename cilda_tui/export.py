"""A pane as files: its picture as PNG and SVG, its exact data as CSV and JSON."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cilda_tui.frame import Frame
from cilda_tui.look import Look
from cilda_tui.tables import Table

if TYPE_CHECKING:
    from cilda_tui.plot import Plot


@dataclass(frozen=True)
class Taken:
    """What a pane shows, at the moment when a key was pressed."""

    name: str
    """Of the run and the pane: what the files are called."""
    table: Table
    frame: Frame
    plot: Plot | None = None
    """Of a chart, which is drawn anew from its data."""


def exported(taken: Taken, folder: Path, look: Look, now: float | None = None) -> str:
    """Writes four files, and says where. Takes a second or two, nearly all of it for the pictures.

    Raises:
        OSError: the disk refused.
    """
    from cilda_tui.picture import KINDS, chart_picture, frame_picture, save

    path = _free(folder, taken.name, now)
    path.with_suffix(".csv").write_text(taken.table.to_csv(), encoding="utf-8")
    path.with_suffix(".json").write_text(taken.table.to_json(), encoding="utf-8")
    figure = frame_picture(taken.frame, look) if taken.plot is None else chart_picture(taken.plot, look)
    for kind in KINDS:
        save(figure, path.with_suffix(f".{kind}"))
    return f"exported: {path}.png .svg .csv .json"


def copied(text: str, name: str, folder: Path, now: float | None = None) -> str:
    """Writes what was copied into a file, for terminals that keep no clipboard, and says where.

    Raises:
        OSError: the disk refused.
    """
    path = _free(folder, name, now).with_suffix(".txt")
    path.write_text(text, encoding="utf-8")
    return f"copied, and written to {path}"


def _free(folder: Path, name: str, now: float | None) -> Path:
    """A path without an ending; of files of the same second the later ones are numbered."""
    folder.mkdir(parents=True, exist_ok=True)
    clean = re.sub(r"[^A-Za-z0-9_+=-]+", "-", name).strip("-")[:150] or "pane"
    stamp = time.strftime("%H%M%S", time.localtime(time.time() if now is None else now))
    taken = {entry.name.partition(".")[0] for entry in os.scandir(folder)}
    names = (f"{clean}-{stamp}{f'-{again}' if again else ''}" for again in range(len(taken) + 1))
    return folder / next(name for name in names if name not in taken)
