"""What happens in the three hours of ``tests.history``: a morning in three teams, told by their tools.

The hotline and the customer support live as the demo does, but a beat is a minute: their tools push
webhooks. In the orders team an important client is served first. What tools seldom tell comes on top.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from heapq import merge
from itertools import takewhile
from typing import Any

from app.simulate import mail
from app.simulate.deliveries import Deliveries
from app.simulate.fairness.telling import BEGINNING
from app.simulate.fairness.trace import play
from app.simulate.plan import Plan, Surge
from app.simulate.request import Door, Keys, Request, Setting
from app.simulate.world import World

SEED = 20
TEAM = "orders"
CLIENT = "Acme"
BEFORE = timedelta(hours=1)
"""So long before the first scrape people are at work: nothing begins in an empty house."""
LASTS = timedelta(hours=3)
SHOWN_OF_TRACE = timedelta(minutes=65)
"""How far the day of the orders team has come when the three hours begin."""
SILENT = (timedelta(minutes=30), timedelta(minutes=58))
"""When nothing comes from the chat system; then all of it comes at once."""
NEW_POLICY = timedelta(minutes=95)

PLAN = Plan(
    rate=0.9,
    surge=Surge(first_at=60.0 + 118.0, lasts=30.0, every=240.0, rate=0.9),
    agents={"hotline": 5, "support": 4},
)

SOURCES = """
sources:
  - {id: phone, kind: aircall, secrets: [{file: FOLDER/phone}], silence_limit: 15m,
     teams: {"501": hotline, "502": support}, default_team: hotline}
  - {id: chat, kind: chatwoot, secrets: [{file: FOLDER/chat}], silence_limit: 15m,
     teams: {"61": support}, default_team: support}
"""

POLICY = """
version: VERSION
purpose: service, not appraisal
calendars:
  office: {zone: ZONE, hours: {mon-sun: "07:00-17:00"}}
tiers:
  important:
  standard: {default: true}
teams:
  hotline: {name: Hotline, calendar: office, channels: [phone], queues: [hotline]}
  support: {name: Customer support, calendar: office, channels: [phone, chat, email]}
  orders: {name: Orders, calendar: office, channels: [phone, chat]}
targets:
  - rule: Orders
    when: {team: orders}
    first_response: 15m
    next_response: 15m
    callback: 1h
    target_ratio: 0.8
  - rule: Important customers on the phone
    when: {channel: phone, tier: important}
    first_response: 30s
    next_response: 2m
    callback: 1h
    target_ratio: 0.9
  - rule: Phone
    when: {channel: phone}
    first_response: 60s
    next_response: 2m
    callback: 1h
    target_ratio: 0.8
  - rule: Chat
    when: {channel: chat}
    first_response: CHAT
    next_response: 5m
    callback: 1h
    target_ratio: 0.9
  - rule: Everything else
    first_response: 20m
    next_response: 20m
    callback: 1h
    resolution: 4h
    target_ratio: 0.9
