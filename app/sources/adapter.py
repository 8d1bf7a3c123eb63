"""What an adapter is: a delivery and its source's configuration in, canonical events out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from app.core.events import Channel, Data, Incoming
from app.core.source import Source
from app.sources.mapping.rules import MappingRules

FUTURE_LIMIT = timedelta(minutes=5)
"""How far ahead of its arrival an event may be dated."""

MAX_BYTES = 1_000_000
"""Body of one delivery, where a kind does not say otherwise."""
LARGE_BYTES = 40_000_000
"""Body of one delivery that holds a mail and what is attached to it."""

YEARS = (2000, 2099)
"""The first and the last year that anything may be dated in: who has no date sends 1, 1970 or 9999."""
SINCE_YEARS = (1900, 2099)
"""The years since which somebody may be a customer."""


class BadSignature(Exception):  # noqa: N818 - named for the fact
    """The delivery is not from whom it claims to be. ``reason`` never holds a secret."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unreadable(Exception):  # noqa: N818 - named for the fact
    """The adapter cannot make sense of the delivery. ``reason`` names places and types only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came. Header names are in lower case; ``url`` holds the query string.

    ``url`` is the address the tool posted to: ``public_url`` of the source, where it is set.
    """

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime
    url: str = field(default="", repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool wants to be answered, where that is not our own word."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a source is fetched from that sends nothing by itself; the password is its first secret.

    ``path`` is a file that is read; ``folder`` and ``sent`` are mailboxes of an IMAP account.
    """

    host: str = ""
    port: int = 0
    user: str = ""
    tls: bool = True
    path: str = ""
    folder: str = "INBOX"
    sent: str = ""


class SignedBy(StrEnum):
    """What vouches for the deliveries of a kind of source."""

    SECRET = "secret"  # noqa: S105 - a word, not one
    """One of the source's secrets."""
    CERTIFICATE = "certificate"
    """A certificate of the vendor, at the address that ``Adapter.certificate`` gives."""
    CONNECTION = "connection"
    """We fetch them ourselves: nothing is posted to us."""
    NOBODY = "nobody"
    """Whoever knows the address may send, because an administrator said so."""


class TeamFrom(StrEnum):
    """What of the tool decides about the team."""

    INBOX = "inbox"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """A configured source: what the rules know of it, its secrets and its options.

    Any one of ``secrets`` is accepted, so that they can be changed without a gap. ``unsigned``
    means that deliveries bear a token in the URL or the Authorization header and no signature.
    ``link`` is an address with ``{contact}`` in it. ``follow_up_tags`` says how soon somebody
    promised to come back who sets such a tag. ``turned_away_tags``, in small letters: who sets one of
    them on a contact could not help the customer; ``discard_tags``: the contact never counts;
    ``tier_tags``: a tag or an organisation of the customer, and the tier it stands for.
    ``public_url`` is the address the tool posts to, for signatures that cover it.

    ``staff``, ``bots`` (ids, names or addresses), ``staff_domains`` and ``addresses`` (mailboxes of
    ours) are in small letters. ``region`` (``DK``) is where numbers without a country belong.
    ``verify_token`` is what a tool shows when it is set up; ``topics`` are the SNS topics that may
    send; ``calls_from`` is the id of the source that tells of the telephone calls behind its contacts;
    ``events`` gives meanings to names that the tool's administrator chose; ``mapping`` is what
    the kind ``mapping`` made of its file.
    """

    source: Source
    secrets: tuple[str, ...] = field(default=(), repr=False)
    unsigned: bool = False
    public_url: str = ""
    link: str = ""
    follow_up_tags: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))
    turned_away_tags: frozenset[str] = frozenset()
    discard_tags: frozenset[str] = frozenset()
    tier_tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    archived_keeps_promise: bool = False
    team_from: TeamFrom = TeamFrom.INBOX
    staff: frozenset[str] = frozenset()
    staff_domains: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    region: str = ""
    verify_token: str = field(default="", repr=False)
    topics: frozenset[str] = frozenset()
    events: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    connection: Connection | None = None
    calls_from: str = ""
    mapping: MappingRules | None = None

    def turns_away(self, tags: Iterable[str | None]) -> bool:
        """Whether one of a contact's tags says that its customer was turned away."""
        return any(tag and tag.strip().lower() in self.turned_away_tags for tag in tags)

    def discards(self, tags: Iterable[str | None]) -> bool:
        """Whether one of a contact's tags says that it never counts: spam, a test, a wrong number."""
        return any(tag and tag.strip().lower() in self.discard_tags for tag in tags)

    def tier_of(self, tags: Iterable[str | None]) -> str | None:
        """The tier that a customer's tag or organisation stands for; the first one told decides."""
        known = (self.tier_tags.get(tag.strip().lower()) for tag in tags if tag)
        return next((tier for tier in known if tier), None)

    def is_bot(self, *known_as: str | None) -> bool:
        """Whether an author, by id, name or address, is listed as a machine."""
        return any(each and each.strip().lower() in self.bots for each in known_as)

    def is_staff(self, *known_as: str | None) -> bool:
        """Whether an author, by id or address, is one of us: listed, or of a domain of ours."""
        told = [each.strip().lower() for each in known_as if each]
        listed = any(each in self.staff for each in told)
        return listed or any(each.rpartition("@")[2] in self.staff_domains for each in told)


