"""What all kinds of mail have in common, whoever carries it to us."""

from datetime import datetime
from typing import Final

from app.core.events import Channel
from app.sources.adapter import (
    LARGE_BYTES,
    Adapter,
    BadSignature,
    Delivery,
    Reply,
    SourceConfig,
)
from app.sources.mail.meaning import TOLD_BY_STAFF, TOLD_OF_CUSTOMERS

OPTIONS: Final = frozenset({"addresses", "bots", "staff", "staff_domains"})


class Mail(Adapter):
    """Mail through some carrier; what vouches for it differs."""

    channel: Final = Channel.EMAIL
    max_bytes: Final = LARGE_BYTES
    tells: frozenset[str] = TOLD_OF_CUSTOMERS
    options: frozenset[str] = OPTIONS

    def tells_with(self, config: SourceConfig) -> frozenset[str]:
        """An answer is only known where it is known who is one of us."""
        folder = config.connection.sent if config.connection else ""
        if config.staff or config.staff_domains or folder:
            return TOLD_OF_CUSTOMERS | TOLD_BY_STAFF
        return TOLD_OF_CUSTOMERS

    def answer(self, delivery: Delivery, config: SourceConfig) -> Reply | None:  # noqa: ARG002
        """Those who carry mail send again what is not answered with 200."""
        return Reply()


class UnsignedMail(Mail):
    """Mail through a carrier that signs nothing: a token vouches for it."""

    def verify(self, delivery: Delivery, secrets: tuple[str, ...], now: datetime) -> None:  # noqa: ARG002
        """Nothing can be verified: such a source is configured as unsigned, with a token."""
        raise BadSignature(f"{self.kind} signs nothing: expected unsigned: true and a token")
