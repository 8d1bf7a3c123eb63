"""WhatsApp Cloud API: what Meta's webhooks about messages, their statuses and calls mean.

A delivery is a batch, and what comes again may be batched otherwise: each message, status and call
makes ids of its own. All that a customer and one of our numbers write each other is one contact,
which WhatsApp itself never ends. Message text is never read.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from app.core.events import (
    Actor,
    AgentReplied,
    Channel,
    ContactAnswered,
    ContactMissed,
    ContactReceived,
    ContactResolved,
    CustomerMerged,
    CustomerUpdated,
    Direction,
    Incoming,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import Adapter, BadSignature, Delivery, Reply, SourceConfig, Unreadable
from app.sources.reading import identity, instant, needed, read_json, vendor_id
from app.sources.signatures import hmac_sha256_hex, is_one_of
from app.sources.telling import Telling, stable_id, tell
from app.sources.whatsapp.updates import BATCH, MAX_UPDATES, VALUE, Change, Told, Update, Value, Who

MAX_QUERY_FIELDS = 20
MAX_CHALLENGE = 256
"""Characters of the challenge that is echoed; real ones are ten digits."""

ATTEMPT = "outbound_call_attempt"
_NOT_THE_WORD = (
    b"What Meta has as Verify token is not the verify_token of this source in sources.yaml, or there "
    b"is none.\n"
)
_SIGNATURE = "x-hub-signature-256"
_OBJECT = "whatsapp_business_account"
_TEMPLATES: Final = frozenset(
    {
        "authentication",
        "authentication_international",
        "business_initiated",
        "marketing",
        "marketing_lite",
        "utility",
    }
)
"""Categories that only the message of a template has: nobody writes one by hand."""
_NO_MESSAGE: Final = frozenset(
    {"edit", "reaction", "request_welcome", "revoke", "system", "unknown", "unsupported"}
)
"""What comes as a message though nobody wrote what could be answered, or be an answer."""
_PERMISSION = "call_permission_reply"
_USER_ID = "user_id"
_ECHOES = "smb_message_echoes"
_CHANGES: Final = frozenset({"user_changed_number", "user_changed_user_id"})


def _message(told: Told, message: Update) -> Iterator[Telling]:
    if message.type == "system":
        yield from _renamed(told, message)
    if message.type in _NO_MESSAGE or (
        message.interactive is not None and message.interactive.type == _PERMISSION
    ):
        return
    who = told.who(message.sender, message.from_user_id, "$.messages[...].from")
    at = instant(message.timestamp, "$.messages[...].timestamp")
    received = ContactReceived(via="whatsapp")
    yield told.wrote(who, message.group_id, received, at, message.id)


def _echo(told: Told, message: Update) -> Iterator[Telling]:
    """What somebody of ours wrote in the WhatsApp Business app."""
    if message.type in _NO_MESSAGE:
        return
    who = told.who(message.to, message.to_user_id, "$.message_echoes[...].to")
    at = instant(message.timestamp, "$.message_echoes[...].timestamp")
    yield told.wrote(who, message.group_id, AgentReplied(), at, message.id)


def _status(told: Told, status: Update) -> Iterator[Telling]:
    """Say that an answer left; whether it came, was read or failed changes nothing that is owed."""
    if status.type == "call":
        yield from _call_status(told, status)
    elif status.status == "sent":
        at = instant(status.timestamp, "$.statuses[...].timestamp")
        in_group = status.recipient_type == "group"
        number = None if in_group else status.recipient_id
        who = told.who(number, status.recipient_user_id, "$.statuses[...].recipient_id")
        group = status.recipient_id if in_group else None
        yield told.wrote(who, group, _sent(told, status), at, status.id)


def _sent(told: Told, status: Update) -> AgentReplied:
    """An answer that a program sent for us: by a human, unless something says otherwise.

    Templates are told by their price or by what began the conversation that they are billed in.
    """
    label = status.biz_opaque_callback_data
    labelled = label if isinstance(label, str) else None
    if told.config.is_bot(labelled, told.number, told.shown_number):
        return AgentReplied(actor=Actor.BOT)
    pricing, conversation = status.pricing, status.conversation
    category = pricing.category if pricing else None
    if category is None and conversation is not None and conversation.origin is not None:
        category = conversation.origin.type
    if (category or "").lower() in _TEMPLATES:
        return AgentReplied(actor=Actor.SYSTEM, inferred=True)
    return AgentReplied()


def _renamed(told: Told, message: Update) -> Iterator[Telling]:
    """Say that two names are one customer, where the source is configured to believe it."""
    change = message.system
    if change is None or change.type not in _CHANGES:
        return
    if told.config.events.get(change.type) != CustomerMerged.type:
        return
    if change.type == "user_changed_number":
        before = identity(message.sender, "$.messages[...].from")
        after = identity(change.wa_id, "$.messages[...].system.wa_id")
    else:
        before = identity(change.previous_user_id, "$.messages[...].system.previous_user_id")
        after = identity(change.user_id, "$.messages[...].system.user_id")
    if before and after and before != after:
        at = instant(message.timestamp, "$.messages[...].timestamp")
        merged = CustomerMerged(into=told.name(after))
        yield Telling(subject=told.name(before), data=merged, at=at, fact=stable_id(after))


def _call(told: Told, call: Update) -> Iterator[Telling]:
    outbound = told.is_ours(call)
    number, user_id = (call.to, call.to_user_id) if outbound else (call.sender, call.from_user_id)
    who = told.who(number, user_id, "$.calls[...].from")
    if call.event == "connect":
        at = instant(call.timestamp, "$.calls[...].timestamp")
        attempt = AgentReplied(direction=Direction.OUTBOUND, reason=ATTEMPT)
        yield told.called(who, call, attempt if outbound else ContactReceived(), at)
    elif call.event == "terminate":
        yield from _hung_up(told, who, call, Direction.OUTBOUND if outbound else None)


def _hung_up(told: Told, who: Who, call: Update, way: Direction | None) -> Iterator[Telling]:
    """A call has a start only where it was taken, which nothing says of one of hers before."""
    began = instant(call.start_time, "$.calls[...].start_time")
    ended = instant(call.end_time, "$.calls[...].end_time")
    ended = ended or instant(call.timestamp, "$.calls[...].timestamp")
    if began is None and way is None:
        yield told.called(who, call, ContactMissed(), ended)
        return
    if began is not None and way is None:
        yield told.called(who, call, ContactAnswered(), began)
        yield told.called(who, call, WorkStarted(), began)
    yield told.called(who, call, ContactResolved(direction=way), ended)
    if began is not None:
        yield told.called(who, call, WorkEnded(direction=way), ended)


def _call_status(told: Told, status: Update) -> Iterator[Telling]:
    """A call of ours rings, is taken or is turned down; its end is told by itself."""
    if status.status == "ACCEPTED":
        at = instant(status.timestamp, "$.statuses[...].timestamp")
        path = "$.statuses[...].recipient_id"
        who = told.who(status.recipient_id, status.recipient_user_id, path)
        for data in (ContactAnswered, WorkStarted):
            yield told.called(who, status, data(direction=Direction.OUTBOUND), at)


_Reader = Callable[[Told, Update], Iterator[Telling]]
_READ: Final[Mapping[str, str]] = MappingProxyType(
    {"messages": "messages", "calls": "calls", _ECHOES: _ECHOES, "message_echoes": _ECHOES}
)
"""Fields to subscribe to that tell something, by each of their names."""


def _updates(value: Value) -> Iterator[tuple[str, Update, _Reader]]:
    for updates, kind, read in (
        (value.messages, "message", _message),
        (value.message_echoes, "echo", _echo),
        (value.statuses, "status", _status),
        (value.calls, "call", _call),
    ):
        for update in updates or ():
            yield kind, update, read


def _tellings(told: Told, value: Value) -> Iterator[tuple[str, list[Telling]]]:
    """What each update tells, under the id that is its own in whatever batch it comes."""
    for kind, update, read in _updates(value):
        found = list(read(told, update))
        if found:
            name = needed(identity(update.id, f"$.{kind}.id"), f"$.{kind}.id")
            yield f"{name}:{update.event or kind}", found
    if told.config.events.get(_USER_ID) == CustomerUpdated.type:
        for who in told.listed:
            if who.number and who.user_id:
                yield f"{who.number}:{who.user_id}", [_known_by_both(told, who)]


def _known_by_both(told: Told, who: Who) -> Telling:
    alias = vendor_id(who.user_id, "$.user_id")
    known = CustomerUpdated(aliases=(alias,) if alias else ())
    return Telling(subject=told.name(who.number or ""), data=known, at=None, fact=who.user_id)


def _changes(body: bytes) -> list[Change]:
    batch = read_json(BATCH, body)
    if batch.object not in (None, _OBJECT):
        return []
    return [change for entry in batch.entry or () for change in entry.changes or ()]


def _values(changes: list[Change]) -> list[Value]:
    """Read the changes that tell something; Meta never sends more at once than we take."""
    known = [change for change in changes if change.field in _READ]
    values = [read_json(VALUE, change.value) for change in known[: MAX_UPDATES + 1]]
    updates = sum(1 for value in values for _ in _updates(value))
    contacts = sum(len(value.contacts or ()) for value in values)
    if max(len(values), updates, contacts) > MAX_UPDATES:
        raise Unreadable(f"expected at most {MAX_UPDATES} updates at once")
    return values


class WhatsApp(Adapter):
    """Chats and calls with customers on WhatsApp."""

    kind: Final = "whatsapp"
    channel: Final = None
    tells: Final = frozenset(
        data.type
        for data in (
            AgentReplied, ContactAnswered, ContactMissed, ContactReceived, ContactResolved,
            CustomerUpdated, WorkEnded, WorkStarted,
        )
    )  # fmt: skip
    untold: Mapping[str, frozenset[str]] = MappingProxyType(
        {Channel.CHAT: frozenset({ContactResolved.type})}
    )
    options: Final = frozenset({"verify_token", "bots", "region", "events"})
    events: Mapping[str, frozenset[str]] = MappingProxyType(
        {
            "messages": frozenset({ContactReceived.type, AgentReplied.type, CustomerUpdated.type}),
            "calls": tells,
            _ECHOES: frozenset({AgentReplied.type, CustomerUpdated.type}),
        }
    )

    def tells_with(self, config: SourceConfig) -> frozenset[str]:
        """Whom numbers and ids belong to is said only where it is believed."""
        return self.tells | (frozenset(config.events.values()) & {CustomerMerged.type})

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - Meta signs no time
        """Check the signature over the body."""
        signature = delivery.headers.get(_SIGNATURE, "").strip()
        if not signature.startswith("sha256="):
            raise BadSignature("X-Hub-Signature-256 is missing or does not begin with sha256=")
        expected = [f"sha256={hmac_sha256_hex(secret, delivery.body)}" for secret in secrets]
        if not is_one_of(signature, expected):
            raise BadSignature("X-Hub-Signature-256 does not match the body")

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate messages, statuses and calls; other fields are understood and mean nothing."""
        events: list[Incoming] = []
        for value in _values(_changes(delivery.body)):
            for name, tellings in _tellings(Told(value, config), value):
                events += tell(delivery, config, name, tellings)
        return tuple(events)

    def event_of(self, delivery: Delivery) -> str | None:
        """The field that changed first."""
        try:
            changes = _changes(delivery.body)
        except Unreadable:
            return None
        field = changes[0].field if changes else None
        return _READ.get(field or "", field)

    def greet(self, delivery: Delivery, config: SourceConfig) -> Reply | None:
        """Echo the challenge of a set-up that shows the right verify token."""
        try:
            query = urlsplit(delivery.url).query
            asked = dict(parse_qsl(query, max_num_fields=MAX_QUERY_FIELDS))
        except ValueError:
            return Reply(status=403)
        if "hub.mode" not in asked:
            return None
        challenge, token = asked.get("hub.challenge", ""), asked.get("hub.verify_token", "")
        is_right = bool(config.verify_token) and is_one_of(token, (config.verify_token,))
        is_plain = challenge.isascii() and challenge.isprintable()
        if not (is_right and asked["hub.mode"] == "subscribe" and is_plain):
            return Reply(status=403, body=_NOT_THE_WORD)
        return Reply(body=challenge[:MAX_CHALLENGE].encode())

    def answer(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """Meta sends again for a week what is answered with anything but 200."""
        return Reply()


ADAPTER: Final = WhatsApp()
