"""The models of the built-in demo, made on the spot: a fresh encoder, and a masked LM trained on the demo's corpus."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from cilda.caches import CACHE_OPTION, digest_of, folder_of
from cilda.config import RunConfig
from cilda.distill.batching import Batching
from cilda.distill.data import BatchStream, tokenize
from cilda.distill.generator import Generator
from cilda.distill.loading import seeded
from cilda.distill.masking import mask
from cilda.distill.model_folder import save_model
from cilda.distill.model_record import RECORD
from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import learning, stream
from cilda.errors import CildaError
from cilda.runs.writer import RunWriter
from cilda.tasks.demo import demo_rows
from cilda.tasks.rows import Rows

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Pretraining:
    """How the demo's models are made. The words of the corpus are their vocabulary."""

    encoder_layers: int = 3
    masked_lm_layers: int = 2
    width: int = 128
    heads: int = 4
    longest_text: int = 64
    turns: int = 400
    batch_size: int = 64
    learning_rate: float = 1e-3
    mask_fraction: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class DemoModels:
    """Where the demo's models are kept: in the folder that their corpus and settings lead to."""

    folder: Path

    @property
    def encoder(self) -> Path:
        """What the teacher is made from: fresh weights. The demo's labelled texts are enough to train it."""
        return self.folder / "encoder"

    @property
    def masked_lm(self) -> Path:
        """The generator, trained on the unlabelled texts."""
        return self.folder / "masked-lm"


def demo_models(config: RunConfig, settings: Pretraining = Pretraining()) -> DemoModels:
    """The places of the demo's models, whether they have been made or not."""
    made_of = {"corpus": _corpus().fingerprint(), **asdict(settings)}
    digest = digest_of(made_of)
    return DemoModels(folder_of("demo", config.cache_dir) / digest[:12])


def make_demo_models(models: DemoModels, writer: RunWriter, settings: Pretraining = Pretraining()) -> None:
    """Makes the demo's encoder and trains its masked LM, unless they are there from an earlier time.

    Raises:
        CildaError: the disk refused.
    """
    if (models.masked_lm / RECORD).is_file():
        writer.event("alert", level="info", what=f"demo models made before, taken from {models.folder}")
        return
    what = f"training a masked LM on {len(_corpus()):,} made-up reviews, to be kept in {models.folder}"
    writer.event("alert", level="info", what=what)
    tokenizer = _tokenizer(_corpus(), settings.longest_text)
    with seeded(settings.seed):
        encoder = BertModel(_shape(tokenizer, settings, settings.encoder_layers, dropout=0.1))
        # The corpus is small and seen only a few times: no dropout.
        masked_lm = BertForMaskedLM(_shape(tokenizer, settings, settings.masked_lm_layers, dropout=0.0))
    _pretrain(masked_lm, tokenizer, writer, settings)
    _keep(models.encoder, encoder, tokenizer, settings)
    _keep(models.masked_lm, masked_lm, tokenizer, settings)


def _keep(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, settings: Pretraining) -> None:
    """Saves a model, unless another process was faster."""
    try:
        save_model(folder, model, tokenizer, {"made_from": asdict(settings)}, elsewhere=CACHE_OPTION)
    except CildaError:
        if not (folder / RECORD).is_file():
            raise


def _corpus() -> Rows:
    return demo_rows("unlabelled")


def _tokenizer(rows: Rows, longest_text: int) -> PreTrainedTokenizerFast:
    """A BERT tokenizer whose pieces are the words of the corpus."""
    words = sorted({word for text in rows.texts[0] for word in re.findall(r"\w+|[^\w\s]", text.lower())})
    vocabulary = {piece: number for number, piece in enumerate((*_SPECIAL, *words))}
    tokenizer: PreTrainedTokenizerFast = BertTokenizer(vocab=vocabulary, do_lower_case=True)
    tokenizer.model_max_length = longest_text
    return tokenizer


def _shape(tokenizer: PreTrainedTokenizerFast, settings: Pretraining, layers: int, *, dropout: float) -> BertConfig:
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.width,
        num_hidden_layers=layers,
        num_attention_heads=settings.heads,
        intermediate_size=4 * settings.width,
        max_position_embeddings=settings.longest_text,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )


def _pretrain(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, writer: RunWriter, settings: Pretraining
) -> None:
    """Masked language modelling: cross entropy of the true tokens at the drawn positions."""
    rows = tokenize(_corpus(), tokenizer, settings.longest_text, regression=False)
    batches = BatchStream(rows, Batching(settings.batch_size), settings.seed)
    generator = Generator(model, vocabulary=len(tokenizer), special_ids=[])
    optimizer = PlayerOptimizer(
        generator, learning_rate=settings.learning_rate, total_turns=settings.turns, clip_norm=1.0
    )
    random = stream(settings.seed, "pretraining", torch.device("cpu"))
    mask_id = tokenizer.mask_token_id
    assert isinstance(mask_id, int)
    writer.event("stage", stage="pretraining", total_turns=settings.turns, batch_size=settings.batch_size)
    with learning(generator):
        for turn in range(1, settings.turns + 1):
            batch = batches.take()
            masked = mask(batch, settings.mask_fraction, mask_id, random)
            loss = F.cross_entropy(generator.logits(masked), batch.ids_BT.flatten()[masked.drawn_N])
            loss.backward()
            optimizer.step()
            epoch = batches.epoch + batches.place / batches.batches_per_epoch
            writer.metrics("pretraining", "student", turn, round(epoch, 3), {"masked_lm": loss.item()})
            writer.state("running", stage="pretraining", step=turn, total=settings.turns)
