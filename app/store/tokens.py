"""Tokens of senders and readers: only their SHA-256 is stored."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import text

from app.store.engine import Transaction

SAVE = text("""
INSERT INTO tokens (digest, scopes, name, created_at)
VALUES (:digest, CAST(:scopes AS text[]), :name, :created_at)
RETURNING id
""")
LOAD = text("SELECT scopes FROM tokens WHERE digest = :digest AND revoked_at IS NULL")
REVOKE = text("UPDATE tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL")


def digest_of(token: str) -> bytes:
    """What is stored of a token."""
    return sha256(token.encode()).digest()


async def save_token(
    tx: Transaction, token: str, scopes: list[str], name: str, now: datetime
) -> int:
    """Store a new token's digest; the answer is its number."""
    told = {"digest": digest_of(token), "scopes": scopes, "name": name, "created_at": now}
    return int((await tx.execute(SAVE, told)).scalar_one())


async def load_scopes(tx: Transaction, digest: bytes) -> frozenset[str]:
    """What the token may do; nothing where it is unknown or revoked."""
    scopes = (await tx.execute(LOAD, {"digest": digest})).scalar_one_or_none()
    return frozenset(scopes or ())


async def revoke_token(tx: Transaction, number: int, now: datetime) -> bool:
    """Make a token worthless; whether there was one."""
    return bool((await tx.execute(REVOKE, {"id": number, "now": now})).rowcount)
