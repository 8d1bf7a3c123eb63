"""A small server that speaks as Asterisk's manager interface does, on a real socket."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

USER, SECRET = "evenhand", "canary-ami-secret"
BANNER = b"Asterisk Call Manager/7.0.3\r\n"
PATIENCE = 20.0


def block(**fields: str) -> bytes:
    return b"".join(f"{key}: {value}\r\n".encode() for key, value in fields.items()) + b"\r\n"


def joined(call: str, **more: str) -> bytes:
    told = {"CallerIDNum": "4520304050", "Uniqueid": call, "Linkedid": call, "Queue": "sales"}
    return block(Event="QueueCallerJoin", Privilege="agent,all", **told, **more)


@dataclass(slots=True)
class Asterisk:
    """What it answers, and what it was told. ``answers_pings`` False is one that froze."""

    secret: str = SECRET
    banner: bytes = BANNER
    status: bytes = b""
    answers_pings: bool = True
    port: int = 0
    actions: asyncio.Queue[dict[str, str]] = field(default_factory=asyncio.Queue)
    _line: StreamWriter | None = None

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._line = writer
        writer.write(self.banner)
        try:
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in raw.strip().split("\r\n"))
                self._answer(action, writer)
                await self.actions.put(action)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, action: dict[str, str], writer: StreamWriter) -> None:
        name, number = action["Action"], action.get("ActionID", "")
        if name == "Login" and action["Secret"] != self.secret:
            writer.write(block(Response="Error", ActionID=number, Message="Authentication failed"))
        elif name == "Login":
            writer.write(
                block(Response="Success", ActionID=number, Message="Authentication accepted")
            )
            writer.write(block(Event="FullyBooted", Privilege="system,all", Status="Fully Booted"))
        elif name == "QueueStatus":
            writer.write(block(Response="Success", ActionID=number, EventList="start"))
            writer.write(self.status)
            writer.write(block(Event="QueueStatusComplete", ActionID=number, EventList="Complete"))
        elif self.answers_pings:
            writer.write(block(Response="Success", ActionID=number, Ping="Pong"))

    async def tell(self, *blocks: bytes) -> None:
        """Have events happen; those that were sent have been read once a ping is answered."""
        assert self._line is not None
        for each in blocks:
            self._line.write(each)
        await self._line.drain()

    async def heard(self, name: str) -> dict[str, str]:
        """Wait for an action of that name."""
        async with asyncio.timeout(PATIENCE):
            while True:
                action = await self.actions.get()
                if action["Action"] == name:
                    return action

    async def hang_up(self) -> None:
        assert self._line is not None
        self._line.close()
        await self._line.wait_closed()


@asynccontextmanager
async def asterisk(told: Asterisk) -> AsyncIterator[Asterisk]:
    server = await asyncio.start_server(told.serve, "127.0.0.1", told.port)
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()
        if told._line is not None:  # noqa: SLF001
            told._line.close()  # noqa: SLF001
