"""What the wallboard's page needs to know, rendered once for every screen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec

from app.core.snapshot import (
    ClockGroup,
    Group,
    PromiseDue,
    Running,
    Snapshot,
    TeamDay,
    WaitingContact,
)
from app.wallboard.turns import TeamTurns, ToldNo, told_no, turns_of

ANSWER_CLOCKS = frozenset({"first_response", "next_response"})
"""Clocks of customers who wait for an answer; the others are late work, not waiting."""

ROWS_OF_A_LINE = 20
"""Late contacts, and contacts late next, that are sent for each team and channel."""

PROMISES_OF_A_TEAM = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One team's answers on one channel: how many are owed, how many late, when the next one is."""

    team: str
    channel: str
    waiting: int
    late: int
    oldest_since: datetime | None
    next_late_at: datetime | None


@dataclass(frozen=True, slots=True)
class PromiseCount:
    """One team's promised follow-ups on one channel; ``overdue`` ones are among the ``open``."""

    team: str
    channel: str
    open: int
    due_today: int
    overdue: int


@dataclass(frozen=True, slots=True)
class LateWork:
    """One team's clocks, other than answers and promises, that are past their target."""

    team: str
    clock: str
    late: int


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One sending system: when it was last heard, and from when its silence means something."""

    source: str
    channel: str
    last_event_at: datetime | None
    silent_after: datetime | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Contacts of one team and channel that the figures leave out."""

    team: str
    channel: str
    contacts: int


@dataclass(frozen=True, slots=True)
class View:
    """Everything the page shows. Instants, never ages: the page counts from the server's clock.

    ``rows`` are the contacts nearest to their promise or furthest past it, not all of them: the
    counts are in ``lines``. ``names`` says what the ids of teams and sources are called.
    """

    taken_at: datetime
    last_event_at: datetime | None
    rows: tuple[WaitingContact, ...]
    lines: tuple[Line, ...]
    promises: tuple[PromiseDue, ...]
    promise_counts: tuple[PromiseCount, ...]
    late_work: tuple[LateWork, ...]
    teams: tuple[TeamDay, ...]
    turns: tuple[TeamTurns, ...]
    told_no: tuple[ToldNo, ...]
    sources: tuple[SourceLine, ...]
    not_measurable: tuple[Doubt, ...]
    lost_track: tuple[Doubt, ...]
    not_understood: int
    set_aside: int
    invariants_broken: int
    names: Mapping[str, str]


def view(snapshot: Snapshot, names: Mapping[str, str], zones: Mapping[str, tzinfo]) -> bytes:
    """Render ``snapshot`` as the page's JSON.

    ``names`` maps ids of teams and sources to what people call them; an id without a name is shown
    as it is. ``zones`` are the teams' time zones, for sentences that name a time.
    """
    return msgspec.json.encode(
        View(
            taken_at=snapshot.taken_at,
            last_event_at=snapshot.last_event_at,
            rows=_rows(snapshot),
            lines=_lines(snapshot),
            promises=_promises(snapshot.promises_due),
            promise_counts=tuple(
                PromiseCount(team, channel, count.open, count.due_today, count.overdue)
                for (team, channel), count in sorted(snapshot.promises.items())
            ),
            late_work=_late_work(snapshot.running),
            teams=snapshot.teams,
            turns=turns_of(snapshot, zones),
            told_no=told_no(snapshot, zones),
            sources=tuple(
                SourceLine(source, news.channel, news.last_event_at, news.silent_after)
                for source, news in sorted(snapshot.sources.items())
            ),
            not_measurable=_doubts(snapshot.not_measurable),
            lost_track=_doubts(snapshot.lost_track),
            not_understood=snapshot.quarantined,
            set_aside=snapshot.set_aside,
            invariants_broken=snapshot.invariants_broken,
            names=names,
        )
    )


def _rows(snapshot: Snapshot) -> tuple[WaitingContact, ...]:
    """The contacts worth a place on some screen, by deadline, the most overdue first.

    The limit holds for each team and channel, so that one flood hides no other team's customers.
    """
    return (
        *_nearest(contact for contact in snapshot.late if contact.clock in ANSWER_CLOCKS),
        *_nearest(contact for contact in snapshot.next_late if contact.clock in ANSWER_CLOCKS),
    )


def _nearest(contacts: Iterable[WaitingContact]) -> tuple[WaitingContact, ...]:
    taken: dict[tuple[str, str], int] = {}
    nearest = []
    for contact in sorted(contacts, key=lambda each: (each.open_seconds_left, each.contact)):
        place = (contact.team, contact.channel)
        taken[place] = taken.get(place, 0) + 1
        if taken[place] <= ROWS_OF_A_LINE:
            nearest.append(contact)
    return tuple(nearest)


def _lines(snapshot: Snapshot) -> tuple[Line, ...]:
    """Every team and channel that has a target, also those where nobody waits."""
    running = {
        group: state for group, state in snapshot.running.items() if group.clock in ANSWER_CLOCKS
    }
    groups: set[Group | ClockGroup] = {*snapshot.groups, *snapshot.waiting, *running}
    places = sorted({(group.team, group.channel) for group in groups})
    return tuple(_line(place, snapshot, running) for place in places)


def _line(
    place: tuple[str, str], snapshot: Snapshot, running: Mapping[ClockGroup, Running]
) -> Line:
    waiting = [
        state
        for group, state in snapshot.waiting.items()
        if (group.team, group.channel) == place and state.contacts
    ]
    clocks = [state for group, state in running.items() if (group.team, group.channel) == place]
    breaks = [state.next_breach_at for state in clocks if state.next_breach_at is not None]
    team, channel = place
    return Line(
        team=team,
        channel=channel,
        waiting=sum(state.contacts for state in waiting),
        late=sum(state.overdue for state in clocks),
        oldest_since=min((state.oldest_since for state in waiting), default=None),
        next_late_at=min(breaks, default=None),
    )


def _promises(promises: Iterable[PromiseDue]) -> tuple[PromiseDue, ...]:
    taken: dict[str, int] = {}
    first = []
    for promise in sorted(promises, key=lambda each: (each.due_at, each.customer)):
        taken[promise.team] = taken.get(promise.team, 0) + 1
        if taken[promise.team] <= PROMISES_OF_A_TEAM:
            first.append(promise)
    return tuple(first)


def _late_work(running: Mapping[ClockGroup, Running]) -> tuple[LateWork, ...]:
    late: dict[tuple[str, str], int] = {}
    for group, state in running.items():
        if group.clock not in ANSWER_CLOCKS and group.clock != "follow_up" and state.overdue:
            key = (group.team, group.clock)
            late[key] = late.get(key, 0) + state.overdue
    return tuple(LateWork(team, clock, count) for (team, clock), count in sorted(late.items()))


def _doubts(contacts: Mapping[tuple[str, str], int]) -> tuple[Doubt, ...]:
    return tuple(
        Doubt(team, channel, count) for (team, channel), count in sorted(contacts.items()) if count
    )
