"""Deliveries of Twilio as we invent them: a form, an event of a stream, the status of a call."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from app.sources.adapter import Delivery

TOKEN = "an-invented-token"  # noqa: S105 - of nobody
AT = "https://desk.example/hooks/flex"
FORM = "application/x-www-form-urlencoded"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
ARRIVAL = datetime(2027, 3, 1, 12, tzinfo=UTC)
CALLER = {
    "call_sid": "CA01",
    "direction": "inbound",
    "from": "+4520304050",
    "called": "+4570101010",
}
TASK = {
    "AccountSid": "AC01",
    "WorkspaceSid": "WS01",
    "TaskSid": "WT01",
    "TaskQueueSid": "WQ01",
    "TaskQueueName": "support",
    "TaskChannelUniqueName": "voice",
}


def at(clock: str) -> datetime:
    """An instant of the day, such as ``10:00:03.250``."""
    return datetime.fromisoformat(f"{DAY:%Y-%m-%d}T{clock}+00:00")


def posted(values: dict[str, Any], **headers: str) -> Delivery:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery({"content-type": FORM} | names, urlencode(values).encode(), ARRIVAL, AT)


def streamed(*events: dict[str, Any]) -> Delivery:
    body = json.dumps(events).encode()
    return Delivery({"content-type": "application/json"}, body, ARRIVAL, AT)


def of_task(event: str, clock: str, attributes: Any = None, **more: str) -> dict[str, str]:
    """An event of TaskRouter; its own id is made of what it tells."""
    moment = at(clock)
    told = CALLER if attributes is None else attributes
    return {
        **TASK,
        "TaskAttributes": told if isinstance(told, str) else json.dumps(told),
        "EventType": event,
        "Sid": "EV" + hashlib.sha256(f"{event} {clock} {more}".encode()).hexdigest()[:32],
        "Timestamp": str(int(moment.timestamp())),
        "TimestampMs": str(round(moment.timestamp() * 1000)),
        **more,
    }


def in_stream(told: dict[str, str]) -> dict[str, Any]:
    """The same event as Event Streams tells it."""
    moment = datetime.fromtimestamp(int(told["TimestampMs"]) / 1000, UTC)
    written = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    hidden = ("EventType", "Timestamp", "TimestampMs")
    payload = {
        re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): value
        for name, value in told.items()
        if name not in hidden
    }
    return {
        "specversion": "1.0",
        "type": f"com.twilio.taskrouter.{told['EventType']}",
        "source": "AB01",
        "id": "EZ" + told["Sid"][2:],
        "time": "2027-03-01T11:59:00.000Z",
        "data": {
            "sid": told["Sid"],
            "timestamp": written,
            "group": told["EventType"].partition(".")[0],
            "payload": payload | {"eventtype": told["EventType"], "timestamp": written},
        },
    }


def of_call(status: str, clock: str, **more: str) -> dict[str, str]:
    told = {
        "AccountSid": "AC01",
        "CallSid": "CA01",
        "CallStatus": status,
        "Direction": "inbound",
        "From": "+4520304050",
        "To": "+4570101010",
        "Timestamp": format_datetime(at(clock)),
        "CallbackSource": "call-progress-events",
    }
    return told | more


def signed(delivery: Delivery, text: str, key: str = TOKEN) -> Delivery:
    """The delivery with the signature of ``text``: its address, and the fields of a form."""
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    headers = {**delivery.headers, "x-twilio-signature": base64.b64encode(digest).decode()}
    return Delivery(headers, delivery.body, delivery.received_at, delivery.url)
