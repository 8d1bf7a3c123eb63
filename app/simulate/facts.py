"""What the simulated contact centre can tell: who, and what happened to whom when.

Times are in *beats* since the start: a beat is a minute of the centre's life, however long it lasts
on the clock.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.core.events import Channel


class Kind(StrEnum):
    """What happened."""

    RECEIVED = "received"
    CALLED_OUT = "called out"
    OFFERED = "offered"
    DECLINED = "declined"
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    ASSIGNED = "assigned"
    CUSTOMER_WROTE = "customer wrote"
    AGENT_WROTE = "agent wrote"
    ABANDONED = "abandoned"
    ENDED = "ended"
    PROMISED = "promised"
    KEPT = "kept"
    CALLED_OFF = "called off"


@dataclass(frozen=True, slots=True)
class Customer:
    """A company and its contact person; all invented."""

    number: int
    name: str
    person: str
    tier: str
    phone: str
    email: str

    @property
    def id(self) -> str:
        """What our own registry calls the customer."""
        return f"customer-{self.number}"


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who answers, in one team."""

    number: int
    name: str
    team: str

    @property
    def phone_id(self) -> int:
        """What the phone system calls the agent; the chat system says ``number``."""
        return 9000 + self.number

    @property
    def email(self) -> str:
        """The address the tools know the agent by."""
        return f"{self.name.lower().replace(' ', '.')}@desk.example"


@dataclass(frozen=True, slots=True)
class Contact:
    """A call, a chat or a mail thread; ``outbound`` calls keep a promise."""

    number: int
    channel: Channel
    team: str
    customer: Customer
    opened_at: float
    outbound: bool = False


@dataclass(frozen=True, slots=True)
class Promise:
    """A follow-up promised during ``contact``."""

    number: int
    contact: Contact
    due_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened; ``number`` counts facts and is never used twice in a run.

    ``answered_at`` is told at the end of an answered call, ``promise`` with what befalls one.
    """

    at: float
    number: int
    kind: Kind
    contact: Contact
    agent: Agent | None = None
    answered_at: float | None = None
    promise: Promise | None = None
