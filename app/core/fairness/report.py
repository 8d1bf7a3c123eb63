"""What there is to say of an episode: since when, at whose cost, and how much."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from app.core.fairness.amounts import (
    DELAYED_SHOWN,
    Comparison,
    Excess,
    compare,
    harm_by_customer,
    lasting,
    overlap,
    worked,
)
from app.core.fairness.detector import Detector, Watch
from app.core.fairness.episode import Delayed, Episode, Harm
from app.core.fairness.history import History
from app.core.fairness.in_turn import Phase

Window = tuple[float, float]


class Reporter:
    """Reports as of one instant; what happened is played in turn once for all of them."""

    def __init__(
        self,
        history: History,
        detector: Detector,
        closed: Sequence[Episode],
        chats_per_agent: int,
        now: float,
    ) -> None:
        """Nothing is worked out yet."""
        self.history, self.detector, self.closed = history, detector, closed
        self.chats_per_agent, self.now = chats_per_agent, now

    @cached_property
    def _comparison(self) -> Comparison:
        return compare(self.history, self.now, self.chats_per_agent, self.detector.tuning)

    @cached_property
    def _excesses(self) -> list[Excess]:
        return list(self._comparison.excesses())

    @cached_property
    def _early(self) -> list[tuple[Phase, float, float]]:
        return list(self._comparison.early())

    def close(self, watch: Watch) -> Episode:
        """The whole of an episode that is over."""
        return self._episode(watch, watch.last_significant, is_over=True)

    def report(self, watch: Watch) -> Episode:
        """An episode that lasts, up to now."""
        return self._episode(watch, self.now, is_over=False)

    def _episode(self, watch: Watch, end: float, *, is_over: bool) -> Episode:
        assert watch.raised_at is not None
        account = self.detector.ledger.named(watch.name)
        self.detector.ledger.settle(account)
        window = self._window(watch, end, is_over=is_over)
        before = [each for each in self.closed if _goes_on(each, watch.name, window)]
        reserved = account.reserved - watch.onset.reserved
        reserved += sum(each.reserved_seconds for each in before)
        taken = dict(self._taken(window))
        own = taken.get(watch.name, 0.0)
        served_first = self._served_first(window) | {watch.name}
        customers = self._customers(served_first)
        harm = harm_by_customer(self._excesses, window, customers)
        part = own / (sum(taken.get(name, 0.0) for name in served_first) or 1.0)
        extra = sum(harm.values()) * (part or 1.0)
        least = self.detector.tuning.waited_for
        return Episode(
            who=watch.name,
            started_at=window[0],
            raised_at=min([watch.raised_at, *(each.raised_at for each in before)]),
            ended_at=window[1] if is_over else None,
            agent_seconds=own + reserved,
            reserved_seconds=reserved,
            extra_wait_seconds=extra,
            severity=min(1.0, extra / (self._waited(window) or 1.0)),
            share_of_work=self._share(watch.name, window),
            share_in_turn=self._share_in_turn(customers, window),
            starts=account.starts - watch.onset.starts + sum(each.starts for each in before),
            out_of_turn=account.out_of_turn
            - watch.onset.out_of_turn
            + sum(each.out_of_turn for each in before),
            harmed=tuple(
                Harm(name, seconds)
                for name, seconds in sorted(harm.items(), key=lambda told: (-told[1], told[0]))
                if seconds >= least
            ),
            delayed=tuple(self._delayed(window, customers)),
        )

    def _window(self, watch: Watch, end: float, *, is_over: bool) -> Window:
        """From the first harm to the last: debt and its tolerance alone begin too early or late."""
        assert watch.raised_at is not None
        own = self._customers({watch.name})
        gains = self._comparison.gains(own)
        for start, last in lasting(self._excesses, gains, own, self.detector.tuning.reach):
            if start <= watch.raised_at <= last + self.detector.tuning.clear:
                if not is_over:
                    return (start, end)
                return (start, max(min(last, self.now), watch.raised_at))
        return (watch.onset.at, max(end, watch.raised_at))

    def _customers(self, names: Collection[str]) -> set[str]:
        return {
            phase.customer for phase in self.history.phases if not _names(phase).isdisjoint(names)
        }

    def _taken(self, window: Window) -> Mapping[str, float]:
        """Agent-seconds of work before its fair turn, by customer and by tier."""
        taken: dict[str, float] = defaultdict(float)
        for phase, start, end in self._early:
            load = self._load(phase)
            for name in _names(phase):
                taken[name] += load * overlap(start, end, window)
        return taken

    def _delayed(self, window: Window, served_first: Collection[str]) -> Iterator[Delayed]:
        """Contacts that waited longest beyond their turn, each with one that was taken before it."""
        firsts = sorted(
            ((start, phase) for phase, start, _ in self._early if phase.customer in served_first),
            key=lambda each: each[0],
        )
        told = [
            (excess, overlap(excess.start, excess.end, window))
            for excess in self._excesses
            if excess.phase.customer not in served_first
        ]
        told.sort(key=lambda each: (-each[1], each[0].phase.contact))
        for excess, seconds in told[:DELAYED_SHOWN]:
            if seconds:
                phase = excess.phase
                first = _taken_before(firsts, phase.ready, phase.ready + phase.waited(self.now))
                yield Delayed(
                    phase.contact,
                    phase.customer,
                    phase.line[0],
                    phase.ready,
                    seconds,
                    first.contact if first else "",
                    first.customer if first else "",
                )

    def _share_in_turn(self, customers: Collection[str], window: Window) -> float:
        """The share of work that those served first would have had, in turn."""
        mine = whole = 0.0
        comparison = self._comparison
        for phase, fair in zip(comparison.phases, comparison.in_turn, strict=True):
            load = self._load(phase)
            start = phase.ready + fair
            seconds = load * overlap(start, start + phase.worked(self.now), window)
            whole += seconds
            mine += seconds if phase.customer in customers else 0.0
        return mine / whole if whole else 0.0

    def _load(self, phase: Phase) -> float:
        return 1 / self.chats_per_agent if phase.line[0] == "chat" else 1.0

    def _served_first(self, window: Window) -> set[str]:
        """Everybody with an episode in a window."""
        lasting = {
            watch.name
            for watch in self.detector.watches.values()
            if watch.raised_at is not None and watch.onset.at < window[1]
        }
        return lasting | {
            episode.who
            for episode in self.closed
            if episode.ended_at is not None
            and episode.ended_at > window[0]
            and episode.started_at < window[1]
        }

    def _waited(self, window: Window) -> float:
        return sum(
            overlap(phase.ready, phase.ready + phase.waited(self.now), window)
            for phase in self.history.phases
        )

    def _share(self, name: str, window: Window) -> float:
        mine = whole = 0.0
        for phase in self.history.phases:
            load = self._load(phase)
            for start, end in worked(phase, self.now):
                seconds = load * overlap(start, end, window)
                whole += seconds
                mine += seconds if name in _names(phase) else 0.0
        return mine / whole if whole else 0.0


def _goes_on(before: Episode, name: str, window: Window) -> bool:
    """Whether an episode that had been cleared goes on in a window that reaches back to it."""
    return before.who == name and before.ended_at is not None and window[0] <= before.ended_at


def _taken_before(firsts: list[tuple[float, Phase]], ready: float, until: float) -> Phase | None:
    """The first contact that was started out of turn while another one waited."""
    place = bisect_left(firsts, ready, key=lambda each: each[0])
    if place < len(firsts) and firsts[place][0] <= until:
        return firsts[place][1]
    return firsts[place - 1][1] if place else None


def _names(phase: Phase) -> set[str]:
    return {phase.customer, f"tier:{phase.tier}"}
