"""Keep what an adapter could not read, without any secret in it, until the reading is mended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from app.core.aliases import pseudonymised
from app.operations.intake import record_events
from app.sources.adapter import Delivery, SourceConfig, Unreadable
from app.sources.kinds import translate
from app.store import quarantine
from app.store.engine import Database
from app.store.quarantine import Kept

KEPT_A_ROUND = 10_000
"""Kept deliveries that are listed or read anew at once."""
KEPT_HEADERS = ("content-type", "user-agent", "content-encoding")
KEPT_PREFIXES = ("x-chatwoot-delivery", "x-helpscout-event", "x-request-id")
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


async def load_kept(db: Database) -> list[Kept]:
    """What is kept, the oldest first, at most ``KEPT_A_ROUND``."""
    async with db.begin() as tx:
        return await quarantine.load_kept(tx, KEPT_A_ROUND)


async def try_again(
    db: Database, configs: Mapping[str, SourceConfig], key: bytes
) -> tuple[int, int]:
    """Read what is kept anew: how many deliveries are understood now, and how many still are not.

    Those understood are stored as if they had just come, and forgotten here; repeats do no harm.
    """
    understood = 0
    kept = await load_kept(db)
    for one in kept:
        config = configs.get(one.source)
        if config is None:
            continue
        headers = msgspec.json.decode(one.headers, type=dict[str, str])
        try:
            events = translate(Delivery(headers, one.body, one.received_at), config)
        except Unreadable:
            continue
        if events:
            await record_events(db, [[pseudonymised(event, key) for event in events]])
        async with db.begin() as tx:
            await quarantine.remove(tx, one.id)
        understood += 1
    return understood, len(kept) - understood
