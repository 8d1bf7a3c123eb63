"""What screens say of the day: what broke with the opening, what is late soon, what the day allows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.snapshot import ClockGroup, Promises, Snapshot, Today
from app.operations.present import Presenter
from app.store.engine import Database
from tests.conftest import NOON
from tests.store.desk import Desk, terms

POLICY = """
version: 7
calendars: {office: {zone: UTC, hours: {mon-fri: 08:00-16:00}}}
tiers: {important: , standard: {default: true}}
teams: {support: {calendar: office, channels: [chat, email]}}
targets:
  - rule: Chat
    when: {channel: chat}
    first_response: 1m
    target_ratio: 0.8
  - rule: Everything else
    first_response: 1h
    resolution: 3h
    target_ratio: 0.8
warnings: [30m before closing]
"""
TUESDAY = datetime(2026, 3, 3, tzinfo=UTC)
CHAT = ClockGroup("chat", "support", "standard", "first_response")
RESOLUTION = ClockGroup("email", "support", "standard", "resolution")
EMAIL = ClockGroup("email", "support", "standard", "first_response")


@pytest.fixture
def desk(db: Database) -> Desk:
    return Desk(db, terms(POLICY), TUESDAY)


def after_noon(clock: str) -> float:
    """Seconds from the desk's noon to a time of that Tuesday; 32:10 is ten past eight the day after."""
    hours, minutes, seconds = map(int, clock.split(":"))
    at = TUESDAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return (at - NOON).total_seconds()


async def received(
    desk: Desk, subject: str, clock: str, channel: str = "chat", **data: Any
) -> None:
    told = {"channel": channel, "team": "support", **data}
    await desk.tell("contact.received", subject, after_noon(clock), **told)


async def picture(desk: Desk, clock: str) -> Snapshot:
    desk.at(after_noon(clock))
    await desk.settle()
    await desk.judge()
    return await Presenter(desk.db, []).take(desk.terms, {}, desk.now)


async def test_nobody_is_paged_for_what_came_in_overnight_while_the_team_works_it_off(desk: Desk):
    await received(desk, "overnight", "06:00:00")

    early = (await picture(desk, "08:14:59")).running[CHAT]
    later = (await picture(desk, "08:15:00")).running[CHAT]

    assert (early.overdue, early.pageable, early.at_opening) == (1, 0, 1)
    assert (later.overdue, later.pageable, later.at_opening) == (1, 1, 0)


async def test_whoever_comes_after_the_opening_is_paged_for_at_once(desk: Desk):
    await received(desk, "overnight", "06:00:00")
    await received(desk, "fresh", "08:02:00")

    running = (await picture(desk, "08:05:00")).running[CHAT]

    assert (running.overdue, running.pageable) == (2, 1)


async def test_nobody_is_paged_while_the_team_is_closed_and_what_is_left_is_told_in_the_morning(
    desk: Desk,
):
    await received(desk, "left over", "14:00:00", "email")

    found = [
        (running.overdue, running.pageable, running.at_opening)
        for clock in ("15:30:00", "16:30:00", "32:10:00", "32:15:00")
        for running in [(await picture(desk, clock)).running[EMAIL]]
    ]

    assert found == [(1, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0)]


async def test_nobody_is_paged_for_a_broken_promise_while_we_wait_for_the_customer(desk: Desk):
    await received(desk, "held", "09:00:00", "email")
    await desk.tell("agent.replied", "held", after_noon("09:10:00"), agent="a1")
    running = (await picture(desk, "13:00:00")).running[RESOLUTION]
    await desk.tell("contact.held", "held", after_noon("13:05:00"), waiting_for="customer")

    held = (await picture(desk, "14:00:00")).running[RESOLUTION]

    assert (running.overdue, running.pageable) == (1, 1)
    assert (held.overdue, held.pageable, held.at_opening) == (1, 0, 0)


async def test_late_soon_is_what_is_over_within_a_quarter_of_an_hour_and_not_late_yet(desk: Desk):
    await received(desk, "late", "09:00:00", "email")
    await received(desk, "soon", "09:20:00", "email")
    await received(desk, "not yet", "09:26:00", "email")

    running = (await picture(desk, "10:10:01")).running[EMAIL]

    assert (running.overdue, running.late_soon) == (1, 1)


async def test_what_is_due_at_closing_is_late_soon_before_it_and_before_the_next_opening(
    desk: Desk,
):
    await received(desk, "at closing", "15:00:00", "email")

    found = [
        (await picture(desk, clock)).running[EMAIL].late_soon
        for clock in ("15:44:00", "15:46:00", "16:01:00")
    ]
    desk.at(after_noon("07:46:00") + 86_400)
    wednesday = (await Presenter(desk.db, []).take(desk.terms, {}, desk.now)).running[EMAIL]

    assert found == [0, 1, 0]
    assert wednesday.late_soon == 1


