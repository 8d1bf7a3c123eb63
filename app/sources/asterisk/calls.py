"""What happens to a call in a queue of Asterisk, told alike by its queue_log and its manager interface.

Both tell one call by the unique id of the caller's channel. What they tell of it bears the same
facts, so that a source that is fed by both counts everything once. The log has whole seconds: where
nothing else tells two happenings apart, the second does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from app.core.events import (
    AgentAvailable,
    AgentUnavailable,
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactMissed,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactTransferred,
    Data,
    DeclineReason,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import Unreadable
from app.sources.reading import MAX_NAME
from app.sources.telling import Telling

MAX_DIGITS = 9
"""Digits of a span at most."""

_CALL = "call"
_HANG_UP = "hang-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line or event as it was read. ``linked`` is the call that this one is a part of.

    ``moment`` tells it apart from others of its kind: the second it happened in, or what it says.
    """

    moment: str
    at: datetime | None
    call: str | None = None
    linked: str | None = None
    queue: str | None = None
    agent: str | None = None
    aliases: tuple[Alias, ...] = ()

    @property
    def _here(self) -> str:
        return f"{self.queue or ''} {self.agent or ''}"

    def _tell(self, data: Data, fact: str, at: datetime | None = None) -> Telling:
        full = msgspec.structs.replace(
            data,
            channel=Channel.PHONE,
            team=self.queue,
            aliases=self.aliases,
            same_as=self.linked if self.call and self.linked != self.call else None,
        )
        return Telling(
            subject=self.call or self.linked,
            data=full,
            at=at or self.at,
            fact=fact[:MAX_NAME],
        )

    def entered(self, waited: int | None = None) -> Iterator[Telling]:
        """It came into a queue, so many seconds ago."""
        at = self.at
        if at is not None and waited:
            at = _before(at, timedelta(seconds=waited))
        second = str(int(at.timestamp())) if at else self.moment
        yield self._tell(ContactReceived(), _CALL, at)
        yield self._tell(ContactQueued(), f"{self.queue or ''} {second}", at)

    def offered(self, ringing: timedelta | None = None) -> Iterator[Telling]:
        """It rings at an agent, or did so until now."""
        if self.agent is None:
            return
        if ringing is None:
            yield self._tell(ContactOffered(agent=self.agent), f"{self._here} {self.moment}")
        elif self.at is not None:
            at = _before(self.at, ringing)
            offered = ContactOffered(agent=self.agent, inferred=True)
            yield self._tell(offered, f"{self._here} {int(at.timestamp())}", at)

    def declined(self, reason: DeclineReason) -> Iterator[Telling]:
        """An agent did not take it."""
        declined = ContactDeclined(agent=self.agent, reason=reason)
        yield self._tell(declined, f"{self._here} {self.moment}")

    def answered(self, channel: str | None) -> Iterator[Telling]:
        """An agent took it, on a channel of its own that tells this answer from others."""
        fact = channel or f"{self._here} {self.moment}"
        yield self._tell(ContactAnswered(agent=self.agent), fact)
        yield self._tell(WorkStarted(agent=self.agent), fact)

    def completed(self, held: int | None, talked: int | None) -> Iterator[Telling]:
        """One of them hung up."""
        fact = self._spans(held, talked)
        yield self._tell(WorkEnded(agent=self.agent), fact)
        yield self._tell(ContactResolved(agent=self.agent), fact)

    def passed_on(self, held: int | None, talked: int | None) -> Iterator[Telling]:
        """The agent sent the caller elsewhere."""
        fact = self._spans(held, talked)
        yield self._tell(WorkEnded(agent=self.agent), fact)
        yield self._tell(ContactTransferred(from_agent=self.agent), fact)

    def _spans(self, held: int | None, talked: int | None) -> str:
        if held is None or talked is None:
            return f"{self._here} {self.moment}"
        return f"{self._here} {held} {talked}"

    def abandoned(self, waited: int | None, reason: str | None = None) -> Iterator[Telling]:
        """The caller hung up, or left the queue by a key."""
        seconds = None if waited is None else float(waited)
        fact = f"{reason} {self._here} {self.moment}" if reason else _HANG_UP
        yield self._tell(ContactAbandoned(reason=reason, wait_seconds=seconds), fact)

    def gave_up(self, reason: str) -> Iterator[Telling]:
        """The queue sent the caller away."""
        yield self._tell(ContactMissed(reason=reason), f"{reason} {self._here} {self.moment}")

    def staffing(self, *, is_there: bool, reason: str | None = None) -> Iterator[Telling]:
        """An agent can take calls of a queue, or of all of them, or no longer."""
        if self.agent is None:
            return
        known = AgentAvailable if is_there else AgentUnavailable
        data = known(agent=self.agent, reason=reason, channel=Channel.PHONE, team=self.queue)
        fact = f"{self.queue or ''} {self.moment} {reason or ''}"
        yield Telling(subject=self.agent, data=data, at=self.at, fact=fact[:MAX_NAME])


def _before(at: datetime, span: timedelta) -> datetime:
    try:
        return at - span
    except OverflowError:
        raise Unreadable("expected a span that begins in the years 1 to 9999") from None


def whole(text: str | None) -> int | None:
    """Read a number of seconds or milliseconds; what is none gives none."""
    told = (text or "").strip()
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= MAX_DIGITS else None
