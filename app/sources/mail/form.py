"""The fields of a form, in either of the two ways that a form is posted, within limits."""

import binascii
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from app.sources.adapter import Delivery, Unreadable
from app.sources.mail.header import read_header, split
from app.sources.mail.parts import boundary_of, parts_at
from app.sources.reading import MAX_NAME

MAX_FIELDS: Final = 300
"""Fields of a form that are read."""
MULTIPART: Final = "multipart/form-data"

_NAME = re.compile(r'\bname="([^"]{0,200})"|\bname=([^\s;"]{1,200})')


def read_form(delivery: Delivery, only: Collection[str] = ()) -> Mapping[str, bytes]:
    """Read a form, or ``only`` some fields of it. Raises ``Unreadable``.

    Of several fields of one name the first counts.
    """
    content_type = delivery.headers.get("content-type", "")
    if not _is_multipart(content_type, delivery.body):
        return _first_of_each(_encoded(delivery.body, only))
    boundary = boundary_of(content_type) or _first_line(delivery.body)
    if not boundary:
        raise Unreadable("expected a form: the Content-Type names no boundary")
    return _first_of_each(_parted(delivery.body, boundary))


def _is_multipart(content_type: str, body: bytes) -> bool:
    told = content_type.strip().lower()
    urlencoded = told.startswith("application/x-www-form-urlencoded")
    return told.startswith(MULTIPART) or (body.lstrip().startswith(b"--") and not urlencoded)


def _first_line(body: bytes) -> bytes:
    """The boundary by which a body parts itself."""
    return body.lstrip()[2:202].partition(b"\n")[0].strip()


def _first_of_each(fields: Iterator[tuple[str, bytes]]) -> Mapping[str, bytes]:
    read: dict[str, bytes] = {}
    for name, value in islice(fields, MAX_FIELDS):
        read.setdefault(name, value)
    return MappingProxyType(read)


def _parted(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    for raw in parts_at(body, boundary):
        found = _NAME.search(read_header(raw).first("content-disposition"))
        if found:
            yield found[1] or found[2] or "", split(raw)[1]


def _encoded(body: bytes, only: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for pair in body.split(b"&", MAX_FIELDS):
        quoted, _, value = pair.partition(b"=")
        name = _unquoted(quoted[:MAX_NAME]).decode(errors="replace")
        if not only or name in only:
            yield name, _unquoted(value)


def _unquoted(value: bytes) -> bytes:
    """Read ``%41`` and ``+``. Written with = for %, this is quoted-printable, which is fast to read."""
    spaced = value.replace(b"+", b" ")
    if b"%" not in spaced:
        return spaced
    quoted = spaced.replace(b"=", b"=3D").replace(b"%", b"=").replace(b"=\n", b"=3D\n")
    return binascii.a2b_qp(quoted)


def text(value: bytes | None) -> str:
    """A field as text: UTF-8 or, where it is not, Latin-1."""
    raw = value or b""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
