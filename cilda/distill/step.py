"""One turn of each player: the generator climbs, the student descends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from cilda.distill.batch import Batch, Masked, Outputs, SoftTokens, View, joined
from cilda.distill.clock import Clock
from cilda.distill.losses.loss import Loss, Moment
from cilda.distill.masking import mask
from cilda.distill.objective import Objective, Score
from cilda.distill.parts import Part, joined_rewrites, joined_views, own_parts
from cilda.distill.players import Players, Projection, critic_of, learners, learning, stream
from cilda.distill.watching import agreement, changed_fraction
from cilda.distill.world import world
from cilda.methods.recipe import Method, Player, Sight


@dataclass(frozen=True)
class TurnSettings:
    """What the turns need to know besides the recipe."""

    mask_id: int
    mask_fraction: float = 0.3
    projection: Projection = "critic"
    generator_dropout: bool = False
    bfloat16: bool = False
    seed: int = 0
    multi_label: bool = False
    """Whether a text may have several labels: then both models agree where all of them are the same."""
    micro_batch: int | None = None
    """Texts at once on the device; None for the whole batch."""


@dataclass(frozen=True)
class TurnResult:
    """What happened in a turn: detached scalars on the device, and the rewrite with what both models said of it."""

    batch: Batch
    """Its texts, on the device."""
    values: dict[str, Tensor]
    """Each term's value, `total`, `gradient_norm`, where asked for `gradient_norm.<term>`; and what `watching` tells.

    Of a batch in parts they are means over its texts, and the norms by term are left out: they do not add up.
    """
    texts: int
    drawn: int
    rewrite: SoftTokens | None = None
    views: Mapping[Sight, View] = field(default_factory=dict)


CPU = torch.device("cpu")
PLAYERS: tuple[Player, ...] = ("generator", "student")


class Mover(Protocol):
    """What moves a player's weights: a `PlayerOptimizer`, or what stands in for one in a dry turn."""

    parameters: list[nn.Parameter]

    def step(self) -> Tensor:
        """Moves the weights and drops their gradients; gives the gradient's norm."""
        ...


