"""The laws of replay: order, repeats and batches do not matter, and what is judged stays judged."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import events as e
from app.core.clocks.clock import Clock, counted
from app.core.clocks.record import record_of
from app.core.clocks.timeline import Ending
from app.core.hours.calendar import Calendar
from app.core.policy import RESPONSES, ClockKind
from app.core.registry import EMPTY
from app.core.replay import (
    Contact,
    elapsed_at,
    key_of,
    links_of,
    replay,
    replay_group,
)
from tests.core.histories import histories
from tests.core.story import (
    OFFICE,
    at,
    call,
    contact_in,
    mail,
    replayed,
    terms,
    told,
)

FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
REPLY, WROTE = e.AgentReplied(), e.CustomerReplied()
TERMS = terms()
SUNDAY = at("sun 12:00")


RICH = """
version: 1
calendars: {office: {hours: {mon-fri: "09:00-12:00, 13:00-17:00"}}}
tiers: {important: , standard: {default: true}}
teams: {help: {calendar: office, queues: [front]}, sales: {calendar: office, queues: [deals]}}
clocks:
  resolution: {pauses_in: [customer, on_hold], on_reopen: new_cycle}
  first_response: {at_end: judged, pauses_in: [pending]}
  attempts_suffice: 2
targets:
  - rule: sales
    when: {team: sales}
    first_response: {target: 1h, stops_on: [agent_message, assigned], ends_in: [closed]}
    next_response: {target: 30m, counts_before_first_response: true, at_end: judged}
    resolution: {target: 8h, pauses_in: [pending], pause_effect: hide, at_end: cancelled}
    update: {target: 2h, cancel_on_customer_message: false, at_end: suspended}
    callback: 1h
  - rule: everyone
    first_response: 1h
    next_response: {target: 30m, pauses_in: [pending], start_on: applied}
    resolution: {target: 1 business day, start_on: created}
    update: {target: 2h, pause_effect: hide}
    ownership: 30m
    callback: 1h
