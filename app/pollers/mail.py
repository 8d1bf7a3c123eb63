"""Look for new mail by IMAP, in what came in and in what we sent."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from app.pollers.hold import Hold
from app.pollers.mailbox import BATCH, Mail, Mailbox, MailPlace, mail_place
from app.sources.adapter import Connection, Delivery, SourceConfig
from app.sources.rfc5322 import FOLDER, INTERNAL_DATE

LOOK_SECONDS = 15.0


@dataclass(slots=True)
class MailPoller:
    """One folder; ``feed`` says whether mail comes in or goes out there."""

    config: SourceConfig
    connection: Connection
    feed: str
    folder: str | None

    async def follow(self, hold: Hold) -> None:
        """Read on until cancelled. Raises ``CannotPoll``."""
        password = next(iter(self.config.secrets), "")
        box = Mailbox(self.connection, password, self.folder)
        try:
            await asyncio.to_thread(box.open)
            while True:
                await self._look(hold, box)
                await hold.post.sleep(LOOK_SECONDS)
        finally:
            box.abort()

    async def _look(self, hold: Hold, box: Mailbox) -> None:
        place, today = mail_place(hold.position), hold.post.clock().date()
        is_known = place is not None and place.uidvalidity == box.uidvalidity
        last = 0 if is_known else await asyncio.to_thread(box.last)
        uids = await asyncio.to_thread(box.new, place, today)
        for first in range(0, len(uids), BATCH):
            some = uids[first : first + BATCH]
            mails = await asyncio.to_thread(box.fetch, some)
            now = hold.post.clock()
            reached = MailPlace(box.uidvalidity, some[-1], now.date())
            await hold.take([self._delivery(mail, now) for mail in mails], reached.written())
        if not uids and is_known:
            await hold.looked()
        elif not uids:
            await hold.take([], MailPlace(box.uidvalidity, last, today).written())

    def _delivery(self, mail: Mail, now: datetime) -> Delivery:
        headers = {"content-type": "message/rfc822", FOLDER: self.feed}
        if mail.came_at is not None:
            headers[INTERNAL_DATE] = mail.came_at.isoformat()
        return Delivery(headers, mail.header, now)
