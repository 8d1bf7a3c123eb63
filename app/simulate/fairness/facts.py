"""What happened in a world, and what became of every demand."""

from dataclasses import dataclass, field
from enum import Enum, auto

from app.simulate.fairness.demand import Demand, DemandKey
from app.simulate.fairness.plan import Span


class Kind(Enum):
    """What can happen."""

    RECEIVED = auto()
    OWED = auto()
    WROTE_AGAIN = auto()
    STARTED = auto()
    JOINED = auto()
    INTERRUPTED = auto()
    ENDED = auto()
    RESOLVED = auto()
    TURNED_AWAY = auto()
    REFUSED = auto()
    ABANDONED = auto()
    CAME = auto()
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at ``at``. ``idle`` are the colleagues who were free at a start."""

    at: float
    kind: Kind
    demand: Demand | None = None
    agent: str | None = None
    idle: tuple[str, ...] = ()


class End(Enum):
    """How waiting for help ended."""

    SERVED = auto()
    ABANDONED = auto()
    REFUSED = auto()
    TURNED_AWAY = auto()
    STILL_WAITING = auto()


@dataclass(slots=True)
class Outcome:
    """What became of one demand. ``wait_seconds`` is until work first began, or hope ended."""

    demand: Demand
    wait_seconds: float | None = None
    end: End = End.STILL_WAITING
    work: list[tuple[str, Span]] = field(default_factory=list)

    @property
    def ready_at(self) -> float:
        """Since when a human was owed."""
        return self.demand.ready_at

    @property
    def waited(self) -> float:
        """How long it took until work first began, or hope ended."""
        return self.wait_seconds or 0.0


@dataclass(frozen=True, slots=True)
class Played:
    """What happened, and what became of every demand."""

    facts: tuple[Fact, ...]
    outcomes: dict[DemandKey, Outcome]
