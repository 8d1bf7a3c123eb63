"""Was she answered and not helped, though the tool does not say so: a brief exchange, and she is back.

What the tool does say (outcome ``turned_away``) is ``clocks.course``'s.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from app.core import events as e
from app.core.clocks.timeline import LIVE, Timeline
from app.core.clocks.words import is_touch
from app.core.dealing import Brief, Dealing
from app.core.policy import Switches

COMES_BACK_WITHIN_DAYS = 5
"""Business days within which a customer who was not helped reaches out again."""

_ENDS = (e.ContactResolved, e.ContactAbandoned, e.ContactMissed)


def brief_end(line: Timeline, switches_at: Callable[[datetime], Switches]) -> datetime | None:
    """When a call or chat ended that a human had taken less than ``turned_away_within`` before.

    None where it lasted, or where a promise or a colleague came of it. Only ``contact.answered``
    says that a human took it. What the policy said when it ended decides; zero switches this off.
    """
    if line.channel not in LIVE or line.opened_by_us:
        return None
    if line.discarded or line.merged or (line.turned_away and not line.turned_away_inferred):
        return None
    answered_at = None
    for event in line.events:
        if answered_at is None:
            answered_at = event.occurred_at if _is_taken(event.data) else None
        elif isinstance(event.data, _ENDS):
            within = switches_at(event.occurred_at).turned_away_within
            if event.occurred_at - answered_at >= within:
                return None
            until_then = (ev.data for ev in line.events if ev.occurred_at <= event.occurred_at)
            return None if any(map(_is_agreed, until_then)) else event.occurred_at
    return None


def helped_since(line: Timeline, ended_at: datetime) -> datetime | None:
    """Since when we did something about a contact after it had ended."""
    later = (event for event in line.events if event.occurred_at > ended_at)
    return next((event.occurred_at for event in later if _is_help(event.data)), None)


def _is_taken(data: e.Data) -> bool:
    return isinstance(data, e.ContactAnswered) and data.direction is not e.Direction.OUTBOUND


def _is_agreed(data: e.Data) -> bool:
    """A promise, or somebody else who takes over; a first assignment is none."""
    match data:
        case e.FollowupPromised():
            return True
        case e.ContactTransferred():
            return bool(data.from_agent or data.from_team)
        case _:
            return False


def _is_help(data: e.Data) -> bool:
    match data:
        case e.WorkStarted(kind=kind):
            return kind is None
        case e.ContactAnswered():
            return True
        case _:
            return is_touch(data) or _is_agreed(data)


def came_back(contacts: Mapping[str, Dealing]) -> frozenset[str]:
    """Those of one customer's contacts, by key, after whose brief exchange she came back."""
    briefs = [(key, contact.brief) for key, contact in contacts.items() if contact.brief]
    if not briefs:
        return frozenset()
    arrivals = sorted({at for contact in contacts.values() for at in contact.arrivals})
    return frozenset(key for key, brief in briefs if _is_followed(brief, arrivals))


def _is_followed(brief: Brief, arrivals: Sequence[datetime]) -> bool:
    """The first arrival after the end decides: later ones are no sooner in time."""
    first = bisect_right(arrivals, brief.ended_at)
    return first < len(arrivals) and brief.is_followed_by(arrivals[first])
