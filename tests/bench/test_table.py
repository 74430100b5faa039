from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cilda.bench import formats
from cilda.bench.curves import curves_of, figure
from cilda.bench.plan import Cell
from cilda.bench.results import result_of, results_of
from cilda.bench.table import Table, make_table
from cilda.runs.layout import RunFolder, create
from cilda.runs.writer import RunWriter
from tests.bench.made_bench import GOLD, made_plan, make_runs, wrong_in


@pytest.fixture(name="table")
def _table(tmp_path: Path) -> Table:
    """Kd wrong in 20 to 22 of 60 rows, cilda in 4 to 6; one run of cilda on cola has not come yet."""
    plan = made_plan()

    def said(cell: Cell) -> list[int] | None:
        if (cell.task, cell.method, cell.seed) == ("cola", "cilda", 2):
            return None
        return wrong_in({"kd": 20, "cilda": 4}[cell.method] + cell.seed)

    make_runs(tmp_path, plan, said)
    return make_table(plan, results_of(plan, "bench", tmp_path), {"rte": {"teacher": 2.0, "student": 1.25}})


def test_means_and_spreads_are_over_seeds(table: Table) -> None:
    line = table.line("rte", "kd")
    assert line is not None and line.mean == pytest.approx(39 / 60) and line.spread == pytest.approx(1 / 60)
    assert (line.turns, line.parameters) == ((40, 40, 40), 400) and line.seconds == pytest.approx(0.5)
    missing = table.line("cola", "cilda")
    assert missing is not None and len(missing.scores) == 2 and missing.planned == 3
    assert table.missing == 1 and table.failed == ()
    assert table.teachers == {"rte": (0.95, 1000), "cola": (0.95, 1000)}
    assert table.average("kd") == pytest.approx(39 / 60)


def test_the_test_is_paired_over_the_seeds_that_both_have(table: Table) -> None:
    line, short, reference = table.line("rte", "cilda"), table.line("cola", "cilda"), table.line("rte", "kd")
    assert line is not None and short is not None and reference is not None
    assert line.paired is not None and short.paired is not None and reference.paired is None
    assert (line.paired.seeds, short.paired.seeds) == (3, 2)
    assert line.paired.difference == pytest.approx(16 / 60) and line.paired.p < 0.001
    assert line.p_holm is not None and line.p_holm >= line.paired.p


def test_rows_that_differ_are_not_compared(tmp_path: Path) -> None:
    plan = made_plan(tasks=("rte",), seeds=1)
    make_runs(tmp_path, plan, lambda _: wrong_in(3))
    path = RunFolder(tmp_path / plan.cells[0].run("bench")).predictions / "validation.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("v:0", "w:0"), encoding="utf-8")
    table = make_table(plan, results_of(plan, "bench", tmp_path))
    line = table.line("rte", "cilda")
    assert line is not None and line.scores and line.paired is None
    assert formats.test_rows(table)[1] == ("rte cilda", "1", "-", "-", "-", "-")


def test_a_bench_without_any_run_has_an_empty_table(tmp_path: Path) -> None:
    plan = made_plan()
    table = make_table(plan, results_of(plan, "bench", tmp_path))
    assert table.missing == len(plan.cells) and table.budget == "budget: no run has finished yet"
    assert formats.score_rows(table) == [("kd", "-", "-", "-"), ("cilda", "-", "-", "-")]
    assert formats.markdown(table) and formats.latex(table) and json.dumps(table.to_json())


def test_a_run_that_failed_is_named(tmp_path: Path) -> None:
    plan = made_plan(tasks=("rte",), seeds=1)
    with RunWriter(create(tmp_path, plan.cells[0].run("bench"))) as writer:
        writer.write_run({"job": "distill", "config": {}})
        writer.state("failed", error="no memory")
    table = make_table(plan, results_of(plan, "bench", tmp_path))
    assert table.failed == ("bench-rte-kd-s0: failed",) and table.missing == 1


