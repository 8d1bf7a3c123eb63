"""A desk in a few words: events by weekday and hour, and what the rules make of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.clocks.clock import Clock
from app.core.events import (
    AgentReplied,
    Channel,
    ContactAnswered,
    ContactHeld,
    ContactReceived,
    ContactResolved,
    CustomerReplied,
    Data,
    Event,
    WaitingFor,
)
from app.core.policy import Policies, Policy
from app.core.policy_file.reading import read_policy
from app.core.replay import Contact, Replayed, Terms, replay

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DESK = "/desk"

FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
REPLY = AgentReplied()
WROTE = CustomerReplied()
ANSWERED = ContactAnswered()
RESOLVED = ContactResolved()
HELD = ContactHeld(waiting_for=WaitingFor.CUSTOMER)

OFFICE = """
calendars: {office: {hours: {mon-fri: "09:00-17:00"}}}
tiers: {important: , standard: {default: true}}
teams: {help: {calendar: office, queues: [front]}, sales: {calendar: office, queues: [deals]}}
targets:
  - rule: everyone
    first_response: 1h
    next_response: 30m
    resolution: 8h
"""


def terms(text: str = OFFICE, *later: str) -> Terms:
    return Terms(Policies(tuple(read_policy(each) for each in (text, *later))))


def policy(extra: str) -> Policy:
    return read_policy(OFFICE + extra)


def with_clocks(extra: str) -> Terms:
    """The office's policy with some of its switches set otherwise."""
    return Terms(Policies((policy(f"clocks: {{{extra}}}"),)))


def at(words: str) -> datetime:
    """``mon 09:30``, or ``mon+1 09:30`` for the week after."""
    day, _, time = words.partition(" ")
    name, _, weeks = day.partition("+")
    hours, minutes, *seconds = map(float, time.split(":"))
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return MONDAY + timedelta(days=DAYS.index(name) + 7 * int(weeks or 0)) + offset


def told(when: str, data: Data, contact: str = "c1", id: str | None = None) -> Event:  # noqa: A002 - the envelope's word
    name = id or f"{contact} {data.type} {when}"
    return Event(source=DESK, id=name, occurred_at=at(when), subject=contact, data=data)


def mail(when: str = "mon 09:00", contact: str = "c1", **more: str) -> Event:
    """The customer's first mail, to the help team, from Acme."""
    words: dict[str, Any] = {"customer": "acme", "team": "help", **more}
    return told(when, ContactReceived(channel=Channel.EMAIL, **words), contact)


def call(when: str = "mon 09:00", contact: str = "c1", **more: str) -> Event:
    words: dict[str, Any] = {"customer": "acme", "team": "help", **more}
    return told(when, ContactReceived(channel=Channel.PHONE, **words), contact)


def replayed(events: Sequence[Event], now: str, by: Terms | None = None) -> Replayed:
    return replay(events, by or terms(), at(now))


def contact_in(events: Sequence[Event], now: str, by: Terms | None = None) -> Contact:
    """The one contact that the events tell of."""
    (contact,) = replayed(events, now, by).contacts
    return contact


def clock_in(events: Sequence[Event], now: str, kind: str, by: Terms | None = None) -> Clock:
    """The one clock of a kind that the events make run."""
    (clock,) = [each for each in contact_in(events, now, by).clocks if each.kind == kind]
    return clock


def kinds_in(events: Sequence[Event], now: str, by: Terms | None = None) -> list[str]:
    return [str(clock.kind) for clock in contact_in(events, now, by).clocks]


def minutes(clock: Clock) -> float:
    assert clock.elapsed is not None
    return clock.elapsed / timedelta(minutes=1)
