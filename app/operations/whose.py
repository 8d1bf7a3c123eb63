"""Whose is this contact: what to tell so that it is a customer's, as somebody at the desk says."""

import asyncio
from collections.abc import Iterable, Sequence

from app.core.events import (
    Alias,
    AliasKind,
    CustomerMerged,
    CustomerUpdated,
    Event,
    in_canonical_order,
)
from app.core.registry import alias_name, names_in, nobodys_name
from app.core.replay import KEY_SEPARATOR, contact_key
from app.operations.customers import Told
from app.store import contacts as contact_store
from app.store import events as event_store
from app.store import lookup
from app.store.engine import Database, Transaction


class NoSuchContact(LookupError):  # noqa: N818 - named for the fact
    """No contact has that id."""


class SeveralOfThatId(LookupError):  # noqa: N818 - named for the fact
    """Several sources know a contact of that id."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.sources = sources
        super().__init__("several sources have a contact of that id: say which `source`")


class NamedOtherwise(ValueError):  # noqa: N818 - named for the fact
    """The contact names a customer by an id of our own: that customer may be merged."""


async def whose_it_is(db: Database, subject: str, source: str | None, customer: str) -> Told:
    """What makes a contact ``customer``'s: that its aliases are hers, or that its nobody is she.

    Raises ``NoSuchContact``, ``SeveralOfThatId`` or ``NamedOtherwise``.
    """
    async with db.reading() as tx:
        keys = await _keys(tx, subject, source)
        if not keys:
            raise NoSuchContact(f"there is no contact {subject[:64]!r}")
        told = await event_store.load_of_contacts(tx, await _members(tx, keys))
    if len(keys) > 1:
        raise SeveralOfThatId(sorted(key.partition(KEY_SEPARATOR)[0] for key in keys))
    events = [event for own in told.told.values() for event in own]
    return await asyncio.to_thread(_told_of, events, keys[0], customer)


async def _keys(tx: Transaction, subject: str, source: str | None) -> list[str]:
    keys = await lookup.load_keys(tx, subject, KEY_SEPARATOR)
    return keys if source is None else [key for key in keys if key == contact_key(source, subject)]


async def _members(tx: Transaction, keys: Sequence[str]) -> set[str]:
    others = await contact_store.load_components(tx, keys)
    return {*keys, *(other for told in others.values() for other in told)}


def _told_of(events: Iterable[Event], key: str, customer: str) -> Told:
    """The event that names a customer last decides whose the contact is; so do its aliases here."""
    named = next((e for e in reversed(in_canonical_order(events)) if names_in(e)), None)
    if named is None:
        source, _, subject = key.partition(KEY_SEPARATOR)
        return nobodys_name(source, subject), CustomerMerged(into=customer)
    told = named.data.customer
    if told is not None and alias_name(told) is None:
        raise NamedOtherwise(f"the contact names the customer {told[:64]!r}: merge that one")
    exact = [alias for alias in named.data.aliases if alias.kind is not AliasKind.DOMAIN]
    aliases = tuple(_with_source(alias, named.source) for alias in exact or named.data.aliases)
    return customer, CustomerUpdated(aliases=aliases)


def _with_source(alias: Alias, source: str) -> Alias:
    if alias.kind is not AliasKind.ID:
        return alias
    return Alias(alias.kind, f"{source}:{alias.value}", alias.masked)
