"""The models and texts of the turn benchmark, and our turns over them."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, PreTrainedModel

from cilda.distill.clock import Clock
from cilda.distill.data import TokenizedRows
from cilda.distill.encoder import Encoder
from cilda.distill.generator import Generator
from cilda.distill.losses.layer_contrast import LayerContrast
from cilda.distill.losses.loss import LossSettings
from cilda.distill.objective import make_losses
from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import Players, learners
from cilda.distill.step import Turns, TurnSettings
from cilda.methods.cilda import CILDA
from cilda.methods.recipe import Method
from cilda.tasks.rows import Rows

VOCABULARY, PAD, UNKNOWN, FIRST, LAST, MASK = 30_522, 0, 100, 101, 102, 103
STUDENT_RATE, GENERATOR_RATE, PROJECTION_RATE = 2e-5, 5e-7, 1e-3
MASK_FRACTION = 0.3
CLIP_NORM = 5.0
BATCH_SIZE = 32
LONGEST = 128

# SST-2's 67,349 training texts by their number of tokens, from 3 to 66, special tokens included, in the vocabulary of
# bert-base-uncased: 13.3 on average.
SST2_TEXTS = (
    1978, 5322, 6065, 5345, 4749, 4155, 3713, 3267, 2947, 2650, 2413, 2138, 1950, 1777, 1661, 1515, 1373, 1285, 1132,
    1106, 1046, 909, 820, 806, 733, 692, 628, 538, 491, 442, 448, 400, 337, 304, 286, 242, 195, 203, 192, 155, 148, 130,
    89, 82, 85, 73, 55, 42, 50, 40, 36, 19, 21, 22, 15, 8, 6, 3, 2, 5, 5, 1, 2, 2,
)  # fmt: skip


@dataclass(frozen=True)
class Models:
    """BERT-like models over one vocabulary."""

    teacher: PreTrainedModel
    student: PreTrainedModel
    generator: PreTrainedModel

    def copy(self) -> Models:
        """The same weights once more."""
        return copy.deepcopy(self)


@dataclass(frozen=True)
class Shapes:
    """Layers, width and heads of each model, and their vocabulary."""

    teacher: tuple[int, int, int] = (6, 384, 12)
    student: tuple[int, int, int] = (3, 384, 12)
    generator: tuple[int, int, int] = (4, 256, 4)
    vocabulary: int = VOCABULARY

    def config(self, layers: int, width: int, heads: int) -> BertConfig:
        """One model's."""
        return BertConfig(
            vocab_size=self.vocabulary,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * width,
        )


def make_models(shapes: Shapes = Shapes()) -> Models:
    """Models of these shapes, by default small ones: random, float32."""
    torch.manual_seed(0)
    return Models(
        teacher=BertForSequenceClassification(shapes.config(*shapes.teacher)),
        student=BertForSequenceClassification(shapes.config(*shapes.student)),
        generator=BertForMaskedLM(shapes.config(*shapes.generator)),
    )


def make_contrast(models: Models) -> LayerContrast:
    """The projections for these models."""
    return LayerContrast.made(_loss_settings(models))


def _loss_settings(models: Models) -> LossSettings:
    teacher, student = models.teacher.config, models.student.config
    return LossSettings(
        regression=False,
        teacher_layers=teacher.num_hidden_layers,
        teacher_width=teacher.hidden_size,
        student_layers=student.num_hidden_layers,
        student_width=student.hidden_size,
    )


def our_turns(models: Models, clock: Clock, recipe: Method = CILDA, *, bfloat16: bool = False) -> Turns:
    """A method's turns, by default CILDA's, with its default settings, on the models' device."""
    device = models.student.device
    losses = make_losses(recipe, _loss_settings(models))
    players = Players(
        student=Encoder(models.student),
        losses=losses.to(device),
        teacher=Encoder(models.teacher),
        generator=Generator(models.generator, models.generator.config.vocab_size, [PAD, UNKNOWN, FIRST, LAST, MASK]).to(
            device
        ),
    )
    assert players.generator is not None
    rates = {"student": STUDENT_RATE, "generator": GENERATOR_RATE, "critic": PROJECTION_RATE}
    modules: dict[str, nn.Module] = {"student": players.student, "generator": players.generator}
    if "critic" in learners(recipe, losses, "critic"):
        modules["critic"] = losses["layer_contrast"]
    optimizers = {
        name: PlayerOptimizer(module, learning_rate=rates[name], total_turns=10_000, clip_norm=CLIP_NORM)
        for name, module in modules.items()
    }
    return Turns(players, recipe, optimizers, TurnSettings(MASK, mask_fraction=MASK_FRACTION, bfloat16=bfloat16), clock)


def sst2_lengths(texts: int) -> list[int]:
    """Lengths of so many texts, spread evenly over SST-2's distribution."""
    lengths = np.repeat(np.arange(3, 3 + len(SST2_TEXTS)), SST2_TEXTS)
    places = (np.arange(texts) + 0.5) / texts * len(lengths)
    return [int(length) for length in lengths[places.astype(int)]]


def make_rows(lengths: list[int]) -> TokenizedRows:
    """Texts of random words between the two special tokens, labelled 0 or 1."""
    random = torch.Generator().manual_seed(0)
    ids, special = [], []
    for length in lengths:
        words = torch.randint(1000, VOCABULARY, (length - 2,), generator=random, dtype=torch.int32)
        ids.append(torch.cat([torch.tensor([FIRST]), words, torch.tensor([LAST])]).int())
        special.append(torch.tensor([True, *[False] * (length - 2), True]))
    labels = torch.randint(0, 2, (len(lengths),), generator=random)
    names = [f"train:{place}" for place in range(len(lengths))]
    return TokenizedRows(
        rows=Rows(([""] * len(lengths),), labels.tolist(), names, "random words"),
        ids_Q=torch.cat(ids),
        special_Q=torch.cat(special),
        types_Q=None,
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        labels_N=labels,
        pad_id=PAD,
        cut=0,
    )
