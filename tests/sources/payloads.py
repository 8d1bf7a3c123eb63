"""Payloads and what they mean: the project's own, and the shared ones where that folder exists."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.core.source import Source
from app.sources.adapter import Delivery, SourceConfig
from app.sources.kinds import ADAPTERS
from app.sources.translation import parse_request, translate

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
OWN = Path(__file__).parents[1] / "payloads"
SHARED = Path(__file__).parents[2].parent / "shared" / "samples" / "webhooks"
OPTIONAL = frozenset({"contact.offered", "contact.queued", "agent.available", "agent.unavailable"})
OWN_KINDS = sorted(folder.name for folder in OWN.iterdir() if folder.name in ADAPTERS)
SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "twilio": ("twilio-taskrouter", "twilio-voice", "twilio-eventstreams")
}
"""Kinds whose deliveries are signed in the same way, by the name that the vectors have for it."""
HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.+)")


@dataclass(frozen=True, slots=True)
class Case:
    """A payload, its headers, and the events it means."""

    kind: str
    file: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    expected: list[dict[str, Any]]
    method: str = "POST"

    @property
    def content_type(self) -> str:
        return self.headers["content-type"]

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.headers, self.body, NOON, "/hooks/desk", self.method)

    def translated(self) -> list[dict[str, Any]]:
        """What the kind makes of it; a handshake tells nothing."""
        if self.method == "OPTIONS":
            return []
        return translate(self.kind, self.body, self.headers, NOON)

    def __str__(self) -> str:
        return f"{self.kind}/{self.file}"


def own_cases(kind: str) -> Iterator[Case]:
    for line in (OWN / kind / "expected.jsonl").read_text().splitlines():
        yield _case(kind, OWN / kind, json.loads(line), json.loads(line).get("headers", {}))


def own(kind: str, file: str) -> bytes:
    return (OWN / kind / file).read_bytes()


def all_own_cases() -> list[Case]:
    return [case for kind in OWN_KINDS for case in own_cases(kind)]


def shared_cases() -> list[Case]:
    listed = SHARED / "expected.jsonl"
    lines = listed.read_text().splitlines() if listed.exists() else []
    return [
        _case(told["source"], SHARED, told, _headers(told["headers"]))
        for told in map(json.loads, lines)
        if told["source"] in ADAPTERS
    ]


def _headers(told: str) -> dict[str, str]:
    """Headers whose value a shared sample tells: some tools name the event nowhere else."""
    found = (HEADER.fullmatch(part) for part in told.split(", "))
    return {each[1]: each[2] for each in found if each}


def _case(kind: str, folder: Path, told: dict[str, Any], headers: Mapping[str, str]) -> Case:
    body = (folder / told["file"]).read_bytes()
    method = "POST"
    lowered = {"content-type": told.get("content_type", "application/json")}
    lowered |= {name.lower(): value for name, value in headers.items()}
    if told["file"].endswith(".http.txt"):
        request = parse_request(body)
        body, method, lowered = request.body, request.method, dict(request.headers)
    return Case(kind, told["file"], body, lowered, told["expected"], method)


def shared_signatures() -> Iterator[tuple[str, dict[str, Any]]]:
    """The kind that judges it, and the vector."""
    listed = SHARED / "signatures.json"
    for vector in json.loads(listed.read_text()) if listed.exists() else []:
        system = vector["system"]
        for kind in SYSTEMS.get(system, (system,)):
            if kind in ADAPTERS:
                yield kind, vector


def config(kind: str, **options: Any) -> SourceConfig:
    return SourceConfig(source=Source(id="desk", kind=kind), **options)


def delivery(body: bytes | dict[str, Any], url: str = "", **headers: str) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Delivery(names, raw, NOON, url)
