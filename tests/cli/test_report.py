"""`cilda report`: a run as one file of HTML."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cilda_tui.report.page import GENERATOR
from tests.cli.conftest import Cilda, Shown
from tests.rewrites.made_rewrites import made_run
from tests.tui.made_hostile import HOSTILE_TEXTS
from tests.tui.report.strict_html import Page


def test_a_real_run_becomes_a_page_and_its_path_is_printed(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path
) -> None:
    out = tmp_path / "one.html"
    shown = cilda("report", finished[0], "--out", out)
    assert (shown.code, shown.out, shown.err) == (0, f"{out}\n", "")
    page = Page(out.read_text(encoding="utf-8"))
    for said in ("finished", "What the generator did", "hard_label.real", "Most replaced", "bad", "good", "perplexity"):
        assert said in page.text, said
    # A report is replaced; in a folder it has the run's name.
    assert cilda("report", finished[0], "--out", out).code == 0
    assert cilda("report", finished[0], "--out", tmp_path).out == f"{tmp_path / 'one.html'}\n"


def test_a_filter_chooses_the_rewrites(cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path) -> None:
    out = tmp_path / "some.html"
    assert cilda("report", finished[0], "--where", "label:good", "--examples", 2, "--out", out).code == 0
    assert "that fit label:good" in " ".join(Page(out.read_text(encoding="utf-8")).text.split())
    assert cilda("report", finished[0], "--where", "kl>1000", "--examples", 0, "--out", out).code == 0
    assert "fits kl>1000" in " ".join(Page(out.read_text(encoding="utf-8")).text.split())


def test_hostile_texts_are_shown_and_nothing_of_them_is_markup(cilda: Cilda, tmp_path: Path) -> None:
    folder = made_run(tmp_path, 300, hostile=True)
    event = {
        "v": 1,
        "t": 1.0,
        "kind": "augmentation",
        "turn": 1,
        "id": "<img src=x onerror=alert(1)>",
        "label": "</style><script>",
    }
    texts = [
        '"><script>alert(1)</script>',
        "javascript:alert(1)",
        "' onmouseover='alert(1)",
        "]]>\u202e<!--",
        "x" * 1_000_000,
    ]
    lines = [
        json.dumps({**event, "real": text, "soft": text + "!", "kl_real": 0.1, "kl_soft": 9.0 + at})
        for at, text in enumerate(texts)
    ]
    (folder.augmentations / "000009.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "hostile.html"
    assert cilda("report", folder.path, "--out", out).code == 0
    html = out.read_text(encoding="utf-8")
    page = Page(html)
    assert (
        "<script" not in html
        and "onerror=alert" not in html.replace("onerror=alert(1)&gt;", "")
        and len(html) < 4_000_000
    )
    assert "<script>alert(1)</script>" in page.text
    assert HOSTILE_TEXTS


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "{tmp}/no/x.html"], "there is no folder"),
        (["--out", "{tmp}/mine.txt"], "is there already, and is no report"),
        (["--examples", "-1"], "--examples is -1"),
        (["--where", "kl>"], "kl>"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_overwritten(
    cilda: Cilda, finished: tuple[Path, Shown], tmp_path: Path, options: list[str], said: str
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("my own")
    shown = cilda("report", finished[0], *[option.format(tmp=tmp_path) for option in options])
    assert shown.code in (1, 2) and said in shown.err, shown.err
    assert mine.read_text() == "my own" and list(tmp_path.iterdir()) == [mine]
    assert cilda("report", finished[0], "--out", mine, "--force").code == 0
    assert GENERATOR in mine.read_text()
