"""What a pool is told: one move of a contact or of an agent at an instant, in seconds since 1970."""

from enum import IntEnum

import msgspec

LIVE = frozenset({"phone", "chat"})
"""Channels on which the customer is there; mail is put aside for them."""

UNNAMED = "?"
"""Stands before the contact in the name of an agent whom nobody named."""
UNHEARD = float("-inf")
"""The turn of a contact whose beginning nobody told: nothing is known against it."""


class MoveKind(IntEnum):
    """What happens, in the order that breaks ties in time."""

    AVAILABLE = 0
    ENDED = 1
    PAUSED = 2
    TURNED_AWAY = 3
    READY = 4
    OFFERED = 5
    STARTED = 6
    DECLINED = 7
    REFUSED = 8
    GONE = 9
    UNAVAILABLE = 10


class Demand(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a contact asks for, from ``ready`` on.

    ``turn`` is its place under the policy, ``even_turn`` its place if every customer were entitled
    to the same: the smaller comes first. ``other_turn`` is its place in the order that the policy
    does not say (by arrival instead of by deadline, or the other way round); none where there is no
    difference. All are fixed while it waits.
    """

    customer: str
    tier: str
    channel: str
    skill: str
    ready: float
    turn: float
    even_turn: float
    other_turn: float | None = None


class Move(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that happened in a pool. ``tie`` is the event's source and id.

    ``agents`` are those it rings at; ``skills`` what an agent who signs in serves (none: all);
    ``wrap_up`` seconds that the agent stays busy after the end. ``inferred``: nobody tells when this
    work begins, so that nobody can tell either when the agent is free.
    """

    at: float
    kind: MoveKind
    tie: str
    contact: str = ""
    agent: str = ""
    demand: Demand | None = None
    agents: tuple[str, ...] = ()
    skills: tuple[str, ...] | None = None
    wrap_up: float = 0.0
    inferred: bool = False

    @property
    def place(self) -> tuple[float, MoveKind, str]:
        """Where it stands in the canonical order."""
        return (self.at, self.kind, self.tie)
