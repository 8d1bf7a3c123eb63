"""What customers ask for, and in which order it would be their turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from app.core.events import Channel

HEAD_START_SECONDS = 600.0
"""What an endless weight would be ahead by; weight 2 has half of it."""

CHATS_PER_AGENT = 3

LOAD: Mapping[Channel, float] = MappingProxyType(
    {Channel.PHONE: 1.0, Channel.CHAT: 1.0 / CHATS_PER_AGENT, Channel.EMAIL: 1.0}
)
"""How much of an agent one contact in work takes."""

_AFTER_ALL_LIVE = 1e9
"""Seconds that mail stands behind every caller: it can be interrupted, a caller cannot wait."""


class DemandKey(NamedTuple):
    """One demand: the contact, and how often its customer has written again."""

    contact: str
    phase: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The customer writes again ``after_seconds``, which takes ``work_seconds``."""

    after_seconds: float
    work_seconds: float


class Denial(StrEnum):
    """How a customer is told that there is no time."""

    NONE = ""
    REFUSED = "refused"
    """The offer is refused where nobody is free at once."""
    TURNED_AWAY = "turned away"
    """She is answered within seconds and not helped."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a customer wants now. Instants are seconds since the beginning.

    A human is owed from ``ready_at``; before it, from ``received_at``, she is in the menu.
    ``is_favoured`` and ``denial`` are what people do about it; in turn they mean nothing.
    """

    key: DemandKey
    customer: str
    tier: str
    channel: Channel
    received_at: float
    ready_at: float
    work_seconds: float
    patience_seconds: float = inf
    wrap_up_seconds: float = 0.0
    skill: str = ""
    is_favoured: bool = False
    denial: Denial = Denial.NONE
    needs_two: bool = False
    follow_ups: tuple[FollowUp, ...] = ()

    def next_phase(self, at: float) -> "Demand":
        """What the customer asks when she writes again after ``at``."""
        follow_up, *later = self.follow_ups
        ready_at = at + follow_up.after_seconds
        return replace(
            self,
            key=DemandKey(self.key.contact, self.key.phase + 1),
            received_at=ready_at,
            ready_at=ready_at,
            work_seconds=follow_up.work_seconds,
            denial=Denial.NONE,
            follow_ups=tuple(later),
        )


class Order(StrEnum):
    """Whose turn it is."""

    ARRIVAL = "arrival"
    DUE = "due"


EQUAL_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"important": 1.0, "standard": 1.0, "new": 1.0}
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed: the order, the weights of tiers, and targets by channel and tier."""

    order: Order = Order.ARRIVAL
    weights: Mapping[str, float] = field(default_factory=lambda: EQUAL_WEIGHTS)
    target_seconds: Mapping[tuple[Channel, str], float] = field(default_factory=dict)

    def turn(self, demand: Demand, order: Order) -> float:
        """Who has the smallest number is next: live before mail, then by ``order``."""
        behind = _AFTER_ALL_LIVE if demand.channel is Channel.EMAIL else 0.0
        if order is Order.DUE:
            return behind + demand.ready_at + self.target_seconds[demand.channel, demand.tier]
        head_start = HEAD_START_SECONDS * (1.0 - 1.0 / self.weights[demand.tier])
        return behind + demand.ready_at - head_start
