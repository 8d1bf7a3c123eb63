"""A pool as screens show it: what stands in the books, put into the values of ``shown``."""

from collections.abc import Iterator, Mapping
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple, TypeVar

from app.core.fairness.account import Account
from app.core.fairness.book import Book
from app.core.fairness.causes import CAUSES, Seconds
from app.core.fairness.episode import Episode
from app.core.fairness.ledger import Ledger
from app.core.fairness.pool import Pool
from app.core.fairness.shown import Cell, Harmed, PoolStanding, Row, ShownEpisode, Waiter
from app.core.fairness.turn import State, Turn

N = TypeVar("N", int, float)
Counts = dict[str, dict[str, N]]

NEXT_SHOWN = 10
ROWS_SHOWN = 50
CELLS_SHOWN = 200
EPISODES_SHOWN = 50


def standing_of(book: Book, order: str, now: float) -> PoolStanding:
    """The pool of a book as of ``now``."""
    pool, base, before = book.pool, book.settled_pool(), book.told_before
    desk, ledger = pool.desk, pool.ledgers[0]
    floor = desk.floor
    return PoolStanding(
        team=book.team,
        at=now,
        order=order,
        waiting=desk.waiting.contacts,
        claims=desk.waiting.claims,
        on_duty=floor.on_duty,
        free=len(floor.idle) if floor.has_staffing else None,
        free_since=_free_since(pool, now),
        usual=pool.staffing.usual(now),
        starved=ledger.starved,
        doings=floor.doings(now),
        take_next=tuple(waiters(pool))[:NEXT_SHOWN],
        episodes=tuple(islice(shown_episodes(pool, now), EPISODES_SHOWN)),
        rows=tuple(_rows(pool, base)),
        matrix=tuple(_cells(ledger)),
        wait_seconds=_by_cause(desk.waiting.seconds, base.desk.waiting.seconds if base else {}),
        wait_seconds_total=_with(
            before.wait_seconds_total,
            _by_cause(base.desk.waiting.seconds if base else {}, book.counted_again.seconds),
        ),
        starts_out_of_turn=_less(
            ledger.out_of_turn_starts, base.ledgers[0].out_of_turn_starts if base else {}
        ),
        starts_out_of_turn_total=_with(
            before.starts_out_of_turn_total,
            _less(base.ledgers[0].out_of_turn_starts if base else {}, book.counted_again.starts),
        ),
        settled_at=max(book.begins, before.settled_at or book.begins)
        if base
        else before.settled_at,
        works_by_other_order=desk.custom.fits_better,
        favoured_without_label=tuple(_favoured(pool)),
        forgotten=desk.forgotten,
        too_late=book.too_late,
    )


def _free_since(pool: Pool, now: float) -> float | None:
    """Since when somebody free could have served somebody, once that has lasted a while."""
    since = pool.neglected_since
    if since is None or now - since < pool.terms.tuning.free_notice:
        return None
    return since


def _in_order(ledger: Ledger) -> list[Turn]:
    """Who waits, the first in turn first."""
    told = (entry for line in ledger.lines.values() for entry in line[: NEXT_SHOWN * 2])
    return [entry[2] for entry in sorted(told, key=lambda entry: entry[:2])]


def waiters(pool: Pool) -> Iterator[Waiter]:
    """Who waits, the first in turn first."""
    for turn in _in_order(pool.ledgers[0]):
        if turn.state is State.WAITING:
            yield _waiter(pool, turn)


def _waiter(pool: Pool, turn: Turn) -> Waiter:
    demand = pool.desk.contacts[turn.contact].demand
    return Waiter(turn.contact, turn.customer, turn.tier, turn.line[0], demand.ready)


def shown_episodes(pool: Pool, now: float) -> Iterator[ShownEpisode]:
    """Open episodes and those that are over, the newest first."""
    waiting = [contact for contact in pool.desk.contacts.values() if contact.state is State.WAITING]
    for episode in reversed(pool.all_episodes()):
        behind = [
            contact
            for contact in waiting
            if episode.ended_at is None
            and episode.who not in (contact.demand.customer, f"tier:{contact.demand.tier}")
        ]
        longest = max((now - contact.demand.ready for contact in behind), default=0.0)
        customers = {contact.demand.customer for contact in behind}
        yield shown_episode(episode, len(customers), longest)


