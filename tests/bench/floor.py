"""The floor of rows A and C: a bare ASGI application that reads the body and says 202, on our server."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

import uvicorn

Message = MutableMapping[str, Any]
ANSWER = b'{"accepted":1,"duplicates":0,"conflicts":0,"refused":[]}'
HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(ANSWER)).encode()),
]


async def bare(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Read the body, forget it, answer as the service does."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


def serve(app: Any, port: int, lifespan: Literal["on", "off"]) -> None:
    """Serve with the settings that the service itself uses."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
    )


if __name__ == "__main__":
    serve(bare, int(sys.argv[1]), "off")
