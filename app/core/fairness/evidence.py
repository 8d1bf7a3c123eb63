"""Is one customer favoured, or is the team merely disorderly: an e-detector over contested starts.

The null hypothesis: a contact of customer X is started out of turn with probability at most
``q = b * n_X / (n - 1)``, where n contacts wait, n_X of them X's, and b is how disorderly the team
is towards everybody else. A bet ``theta`` multiplies the evidence by ``e^theta`` at every such start
and by ``exp(-(e^theta - 1) q)`` at every contested start, won or lost; as 1 + x <= e^x this is a
supermartingale, and cut off at 1 from below an e-detector (Shin, Ramdas and Rinaldo 2023, section
3): the expected number of contested starts until it passes A by chance is at least A. A mean of
several bets is one too, and is quick both where X seldom waits and where it often does.
"""

from collections import deque
from math import exp, log

import msgspec

from app.core.fairness.tuning import Tuning

PRIOR_STARTS = 20
"""Contested starts of a team of ordinary disorder that stand in before its own are known."""


class Evidence(msgspec.Struct, array_like=True, gc=False):
    """Logarithms of one account's evidence, a bet each, and the clocks when it was last weighed."""

    logs: list[float]
    choices_seen: float
    starts_seen: int


class Contest(msgspec.Struct, array_like=True, gc=False):
    """One contested start that is remembered: whose it was, and whether it was out of turn."""

    customer: str
    tier: str
    out_of_turn: bool


class Contests:
    """All contested starts of a pool: how often, how disorderly, and towards whom.

    ``choices`` grows by 1 / (n - 1) at each; n_X times its growth is what X could expect of blind
    choice.
    """

    __slots__ = ("_bets", "_parts", "_tuning", "choices", "recent", "starts", "tally", "wrong")

    def __init__(self, tuning: Tuning) -> None:
        """No start so far."""
        self._tuning = tuning
        self._bets = [(theta, exp(theta) - 1) for theta, _ in tuning.bets]
        self._parts = [part for _, part in tuning.bets]
        self.choices = 0.0
        self.starts = 0
        self.wrong = 0
        self.recent: deque[Contest] = deque()
        self.tally: dict[str, list[int]] = {}

    def note(self, contest: Contest, waiting: int) -> None:
        """Remember a contested start; ``waiting`` counts the contact that was started."""
        self.choices += 1 / (waiting - 1)
        self.starts += 1
        self.recent.append(contest)
        self._count(contest, 1)
        if len(self.recent) > self._tuning.contested_remembered:
            self._count(self.recent.popleft(), -1)

    def _count(self, contest: Contest, sign: int) -> None:
        wrong = sign if contest.out_of_turn else 0
        self.wrong += wrong
        for name in (contest.customer, contest.tier):
            if name:
                told = self.tally.get(name)
                if told is None:
                    told = self.tally[name] = [0, 0]
                told[0] += sign
                told[1] += wrong
                if not told[0]:
                    del self.tally[name]

    def restore(self, choices: float, starts: int, recent: deque[Contest]) -> None:
        """Go on where another one stood."""
        self.choices, self.starts, self.recent = choices, starts, recent
        self.wrong, self.tally = 0, {}
        for contest in recent:
            self._count(contest, 1)

    def disorder(self, name: str) -> float:
        """b: the share of everybody else's contested starts that were out of turn."""
        floor = self._tuning.blind_share
        own, own_wrong = self.tally.get(name, (0, 0))
        wrong = self.wrong - own_wrong + PRIOR_STARTS * floor
        return max(floor, wrong / (len(self.recent) - own + PRIOR_STARTS))

    def begin(self) -> Evidence:
        """Nothing is held against anybody yet."""
        return Evidence([0.0] * len(self._bets), self.choices, self.starts)

    def reaches(self, evidence: Evidence, limit: float) -> bool:
        """Whether the logarithm of the evidence, over all bets by their part of the stake, is enough.

        No mean of the bets is larger than the largest, which settles most questions.
        """
        logs = evidence.logs
        top = max(logs)
        if top < limit:
            return False
        told = zip(logs, self._parts, strict=True)
        return top + log(sum([part * exp(each - top) for each, part in told])) >= limit

    def weigh(self, evidence: Evidence, name: str, waiting: int, share: float) -> None:
        """Bring evidence up to date: what blind choice explains since then speaks for blindness.

        ``waiting`` is n_X and did not change meanwhile. In a disorderly team who picks by arrival
        rather than among those who wait picks X by its ``share`` of the contacts.
        """
        choices = self.choices - evidence.choices_seen
        if not choices:
            return
        starts = self.starts - evidence.starts_seen
        evidence.choices_seen, evidence.starts_seen = self.choices, self.starts
        logs = evidence.logs
        if not any(logs):
            return
        floor, disorder = self._tuning.blind_share, self.disorder(name)
        expected = waiting * choices
        expected = floor * expected + (disorder - floor) * max(expected, share * starts)
        evidence.logs = [
            max(0.0, each - stake * expected)
            for each, (_, stake) in zip(logs, self._bets, strict=True)
        ]

    def strengthen(self, evidence: Evidence) -> None:
        """Its contact was started out of turn."""
        evidence.logs = [
            each + theta for each, (theta, _) in zip(evidence.logs, self._bets, strict=True)
        ]
