"""What callers are told when something is wrong: one table of problems (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 5
"""When to come back while the database is away; some vendors retry only when told under 60 s."""

TITLES: Mapping[int, str] = {
    400: "The request cannot be read",
    401: "Not known here",
    403: "Not allowed",
    404: "There is no such thing",
    405: "Not done this way",
    409: "It does not go with what is there",
    413: "Too large",
    415: "Not a form that is read here",
    422: "Something in it is wrong",
    500: "Something went wrong here",
    503: "Not possible right now",
}


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - named for the fact
    """A refusal: status, what was expected and what came. ``more`` are further members."""

    status: int
    detail: str
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The problem as JSON."""
        told = {"type": "about:blank", "title": TITLES[self.status], "status": self.status}
        return msgspec.json.encode({**told, "detail": self.detail, **self.more})


def come_back(reason: str) -> Problem:
    """Nothing was stored; the same request is welcome again soon."""
    detail = f"{reason}: nothing was stored, send it again"
    return Problem(503, detail, headers={"retry-after": str(RETRY_SECONDS)})
