"""How the simulated phone system tells what happened: Aircall's webhooks, the token in the body."""

import json
from typing import Any

from app.simulate.facts import Agent, Contact, Fact, Kind
from app.simulate.request import Door, Request, Setting

LINES = {"hotline": 501, "support": 502}
"""The team behind each number, by the number's id."""

ENDED_AFTER = 3.0
"""Beats between the hang-up and the second delivery that tells it again."""

_EVENTS = {
    Kind.RECEIVED: "call.created",
    Kind.CALLED_OUT: "call.created",
    Kind.OFFERED: "call.ringing_on_agent",
    Kind.DECLINED: "call.agent_declined",
    Kind.ANSWERED: "call.answered",
    Kind.HELD: "call.hold",
    Kind.RESUMED: "call.unhold",
    Kind.ABANDONED: "call.hungup",
    Kind.ENDED: "call.hungup",
}
_OVER = frozenset({Kind.ABANDONED, Kind.ENDED})


def requests(fact: Fact, setting: Setting, token: str) -> list[Request]:
    """Tell a fact about a call; its end is told twice, as the real system does."""
    told = [_request(fact, _EVENTS[fact.kind], fact.at, setting, token)]
    if fact.kind in _OVER:
        told.append(_request(fact, "call.ended", fact.at + ENDED_AFTER, setting, token))
    return told


def _request(fact: Fact, event: str, at: float, setting: Setting, token: str) -> Request:
    payload = {
        "resource": "call",
        "event": event,
        "timestamp": int(setting.at(at).timestamp()),
        "token": token,
        "data": _call(fact, setting),
    }
    body = json.dumps(payload).encode()
    return Request(setting.at(at), Door.PHONE, {"content-type": "application/json"}, body)


def _call(fact: Fact, setting: Setting) -> dict[str, Any]:
    contact, is_over = fact.contact, fact.kind in _OVER
    answered_at = fact.at if fact.kind is Kind.ANSWERED else fact.answered_at
    call = {
        "id": setting.id(contact.number),
        "direct_link": f"https://phone.example/calls/{setting.id(contact.number)}",
        "direction": "outbound" if contact.outbound else "inbound",
        "status": _status(fact),
        "missed_call_reason": "abandoned_in_classic" if fact.kind is Kind.ABANDONED else None,
        "started_at": int(setting.at(contact.opened_at).timestamp()),
        "answered_at": None if answered_at is None else int(setting.at(answered_at).timestamp()),
        "ended_at": int(setting.at(fact.at).timestamp()) if is_over else None,
        "duration": round((fact.at - contact.opened_at) * setting.beat.total_seconds()),
        "raw_digits": _as_dialled(contact.customer.phone),
        "number": _line(contact),
        "archived": False,
        "teams": [],
        "comments": [],
        "tags": [],
    }
    if fact.agent:
        call["user"] = _user(fact.agent)
    return call


def _status(fact: Fact) -> str:
    if fact.kind in _OVER:
        return "done"
    return "initial" if fact.kind in (Kind.RECEIVED, Kind.CALLED_OUT) else "answered"


def _line(contact: Contact) -> dict[str, Any]:
    line = LINES[contact.team]
    return {
        "id": line,
        "name": f"{contact.team.capitalize()} line",
        "digits": f"+44 1632 960{line}",
        "country": "GB",
        "time_zone": "Europe/London",
        "open": True,
        "is_ivr": False,
    }


def _user(agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.phone_id,
        "name": agent.name,
        "email": agent.email,
        "available": True,
        "availability_status": "available",
        "language": "en-GB",
        "wrap_up_time": 0,
    }


def _as_dialled(number: str) -> str:
    """Write a number as the phone system shows it: ``+44 20 7946 0012``."""
    return f"{number[:3]} {number[3:5]} {number[5:9]} {number[9:]}"
