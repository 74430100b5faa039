"""Rows of runs for tests, made without files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cilda.runs.layout import RunFolder
from cilda.runs.status import Status
from cilda.runs.summary import Summary

PLAIN = Summary(
    folder=RunFolder(Path("runs/20261122-1158-sst2-6L-cilda-a7f3")),
    status=Status("running"),
    job="distill",
    task="sst2",
    method="cilda",
    teacher="bert-base",
    student="6L",
    host="here",
    stage="student",
    turn=100,
    total_turns=400,
    progress=0.25,
    best=0.91,
    attempt=1,
    created=1_000_000.0,
    moved=1_000_050.0,
)


def summary(**fields: Any) -> Summary:
    """A row with these fields changed; `id` and `word` stand for the folder and the status."""
    if "id" in fields:
        fields["folder"] = RunFolder(Path("runs") / fields.pop("id"))
    if "word" in fields:
        fields["status"] = Status(fields.pop("word"))
    return replace(PLAIN, **fields)