def shown_episode(episode: Episode, waiting: int, longest_seconds: float) -> ShownEpisode:
    """One episode for screens, with how many customers wait for it now and how long."""
    return ShownEpisode(
        who=episode.who,
        started_at=episode.started_at,
        raised_at=episode.raised_at,
        ended_at=episode.ended_at,
        agent_seconds=round(episode.agent_seconds, 3),
        extra_wait_seconds=round(episode.extra_wait_seconds, 3),
        severity=round(episode.severity, 4),
        share_of_work=round(episode.share_of_work, 4),
        share_in_turn=round(episode.share_in_turn, 4),
        starts=episode.starts,
        out_of_turn=episode.out_of_turn,
        waiting=waiting,
        longest_seconds=round(longest_seconds, 3),
        harmed=tuple(Harmed(harm.customer, round(harm.seconds, 3)) for harm in episode.harmed),
        delayed=tuple(
            Waiter(
                each.contact,
                each.customer,
                "",
                each.channel,
                each.ready,
                each.taken_first,
                each.taken_first_of,
            )
            for each in episode.delayed
        ),
    )


class Cost(NamedTuple):
    """What one account took and was denied in the last day; ``before``: as it stood a day ago."""

    favoured: float
    entitled: float
    denied: float
    account: Account
    before: Account

    def row(self) -> Row:
        """As it is shown."""
        account, before = self.account, self.before
        return Row(
            account.name,
            account.tier,
            self.favoured,
            self.entitled,
            self.denied,
            round(account.extra_wait - before.extra_wait, 3),
            account.starts - before.starts,
            account.out_of_turn - before.out_of_turn,
        )


def _rows(pool: Pool, base: Pool | None) -> list[Row]:
    """Customers and tiers with something in the ledgers of the last day, those who took most first."""
    told = [cost for kind in ("accounts", "tiers") for cost in _costs(pool, base, kind)]
    dearest = nsmallest(
        ROWS_SHOWN, told, key=lambda c: (-c.favoured - c.entitled - c.denied, c.account.name)
    )
    return [cost.row() for cost in dearest]


def _costs(pool: Pool, base: Pool | None, kind: str) -> Iterator[Cost]:
    """Accounts that have cost anybody anything; most never have."""
    ledger, even = pool.ledgers[0], pool.ledgers[-1]
    accounts: Mapping[str, Account] = getattr(ledger, kind)
    twins: Mapping[str, Account] = getattr(even, kind)
    for name, account in accounts.items():
        ledger.settle(account)
        entitled = 0.0
        if even is not ledger:
            even.settle(twins[name])
            entitled = _taken(twins[name])
        if not (account.denied or entitled or _taken(account)):
            continue
        before = _before(base, 0, kind, account)
        favoured = _taken(account) - _taken(before)
        if even is not ledger:
            alike = entitled - _taken(_before(base, -1, kind, twins[name]))
            entitled = max(0.0, alike - favoured)
        denied = round(account.denied - before.denied, 3)
        cost = Cost(round(favoured, 3), round(entitled, 3), denied, account, before)
        if cost.favoured or cost.entitled or cost.denied:
            yield cost


NOTHING = Account("", "", is_tier=False)


def _before(base: Pool | None, place: int, kind: str, account: Account) -> Account:
    """What stood on an account a day ago; nothing on one that was opened anew since."""
    if base is None:
        return NOTHING
    accounts: Mapping[str, Account] = getattr(base.ledgers[place], kind)
    before = accounts.get(account.name, NOTHING)
    return before if before.opened == account.opened else NOTHING


def _taken(account: Account) -> float:
    return account.agent_seconds + account.reserved


def _cells(ledger: Ledger) -> Iterator[Cell]:
    if ledger.suspects:
        for account in ledger.accounts.values():
            if account.deprived:
                ledger.attribute(account)
    told = [
        Cell(waited, name, round(seconds, 3))
        for name, suspect in ledger.suspects.items()
        for waited, seconds in suspect.taken_from.items()
        if waited != name
    ]
    yield from sorted(told, key=lambda cell: (-cell.seconds, cell.waited))[:CELLS_SHOWN]


def _by_cause(seconds: Seconds, less: Seconds) -> dict[str, dict[str, float]]:
    """Seconds by tier and cause, less what is counted elsewhere."""
    nothing = [0.0] * len(CAUSES)
    return {
        tier: {
            str(cause): round(max(0.0, now - before), 3)
            for cause, now, before in zip(CAUSES, told, less.get(tier, nothing), strict=True)
        }
        for tier, told in seconds.items()
    }


def _less(
    now: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    return {
        channel: {
            tier: max(0, count - before.get(channel, {}).get(tier, 0))
            for tier, count in tiers.items()
        }
        for channel, tiers in now.items()
    }


def _with(before: Mapping[str, Mapping[str, N]], since: Mapping[str, Mapping[str, N]]) -> Counts[N]:
    """Counts of two times together."""
    found = {name: dict(own) for name, own in before.items()}
    for name, own in since.items():
        into = found.setdefault(name, {})
        for each, count in own.items():
            into[each] = into[each] + count if each in into else count
    return found


def _favoured(pool: Pool) -> Iterator[str]:
    """Customers served like important ones whom nobody called so."""
    for account in pool.ledgers[0].accounts.values():
        if account.tier not in pool.terms.overlays and pool.detector.is_favoured(account):
            yield account.name
