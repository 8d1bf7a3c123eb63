"""The laws of replay: order, repeats and batches do not matter, and what is judged stays judged."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.core import events as e
from app.core.clocks import Clock, Status
from app.core.policy import Policies
from app.core.policy_file import read_policy
from app.core.registry import EMPTY
from app.core.replay import (
    Contact,
    Terms,
    contact_key,
    elapsed_at,
    joined,
    key_of,
    links_of,
    replay,
    replay_group,
)
from app.core.source import Source
from app.core.timeline import Ending
from tests.core.histories import histories
from tests.core.story import (
    DESK,
    OFFICE,
    at,
    call,
    clock_in,
    contact_in,
    kinds_in,
    mail,
    minutes,
    replayed,
    terms,
    told,
)

FIRST, NEXT, RESOLUTION = "first_response", "next_response", "resolution"
REPLY, WROTE = e.AgentReplied(), e.CustomerReplied()
TERMS = terms()
SUNDAY = at("sun 12:00")


# Laws.


@given(histories(), st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_matter(events, random):
    """Would have caught: ties broken by arrival, the last of two tellings standing."""
    perfect = replay(events, TERMS, SUNDAY)
    delivered = [*events, *random.choices(events, k=5)] if events else []
    random.shuffle(delivered)

    assert replay(delivered, TERMS, SUNDAY) == perfect


@given(histories(), st.integers(36, 250))
def test_the_past_does_not_know_the_future(events, quarter):
    """Would have caught: a verdict as of noon that used what happened at one."""
    now = at("mon 00:00") + quarter * timedelta(minutes=15)
    known = [event for event in events if event.occurred_at <= now]

    assert replay(events, TERMS, now) == replay(known, TERMS, now)


@given(histories(ending=False, registry=False, largest=15))
def test_a_later_event_never_changes_a_clock_that_had_stopped(events):
    """Would have caught: a queue changed after the answer that moved the verdict to another team.

    Named exceptions: who asks again is judged from the older message, reopening goes on, and
    turning away takes a success back. A repeated fact may fill in what the first did not tell.
    """
    told_once = [msgspec.structs.replace(event, fact=None) for event in with_place(events)]
    end = replay(told_once, TERMS, SUNDAY)
    for now in sorted({event.occurred_at for event in told_once}):
        for contact in replay(told_once, TERMS, now).contacts:
            later = next(each for each in end.contacts if contact.key in each.key)
            for clock in filter(is_for_good, contact.clocks):
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


@given(histories())
def test_a_verdict_follows_from_the_time_that_counted(events):
    """Would have caught: a pause at the very due instant, a stop exactly at the next opening."""
    for contact in replay(events, TERMS, SUNDAY).contacts:
        for clock in contact.clocks:
            spent = timedelta(seconds=elapsed_at(clock, TERMS, SUNDAY))
            judged = clock.ending is not Ending.CANCELLED
            assert clock.is_breached(SUNDAY) == (judged and spent > clock.target)
            assert (clock.due_at is None) or clock.due_at >= clock.started_at


@given(histories())
def test_at_most_one_clock_of_a_kind_runs(events):
    """Would have caught: two cycles for one unanswered stretch."""
    for contact in replay(events, TERMS, SUNDAY).contacts:
        running = [clock.kind for clock in contact.clocks if clock.ending is None]
        assert len(running) == len(set(running))
        numbers = [(clock.kind, clock.number) for clock in contact.clocks]
        assert len(numbers) == len(set(numbers))


@given(histories())
def test_who_waits_has_a_response_clock_and_an_open_contact(events):
    """Would have caught: a closed contact that a screen shows as waiting for good."""
    for contact in replay(events, TERMS, SUNDAY).contacts:
        running = [
            clock.started_at
            for clock in contact.clocks
            if clock.ending is None and clock.kind != RESOLUTION and not clock.is_paused
        ]
        assert contact.waiting_since == (min(running) if running else None)


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


# Merges and kinship.


def test_messages_of_a_merged_contact_count_on_the_other_and_the_older_wait_wins():
    events = [mail("mon 09:00", "old"), mail("mon 09:30", "new")]
    events.append(told("mon 09:40", e.ContactMerged(into="new"), "old"))
    events.append(told("mon 09:50", REPLY, "new"))

    new, old = replayed(events, "mon 10:00").contacts

    assert minutes(new.clocks[0]) == 50
    assert {clock.status(at("mon 10:00")) for clock in old.clocks} == {Status.CANCELLED}


def test_a_later_message_to_a_merged_contact_waits_on_the_other():
    events = [mail("mon 09:00", "old"), mail("mon 09:30", "new"), told("mon 09:35", REPLY, "new")]
    events += [
        told("mon 09:40", e.ContactMerged(into="new"), "old"),
        told("mon 10:00", WROTE, "old"),
    ]

    new, old = replayed(events, "mon 10:10").contacts

    assert (new.waiting_since, old.waiting_since) == (at("mon 10:00"), None)


def test_closing_the_merged_contact_does_not_close_the_other():
    events = [mail("mon 09:00", "old"), mail("mon 09:30", "new")]
    events += [told("mon 09:40", e.ContactMerged(into="new"), "old")]
    events += [told("mon 09:40", e.ContactResolved(), "old")]

    assert not replayed(events, "mon 10:00").contacts[0].is_over


def test_a_contact_merged_into_one_never_heard_of_still_waits():
    events = [mail("mon 09:00", "old"), told("mon 09:40", e.ContactMerged(into="new"), "old")]

    new, _ = replayed(events, "mon 10:00").contacts

    assert (new.subject, new.waiting_since) == ("new", at("mon 09:00"))


def test_a_circle_of_merges_goes_on_at_its_smallest_key():
    events = [mail("mon 09:00", "a"), mail("mon 09:05", "b")]
    events += [told("mon 09:10", e.ContactMerged(into="b"), "a")]
    events += [told("mon 09:10", e.ContactMerged(into="a"), "b")]

    a, b = replayed(events, "mon 10:00").contacts

    assert (a.waiting_since, b.waiting_since) == (at("mon 09:00"), None)


def test_a_contact_merged_into_itself_goes_on():
    events = [mail("mon 09:00", "a"), told("mon 09:10", e.ContactMerged(into="a"), "a")]

    assert contact_in(events, "mon 10:00").waiting_since == at("mon 09:00")


def test_a_chain_of_merges_ends_at_the_last():
    events = [mail("mon 09:00", "a"), told("mon 09:10", e.ContactMerged(into="b"), "a")]
    events += [mail("mon 09:05", "b"), told("mon 09:20", e.ContactMerged(into="c"), "b")]

    by_name = {each.subject: each for each in replayed(events, "mon 10:00").contacts}

    assert by_name["c"].waiting_since == at("mon 09:00")


def test_contacts_that_a_tool_calls_the_same_are_one():
    other = e.Event(
        source="/phone",
        id="1",
        occurred_at=at("mon 09:10"),
        subject="call-7",
        data=e.ContactAnswered(same_as=f"{DESK} c1"),
    )

    contact = contact_in([call("mon 09:00"), other], "mon 10:00")

    assert (contact.source, contact.subject) == (DESK, "c1")
    assert minutes(contact.clocks[0]) == 10
    assert list(links_of(other)) == [contact_key(DESK, "c1")]


def test_same_as_within_a_source_needs_only_the_subject():
    again = told("mon 09:10", e.ContactAnswered(same_as="c1"), "c0")

    ((key, events),) = joined([call("mon 09:00"), again])

    assert key == contact_key(DESK, "c0")
    assert len(events) == 2


def test_a_merge_links_two_contacts():
    merged = told("mon 09:10", e.ContactMerged(into="c2"))

    assert list(links_of(merged)) == [contact_key(DESK, "c2")]


# By which policy, tier, team and customer.


def test_a_closed_clock_keeps_the_policy_of_its_stop_and_an_open_one_is_judged_anew():
    tighter = OFFICE.replace("first_response: 1h", "first_response: 10m")
    by = terms(OFFICE, f'version: 2\neffective_from: "{at("mon 12:00").isoformat()}"\n{tighter}')
    closed = [mail("mon 09:00"), told("mon 09:30", REPLY)]

    assert not clock_in(closed, "tue 10:00", FIRST, by).is_breached(at("tue 10:00"))
    assert clock_in([mail("mon 11:30")], "mon 12:00", FIRST, by).breaches_at == at("mon 11:40")


def test_a_contact_that_no_longer_has_a_promise_has_no_clock():
    by = terms(OFFICE, f'version: 2\neffective_from: "{at("mon 12:00").isoformat()}"')

    assert kinds_in([mail("mon 09:00")], "mon 11:59", by) == [FIRST, RESOLUTION]
    assert kinds_in([mail("mon 09:00")], "mon 12:00", by) == []


BY_TIER = OFFICE.replace(
    "  - rule: everyone",
    "  - {rule: important ones, when: {tier: important}, first_response: 10m}\n  - rule: everyone",
)


def updated(when: str, customer: str = "acme", **more: object) -> e.Event:
    data = msgspec.convert(more, e.CustomerUpdated)
    return e.Event(
        source=DESK, id=f"{customer} {when}", occurred_at=at(when), subject=customer, data=data
    )


def test_the_tier_is_the_one_at_the_stop():
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), updated("mon 10:00", tier="important")]

    clock = clock_in(events, "mon 11:00", FIRST, terms(BY_TIER))

    assert (clock.tier, clock.rule) == ("standard", "everyone")


def test_a_tier_told_while_a_clock_runs_judges_it_anew():
    events = [mail("mon 09:00"), updated("mon 09:30", tier="important")]

    clock = clock_in(events, "mon 09:40", FIRST, terms(BY_TIER))

    assert (clock.rule, clock.breaches_at) == ("important ones", at("mon 09:10"))


def test_a_clock_belongs_to_the_team_at_its_stop():
    moved = told("mon 12:00", e.ContactTransferred(team="sales"))
    events = [mail("mon 09:00"), told("mon 09:30", REPLY), moved]

    contact = contact_in(events, "mon 13:00")

    assert {clock.kind: clock.team for clock in contact.clocks} == {
        FIRST: "help",
        RESOLUTION: "sales",
    }
    assert contact.team == "sales"


def test_a_queue_decides_the_team_where_the_tool_names_none_of_ours():
    front = told("mon 09:00", e.ContactReceived(channel=e.Channel.PHONE, team="?", queue="front"))
    nowhere = told("mon 09:00", e.ContactReceived(channel=e.Channel.PHONE))
    unheard = told("mon 09:00", e.ContactReceived(channel=e.Channel.PHONE, queue="?"))

    teams = [contact_in([event], "mon 10:00").team for event in (front, nowhere, unheard)]

    assert teams == ["help", "unassigned", "unmapped"]


def test_a_source_maps_its_own_names_and_has_a_default_team_and_channel():
    source = Source("x", "k", channel=e.Channel.CHAT, teams={"77": "sales"}, default_team="help")
    by = Terms(TERMS.policies, {DESK: source})
    mapped = told("mon 09:00", e.ContactReceived(team="77"))
    other = told("mon 09:00", e.ContactReceived())

    assert contact_in([mapped], "mon 10:00", by).team == "sales"
    assert contact_in([other], "mon 10:00", by).team == "help"
    assert contact_in([other], "mon 10:00", by).channel == "chat"


def test_without_teams_in_the_policy_teams_are_those_that_events_name():
    by = terms("targets: [{rule: all, first_response: 1h}]")

    assert contact_in([mail(team="night shift")], "mon 10:00", by).team == "night shift"


def test_the_latest_event_that_names_a_customer_owns_the_contact():
    events = [mail("mon 09:00"), told("mon 09:30", e.CustomerReplied(customer="jensen"))]

    assert contact_in(events, "mon 10:00").customer == "jensen"


def test_contacts_without_a_name_are_customers_of_their_own():
    first, second = (
        told("mon 09:00", e.ContactReceived(channel=e.Channel.PHONE), contact)
        for contact in ("c1", "c2")
    )

    contacts = replayed([first, second], "mon 10:00").contacts

    assert len({contact.customer for contact in contacts}) == 2


def test_what_people_may_read_of_an_alias_is_kept():
    alias = e.Alias(e.AliasKind.PHONE, "0f" * 16, "+45 •• 44")
    rang = told("mon 09:00", e.ContactReceived(channel=e.Channel.PHONE, aliases=(alias,)))

    assert contact_in([rang], "mon 10:00").masked == "+45 •• 44"


def test_elapsed_time_of_a_running_clock_is_counted_to_now():
    clock = clock_in([mail("mon 16:30")], "tue 09:10", FIRST)

    assert elapsed_at(clock, TERMS, at("tue 09:10")) == 40 * 60


def test_elapsed_time_of_a_promise_is_wall_time():
    promised = told("mon 16:00", e.FollowupPromised(due=at("tue 16:00")))

    ((_, clock),) = replayed([mail(), promised], "mon 20:00").promises

    assert elapsed_at(clock, TERMS, at("mon 20:00")) == 4 * 3600


def test_the_oldest_policy_counts_before_any_began():
    later = read_policy("effective_from: 2030-01-01T00:00:00Z")

    assert Policies((later,)).in_force(datetime(2026, 1, 1, tzinfo=UTC)) is later


def test_elapsed_time_is_known_even_where_the_rule_is_gone():
    clock = clock_in([mail("mon 09:00")], "mon 09:30", FIRST)

    assert elapsed_at(clock, terms("version: 1"), at("mon 09:30")) == 30 * 60


def test_the_events_of_a_hook_bear_its_source():
    assert Source("chat", "chatwoot").event_source == "/hooks/chat"
