"""What became of a delivery, in a form that may be shown: no text, no secret, no address or number."""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

import msgspec

from app.core.aliases import classified, masked, normalised
from app.core.events import Alias, AliasKind, Data, Incoming, decode_data

MAX_TEXT = 120
"""Characters that are shown of a name."""
MAX_REASON = 300
"""Characters that are shown of a reason, which may say what to do."""
MAX_TOLD = 8
"""Events of one delivery that are shown one by one."""
FEW = 5
"""Deliveries that must have told a time before a clock is called wrong."""
NAMELESS = "unnamed:"
"""Begins the subject of a contact that its delivery did not name."""

_ADDRESS = re.compile(r"[^\s<>\"',;:@]+@[^\s<>\"',;:@]+")
_NUMBER = re.compile(r"\+[0-9][0-9 ()-]{5,}[0-9]")
_PLAIN = re.compile(r"[^\x20-\x7e\u00a1-\ufffd]")


class Verdict(StrEnum):
    """What became of a delivery."""

    TAKEN = "taken"
    """It told something new."""
    REPEATED = "repeated"
    """All it told was known."""
    NOTHING = "nothing"
    """It was read, and means nothing to us."""
    KEPT = "kept"
    """It could not be read, and is kept until it can."""
    REFUSED = "refused"
    """It is not from whom it claims to be, or too large to be read."""
    TEST = "test"
    """We made it ourselves, to see that it arrives."""


UNVERIFIED = frozenset({Verdict.REFUSED})
"""Anybody can cause these, so they never take the place of what a tool sent."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a delivery as it may be shown. ``has_time``: the tool itself said when."""

    type: str
    at: datetime
    contact: str | None = None
    customer: str | None = None
    team: str | None = None
    inferred: bool = False
    has_time: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One delivery. ``event`` is the tool's own name of it; ``events`` counts more than ``told``."""

    source: str
    received_at: datetime
    verdict: Verdict
    event: str | None = None
    reason: str | None = None
    events: int = 0
    told: tuple[Told, ...] = ()


def shown(text: str, most: int = MAX_TEXT) -> str:
    """A text without addresses and numbers, without what does not print, and not long."""
    kind = classified(text)
    if kind is not None:
        return masked(Alias(kind, text))
    hidden = _ADDRESS.sub(lambda found: masked(Alias(AliasKind.EMAIL, found[0])), text[:1000])
    hidden = _NUMBER.sub(lambda found: masked(Alias(AliasKind.PHONE, found[0])), hidden)
    return _PLAIN.sub(" ", hidden)[:most]


def told_of(events: Sequence[Incoming], ours: Container[str] = ()) -> tuple[Told, ...]:
    """The first events of a delivery, as they may be shown.

    ``ours``: mailboxes and numbers of teams, which are nobody's own and stay readable.
    """
    return tuple(_told(event, decoded(event), ours) for event in events[:MAX_TOLD])


def decoded(event: Incoming) -> Data | None:
    """What an event carries; nothing of a type that is not ours, or that cannot be read."""
    try:
        return decode_data(event.type, event.body) if event.is_canonical else None
    except (msgspec.MsgspecError, ValueError):
        return None


def _told(event: Incoming, data: Data | None, ours: Container[str]) -> Told:
    named = event.subject.startswith(NAMELESS)
    return Told(
        type=event.type[:MAX_TEXT],
        at=event.occurred_at,
        contact=None if named else _without(event.subject, data),
        customer=_customer(data) if data else None,
        team=_team(data.team, ours) if data and data.team else None,
        inferred=bool(data and data.inferred),
        has_time=event.occurred_at != event.received_at,
    )


def _team(name: str, ours: Container[str]) -> str:
    return name[:MAX_TEXT] if name in ours else shown(name)


def _without(subject: str, data: Data | None) -> str:
    """A contact's id; some tools put the customer's number in it."""
    for alias in data.aliases if data else ():
        digits = normalised(alias).value.removeprefix("+")
        if alias.kind is AliasKind.PHONE and len(digits) > 4:
            subject = subject.replace(digits, masked(alias))
    return shown(subject)


def _customer(data: Data) -> str | None:
    if data.aliases:
        alias = data.aliases[0]
        as_meant = Alias(classified(alias.value) or alias.kind, alias.value)
        return alias.masked or (
            shown(alias.value) if as_meant.kind is AliasKind.ID else masked(as_meant)
        )
    return shown(data.customer) if data.customer else None


def skew(arrivals: Iterable[Arrival]) -> timedelta | None:
    """How long after it happened news arrives, in the middle; negative where its clock is ahead.

    Of each delivery the newest event counts: older ones may well have waited in the tool.
    """
    lags = [
        arrival.received_at - max(told.at for told in arrival.told)
        for arrival in arrivals
        if arrival.told
        and arrival.verdict is Verdict.TAKEN
        and all(told.has_time for told in arrival.told)
    ]
    if len(lags) < FEW:
        return None
    return timedelta(seconds=median(lag.total_seconds() for lag in lags))


def dated_ahead(arrivals: Iterable[Arrival], by: timedelta = timedelta(seconds=1)) -> int:
    """How many deliveries told of something that had not happened yet when they came."""
    return sum(any(told.at - each.received_at > by for told in each.told) for each in arrivals)
