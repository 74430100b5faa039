"""One turn of each player: the generator climbs, the student descends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from cilda.distill.batch import Batch, Outputs, SoftTokens, View, joined
from cilda.distill.clock import Clock
from cilda.distill.masking import mask
from cilda.distill.objective import Objective, Score
from cilda.distill.optimizer import PlayerOptimizer
from cilda.distill.players import Players, Projection, critic_of, learning, owner_of_projections, stream
from cilda.methods.recipe import Method, Sight


@dataclass(frozen=True)
class TurnSettings:
    """What the turns need to know besides the recipe."""

    mask_id: int
    mask_fraction: float = 0.3
    projection: Projection = "critic"
    generator_dropout: bool = False
    bfloat16: bool = False
    seed: int = 0


@dataclass(frozen=True)
class TurnResult:
    """What happened in a turn: detached scalars on the device, and the rewrite with what both models said of it."""

    values: dict[str, Tensor]
    """Each term's value, `total`, `gradient_norm`, and where asked for `gradient_norm.<term>`."""
    texts: int
    drawn: int
    rewrite: SoftTokens | None = None
    views: Mapping[Sight, View] = field(default_factory=dict)


class Turns:
    """Plays turns. Whoever does not learn in a turn is in eval mode and gets no weight gradient."""

    def __init__(
        self,
        players: Players,
        recipe: Method,
        optimizers: Mapping[str, PlayerOptimizer],
        settings: TurnSettings,
        clock: Clock | None = None,
    ) -> None:
        self.players = players
        self.settings = settings
        self.clock = clock or Clock()
        self.optimizers = optimizers
        losses = dict(players.losses.items())
        self._climb = Objective(recipe.generator, losses)  # type: ignore[arg-type]
        self._descend = Objective(recipe.student, losses)  # type: ignore[arg-type]
        self._owner = owner_of_projections(recipe, settings.projection)
        self._critic = critic_of(recipe, players.losses) if self._owner == "critic" else None
        self.device = next(players.student.parameters()).device
        self.random = {name: stream(settings.seed, name, self.device) for name in ("generator", "student")}

    def generator(self, batch: Batch, *, norms_by_term: bool = False) -> TurnResult:
        """The generator ascends its objective by one optimiser step; teacher and student are held."""
        generator = self.players.generator
        assert generator is not None
        with learning(generator, dropout=self.settings.generator_dropout), self._projections_if("generator"):
            with self.clock("generator"), self._autocast():
                masked = mask(batch, self.settings.mask_fraction, self.settings.mask_id, self.random["generator"])
                rewrite = generator.soft(masked, self.random["generator"])
            layers = self._climb.needs_layers("soft")
            with self._autocast():
                with self.clock("teacher"):
                    teacher = self._teacher_on(rewrite, layers) if self._climb.needs_teacher("soft") else None
                with self.clock("student"):
                    student = self.players.student(rewrite, want_layers=layers)
            views: dict[Sight, View] = {"soft": View(batch.labels_B, student, teacher)}
            score = self._climb(views)
            values = self._step("generator", score, -score.total, norms_by_term=norms_by_term)
        return TurnResult(values, batch.size, len(rewrite.sampled_N))

    def student(self, batch: Batch, *, norms_by_term: bool = False) -> TurnResult:
        """The student descends its objective by one optimiser step; teacher and generator are held."""
        sights = self._descend.sights
        rewrite = self._rewrite(batch) if "soft" in sights or self._critic is not None else None
        looks: dict[Sight, Batch] = {"real": batch} if "real" in sights else {}
        if rewrite is not None:
            looks["soft"] = rewrite.batch
        teacher_looks = {sight: look for sight, look in looks.items() if self._needs_teacher(sight)}
        with self.clock("teacher"):
            teacher = self._on_all(self.players.teacher, teacher_looks) if teacher_looks else {}
        with learning(self.players.student), self._projections_if("student"):
            with self.clock("student"):
                student = self._on_all(self.players.student, looks)
                views = {sight: View(batch.labels_B, student[sight], teacher.get(sight)) for sight in looks}
                score = self._descend(views)
            values = self._step("student", score, score.total, norms_by_term=norms_by_term)
        detached = {sight: View(view.labels_B, view.student.detach(), view.teacher) for sight, view in views.items()}
        if self._critic is not None:
            values.update(self._critic_step(detached))
        return TurnResult(values, batch.size, 0 if rewrite is None else len(rewrite.sampled_N), rewrite, detached)

    def _rewrite(self, batch: Batch) -> SoftTokens:
        """A rewrite as plain ids, without any graph."""
        assert self.players.generator is not None
        with self.clock("generator"), torch.no_grad(), self._autocast():
            masked = mask(batch, self.settings.mask_fraction, self.settings.mask_id, self.random["student"])
            return self.players.generator.plain(masked, self.random["student"])

    def _needs_teacher(self, sight: Sight) -> bool:
        critic = self._critic is not None and self._critic.needs_teacher(sight)
        return critic or self._descend.needs_teacher(sight)

    def _needs_layers(self, sight: Sight) -> bool:
        critic = self._critic is not None and self._critic.needs_layers(sight)
        return critic or self._descend.needs_layers(sight)

    def _teacher_on(self, rewrite: SoftTokens, layers: bool) -> Outputs:
        assert self.players.teacher is not None
        outputs: Outputs = self.players.teacher(rewrite, want_layers=layers)
        return outputs

    def _on_all(self, model: nn.Module | None, looks: Mapping[Sight, Batch]) -> dict[Sight, Outputs]:
        """What a model says of each look; two looks of one batch go through it together."""
        assert model is not None
        layers = any(self._needs_layers(sight) for sight in looks)
        batches = list(looks.values())
        together = batches[0] if len(batches) == 1 else joined(*batches)
        # Who learns is in training mode, everyone else at rest: see `learning`.
        with torch.set_grad_enabled(model.training), self._autocast():
            outputs: Outputs = model(together, want_layers=layers)
        return dict(zip(looks, outputs.split([batch.size for batch in batches]), strict=True))

    def _critic_step(self, views: Mapping[Sight, View]) -> dict[str, Tensor]:
        """The critic lowers layer_contrast on detached features, so that only the projections can move."""
        assert self._critic is not None
        with self.clock("optimizer"), learning(self.players.losses["layer_contrast"]):
            score = self._critic(views)
            score.total.backward()
            self.optimizers["critic"].step()
        return {f"critic.{key}": value.detach() for key, value in score.values.items()}

    def _step(self, player: str, score: Score, loss: Tensor, *, norms_by_term: bool) -> dict[str, Tensor]:
        """Backward and one optimiser step; the turn's scalars, all detached."""
        optimizer = self.optimizers[player]
        values = {key: value.detach() for key, value in score.values.items()}
        values["total"] = score.total.detach()
        with self.clock("student" if player == "student" else "generator"):
            if norms_by_term:
                for key, share in score.weighted.items():
                    values[f"gradient_norm.{key}"] = gradient_norm(share, optimizer.parameters)
            loss.backward()
        with self.clock("optimizer"):
            values["gradient_norm"] = optimizer.step()
        return values

    def _projections_if(self, owner: str) -> AbstractContextManager[None]:
        """The projections learn in their owner's turns."""
        return learning(self.players.losses["layer_contrast"]) if self._owner == owner else nullcontext()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16)


def gradient_norm(scalar: Tensor, parameters: Iterable[Tensor]) -> Tensor:
    """The L2 norm of a scalar's gradient with respect to parameters; the graph stays."""
    gradients = torch.autograd.grad(scalar, list(parameters), retain_graph=True, allow_unused=True)
    norms = [gradient.norm() for gradient in gradients if gradient is not None]
    return torch.stack(norms).norm() if norms else scalar.new_zeros(())
