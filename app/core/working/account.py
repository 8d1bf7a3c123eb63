"""Everything there is to say about one contact: where it stands, and every clock with its working."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.core import events as e
from app.core.callbacks import Callback
from app.core.clocks.clock import Clock
from app.core.clocks.record import Record, record_of
from app.core.events import Event, once_each
from app.core.policy import ClockKind
from app.core.promises import Promise
from app.core.replay import Contact, Judging, Terms, replay_clocks
from app.core.working.deadline import Working, working_of
from app.core.working.local_time import LocalTime, length
from app.core.working.rule_words import CHANNELS
from app.core.working.unpromised import Unpromised, unpromised
from app.core.working.wanted import Wanted
from app.core.working.words import Wording, sentences, times

MAX_CLOCKS = 100
"""Clocks of one contact whose working is shown, the newest."""


class State(StrEnum):
    """How a contact stands, the first that fits."""

    DISCARDED = "discarded"
    MERGED = "merged"
    RESOLVED = "resolved"
    GONE = "gone"
    LOST_TRACK = "lost_track"
    WAITING = "waiting"
    HELD = "waiting_for_customer"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Owing:
    """What a contact's customer was promised, and is owed, beside its own clocks."""

    promises: tuple[tuple[Promise, Clock], ...] = ()
    callbacks: tuple[tuple[Callback, Clock | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """One contact as of ``now``. ``name``: what its customer is called, where anybody told us.

    ``self_service``: how long she was with a menu or a bot before a human was owed; none where no
    tool tells. ``clocks`` are in the order in which they began, ``workings`` those of the newest of
    them. ``records`` sum up each kind:
    the worst exchange stands beside the counts, so that a quick later answer does not hide it.
    """

    contact: Contact
    name: str | None
    now: datetime
    state: State
    self_service: timedelta | None
    owing: Owing
    clocks: tuple[Clock, ...]
    workings: tuple[Working, ...]
    unpromised: tuple[Unpromised, ...]
    records: Mapping[ClockKind, Record]
    wording: Wording

    def sentences_of(self, working: Working) -> tuple[str, ...]:
        """A clock's working in words."""
        return sentences(working, self.wording)


def account_of(contact: Contact, owing: Owing, judging: Judging) -> Account:
    """Gather what there is to say about ``contact`` with what its customer is owed beside it."""
    terms, now = judging.terms, judging.now
    policy = terms.policies.in_force(now)
    own = [*contact.clocks, *(clock for _, clock in owing.callbacks if clock is not None)]
    clocks = [*own, *(clock for _, clock in owing.promises)]
    clocks.sort(key=lambda clock: (clock.started_at, clock.kind, clock.number))
    promised = {clock.number: promise for promise, clock in owing.promises}
    workings = tuple(
        replace(working_of(clock, contact, terms, now), promise=promised[clock.number])
        if clock.kind is ClockKind.FOLLOW_UP
        else working_of(clock, contact, terms, now)
        for clock in clocks[-MAX_CLOCKS:]
    )
    running = frozenset(clock.kind for clock in clocks)
    source = terms.source(contact.line.events[0].source)
    return Account(
        contact=contact,
        name=judging.registry.entry(contact.customer).name,
        now=now,
        state=_state(contact, policy.switches.lost_track, now),
        self_service=_self_service(contact),
        owing=owing,
        clocks=tuple(clocks),
        workings=workings,
        unpromised=tuple(unpromised(contact, running, terms, now)),
        records={kind: record_of(kind, clocks, now) for kind in ClockKind if kind in running},
        wording=Wording(
            time=LocalTime(policy.calendar_of(contact.team).zone, now),
            contact=contact,
            teams={team.id: team.name for team in policy.teams.values()},
            tool=f"the source '{source.id or contact.line.events[0].source}'",
        ),
    )


def account_in(events: Iterable[Event], terms: Terms, wanted: Wanted, now: datetime) -> Account:
    """One contact's account from all events there are. Raises as ``Wanted.choose`` does."""
    told = [event for event in once_each(events) if event.occurred_at <= now]
    replayed, registry = replay_clocks(told, terms, now)
    contact = wanted.choose(replayed.contacts)
    promises = tuple(pair for pair in replayed.promises if pair[0].contact == contact.key)
    return account_of(contact, Owing(promises), Judging(terms, registry, now))


def waits_for_her(contact: Contact) -> bool:
    """Whether an open contact was put aside until the customer does something."""
    return e.WaitingFor.CUSTOMER in contact.line.states and not contact.is_over


def became_part_of(contact: Contact) -> str | None:
    """The contact of the same source, by its id, as which this one goes on."""
    for event in reversed(contact.line.events):
        if isinstance(event.data, e.ContactMerged):
            return event.data.into
    return None


def awaits_our_news(contact: Contact) -> bool:
    """Whether a human of ours spoke last, the call is over, and it is not the customer's turn."""
    line = contact.line
    in_call = line.connected and contact.channel == e.Channel.PHONE
    return contact.line.has_our_word and not in_call and not waits_for_her(contact)


def _state(contact: Contact, lost_track: Mapping[str, timedelta], now: datetime) -> State:
    line = contact.line
    silence = lost_track.get(contact.channel, lost_track[e.Channel.EMAIL])
    states = {
        State.DISCARDED: line.discarded,
        State.MERGED: line.merged,
        State.RESOLVED: line.resolved_at is not None,
        State.GONE: line.gone_at is not None,
        State.LOST_TRACK: contact.last_event_at <= now - silence,
        State.WAITING: contact.waiting_since is not None,
        State.HELD: waits_for_her(contact),
    }
    return next((state for state, holds in states.items() if holds), State.OPEN)


def _self_service(contact: Contact) -> timedelta | None:
    opened_at, queued_at = contact.line.opened_at, contact.line.queued_at
    return None if opened_at is None or queued_at is None else queued_at - opened_at


def headline(account: Account) -> tuple[str, ...]:
    """Who, where and how it stands, before any clock."""
    contact, wording = account.contact, account.wording
    customer = account.name or contact.masked or (contact.customer if contact.names else "")
    came = CHANNELS.get(contact.channel, "by a way that nobody told")
    first = (
        f"Contact {contact.subject} of {customer or 'a customer who is not named'} "
        f"({contact.tier}), {came}, with {wording.team(contact.team)}."
    )
    zone = f"All times are those of {wording.time.zone}, as of {wording.time.instant(account.now)}."
    return (first, zone, *_standing(account))


def lines_of(account: Account) -> Iterator[str]:
    """The account as people read it, a line each."""
    yield from headline(account)
    if len(account.clocks) > len(account.workings):
        yield f"The newest {len(account.workings)} of its {len(account.clocks)} clocks:"
    said: set[str] = set()
    for working in account.workings:
        yield ""
        for sentence in account.sentences_of(working):
            if sentence not in said or "did not fit" not in sentence:
                yield sentence
            said.add(sentence)
    if account.unpromised:
        yield ""
        yield from (each.sentence for each in account.unpromised)


_STANDING = {
    State.GONE: "It is over: she did not get through.",
    State.DISCARDED: "It was discarded, so nothing of it counts.",
    State.HELD: "It waits for the customer.",
    State.OPEN: "It is open, and no answer is owed.",
}


def _standing(account: Account) -> Iterator[str]:
    yield _state_in_words(account)
    contact = account.contact
    if account.self_service:
        yield f"{length(account.self_service)} went by before a human was owed (menu or bot)."
    if contact.line.passed_on:
        yield f"It was passed on {times(contact.line.passed_on)}."
    if contact.is_turned_away:
        told = "by what followed" if contact.turned_away_inferred else "as its tool tells"
        yield f"She was turned away, {told}."
    if contact.history_missing:
        yield "How it began is not known."


def _state_in_words(account: Account) -> str:
    contact, time = account.contact, account.wording.time
    match account.state:
        case State.WAITING if contact.waiting_since is not None:
            return f"She waits for an answer, since {time.instant(contact.waiting_since)}."
        case State.RESOLVED if contact.resolved_at is not None:
            return f"It was resolved {time.instant(contact.resolved_at)}."
        case State.MERGED:
            return f"It became a part of contact {became_part_of(contact)}, and counts there."
        case State.LOST_TRACK:
            since = time.instant(contact.last_event_at)
            return f"Lost track of: nobody told anything since {since}, so it is in no count."
        case state:
            return _STANDING.get(state, "")
