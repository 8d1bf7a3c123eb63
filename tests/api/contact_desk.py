"""A service with things that happen at the desk, and a client that may read."""

from datetime import datetime, timedelta
from typing import Any

from app.api.problems import PROBLEM_TYPE
from tests.conftest import NOON
from tests.running import Running

UNTOLD = 'evenhand_contacts_untold{team="support",channel="email"}'
RULE: dict[str, Any] = {
    "name": "Everything else",
    "line": 16,
    "policy_version": 1,
    "fits": {},
    "above": [
        {"rule": "Phone", "line": 12, "attribute": "channel", "has": "email", "wanted": ["phone"]}
    ],
}
NO_SPANS: dict[str, Any] = {
    "seconds": 0.0,
    "first": [],
    "more": 0,
    "more_seconds": 0.0,
    "last": [],
}
NO_GAPS: dict[str, Any] = {"first": [], "more": 0, "last": []}
UNFIT = "'Phone' did not fit: the contact came by e-mail, not by phone."
CATCH_ALL = "(policy version 1, line 16), which is for whatever no rule above it fits."


def minute(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def said(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def span(start: datetime, end: datetime) -> dict[str, Any]:
    seconds = (end - start).total_seconds()
    told = {"start": said(start), "end": said(end), "seconds": seconds}
    return {**NO_SPANS, "seconds": seconds, "first": [told]}


class Desk:
    """The service, things that happen at the desk, and a client that may read."""

    def __init__(self, service: Running, token: str) -> None:
        self.service = service
        self.headers = {"authorization": f"Bearer {token}"}

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.service.client.get(path, headers=self.headers)
        assert answer.status_code == status, answer.text
        if status != 200:
            assert answer.headers["content-type"] == PROBLEM_TYPE
        return answer.json()

    async def tell(self, at: float, type_: str, contact: str, **data: Any) -> None:
        """Something happens so many minutes after noon, and is told at once."""
        self.service.clock.now = minute(at)
        answer = await self.service.send(type_, contact, **data)
        assert answer.status_code == 202, answer.text

    async def mail(self, contact: str, at: float = 0, **data: Any) -> None:
        told = {"channel": "email", "customer": "acme", "team": "support", **data}
        await self.tell(at, "contact.received", contact, **told)

    async def listed(self, query: str) -> list[str]:
        told = await self.get(f"/v1/contacts?{query}")
        return [each["contact"] for each in told["contacts"]]

    async def pass_to(self, at: float) -> None:
        """Move to so many minutes after noon with everything worked out."""
        self.service.clock.now = minute(at)
        await self.service.settle()
