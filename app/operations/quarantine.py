"""Keep what an adapter could not read, without any secret in it, until the reading is mended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from app.store import quarantine
from app.store.engine import Database

KEPT_HEADERS = ("content-type", "user-agent", "content-encoding")
KEPT_PREFIXES = ("x-chatwoot-delivery", "x-request-id")
SECRET = b"[secret]"


@dataclass(frozen=True, slots=True)
class Raw:
    """A delivery as it came."""

    source: str
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


def _spellings(character: str) -> bytes:
    """A pattern of how JSON and forms may write a character of a secret."""
    raw = character.encode()
    percent = b"".join(b"%%%02x" % byte for byte in raw)
    ways = [re.escape(raw), rb"\\" + re.escape(raw), b"(?i:%s)" % percent]
    if ord(character) < 0x10000:
        ways.append(rb"\\u(?i:%04x)" % ord(character))
    return b"(?:" + b"|".join(ways) + b")"


async def keep_raw(db: Database, raw: Raw, now: datetime) -> None:
    """Keep a delivery: only headers that cannot hold a secret, and the body with secrets cut out."""
    headers = {
        name: value
        for name, value in raw.headers.items()
        if name in KEPT_HEADERS or name.startswith(KEPT_PREFIXES)
    }
    body = raw.body
    for secret in filter(None, raw.secrets):
        body = re.sub(b"".join(map(_spellings, secret)), SECRET, body)
    told = (msgspec.json.encode(headers).decode(), body)
    async with db.begin() as tx:
        await quarantine.keep(tx, raw.source, now, raw.reason, told)
