"""By which policy, tier, team and customer a clock is judged, and as of when."""

from datetime import UTC, datetime

import msgspec

from app.core import events as e
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import (
    Terms,
    elapsed_at,
)
from app.core.source import Source
from tests.core.story import (
    DESK,
    FIRST,
    OFFICE,
    REPLY,
    RESOLUTION,
    at,
    clock_in,
    contact_in,
    kinds_in,
    mail,
    replayed,
    terms,
    told,
)

TERMS = terms()
SUNDAY = at("sun 12:00")


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