class Turns:
    """Plays turns on batches that lie on the CPU. Who does not learn in a turn is in eval mode, and gets no gradient.

    With a `micro_batch`, which may change between turns, a batch goes through the models in parts of at most that many
    texts, and their gradients add up, each weighted by its share of the texts, to one optimiser step. For losses that
    are means over texts that is the whole batch's gradient; tokens to be rewritten are drawn for the whole batch, their
    replacements part by part. `layer_contrast` finds its negatives within a part only, and a term with `per_log_batch`
    is divided by the logarithm of the part's size, so that it weighs the same. The critic always sees the whole batch:
    it needs pooled layers only, which are small.

    Where several processes train together, all are given the same batch, and each plays its share of it: gradients and
    scalars are summed over all of them, in the losses texts meet those of other processes, tokens are drawn for the
    whole batch, and the result is that of the whole batch, in every process. So many processes play the turn of one
    with a `micro_batch` so many times as large, up to the rounding of sums; only dropout differs.
    """

    def __init__(
        self,
        players: Players,
        recipe: Method,
        optimizers: Mapping[str, Mover],
        settings: TurnSettings,
        clock: Clock | None = None,
    ) -> None:
        self.players = players
        self.settings = settings
        self.clock = clock or Clock()
        self.optimizers = optimizers
        self.recipe = recipe
        self.micro_batch = settings.micro_batch
        self.moved = False
        """Whether weights may have moved in the turn that is being played, or in the last one."""
        self.world = world()
        self.remembers = True
        """Whether losses are told what was said in a turn; not in a dry one."""
        self._losses: dict[str, Loss] = dict(players.losses.items())  # type: ignore[arg-type]
        self._climb = Objective(recipe.generator, self._losses)
        self._by_phase = [Objective(recipe.student_in(1 + phase), self._losses) for phase in range(recipe.phases)]
        self._descend = self._by_phase[0]
        self._learners = learners(recipe, players.losses, settings.projection)
        self._critic = critic_of(recipe, players.losses) if "critic" in self._learners else None
        self.device = next(players.student.parameters()).device
        self.random: dict[str, torch.Generator] = {name: stream(settings.seed, name, self.device) for name in PLAYERS}
        if self.device.type != "cpu":
            # Tokens are drawn where batches are made: nobody need wait to be told how many there are.
            self.random |= {_masking(name): stream(settings.seed, _masking(name), CPU) for name in PLAYERS}

    @property
    def players_in_turn(self) -> tuple[Player, ...]:
        """Whose turns there are."""
        return ("generator", "student") if self._climb.terms else ("student",)

    def enter(self, phase: int, moment: Moment) -> None:
        """Says where the student's next turn stands: which terms it descends, and what time it is for the losses."""
        self._descend = self._by_phase[phase - 1]
        for loss in self._losses.values():
            loss.enter(moment)

    def generator(self, batch: Batch, *, norms_by_term: bool = False) -> TurnResult:
        """The generator ascends its objective by one optimiser step; teacher and student are held."""
        self.moved = False
        generator = self.players.generator
        assert generator is not None
        with learning(generator, dropout=self.settings.generator_dropout), self._projections_if("generator"):
            batch, drawn, parts = self._dealt(batch, "generator", rewritten=True)
            assert drawn is not None
            values, rewrites, looks = zip(
                *(self._climb_on(part, norms_by_term=norms_by_term) for part in parts), strict=True
            )
            summed = self._move("generator", _mean(values, parts))
        whole = joined_rewrites(rewrites, drawn)
        return TurnResult(batch, summed, batch.size, len(whole.sampled_N), whole, {"soft": joined_views(looks, batch)})

    def student(self, batch: Batch, *, norms_by_term: bool = False) -> TurnResult:
        """The student descends its objective by one optimiser step; teacher and generator are held."""
        self.moved = False
        rewritten = "soft" in self._descend.sights or self._critic is not None
        values: list[dict[str, Tensor]] = []
        rewrites: list[SoftTokens] = []
        looks: list[dict[Sight, View]] = []
        batch, drawn, parts = self._dealt(batch, "student", rewritten=rewritten)
        with self._projections_if("student"):
            for part in parts:
                told, rewrite, views = self._descend_on(part, norms_by_term=norms_by_term)
                values.append(told)
                looks.append(views)
                rewrites += [] if rewrite is None else [rewrite]
            summed = self._move("student", _mean(values, parts))
        seen = {sight: joined_views([views[sight] for views in looks], batch) for sight in looks[0]}
        if self._critic is not None:
            summed.update(self._critic_step(seen))
        if self.remembers and "real" in seen:
            for name in {term.loss for term in self._descend.terms}:
                self._losses[name].remember(seen["real"])
        whole = None if drawn is None else joined_rewrites(rewrites, drawn)
        summed |= agreement(seen, multi_label=self.settings.multi_label) | changed_fraction(batch, whole)
        return TurnResult(batch, summed, batch.size, 0 if whole is None else len(whole.sampled_N), whole, seen)

    def _dealt(self, batch: Batch, player: Player, *, rewritten: bool) -> tuple[Batch, Masked | None, list[Part]]:
        """A batch and what is to be rewritten of it, on the device, and what this process plays of both."""
        drawn = None
        if rewritten:
            with self.clock("generator"):
                random = self.random.get(_masking(player), self.random[player])
                drawn = mask(batch, self.settings.mask_fraction, self.settings.mask_id, random)
        parts = own_parts(batch, drawn, self.micro_batch, self.world)
        with self.clock("data"):
            parts = [part.to(self.device) for part in parts]
            if parts[0].batch.size == batch.size:
                return parts[0].batch, parts[0].masked, parts
            return batch.to(self.device), None if drawn is None else drawn.to(self.device), parts

    def _climb_on(self, part: Part, *, norms_by_term: bool) -> tuple[dict[str, Tensor], SoftTokens, View]:
        """The generator's gradient on a part of its batch: the part's scalars, its rewrite, what was said of it."""
        generator = self.players.generator
        assert generator is not None and part.masked is not None
        with self.clock("generator"), self._autocast():
            rewrite = generator.soft(part.masked, self.random["generator"])
        layers = self._climb.needs_layers("soft")
        with self._autocast():
            with self.clock("teacher"):
                teacher = self._teacher_on(rewrite, layers) if self._climb.needs_teacher("soft") else None
            with self.clock("student"):
                student = self.players.student(rewrite, want_layers=layers)
        view = _view(part, student, teacher)
        score = self._climb({"soft": view})
        values = self._backward("generator", score, -score.total, part, norms_by_term=norms_by_term)
        return values, part.whole_rewrite(replace(rewrite, soft_NV=None)), part.whole_view(view.detach())

    def _descend_on(
        self, part: Part, *, norms_by_term: bool
    ) -> tuple[dict[str, Tensor], SoftTokens | None, dict[Sight, View]]:
        """The student's gradient on a part of its batch: the part's scalars, its rewrite, what was said of it."""
        rewrite = None if part.masked is None else self._rewrite(part.masked)
        looks: dict[Sight, Batch] = {"real": part.batch} if "real" in self._descend.sights else {}
        if rewrite is not None:
            looks["soft"] = rewrite.batch
        teacher = self._teacher_of(looks)
        with learning(self.players.student):
            with self.clock("student"):
                student = self._on_all(self.players.student, looks)
                views = {sight: _view(part, student[sight], teacher.get(sight)) for sight in looks}
                score = self._descend(views)
            values = self._backward("student", score, score.total, part, norms_by_term=norms_by_term)
        whole = {sight: part.whole_view(view.detach()) for sight, view in views.items()}
        return values, None if rewrite is None else part.whole_rewrite(rewrite), whole

    def _teacher_of(self, looks: Mapping[Sight, Batch]) -> dict[Sight, Outputs]:
        """What the teacher says of the looks that need its word: as it is kept, or asked now."""
        needed = {sight: look for sight, look in looks.items() if self._needs_teacher(sight)}
        known = {sight: self._kept(look) for sight, look in needed.items() if self._is_kept(sight)}
        asked = {sight: look for sight, look in needed.items() if sight not in known}
        with self.clock("teacher"):
            return known | (self._on_all(self.players.teacher, asked) if asked else {})

    def _is_kept(self, sight: Sight) -> bool:
        """Whether the teacher's word on this look is kept, and all of it that is needed."""
        large = self._descend.needs_tokens(sight) or self._descend.needs_attention(sight)
        return sight == "real" and self.players.answers is not None and not large

    def _kept(self, batch: Batch) -> Outputs:
        assert self.players.answers is not None and batch.rows_B is not None
        return self.players.answers.of(batch.rows_B, self.device, want_layers=self._needs_layers("real"))

    def _rewrite(self, masked: Masked) -> SoftTokens:
        """A rewrite as plain ids, without any graph."""
        assert self.players.generator is not None
        with self.clock("generator"), torch.no_grad(), self._autocast():
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
        wanted = {
            "want_layers": any(self._needs_layers(sight) for sight in looks),
            "want_tokens": any(self._descend.needs_tokens(sight) for sight in looks),
            "want_attention": any(self._descend.needs_attention(sight) for sight in looks),
        }
        batches = list(looks.values())
        together = batches[0] if len(batches) == 1 else joined(*batches)
        # Who learns is in training mode, everyone else at rest: see `learning`.
        with torch.set_grad_enabled(model.training), self._autocast():
            outputs: Outputs = model(together, **wanted)
        return dict(zip(looks, outputs.split([batch.size for batch in batches]), strict=True))

    def _critic_step(self, views: Mapping[Sight, View]) -> dict[str, Tensor]:
        """The critic lowers layer_contrast on detached features, so that only the projections can move."""
        assert self._critic is not None
        with self.clock("optimizer"), learning(self.players.losses["layer_contrast"]):
            score = self._critic(views)
            # Every process sees all texts; that none drifts away, they take the mean of what they found.
            (score.total / self.world.size).backward()
            self._move("critic", {})
        return {f"critic.{key}": value.detach() for key, value in score.values.items()}

    def _backward(
        self, player: Player, score: Score, loss: Tensor, part: Part, *, norms_by_term: bool
    ) -> dict[str, Tensor]:
        """Adds a part's gradient to the player's; the part's scalars, all detached."""
        values = {key: value.detach() for key, value in score.values.items()}
        values["total"] = score.total.detach()
        whole = part.weight == 1
        with self.clock(player):
            if norms_by_term and whole:
                for key, share in score.weighted.items():
                    values[f"gradient_norm.{key}"] = gradient_norm(share, self.optimizers[player].parameters)
            (loss if whole else loss * part.weight).backward()
        return values

    def _move(self, player: str, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """The optimiser step, on the gradient of all processes; their scalars, and the gradient's norm."""
        mover = self.optimizers[player]
        self.moved = True
        with self.clock("optimizer"):
            gradients = (weight.grad for weight in mover.parameters if weight.grad is not None)
            self.world.add_up([*gradients, *values.values()])
            return {**values, "gradient_norm": mover.step()}

    @contextmanager
    def _projections_if(self, owner: Player) -> Iterator[None]:
        """While open, the losses whose weights this player moves learn."""
        with ExitStack() as stack:
            for loss in self._learners.get(owner, []):
                stack.enter_context(learning(loss))
            yield

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16)


def _masking(player: str) -> str:
    """The name of the stream from which a player's tokens are drawn, where batches are made elsewhere than played."""
    return f"mask {player}"


def _view(part: Part, student: Outputs, teacher: Outputs | None) -> View:
    batch = part.batch
    return View(batch.labels_B, student, teacher, batch.rows_B, batch.attention_BT, part.peers)


def _mean(values: Sequence[dict[str, Tensor]], parts: Sequence[Part]) -> dict[str, Tensor]:
    """The scalars of a batch, as far as this process has them, from those of its parts."""
    if parts[0].weight == 1:
        return values[0]
    return {
        key: torch.stack([one[key] * part.weight for one, part in zip(values, parts, strict=True)]).sum()
        for key in values[0]
    }


def gradient_norm(scalar: Tensor, parameters: Iterable[Tensor]) -> Tensor:
    """The L2 norm of a scalar's gradient with respect to parameters; the graph stays."""
    gradients = torch.autograd.grad(scalar, list(parameters), retain_graph=True, allow_unused=True)
    norms = [gradient.norm() for gradient in gradients if gradient is not None]
    return torch.stack(norms).norm() if norms else scalar.new_zeros(())
