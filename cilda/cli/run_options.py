"""The options that shape a run, shared by the commands that look at one or start one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cilda.cli.completion import complete_methods, complete_models, complete_tasks
from cilda.cli.settings import layers_of, resolved

if TYPE_CHECKING:
    from cilda.config import RunConfig
    from cilda.config_sources import Layer

LEARN = "What to learn"
MODELS = "Models"
METHOD = "Method"
BUDGET = "Budget"
KEEP = "Keeping"

TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        help="A name from `cilda tasks`; by default sst2.",
        rich_help_panel=LEARN,
        autocompletion=complete_tasks,
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder with the task's Parquet files, instead of the hub.", rich_help_panel=LEARN),
]
TrainOption = Annotated[
    Path | None, typer.Option("--train", help="Your own rows: CSV, TSV, JSONL or Parquet.", rich_help_panel=LEARN)
]
ValidationOption = Annotated[
    Path | None,
    typer.Option("--validation", help="Your own validation rows; else a tenth of --train.", rich_help_panel=LEARN),
]
UnlabeledOption = Annotated[
    Path | None,
    typer.Option(
        "--unlabeled",
        help="More texts, without labels: only the teacher speaks of them. Also .txt, a text a line.",
        rich_help_panel=LEARN,
    ),
]
TextOption = Annotated[str | None, typer.Option("--text", help="Column with the text.", rich_help_panel=LEARN)]
TextPairOption = Annotated[
    str | None, typer.Option("--text-pair", help="Column with the second text.", rich_help_panel=LEARN)
]
LabelOption = Annotated[str | None, typer.Option("--label", help="Column with the label.", rich_help_panel=LEARN)]
AllowEmptyOption = Annotated[
    bool | None, typer.Option("--allow-empty", help="Keep rows whose text is empty.", rich_help_panel=LEARN)
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", help="First N training rows after a seeded shuffle.", rich_help_panel=LEARN)
]
MaxLengthOption = Annotated[
    int | None, typer.Option("--max-length", help="Longest text in tokens; by default 128.", rich_help_panel=LEARN)
]
TeacherOption = Annotated[
    str | None,
    typer.Option(
        "--teacher",
        help="Name from `cilda models`, hub id or folder; by default bert-base.",
        rich_help_panel=MODELS,
        autocompletion=complete_models,
    ),
]
StudentOption = Annotated[
    str | None,
    typer.Option(
        "--student",
        help="6L (cut from the teacher), 6L-384H (fresh, narrower) or a model; by default 6L.",
        rich_help_panel=MODELS,
    ),
]
GeneratorOption = Annotated[
    str | None,
    typer.Option(
        "--generator",
        help="Masked LM that rewrites; by default the family's small one.",
        rich_help_panel=MODELS,
        autocompletion=complete_models,
    ),
]
AllowPickleOption = Annotated[
    bool | None,
    typer.Option("--allow-pickle", help="Load weights stored as pickles, which can run code.", rich_help_panel=MODELS),
]
MethodOption = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="A name from `cilda methods`; by default cilda.",
        rich_help_panel=METHOD,
        autocompletion=complete_methods,
    ),
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        metavar="TERM=W",
        help="Another weight, as layer_contrast.soft=0.25; repeatable.",
        rich_help_panel=METHOD,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any setting that --dry-run shows; repeatable.", rich_help_panel=METHOD
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE.toml", help="Settings from a file, or recipe:NAME.", rich_help_panel=METHOD),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Of everything random; by default 42.", rich_help_panel=METHOD)
]
EpochsOption = Annotated[
    float | None,
    typer.Option("--epochs", help="Passes over the rows; by default 3 to 20 by their number.", rich_help_panel=BUDGET),
]
MaxTurnsOption = Annotated[
    int | None, typer.Option("--max-turns", help="Student turns at most.", rich_help_panel=BUDGET)
]
TeacherEpochsOption = Annotated[
    float | None,
    typer.Option("--teacher-epochs", help="Passes when the teacher is fine-tuned first.", rich_help_panel=BUDGET),
]
BatchSizeOption = Annotated[
    int | None, typer.Option("--batch-size", help="Texts in a turn; by default 32.", rich_help_panel=BUDGET)
]
TokensPerBatchOption = Annotated[
    int | None,
    typer.Option(
        "--tokens-per-batch",
        metavar="N",
        help="Tokens in a turn, padding counted in, instead of a number of texts.",
        rich_help_panel=BUDGET,
    ),
]
MicroBatchOption = Annotated[
    int | None,
    typer.Option(
        "--micro-batch", metavar="N", help="Texts at once on the device; by default the batch.", rich_help_panel=BUDGET
    ),
]
AutoBatchOption = Annotated[
    bool | None,
    typer.Option("--auto-batch", help="Take the micro-batch that fits into memory.", rich_help_panel=BUDGET),
]
GpusOption = Annotated[
    int | None,
    typer.Option(
        "--gpus",
        metavar="N",
        help="Processes that share each batch, one a GPU; with device=cpu on the CPU.",
        rich_help_panel=BUDGET,
    ),
]
CompileOption = Annotated[
    bool | None,
    typer.Option(
        "--compile",
        help="Compile the models' layers by torch.compile; measure with cilda benchmark whether that pays.",
        rich_help_panel=BUDGET,
    ),
]
LearningRateOption = Annotated[
    float | None,
    typer.Option("--learning-rate", help="By default 2e-5 at width 768, more for narrower.", rich_help_panel=BUDGET),
]
KeepOption = Annotated[
    int | None,
    typer.Option("--keep", metavar="N", help="Full checkpoints to keep; by default 2.", rich_help_panel=KEEP),
]
TrackOption = Annotated[
    str | None,
    typer.Option(
        "--track",
        metavar="A,B",
        help="Send numbers on to tensorboard, trackio, wandb or mlflow.",
        rich_help_panel=KEEP,
    ),
]
RunsDirOption = Annotated[
    Path | None, typer.Option("--runs-dir", help="Where runs are kept; by default ./runs.", rich_help_panel=KEEP)
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", help="The run's name; by default time, task, student, method.", rich_help_panel=KEEP),
]

# By parameter, in the order of the help page: the setting, and the option. Those without a setting are no flags of one.
_OPTIONS: dict[str, tuple[str | None, Any]] = {
    "task": ("task", TaskOption),
    "data_dir": ("data_dir", DataDirOption),
    "train": ("train_file", TrainOption),
    "validation": ("validation_file", ValidationOption),
    "unlabeled": ("unlabeled_file", UnlabeledOption),
    "text": ("text", TextOption),
    "text_pair": ("text_pair", TextPairOption),
    "label": ("label", LabelOption),
    "allow_empty": ("allow_empty", AllowEmptyOption),
    "limit": ("limit", LimitOption),
    "max_length": ("max_length", MaxLengthOption),
    "teacher": ("teacher", TeacherOption),
    "student": ("student", StudentOption),
    "generator": ("generator", GeneratorOption),
    "allow_pickle": ("allow_pickle", AllowPickleOption),
    "method": ("method", MethodOption),
    "weight": (None, WeightOption),
    "setting": (None, SetOption),
    "config_file": (None, ConfigOption),
    "seed": ("seed", SeedOption),
    "epochs": ("epochs", EpochsOption),
    "max_turns": ("max_turns", MaxTurnsOption),
    "teacher_epochs": ("teacher_epochs", TeacherEpochsOption),
    "batch_size": ("batch_size", BatchSizeOption),
    "tokens_per_batch": ("tokens_per_batch", TokensPerBatchOption),
    "micro_batch": ("micro_batch", MicroBatchOption),
    "auto_batch": ("auto_batch", AutoBatchOption),
    "compile_layers": ("compile", CompileOption),
    "learning_rate": ("learning_rate", LearningRateOption),
    "gpus": ("gpus", GpusOption),
    "runs_dir": ("runs_dir", RunsDirOption),
    "name": ("name", NameOption),
    "keep": ("keep_checkpoints", KeepOption),
    "track": ("track", TrackOption),
}
OF_TEACHERS = frozenset(_OPTIONS) - {
    "unlabeled", "student", "generator", "method", "weight", "max_turns", "teacher_epochs", "micro_batch", "auto_batch",
    "keep",
}  # fmt: skip
"""The options of whoever only fine-tunes."""
AS_TEACHER_SETTINGS: Mapping[str, str] = {"epochs": "teacher_epochs", "learning_rate": "teacher_learning_rate"}
"""What some of them stand for."""
_GIVEN = "given"


@dataclass(frozen=True)
class Given:
    """What a command line says of a run's settings."""

    flags: Mapping[str, Any]
    """By setting; None where the flag is not given."""
    settings: list[str]
    """--set, one KEY=VALUE each."""
    weights: list[str]
    """--weight, one TERM=W each."""
    config_file: Path | None

    def layers(self, **sources: Any) -> list[Layer]:
        """As `layers_of`, with other sources of it."""
        return layers_of(self.flags, **{**self._sources, **sources})

    def resolved(self, **sources: Any) -> tuple[RunConfig, dict[str, str]]:
        """The config, and each value's origin; `sources` as of `layers_of`.

        Raises:
            UsageError: what is wrong with a setting.
        """
        return resolved(self.flags, **{**self._sources, **sources})

    @property
    def _sources(self) -> dict[str, Any]:
        return {"settings": self.settings, "weights": self.weights, "config_file": self.config_file}


