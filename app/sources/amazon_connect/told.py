"""What an event of Amazon Connect holds: a contact, or what an agent is doing."""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import Alias, Channel, Data, Direction
from app.sources.adapter import SourceConfig
from app.sources.eventbridge import joined, set_at
from app.sources.reading import Id, Moment, email, identity, known_as, phone, vendor_id
from app.sources.telling import Telling

CHANNELS: Final = MappingProxyType(
    {"VOICE": Channel.PHONE, "CHAT": Channel.CHAT, "EMAIL": Channel.EMAIL}
)
BY_US: Final = frozenset({"OUTBOUND", "CALLBACK"})
_CUSTOMER_TAGS: Final = frozenset({"customer", "customerid"})
_PHONE_TAGS: Final = frozenset({"customerphone", "customernumber"})
_EMAIL_TAGS: Final = frozenset({"customeremail"})
_OWN_TAGS = "aws:"
_PLAIN: Final = str.maketrans("", "", "-_ ")


class _Struct(msgspec.Struct, frozen=True, rename=joined):
    """Keys in small letters, as ``eventbridge`` gives them."""


class Agent(_Struct, frozen=True):
    """Who had the contact, and since when."""

    agent_arn: Id = None
    connected_to_agent_timestamp: Moment = None
    after_contact_work_end_timestamp: Moment = None


class Queue(_Struct, frozen=True):
    """Where it waits."""

    queue_arn: Id = None
    enqueue_timestamp: Moment = None


class Endpoint(_Struct, frozen=True):
    """How the customer is reached, where an event says so."""

    address: str | None = None


class Detail(_Struct, frozen=True):
    """A contact, as an event tells it."""

    event_type: str | None = None
    contact_id: Id = None
    initial_contact_id: Id = None
    previous_contact_id: Id = None
    related_contact_id: Id = None
    channel: str | None = None
    initiation_method: str | None = None
    disconnect_reason: str | None = None
    initiation_timestamp: Moment = None
    connected_to_system_timestamp: Moment = None
    disconnect_timestamp: Moment = None
    scheduled_timestamp: Moment = None
    last_paused_timestamp: Moment = None
    last_resumed_timestamp: Moment = None
    agent_info: Agent | None = None
    queue_info: Queue | None = None
    customer_id: Id = None
    customer_endpoint: Endpoint | None = None
    updated_properties: Any = None
    tags: Any = None


class Status(_Struct, frozen=True):
    """What an agent has chosen to be doing."""

    name: str | None = None
    type: str | None = None
    start_timestamp: Moment = None


class Snapshot(_Struct, frozen=True):
    """How an agent stands."""

    agent_status: Status | None = None


class AgentEvent(_Struct, frozen=True):
    """What the agent event stream tells of one of us."""

    event_type: str | None = None
    event_timestamp: Moment = None
    agent_arn: Id = None
    current_agent_snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A contact as one event tells it, its values read."""

    detail: Detail
    contact: str
    leg: str
    sent_at: datetime | None
    config: SourceConfig

    @property
    def agent(self) -> str | None:
        """Who has the contact, by the ARN."""
        info = self.detail.agent_info
        return identity(info.agent_arn, "$.detail.agentInfo.agentArn") if info else None

    @property
    def connected_at(self) -> datetime | None:
        """When an agent took it."""
        info = self.detail.agent_info or Agent()
        return set_at(info.connected_to_agent_timestamp, "$.detail.agentInfo")

    @property
    def queued_at(self) -> datetime | None:
        """When it came before humans."""
        queue = self.detail.queue_info or Queue()
        return set_at(queue.enqueue_timestamp, "$.detail.queueInfo.enqueueTimestamp")

    @property
    def started_at(self) -> datetime | None:
        """When it began."""
        return set_at(self.detail.initiation_timestamp, "$.detail.initiationTimestamp")

    @property
    def over_at(self) -> datetime | None:
        """When it ended."""
        return set_at(self.detail.disconnect_timestamp, "$.detail.disconnectTimestamp")

    @property
    def method(self) -> str:
        """How it began, in capitals."""
        return (self.detail.initiation_method or "").upper()

    @property
    def reason(self) -> str:
        """Why it ended."""
        return self.detail.disconnect_reason or ""

    @property
    def way(self) -> Direction | None:
        """Outbound where we began it; Amazon's API rings people up, but takes chats and tasks in."""
        rings = self.method == "API" and self.is_voice
        return Direction.OUTBOUND if self.method in BY_US or rings else None

    @property
    def is_voice(self) -> bool:
        """Whether it is a call."""
        return (self.detail.channel or "").upper() == "VOICE"

    @property
    def labels(self) -> dict[str, str]:
        """The tags that somebody chose, their names in small letters without dashes and blanks."""
        told = self.detail.tags if isinstance(self.detail.tags, dict) else {}
        return {
            name.translate(_PLAIN): value
            for name, value in told.items()
            if isinstance(value, str) and not name.startswith(_OWN_TAGS)
        }

    @property
    def tags(self) -> list[str]:
        """Each tag by its value, and by its name and value: ``outcome=no time``."""
        told = self.labels.items()
        return [each for name, value in told for each in (value, f"{name}={value}")]

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """What the event knows the customer by: tags, mostly."""
        endpoint = self.detail.customer_endpoint or Endpoint()
        address = endpoint.address or ""
        told = self.labels.items()
        return known_as(
            email(address) if "@" in address else phone(address),
            vendor_id(self.detail.customer_id, "$.detail.customerId"),
            *(phone(value) for name, value in told if name in _PHONE_TAGS),
            *(email(value) for name, value in told if name in _EMAIL_TAGS),
            *(vendor_id(value, "$.detail.tags") for name, value in told if name in _CUSTOMER_TAGS),
        )

    def tell(self, data: Data, at: datetime | None, fact: str = "") -> Telling:
        """Say that ``data`` happened to this contact; without a time of its own, when it was sent."""
        queue = self.detail.queue_info
        full = msgspec.structs.replace(
            data,
            channel=CHANNELS.get((self.detail.channel or "").upper()),
            team=identity(queue.queue_arn, "$.detail.queueInfo.queueArn") if queue else None,
            aliases=self.aliases,
        )
        fact = f"{self.leg} {fact}".strip()
        return Telling(subject=self.contact, data=full, at=at or self.sent_at, fact=fact)
