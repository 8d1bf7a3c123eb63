"""Whom do we owe a call back: replayed per customer and team, across her contacts.

A missed, abandoned or turned-away contact opens one. While it is open a further one opens none: the
older start stands.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from msgspec.structs import replace as changed

from app.core.clocks.timeline import Cycle, Ending, in_force
from app.core.dealing import Dealing
from app.core.policy import ClockKind


@dataclass(frozen=True, slots=True)
class Callback:
    """One call back owed, or made. ``contact`` is the one that opened it, ``team`` its team."""

    contact: str
    team: str
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class Party:
    """One of a customer's contacts. ``came_back``: she was taken up briefly, and did.

    ``team`` is the one that has it now.
    """

    key: str
    team: str
    dealing: Dealing
    came_back: bool

    def team_at(self, at: datetime) -> str:
        """The team that had the contact at ``at``: what others do with it later is their affair."""
        return in_force(self.dealing.teams, at) or self.team

    @property
    def turned_away_at(self) -> datetime | None:
        """When she was turned away, as told or as inferred."""
        if self.came_back and self.dealing.brief:
            return self.dealing.brief.ended_at
        return self.dealing.turned_away_at


class _What(IntEnum):
    """What moves a callback; at one instant an end comes before a beginning."""

    SPOKE = 0
    WROTE = 1
    SENT_AWAY = 2


@dataclass(frozen=True, slots=True, order=True)
class _News:
    at: datetime
    what: _What
    contact: str
    team: str


def replay_callbacks(contacts: Sequence[Party]) -> list[Callback]:
    """Replay one customer's callbacks from her contacts; nobody can call who left no name."""
    news = sorted(told for contact in contacts for told in _news(contact))
    done: list[Callback] = []
    open_ones: dict[str, Callback] = {}
    numbers: dict[str, int] = defaultdict(int)
    for told in news:
        if told.what is not _What.SENT_AWAY:
            ended = [callback for callback in open_ones.values() if _ends(told, callback)]
            done += [_ended(open_ones.pop(callback.team), told.at) for callback in ended]
        elif told.team not in open_ones:
            numbers[told.contact] += 1
            cycle = Cycle(ClockKind.CALLBACK, numbers[told.contact], told.at)
            open_ones[told.team] = Callback(told.contact, told.team, cycle)
    return sorted([*done, *open_ones.values()], key=_age)


def _age(callback: Callback) -> tuple[datetime, str, int]:
    return (callback.cycle.started_at, callback.contact, callback.cycle.number)


def _ended(callback: Callback, at: datetime) -> Callback:
    return replace(callback, cycle=changed(callback.cycle, stopped_at=at, ending=Ending.ANSWERED))


def _ends(told: _News, callback: Callback) -> bool:
    """Whoever spoke with her called her back; a message has to be on the matter, as far as we know."""
    return (
        told.what is _What.SPOKE or callback.contact == told.contact or callback.team == told.team
    )


def _news(contact: Party) -> Iterator[_News]:
    """Being turned away is not reaching anybody, so what came before it does not count as that."""
    dealing, after = contact.dealing, contact.turned_away_at
    if dealing.is_nameless:
        return
    for at in (*dealing.sent_away, *([after] if after else ())):
        yield _News(at, _What.SENT_AWAY, contact.key, contact.team_at(at))
    for reached in dealing.reached:
        if after is None or reached.at > after:
            what = _What.WROTE if reached.wrote else _What.SPOKE
            yield _News(reached.at, what, contact.key, contact.team_at(reached.at))