async def test_before_closing_what_is_over_at_the_closing_is_counted(desk: Desk):
    await received(desk, "before it", "14:50:00", "email")
    await received(desk, "at closing", "15:00:00", "email")
    await received(desk, "on Wednesday", "15:20:00", "email")

    before = (await picture(desk, "15:29:00")).running[EMAIL].due_before_closing
    near = (await picture(desk, "15:31:00")).running[EMAIL].due_before_closing

    assert (before, near) == (0, 1)


async def test_the_day_allows_as_many_late_as_the_share_leaves(desk: Desk):
    for number in range(10):
        await received(desk, f"c-{number}", "09:00:00")
        answered = after_noon("09:00:30" if number else "09:02:00")
        await desk.tell("agent.replied", f"c-{number}", answered, agent="a1")
    for number in range(5):
        await received(desk, f"open-{number}", "09:09:30")

    shown = await picture(desk, "09:10:00")

    assert shown.today["support", "chat", "first_response"] == Today(10, 1, 3 - 1)
    assert shown.received == {("support", "chat"): 15}
    [day] = shown.teams
    assert (day.settled, day.late) == (10, 1)


async def test_a_day_that_has_not_begun_is_measured_by_the_same_day_last_week(desk: Desk):
    a_week_ago = after_noon("09:00:00") - 7 * 86_400
    for number in range(20):
        told = {"channel": "chat", "team": "support"}
        await desk.tell("contact.received", f"old-{number}", a_week_ago, **told)
        await desk.tell("agent.replied", f"old-{number}", a_week_ago + 10, agent="a1")
    await received(desk, "today", "08:30:00")

    shown = await picture(desk, "08:30:10")

    assert shown.today["support", "chat", "first_response"] == Today(0, 0, 4)
    assert shown.today["support", "email", "first_response"] == Today(0, 0, 0)


async def test_the_picture_says_which_policy_rules_and_since_when_news_wait(desk: Desk):
    assert (await picture(desk, "09:00:00")).oldest_touched_at is None

    await received(desk, "new", "09:00:00")
    shown = await Presenter(desk.db, []).take(desk.terms, {}, desk.now)

    marked = (await desk.rows("SELECT min(touched_at) FROM touched"))[0][0]
    assert shown.oldest_touched_at == marked
    assert abs((await desk.rows("SELECT now()"))[0][0] - marked) < timedelta(minutes=1)
    assert shown.policy_version == 7


async def test_what_was_concluded_and_not_told_is_counted(desk: Desk):
    told = {"channel": "email", "team": "support", "via": "transfer"}
    await desk.tell("contact.queued", "half", after_noon("09:00:00"), **told)

    shown = await picture(desk, "09:01:00")

    assert shown.inferred == {("support", "email"): 1}


TWO_TEAMS = POLICY.replace(
    "teams: {", "teams: {sales: {calendar: office, channels: [chat]}, "
).replace(
    "  - rule: Chat\n",
    "  - {rule: Sales, when: {team: sales}, first_response: 5m, target_ratio: 0.5}\n  - rule: Chat\n",
)


async def test_a_team_is_measured_by_what_is_promised_of_it_and_not_of_another(db: Database):
    desk = Desk(db, terms(TWO_TEAMS), TUESDAY)
    for number in range(10):
        await received(desk, f"c-{number}", "09:00:00")
    await desk.tell("contact.received", "nobody", after_noon("09:00:00"), channel="chat")

    shown = await picture(desk, "09:10:00")

    sales, nobody = (CHAT._replace(team=team) for team in ("sales", "unassigned"))
    assert [shown.targets[group] for group in (CHAT, sales, nobody)] == [60.0, 300.0, 60.0]
    assert [shown.target_ratios[group] for group in (CHAT, sales)] == [0.8, 0.5]
    assert shown.today["support", "chat", "first_response"] == Today(10, 10, 2 - 10)
    assert shown.today["sales", "chat", "first_response"] == Today(0, 0, 0)


async def test_promises_are_counted_by_the_local_day_also_when_it_has_twenty_five_hours(
    db: Database,
):
    policy = POLICY.replace("zone: UTC", "zone: Europe/Copenhagen")
    sunday = datetime(2026, 10, 25, 8, tzinfo=UTC)
    desk = Desk(db, terms(policy), sunday)
    noon = (sunday - NOON).total_seconds()
    dues = ("2026-10-25T07:00", "2026-10-25T22:30", "2026-10-25T23:30", "2026-10-27T12:00")
    for number, due in enumerate(dues):
        told = {"channel": "email", "team": "support", "agent": "a1", "due": f"{due}:00Z"}
        await desk.tell("followup.promised", f"p-{number}", noon - 86_400, **told)
    desk.now = sunday
    await desk.settle()

    shown = await Presenter(desk.db, []).take(desk.terms, {}, sunday)

    assert shown.promises == {("support", "email"): Promises(open=4, due_today=2, overdue=1)}
