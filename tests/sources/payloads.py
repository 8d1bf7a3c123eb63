"""Payloads and what they mean: the project's own, and the shared ones where that folder exists."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.core.source import Source
from app.sources.adapter import Delivery, SourceConfig
from app.sources.kinds import ADAPTERS

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
OWN = Path(__file__).parents[1] / "payloads"
SHARED = Path(__file__).parents[2].parent / "shared" / "samples" / "webhooks"
OPTIONAL = frozenset({"contact.offered", "contact.queued", "agent.available", "agent.unavailable"})


def own_cases(kind: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for line in (OWN / kind / "expected.jsonl").read_text().splitlines():
        case = json.loads(line)
        yield case["file"], case["expected"]


def own(kind: str, file: str) -> bytes:
    return (OWN / kind / file).read_bytes()


def shared_cases() -> Iterator[dict[str, Any]]:
    listed = SHARED / "expected.jsonl"
    lines = listed.read_text().splitlines() if listed.exists() else []
    for line in lines:
        case = json.loads(line)
        if case["source"] in ADAPTERS:
            yield case


def headers_of(case: dict[str, Any]) -> dict[str, str]:
    """Headers whose value a shared sample tells: some tools name the event nowhere else."""
    told = (part.partition(": ") for part in case["headers"].split(", "))
    return {name: value for name, _, value in told if name == "X-HelpScout-Event"}


def shared_signatures() -> Iterator[dict[str, Any]]:
    listed = SHARED / "signatures.json"
    for vector in json.loads(listed.read_text()) if listed.exists() else []:
        if vector["system"] in ADAPTERS:
            yield vector


def config(kind: str, **options: Any) -> SourceConfig:
    return SourceConfig(source=Source(id="desk", kind=kind), **options)


def delivery(body: bytes | dict[str, Any], url: str = "", **headers: str) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Delivery(names, raw, NOON, url)
