"""A plan in the making: who comes when, what it takes, who is served first from when on."""

from collections.abc import Callable, Mapping
from math import inf, log
from random import Random
from types import MappingProxyType

from app.core.events import Channel
from app.simulate.fairness.demand import LOAD, Agreement, Demand, DemandKey, Denial, FollowUp
from app.simulate.fairness.plan import HOUR, Conduct, Manner, Plan, Span

LEADER = "Acme"
"""The important client of the story."""

MEAN_SECONDS: Mapping[Channel, float] = MappingProxyType(
    {Channel.PHONE: 290.0, Channel.CHAT: 510.0, Channel.EMAIL: 410.0}
)
SPREAD = 0.7
"""Sigma of the lognormal handle times (Brown et al., JASA 2005)."""

LEAST_PATIENCE_SECONDS = 120.0
MEAN_PATIENCE_SECONDS = 2400.0
SECOND_MAIL_SHARE = 0.25
SECOND_MAIL_AFTER_SECONDS = 2700.0
SECOND_MAIL_SECONDS = 240.0
NEWCOMERS_SHARE = 0.2
IMPORTANT_SHARE = 0.08
"""Of ordinary traffic: important customers whom nobody serves first."""

LIVE: Mapping[Channel, float] = MappingProxyType({Channel.PHONE: 0.6, Channel.CHAT: 0.4})
CALLS: Mapping[Channel, float] = MappingProxyType({Channel.PHONE: 1.0})
CHATS: Mapping[Channel, float] = MappingProxyType({Channel.CHAT: 1.0})
MAIL: Mapping[Channel, float] = MappingProxyType({Channel.EMAIL: 1.0})

Mix = Mapping[Channel, float]
Who = Callable[[], str]
Share = Callable[[float], float]


def during(span: Span) -> Share:
    """All of it within the span, nothing outside."""
    return lambda at: 1.0 if span.start <= at < span.end else 0.0