def given_by(values: Mapping[str, Any], as_settings: Mapping[str, str] | None = None) -> Given:
    """What parsed parameters say of a run's settings; `as_settings` as of `takes_settings`, others are passed over."""
    settings = {name: (as_settings or {}).get(name) or setting for name, (setting, _) in _OPTIONS.items()}
    flags = {setting: values[name] for name, setting in settings.items() if setting and name in values}
    return Given(flags, values.get("setting") or [], values.get("weight") or [], values.get("config_file"))


def takes_settings(
    options: Iterable[str] = _OPTIONS, *, but: Iterable[str] = (), as_settings: Mapping[str, str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options named, all but those in `but`, in the place of its parameter `given`.

    `as_settings` says which setting an option stands for where it is not the usual one.
    """
    chosen = [name for name in _OPTIONS if name in set(options) - set(but)]

    def dress(function: Callable[..., None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            said = {name: values.pop(name) for name in chosen}
            function(**{_GIVEN: given_by(said, as_settings)}, **values)

        kind = inspect.Parameter.KEYWORD_ONLY
        shared = [inspect.Parameter(name, kind, default=None, annotation=_OPTIONS[name][1]) for name in chosen]
        own = [one.replace(kind=kind) for one in inspect.signature(function, eval_str=True).parameters.values()]
        place = [one.name for one in own].index(_GIVEN)
        parameters = [*own[:place], *shared, *own[place + 1 :]]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        command.__name__, command.__doc__, command.__module__ = function.__name__, function.__doc__, function.__module__
        return command

    return dress
