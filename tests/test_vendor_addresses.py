"""A vendor's server is asked as little as possible, and what it may do to us is bounded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from app.operations.vendor_addresses import (
    CERTIFICATE_LASTS,
    MAX_BYTES,
    MAX_CERTIFICATES,
    VendorAddresses,
    VendorAway,
)
from tests.conftest import NOON


class _Vendor(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b"x" * (MAX_BYTES + 1) if self.path == "/large" else b"a certificate"
        self.send_response({"/gone": 404, "/elsewhere": 302}.get(self.path, 200))
        if self.path == "/elsewhere":
            self.send_header("location", "/one.pem")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _running() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def vendor() -> Iterator[str]:
    _Vendor.asked.clear()
    with _running() as url:
        yield url


async def test_a_certificate_is_read_once_a_day(vendor: str):
    known = VendorAddresses()

    told = [await known.certificate(f"{vendor}/one.pem", NOON) for _ in range(3)]
    await known.certificate(f"{vendor}/one.pem", NOON + CERTIFICATE_LASTS)

    assert told == ["a certificate"] * 3
    assert _Vendor.asked == ["/one.pem"] * 2


async def test_only_so_many_certificates_are_remembered(vendor: str):
    known = VendorAddresses()

    for number in range(MAX_CERTIFICATES + 1):
        await known.certificate(f"{vendor}/{number}.pem", NOON)
    await known.certificate(f"{vendor}/0.pem", NOON + timedelta(seconds=1))

    assert _Vendor.asked.count("/0.pem") == 2


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/gone", "answered 404"), ("/elsewhere", "answered 302"), ("/large", "more than 64000")],
)
async def test_what_is_not_there_elsewhere_or_too_large_is_not_taken(
    vendor: str, path: str, reason: str
):
    with pytest.raises(VendorAway, match=reason):
        await VendorAddresses().certificate(vendor + path, NOON)


async def test_a_server_that_cannot_be_reached_is_away():
    with pytest.raises(VendorAway, match="cannot be reached"):
        await VendorAddresses().open("http://127.0.0.1:1/confirm")


async def test_an_address_that_is_none_is_away():
    with pytest.raises(VendorAway, match="cannot be reached"):
        await VendorAddresses().open("http://[not an address")
