"""A case's contact as our own events, and its clocks as rules of our own policy."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core import events as e
from app.core.hours.calendar import Calendar
from app.core.policy import (
    DEFAULT_CONDITIONS,
    AtEnd,
    ClockKind,
    Conditions,
    Happening,
    Measure,
    OnReopen,
    PauseEffect,
    Policies,
    Policy,
    Rule,
    StartOn,
    Target,
)
from tests.conformance.calendars import calendar_of

KINDS = {
    "first_response": ClockKind.FIRST_RESPONSE,
    "next_response": ClockKind.NEXT_RESPONSE,
    "resolution": ClockKind.RESOLUTION,
    "periodic_update": ClockKind.UPDATE,
    "take_in_charge": ClockKind.OWNERSHIP,
}
HEARD = {"first_response", "next_response", "periodic_update"}
Specs = Mapping[str, Mapping[str, Any] | None]

AT_END = {
    ClockKind.FIRST_RESPONSE: AtEnd.SUSPENDED,
    ClockKind.NEXT_RESPONSE: AtEnd.JUDGED,
    ClockKind.RESOLUTION: AtEnd.JUDGED,
    ClockKind.UPDATE: AtEnd.WAIVED,
    ClockKind.OWNERSHIP: AtEnd.SUSPENDED,
}


def conditions_of(spec: Mapping[str, Any]) -> Conditions:
    """A clock's options, with the defaults of the schema."""
    kind = KINDS[spec["kind"]]
    stops = set(spec.get("stops_on") or ())
    if spec["kind"] in HEARD:
        stops |= {"agent_message", *(spec.get("counts_as_reply") or ())}
    if spec["kind"] == "take_in_charge" and not stops:
        stops.add("assigned")
    at_end = AT_END[kind]
    if spec.get("end_counts_as_reply"):
        at_end = AtEnd.JUDGED
    if spec.get("end_cancels"):
        at_end = AtEnd.CANCELLED
    return Conditions(
        start_on=StartOn(spec.get("start_on", "created")),
        stops_on=frozenset(map(Happening, stops)),
        pauses_in=_named(spec.get("pauses_in")),
        pause_effect=PauseEffect(spec.get("pause_effect", "exclude")),
        ends_in=_named(spec.get("ends_in")),
        at_end=at_end,
        on_reopen=OnReopen(spec.get("on_reopen", "continue")),
        counts_before_first_response=spec.get("counts_before_first_response", True),
        cancel_on_customer_message=spec.get("cancel_on_customer_message", False),
    )


def _named(states: Iterable[str] | None) -> frozenset[str]:
    """The tool's own names: none of them is to be taken for one of ours."""
    return frozenset(map(named, states or ()))


def named(state: str) -> str:
    return f"tool's {state}"


def policies_of(told: Mapping[str, Any], calendar: Mapping[str, Any]) -> Policies:
    """A version for the beginning, and one for each later change of a clock or the calendar."""
    specs: dict[str, Mapping[str, Any] | None] = dict(told["clocks"])
    current = calendar_of(calendar)
    known = _ever_told(told)
    versions = [_version(1, None, specs, current, known)]
    for event in _in_time(told["events"]):
        if event["type"] == "policy":
            specs = {**specs, **event["clocks"]}
        elif event["type"] == "calendar":
            current = calendar_of(event["calendar"])
        else:
            continue
        known = {**known, **_by_kind(specs)}
        since = instant(event["at"])
        versions.append(_version(len(versions) + 1, since, specs, current, known))
    return Policies(tuple(versions))


def _by_kind(specs: Specs) -> dict[ClockKind, Mapping[str, Any]]:
    return {KINDS[spec["kind"]]: spec for spec in specs.values() if spec is not None}


