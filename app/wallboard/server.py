"""How the server stops while screens are watching."""

from socket import socket

import uvicorn

from app.wallboard.live import Live


class Server(uvicorn.Server):
    """A uvicorn that ends the live streams first.

    uvicorn waits for open responses before it tells the application that it is over; a stream has
    no end of its own, so a plain server would never stop while one screen is on.
    """

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End the streams, then stop as uvicorn does."""
        self._live.close()
        await super().shutdown(sockets)
