"""What the tools tell: canonical events that replay takes, and every habit as it is described."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.__main__ import main as evenhand
from app.core.events import TYPES
from app.core.policy_file.reading import read_policy
from app.simulate.fairness.__main__ import main
from app.simulate.fairness.plan import HOUR
from app.simulate.fairness.policies import policy_text
from app.simulate.fairness.scenarios import SCENARIOS
from app.simulate.fairness.telling import Json, told_of
from app.simulate.fairness.trace import play
from app.simulate.fairness.world import World
from app.sources import cloudevents

QUICK = [name for name in SCENARIOS if name != "large-team"]
NOON = datetime.fromisoformat("2026-02-01T12:00:00+00:00")


def short(name: str, hours: float = 5.0, **changed: Any) -> list[Json]:
    plan = replace(SCENARIOS[name].plan(1), horizon=hours * HOUR)
    plan = replace(plan, manner=replace(plan.manner, **changed))
    return told_of(plan, World(plan).play())


def of_type(events: Iterable[Json], *types: str) -> list[Json]:
    return [event for event in events if event["type"] in types]


def seconds(event: Json) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def by_contact(events: Iterable[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for event in events:
        found[event["subject"]].append(event)
    return found


@pytest.mark.parametrize("name", ["captured-by-a-surge", "ring-all", "lost-events", "small-team"])
def test_the_same_seed_gives_the_same_trace(name):
    assert play(name, 3) == play(name, 3)


def test_another_seed_gives_another_trace():
    assert play("small-team", 3).events != play("small-team", 4).events


@pytest.mark.parametrize("name", QUICK)
def test_every_event_is_canonical(name):
    events = short(name, hours=9.0 if name == "nights" else 1.5)
    lines = "\n".join(map(json.dumps, events)).encode()

    read = cloudevents.read({"content-type": "application/x-ndjson"}, lines, NOON)

    assert not read.refused
    assert len(read.events) == len(events) > 50
    assert {event["type"] for event in events} <= set(TYPES)
    assert len({event["id"] for event in events}) == len(events)
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)


@pytest.mark.parametrize("name", ["overload", "head-start", "works-by-deadline", "no-time"])
def test_every_policy_is_one_that_can_be_used(name):
    agreement = SCENARIOS[name].plan(0).agreement

    policy = read_policy(policy_text(agreement))

    assert str(policy.fairness.order) == str(agreement.order)
    assert policy.fairness.weights == dict(agreement.weights)
    assert policy.fairness.chats_per_agent == 3
    assert bool(policy.rules) == bool(agreement.target_seconds)


def test_a_trace_is_three_files_that_replay_takes(tmp_path, capsysbinary):
    assert main(["S13", "--seed", "1", "--out", str(tmp_path / "trace")]) == 0
    files = {file.name: file for file in (tmp_path / "trace").iterdir()}
    policy, events = str(files["policy.yaml"]), str(files["events.jsonl"])
    capsysbinary.readouterr()

    status = evenhand(["replay", "--policy", policy, "--events", events])

    document = json.loads(capsysbinary.readouterr().out)
    truth = json.loads(files["truth.json"].read_text())
    assert status == 0
    assert {contact["team"] for contact in document["contacts"]} == {"support"}
    assert isinstance(document["episodes"], list)
    assert [interval["culprits"] for interval in truth["intervals"]] == [["Acme"]]


def test_an_unknown_scenario_is_said_plainly(tmp_path, capsys):
    assert main(["S99", "--out", str(tmp_path)]) == 1
    assert "got 'S99'" in capsys.readouterr().err


def test_important_callers_are_through_the_menu_first():
    waits: dict[bool, list[float]] = {True: [], False: []}
    for events in by_contact(short("recognised-callers")).values():
        owed = of_type(events, "contact.queued")
        if owed:
            is_important = owed[0]["data"]["customer"].startswith(("Acme", "important"))
            waits[is_important].append(seconds(owed[0]) - seconds(events[0]))

    assert {round(wait) for wait in waits[True]} == {5}
    assert min(waits[False]) >= 60.0
    assert max(waits[False]) <= 120.0


def test_turned_away_is_answered_in_six_seconds_and_told_no():
    contacts = by_contact(play("no-time", 0).events)
    away = [
        events for events in contacts.values() if events[-1]["data"].get("outcome") == "turned_away"
    ]

    assert len(away) == 24
    for events in away:
        received, answered, *_, resolved = (e for e in events if e["type"] != "customer.updated")
        assert answered["type"] == "contact.answered"
        assert seconds(answered) - seconds(received) <= 6.0
        assert seconds(resolved) - seconds(answered) == pytest.approx(20.0, abs=0.01)


def test_the_story_lets_the_others_wait_for_the_important_client():
    truth = play("no-time", 0).truth

    (interval,) = truth.intervals
    assert interval.culprits == ("Acme",)
    assert interval.extra_wait_seconds >= 24 * 900.0 * 0.9


def test_a_refusal_is_told_with_its_agent():
    declined = of_type(play("refusals", 0).events, "contact.declined")

    assert {event["data"]["reason"] for event in declined} == {"refused"}
    assert any("agent" in event["data"] for event in declined)


def test_staffing_is_told_as_well_as_the_manner_says():
    staffing = ("agent.available", "agent.unavailable")
    plain = Counter(e["subject"] for e in of_type(short("breaks-not-told", breaks=True), *staffing))
    hidden = Counter(e["subject"] for e in of_type(short("breaks-not-told"), *staffing))

    assert max(plain.values()) > 1
    assert set(hidden.values()) <= {1, 2}
    assert not of_type(short("no-staffing-told"), *staffing)
    assert not of_type(short("never-sign-off", hours=12), "agent.unavailable")


def test_two_agents_work_on_one_call():
    started = by_contact(of_type(short("two-on-a-call"), "work.started"))

    pairs = [events for events in started.values() if len(events) == 2]
    assert len(pairs) > 10
    for one, other in pairs:
        assert one["time"] == other["time"]
        assert one["data"]["agent"] != other["data"]["agent"]


def test_calls_ring_at_all_and_nobody_refuses():
    events = short("ring-all")

    offered = of_type(events, "contact.offered")
    assert max(len(event["data"]["agents"]) for event in offered) == 8
    reasons = {event["data"]["reason"] for event in of_type(events, "contact.declined")}
    assert reasons == {"no_answer"}


def test_messages_last_for_days_without_a_word_of_work():
    contacts = by_contact(short("chats-for-days", hours=36.0))
    chats = [
        events
        for events in contacts.values()
        if events[0]["data"].get("channel") == "chat" and events[0]["type"] == "contact.received"
    ]

    assert max(seconds(events[-1]) - seconds(events[0]) for events in chats) > 24 * HOUR
    assert not any(of_type(events, "work.started", "work.ended") for events in chats)
    assert any(of_type(events, "customer.replied") for events in chats)


def test_a_desk_is_declared():
    events = short("declared-desk")

    skills = Counter(tuple(e["data"]["skills"]) for e in of_type(events, "agent.available"))
    asked = {e["data"].get("skill") for e in events if e["data"].get("customer") == "Acme"}
    assert skills[("machines",)] == 2
    assert set(skills) == {("machines",), ("",)}
    assert asked <= {None, "machines"}


def test_two_events_in_a_hundred_are_lost():
    all_of_them = short("lost-events", lost_share=0.0)
    told = short("lost-events")

    assert 0.01 < 1 - len(told) / len(all_of_them) < 0.03


def test_only_one_clock_is_wrong():
    right = {event["id"]: event for event in short("skewed-clock", skews={"phone": 0.0})}
    wrong = {event["id"]: event for event in short("skewed-clock", skews={"phone": 7.0})}

    off = {e["source"]: round(seconds(e) - seconds(right[i]), 3) for i, e in wrong.items()}
    assert off == {"phone": 7.0, "chat": 0.0, "email": 0.0, "roster": 0.0}


def test_wrap_up_is_told_by_nobody():
    events = short("silent-wrap-up")
    ends: dict[str, float] = {}
    pauses = []
    for event in of_type(events, "work.started", "work.ended"):
        agent = event["data"]["agent"]
        if event["data"]["channel"] == "phone" and event["type"] == "work.ended":
            ends[agent] = seconds(event)
        elif agent in ends:
            pauses.append(seconds(event) - ends.pop(agent))

    assert sorted(pauses)[len(pauses) // 4] > 5.0
    assert all("kind" not in event["data"] for event in events)
