"""One message and what carried it: who wrote it, to whom, which mailbox of ours it came to."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from app.core.events import Alias
from app.sources.adapter import SourceConfig
from app.sources.mail.addresses import addresses_in
from app.sources.mail.header import Header
from app.sources.mail.ours import Ours
from app.sources.mail.parts import Part, attached_message, parts_of
from app.sources.mail.thread import Thread, read_thread, usable, written_at
from app.sources.reading import email, known_as

_RECIPIENTS: Final = ("to", "cc", "bcc", "resent-to", "resent-cc")
_DELIVERED_TO: Final = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")
_REWRITTEN_FROM: Final = ("x-original-from", "x-original-sender")
_FORWARDED_FROM: Final = (*_REWRITTEN_FROM, "resent-from", "x-forwarded-for", "reply-to")
_SENT_BY: Final = ("sender", "x-sender", "x-authenticated-sender", "x-authenticated-user")
_JOURNAL: Final = "x-ms-journal-report"
_JOURNAL_LINES: Final = 500
_JOURNAL_CHARACTERS: Final = 64_000
_JOURNAL_NAMES: Final = ("recipient", "to", "cc", "bcc")
_NOBODY: Final = ("noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply")


@dataclass(frozen=True, slots=True)
class Carried:
    """What the carrier of a message tells beside it.

    ``recipients`` is where it was carried to us and ``sender`` who is told what becomes of it;
    ``also_to`` are recipients that its header does not name. ``at`` is when it arrived there, a
    better time than what the sender's clock says; ``known_as`` is the carrier's own id of it.
    """

    recipients: tuple[str, ...] = ()
    also_to: tuple[str, ...] = ()
    sender: str | None = None
    at: datetime | None = None
    known_as: str | None = None
    from_sent_folder: bool = False
    is_spam: bool = False


class Message:
    """A message as one source's configuration lets it be understood."""

    def __init__(self, part: Part, carried: Carried, config: SourceConfig) -> None:
        self.part = part
        self.header: Header = part.header
        self.carried = carried
        self.config = config

    @cached_property
    def ours(self) -> Ours:
        """Whose addresses are ours."""
        sent_by = self.written_by if self.carried.from_sent_folder else None
        return Ours(self.config, self.delivered_to, sent_by)

    @cached_property
    def thread(self) -> Thread:
        """Where it stands among other messages."""
        return read_thread(self.header, self.carried.known_as)

    @cached_property
    def written_by(self) -> str | None:
        """The address that it says it is from."""
        told = (self.header.first(name) for name in ("from", "sender", "reply-to", "return-path"))
        senders = (*told, self.carried.sender or "")
        return next((found[0] for value in senders if (found := addresses_in(value))), None)

    @cached_property
    def recipients(self) -> tuple[str, ...]:
        """Whom it was written to, as far as anything tells."""
        named = (value for name in _RECIPIENTS for value in self.header.all(name))
        return addresses_in(*named, *self.carried.also_to)

    @cached_property
    def delivered_to(self) -> tuple[str, ...]:
        """Whom it was carried to."""
        told = (self.header.first(name) for name in _DELIVERED_TO)
        return addresses_in(*self.carried.recipients, *told)

    @property
    def is_ours(self) -> bool:
        """Whether one of us wrote it, and no list of ours put its name in the place of another."""
        if self.written_by is None or not self.ours.is_ours(self.written_by):
            return False
        return self.carried.from_sent_folder or self._outside(*_REWRITTEN_FROM) is None

    @property
    def goes_outside(self) -> bool:
        """Whether anybody is to read it who is not one of us."""
        return self.customer_written_to is not None

    @property
    def mailbox(self) -> str | None:
        """The mailbox of ours that it was sent to: of those we know the first that it names."""
        ours, everybody = self.ours, (*self.recipients, *self.delivered_to)
        shared = (each for each in everybody if ours.is_ours(each) and not ours.is_person(each))
        return (*self._known, *shared, *self.delivered_to, *self.recipients, None)[0]

    @property
    def mailbox_replied_to(self) -> str | None:
        """The same for a reply: one to somebody of ours by name does not take the contact along."""
        return next(self._known, None) if self.ours.are_known else self.mailbox

    @property
    def _known(self) -> Iterator[str]:
        everybody = (*self.recipients, *self.delivered_to)
        return (found for each in everybody if (found := self.ours.mailbox(each)))

    @property
    def contact_tag(self) -> str | None:
        """The contact that the address names to which it was sent, where addresses do."""
        return self.ours.contact_tag((*self.recipients, *self.delivered_to))

    @property
    def customer(self) -> tuple[Alias, ...]:
        """What the customer is known by who wrote it."""
        written_by = self.written_by
        if written_by and self.ours.is_ours(written_by):
            written_by = self._outside(*_REWRITTEN_FROM)
        elif written_by and written_by.lower().startswith(_NOBODY):
            written_by = self._outside("reply-to") or written_by
        return known_as(email(written_by))

    @property
    def forwarded_from(self) -> str | None:
        """Who wrote what one of us sent on to a mailbox of ours, where the header says so."""
        return self._outside(*_FORWARDED_FROM)

    @property
    def agent(self) -> str | None:
        """Who of us wrote it; a mailbox that several share is nobody."""
        told = addresses_in(*(self.header.first(name) for name in ("from", *_SENT_BY)))
        people = (each for each in told if not self.ours.mailbox(each) and self.ours.is_ours(each))
        agent = next(people, None)
        return agent.lower() if agent else None

    @property
    def customer_written_to(self) -> str | None:
        """The first of its recipients who is not one of us."""
        return self.ours.first_outside(self.recipients)

    def at(self, received_at: datetime) -> datetime | None:
        """When it came, by its carrier, or was written, by its sender unless that lies yet ahead."""
        told = usable(self.carried.at)
        at = told or written_at(self.header)
        return at if at == told or (at is not None and at <= received_at) else None

    @property
    def attached(self) -> "Message | None":
        """The message that it holds, carried as itself."""
        part = attached_message(self.part)
        if part is None:
            return None
        carried = replace(self.carried, at=None, known_as=None, sender=None)
        return Message(part, carried, self.config)

    def unwrapped(self) -> "Message | None":
        """The message that a report to a journal holds, carried to whom the report names."""
        if _JOURNAL not in self.header:
            return self
        part = attached_message(self.part)
        if part is None:
            return None
        told = addresses_in(*_journal_recipients(self.part))
        carried = replace(self.carried, recipients=(), also_to=told, sender=None)
        return Message(part, carried, self.config)

    def _outside(self, *names: str) -> str | None:
        told = addresses_in(*(self.header.first(name) for name in names))
        return self.ours.first_outside(told)


def _journal_recipients(report: Part) -> Iterator[str]:
    """The recipients that a report to a journal lists before the message: hidden ones as well."""
    first = next(parts_of(report), None)
    if first is None or first.kind not in ("text/plain", ""):
        return
    text = first.content[:_JOURNAL_CHARACTERS].decode(errors="replace")
    for line in text.splitlines()[:_JOURNAL_LINES]:
        name, _, value = line.partition(":")
        if name.strip().lower() in _JOURNAL_NAMES:
            yield value.partition(", Expanded:")[0].partition(", Forwarded:")[0]
