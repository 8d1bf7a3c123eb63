"""What the simulated tools send is what the real ones send: our adapters understand all of it."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.core.events import TYPES, Incoming, decode_data
from app.core.policy_file.reading import read_policy
from app.simulate import plan
from app.simulate.deliveries import Deliveries, simulated_day
from app.simulate.request import Door, Keys, Request, Setting, headers_at
from app.simulate.world import World
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery
from app.sources.configuration import read_sources
from deploy.demo import TRY_TOKEN

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEYS = Keys(phone_token="a-phone", chat_secret="a-chat", api_token="an-api")  # noqa: S106
SECRETS = {
    "DEMO_PHONE_TOKEN": KEYS.phone_token,
    "DEMO_CHAT_SECRET": KEYS.chat_secret,
    "DEMO_TRY_TOKEN": TRY_TOKEN,
}
DEMO = Path(__file__).parents[2] / "deploy" / "demo"
CONFIGS = {
    Door(f"/hooks/{config.source.id}"): config
    for config in read_sources((DEMO / "sources.yaml").read_text(), lambda _, name: SECRETS[name])
    if config.source.id != "try"
}


@pytest.fixture(scope="module")
def day() -> list[Request]:
    return simulated_day(4, contacts=400, start=NOON, keys=KEYS)


def delivered(request: Request, sent_at: datetime) -> Delivery:
    headers = headers_at(request, KEYS, sent_at)
    return Delivery(headers=headers, body=request.body, received_at=sent_at)


def translated(requests: Iterable[Request]) -> list[Incoming]:
    return [
        event
        for request in requests
        if request.door in CONFIGS
        for event in kinds.translate(delivered(request, request.at), CONFIGS[request.door])
    ]


def through_our_door(requests: Iterable[Request]) -> list[dict[str, Any]]:
    return [
        event
        for request in requests
        if request.door is Door.EVENTS
        for event in json.loads(request.body)
    ]


def test_a_day_is_the_same_for_the_same_seed_and_another_for_another(day):
    assert simulated_day(4, contacts=400, start=NOON, keys=KEYS) == day
    assert simulated_day(5, contacts=400, start=NOON, keys=KEYS) != day


def test_requests_leave_in_the_order_of_time(day):
    assert [request.at for request in day] == sorted(request.at for request in day)


def test_the_adapters_verify_and_understand_every_delivery(day):
    for request in day:
        if request.door in CONFIGS:
            config, delivery = CONFIGS[request.door], delivered(request, request.at)
            kinds.verify(delivery, config, request.at)
            assert kinds.translate(delivery, config), request.body


def test_the_doors_are_those_of_the_demos_sources():
    assert [f"/hooks/{config.source.id}" for config in CONFIGS.values()] == list(CONFIGS)


def test_every_contact_belongs_to_a_team_of_the_demos_policy(day):
    policy = read_policy((DEMO / "policy.yaml").read_text())
    maps = {config.source.event_source: config.source.teams for config in CONFIGS.values()}

    told = {(event.source, decode_data(event.type, event.body).team) for event in translated(day)}
    ours = {event["data"]["team"] for event in through_our_door(day) if "team" in event["data"]}

    assert {maps[source][team] for source, team in told if team} | ours == set(policy.teams)


def test_a_wrong_secret_is_noticed(day):
    chat = next(request for request in day if request.door is Door.CHAT)
    wrong = replace(KEYS, chat_secret="another")  # noqa: S106
    forged = Delivery(headers=headers_at(chat, wrong, NOON), body=chat.body, received_at=NOON)

    with pytest.raises(BadSignature):
        kinds.verify(forged, CONFIGS[Door.CHAT], NOON)


def test_every_event_through_our_own_door_is_canonical(day):
    for event in through_our_door(day):
        assert event["specversion"] == "1.0"
        assert datetime.fromisoformat(event["time"]).tzinfo
        decode_data(event["type"], json.dumps(event["data"]))


def test_all_types_that_matter_occur(day):
    types = {event.type for event in translated(day)}
    types |= {event["type"] for event in through_our_door(day)}

    assert types <= set(TYPES)
    assert types >= {
        *("contact.received", "contact.offered", "contact.declined", "contact.answered"),
        *("contact.held", "contact.resumed", "contact.transferred", "contact.abandoned"),
        *("contact.resolved", "customer.replied", "agent.replied", "customer.updated"),
        *("work.started", "work.ended", "followup.promised", "followup.done"),
    }


def test_the_registry_knows_every_address_that_the_tools_send(day):
    customers = [event for event in through_our_door(day) if event["type"] == "customer.updated"]
    known = {
        (alias["kind"], alias["value"])
        for customer in customers
        for alias in customer["data"]["aliases"]
    }

    for event in translated(day):
        aliases = decode_data(event.type, event.body).aliases
        assert any((alias.kind, alias.value) in known for alias in aliases), event


def test_promises_name_the_call_or_chat_they_were_made_in(day):
    contacts = {f"{event.source} {event.subject}" for event in translated(day)}
    joined = [event["data"].get("same_as") for event in through_our_door(day)]

    assert {contact for contact in joined if contact} <= contacts
    assert any(joined)


def test_some_deliveries_come_twice_and_their_events_bear_the_same_ids(day):
    bodies = Counter((request.door, request.body) for request in day)
    ids = Counter(event.id for event in translated(day))

    assert max(bodies.values()) > 1
    assert max(ids.values()) > 1


def test_who_stops_reading_and_goes_on_later_misses_nothing():
    setting = Setting(NOON, timedelta(seconds=1), run=1)
    facts = list(World(plan.day(30), seed=1).facts())
    whole = list(Deliveries(setting, KEYS.phone_token, seed=1).of(facts))

    interrupted, remaining = Deliveries(setting, KEYS.phone_token, seed=1), iter(facts)
    first = list(islice(interrupted.of(remaining), len(whole) // 2))
    rest = list(interrupted.of(remaining))

    assert first + rest == whole


def test_two_runs_never_share_an_id(day):
    later = simulated_day(4, contacts=50, start=NOON + timedelta(minutes=1), keys=KEYS)

    assert not {event.id for event in translated(day)} & {event.id for event in translated(later)}


def test_an_hour_can_pass_in_a_minute(day):
    quick = simulated_day(4, contacts=400, start=NOON, keys=KEYS, beat=timedelta(seconds=1))

    span = day[-1].at - day[0].at
    assert len(quick) == len(day)
    assert abs((quick[-1].at - quick[0].at) * 60 - span) < timedelta(minutes=1)


def test_secrets_are_not_shown(day):
    assert KEYS.phone_token not in repr(day[:200])
    assert KEYS.api_token not in repr(KEYS)
