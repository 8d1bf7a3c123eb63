"""Asterisk's queue_log: what its lines mean.

A line is ``epoch|uniqueid|queue|member|EVENT|parameters``. Only ENTERQUEUE names the caller, so that
her number is known to the lines of the same call that are read together with it. Every line is told
by itself, and two lines that are equal are one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from app.core.events import (
    AgentAvailable,
    AgentUnavailable,
    Alias,
    Channel,
    ContactAbandoned,
    ContactAnswered,
    ContactDeclined,
    ContactMissed,
    ContactOffered,
    ContactQueued,
    ContactReceived,
    ContactResolved,
    ContactTransferred,
    DeclineReason,
    Incoming,
    WorkEnded,
    WorkStarted,
)
from app.sources.adapter import (
    Adapter,
    BadSignature,
    Delivery,
    SignedBy,
    SourceConfig,
    Unreadable,
    gives,
)
from app.sources.asterisk.calls import Happening, whole
from app.sources.reading import identity, instant, known_as, phone
from app.sources.telling import Telling, stable_id, tell

MAX_LINES = 500
"""Lines that are read of one delivery; whoever follows the file sends fewer."""
MAX_LINE = 4_000
"""Characters of a line."""

_FIELDS = 5
_NOBODY = frozenset({"", "NONE"})
_NO_CALL = frozenset({"", "NONE", "REALTIME", "MANAGER", "CLI", "COMMAND", "N/A"})


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, its fields read."""

    event: str
    rest: tuple[str, ...]
    told: Happening

    def text(self, index: int) -> str | None:
        """A parameter, where there is one."""
        value = self.rest[index].strip() if index < len(self.rest) else ""
        return identity(value or None, f"parameter {index + 1} of {self.event}")

    def number(self, index: int) -> int | None:
        """A parameter that is a number."""
        return whole(self.rest[index]) if index < len(self.rest) else None

    def span(self, index: int, unit: timedelta) -> timedelta | None:
        """A parameter that is a span."""
        number = self.number(index)
        return None if number is None else number * unit


_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)


def _entered(line: _Line) -> Iterator[Telling]:
    yield from line.told.entered()


def _rang_until(line: _Line, index: int, unit: timedelta) -> Iterator[Telling]:
    ringing = line.span(index, unit)
    if ringing is not None:
        yield from line.told.offered(ringing)


def _connected(line: _Line) -> Iterator[Telling]:
    yield from _rang_until(line, 2, _SECOND)
    yield from line.told.answered(line.text(1))


def _not_answered(line: _Line) -> Iterator[Telling]:
    yield from _rang_until(line, 0, _MILLISECOND)
    yield from line.told.declined(DeclineReason.NO_ANSWER)


def _cancelled(line: _Line) -> Iterator[Telling]:
    yield from _rang_until(line, 0, _MILLISECOND)


def _dumped(line: _Line) -> Iterator[Telling]:
    yield from line.told.declined(DeclineReason.REFUSED)


def _abandoned(line: _Line) -> Iterator[Telling]:
    yield from line.told.abandoned(line.number(2))


def _left_by_key(line: _Line) -> Iterator[Telling]:
    yield from line.told.abandoned(line.number(3), "exit_key")


def _completed(line: _Line) -> Iterator[Telling]:
    yield from line.told.completed(line.number(0), line.number(1))


def _transferred(line: _Line) -> Iterator[Telling]:
    yield from line.told.passed_on(line.number(2), line.number(3))


def _gave_up(reason: str) -> Callable[[_Line], Iterator[Telling]]:
    return lambda line: line.told.gave_up(reason)


def _there(line: _Line) -> Iterator[Telling]:
    yield from line.told.staffing(is_there=True, reason=line.text(0))


def _added(line: _Line) -> Iterator[Telling]:
    is_paused = (line.text(0) or "").upper() == "PAUSED"
    yield from line.told.staffing(is_there=not is_paused, reason="paused" if is_paused else None)


def _gone(usual: str, index: int) -> Callable[[_Line], Iterator[Telling]]:
    return lambda line: line.told.staffing(is_there=False, reason=line.text(index) or usual)


def _logged_in(line: _Line) -> Iterator[Telling]:
    yield from line.told.staffing(is_there=True, reason="login")


_NOTHING = 99
"""A parameter that no line has."""

_LINES: Final[Mapping[str, Callable[[_Line], Iterator[Telling]]]] = MappingProxyType(
    {
        "ENTERQUEUE": _entered,
        "CONNECT": _connected,
        "RINGNOANSWER": _not_answered,
        "RINGCANCELED": _cancelled,
        "AGENTDUMP": _dumped,
        "ABANDON": _abandoned,
        "EXITWITHKEY": _left_by_key,
        "EXITWITHTIMEOUT": _gave_up("timeout"),
        "EXITEMPTY": _gave_up("empty"),
        "SYSCOMPAT": _gave_up("not_compatible"),
        "COMPLETEAGENT": _completed,
        "COMPLETECALLER": _completed,
        "BLINDTRANSFER": _transferred,
        "ATTENDEDTRANSFER": _transferred,
        "TRANSFER": _transferred,
        "ADDMEMBER": _added,
        "REMOVEMEMBER": _gone("removed", _NOTHING),
        "PAUSE": _gone("paused", 0),
        "PAUSEALL": _gone("paused", 0),
        "UNPAUSE": _there,
        "UNPAUSEALL": _there,
        "AGENTLOGIN": _logged_in,
        "AGENTCALLBACKLOGIN": _logged_in,
        "AGENTLOGOFF": _gone("logoff", _NOTHING),
        "AGENTCALLBACKLOGOFF": _gone("logoff", 2),
    }
)

