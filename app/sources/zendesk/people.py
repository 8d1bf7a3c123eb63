"""What Zendesk tells of people: whose address is whose, and which agent is there."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.core.events import (
    AgentAvailable,
    AgentUnavailable,
    Alias,
    AliasKind,
    Channel,
    ContactDeclined,
    ContactOffered,
    CustomerMerged,
    CustomerUpdated,
    Data,
    DeclineReason,
)
from app.core.registry import name_of
from app.sources.adapter import SourceConfig
from app.sources.reading import MAX_NAME, email, instant, known_as, needed, phone, vendor_id
from app.sources.telling import Telling, tier_told
from app.sources.zendesk.payload import (
    Changed,
    Detail,
    Event,
    Notice,
    Thing,
    channel_of,
    loose,
    somebody,
    words,
)

_USER = "zen:user:"
_AGENT = "zen:agent:"
_STAFF = frozenset({"agent", "admin"})
_ONLINE = "online"


def told(notice: Notice, event: Event, config: SourceConfig) -> Iterator[Telling]:
    """Say what an event about a user or an agent means; nothing where it means nothing to us."""
    if notice.name in _USERS:
        yield from _USERS[notice.name](_User(notice, config), event)
    elif notice.name in _AGENTS:
        yield from _AGENTS[notice.name](_Agent(notice, event, config), event)


class _User:
    """A user as a delivery tells him; one of us is no customer."""

    def __init__(self, notice: Notice, config: SourceConfig) -> None:
        detail = notice.detail or Detail()
        named = (notice.subject or "").removeprefix(_USER)
        self.id = needed(somebody(detail.id or named, "$.detail.id"), "$.detail.id")
        self.at = instant(notice.time, "$.time")
        self.config = config
        self._meaning = config.events.get(notice.name)
        self.organization = somebody(detail.organization_id, "$.detail.organization_id")
        self.is_ours = (detail.role or "").lower() in _STAFF or config.is_staff(
            self.id, detail.email
        )
        self.address = email(detail.email)

    @property
    def key(self) -> str:
        """The name of the customer in the registry."""
        return self.named(self.id)

    def named(self, user: str) -> str:
        """The name in the registry of a user, by his id."""
        return name_of(Alias(AliasKind.ID, user), self.config.source.event_source)

    def tell(self, data: Data, fact: str) -> Telling:
        """Say that ``data`` happened to this customer."""
        return Telling(subject=self.key, data=data, at=self.at, fact=fact[:MAX_NAME])

    def known(self, *more: Alias | None) -> Iterator[Telling]:
        """Say by which addresses and numbers the customer is known, where that is believed."""
        aliases = known_as(vendor_id(self.id, "$.detail.id"), self.address, *more)
        is_believed = self._meaning == CustomerUpdated.type
        if is_believed and not self.is_ours and len(aliases) > 1:
            fact = " ".join(alias.value for alias in aliases[1:])
            yield self.tell(CustomerUpdated(aliases=aliases), fact)

    def one_with(self, other: str) -> Iterator[Telling]:
        """Say that the customer is the same as another user, where that is believed."""
        if self._meaning == CustomerMerged.type and other != self.id:
            yield self.tell(CustomerMerged(into=self.named(other)), other)

    def tiers(self, *tags: str | None) -> Iterator[Telling]:
        """Say what tier the customer has, where a tag or the organisation stands for one."""
        if not self.is_ours:
            aliases = known_as(vendor_id(self.id, "$.detail.id"), self.address)
            yield from tier_told(self.config, tags, aliases, self.at)


def _created(user: _User, _: Event) -> Iterator[Telling]:
    yield from user.known()
    yield from user.tiers(user.organization)


def _identified(user: _User, event: Event) -> Iterator[Telling]:
    """An address or a number was added or changed; it stands in either of two places."""
    yield from user.known(_identity(event.identity), _identity(event.current))


def _identity(told: Changed) -> Alias | None:
    if not isinstance(told, Thing):
        return None
    match told.type:
        case "email":
            return email(told.value)
        case "phone_number" | "phone":
            return phone(told.value)
        case _:
            return None


def _tagged(user: _User, event: Event) -> Iterator[Telling]:
    yield from user.tiers(
        *(words(event.tags_added) or words(event.added.tags if event.added else None))
    )


def _joined(user: _User, event: Event) -> Iterator[Telling]:
    yield from user.tiers(loose(event.organization, "$.event.organization.id"))


def _merged(user: _User, event: Event) -> Iterator[Telling]:
    other = loose(event.user, "$.event.user.id")
    if other is not None:
        yield from user.one_with(other)


class _Agent:
    """An agent as a delivery tells him."""

    def __init__(self, notice: Notice, event: Event, config: SourceConfig) -> None:
        detail = notice.detail or Detail()
        named = (notice.subject or "").removeprefix(_AGENT)
        told = somebody(detail.agent_id or detail.id or named, "$.detail.agent_id")
        self.id = needed(told, "$.detail.agent_id")
        changed_at = instant(event.updated_at, "$.event.updated_at")
        self.at: datetime | None = changed_at or instant(notice.time, "$.time")
        self.config = config

    @property
    def now(self) -> str | None:
        """Tell apart what an agent does several times."""
        return self.at.isoformat() if self.at else None


def _state(agent: _Agent, event: Event) -> Iterator[Telling]:
    """Only the status named online takes work; a status of the account's own may mean that too."""
    state = event.new_unified_state.name if event.new_unified_state else None
    if not state:
        return
    own = agent.config.events.get(state)
    is_there = own == AgentAvailable.type if own else state.strip().lower() == _ONLINE
    there = AgentAvailable(agent=agent.id)
    data = there if is_there else AgentUnavailable(agent=agent.id, reason=state[:MAX_NAME])
    yield Telling(subject=agent.id, data=data, at=agent.at, fact=agent.now)


def _work_item(agent: _Agent, event: Event) -> Iterator[Telling]:
    """A ticket was offered to an agent, or he let the offer pass; a call's item is no ticket."""
    ticket = somebody(event.work_item_id, "$.event.work_item_id")
    channel = channel_of((event.channel or "").lower())
    if ticket is None or channel is Channel.PHONE:
        return
    fact = f"{ticket} {agent.id} {agent.now or ''}"[:MAX_NAME]
    match (event.reason or "").upper():
        case "OFFERED":
            offered = ContactOffered(agent=agent.id)
            yield Telling(subject=ticket, data=offered, at=agent.at, fact=fact)
        case "OFFER_MISSED":
            declined = ContactDeclined(agent=agent.id, reason=DeclineReason.NO_ANSWER)
            yield Telling(subject=ticket, data=declined, at=agent.at, fact=fact)
        case _:
            return


_USERS: Final[Mapping[str, Callable[[_User, Event], Iterator[Telling]]]] = MappingProxyType(
    {
        "user.created": _created,
        "user.identity_created": _identified,
        "user.identity_changed": _identified,
        "user.tags_changed": _tagged,
        "user.organization_membership_created": _joined,
        "user.merged": _merged,
    }
)
_AGENTS: Final[Mapping[str, Callable[[_Agent, Event], Iterator[Telling]]]] = MappingProxyType(
    {
        "agent.unified_state_changed": _state,
        "agent.work_item_added": _work_item,
        "agent.work_item_updated": _work_item,
    }
)
