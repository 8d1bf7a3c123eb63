"""What of one contact matters to its customer's other contacts, in a value small enough to keep.

Whether she came back and whom we owe a call is worked out from these, not from all events anew.
"""

from datetime import datetime

import msgspec

from app.core import events as e
from app.core.clocks.timeline import Timeline
from app.core.clocks.words import is_touch


class Brief(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call or chat that was over soon after a human took it, with nothing promised.

    ``helped_at``: since when we did something about it after all. ``until``: how long a return counts.
    """

    ended_at: datetime
    until: datetime
    helped_at: datetime | None = None

    def is_followed_by(self, arrival: datetime) -> bool:
        """Whether she reached out again in time, and not after we had helped."""
        in_time = self.ended_at < arrival <= self.until
        return in_time and (self.helped_at is None or arrival <= self.helped_at)


class Reached(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a human of ours and she reached each other, by voice or in writing."""

    at: datetime
    wrote: bool = False


class Dealing(msgspec.Struct, frozen=True, omit_defaults=True):
    """One contact, to the customer's other contacts.

    ``is_nameless``: nobody knows whom to call. ``turned_away_at`` is as told, never as inferred.
    ``sent_away``: see ``Timeline``. ``teams``: since when which team had it, where several did.
    """

    is_nameless: bool = False
    has_promises: bool = False
    arrivals: tuple[datetime, ...] = ()
    brief: Brief | None = None
    sent_away: tuple[datetime, ...] = ()
    reached: tuple[Reached, ...] = ()
    turned_away_at: datetime | None = None
    teams: tuple[tuple[datetime, str], ...] = ()


def dealing_of(
    line: Timeline,
    brief: Brief | None,
    teams: tuple[tuple[datetime, str], ...] = (),
    *,
    is_nameless: bool,
) -> Dealing:
    """Gather what matters of a contact; of one that counts no more only its promises do."""
    has_promises = any(event.type in e.PROMISE_TYPES for event in line.events)
    if line.discarded or line.merged:
        return Dealing(is_nameless=is_nameless, has_promises=has_promises)
    is_told = line.turned_away and not line.turned_away_inferred and not line.opened_by_us
    arrivals, reached = _met(line)
    return Dealing(
        is_nameless=is_nameless,
        has_promises=has_promises,
        arrivals=arrivals,
        brief=brief,
        sent_away=tuple(line.sent_away),
        reached=reached,
        turned_away_at=line.turned_away_at if is_told else None,
        teams=teams,
    )


def _met(line: Timeline) -> tuple[tuple[datetime, ...], tuple[Reached, ...]]:
    """When the customer reached out, once each, and when a human of ours and she reached each other.

    Of a missed call some tools tell nothing but that it was missed.
    """
    arrivals = [line.opened_at] if line.opened_at and not line.opened_by_us else []
    arrivals += line.sent_away if line.opened_at is None else []
    reached = []
    for event in line.events:
        data, at = event.data, event.occurred_at
        match data:
            case e.ContactAnswered():
                reached.append(Reached(at))
            case e.AgentReplied():
                if is_touch(data):
                    reached.append(Reached(at, wrote=line.channel != e.Channel.PHONE))
            case e.CustomerReplied() | e.ContactReceived(direction=e.Direction.INBOUND):
                arrivals.append(at)
            case _:
                pass
    return tuple(dict.fromkeys(arrivals)), tuple(reached)
