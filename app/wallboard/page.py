"""The files of the wallboard's page, read once, and the version they make together."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

FILES = {
    "/": ("wallboard.html", "text/html; charset=utf-8"),
    "/wallboard.css": ("wallboard.css", "text/css; charset=utf-8"),
    "/wallboard.js": ("wallboard.js", "text/javascript; charset=utf-8"),
    "/wallboard/board.js": ("board.js", "text/javascript; charset=utf-8"),
    "/wallboard/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "/wallboard/elements.js": ("elements.js", "text/javascript; charset=utf-8"),
    "/wallboard/turns.js": ("turns.js", "text/javascript; charset=utf-8"),
    "/served-first": ("served_first.html", "text/html; charset=utf-8"),
    "/wallboard/served_first.js": ("served_first.js", "text/javascript; charset=utf-8"),
    "/sources": ("sources.html", "text/html; charset=utf-8"),
    "/wallboard/sources.css": ("sources.css", "text/css; charset=utf-8"),
    "/wallboard/sources.js": ("sources.js", "text/javascript; charset=utf-8"),
    "/wallboard/one_source.js": ("one_source.js", "text/javascript; charset=utf-8"),
    "/wallboard/event_words.js": ("event_words.js", "text/javascript; charset=utf-8"),
    "/wallboard/asking.js": ("asking.js", "text/javascript; charset=utf-8"),
    "/wallboard.svg": ("wallboard.svg", "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the page, read once."""

    body: bytes
    media_type: str
    etag: str


def _load(name: str, media_type: str) -> Asset:
    body = files("app.wallboard").joinpath(name).read_bytes()
    return Asset(body, media_type, f'"{sha256(body).hexdigest()[:32]}"')


ASSETS = {path: _load(*file) for path, file in FILES.items()}

VERSION = sha256("".join(asset.etag for asset in ASSETS.values()).encode()).hexdigest()[:16]
"""Changes when a file of the page changes: screens that run an older page load it anew."""