_OF_CALLS = frozenset(_LINES) - {
    *("ADDMEMBER", "REMOVEMEMBER", "PAUSE", "PAUSEALL", "UNPAUSE", "UNPAUSEALL"),
    *("AGENTLOGIN", "AGENTCALLBACKLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF"),
}


_MISSED = (ContactMissed,)
_ENDED = (WorkEnded, ContactResolved)
_PASSED_ON = (WorkEnded, ContactTransferred)
_AVAILABLE, _UNAVAILABLE = (AgentAvailable,), (AgentUnavailable,)


class QueueLog(Adapter):
    """Calls in the queues of Asterisk, FreePBX or Issabel, by their log."""

    kind: Final = "asterisk-queue_log"
    channel: Final = Channel.PHONE
    signed_by: Final = SignedBy.CONNECTION
    events: Final = gives(
        {
            "ENTERQUEUE": (ContactReceived, ContactQueued),
            "CONNECT": (ContactOffered, ContactAnswered, WorkStarted),
            "RINGNOANSWER": (ContactOffered, ContactDeclined),
            "RINGCANCELED": (ContactOffered,),
            "AGENTDUMP": (ContactDeclined,),
            "ABANDON": (ContactAbandoned,),
            "EXITWITHKEY": (ContactAbandoned,),
            "EXITWITHTIMEOUT": _MISSED,
            "EXITEMPTY": _MISSED,
            "SYSCOMPAT": _MISSED,
            "COMPLETEAGENT": _ENDED,
            "COMPLETECALLER": _ENDED,
            "BLINDTRANSFER": _PASSED_ON,
            "ATTENDEDTRANSFER": _PASSED_ON,
            "TRANSFER": _PASSED_ON,
            "ADDMEMBER": _AVAILABLE + _UNAVAILABLE,
            "REMOVEMEMBER": _UNAVAILABLE,
            "PAUSE": _UNAVAILABLE,
            "PAUSEALL": _UNAVAILABLE,
            "UNPAUSE": _AVAILABLE,
            "UNPAUSEALL": _AVAILABLE,
            "AGENTLOGIN": _AVAILABLE,
            "AGENTCALLBACKLOGIN": _AVAILABLE,
            "AGENTLOGOFF": _UNAVAILABLE,
            "AGENTCALLBACKLOGOFF": _UNAVAILABLE,
        }
    )
    tells: Final = frozenset[str]().union(*events.values())
    options: Final = frozenset({"connection", "unsigned", "token", "region"})

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002 - nothing is posted
        """Refuse what is posted: the file is read, unless ``unsigned`` lets lines be sent."""
        raise BadSignature("the log is read where it lies; set unsigned and a token to post lines")

    def event_of(self, delivery: Delivery) -> str | None:
        """The event of the first line."""
        fields = delivery.body[:MAX_LINE].decode(errors="replace").split("\n")[0].split("|")
        return fields[4].strip().upper() if len(fields) >= _FIELDS else None

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate lines, each by itself."""
        callers: dict[str, tuple[Alias, ...]] = {}
        found: list[Incoming] = []
        for number, text in enumerate(_lines(delivery.body), start=1):
            line = _read(text, number, callers)
            if line.event in _LINES:
                tellings = _LINES[line.event](line)
                found += tell(delivery, config, stable_id(text), tellings)
        return tuple(found)


def _lines(body: bytes) -> Iterator[str]:
    lines = body.split(b"\n", MAX_LINES + 1)
    if len(lines) > MAX_LINES + 1:
        raise Unreadable(f"expected at most {MAX_LINES} lines")
    for line in lines:
        if line.strip():
            yield line[: MAX_LINE + 1].decode(errors="replace").strip("\r")


def _read(text: str, number: int, callers: dict[str, tuple[Alias, ...]]) -> _Line:
    fields = text.split("|")
    if len(fields) < _FIELDS or len(text) > MAX_LINE:
        raise Unreadable(f"expected epoch|uniqueid|queue|member|EVENT - at line {number}")
    first, call, queue, member, event = (field.strip() for field in fields[:_FIELDS])
    at = instant(first, f"line {number}")
    if at is None:
        raise Unreadable(f"expected an instant - at line {number}")
    event, rest = event.upper(), tuple(fields[_FIELDS:])
    if event == "ENTERQUEUE" and len(rest) > 1:
        callers[call] = known_as(phone(rest[1]))
    of_call = event in _OF_CALLS
    told = Happening(
        moment=str(int(at.timestamp())),
        at=at,
        call=_name(call, _NO_CALL, number) if of_call else None,
        queue=_name(queue, _NOBODY, number),
        agent=_name(member, _NOBODY, number),
        aliases=callers.get(call, ()) if of_call else (),
    )
    return _Line(event, rest, told)


def _name(text: str, none: frozenset[str], number: int) -> str | None:
    return None if text in none else identity(text, f"line {number}")


ADAPTER: Final = QueueLog()