def _ever_told(told: Mapping[str, Any]) -> dict[ClockKind, Mapping[str, Any]]:
    """The first spec of each kind: what holds before it has a target goes by it too."""
    later = [event["clocks"] for event in _in_time(told["events"]) if event["type"] == "policy"]
    found: dict[ClockKind, Mapping[str, Any]] = {}
    for clocks in (told["clocks"], *later):
        found = {**_by_kind(clocks), **found}
    return found


def _version(
    number: int,
    since: datetime | None,
    specs: Specs,
    calendar: Calendar,
    known: Mapping[ClockKind, Mapping[str, Any]],
) -> Policy:
    """What is promised from ``since``; a kind that is not runs as it was or will be ``known``."""
    told = _by_kind(specs)
    conditions = {**DEFAULT_CONDITIONS} | {k: conditions_of(spec) for k, spec in known.items()}
    targets = {
        kind: Target(Measure.BUSINESS, amount=timedelta(seconds=spec["target_seconds"]))
        for kind, spec in told.items()
    }
    rule = Rule(name="told", line=1, targets=targets, conditions=conditions)
    return Policy(
        version=number,
        effective_from=since,
        rules=(rule,),
        default_calendar=calendar,
        conditions=conditions,
    )


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _in_time(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(events, key=lambda event: instant(event["at"]))


@dataclass(frozen=True)
class _States:
    """What the tool's states mean: to end a clock is to be over, to pause one is to be held."""

    ending: frozenset[str]
    pausing: frozenset[str]

    def move(self, state: str, before: str | None) -> e.Data:
        if state in self.ending:
            return e.ContactResolved(outcome=e.Outcome.DONE, state=named(state))
        if before in self.ending:
            return e.ContactReopened(state=named(state))
        if state in self.pausing:
            return e.ContactHeld(waiting_for=e.WaitingFor.CUSTOMER, state=named(state))
        return e.ContactResumed(state=named(state))


def states_of(specs: Iterable[Mapping[str, Any] | None]) -> _States:
    told = [spec for spec in specs if spec is not None]
    return _States(
        ending=frozenset(state for spec in told for state in spec.get("ends_in") or ()),
        pausing=frozenset(state for spec in told for state in spec.get("pauses_in") or ()),
    )


MESSAGES: Mapping[str, e.Data] = {
    "customer_message": e.CustomerReplied(),
    "agent_message": e.AgentReplied(),
    "bot_message": e.AgentReplied(actor=e.Actor.BOT),
    "auto_reply": e.AgentReplied(actor=e.Actor.SYSTEM),
    "internal_note": e.AgentReplied(reason="internal_note"),
    "assigned": e.ContactTransferred(agent="somebody"),
}


def _without_passing_states(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of several states at one instant the last one stands; ours have an order of their own."""
    last = {event["at"]: n for n, event in enumerate(events) if event["type"] == "state"}
    return [
        event
        for n, event in enumerate(events)
        if event["type"] != "state" or last[event["at"]] == n
    ]


def events_of(told: Mapping[str, Any]) -> Iterator[e.Event]:
    """The case's events, in our own types."""
    policies = [event["clocks"] for event in told["events"] if event["type"] == "policy"]
    specs = [spec for clocks in (told["clocks"], *policies) for spec in clocks.values()]
    states, before = states_of(specs), None
    for number, event in enumerate(_without_passing_states(_in_time(told["events"]))):
        data: e.Data
        match event["type"]:
            case "created":
                by_agent = event.get("by") == "agent"
                data = e.ContactReceived(
                    channel=e.Channel.EMAIL,
                    direction=e.Direction.OUTBOUND if by_agent else e.Direction.INBOUND,
                    state=named(event["state"]) if event.get("state") else None,
                )
                before = event.get("state")
            case "state":
                data = states.move(event["to"], before)
                before = event["to"]
            case "policy" | "calendar":
                continue
            case kind:
                data = MESSAGES[kind]
        yield e.Event(
            source="/told",
            id=f"{number:04}",
            occurred_at=instant(event["at"]),
            subject="contact",
            data=data,
        )
