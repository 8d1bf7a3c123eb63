"""What a delivery tells, made into events that the store can take: ids, times, limits."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from urllib.parse import quote

import msgspec

from app.core.events import (
    STAFF_TYPES,
    Alias,
    CustomerUpdated,
    Data,
    Incoming,
    WorkEnded,
    WorkStarted,
    decode_data,
)
from app.core.registry import name_of
from app.sources.adapter import FUTURE_LIMIT, Delivery, SourceConfig, Unreadable
from app.sources.national import in_region
from app.sources.reading import MAX_NAME

MAX_TELLINGS = 64
"""Events that one delivery may hold."""

OF_AGENTS = STAFF_TYPES | {WorkStarted.type, WorkEnded.type}
"""Types that may tell of an agent and of no contact: who is there, and work such as wrap-up."""

UNNAMED = "unnamed:"
"""Begins the subject of what a delivery tells of a contact that it does not name: one of its own."""

_HASH_CHARACTERS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One fact that a delivery tells of ``subject``; without one, of a contact that it cannot name.

    ``at`` is None where the payload has no usable time: then it is the arrival. ``fact`` is equal
    wherever the tool tells the same again. ``owner`` is who has the contact, told with types that
    have no agent of their own; replay does not read it.
    """

    subject: str | None
    data: Data
    at: datetime | None
    fact: str | None = None
    owner: str | None = None
    hidden: str | None = None


def stable_id(*parts: str | bytes) -> str:
    """Give the same short id for the same parts."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8))
        digest.update(raw)
    return digest.hexdigest()[:_HASH_CHARACTERS]


def named_contact(subject: str) -> str | None:
    """The contact as the tool named it, if it did."""
    return None if subject.startswith(UNNAMED) else subject


def tell(
    delivery: Delivery, config: SourceConfig, delivery_id: str, tellings: Iterable[Telling]
) -> tuple[Incoming, ...]:
    """Make events whose ids are the same whenever the same delivery comes again.

    Raises ``Unreadable`` for a value that no event may have and for an instant too far ahead.
    """
    counted: Counter[str] = Counter()
    events = []
    told = list(islice(tellings, MAX_TELLINGS + 1))
    if len(told) > MAX_TELLINGS:
        raise Unreadable(f"expected at most {MAX_TELLINGS} events of one delivery")
    for telling in told:
        kind = telling.data.type
        counted[kind] += 1
        suffix = f":{counted[kind]}" if counted[kind] > 1 else ""
        named = telling if telling.subject else replace(telling, subject=UNNAMED + delivery_id)
        events.append(_event(delivery, config, f"{delivery_id}:{kind}{suffix}", named))
    return tuple(events)


def _event(delivery: Delivery, config: SourceConfig, event_id: str, telling: Telling) -> Incoming:
    occurred_at = telling.at or delivery.received_at
    if occurred_at - delivery.received_at > FUTURE_LIMIT:
        raise Unreadable(f"{telling.data.type} is dated more than {FUTURE_LIMIT} ahead")
    subject = telling.subject or ""
    for text in (event_id, subject, telling.fact or "-"):
        if not 1 <= len(text) <= MAX_NAME or "\0" in text:
            raise Unreadable(f"{telling.data.type} has an id that is empty, too long or not plain")
    return Incoming(
        source=config.source.event_source,
        id=event_id,
        type=telling.data.type,
        occurred_at=occurred_at,
        received_at=delivery.received_at,
        subject=subject,
        body=_body(config, telling),
        fact=telling.fact,
        hidden=telling.hidden,
    )


def _body(config: SourceConfig, telling: Telling) -> bytes:
    aliases = in_region(telling.data.aliases, config.region)
    fields = msgspec.to_builtins(msgspec.structs.replace(telling.data, aliases=aliases))
    if telling.owner:
        fields["agent"] = telling.owner
    if config.link:
        fields["link"] = config.link.replace("{contact}", quote(telling.subject or "", safe=""))
    try:
        body = msgspec.json.encode(fields)
        decode_data(telling.data.type, body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"{telling.data.type}: {error}"[:MAX_NAME]) from None
    if b"\\u0000" in body:
        raise Unreadable(f"{telling.data.type} holds a character that cannot be stored")
    return body


def tier_told(
    config: SourceConfig,
    tags: Iterable[str | None],
    aliases: Sequence[Alias],
    at: datetime | None,
) -> Iterator[Telling]:
    """Say what tier a customer has, where one of her tags or her organisation stands for one.

    ``aliases`` are those of the contact that tells it. The tier becomes that of whoever they mean,
    as the contact does; being inferred, it takes no alias from anybody.
    """
    tier = config.tier_of(tags)
    if tier is None or not aliases:
        return
    known_as = in_region(tuple(aliases), config.region)
    names = [name_of(alias, config.source.event_source) for alias in known_as]
    if len(names[0]) > MAX_NAME:
        return  # No event can be about a name of that length; the contact counts all the same.
    told = CustomerUpdated(tier=tier, aliases=known_as, inferred=True)
    fact = stable_id(tier, at.isoformat(), *names) if at else None
    yield Telling(subject=names[0], data=told, at=at, fact=fact)
