"""Every setting of a run, with its default, its bounds and where its value came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cilda.errors import UsageError, unknown
from cilda.methods import METHODS
from cilda.methods.layer_maps import check_layer_map
from cilda.methods.recipe import Method, with_weights
from cilda.tasks import TASKS

Rate = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


TRACKERS = ("tensorboard", "trackio", "wandb", "mlflow")
"""Where a run's numbers may be sent on to; each is called as its package is."""


class RunConfig(BaseModel):
    """One run's settings. A field's description is its documentation, also in `cilda distill --dry-run`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str = Field("sst2", description="what to learn: a name from `cilda tasks`")
    data_dir: Path | None = Field(None, description="folder with the task's Parquet files, instead of the hub")
    train_file: Path | None = Field(None, description="your own training rows: CSV, TSV, JSONL or Parquet")
    validation_file: Path | None = Field(
        None, description="your own validation rows; else a tenth of the training file"
    )
    unlabeled_file: Path | None = Field(
        None, description="more training texts, without labels: only the teacher speaks of them"
    )
    labeled_rows: bool = Field(True, description="learn from the rows with labels, too, beside unlabeled_file")
    text: str | None = Field(None, description="column of your file with the text")
    text_pair: str | None = Field(None, description="column of your file with the second text")
    label: str | None = Field(None, description="column of your file with the label")
    regression: bool | None = Field(
        None, description="whether your labels are amounts; by default seen from the values"
    )
    multi_label: bool = Field(False, description="whether a row of your file has any number of labels at once")
    label_separator: Annotated[str, Field(min_length=1)] = Field(";", description="between several labels of a row")
    allow_empty: bool = Field(False, description="keep rows whose text is empty")
    limit: Count | None = Field(None, description="first N training rows after a seeded shuffle")
    hold_out: bool = Field(
        False, description="judge on a tenth of a named task's training rows, and leave its validation split alone"
    )
    data_seed: Annotated[int, Field(ge=0, lt=2**31)] | None = Field(
        None, description="of the rows that are drawn or held out; by default the seed"
    )
    max_length: Annotated[int, Field(ge=4)] = Field(128, description="longest text in tokens; longer ones are cut")

    teacher: str = Field("bert-base", description="short name, hub id or folder")
    student: str = Field("6L", description="6L (layers cut from the teacher), 6L-384H (fresh and narrower), or a model")
    generator: str | None = Field(None, description="masked LM that rewrites; by default the teacher's family decides")
    allow_pickle: bool = Field(False, description="load weights stored as pickles, which can run code")
    reorder_teacher_labels: bool = Field(False, description="bring a teacher's label order into the task's")

    method: str = Field("cilda", description="how to learn: a name from `cilda methods`")
    weights: dict[str, float] = Field({}, description="other weights for terms, by their names")

    epochs: Positive | None = Field(
        None, description="passes over the training rows; by default 3 to 20 by their number"
    )
    max_turns: Count | None = Field(None, description="student turns at most")
    batch_size: Count = Field(32, description="texts in a turn")
    tokens_per_batch: Count | None = Field(
        None, description="tokens in a turn, padding counted in; given, batch_size says nothing"
    )
    micro_batch: Count | None = Field(
        None, description="texts at once on the device; gradients are gathered over a batch's parts"
    )
    auto_batch: bool = Field(False, description="take the micro-batch that fits, and halve it when memory runs out")
    learning_rate: Rate | None = Field(None, description="student; by default 2e-5 at width 768, more for narrower")
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.0, description="AdamW's, for student and teacher"
    )
    clip_norm: Positive = Field(5.0, description="largest gradient norm of student and teacher")
    warmup_fraction: Fraction = Field(0.06, description="share of a player's own turns with rising learning rate")
    teacher_epochs: Positive | None = Field(
        None, description="passes when the teacher is fine-tuned first; by default 3 to 10 by the rows"
    )
    teacher_learning_rate: Rate | None = Field(
        None, description="when the teacher is fine-tuned; by default 2e-5 at width 768, more for narrower"
    )

    generator_turns: Count = Field(10, description="generator turns in a cycle")
    student_turns: Count = Field(100, description="student turns in a cycle")
    generator_learning_rate: Rate = Field(5e-7, description="generator's AdamW")
    generator_clip_norm: Positive = Field(5.0, description="largest gradient norm of the generator")
    generator_dropout: bool = Field(False, description="dropout in the generator during its own turns")
    generate_special_tokens: bool = Field(False, description="let the generator write [CLS], [PAD] and their like")
    mask_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        0.3, description="chance of each real token to be masked"
    )
    gumbel_temperature: Positive = Field(1.0, description="of the straight-through Gumbel-softmax")

    kl_temperature: Positive = Field(1.0, description="softens teacher and student in logit_kl")
    teacher_entropy: bool = Field(
        False, description="keep the teacher's entropy in logit_kl, as the MATE-KD script does"
    )
    contrast_temperature: Positive = Field(2.0, description="divides the cosines in layer_contrast")
    pooling: Literal["first", "mean"] = Field(
        "first", description="a layer's vector: its first token or the mean of real tokens"
    )
    layer_map: str = Field(
        "all",
        description="layers that losses compare: all, uniform, skip, last, random, or student:teacher as 3:6,6:12",
    )
    distance: Literal["layerwise", "concatenated"] = Field(
        "layerwise", description="layer_distance pair by pair, or of all layers side by side, projected"
    )
    memory_negatives: Count = Field(100, description="remembered texts that crd_memory contrasts with")
    memory_temperature: Positive = Field(0.07, description="divides the cosines in crd_memory")
    memory_momentum: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.5, description="share of the older vector when crd_memory remembers a text again"
    )
    annealing_steps: Count = Field(
        10, description="steps in which annealed_mse brings the teacher's logits to full size"
    )
    first_phase: Rate = Field(0.5, description="share of the student's turns in the first phase, of methods with two")
    projection: Literal["critic", "ascend", "frozen"] = Field(
        "critic", description="who moves layer_contrast's projections; frozen holds those of all losses"
    )
    projection_width: Count = Field(128, description="width of projections")
    projection_learning_rate: Rate = Field(1e-3, description="of projections")

    evaluate_every: Count | None = Field(
        None, description="student turns between evaluations; default an epoch, 1,000 at most"
    )
    early_stopping: Count | None = Field(None, description="stop after this many evaluations without a better score")
    checkpoint_every: Count | None = Field(
        None, description="student turns between checkpoints; by default at each evaluation"
    )
    keep_checkpoints: Count = Field(2, description="checkpoints kept of each stage, the newest")
    evaluation_batch_size: Count = Field(64, description="texts at once in evaluation")
    gradient_norms_every: Count = Field(100, description="turns between gradient norms term by term")
    record_every: Count = Field(20, description="turns of a player between recorded rewrites")
    record_texts: Annotated[int, Field(ge=0)] = Field(4, description="rewrites recorded each time; 0 records none")
    record_watched: Annotated[int, Field(ge=0)] = Field(
        8, description="training texts whose rewrites are recorded each time that they come by"
    )
    record_disagreements: Annotated[int, Field(ge=0)] = Field(
        2000, description="most rewrites recorded because teacher and student disagree on them"
    )

    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(42, description="of everything random")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 autocast where the device has it"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    gpus: Count = Field(
        1, description="processes that share each batch: one a GPU, or so many on the CPU with device=cpu"
    )
    compile: bool = Field(
        False, description="compile the models' layers; costs a minute, and whether it pays says cilda benchmark"
    )
    threads: Count | None = Field(None, description="CPU threads; by default torch decides")
    runs_dir: Path | None = Field(None, description="where runs are kept; by default ./runs")
    teacher_cache: Literal["auto", "on", "off"] = Field(
        "auto", description="keep what the teacher says of training rows; auto: where the run reads each once or more"
    )
    cache_dir: Path | None = Field(None, description="where fine-tuned teachers and their answers are kept")
    track: str | None = Field(None, description="send the run's numbers on: tensorboard, trackio, wandb, mlflow")
    track_project: str = Field("cilda", description="the project, or experiment, at the trackers")
    name: str | None = Field(None, description="the run's name; by default time, task, student and method")

    @property
    def recipe(self) -> Method:
        """The method with this run's weights.

        Raises:
            UsageError: as `with_weights`.
        """
        return with_weights(METHODS[self.method], self.weights)

    @property
    def trackers(self) -> list[str]:
        """The names in `track`, each once."""
        return list(dict.fromkeys(filter(None, (name.strip() for name in (self.track or "").split(",")))))

    @property
    def seed_of_rows(self) -> int:
        """What decides which rows are drawn or held out."""
        return self.seed if self.data_seed is None else self.data_seed

    def hash(self) -> str:
        """SHA-256 of the settings, in hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()

    @classmethod
    def checked(cls, values: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Self:
        """A config from plain values, with words instead of a validation report, and the origin of a wrong value.

        Raises:
            UsageError: an unknown key, method or task; a value of the wrong kind or out of bounds; files half named.
        """
        for key in values:
            if key not in cls.model_fields:
                raise unknown("setting", key, cls.model_fields)
        try:
            config = cls.model_validate({**settings_of_method(values), **values})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            about = cls.model_fields[str(first["loc"][0])].description
            origin = (origins or {}).get(str(first["loc"][0]), "")
            # Who has just typed a flag knows where the value came from.
            place = f" ({origin})" if origin and not origin.startswith("--") else ""
            raise UsageError(f"{key} is {first['input']!r}{place}: {_plain(first['msg'])}", f"{key}: {about}") from None
        if config.method not in METHODS:
            raise unknown("method", config.method, METHODS)
        if config.train_file is None and config.task not in TASKS:
            raise unknown("task", config.task, TASKS)
        for tracker in config.trackers:
            if tracker not in TRACKERS:
                raise unknown("tracker", tracker, TRACKERS)
        check_layer_map(config.layer_map)
        _check_files(config)
        _check_unlabelled(config)
        return config


def _plain(message: str) -> str:
    """A validation message as the middle of a sentence."""
    return message.removeprefix("Value error, ").replace("Input ", "it ", 1).partition(", unable")[0]


def _check_files(config: RunConfig) -> None:
    """A user's own files come with the names of their columns, and the other way round."""
    columns = {"text": config.text, "label": config.label}
    if config.train_file is not None:
        for option, column in columns.items():
            if column is None:
                raise UsageError(f"--train {config.train_file} needs --{option}", f"name the column with the {option}")
        if config.hold_out and config.validation_file is not None:
            raise UsageError(
                f"hold_out is on and --validation {config.validation_file} is given",
                "choose one: without a validation file a tenth of the rows is held out anyway",
            )
    else:
        # A file of texts alone has columns, too.
        named = {"label": config.label} if config.unlabeled_file else {**columns, "text_pair": config.text_pair}
        given = [name for name, value in named.items() if value is not None]
        if config.validation_file is not None:
            given.append("validation")
        if given:
            option = given[0].replace("_", "-")
            raise UsageError(f"--{option} is given without --train", "name your training file with --train FILE")
        if config.multi_label:
            raise UsageError("multi_label is on without --train", "named tasks have one label a text: leave it out")


def _check_unlabelled(config: RunConfig) -> None:
    """Refuses a method that has nothing to learn where there are no labels."""
    recipe = config.recipe
    if config.unlabeled_file is None:
        if not config.labeled_rows:
            raise UsageError("labeled_rows is off and there is no --unlabeled", "name texts with --unlabeled FILE")
        return
    if not recipe.needs_teacher:
        raise UsageError(
            f"{config.method} learns from gold labels alone: --unlabeled {config.unlabeled_file} has none for it",
            "choose a method that listens to the teacher: see cilda methods",
        )
    silent = [
        phase for phase in range(1, recipe.phases + 1)
        if all(term.loss == "hard_label" for term in recipe.student_in(phase))
    ]  # fmt: skip
    if silent and not config.labeled_rows:
        raise UsageError(
            f"{config.method} learns from gold labels alone in phase {silent[0]}, and labeled_rows is off",
            "leave labeled_rows on, or add a term: --weight logit_kl.real=1",
        )


BROUGHT = "method "
"""How the origin of a setting begins that a method brings along."""


def settings_of_method(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the method named among these values brings along; nothing where it is unknown."""
    method = METHODS.get(str(values.get("method", RunConfig.model_fields["method"].default)))
    return {} if method is None else method.settings
