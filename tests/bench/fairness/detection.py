"""What a detector says about a trace: its episodes, read from the document that replay prints."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.core.document import document
from app.core.events import Event, decode_data
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms, replay
from app.simulate.fairness.telling import BEGINNING
from app.simulate.fairness.trace import Trace
from app.simulate.fairness.truth import Interval, Truth


@dataclass(frozen=True)
class Detection:
    """One episode; instants are seconds since the trace began."""

    start: float
    end: float
    raised_at: float
    culprit: str
    victims: frozenset[str]
    agent_seconds: float
    extra_wait_seconds: float


def found_by_us(trace: Trace) -> list[Detection]:
    """Replay the trace as ``python -m app replay`` does and read the episodes."""
    terms = Terms(Policies((read_policy(trace.policy),)))
    until = BEGINNING + timedelta(seconds=trace.truth.horizon)
    replayed = replay([decoded(event) for event in trace.events], terms, until)
    return detections(document(replayed, terms)["episodes"], trace.truth.horizon)


def decoded(event: dict[str, Any]) -> Event:
    """A canonical event out of its JSON form."""
    return Event(
        source=event["source"],
        id=event["id"],
        occurred_at=datetime.fromisoformat(event["time"]),
        subject=event["subject"],
        data=decode_data(event["type"], msgspec.json.encode(event["data"])),
    )


def detections(episodes: Iterable[dict[str, Any]], horizon: float) -> list[Detection]:
    """Read episodes; one that has not ended lasts until the horizon."""
    return [
        Detection(
            start=_seconds(episode["started_at"]),
            end=_seconds(episode["ended_at"]) if episode["ended_at"] else horizon,
            raised_at=_seconds(episode["raised_at"]),
            culprit=episode["culprit"],
            victims=frozenset(episode["victims"]),
            agent_seconds=episode["agent_seconds"],
            extra_wait_seconds=episode["extra_wait_seconds"],
        )
        for episode in episodes
    ]


def as_if_found(truth: Truth) -> list[Detection]:
    """The truth as a detector would tell it that knows all: what the scorer must call perfect."""
    return [
        _share(interval, culprit) for interval in truth.intervals for culprit in interval.culprits
    ]


def _share(interval: Interval, culprit: str) -> Detection:
    culprits = len(interval.culprits)
    return Detection(
        start=interval.start,
        end=interval.end,
        raised_at=interval.start,
        culprit=culprit,
        victims=frozenset(interval.victims),
        agent_seconds=interval.agent_seconds / culprits,
        extra_wait_seconds=interval.extra_wait_seconds / culprits,
    )


def _seconds(instant: str) -> float:
    return (datetime.fromisoformat(instant) - BEGINNING).total_seconds()