def test_the_table_in_rows(table: Table) -> None:
    assert formats.score_columns(table) == ("method", "rte (accuracy)", "cola (accuracy)", "average")
    teacher, kd, cilda = formats.score_rows(table)
    assert teacher == ("teacher", "0.9500", "0.9500", "0.9500")
    assert kd[:2] == ("kd", "0.6500 ± 0.0167")
    assert cilda[1] == "0.9167 ± 0.0167*"
    assert formats.test_rows(table)[0][:3] == ("rte kd", "3", "reference")
    assert formats.test_rows(table)[3][1] == "2 of 3"
    assert formats.cost_rows(table)[0] == ("rte kd", "40", "0 s", "-")
    assert formats.size_rows(table)[:2] == [("rte", "teacher", "1,000", "2.0 ms"), ("rte", "student", "400", "1.2 ms")]
    assert table.budget == "budget: equal student turns: rte 40, cola 40"
    assert any("1 run has not ended yet" in note for note in formats.notes(table))


def test_unequal_turns_are_told(tmp_path: Path) -> None:
    plan = made_plan(tasks=("rte",), seeds=1)
    for turns, method in ((40, "kd"), (60, "cilda")):
        make_runs(tmp_path, plan, lambda cell, method=method: GOLD if cell.method == method else None, turns=turns)  # type: ignore[misc]
    assert make_table(plan, results_of(plan, "bench", tmp_path)).budget == "budget: student turns as told: rte 40 to 60"


def test_markdown_and_latex_hold_every_cell(table: Table) -> None:
    markdown, latex = formats.markdown(table), formats.latex(table)
    for row in formats.score_rows(table):
        for cell in row:
            assert cell.replace("*", "\\*") in markdown
            assert cell.replace("±", r"$\pm$") in latex
    widths = {line.count(" | ") for line in markdown.split("\n\n")[0].splitlines() if "---" not in line}
    assert len(widths) == 1
    assert latex.count(r"\\") == 4 and r"\begin{table}" in latex
    assert r"p $<$ 0.05" in latex and "{Budget: equal" in latex


def test_names_cannot_break_out_of_a_format(tmp_path: Path) -> None:
    plan = made_plan(tasks=("a|b_$x",), seeds=1)
    table = make_table(plan, results_of(plan, "bench", tmp_path))
    assert r"a\|b\_$x" in formats.markdown(table) and r"a|b\_\$x" in formats.latex(table)


def test_the_figure_has_a_panel_a_task_and_a_line_a_method(tmp_path: Path) -> None:
    plan = made_plan(tasks=("rte", "<cola>"), seeds=2)
    make_runs(tmp_path, made_plan(tasks=("rte",), seeds=2), lambda cell: wrong_in(cell.seed))
    curves = curves_of(results_of(plan, "bench", tmp_path))
    assert [(curve.task, curve.label, curve.turns) for curve in curves] == [
        ("rte", "kd", (20, 40)), ("rte", "cilda", (20, 40))
    ]  # fmt: skip
    assert curves[0].means == pytest.approx((59.5 / 60 - 0.1, 59.5 / 60))
    assert curves[0].lows[1] == pytest.approx(59 / 60) and curves[0].highs[1] == 1
    hostile = [curve.__class__("<script>", *list(vars(curve).values())[1:]) for curve in curves]
    tree = ET.fromstring(figure([*curves, *hostile], {"rte": "accuracy"}))  # noqa: S314  our own text
    assert len(tree.findall("{http://www.w3.org/2000/svg}g")) == 2
    assert not list(tree.iter("{http://www.w3.org/2000/svg}script"))


def test_energy_is_watts_by_seconds_while_the_run_held_memory(tmp_path: Path) -> None:
    plan = made_plan(tasks=("rte",), seeds=1)
    make_runs(tmp_path, plan, lambda _: GOLD)
    folder = RunFolder(tmp_path / plan.cells[0].run("bench"))
    folder.system.mkdir()
    readings = [(0, 100, 5), (1, 300, 5), (2, 200, 5), (60, 999, 5), (61, 50, 5), (62, 999, 0), (63, 999, 0)]
    lines = [
        json.dumps({"t": t, "kind": "system", "gpus": [{"watts": watts, "ours_mb": ours}, {"watts": 70, "ours_mb": 0}]})
        for t, watts, ours in readings
    ]
    (folder.system / "000001.jsonl").write_text("\n".join([*lines, '{"gpus": broken']), encoding="utf-8")
    assert result_of(plan.cells[0], folder).joules == pytest.approx(300 + 200 + 50)
    assert result_of(plan.cells[1], RunFolder(tmp_path / plan.cells[1].run("bench"))).joules is None
