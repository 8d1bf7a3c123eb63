"""Keep what an adapter could not read, without any secret in it, until the reading is mended."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from msgspec import MsgspecError

from app.core.aliases import pseudonymised
from app.core.deliveries import MAX_REASON, shown
from app.operations.intake import CannotStore, record_events
from app.sources.adapter import Delivery, SourceConfig, Unreadable
from app.sources.kinds import translate
from app.store import quarantine
from app.store.engine import Database
from app.store.quarantine import Kept, KeptLine, KeptReason

READ_AT_ONCE = 20
"""Kept deliveries that are read anew together: each may be as large as a delivery can be."""
LISTED = 100
"""Kept deliveries that a list names; the counts are of all."""
MAX_KEPT = 2_000
MAX_KEPT_BYTES = 64_000_000
"""How many, and how much, is kept of one source: beyond that the oldest go."""
MAX_ONE_BYTES = 1_000_000
"""So much is kept of one delivery: of a mail its header, and what stands in it first."""
KEPT_HEADERS = ("content-type", "user-agent", "content-encoding")
KEPT_PREFIXES = (
    "ce-",
    "i-twilio-idempotency-token",
    "svix-id",
    "webhook-id",
    "x-chatwoot-delivery",
    "x-evenhand-",
    "x-helpscout-event",
    "x-request-id",
    "x-zammad-delivery",
    "x-zammad-trigger",
    "x-zendesk-webhook-id",
    "x-zendesk-webhook-invocation-id",
)
SECRET = b"[secret]"
_MAX_SPELLED = 12
"""Bytes of one character of a secret at most, however it is written: ``%F0%9F%8E%84``."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A delivery as it came."""

    source: str
    reason: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    telling: frozenset[str] = frozenset()
    """Headers that this source's adapter reads besides those of every kind."""


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
        if name in raw.telling or name in KEPT_HEADERS or name.startswith(KEPT_PREFIXES)
    }
    body = await asyncio.to_thread(_without_secrets, raw)
    told = (msgspec.json.encode(headers).decode(), body)
    async with db.begin() as tx:
        await quarantine.keep(tx, raw.source, now, shown(raw.reason, MAX_REASON), told)


def _without_secrets(raw: Raw) -> bytes:
    """The body as far as it is kept; a secret that ends beyond that is cut out all the same."""
    secrets = [secret for secret in raw.secrets if secret]
    longest = max(map(len, secrets), default=0)
    body = raw.body[: MAX_ONE_BYTES + longest * _MAX_SPELLED]
    for secret in secrets:
        body = re.sub(b"".join(map(_spellings, secret)), SECRET, body)
    return body[:MAX_ONE_BYTES]


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of reading kept deliveries anew. ``reason``: why the last one still cannot be read."""

    understood: int = 0
    still_not: int = 0
    events: int = 0
    reason: str | None = None


async def try_again(
    db: Database, configs: Mapping[str, SourceConfig], key: bytes, source: str = ""
) -> Retried:
    """Read what is kept of a source anew, or of all with no name.

    What is understood is stored as if it had just come, and forgotten here; repeats do no harm.
    """
    total, after = Retried(), 0
    while kept := await _next(db, source, after):
        for one in kept:
            done = await _read_anew(db, one, configs.get(one.source), key)
            total = Retried(
                total.understood + done.understood,
                total.still_not + done.still_not,
                total.events + done.events,
                done.reason or total.reason,
            )
            await asyncio.sleep(0)  # requests get their turn
        after = kept[-1].id
    return total


async def try_one_again(
    db: Database, config: SourceConfig, key: bytes, number: int
) -> Retried | None:
    """Read one kept delivery of a source anew; nothing where there is none of that number."""
    async with db.begin() as tx:
        kept = await quarantine.load_one(tx, config.source.id, number)
    return await _read_anew(db, kept, config, key) if kept else None


async def drop_kept(db: Database, source: str, number: int | None = None) -> int:
    """Delete one kept delivery of a source, or all of them; how many there were."""
    async with db.begin() as tx:
        return await quarantine.drop(tx, source, number)


async def list_kept(db: Database, source: str = "") -> tuple[list[KeptLine], list[KeptReason]]:
    """The newest kept deliveries of a source, or of all, and how many there are by reason."""
    async with db.begin() as tx:
        lines = await quarantine.load_lines(tx, source, LISTED)
        reasons = await quarantine.load_reasons(tx)
    return lines, [each for each in reasons if not source or each.source == source]


async def _next(db: Database, source: str, after: int) -> Sequence[Kept]:
    async with db.begin() as tx:
        return await quarantine.load_next(tx, source, after, READ_AT_ONCE)


async def _read_anew(db: Database, kept: Kept, config: SourceConfig | None, key: bytes) -> Retried:
    if config is None:
        return Retried(still_not=1, reason="the source is not configured")
    headers = msgspec.json.decode(kept.headers, type=dict[str, str])
    try:
        events = translate(Delivery(headers, kept.body, kept.received_at), config)
        if events:
            await record_events(db, [[pseudonymised(event, key) for event in events]])
    except (Unreadable, CannotStore, MsgspecError) as error:
        async with db.begin() as tx:
            await quarantine.say_why(tx, kept.id, shown(str(error), MAX_REASON))
        return Retried(still_not=1, reason=shown(str(error), MAX_REASON))
    async with db.begin() as tx:
        await quarantine.remove(tx, kept.id)
    return Retried(understood=1, events=len(events))
