"""Who may send and who may read: tokens made, checked and revoked."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.store import tokens
from app.store.engine import Database

SCOPES = frozenset({"send", "read", "admin"})
TOKEN_BYTES = 32
CACHED_FOR = timedelta(seconds=10)
"""How long an answer is remembered: the delay of a revocation."""
MAX_CACHED = 10_000


class UnknownScope(ValueError):  # noqa: N818 - named for the fact
    """There is no such scope."""


async def make_token(db: Database, scopes: set[str], name: str, now: datetime) -> tuple[int, str]:
    """Make a token: its number and its text, which is shown once and never stored."""
    unknown = scopes - SCOPES
    if unknown or not scopes:
        named = ", ".join(sorted(unknown)) or "none"
        raise UnknownScope(f"expected scopes of {', '.join(sorted(SCOPES))}, got {named}")
    token = f"eh_{secrets.token_urlsafe(TOKEN_BYTES)}"
    async with db.begin() as tx:
        number = await tokens.save_token(tx, token, sorted(scopes), name, now)
    return number, token


async def revoke_token(db: Database, number: int, now: datetime) -> bool:
    """Make a token worthless, within ``CACHED_FOR`` everywhere; whether there was one."""
    async with db.begin() as tx:
        return await tokens.revoke_token(tx, number, now)


@dataclass(slots=True)
class Access:
    """What tokens may do, looked up once and remembered for a short while."""

    db: Database
    _known: dict[bytes, tuple[datetime, frozenset[str]]] = field(default_factory=dict)

    async def may(self, token: str, scope: str, now: datetime) -> bool:
        """Whether the token may do what ``scope`` names. The digest is looked up, never the text."""
        digest = tokens.digest_of(token)
        known = self._known.get(digest)
        if known is None or not now - CACHED_FOR <= known[0] <= now:
            async with self.db.single() as tx:
                scopes = await tokens.load_scopes(tx, digest)
            if len(self._known) >= MAX_CACHED:
                self._known.clear()
            known = self._known[digest] = (now, scopes)
        return scope in known[1]
