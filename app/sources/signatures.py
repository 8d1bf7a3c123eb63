"""Whether a secret vouches for a delivery, without telling how nearly it did."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from app.sources.adapter import BadSignature, Delivery

TOKEN_PARAMETERS = ("token", "access_token")
KEY_HEADER = "x-api-key"
MAX_QUERY_FIELDS = 100
_MAX_SECONDS_DIGITS = 12


def is_one_of(given: str, expected: Iterable[str]) -> bool:
    """Compare with every expected text, in a time that does not depend on where they differ."""
    raw = given.encode(errors="replace")
    matches = [hmac.compare_digest(raw, text.encode(errors="replace")) for text in expected]
    return any(matches)


def hmac_sha256_hex(secret: str, message: bytes) -> str:
    """Sign ``message``."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def hmac_sha1_hex(secret: str, message: bytes) -> str:
    """Sign ``message`` as older tools do."""
    return hmac.new(secret.encode(), message, hashlib.sha1).hexdigest()


def hmac_base64(secret: str, message: bytes, algorithm: str) -> str:
    """Sign ``message`` with ``sha1`` or ``sha256``, written in base64."""
    return base64.b64encode(hmac.new(secret.encode(), message, algorithm).digest()).decode()


def check_signed_at(text: str, now: datetime, tolerance: timedelta) -> None:
    """Insist that the Unix time ``text`` lies within ``tolerance`` of ``now``, the edge included."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_SECONDS_DIGITS):
        raise BadSignature("the time of signing is missing or is not a number of seconds")
    check_fresh(now.timestamp() - int(text), tolerance)


def check_fresh(seconds_ago: float, tolerance: timedelta) -> None:
    """Insist that what was signed ``seconds_ago`` was signed about now, on either side of it."""
    if abs(seconds_ago) > tolerance.total_seconds():
        apart = f"{abs(seconds_ago):.0f} s {'ago' if seconds_ago > 0 else 'ahead of us'}"
        raise BadSignature(
            f"signed more than {tolerance.total_seconds():.0f} s from now, {apart}: "
            "it is old, or a clock is wrong"
        )


def check_token(delivery: Delivery, tokens: tuple[str, ...]) -> None:
    """Insist on a known token: Bearer, Basic's password, a header or ``?token=`` in the URL."""
    given = _tokens(delivery)
    if not given:
        raise BadSignature("no token in the Authorization or X-Api-Key header or the query string")
    if not any(is_one_of(token, tokens) for token in given):
        raise BadSignature("the token is not the one of this source")


def _tokens(delivery: Delivery) -> list[str]:
    found = []
    scheme, _, rest = delivery.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        found.append(rest.strip())
    elif scheme.lower() == "basic":
        found.append(_password(rest.strip()))
    elif not rest:
        found.append(scheme)
    found.append(delivery.headers.get(KEY_HEADER, "").strip())
    try:
        query = parse_qs(urlsplit(delivery.url).query, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        query = {}
    found += [query[name][0] for name in TOKEN_PARAMETERS if name in query]
    return [token for token in found if token]


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeError, ValueError):
        return ""
