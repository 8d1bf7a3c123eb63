"""In which order everything leaves: facts told by three tools, some late, some twice."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random

from app.core.events import Channel
from app.simulate import mail, phone
from app.simulate.chat import Chats
from app.simulate.facts import Agent, Customer, Fact, Kind
from app.simulate.plan import TEAMS, day
from app.simulate.request import Keys, Request, Setting
from app.simulate.world import World

REPEATED = 0.02
"""The share of deliveries that come again although they were acknowledged."""

LATE = 0.02
LATE_BEATS = (1.0, 4.0)
REPEATED_BEATS = (2.0, 30.0)
MAIL_EVERY = 1.0
"""Beats that events wait for others to share a request with."""

_PROMISES = frozenset({Kind.PROMISED, Kind.KEPT, Kind.CALLED_OFF})


class Deliveries:
    """Turns facts into requests in the order in which they leave; holds back what leaves later."""

    def __init__(self, setting: Setting, phone_token: str, seed: int) -> None:
        self._setting = setting
        self._phone_token = phone_token
        self._random = Random(seed)
        self._chats = Chats(setting)
        self._mails: list[mail.CloudEvent] = []
        self._mails_leave_at = 0.0
        self._waiting: list[tuple[datetime, int, Request]] = []
        self._numbers = count()

    def registry(self, customers: Iterable[Customer]) -> Request:
        """The first request: who the customers are."""
        return mail.batch(mail.registry(customers, self._setting), 0.0, self._setting)

    def rota(self, agents: Iterable[Agent], beats: float, *, is_there: bool) -> Request:
        """Who comes to work, or goes home."""
        phone_team = TEAMS[Channel.PHONE]
        events = mail.rota(agents, phone_team, self._setting, beats, is_there=is_there)
        return mail.batch(events, beats, self._setting)

    def of(self, facts: Iterable[Fact]) -> Iterator[Request]:
        """The requests that tell the facts, in the order of leaving; all of them when facts end.

        Whoever stops reading loses no fact: what has not left yet leaves with the next facts.
        """
        for fact in facts:
            self._close_batch(fact.at)
            self._take(fact)
            yield from self._leaving(self._setting.at(fact.at))
        self._close_batch(float("inf"))
        yield from self._leaving(None)

    def _take(self, fact: Fact) -> None:
        if fact.kind in _PROMISES or fact.contact.channel is Channel.EMAIL:
            if not self._mails:
                self._mails_leave_at = fact.at + MAIL_EVERY
            self._mails.append(mail.event(fact, self._setting))
        elif fact.contact.channel is Channel.PHONE:
            for request in phone.requests(fact, self._setting, self._phone_token):
                self._send(request)
        else:
            for request in self._chats.requests(fact):
                self._send(request)

    def _send(self, request: Request) -> None:
        if self._random.random() < LATE:
            request = self._later(request, LATE_BEATS)
        self._hold(request)
        if self._random.random() < REPEATED:
            self._hold(self._later(request, REPEATED_BEATS))

    def _later(self, request: Request, beats: tuple[float, float]) -> Request:
        return replace(request, at=request.at + self._random.uniform(*beats) * self._setting.beat)

    def _hold(self, request: Request) -> None:
        heappush(self._waiting, (request.at, next(self._numbers), request))

    def _close_batch(self, beats: float) -> None:
        if self._mails and self._mails_leave_at <= beats:
            self._send(mail.batch(self._mails, self._mails_leave_at, self._setting))
            self._mails = []

    def _leaving(self, until: datetime | None) -> Iterator[Request]:
        while self._waiting and (until is None or self._waiting[0][0] <= until):
            yield heappop(self._waiting)[2]


def simulated_day(
    seed: int, *, contacts: int, start: datetime, keys: Keys, beat: timedelta = timedelta(minutes=1)
) -> list[Request]:
    """Everything a centre's tools send in eight hours with two surges; the same for the same seed.

    ``request.at`` says when it leaves. Pass each to ``headers_at`` when it is really sent.
    """
    setting = Setting(start, beat, run=int(start.timestamp()) // 60)
    world = World(day(contacts), seed)
    deliveries = Deliveries(setting, keys.phone_token, seed)
    return [deliveries.registry(world.customers), *deliveries.of(world.facts())]
