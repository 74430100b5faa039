"""What a trainer is told, in the teacher's stage or the student's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cilda.config import RunConfig
from cilda.distill.batching import Batching, Lengths
from cilda.distill.schedule import Cycle, default_epochs, default_learning_rate
from cilda.distill.step import TurnSettings
from cilda.methods.recipe import Method

MOST_TEACHER_EPOCHS = 10.0

Stage = Literal["teacher", "student"]


@dataclass(frozen=True)
class TrainerSettings:
    """How long, how fast and how often. Turns are student turns unless said otherwise."""

    stage: Stage
    total_turns: int
    learning_rate: float
    batch_size: int
    evaluate_every: int
    turn: TurnSettings
    processes: int = 1
    """How many share each batch."""
    tokens_per_batch: int | None = None
    """Given, it decides how many texts a batch has, and not `batch_size`."""
    generator_turns: int = 10
    student_turns: int = 100
    weight_decay: float = 0.0
    clip_norm: float = 5.0
    warmup_fraction: float = 0.06
    generator_learning_rate: float = 5e-7
    generator_clip_norm: float = 5.0
    projection_learning_rate: float = 1e-3
    early_stopping: int | None = None
    evaluation_batch_size: int = 64
    gradient_norms_every: int = 100
    auto_batch: bool = False
    """Whether a turn for which memory runs out is played again in smaller parts."""
    checkpoint_every: int | None = None
    """By default at each evaluation."""
    keep_checkpoints: int = 2
    phase_begins: int | None = None
    """The turn (0-based) with which the second phase begins; None where there is one phase only."""
    generator_until: int | None = None
    """The turn from which on the student reads no rewritten text; None where there is none."""

    @property
    def batching(self) -> Batching:
        """The size of a turn's batch."""
        return Batching(self.batch_size, self.tokens_per_batch)

    @property
    def own_batching(self) -> Batching:
        """What of that is one process's to play."""
        tokens = None if self.tokens_per_batch is None else -(-self.tokens_per_batch // self.processes)
        return Batching(-(-self.batch_size // self.processes), tokens)

    def cycle(self, recipe: Method) -> Cycle:
        """The order of the players' turns."""
        generator_turns = self.generator_turns if recipe.generator else 0
        return Cycle(self.total_turns, generator_turns, self.student_turns, self.generator_until)

    def place_in_phase(self, turn: int) -> tuple[int, float]:
        """The phase, counted from 1, that a turn (0-based) belongs to, and the share of it that is done before."""
        begins = self.phase_begins
        if begins is None or turn < begins:
            return 1, turn / (self.total_turns if begins is None else begins)
        return 2, (turn - begins) / max(1, self.total_turns - begins)


def student_stage(config: RunConfig, *, lengths: Lengths, width: int, mask_id: int, bfloat16: bool) -> TrainerSettings:
    """The config's settings for a student of this width on texts of these lengths, what is left to us filled in."""
    per_epoch = Batching(config.batch_size, config.tokens_per_batch).per_epoch(lengths)
    total = max(1, round((config.epochs or default_epochs(per_epoch)) * per_epoch))
    if config.max_turns is not None:
        total = min(total, config.max_turns)
    recipe = config.recipe
    begins = None if recipe.phases == 1 else min(max(1, round(total * config.first_phase)), max(1, total - 1))
    reads_on = begins is None or any(term.on == "soft" for term in recipe.student_in(2))
    return replace(
        _either_stage(config, per_epoch, bfloat16=bfloat16),
        total_turns=total,
        learning_rate=config.learning_rate or default_learning_rate(width),
        turn=TurnSettings(
            mask_id,
            mask_fraction=config.mask_fraction,
            projection=config.projection,
            generator_dropout=config.generator_dropout,
            bfloat16=bfloat16,
            seed=config.seed,
            multi_label=config.multi_label,
            micro_batch=config.micro_batch,
        ),
        generator_turns=config.generator_turns,
        student_turns=config.student_turns,
        generator_learning_rate=config.generator_learning_rate,
        generator_clip_norm=config.generator_clip_norm,
        projection_learning_rate=config.projection_learning_rate,
        phase_begins=begins,
        generator_until=None if reads_on else begins,
        early_stopping=config.early_stopping,
    )


def teacher_stage(config: RunConfig, *, lengths: Lengths, width: int, bfloat16: bool) -> TrainerSettings:
    """The config's settings for the fine-tuning of a teacher of this width on texts of these lengths."""
    per_epoch = Batching(config.batch_size, config.tokens_per_batch).per_epoch(lengths)
    epochs = config.teacher_epochs or min(MOST_TEACHER_EPOCHS, default_epochs(per_epoch))
    return replace(
        _either_stage(config, per_epoch, bfloat16=bfloat16),
        stage="teacher",
        total_turns=max(1, round(epochs * per_epoch)),
        learning_rate=config.teacher_learning_rate or default_learning_rate(width),
    )


def _either_stage(config: RunConfig, per_epoch: int, *, bfloat16: bool) -> TrainerSettings:
    """What the config says of both stages; how long and how fast is theirs to say."""
    return TrainerSettings(
        stage="student",
        total_turns=1,
        learning_rate=0.0,
        batch_size=config.batch_size,
        processes=config.gpus,
        tokens_per_batch=config.tokens_per_batch,
        evaluate_every=config.evaluate_every or min(per_epoch, 1000),
        # Nothing is masked where nothing is rewritten.
        turn=TurnSettings(mask_id=0, bfloat16=bfloat16, seed=config.seed, micro_batch=config.micro_batch),
        weight_decay=config.weight_decay,
        clip_norm=config.clip_norm,
        warmup_fraction=config.warmup_fraction,
        evaluation_batch_size=config.evaluation_batch_size,
        gradient_norms_every=config.gradient_norms_every,
        auto_batch=config.auto_batch,
        checkpoint_every=config.checkpoint_every,
        keep_checkpoints=config.keep_checkpoints,
    )
