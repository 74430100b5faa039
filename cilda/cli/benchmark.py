"""`cilda benchmark`: how fast this machine plays a run's turns, and which batch and precision to choose."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cilda.cli.beforehand import looked_over
from cilda.cli.chosen import say
from cilda.cli.run_options import Given, takes_settings
from cilda.cli.table import show_json, show_table
from cilda.runs.events import finite
from cilda.runs.words import size_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cilda.config import RunConfig
    from cilda.distill.speed import Machine, Speed

_SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)
_TOKENS = tuple(32 * size for size in _SIZES)


@takes_settings(
    but=[
        "epochs", "max_turns", "teacher_epochs", "learning_rate", "auto_batch", "gpus", "name", "keep", "runs_dir",
        "track",
    ]
)  # fmt: skip
def benchmark(
    given: Given,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure this machine: texts a second, memory, where a turn's time goes, and which batch and precision to choose.

    Takes the options of `cilda distill` and plays turns of its models on its texts, in each precision that the device
    has, with batches of rising size while that pays: in texts or, with --tokens-per-batch, in tokens. Nothing is
    trained, and nothing is kept. A minute on a GPU, some on a CPU.
    """
    config, _ = given.resolved()
    here, found, own = _measured(config)
    if as_json:
        from cilda.distill.speed import advised

        machine = {"device": here.device, "flops_per_second": here.flops_per_second, "limit_bytes": here.limit_bytes}
        speeds = [speed.to_json() for speed in found]
        show_json(finite({"machine": machine, "speeds": speeds, "advised": advised(found).to_json()}))
        return
    _show(found)
    for line in _advice(here, found, own, config):
        print(line)


def _measured(config: RunConfig) -> tuple[Machine, list[Speed], Speed | None]:
    """The machine, all speeds, and the one that the settings ask for, where that was measured."""
    say("looking at names and rows")
    data = looked_over(config)
    say("loading PyTorch and the models")
    from cilda.distill.assembly import assemble_generator
    from cilda.distill.batching import Batching
    from cilda.distill.hardware import uses_bfloat16
    from cilda.distill.preflight import crowded
    from cilda.distill.rehearsal import fresh_turns
    from cilda.distill.speed import machine, speeds
    from cilda.distill.teacher import load_teacher
    from cilda.errors import CildaError
    from cilda.runs.layout import create
    from cilda.runs.writer import RunWriter

    with tempfile.TemporaryDirectory(prefix="cilda-benchmark-") as scratch:
        with RunWriter(create(Path(scratch), "benchmark")) as writer:
            base = load_teacher(config, data.task, writer)
            generator = assemble_generator(config, config.recipe, base, writer)
        turns, train, settings = fresh_turns(config, data, base, generator, tell=say)
    for warning in crowded(turns.device):
        say(f"warning: {warning}")
    natively = ["bfloat16"] if uses_bfloat16("auto", turns.device) else []
    precisions = list(
        dict.fromkeys(["float32", *natively, *([] if config.precision == "auto" else [config.precision])])
    )
    say(f"measuring matrix products in {' and '.join(precisions)}")
    here = machine(turns.device, precisions)
    if config.tokens_per_batch is None:
        sizes = [Batching(texts) for texts in sorted({*_SIZES, config.batch_size})]
    else:
        sizes = [Batching(config.batch_size, tokens) for tokens in sorted({*_TOKENS, config.tokens_per_batch})]
    found = []
    for speed in speeds(turns, train, sizes, here, settings.cycle(config.recipe), tell=lambda what: say(f"{what} …")):
        found.append(speed)
        if sys.stdout.isatty():
            say(f"  {speed.texts_per_second:,.0f} texts a second, {size_words(speed.peak_bytes)}")
    if not found:
        raise CildaError(
            f"not even a turn of {sizes[0]} can be played here",
            f"the training set has {len(train)} rows, {size_words(here.limit_bytes)} of memory can be had",
        )
    wanted = (_size_of(config), "bfloat16" if settings.turn.bfloat16 else "float32")
    return here, found, next((one for one in found if (_size_of(one), one.precision) == wanted), None)


def _size_of(one: RunConfig | Speed) -> int:
    """The batch in the measure that was asked for."""
    return one.batch_size if one.tokens_per_batch is None else one.tokens_per_batch


def _show(found: Sequence[Speed]) -> None:
    players = list(found[0].turns)
    by_tokens = found[0].tokens_per_batch is not None
    columns = (
        "precision",
        *(("tokens a turn",) if by_tokens else ()),
        "texts a turn",
        "texts/s",
        *(f"{player} turn" for player in players),
        "memory",
        "utilisation",
    )
    rows = [
        (
            speed.precision,
            *((str(speed.tokens_per_batch),) if by_tokens else ()),
            str(speed.batch_size),
            f"{speed.texts_per_second:,.0f}",
            *(f"{1000 * speed.turns[player].seconds:,.0f} ms" for player in players),
            size_words(speed.peak_bytes),
            f"{speed.turns['student'].utilisation:.0%}",
        )
        for speed in found
    ]
    show_table(columns, rows, right=frozenset(columns[1:]))


def _advice(here: Machine, found: Sequence[Speed], own: Speed | None, config: RunConfig) -> list[str]:
    """What the figures mean, in lines."""
    from cilda.distill.speed import advised

    best = advised(found)
    rates = ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {name}" for name, rate in here.flops_per_second.items())
    lines = [
        f"{here.device}: a large matrix product reaches {rates}; utilisation is the share that a student turn reaches."
    ]
    for player, turn in best.turns.items():
        shares = sorted(turn.shares.items(), key=lambda one: -one[1])
        lines.append(f"of a {player} turn's time: {', '.join(f'{part} {share:.0%}' for part, share in shares)}")
    flag, measure = ("--batch-size", "texts") if best.tokens_per_batch is None else ("--tokens-per-batch", "tokens")
    options = f"{flag} {_size_of(best)} --set precision={best.precision}"
    if own is best:
        lines.append(f"choose what you have: {options}")
    elif own is not None:
        gain = best.texts_per_second / own.texts_per_second
        lines.append(f"choose {options}: {gain:.2f} times as fast as {_size_of(own)} {measure} in {own.precision}")
    else:
        lines.append(f"choose {options}")
    if _size_of(best) != _size_of(config):
        lines.append("another batch is another training: with a larger one the same epochs have fewer turns.")
    lines.append(f"texts are {best.length} tokens long here; whether the longest fit, says cilda check.")
    return lines
