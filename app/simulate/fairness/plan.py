"""Everything that a scenario fixes before it is played: who comes, who is there, who is favoured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.simulate.fairness.demand import Agreement, Demand, Denial, Order

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` until ``end``, in seconds since the beginning."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


class Picking(StrEnum):
    """How agents pick, blind to who the customer is."""

    IN_ORDER = "in order"
    AT_RANDOM = "at random"
    NEWEST_FIRST = "newest first"
    SHORTEST_FIRST = "shortest first"


@dataclass(frozen=True, slots=True)
class Reserved:
    """An agent who works for nobody but those served first."""

    agent: str
    span: Span


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the people of the team really work. ``disorder`` is the share of blind slips."""

    order: Order = Order.ARRIVAL
    picking: Picking = Picking.IN_ORDER
    disorder: float = 0.1
    reserved: tuple[Reserved, ...] = ()


class Tells(StrEnum):
    """How a tool tells that somebody works on a contact."""

    SPANS = "spans"
    """Work begins and ends."""
    ANSWERS = "answers"
    """The same, and every answer that reaches the customer."""
    MESSAGES = "messages"
    """The pick-up and the answers alone."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What the tools tell of it, and how badly.

    ``skews`` are seconds that one tool's clock is ahead; a tool that is named there tells its own
    channel or, as ``roster``, the staffing.
    """

    tells: Tells = Tells.SPANS
    staffing: bool = True
    breaks: bool = True
    signing_off: bool = True
    rings_everybody: bool = False
    lost_share: float = 0.0
    skews: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario with its dice thrown. ``skills`` holds the desks; an agent without any is on none.

    ``favoured`` are the customers whom somebody decided to serve first.
    """

    name: str
    seed: int
    horizon: float
    demands: tuple[Demand, ...]
    shifts: Mapping[str, tuple[Span, ...]]
    favoured: frozenset[str]
    agreement: Agreement
    conduct: Conduct
    manner: Manner
    skills: Mapping[str, frozenset[str]]

    def in_turn(self) -> "Plan":
        """The same arrivals, demands, patience and hours, worked strictly as agreed."""
        demands = (replace(one, is_favoured=False, denial=Denial.NONE) for one in self.demands)
        conduct = Conduct(order=self.agreement.order, disorder=0.0)
        return replace(self, demands=tuple(demands), conduct=conduct)
