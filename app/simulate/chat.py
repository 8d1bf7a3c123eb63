"""How the simulated chat system tells what happened: Chatwoot's webhooks, signed when they leave."""

import json
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from app.simulate.facts import Agent, Contact, Customer, Fact, Kind
from app.simulate.request import Door, Request, Setting

INBOX = 61
"""The one inbox; its chats belong to the team ``support``."""

_ACCOUNT = {"id": 1, "name": "Evenhand's demo"}


class Chats:
    """The chat system's memory: who has a conversation, and since when it was first answered."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._first_replies: dict[int, datetime] = {}
        self._owners: dict[int, Agent] = {}

    def requests(self, fact: Fact) -> list[Request]:
        """Tell a fact about a chat. Message text is a placeholder: nobody may read it anyway."""
        match fact.kind:
            case Kind.RECEIVED:
                return [self._request(fact, created) for created in self._created(fact)]
            case Kind.CUSTOMER_WROTE:
                return [self._request(fact, self._message(fact, "incoming"))]
            case Kind.AGENT_WROTE:
                told = self._message(fact, "outgoing")
                self._first_replies.setdefault(fact.contact.number, self._setting.at(fact.at))
                return [self._request(fact, told)]
            case Kind.ASSIGNED if fact.agent:
                self._owners[fact.contact.number] = fact.agent
                return [self._request(fact, self._assigned(fact, fact.agent))]
            case Kind.ENDED:
                told = self._resolved(fact)
                self._first_replies.pop(fact.contact.number, None)
                self._owners.pop(fact.contact.number, None)
                return [self._request(fact, told)]
            case _:
                raise ValueError(f"a chat cannot be {fact.kind}")

    def _request(self, fact: Fact, payload: dict[str, Any]) -> Request:
        name = f"chat/{self._setting.run}/{fact.number}/{payload['event']}"
        headers = {
            "content-type": "application/json",
            "x-chatwoot-delivery": str(uuid5(NAMESPACE_URL, name)),
        }
        at = self._setting.at(fact.at)
        return Request(at, Door.CHAT, headers, json.dumps(payload).encode())

    def _created(self, fact: Fact) -> list[dict[str, Any]]:
        message = {
            "id": self._setting.id(fact.number),
            "message_type": 0,
            "created_at": int(self._setting.at(fact.at).timestamp()),
            "private": False,
        }
        conversation = self._conversation(fact.contact, fact.at, "open")
        return [
            self._message(fact, "incoming"),
            {**conversation, "messages": [message], "event": "conversation_created"},
        ]

    def _message(self, fact: Fact, message_type: str) -> dict[str, Any]:
        contact = fact.contact
        is_ours = message_type == "outgoing" and fact.agent is not None
        sender = _user(fact.agent) if is_ours and fact.agent else _person(contact.customer)
        return {
            "id": self._setting.id(fact.number),
            "content": "(text)",
            "created_at": _iso(self._setting.at(fact.at)),
            "message_type": message_type,
            "content_type": "text",
            "private": False,
            "content_attributes": {},
            "sender": sender,
            "inbox": {"id": INBOX, "name": "Website"},
            "conversation": self._conversation(contact, fact.at, "open"),
            "account": _ACCOUNT,
            "event": "message_created",
        }

    def _assigned(self, fact: Fact, agent: Agent) -> dict[str, Any]:
        change = {"assignee_id": {"previous_value": None, "current_value": agent.number}}
        return {
            **self._conversation(fact.contact, fact.at, "open"),
            "changed_attributes": [change],
            "event": "conversation_updated",
        }

    def _resolved(self, fact: Fact) -> dict[str, Any]:
        change = {"status": {"previous_value": "open", "current_value": "resolved"}}
        return {
            **self._conversation(fact.contact, fact.at, "resolved"),
            "changed_attributes": [change],
            "event": "conversation_status_changed",
        }

    def _conversation(self, contact: Contact, at: float, status: str) -> dict[str, Any]:
        owner = self._owners.get(contact.number)
        first_reply = self._first_replies.get(contact.number)
        return {
            "id": self._setting.id(contact.number),
            "inbox_id": INBOX,
            "channel": "Channel::WebWidget",
            "can_reply": True,
            "status": status,
            "meta": {
                "sender": _person(contact.customer),
                "assignee": _user(owner) if owner else None,
            },
            "messages": [],
            "unread_count": 0,
            "first_reply_created_at": _iso(first_reply) if first_reply else None,
            "created_at": int(self._setting.at(contact.opened_at).timestamp()),
            "updated_at": self._setting.at(at).timestamp(),
            "timestamp": int(self._setting.at(at).timestamp()),
        }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _person(customer: Customer) -> dict[str, Any]:
    return {
        "id": 300 + customer.number,
        "name": customer.person,
        "email": customer.email,
        "phone_number": None,
        "type": "contact",
    }


def _user(agent: Agent) -> dict[str, Any]:
    return {"id": agent.number, "name": agent.name, "email": agent.email, "type": "user"}