def gives(table: Mapping[str, tuple[type[Data], ...]]) -> Mapping[str, frozenset[str]]:
    """Write ``Adapter.events``: by the tool's name of an event, the types it can give."""
    return MappingProxyType(
        {name: frozenset(data.type for data in types) for name, types in table.items()}
    )


class Adapter(Protocol):
    """One kind of sending system. Adapters hold no state and do no I/O.

    Subclass it: what only some tools need has an answer here already.
    """

    def tells_with(self, config: SourceConfig) -> frozenset[str]:  # noqa: ARG002
        """The canonical types it can send when it is configured like this."""
        return self.tells

    @property
    def untold(self) -> Mapping[str, frozenset[str]]:
        """Which of these it never sends of contacts on a channel."""
        return MappingProxyType({})

    @property
    def signed_by(self) -> SignedBy:
        """What vouches for its deliveries."""
        return SignedBy.SECRET

    @property
    def max_bytes(self) -> int:
        """The largest body: who sends mail sends what is attached to it."""
        return MAX_BYTES

    @property
    def events(self) -> Mapping[str, frozenset[str]]:
        """The tool's own names of the events to subscribe to, and the canonical types each can give."""
        return MappingProxyType({})

    @property
    def kind(self) -> str:
        """The name of the kind in sources.yaml."""
        ...

    @property
    def channel(self) -> Channel | None:
        """The channel of its contacts, where there is but one."""
        ...

    @property
    def tells(self) -> frozenset[str]:
        """The canonical types it can send."""
        ...

    @property
    def headers(self) -> frozenset[str]:
        """Headers that tell of an event, besides those that are kept of every kind."""
        return frozenset()

    @property
    def options(self) -> frozenset[str]:
        """The options that sources.yaml may set for this kind: see ``configuration.OPTIONS``."""
        ...

    def of(self, config: SourceConfig) -> "Adapter":  # noqa: ARG002 - most are the same everywhere
        """The adapter as the options of one source make it."""
        return self

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:
        """Return if any of ``secrets`` vouches for the delivery, else raise ``BadSignature``."""
        ...

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Give the canonical events, none for what means nothing to us, or raise ``Unreadable``."""
        ...

    def secret_fault(self, secret: str) -> str | None:  # noqa: ARG002 - most take any text
        """What is wrong with a secret of sources.yaml, without showing it; None where it can be used."""
        return None

    def event_of(self, delivery: Delivery) -> str | None:  # noqa: ARG002 - for those that name none
        """The tool's own name of what the delivery tells, one of ``events`` or not; never raises."""
        return None

    def greet(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """Answer a GET, HEAD or OPTIONS, which nobody signs; None is an empty 200."""
        return None

    def answer(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """What a verified delivery is answered once it is durable; None is our own 202."""
        return None

    def certificate(self, delivery: Delivery) -> str | None:  # noqa: ARG002
        """Where the certificate is that signs the delivery, where the kind is signed by one.

        Its PEM text is then handed to ``verify`` as the one secret. Raises ``BadSignature`` for an
        address that is not the vendor's own.
        """
        return None

    def visit(self, delivery: Delivery, config: SourceConfig) -> str | None:  # noqa: ARG002
        """An address that a verified delivery asks us to open once, such as SNS's SubscribeURL."""
        return None
