"""One folder of a mailbox, read by IMAP: headers only, and nothing is marked, moved or fetched whole.

``imaplib`` blocks: everything here runs in a thread, and ``abort`` ends whatever it waits for.
"""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import msgspec

from app.pollers.hold import CannotPoll
from app.sources.adapter import Connection

TLS_PORT, PORT = 993, 143
SECONDS = 30.0
"""How long the server may take over one answer."""
BATCH = 50
HEADER_BYTES = 65_536
"""So much is read of a message's header."""
LOOK_BACK = timedelta(days=1)
"""IMAP searches by days, of nobody knows which zone."""
REST_AFTER_REFUSAL = 300.0
"""Providers shut out who tries a wrong password too often."""

_WHOLE = f"(UID INTERNALDATE BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)"
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_DATE = re.compile(rb'INTERNALDATE "\s*([^"]{20,30})"')
_SENT = re.compile(
    rb'\((?:[^)]*\s)?\\Sent(?:\s[^)]*)?\) (?:"[^"]*"|NIL) (?P<name>.+)', re.IGNORECASE
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MailPlace(msgspec.Struct, frozen=True):
    """How far a folder was read: up to ``uid``, as long as it counts as it did; by then it was that day."""

    uidvalidity: int
    uid: int
    day: date

    def written(self) -> str:
        """As text, to be kept."""
        return msgspec.json.encode(self).decode()


def mail_place(written: str) -> MailPlace | None:
    """Read what ``written`` wrote; None where nothing was read yet."""
    return msgspec.json.decode(written, type=MailPlace) if written else None


@dataclass(frozen=True, slots=True)
class Mail:
    """The header of a message, and when it came to the mailbox."""

    uid: int
    came_at: datetime | None
    header: bytes = field(repr=False)


@dataclass(slots=True)
class Mailbox:
    """A connection to one folder; ``folder`` None is the one that is marked as holding sent mail."""

    connection: Connection
    password: str = field(repr=False)
    folder: str | None
    uidvalidity: int = 0
    _client: imaplib.IMAP4 | None = field(default=None, repr=False)

    def open(self) -> None:
        """Connect, log in and open the folder for reading only. Raises ``CannotPoll``."""
        with _in_plain_words(self._where):
            self._client = client = self._connected()
            try:
                client.login(self.connection.user, self.password)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                raise CannotPoll(
                    f"{self._where} refused the login of {self.connection.user}; expected its"
                    " password, or one made for programs where the provider wants that",
                    rest_seconds=REST_AFTER_REFUSAL,
                ) from None
            name = _quoted(self.folder) if self.folder is not None else self._sent(client)
            if client.select(name, readonly=True)[0] != "OK":
                raise CannotPoll(f"there is no folder {name}")
            self.uidvalidity = int(client.response("UIDVALIDITY")[1][0] or 0)

    @property
    def _where(self) -> str:
        return f"{self.connection.host}:{self._port}"

    @property
    def _port(self) -> int:
        return self.connection.port or (TLS_PORT if self.connection.tls else PORT)

    def _connected(self) -> imaplib.IMAP4:
        host = self.connection.host
        if not self.connection.tls:
            return imaplib.IMAP4(host, self._port, timeout=SECONDS)
        trust = ssl.create_default_context()
        if self._port != PORT:
            return imaplib.IMAP4_SSL(host, self._port, ssl_context=trust, timeout=SECONDS)
        client = imaplib.IMAP4(host, self._port, timeout=SECONDS)
        client.starttls(trust)
        return client

    def _sent(self, client: imaplib.IMAP4) -> str:
        for line in client.list()[1]:
            found = _SENT.search(line) if isinstance(line, bytes) else None
            if found is not None:
                name = found["name"].decode(errors="replace").strip()
                return name if name.startswith('"') else f'"{name}"'
        raise CannotPoll("no folder is marked as the one of sent mail: name it as sent")

    def new(self, place: MailPlace | None, today: date) -> list[int]:
        """The numbers of messages behind ``place``; of a folder never read before, those of late."""
        if place is not None and place.uidvalidity == self.uidvalidity:
            found = self._searched("UID", f"{place.uid + 1}:*")
            return [uid for uid in found if uid > place.uid]  # * is the last one, however low
        since = (place.day if place else today) - LOOK_BACK
        return self._searched("SINCE", f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}")

    def last(self) -> int:
        """The number of the newest message, 0 where there is none."""
        return max(self._searched("UID", "*"), default=0)

    def _searched(self, *criteria: str) -> list[int]:
        client = self._client
        assert client is not None  # noqa: S101
        with _in_plain_words(self._where):
            client.noop()
            _, found = client.uid("SEARCH", *criteria)
            told = b" ".join(each for each in found if isinstance(each, bytes))
            return sorted(int(each) for each in told.split())

    def fetch(self, uids: Sequence[int]) -> list[Mail]:
        """The headers of messages; those deleted meanwhile are left out."""
        client = self._client
        assert client is not None  # noqa: S101
        with _in_plain_words(self._where):
            answer, told = client.uid("FETCH", ",".join(map(str, uids)), _WHOLE)
        if answer != "OK":
            raise CannotPoll(f"{self._where} did not give the headers")
        return sorted(mails(told), key=lambda mail: mail.uid)

    def abort(self) -> None:
        """Close the connection, whatever waits for it."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.shutdown()


@contextmanager
def _in_plain_words(where: str) -> Iterator[None]:
    """Name what went wrong on the way to a server, without anything that the server said."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        reason = error.verify_message
        raise CannotPoll(f"{where} shows a certificate that is not trusted: {reason}") from None
    except (OSError, imaplib.IMAP4.error, ValueError, TypeError) as error:
        kind = type(error).__name__
        raise CannotPoll(f"{where} cannot be reached or understood: {kind}") from None


def mails(told: Sequence[object]) -> Iterator[Mail]:
    """What FETCH answers: pairs of a beginning and a header, and what stands behind them."""
    for index, part in enumerate(told):
        if not (isinstance(part, tuple) and len(part) == 2):
            continue
        behind = told[index + 1] if index + 1 < len(told) else b""
        around = bytes(part[0]) + (behind if isinstance(behind, bytes) else b"")
        uid = _UID.search(around)
        if uid is not None:
            yield Mail(int(uid[1]), _came_at(around), bytes(part[1]))


def _came_at(around: bytes) -> datetime | None:
    told = _DATE.search(around)
    if told is None:
        return None
    try:
        day, month, rest = told[1].decode().split("-", 2)
        numbered = f"{int(day):02}-{_MONTHS.index(month.title()) + 1:02}-{rest}"
        return datetime.strptime(numbered, "%d-%m-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _quoted(folder: str) -> str:
    """A folder's name as IMAP writes it: letters beyond ASCII in its own way (RFC 3501, 5.1.3)."""
    runs = re.split(r"([^\x20-\x7e]+)", folder.replace("&", "&-"))
    written = "".join(run if index % 2 == 0 else _shifted(run) for index, run in enumerate(runs))
    return '"' + written.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shifted(run: str) -> str:
    encoded = b64encode(run.encode("utf-16-be", errors="replace")).decode()
    return "&" + encoded.rstrip("=").replace("/", ",") + "-"
