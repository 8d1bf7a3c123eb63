"""What is sent: one request to one of the service's doors, and the secrets that open it."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Door(StrEnum):
    """Where the service takes events."""

    PHONE = "/hooks/phone"
    CHAT = "/hooks/chat"
    EVENTS = "/v1/events"


@dataclass(frozen=True, slots=True)
class Keys:
    """The phone system's token, the chat system's secret, our own bearer token."""

    phone_token: str = field(repr=False)
    chat_secret: str = field(repr=False)
    api_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One delivery: when it leaves, through which door, and what it says.

    ``headers`` are those that do not depend on the instant of sending; see ``headers_at``.
    """

    at: datetime
    door: Door
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where on the clock a simulated centre lives. ``run`` keeps the ids of two runs apart."""

    start: datetime
    beat: timedelta
    run: int

    def at(self, beats: float) -> datetime:
        """The instant ``beats`` after the start, to the millisecond."""
        milliseconds = round(beats * self.beat.total_seconds() * 1000)
        return self.start + timedelta(milliseconds=milliseconds)

    def beats(self, at: datetime) -> float:
        """How many beats lie between the start and ``at``."""
        return (at - self.start) / self.beat

    def id(self, number: int) -> int:
        """A tool's own id, never the same in two runs."""
        return self.run * 1_000_000 + number


def headers_at(request: Request, keys: Keys, sent_at: datetime) -> dict[str, str]:
    """The headers as of the instant of sending: the chat system signs when, our door wants a token."""
    match request.door:
        case Door.CHAT:
            signed_at = str(int(sent_at.timestamp()))
            message = signed_at.encode() + b"." + request.body
            digest = hmac.new(keys.chat_secret.encode(), message, hashlib.sha256).hexdigest()
            signed = {
                "x-chatwoot-timestamp": signed_at,
                "x-chatwoot-signature": f"sha256={digest}",
            }
            return {**request.headers, **signed}
        case Door.EVENTS:
            return {**request.headers, "authorization": f"Bearer {keys.api_token}"}
        case Door.PHONE:
            return dict(request.headers)
