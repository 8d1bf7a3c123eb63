"""Read where the pools stand, and how the customers they speak of are shown."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.fairness.identity import KnownEpisode
from app.core.fairness.shown import PoolStanding, ShownEpisode, Waiter
from app.store import episodes, pool_names, pools
from app.store.engine import Transaction
from app.store.now import Who
from app.store.pool_names import Mentioned

TIER = "tier:"
"""Begins the name of an episode's subject that is no customer."""
EPISODES_KEPT = timedelta(days=1)
"""For how long an episode that is over is shown."""


@dataclass(frozen=True, slots=True)
class Pools:
    """Where pools stand; names by customer, links by contact."""

    standings: tuple[PoolStanding, ...] = ()
    episodes: tuple[KnownEpisode, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


async def load_pools(
    tx: Transaction, teams: Collection[str], shown: Callable[[Who], str], now: datetime
) -> Pools:
    """What there is to show at ``now``; of a policy with teams only theirs."""
    standings = [told for told in await pools.load_standings(tx) if not teams or told.team in teams]
    known = await episodes.load_episodes(tx, now - EPISODES_KEPT)
    known = [each for each in known if not teams or each.team in teams]
    mentioned = mentioned_in(standings, known)
    if not mentioned.customers:
        return Pools(tuple(standings), tuple(known))
    return Pools(
        tuple(standings),
        tuple(known),
        {who.customer: shown(who) for who in await pool_names.load_who(tx, mentioned)},
        await pool_names.load_links(tx, mentioned),
    )


def mentioned_in(standings: Iterable[PoolStanding], known: Iterable[KnownEpisode]) -> Mentioned:
    """Everybody and everything that a screen may have to name."""
    customers: set[str] = set()
    contacts: set[str] = set()
    for told in standings:
        customers.update(row.customer for row in told.rows)
        customers.update(name for cell in told.matrix for name in (cell.waited, cell.taken_first))
        customers.update(told.favoured_without_label)
        _note(told.take_next, customers, contacts)
        for shown in told.episodes:
            _note_episode(shown, customers, contacts)
    for each in known:
        _note_episode(each.shown, customers, contacts)
    return Mentioned(set(_named(customers)), contacts - {""})


def _note_episode(shown: ShownEpisode, customers: set[str], contacts: set[str]) -> None:
    customers.add(shown.who)
    customers.update(harmed.customer for harmed in shown.harmed)
    _note(shown.delayed, customers, contacts)


def _note(waiters: Sequence[Waiter], customers: set[str], contacts: set[str]) -> None:
    for waiter in waiters:
        customers.update((waiter.customer, waiter.taken_first_of))
        contacts.update((waiter.contact, waiter.taken_first))


def _named(customers: Iterable[str]) -> Iterator[str]:
    return (name for name in customers if name and not name.startswith(TIER))
