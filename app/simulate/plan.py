"""How big a simulated centre is, how busy it gets, and how people in it behave."""

from dataclasses import dataclass

from app.core.events import Channel

CHANNELS = {Channel.PHONE: 0.45, Channel.CHAT: 0.30, Channel.EMAIL: 0.25}
"""How customers choose to reach out."""

TEAMS = {Channel.PHONE: "hotline", Channel.CHAT: "support", Channel.EMAIL: "support"}
"""Who takes what."""

PHONE_PATIENCE = 30.0
"""Beats, on average, until a caller hangs up."""

CHAT_PATIENCE = 12.0
"""Beats, on average, until a chatting customer asks whether anybody is there."""

DECLINED = 0.05
HELD = 0.15
SECOND_QUESTION = 0.3
PROMISES = 0.12

CALL_BACK_AHEAD = 10.0
"""How many beats before the promised instant the agents begin to think of it."""

CARE = 7.0
"""Beats of an agent's time that a contact takes on average."""


@dataclass(frozen=True, slots=True)
class Surge:
    """When the important client needs everybody: contacts a beat, again and again."""

    first_at: float
    lasts: float
    every: float
    rate: float

    def is_on(self, at: float) -> bool:
        """Whether ``at`` lies in a surge."""
        return at >= self.first_at and (at - self.first_at) % self.every < self.lasts


@dataclass(frozen=True, slots=True)
class Plan:
    """``rate`` is contacts a beat in calm times, ``agents`` how many agents each team has.

    After ``contacts`` no more come; ``None`` goes on for ever.
    """

    rate: float
    surge: Surge
    agents: dict[str, int]
    contacts: int | None = None


DEMO = Plan(
    rate=0.65,
    surge=Surge(first_at=60.0, lasts=90.0, every=240.0, rate=1.1),
    agents={"hotline": 5, "support": 5},
)
"""One beat a second: calm for a minute, then a surge of a minute and a half every four minutes."""

DAY_BEATS = 480.0
SURGES_SHARE = 0.25


def day(contacts: int) -> Plan:
    """Eight hours of one beat a minute with two surges, agents enough for the calm hours."""
    rate = contacts * (1 - SURGES_SHARE) / DAY_BEATS
    surge = Surge(first_at=90.0, lasts=60.0, every=210.0, rate=contacts * SURGES_SHARE / 120.0)
    a_team = max(2, round(rate * CARE))
    return Plan(rate, surge, {"hotline": a_team, "support": a_team}, contacts)
