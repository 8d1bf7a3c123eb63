"""What comes through our own door: mail, promises to call back, who customers are, who is there."""

import json
from collections.abc import Iterable
from typing import Any

from app.core.events import Channel
from app.simulate.facts import Agent, Contact, Customer, Fact, Kind
from app.simulate.request import Door, Request, Setting

SOURCE = "mail"

_TYPES = {
    Kind.RECEIVED: "contact.received",
    Kind.CUSTOMER_WROTE: "customer.replied",
    Kind.AGENT_WROTE: "agent.replied",
    Kind.ENDED: "contact.resolved",
    Kind.PROMISED: "followup.promised",
    Kind.KEPT: "followup.done",
    Kind.CALLED_OFF: "followup.cancelled",
}
_HOOKS = {Channel.PHONE: Door.PHONE, Channel.CHAT: Door.CHAT}

CloudEvent = dict[str, Any]


def event(fact: Fact, setting: Setting) -> CloudEvent:
    """Tell a fact about a mail thread, or about a promise made on any channel."""
    contact = fact.contact
    data: dict[str, Any] = {
        "channel": contact.channel,
        "customer": contact.customer.id,
        "team": contact.team,
    }
    if fact.agent:
        data["agent"] = str(fact.agent.number)
    if fact.kind is Kind.ENDED:
        data["outcome"] = "done"
    if fact.promise:
        data["promise"] = f"promise-{setting.id(fact.promise.number)}"
        data |= _same_contact(contact, setting)
    if fact.promise and fact.kind is Kind.PROMISED:
        data["due"] = setting.at(fact.promise.due_at).isoformat()
    return {
        "specversion": "1.0",
        "id": f"{setting.id(fact.number)}",
        "source": SOURCE,
        "type": _TYPES[fact.kind],
        "time": setting.at(fact.at).isoformat(),
        "subject": _subject(contact, setting),
        "datacontenttype": "application/json",
        "data": data,
    }


def registry(customers: Iterable[Customer], setting: Setting) -> list[CloudEvent]:
    """Tell who the customers are, and what each tool knows them by."""
    return [_customer(customer, setting) for customer in customers]


def rota(
    agents: Iterable[Agent], phone_team: str, setting: Setting, beats: float, *, is_there: bool
) -> list[CloudEvent]:
    """Tell who is there from now on, or no longer: by the id that the team's own tool uses."""
    return [
        {
            "specversion": "1.0",
            "id": f"rota-{setting.id(agent.number)}-{is_there}",
            "source": SOURCE,
            "type": "agent.available" if is_there else "agent.unavailable",
            "time": setting.at(beats).isoformat(),
            "subject": str(agent.phone_id if agent.team == phone_team else agent.number),
            "datacontenttype": "application/json",
            "data": {"team": agent.team},
        }
        for agent in agents
    ]


def batch(events: list[CloudEvent], at: float, setting: Setting) -> Request:
    """Put events into one request."""
    headers = {"content-type": "application/cloudevents-batch+json"}
    return Request(setting.at(at), Door.EVENTS, headers, json.dumps(events).encode())


def _subject(contact: Contact, setting: Setting) -> str:
    return f"{contact.channel}-{setting.id(contact.number)}"


def _same_contact(contact: Contact, setting: Setting) -> dict[str, str]:
    """Say which call or chat it was, so that the promise is shown with it."""
    hook = _HOOKS.get(contact.channel)
    return {"same_as": f"{hook} {setting.id(contact.number)}"} if hook else {}


def _customer(customer: Customer, setting: Setting) -> CloudEvent:
    return {
        "specversion": "1.0",
        "id": f"customer-{setting.run}-{customer.number}",
        "source": SOURCE,
        "type": "customer.updated",
        "time": setting.at(0).isoformat(),
        "subject": customer.id,
        "datacontenttype": "application/json",
        "data": {
            "name": customer.name,
            "tier": customer.tier,
            "public_name": True,
            "aliases": [
                {"kind": "phone", "value": customer.phone},
                {"kind": "email", "value": customer.email},
                {"kind": "domain", "value": customer.email.partition("@")[2]},
            ],
        },
    }
