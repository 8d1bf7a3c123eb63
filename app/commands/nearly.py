"""What would have to differ for a refused delivery to be let in: most often it is one small thing."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from urllib.parse import urlsplit, urlunsplit

from app.core.gaps import span
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, SourceConfig

_MILLISECONDS_FROM = 10**11
_MAX_DIGITS = 15
_PORTS = {"https": 443, "http": 80}
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

Another = tuple[Delivery, str]
"""A delivery that differs a little, and what to say if that one is let in."""


def nearly(
    delivery: Delivery, config: SourceConfig, others: Iterable[SourceConfig]
) -> Iterator[str]:
    """Say what would be let in instead; nothing where no small thing is to blame.

    ``others`` are the sources whose secrets the tool may have been given by mistake.
    """
    for changed in (_of_time(delivery), _of_address(delivery), _of_body(delivery)):
        yield from islice((said for another, said in changed if _holds(another, config)), 1)
    for other in others:
        theirs = replace(config, secrets=other.secrets)
        if other.secrets and other.source.id != config.source.id and _holds(delivery, theirs):
            yield f"it is signed with a secret of the source {other.source.id}"


def _holds(delivery: Delivery, config: SourceConfig) -> bool:
    with suppress(BadSignature):
        kinds.verify(delivery, config, delivery.received_at)
        return True
    return False


def _of_time(delivery: Delivery) -> Iterator[Another]:
    """The same, come at the instant at which it says it was signed."""
    for name, value in delivery.headers.items():
        at = _instant(value) if name.endswith("timestamp") else None
        if at is not None:
            apart = delivery.received_at - at
            when = "before" if apart > timedelta(0) else "after"
            said = f"it was signed {span(abs(apart))} {when} that: a clock is wrong, or it is an old one"
            yield replace(delivery, received_at=at), f"{said} (then add --at {at.isoformat()})"


def _instant(text: str) -> datetime | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        return None
    told = int(text)
    seconds = told / 1000 if told >= _MILLISECONDS_FROM else told
    at = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return at if _FIRST < at < _LAST else None


def _of_address(delivery: Delivery) -> Iterator[Another]:
    """The same, posted to an address that a proxy may have made of this one, or of which it is made."""
    try:
        parts = urlsplit(delivery.url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return
    bare = parts.path.rstrip("/")
    for (scheme, usual), path, query in product(
        _PORTS.items(), dict.fromkeys((parts.path, bare, f"{bare}/")), {parts.query: "", "": ""}
    ):
        for place in dict.fromkeys((host, parts.netloc, f"{host}:{port or usual}")):
            told = urlunsplit((scheme, place, path, query, ""))
            shown = urlunsplit((scheme, place.rpartition("@")[2], path, "", ""))
            cut = " without what follows the ?" if query != parts.query else ""
            said = f"it was posted to {shown}{cut}: say so with public_url in sources.yaml"
            if told != delivery.url:
                yield replace(delivery, url=told), said


def _of_body(delivery: Delivery) -> Iterator[Another]:
    """The same with a body as tools, editors and shells change it on the way."""
    body = delivery.body
    changes: Sequence[tuple[str, Callable[[bytes], bytes]]] = (
        ("without the line break at its end", lambda raw: raw.rstrip(b"\r\n")),
        ("with a line break at its end", lambda raw: raw + b"\n"),
        ("with \\n for each \\r\\n", lambda raw: raw.replace(b"\r\n", b"\n")),
        ("with \\r\\n for each \\n", lambda raw: raw.replace(b"\n", b"\r\n")),
        ("written without spaces", lambda raw: _rewritten(raw, separators=(",", ":"))),
        ("written without spaces or \\u", lambda raw: _rewritten(raw, ensure_ascii=False, separators=(",", ":"))),
        ("written with spaces", _rewritten),
    )  # fmt: skip
    for how, change in changes:
        changed = change(body)
        if changed != body:
            said = f"the body was signed {how}: it was changed after it was signed"
            yield replace(delivery, body=changed), said


def _rewritten(raw: bytes, **how: object) -> bytes:
    """The same JSON, written otherwise; the same bytes where it is none."""
    try:
        return json.dumps(json.loads(raw), **how).encode(errors="replace")  # type: ignore[arg-type]
    except (ValueError, RecursionError):
        return raw
