"""Listen to Asterisk's manager interface (AMI): log in, read events, ask who waits, come again.

Events that happened while nobody was logged in are lost: Asterisk keeps none. So every login asks who
waits and who is there, and says that something may be missing. A source that follows the queue_log
too learns the rest from there.
"""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from app.pollers.hold import CannotPoll, Hold
from app.sources.adapter import Connection, Delivery, SourceConfig
from app.sources.asterisk import ami as asterisk_ami

FEED = "ami"
PORT, TLS_PORT = 5038, 5039
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 10.0
PING_SECONDS = 15.0
"""After so long without a word we ask whether the server is still there."""
REST_AFTER_REFUSAL = 60.0
"""Asterisk, and whoever guards it, shuts out who tries a wrong password too often."""
MAX_EVENT_BYTES = 64_000
MAX_WAITING = 50_000
"""Events that wait for the database; when there are more, the oldest are lost."""
BATCH_EVENTS = 500

_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager"
_HEADERS = {"content-type": "text/plain"}
_WANTED = frozenset(name.lower().encode() for name in asterisk_ami.ADAPTER.events)
_RECONNECTED = "nobody was logged in for a while: events of that time are missing"
_TOO_MANY = "the database was away for too long: the oldest events are missing"

log = structlog.get_logger()


def _line(text: str) -> bytes:
    """One header's value: whatever could begin another line is left out."""
    return "".join(each for each in text if each.isprintable()).encode()


def _fields(block: bytes) -> dict[bytes, bytes]:
    lines = (line.partition(b":") for line in block.split(b"\r\n"))
    return {key.strip().lower(): value.strip() for key, colon, value in lines if colon}


@dataclass(slots=True)
class Session:
    """One connection, logged in or on the way to it."""

    reader: StreamReader
    writer: StreamWriter

    async def send(self, **headers: str) -> None:
        """Send an action."""
        lines = [name.encode() + b": " + _line(value) for name, value in headers.items()]
        self.writer.write(b"\r\n".join(lines) + _END)
        await self.writer.drain()

    async def read(self, seconds: float) -> bytes:
        """The next block. Raises ``TimeoutError`` and ``CannotPoll``."""
        try:
            async with asyncio.timeout(seconds):
                return await self.reader.readuntil(_END)
        except asyncio.IncompleteReadError:
            raise CannotPoll("Asterisk closed the connection") from None
        except asyncio.LimitOverrunError:
            raise CannotPoll(f"an event is longer than {MAX_EVENT_BYTES} bytes") from None

    async def log_in(self, user: str, password: str) -> None:
        """Say who we are, and that we want to hear of queues, members and calls."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                banner = await self.reader.readline()
        except ValueError:
            banner = b""
        if not banner.startswith(_BANNER):
            raise CannotPoll("what answers is not a manager interface of Asterisk")
        await self.send(
            Action="Login", Username=user, Secret=password, EventMask="agent,call", ActionID="login"
        )
        fields: Mapping[bytes, bytes] = {}
        while b"response" not in fields:
            fields = _fields(await self.read(ANSWER_SECONDS))
        if fields[b"response"].lower() != b"success":
            raise CannotPoll(
                f"Asterisk refused the login of {user}; expected its name and secret as in"
                " manager.conf, and an address that permit allows",
                rest_seconds=REST_AFTER_REFUSAL,
            )


@dataclass(slots=True)
class Waiting:
    """Events on their way to the database, so that reading never waits for it.

    They outlive a connection: what was heard is stored, however long the database is away.
    """

    events: deque[Delivery] = field(default_factory=deque)
    in_hand: list[Delivery] = field(default_factory=list)
    has_some: asyncio.Event = field(default_factory=asyncio.Event)
    lost: int = 0

    def add(self, event: Delivery) -> None:
        """Put an event behind the others; where there are too many the oldest goes."""
        if len(self.events) >= MAX_WAITING:
            self.events.popleft()
            self.lost += 1
        self.events.append(event)
        self.has_some.set()

    async def next(self) -> list[Delivery]:
        """The oldest ones, at least one; the same ones again until they are ``stored``."""
        if not self.in_hand:
            await self.has_some.wait()
            number = min(BATCH_EVENTS, len(self.events))
            self.in_hand = [self.events.popleft() for _ in range(number)]
            if not self.events:
                self.has_some.clear()
        return self.in_hand

    def stored(self) -> None:
        """What was last given is stored."""
        self.in_hand = []


@dataclass(slots=True)
class AmiPoller:
    """The manager interface of one Asterisk."""

    config: SourceConfig
    connection: Connection
    feed: str = FEED
    waiting: Waiting = field(default_factory=Waiting)

    async def follow(self, hold: Hold) -> None:
        """Listen until cancelled or cut off. Raises ``CannotPoll``."""
        while self.waiting.events or self.waiting.in_hand:
            await self._store_some(hold)
        async with self._connected() as session:
            await session.log_in(self.connection.user, next(iter(self.config.secrets), ""))
            log.info("ami_listens", source=self.config.source.id)
            if hold.position:
                hold.lost(_RECONNECTED)
            await hold.take([], hold.post.clock().isoformat())
            await session.send(Action="QueueStatus", ActionID="status")
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._listen(session, hold))
                    tasks.create_task(self._store(hold))
            except ExceptionGroup as several:
                raise several.exceptions[0] from None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Session]:
        told = self.connection
        port = told.port or (TLS_PORT if told.tls else PORT)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    told.host,
                    port,
                    ssl=ssl.create_default_context() if told.tls else None,
                    limit=MAX_EVENT_BYTES,
                )
        except (OSError, TimeoutError) as error:
            raise CannotPoll(_unreachable(f"{told.host}:{port}", error)) from None
        try:
            yield Session(reader, writer)
        except (OSError, TimeoutError) as error:
            raise CannotPoll(_unreachable(f"{told.host}:{port}", error)) from None
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _listen(self, session: Session, hold: Hold) -> None:
        has_asked = False
        while True:
            try:
                block = await session.read(PING_SECONDS)
            except TimeoutError:
                if has_asked:
                    raise CannotPoll("Asterisk fell silent and answers no ping") from None
                await session.send(Action="Ping", ActionID="ping")
                has_asked = True
                continue
            has_asked = False
            if (event := heard(block, hold.post.clock())) is not None:
                self.waiting.add(event)

    async def _store(self, hold: Hold) -> None:
        """Store events as fast as the database takes them."""
        while True:
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self.waiting.next()
            except TimeoutError:
                await hold.looked()
            else:
                await self._store_some(hold)

    async def _store_some(self, hold: Hold) -> None:
        events = await self.waiting.next()
        await hold.take(events, hold.post.clock().isoformat())
        self.waiting.stored()
        if self.waiting.lost:
            self.waiting.lost = 0
            hold.lost(_TOO_MANY)


def _unreachable(where: str, error: Exception) -> str:
    reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else ""
    return f"{where} cannot be reached: {reason or type(error).__name__}"


def heard(block: bytes, now: datetime) -> Delivery | None:
    """An event that means something to us, with its arrival in it where it bears no time.

    Without any it could not be told apart from its like.
    """
    fields = _fields(block)
    if fields.get(b"event", b"").lower() not in _WANTED:
        return None
    if not fields.get(b"timestamp"):
        block = block.rstrip(b"\r\n") + b"\r\nTimestamp: %.6f" % now.timestamp() + _END
    return Delivery(_HEADERS, block, now)