class Draft:
    """What a scenario writes on; every draw comes from one seeded generator.

    ``load`` is always the share of all agents' time that a stream of contacts asks for.
    """

    def __init__(self, name: str, seed: int):
        self.name = name
        self.seed = seed
        self.random = Random(f"{name}/{seed}")
        self.agents = self.random.choice((8, 10, 12))
        self.horizon = 10 * HOUR
        start = self.random.uniform(2.0, 4.0) * HOUR
        self.rush = Span(start, start + self.random.uniform(1.5, 3.0) * HOUR)
        self.agreement = Agreement()
        self.conduct = Conduct()
        self.manner = Manner()
        self.tiers: dict[str, str] = {}
        self.served_first: dict[str, Share] = {}
        self.refusals: Share = lambda _at: 0.0
        self.menu_seconds: Callable[[str], float] = lambda _tier: 0.0
        self.longest_wrap_up_seconds = 0.0
        self.two_on_a_call_share = 0.0
        self.skill_of: dict[str, str] = {}
        self.skills: dict[str, frozenset[str]] = {}
        self.shifts: dict[str, tuple[Span, ...]] = {}
        self.chat_follow_ups: Callable[[], tuple[FollowUp, ...]] = tuple
        self._demands: list[Demand] = []

    @property
    def whole(self) -> Span:
        """From the beginning to the horizon."""
        return Span(0.0, self.horizon)

    def agent(self, number: int) -> str:
        """What the agent is called."""
        return f"agent-{number}"

    # Who there is.

    def clients(self, count: int) -> Who:
        """Ordinary customers, some of whom come often, one in five new."""
        names = [f"client-{number}" for number in range(count)]
        for name in names:
            is_new = self.random.random() < NEWCOMERS_SHARE
            self.tiers[name] = "new" if is_new else "standard"
        often = [1.0 / (number + 3) ** 0.7 for number in range(count)]
        return lambda: self.random.choices(names, often)[0]

    def everybody(self, count: int = 60) -> Who:
        """Ordinary customers, and three important ones whom nobody serves first."""
        ordinary = self.clients(count)
        important = [f"important-{number}" for number in range(3)]
        self.tiers.update(dict.fromkeys(important, "important"))

        def one_of_them() -> str:
            is_important = self.random.random() < IMPORTANT_SHARE
            return self.random.choice(important) if is_important else ordinary()

        return one_of_them

    def only(self, name: str, tier: str = "important") -> Who:
        """One customer."""
        self.tiers[name] = tier
        return lambda: name

    def serve_first(self, name: str, share: Share | None = None) -> None:
        """From here on the customer is served first: that share of her contacts, always all."""
        self.served_first[name] = share or during(self.whole)

    # Who comes when.

    def stream(
        self,
        load: float,
        who: Who,
        span: Span | None = None,
        mix: Mix = LIVE,
        shape: Share | None = None,
    ) -> None:
        """Poisson arrivals of that load, thinned by ``shape``."""
        span = span or self.whole
        mean = sum(share * MEAN_SECONDS[one] * LOAD[one] for one, share in mix.items())
        rate = load * self.agents / mean
        at = span.start + self.random.expovariate(rate)
        while at < span.end:
            if shape is None or self.random.random() <= shape(at):
                channel = self.random.choices(list(mix), list(mix.values()))[0]
                self.contact(at, who(), channel)
            at += self.random.expovariate(rate)

    def contact(
        self,
        at: float,
        customer: str,
        channel: Channel,
        work_seconds: float | None = None,
        denial: Denial | None = None,
    ) -> None:
        """One contact."""
        share = self.served_first.get(customer)
        is_favoured = self.random.random() < share(at) if share else False
        is_refused = self.random.random() < self.refusals(at) and share is None
        patience = self._patience(channel) if work_seconds is None and denial is None else inf
        tier = self.tiers[customer]
        is_call = channel is Channel.PHONE
        demand = Demand(
            key=DemandKey(f"contact-{len(self._demands) + 1}", 0),
            customer=customer,
            tier=tier,
            channel=channel,
            received_at=at,
            ready_at=at + self.menu_seconds(tier),
            work_seconds=work_seconds or self._work(MEAN_SECONDS[channel]),
            patience_seconds=patience,
            wrap_up_seconds=self._up_to(self.longest_wrap_up_seconds) if is_call else 0.0,
            skill=self.skill_of.get(customer, ""),
            is_favoured=is_favoured,
            denial=denial or (Denial.REFUSED if is_refused else Denial.NONE),
            needs_two=is_call and self.random.random() < self.two_on_a_call_share,
            follow_ups=self._follow_ups(channel),
        )
        self._demands.append(demand)

    def plan(self) -> Plan:
        """The finished plan. Who has no shifts of their own is there all the time."""
        shifts = {self.agent(number): (self.whole,) for number in range(self.agents)}
        demands = [one for one in self._demands if one.received_at < self.horizon]
        return Plan(
            name=self.name,
            seed=self.seed,
            horizon=self.horizon,
            demands=tuple(sorted(demands, key=lambda one: one.received_at)),
            shifts={**shifts, **self.shifts},
            favoured=frozenset(self.served_first),
            agreement=self.agreement,
            conduct=self.conduct,
            manner=self.manner,
            skills=self.skills,
        )

    def _work(self, mean_seconds: float) -> float:
        return self.random.lognormvariate(log(mean_seconds) - SPREAD**2 / 2, SPREAD)

    def _up_to(self, seconds: float) -> float:
        return self.random.uniform(0.0, seconds)

    def _patience(self, channel: Channel) -> float:
        if channel is Channel.EMAIL or self.chat_follow_ups is not tuple:
            return inf
        return LEAST_PATIENCE_SECONDS + self.random.expovariate(1.0 / MEAN_PATIENCE_SECONDS)

    def _follow_ups(self, channel: Channel) -> tuple[FollowUp, ...]:
        if channel is Channel.CHAT:
            return self.chat_follow_ups()
        if channel is Channel.PHONE or self.random.random() >= SECOND_MAIL_SHARE:
            return ()
        after = self.random.expovariate(1.0 / SECOND_MAIL_AFTER_SECONDS)
        return (FollowUp(after, self._work(SECOND_MAIL_SECONDS)),)
