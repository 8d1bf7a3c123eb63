"""What one message means: her question, her answer, our answer, or nothing that anybody waits for.

A message is judged alone. Who is not ours and answers in a thread counts as its customer, and what
we write to anybody outside counts as an answer in its thread: only a mail that we forward is known
not to be one. Whether the one we wrote to is the customer cannot be known here.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from app.core.events import (
    Actor,
    AgentReplied,
    Alias,
    Channel,
    ContactReceived,
    CustomerReplied,
    Data,
    Direction,
    Incoming,
)
from app.sources.adapter import Delivery, SourceConfig, Unreadable
from app.sources.mail.automatic import (
    is_automatic,
    is_bounce,
    is_machine_written,
    is_of_list,
    is_reaction,
    is_spam,
)
from app.sources.mail.message import Carried, Message
from app.sources.mail.parts import Part
from app.sources.mail.thread import Thread
from app.sources.reading import email, known_as
from app.sources.telling import Telling, stable_id, tell

TOLD_OF_CUSTOMERS: Final = frozenset({ContactReceived.type, CustomerReplied.type})
TOLD_BY_STAFF: Final = frozenset({AgentReplied.type})

_NEEDED = ("from", "sender", "message-id", "to", "date")


def translate_message(
    part: Part, carried: Carried, delivery: Delivery, config: SourceConfig
) -> tuple[Incoming, ...]:
    """Give what a message tells, none where nobody waits for anything because of it.

    Raises ``Unreadable`` for what has no header of a message.
    """
    if not any(part.header.first(name) for name in _NEEDED):
        raise Unreadable("expected a message with a header: From, To, Date or Message-ID")
    message = Message(part, carried, config).unwrapped()
    tellings = list(_told(message, delivery.received_at)) if message else []
    return tell(delivery, config, _delivery_id(tellings), tellings)


def _delivery_id(tellings: list[Telling]) -> str:
    """The same wherever the same is told: what is told otherwise of one message is one fact."""
    return stable_id(
        *(
            f"{each.subject} {each.fact} {each.at} {each.data.team} {each.data.aliases}"
            for each in tellings
        )
    )


def _told(message: Message, received_at: datetime) -> Iterator[Telling]:
    if is_bounce(message.part, message.carried.sender):
        return
    if message.is_ours and message.goes_outside:
        yield from _sent(message, received_at)
    elif message.carried.from_sent_folder or message.carried.is_spam or is_spam(message.header):
        return
    elif message.is_ours:
        yield from _handed_on(message, received_at)
    elif not _is_of_machine(message):
        yield from _written_by_customer(message, received_at)


def _is_of_machine(message: Message) -> bool:
    """Whether nobody waits for an answer to it."""
    told = is_automatic(message.header) or is_of_list(message.header, message.ours)
    return told or message.config.is_bot(message.written_by) or is_reaction(message.part)


def _written_by_customer(message: Message, received_at: datetime) -> Iterator[Telling]:
    thread = message.thread
    aliases = message.customer
    data = _of_customer(thread, message.contact_tag)
    replied = isinstance(data, CustomerReplied)
    mailbox = message.mailbox_replied_to if replied else message.mailbox
    full = _full(data, mailbox, aliases=aliases, inferred=not aliases)
    yield _telling(message, full, message.at(received_at), thread.own_id)


def _of_customer(thread: Thread, tag: str | None) -> Data:
    """A reply goes on; what a customer forwards begins something, unless the contact is known."""
    if thread.root is not None:
        return ContactReceived() if thread.is_forward else CustomerReplied()
    if thread.subject_id is not None:
        return CustomerReplied() if thread.is_reply else ContactReceived()
    return CustomerReplied() if tag else ContactReceived()


def _sent(message: Message, received_at: datetime) -> Iterator[Telling]:
    """What one of us wrote to somebody outside; a mail that is sent on answers nobody."""
    thread = message.thread
    if thread.is_forward:
        return
    actor = Actor.HUMAN
    if is_machine_written(message.header):
        actor = Actor.SYSTEM
    elif message.config.is_bot(message.written_by):
        actor = Actor.BOT
    replied = AgentReplied(agent=message.agent, actor=actor)
    aliases, mailbox = known_as(), None
    if _subject(message) == thread.own_id:
        replied = AgentReplied(agent=message.agent, actor=actor, direction=Direction.OUTBOUND)
        aliases = known_as(email(message.customer_written_to))
        mailbox = message.ours.mailbox(message.written_by or "")
    full = _full(replied, mailbox, aliases=aliases)
    yield _telling(message, full, message.at(received_at), thread.own_id)


def _handed_on(message: Message, received_at: datetime) -> Iterator[Telling]:
    """What one of us sent to a mailbox of ours: a customer's mail that is handed on, or nothing."""
    if is_automatic(message.header):
        return
    inner = message.attached
    if inner is not None and inner.written_by and not message.ours.is_ours(inner.written_by):
        yield from _attached(message, inner, received_at)
        return
    written_by, thread = message.forwarded_from, message.thread
    if written_by is None and not thread.is_forward:
        return
    # What is sent on is told again: it is the fact that its parent told, if that came to us as well.
    fact = thread.parent if thread.is_forward and thread.parent else thread.own_id
    data = CustomerReplied() if thread.has_several else ContactReceived()
    aliases = known_as(email(written_by))
    full = _full(data, message.mailbox, aliases=aliases, inferred=not aliases)
    yield _telling(message, full, message.at(received_at), fact)


def _attached(message: Message, inner: Message, received_at: datetime) -> Iterator[Telling]:
    """A customer's mail as an attachment tells what it would have told by itself."""
    data = _of_customer(inner.thread, None)
    full = _full(data, message.mailbox, aliases=inner.customer)
    at = inner.at(received_at) or message.at(received_at)
    yield _telling(inner, full, at, inner.thread.own_id)


def _full(
    data: Data, mailbox: str | None, *, aliases: tuple[Alias, ...], inferred: bool = False
) -> Data:
    return replace(data, channel=Channel.EMAIL, team=mailbox, aliases=aliases, inferred=inferred)


def _subject(message: Message) -> str:
    """The contact's key; the id of the message itself where it begins one."""
    thread = message.thread
    named = thread.root or thread.subject_id or message.contact_tag
    return named or thread.own_id


def _telling(message: Message, data: Data, at: datetime | None, fact: str) -> Telling:
    """A contact that a subject or an address names has the message's own id as well.

    Answers refer to that one.
    """
    subject = _subject(message)
    if message.thread.root is None and subject != message.thread.own_id:
        data = replace(data, same_as=message.thread.own_id)
    return Telling(subject=subject, data=data, at=at, fact=fact)
