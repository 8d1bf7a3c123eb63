"""Tell the owners of pools what contacts and agents did there, in the transaction that found it out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core.clocks.standing import Place
from app.core.events import Event, in_canonical_order
from app.core.fairness.book import HORIZON_SECONDS
from app.core.fairness.moves import Move
from app.core.fairness.pools import gathered
from app.core.fairness.reading import Moves, moves_of, moves_of_agent
from app.core.policy import UNASSIGNED, UNMAPPED, Policy
from app.core.registry import Registry
from app.core.replay import Contact, Terms
from app.operations.intake import AGENT_MARK
from app.operations.rounds import Folded, Round, settle_marks
from app.store import events as event_store
from app.store import pool_news, pools, touched
from app.store.engine import Transaction
from app.store.pool_news import News

HORIZON = timedelta(seconds=HORIZON_SECONDS)
"""What is over for longer changes no pool."""
ANYWHERE = "\x1fanywhere"
"""Ends the key of an agent's events that name no team: they count where the agent works."""
NOBODYS = frozenset({UNASSIGNED, UNMAPPED})


@dataclass(frozen=True, slots=True)
class Doings:
    """What one contact does in pools: news for them, and those passed that are not its team's."""

    news: Sequence[News] = ()
    passed: Sequence[tuple[str, str]] = ()


def doings_of(contact: Contact, had: Collection[str], known: Registry, round_: Round) -> Doings:
    """What a replayed contact does in pools; ``had``: those it was in when last stored."""
    if contact.is_over and contact.last_event_at < round_.now - HORIZON:
        return Doings()
    moves = gathered(_moves(contact, known, round_.terms))
    return Doings(
        [News(team, contact.key, moves.get(team, ())) for team in moves.keys() | set(had)],
        [(contact.key, team) for team in moves if team != contact.team],
    )


async def tell_pools(
    tx: Transaction, told: Iterable[Doings], gone: Mapping[str, set[str]], round_: Round
) -> None:
    """Tell what contacts do in pools. ``gone``: the pools of contacts that are no more."""
    news: list[News] = []
    passed: list[tuple[str, str]] = []
    for each in told:
        news.extend(each.news)
        passed.extend(each.passed)
    news.extend(News(team, key, ()) for key, teams in gone.items() for team in teams)
    policy = round_.terms.policies.in_force(round_.now)
    await pool_news.note_passed(tx, passed)
    await pool_news.tell(tx, [each for each in news if _has_pool(each.team, policy)])


def _moves(contact: Contact, known: Registry, terms: Terms) -> Moves:
    source = terms.sources_of(contact.line.events)
    entry = known.entry(contact.customer)
    place = Place(contact.line, source, terms.policies, entry)
    return moves_of(contact.line, place, contact.customer)


def _has_pool(team: str, policy: Policy) -> bool:
    """Contacts that no team has are not waiting for the same agents, unless there is but one team."""
    return team not in NOBODYS or not policy.teams


async def fold_agents(tx: Transaction, claimed: Sequence[str], round_: Round) -> None:
    """Tell what claimed agents did, where it names no contact."""
    marks = await touched.load_marks(tx, claimed)
    keys = [key.removeprefix(AGENT_MARK) for key in claimed]
    told = await event_store.load_of_agents(tx, keys, round_.now - HORIZON)
    teams = list(round_.terms.policies.in_force(round_.now).teams) or await pools.load_teams(tx)
    await pool_news.tell(
        tx, [news for key in keys for news in _news_of(key, told[key], round_.terms, teams)]
    )
    await settle_marks(tx, claimed, marks, {}, round_.now)
    round_.done.add(Folded(keys=len(claimed)))


def _news_of(
    key: str, events: Sequence[Event], terms: Terms, teams: Sequence[str]
) -> Iterator[News]:
    by_team: dict[str, list[Move]] = {}
    for event in in_canonical_order(events):
        policy = terms.policies.in_force(event.occurred_at)
        team = policy.team_of(terms.source(event.source), event.data.team, event.data.queue)
        by_team.setdefault(team, []).extend(moves_of_agent(event))
    anywhere = by_team.pop(UNASSIGNED, [])
    by_team.pop(UNMAPPED, None)
    for team, moves in by_team.items():
        yield News(team, AGENT_MARK + key, moves)
    if anywhere:
        for team in teams:
            yield News(team, AGENT_MARK + key + ANYWHERE, anywhere, members_only=True)
