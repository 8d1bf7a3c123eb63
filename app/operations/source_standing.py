"""How a source does, in a word and in a sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.deliveries import Arrival, Verdict
from app.core.gaps import many, span
from app.core.snapshot import SourceNews
from app.operations.source_report import State

REFUSED_TO_WORRY = 3
"""Refusals after a good delivery that mean something: anybody can cause one."""
AN_HOUR = timedelta(hours=1)
VERIFIED = frozenset({Verdict.TAKEN, Verdict.REPEATED, Verdict.NOTHING, Verdict.KEPT})
"""What the tool itself sent, and not somebody else or we."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a source's deliveries at ``now``; ``arrivals`` has the newest first."""

    tool: str
    is_fetched: bool
    news: SourceNews
    arrivals: Sequence[Arrival]
    last_hour: int
    refused_last_hour: int
    now: datetime

    @property
    def verified(self) -> list[Arrival]:
        """The deliveries that the tool itself sent."""
        return [each for each in self.arrivals if each.verdict in VERIFIED]

    @property
    def refused(self) -> list[Arrival]:
        """The deliveries that were not let in."""
        return [each for each in self.arrivals if each.verdict is Verdict.REFUSED]

    @property
    def refused_because(self) -> Mapping[str, int]:
        """The newest deliveries that were not let in within the last hour, counted by reason."""
        newest = (each for each in self.refused if each.received_at > self.now - AN_HOUR)
        return Counter(each.reason for each in newest if each.reason)

    @property
    def last_delivery_at(self) -> datetime | None:
        """When the tool itself last sent something that is still remembered."""
        return max((each.received_at for each in self.verified), default=None)

    @property
    def is_silent(self) -> bool:
        """Whether it has told nothing for longer than it may."""
        return self.news.silent_after is not None and self.news.silent_after < self.now

    @property
    def state(self) -> State:
        """The worst that is true of it."""
        last, verified = self.last_delivery_at, self.verified
        since = max(last or self.now - AN_HOUR, self.now - AN_HOUR)
        refused = sum(each.received_at > since for each in self.refused)
        if refused >= (1 if last is None else REFUSED_TO_WORRY):
            return State.REFUSED
        if last is None and self.news.last_event_at is None:
            return State.NOTHING_YET
        if verified and all(each.verdict is Verdict.KEPT for each in verified):
            return State.UNREADABLE
        return State.SILENT if self.is_silent else State.WORKS

    @property
    def sentence(self) -> str:
        """The state as people say it, with what to do where something is to be done."""
        match self.state:
            case State.NOTHING_YET if self.is_fetched:
                return "Nothing has come yet. We fetch it ourselves: is the connection right?"
            case State.NOTHING_YET:
                return f"Nothing has come yet. Paste its address into {self.tool}."
            case State.REFUSED:
                times = many(self.refused_last_hour, "time", "times")
                return f"Refused {times} in the last hour: {self.refused[0].reason}."
            case State.UNREADABLE:
                return "What comes cannot be read. It is kept."
            case State.SILENT:
                last = self.news.last_event_at or self.now
                return f"Silent for {span(self.now - last)}, which is longer than it may be."
            case State.WORKS:  # pragma: no branch
                return self._of_last_hour

    @property
    def _of_last_hour(self) -> str:
        """It does not read "works" where more is refused than let in."""
        if self.refused_last_hour > self.last_hour:
            all_ = many(self.refused_last_hour + self.last_hour, "delivery", "deliveries")
            return f"{self.refused_last_hour:,} of {all_} in the last hour were refused."
        return f"Works: {many(self.last_hour, 'delivery', 'deliveries')} in the last hour."
