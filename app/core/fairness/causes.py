"""Why they wait: every second of waiting belongs to exactly one cause, so that causes add up to all.

While n contacts wait and M agents are on duty, each cause takes the share of the team's capacity
that is lost to it (a fluid argument; the idea of lost time by cause is that of pressure stall
information). What is left over is plain load, or unknown where the sources cannot tell it apart.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Cause(StrEnum):
    """Why somebody waits."""

    FAVOURED = "favoured"
    ENTITLED = "entitled"
    CROWDING = "crowding"
    TURNED_AWAY = "turned_away"
    NEGLECT = "neglect"
    UNDERSTAFFED = "understaffed"
    SLOW_CONTACT = "slow_contact"
    OTHER_CHANNEL = "other_channel"
    OWN_BACKLOG = "own_backlog"
    OVERLOAD = "overload"
    UNKNOWN = "unknown"


CAUSES = tuple(Cause)
(
    _FAVOURED,
    _ENTITLED,
    _,
    _TURNED_AWAY,
    _NEGLECT,
    _UNDERSTAFFED,
    _SLOW_CONTACT,
    _OTHER_CHANNEL,
    _OWN_BACKLOG,
    _OVERLOAD,
    _UNKNOWN,
) = range(len(CAUSES))


class Queue(msgspec.Struct, array_like=True, gc=False):
    """Who waits in one tier: on live channels, by mail, and claims of those told no."""

    live: int = 0
    mail: int = 0
    claims: int = 0


class Load(msgspec.Struct, gc=False):
    """What the team's capacity is lost to, at one moment.

    ``favoured`` and ``entitled``: contacts overtaken times load of the work that overtook them.
    ``neglected`` and ``usual`` (how many agents are usually there) are zero and none where nobody
    tells who is there. ``followers``: waiting
    contacts behind another one of the same customer.
    """

    on_duty: int
    live_busy: int
    favoured: float
    entitled: float
    neglected: int
    slow: int
    usual: float | None
    has_staffing: bool
    waiting: int
    followers: int


Seconds = dict[str, list[float]]
"""Contact-seconds by tier, in the order of ``CAUSES``."""


Shares = list[tuple[int, float]]
"""Parts of one second of waiting, by the place of the cause in ``CAUSES``."""


def shares(load: Load, *, live: bool) -> Shares:
    """How one second of waiting divides over the causes; they add up to 1."""
    told = _lost(load)
    rest = 1.0
    if told:
        named = sum([share for _, share in told])
        if named > 1:
            return [(place, share / named) for place, share in told]
        rest -= named
    if not live and load.live_busy:
        other = rest * min(1.0, load.live_busy / (load.on_duty or 1))
        told.append((_OTHER_CHANNEL, other))
        rest -= other
    if load.followers:
        own = rest * load.followers / load.waiting
        told.append((_OWN_BACKLOG, own))
        rest -= own
    told.append((_OVERLOAD if load.has_staffing else _UNKNOWN, rest))
    return told


def _lost(load: Load) -> Shares:
    """What the team's capacity is lost to, as far as the sources can tell."""
    on_duty = load.on_duty or 1
    told: Shares = []
    if load.favoured or load.entitled:
        per_contact = 1 / (on_duty * (load.waiting or 1))
        if load.favoured:
            told.append((_FAVOURED, min(1.0, load.favoured * per_contact)))
        if load.entitled:
            told.append((_ENTITLED, min(1.0, load.entitled * per_contact)))
    if load.slow:
        told.append((_SLOW_CONTACT, min(1.0, load.slow / on_duty)))
    if load.neglected:
        told.append((_NEGLECT, min(1.0, load.neglected / on_duty)))
    if load.usual and load.usual > load.on_duty:
        told.append((_UNDERSTAFFED, 1 - load.on_duty / load.usual))
    return told


def divide(seconds: float, load: Load, queues: Mapping[str, Queue], into: Seconds) -> None:
    """Add ``seconds`` of everybody's waiting to its causes."""
    live: Shares | None = None
    mail: Shares | None = None
    for tier, queue in queues.items():
        told = into.get(tier)
        if told is None:
            told = into[tier] = [0.0] * len(CAUSES)
        if queue.live:
            live = live or shares(load, live=True)
            waited = queue.live * seconds
            for place, share in live:
                told[place] += waited * share
        if queue.mail:
            mail = mail or shares(load, live=False)
            waited = queue.mail * seconds
            for place, share in mail:
                told[place] += waited * share
        if queue.claims:
            told[_TURNED_AWAY] += queue.claims * seconds