warnings: [50 %, 80 %, 30m before closing]
clocks: {lost_track: {phone: 45m, chat: 12h, email: 30 days}}
fairness: {order: arrival, head_start: 600s, weights: {important: 1, standard: 1}, chats_per_agent: 3}
"""

Json = dict[str, Any]


def policy_text(version: int, zone: str) -> str:
    """The policy of the morning; its second version gives chats more time."""
    chat = "2m" if version == 1 else "3m"
    text = POLICY.replace("VERSION", str(version)).replace("CHAT", chat)
    return text.replace("ZONE", zone)


def requests(start: datetime, keys: Keys) -> list[Request]:
    """Everything that is sent until the three hours from ``start`` are over, in order."""
    told = merge(
        _desks(start, keys),
        _orders(start),
        _seldom(start),
        _mishaps(start),
        _comings_and_goings(start),
        key=lambda each: each.at,
    )
    sent = sorted((_delayed(each, start) for each in told), key=lambda each: each.at)
    return [each for each in sent if each.at <= start + LASTS]


def _delayed(request: Request, start: datetime) -> Request:
    silent_from, back_at = (start + at for at in SILENT)
    if request.door is Door.CHAT and silent_from <= request.at < back_at:
        return replace(request, at=back_at)
    return request


def _desks(start: datetime, keys: Keys) -> Iterator[Request]:
    """The hotline and the customer support."""
    setting = Setting(start - BEFORE, timedelta(minutes=1), run=1)
    world = World(PLAN, SEED)
    deliveries = Deliveries(setting, keys.phone_token, SEED)
    yield deliveries.registry(world.customers)
    yield deliveries.rota(world.agents, 0.0, is_there=True)
    until = (BEFORE + LASTS) / timedelta(minutes=1)
    yield from deliveries.of(takewhile(lambda fact: fact.at <= until, world.facts()))


@cache
def _trace() -> tuple[Json, ...]:
    return tuple(play("captured-by-a-surge", 1).events)


def _orders(start: datetime) -> Iterator[Request]:
    """A team in which the rush of one client is served first, a request for every minute."""
    shift = start - SHOWN_OF_TRACE - BEGINNING
    minute: list[Json] = []
    for event in _trace():
        at = datetime.fromisoformat(event["time"]) + shift
        if at > start + LASTS:
            break
        if minute and at >= datetime.fromisoformat(minute[0]["time"]) + timedelta(minutes=1):
            yield _batch(minute)
            minute = []
        told = {**event, "time": at.isoformat(), "data": _named(event)}
        minute.append(told)
        if event["type"] == "work.started":
            minute.append({**told, "id": f"{event['id']}-answered", "type": "contact.answered"})
    yield _batch(minute)


def _named(event: Json) -> Json:
    data = {**event["data"], "team": TEAM}
    if event["type"] == "customer.updated":
        data["name"] = event["subject"].replace("-", " ").capitalize()
    return data


def _seldom(start: datetime) -> Iterator[Request]:
    """Customers who are told no, calls that nobody tells the end of, what has no beginning."""
    for number in range(12):
        at = start + timedelta(minutes=6 + 14 * number)
        yield _batch(list(_told_no(at, f"no-{number}", f"customer-{number + 3}")))
    for number in range(3):
        at = start + timedelta(minutes=4 + 9 * number)
        subject, customer = f"forgotten-{number}", f"customer-{number + 9}"
        yield _batch(list(_forgotten(at, subject, customer)))
    for number in range(4):
        at = start + timedelta(minutes=70 + 8 * number)
        yield _batch(list(_without_beginning(at, f"old-{number}", f"customer-{number + 5}")))


def _comings_and_goings(start: datetime) -> Iterator[Request]:
    """Three people of the hotline who sign in for a moment only."""
    for minute, type_ in ((10, "agent.available"), (12, "agent.unavailable")):
        at = start + timedelta(minutes=minute)
        told = [_event(type_, f"91{number:02}", at, "", "phone") for number in range(3)]
        shown = [{**each, "source": mail.SOURCE, "data": {"team": "hotline"}} for each in told]
        yield _batch(shown)


def _mishaps(start: datetime) -> Iterator[Request]:
    """What goes wrong between tools and us on any day."""
    json_ = {"content-type": "application/json"}
    batch = {"content-type": "application/cloudevents-batch+json"}
    for number in range(5):
        at = start + timedelta(minutes=80 + 17 * number)
        yield Request(at, Door.EVENTS, batch, b'[{"specversion": "1.0", "id": "no type"}]')
    at = start + timedelta(minutes=130)
    yield Request(at, Door.PHONE, json_, b'{"event": "call.created", "token": "a wrong one"}')
    yield Request(at, Door.PHONE, json_, b" " * 1_100_000)
    for minute, person in ((131, "customer-6"), (132, "customer-7")):
        at = start + timedelta(minutes=minute)
        yield _batch([_event("contact.received", "told-twice", at, person, "email")])
        yield _batch([_event("coffee.made", f"cup-{minute}", at, person, "email")])


def _told_no(at: datetime, subject: str, customer: str) -> Iterator[Json]:
    yield _event("contact.received", subject, at, customer, "phone")
    answered = at + timedelta(seconds=15)
    yield _event("contact.answered", subject, answered, customer, "phone", agent="1")
    ended = answered + timedelta(seconds=50)
    told = {"agent": "1", "outcome": "turned_away"}
    yield _event("contact.resolved", subject, ended, customer, "phone", **told)


def _forgotten(at: datetime, subject: str, customer: str) -> Iterator[Json]:
    yield _event("contact.received", subject, at, customer, "phone")
    answered = at + timedelta(seconds=20)
    yield _event("contact.answered", subject, answered, customer, "phone", agent="2")


def _without_beginning(at: datetime, subject: str, customer: str) -> Iterator[Json]:
    """The first we hear of it is that the customer wrote again."""
    yield _event("customer.replied", subject, at, customer, "email")
    answered = at + timedelta(minutes=11)
    yield _event("agent.replied", subject, answered, customer, "email", agent="3")


def _event(
    type_: str, subject: str, at: datetime, customer: str, channel: str, **data: str
) -> Json:
    return {
        "specversion": "1.0",
        "id": f"{type_}-{subject}",
        "source": "desk",
        "type": type_,
        "time": at.isoformat(),
        "subject": subject,
        "data": {"team": "support", "customer": customer, "channel": channel, **data},
    }


def _batch(events: list[Json]) -> Request:
    """One request that leaves when its last event has happened."""
    at = max(datetime.fromisoformat(event["time"]) for event in events)
    return mail.batch(events, 0.0, Setting(at, timedelta(0), run=0))
