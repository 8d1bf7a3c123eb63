"""The parts of a message's body, only as far as another message may be inside it.

Of a body nothing is ever told: a message that is attached has a header, a report names recipients.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.sources.mail.header import Header, read_header, split

MAX_PARTS: Final = 40
"""Parts of one message that are looked at."""
MAX_DEPTH: Final = 3
"""How deep parts may lie in parts."""

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A message or one part of it."""

    header: Header
    body: bytes

    @property
    def kind(self) -> str:
        """Its media type, in small letters."""
        return self.header.first("content-type").partition(";")[0].strip().lower()

    @property
    def content(self) -> bytes:
        """The body as it was before it was encoded."""
        encoding = self.header.first("content-transfer-encoding").lower()
        if encoding == "base64":
            return unpacked(self.body)
        return binascii.a2b_qp(self.body) if encoding == "quoted-printable" else self.body


def unpacked(raw: bytes) -> bytes:
    """Read base64 as far as it goes: it may have been cut off."""
    whole = b"".join(raw.split())
    try:
        return base64.b64decode(whole[: len(whole) // 4 * 4])
    except ValueError:
        return b""


def read_part(raw: bytes) -> Part:
    """Read a message, or a part of one."""
    return Part(read_header(raw), split(raw)[1])


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a media type tells."""
    found = _BOUNDARY.search(content_type[:2_000])
    return (found[1] or found[2]).encode("utf-8", "replace") if found else None


def parts_at(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Part a body at its boundary: header and content of each part."""
    line = re.compile(rb"\n--" + re.escape(boundary) + rb"(?=--|[ \t]*\r?\n)")
    for piece in line.split(b"\n" + body, MAX_PARTS)[1:]:
        if piece.startswith(b"--"):
            return
        _, _, rest = piece.partition(b"\n")
        yield rest.removesuffix(b"\r")


def parts_of(message: Part, depth: int = 0) -> Iterator[Part]:
    """Give the parts of a message that hold no other parts, those of parts in their place."""
    boundary = boundary_of(message.header.first("content-type"))
    if not message.kind.startswith("multipart/") or boundary is None or depth >= MAX_DEPTH:
        yield message
        return
    for raw in parts_at(message.body, boundary):
        yield from parts_of(_part(raw), depth + 1)


def _part(raw: bytes) -> Part:
    """A part may have no header: then it begins with an empty line."""
    if raw.startswith((b"\r\n", b"\n")):
        return Part(Header({}), raw)
    return read_part(raw)


def attached_message(message: Part) -> Part | None:
    """The first message that is attached, if there is one."""
    for part in parts_of(message):
        if part.kind == "message/rfc822":
            return read_part(part.content)
    return None
