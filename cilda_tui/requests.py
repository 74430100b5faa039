"""What was asked of a run, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cilda.runs.events import Event
from cilda.runs.field import count, name, text

State = Literal["asked", "accepted", "done", "refused", "withdrawn"]

MOST_REQUESTS = 500
_ANSWERS: dict[str, State] = {"accepted": "accepted", "done": "done", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `state` is `asked` while nobody has answered, then what the trainer said at last."""

    id: str
    what: str
    state: State
    by: str = ""
    why: str = ""
    stage: str = ""
    turn: int | None = None
    checkpoint: str = ""
    t: float | None = None
    """When it was asked, or first answered."""
    answered: float | None = None
    """When the last answer came."""

    @property
    def open(self) -> bool:
        """Whether something is still to come of it."""
        return self.state in ("asked", "accepted")


class Requests:
    """Requests by id, in the order in which they were seen; the oldest that are settled give way."""

    def __init__(self) -> None:
        self._by_id: dict[str, Asked] = {}

    def asked(self, waiting: Sequence[Asked]) -> None:
        """Takes what lies in `control/new` now. Of what lay there before and got no answer, somebody thought better."""
        lying = {asked.id for asked in waiting}
        for asked in waiting:
            if asked.id not in self._by_id:
                self._keep(asked)
        for asked in list(self._by_id.values()):
            if asked.state == "asked" and asked.id not in lying:
                self._by_id[asked.id] = replace(asked, state="withdrawn")

    def take(self, event: Event) -> None:
        """Takes an event `request`."""
        request_id, answer = name(event.get("id")), _ANSWERS.get(name(event.get("answer")))
        if not request_id or answer is None:
            return
        before = self._by_id.get(request_id)
        self._keep(
            Asked(
                id=request_id,
                what=name(event.get("what")),
                state=answer,
                by=name(event.get("by")),
                why=text(event.get("why"), 1000),
                stage=name(event.get("stage")),
                turn=count(event.get("turn")),
                checkpoint=name(event.get("checkpoint")),
                t=event["t"] if before is None else before.t,
                answered=event["t"],
            )
        )

    def get(self, request_id: str) -> Asked | None:
        """The request of an id."""
        return self._by_id.get(request_id)

    def latest(self, n: int) -> list[Asked]:
        """The last n, oldest first."""
        return list(self._by_id.values())[-n:] if n > 0 else []

    @property
    def open(self) -> list[Asked]:
        """Those that wait for an answer, or for being done."""
        return [asked for asked in self._by_id.values() if asked.open]

    def __len__(self) -> int:
        return len(self._by_id)

    def _keep(self, asked: Asked) -> None:
        self._by_id[asked.id] = asked
        if len(self._by_id) > MOST_REQUESTS:
            settled = next((key for key, kept in self._by_id.items() if not kept.open), next(iter(self._by_id)))
            del self._by_id[settled]