"""
"""Every kind of clock, and conditions that differ by team."""
THEN_OFFICE = f'version: 2\neffective_from: "{at("tue 10:00").isoformat()}"\n{OFFICE}'
THEN_RICH = RICH.replace(
    "version: 1", f'version: 2\neffective_from: "{at("tue 10:00").isoformat()}"'
)

BY = {
    "office": TERMS,
    "rich": terms(RICH),
    "rich, then office": terms(RICH, THEN_OFFICE),
    "office, then rich": terms(OFFICE, THEN_RICH),
}
policies = st.sampled_from(list(BY))


# Laws.


@given(histories(), policies, st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_matter(events, policy, random):
    """Would have caught: ties broken by arrival, the last of two tellings standing."""
    by = BY[policy]
    perfect = replay(events, by, SUNDAY)
    delivered = [*events, *random.choices(events, k=5)] if events else []
    random.shuffle(delivered)

    assert replay(delivered, by, SUNDAY) == perfect


@given(histories(), policies, st.integers(36, 250))
def test_the_past_does_not_know_the_future(events, policy, quarter):
    """Would have caught: a verdict as of noon that used what happened at one."""
    by = BY[policy]
    now = at("mon 00:00") + quarter * timedelta(minutes=15)
    known = [event for event in events if event.occurred_at <= now]

    assert replay(events, by, now) == replay(known, by, now)


@given(histories(ending=False, registry=False, largest=15), policies)
def test_a_later_event_never_changes_a_clock_that_had_stopped(events, policy):
    """Would have caught: a queue changed after the answer that moved the verdict to another team.

    Named exceptions: who asks again is judged from the older message, reopening goes on, and
    turning away takes a success back. A repeated fact may fill in what the first did not tell.
    """
    by = BY[policy]
    told_once = [msgspec.structs.replace(event, fact=None) for event in with_place(events)]
    end = replay(told_once, by, SUNDAY)
    told_no = any(contact.is_turned_away for contact in end.contacts)
    for now in sorted({event.occurred_at for event in told_once}):
        for contact in replay(told_once, by, now).contacts:
            later = next(each for each in end.contacts if contact.key in each.key)
            for clock in filter(is_for_good, contact.clocks):
                if clock.kind != "callback" or not told_no:
                    assert is_kept(clock, now, later)


def with_place(events: list[e.Event]) -> list[e.Event]:
    """Contacts whose channel, customer and kinship are known from the beginning."""
    opened = [
        msgspec.structs.replace(mail("mon 08:00", contact), id=f"open {contact}")
        for contact in ("a", "b", "c")
    ]
    plain = {"same_as": None, "customer": None, "aliases": ()}
    return [
        *opened,
        *(
            msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, **plain))
            for event in events
        ),
    ]


def is_for_good(clock: Clock) -> bool:
    """Whether what ended the clock can be taken back by nothing."""
    return clock.ending in (Ending.ANSWERED, Ending.GONE) and clock.kind != RESOLUTION


def is_kept(clock: Clock, now: datetime, later: Contact) -> bool:
    again = next(
        each for each in later.clocks if (each.kind, each.number) == (clock.kind, clock.number)
    )
    same_instant = clock.stopped_at == now
    if same_instant or (later.is_turned_away and clock.kind == FIRST):
        return (again.started_at, again.stopped_at) == (clock.started_at, clock.stopped_at)
    return again == clock


@given(histories(), policies)
def test_a_verdict_follows_from_the_time_that_counted(events, policy):
    """Would have caught: a pause at the very due instant, a stop exactly at the next opening."""
    by = BY[policy]
    for contact in replay(events, by, SUNDAY).contacts:
        for clock in contact.clocks:
            spent = timedelta(seconds=elapsed_at(clock, by, SUNDAY))
            judged = clock.ending is not Ending.CANCELLED
            if not is_silent(clock):
                assert clock.is_breached(SUNDAY) == (judged and spent > clock.target)
            assert (clock.due_at is None) or clock.due_at >= clock.started_at


def is_silent(clock: Clock) -> bool:
    """Whether a pause lasts that only hides what breaks meanwhile."""
    return clock.is_paused and clock.pauses[-1].is_hidden


@given(histories(), policies)
def test_what_counted_is_open_time_between_start_and_stop_without_the_pauses(events, policy):
    """Would have caught: a pause that was taken off twice, or counted while the team was closed."""
    by = BY[policy]
    calendar = by.policies.in_force(SUNDAY).calendar_of("help")
    for contact in replay(events, by, SUNDAY).contacts:
        for clock in contact.clocks:
            if clock.elapsed is None or clock.kind in CUSTOMERS or clock.stopped_at is None:
                continue
            if clock.policy_version == by.policies.in_force(SUNDAY).version:
                assert clock.elapsed == MINUTE * open_minutes(clock, calendar)


MINUTE = timedelta(minutes=1)
CUSTOMERS = ("follow_up",)


def open_minutes(clock: Clock, calendar: Calendar) -> int:
    """Counted minute by minute, as nobody would in earnest; every event lies on a full minute."""
    assert clock.stopped_at is not None
    pauses = [
        (pause.start, pause.end or clock.stopped_at)
        for pause in clock.pauses
        if not pause.is_hidden
    ]
    minutes = range((clock.stopped_at - clock.started_at) // MINUTE)
    return sum(
        calendar.is_open(now) and not any(start <= now < end for start, end in pauses)
        for now in (clock.started_at + n * MINUTE for n in minutes)
    )


@given(histories(), policies)
def test_at_the_due_instant_exactly_the_target_has_counted(events, policy):
    """Would have caught: a pause before the start, a target used up at the edge of a pause."""
    by = BY[policy]
    in_force = by.policies.in_force(SUNDAY)
    for contact in replay(events, by, SUNDAY).contacts:
        for clock in contact.clocks:
            if clock.due_at is None or clock.kind in CUSTOMERS:
                continue
            if clock.stopped_at is None or clock.policy_version == in_force.version:
                assert counted(clock, in_force.calendar_of("help"), clock.due_at) == clock.target


@given(histories(), policies)
def test_at_most_one_clock_of_a_kind_runs(events, policy):
    """Would have caught: two cycles for one unanswered stretch."""
    by = BY[policy]
    for contact in replay(events, by, SUNDAY).contacts:
        running = [clock.kind for clock in contact.clocks if clock.ending is None]
        assert len(running) == len(set(running))
        numbers = [(clock.kind, clock.number) for clock in contact.clocks]
        assert len(numbers) == len(set(numbers))


@given(histories(), policies)
def test_who_waits_has_a_response_clock_and_an_open_contact(events, policy):
    """Would have caught: a closed contact that a screen shows as waiting for good."""
    by = BY[policy]
    for contact in replay(events, by, SUNDAY).contacts:
        running = [
            clock.started_at
            for clock in contact.clocks
            if clock.ending is None and clock.kind in RESPONSES and not clock.is_paused
        ]
        if contact.is_over:
            assert contact.waiting_since is None
        elif not any(clock.rule == "everyone" and clock.kind == NEXT for clock in contact.clocks):
            assert contact.waiting_since == (min(running) if running else None)


@given(histories(), policies)
def test_the_worst_exchange_is_kept_beside_the_counts(events, policy):
    """Would have caught: a quick later answer that hid an earlier miss."""
    by = BY[policy]
    for contact in replay(events, by, SUNDAY).contacts:
        for kind in {clock.kind for clock in contact.clocks}:
            record = record_of(kind, contact.clocks, SUNDAY)
            answered = [c for c in contact.clocks if c.kind is kind and c.ending in JUDGED]
            assert record.cycles >= len(answered)
            assert record.cycles >= record.misses >= sum(c.is_breached(SUNDAY) for c in answered)
            spent = [clock.elapsed for clock in answered if clock.elapsed is not None]
            assert not spent or (record.worst is not None and record.worst >= max(spent))


JUDGED = (Ending.ANSWERED, Ending.RESOLVED, Ending.GONE)


@given(histories(registry=False), st.integers(1, 4))
def test_arriving_in_any_number_of_goes_gives_the_same_as_at_once(events, goes):
    """Would have caught: a merge or a kinship told later that left its other side as it was."""
    kept: dict[str, Contact] = {}
    for go in range(goes):
        known = [event for n, event in enumerate(events) if n % goes <= go]
        touched = {key_of(event) for n, event in enumerate(events) if n % goes == go}
        for group in linked(known):
            if touched & {key_of(event) for event in group}:
                replaced = {key for event in group for key in (key_of(event), *links_of(event))}
                kept = {key: contact for key, contact in kept.items() if key not in replaced}
                kept |= {each.key: each for each in replay_group(group, TERMS, EMPTY, SUNDAY)}

    assert tuple(kept[key] for key in sorted(kept)) == replay(events, TERMS, SUNDAY).contacts


def linked(events: list[e.Event]) -> list[list[e.Event]]:
    """The events of contacts that are joined in any way, together."""
    groups: list[tuple[set[str], list[e.Event]]] = []
    for event in events:
        keys, group = {key_of(event), *links_of(event)}, [event]
        for other in [each for each in groups if each[0] & keys]:
            groups.remove(other)
            keys, group = keys | other[0], group + other[1]
        groups.append((keys, group))
    return [group for _, group in groups]


# Too much, and out of all bounds.


@pytest.mark.parametrize("year", [1, 9998, 9999])
def test_a_date_that_means_no_date_breaks_no_replay(year):
    strange = datetime(year, 12, 31, 23, tzinfo=UTC)
    later = e.ContactQueued(not_before=strange)
    events = [call("mon 09:00"), told("mon 09:01", later), mail("mon 09:00", "c2")]
    events.append(told("mon 09:02", e.FollowupPromised(due=strange), "c2"))
    by = terms(OFFICE.replace("first_response: 1h", "first_response: 1 business day"))

    assert len(replayed(events, "mon 10:00", by).contacts) == 2


def test_ten_thousand_exchanges_on_one_contact_are_followed_all_the_same():
    """Would have caught: every event looking through all cycles, all teams, all merges."""
    start, second = at("mon 09:00"), timedelta(seconds=1)
    told_of = [
        msgspec.structs.replace(told("mon 09:00", WROTE if n % 2 else REPLY), id=str(n))
        for n in range(10_000)
    ]
    events = [
        msgspec.structs.replace(event, occurred_at=start + n * second)
        for n, event in enumerate(told_of, start=1)
    ]

    contact = contact_in([mail("mon 09:00"), *events], "tue 10:00", BY["rich"])

    assert record_of(ClockKind.NEXT_RESPONSE, contact.clocks, SUNDAY).cycles == 4_999
