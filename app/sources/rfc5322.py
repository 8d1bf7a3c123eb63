"""Mail as it is (RFC 5322): a message that a mail server posts, or that we fetch by IMAP.

The body of a delivery is the whole message. Who fetches it from a mailbox says two things more in
headers of the delivery: ``x-evenhand-internaldate``, when the message came to that mailbox (ISO
8601), and ``x-evenhand-folder``, whether it lay among what came in (``inbox``) or went out (``sent``).
"""

from contextlib import suppress
from datetime import datetime
from typing import Final

from app.core.events import AgentReplied, ContactReceived, CustomerReplied, Incoming
from app.sources.adapter import Delivery, SourceConfig, Unreadable, gives
from app.sources.mail.meaning import TOLD_BY_STAFF, TOLD_OF_CUSTOMERS, translate_message
from app.sources.mail.message import Carried
from app.sources.mail.parts import read_part
from app.sources.mail.source import OPTIONS, UnsignedMail
from app.sources.reading import instant

INTERNAL_DATE: Final = "x-evenhand-internaldate"
FOLDER: Final = "x-evenhand-folder"
INBOX: Final = "inbox"
SENT: Final = "sent"


class Rfc5322(UnsignedMail):
    """Mail as it is."""

    kind: Final = "rfc5322"
    tells = TOLD_OF_CUSTOMERS | TOLD_BY_STAFF
    options = OPTIONS | {"connection"}
    events: Final = gives(
        {INBOX: (AgentReplied, ContactReceived, CustomerReplied), SENT: (AgentReplied,)}
    )

    def event_of(self, delivery: Delivery) -> str | None:
        """Whether the message came in or went out."""
        return SENT if _folder(delivery) == SENT else INBOX

    def translate(self, delivery: Delivery, config: SourceConfig) -> tuple[Incoming, ...]:
        """Translate one message."""
        carried = Carried(at=_came_at(delivery), from_sent_folder=_folder(delivery) == SENT)
        return translate_message(read_part(delivery.body), carried, delivery, config)


def _folder(delivery: Delivery) -> str:
    return delivery.headers.get(FOLDER, INBOX).strip().lower()


def _came_at(delivery: Delivery) -> datetime | None:
    """When it came to the mailbox; who puts a message there may say any time."""
    with suppress(Unreadable):
        at = instant(delivery.headers.get(INTERNAL_DATE), INTERNAL_DATE)
        return at if at is not None and at <= delivery.received_at else None
    return None


ADAPTER: Final = Rfc5322()
