"""Who is told what, and when not: Alertmanager's configuration for one policy."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.alerting.inhibition import inhibitions
from app.core.alerting.quiet import quiet_times
from app.core.alerting.quoting import quoted
from app.core.policy import UNASSIGNED, UNMAPPED, Policy, Team

OPERATORS, ON_CALL, TEAMS, SWITCH = "operators", "on-call", "teams", "dead-mans-switch"
NEEDED = (OPERATORS, ON_CALL, TEAMS, SWITCH)
"""Receivers that every installation has, whatever the policy says."""
TAKEN_OVER = ("global", "templates", "receivers")
"""What a file of receivers may hold; everything else is made here."""

_PAGE, _TICKET = 'severity="page"', 'severity="ticket"'
_OF_PAGES = {"group_wait": "15s", "repeat_interval": "1h"}

Route = dict[str, Any]


class UnknownReceiver(ValueError):  # noqa: N818 - named for the fact
    """A receiver is named that the file of receivers does not have."""


class NoReceivers(ValueError):  # noqa: N818 - named for the fact
    """A file that is none of receivers."""


def routes(policy: Policy, told: object) -> dict[str, Any]:
    """The configuration of Alertmanager; ``told`` is the parsed file of receivers.

    Raises ``NoReceivers`` or ``UnknownReceiver``.
    """
    given = _receivers(told)
    _check_names(policy, [str(receiver["name"]) for receiver in given["receivers"]])
    kept = {key: given[key] for key in TAKEN_OVER if key in given}
    receivers = kept.pop("receivers")
    times = [quiet for team in policy.teams.values() if (quiet := quiet_times(team))]
    return {
        "global": {"resolve_timeout": "5m", **(kept.pop("global", None) or {})},
        **kept,
        "route": {
            "receiver": OPERATORS,
            # Never by customer: three hundred late customers of one team are one message.
            "group_by": ["alertname", "channel", "team"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [*_routes(policy)],
        },
        **({"time_intervals": times} if times else {}),
        "inhibit_rules": inhibitions(policy),
        "receivers": receivers,
    }


def _receivers(told: object) -> Mapping[str, Any]:
    if not isinstance(told, dict) or not isinstance(told.get("receivers"), list):
        raise NoReceivers("expected `receivers:` and a list of them, as Alertmanager writes it")
    if strange := [str(key) for key in told if key not in TAKEN_OVER]:
        raise NoReceivers(
            f"expected nothing but {', '.join(TAKEN_OVER)}, got {', '.join(strange)}: "
            "routes and the rest come from the policy"
        )
    for receiver in told["receivers"]:
        if not isinstance(receiver, dict) or not isinstance(receiver.get("name"), str):
            raise NoReceivers(f"expected a receiver with a name, got {str(receiver)[:60]!r}")
    if twice := _twice([receiver["name"] for receiver in told["receivers"]]):
        raise NoReceivers(f"expected every receiver once, got two named {twice!r}")
    return told


def _twice(names: list[str]) -> str | None:
    return next((name for number, name in enumerate(names) if name in names[:number]), None)


def _check_names(policy: Policy, known: list[str]) -> None:
    named = [("every installation", name) for name in NEEDED]
    for team in policy.teams.values():
        named += [(f"teams.{team.id}.notify.pages", name) for name in team.notify.pages]
        named += [(f"teams.{team.id}.notify.tickets", name) for name in team.notify.tickets]
    faults = [f"{place} needs the receiver {name!r}" for place, name in named if name not in known]
    if faults:
        there = ", ".join(map(repr, known)) or "none"
        raise UnknownReceiver("\n".join(f"{fault}; there is {there}" for fault in faults))


def _routes(policy: Policy) -> Iterator[Route]:
    # Something outside waits for this one every minute and raises the alarm when it stays away.
    yield {
        "receiver": SWITCH,
        "matchers": ['alertname="EvenhandWatchdog"'],
        "group_wait": "0s",
        "group_interval": "1m",
        # Looked at every group_interval, and sent again where more than this has passed.
        "repeat_interval": "30s",
    }
    for team in policy.teams.values():
        yield from _pages_of(team)
    yield {"receiver": ON_CALL, "matchers": [_PAGE], **_OF_PAGES}
    # Work of a team that the policy does not know is put right by whoever runs the service.
    nobody = f"{UNMAPPED}|{UNASSIGNED}"
    yield {"receiver": OPERATORS, "matchers": [_TICKET, f'team=~"{nobody}"']}
    for team in policy.teams.values():
        yield from _tickets_of(team)
    yield {"receiver": TEAMS, "matchers": [_TICKET, 'team=~".+"']}


def _pages_of(team: Team) -> Iterator[Route]:
    """Pages of a team to those it names, and in its quiet hours to whoever is on call."""
    matchers = [_PAGE, f"team={quoted(team.id)}"]
    quiet = quiet_times(team)
    names = tuple(dict.fromkeys(team.notify.pages))
    for name in names:
        route: Route = {"receiver": name, "matchers": matchers, **_OF_PAGES}
        if quiet:
            route["mute_time_intervals"] = [quiet["name"]]
        yield route | ({"continue": True} if quiet or name != names[-1] else {})
    if names and quiet:
        active = {"active_time_intervals": [quiet["name"]]}
        yield {"receiver": ON_CALL, "matchers": matchers, **_OF_PAGES, **active}


def _tickets_of(team: Team) -> Iterator[Route]:
    """Tickets wait for the end of quiet hours, and come then if they still hold."""
    quiet = quiet_times(team)
    names = tuple(dict.fromkeys(team.notify.tickets)) or ((TEAMS,) if quiet else ())
    for name in names:
        route: Route = {"receiver": name, "matchers": [_TICKET, f"team={quoted(team.id)}"]}
        if quiet:
            route["mute_time_intervals"] = [quiet["name"]]
        yield route | ({"continue": True} if name != names[-1] else {})
