"""Open a vendor's own address: the certificate that signs a delivery, a subscription to confirm."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

SECONDS = 4.0
"""How long a vendor's server may take; senders wait 15 s for us."""
MAX_BYTES = 64_000
MAX_CERTIFICATES = 16
CERTIFICATE_LASTS = timedelta(days=1)


class VendorAway(RuntimeError):  # noqa: N818 - named for the fact
    """The vendor's server did not answer well; the delivery may be sent again."""


async def fetch(address: str) -> bytes:
    """Read an address without following it elsewhere; raises ``VendorAway``."""
    try:
        async with (
            httpx.AsyncClient(timeout=SECONDS, follow_redirects=False) as client,
            client.stream("GET", address) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise VendorAway(f"the vendor's server answered {answer.status_code}")
            read = bytearray()
            async for part in answer.aiter_bytes():
                read += part
                if len(read) > MAX_BYTES:
                    raise VendorAway(f"the vendor's server sent more than {MAX_BYTES} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise VendorAway(f"the vendor's server cannot be reached: {type(error).__name__}") from None
    return bytes(read)


@dataclass(slots=True)
class VendorAddresses:
    """What was read of vendors' servers; certificates are remembered for a day."""

    fetch: Callable[[str], Awaitable[bytes]] = fetch
    _certificates: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    async def certificate(self, address: str, now: datetime) -> str:
        """The certificate at ``address``, as PEM text; raises ``VendorAway``."""
        known = self._certificates.get(address)
        if known is not None and now - known[0] < CERTIFICATE_LASTS:
            return known[1]
        pem = (await self.fetch(address)).decode(errors="replace")
        while len(self._certificates) >= MAX_CERTIFICATES:
            self._certificates.pop(next(iter(self._certificates)))
        self._certificates[address] = (now, pem)
        return pem

    async def open(self, address: str) -> None:
        """Open an address once; raises ``VendorAway``."""
        await self.fetch(address)
