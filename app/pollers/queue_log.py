"""Follow Asterisk's queue_log where it lies, through rotations and restarts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from app.pollers.hold import CannotPoll, Hold
from app.pollers.log_files import Chunk, LogFile, place_of
from app.sources.adapter import Delivery, SourceConfig

FEED = "queue_log"
LOOK_SECONDS = 1.0
FIRST_LOOK_BACK = timedelta(hours=24)
"""Of a log that was never read before, older lines are passed over."""

_HEADERS = {"content-type": "text/plain"}
_GAP = "lines were deleted before they were read; expected rotated files to stay beside the log"

log = structlog.get_logger()


@dataclass(slots=True)
class QueueLogPoller:
    """The log of one Asterisk."""

    config: SourceConfig
    path: Path
    feed: str = FEED

    async def follow(self, hold: Hold) -> None:
        """Read on until cancelled. Raises ``CannotPoll``."""
        file = LogFile(self.path, place_of(hold.position))
        since = None if hold.position else hold.post.clock() - FIRST_LOOK_BACK
        try:
            while True:
                chunk = await self._look(file)
                if chunk.is_gap:
                    hold.lost(_GAP)
                await self._hand_over(hold, chunk, since)
                if not chunk.is_more:
                    since = None
                    await hold.post.sleep(LOOK_SECONDS)
        finally:
            file.close()

    async def _look(self, file: LogFile) -> Chunk:
        try:
            return await asyncio.to_thread(file.read)
        except FileNotFoundError:
            raise CannotPoll(f"there is no file {self.path}") from None
        except PermissionError:
            raise CannotPoll(f"expected to be allowed to read {self.path}") from None
        except (OSError, EOFError) as error:
            raise CannotPoll(f"{self.path} cannot be read: {type(error).__name__}") from None

    async def _hand_over(self, hold: Hold, chunk: Chunk, since: datetime | None) -> None:
        position = chunk.place.written()
        lines = _not_before(chunk.lines, since)
        if lines or position != hold.position:
            now = hold.post.clock()
            await hold.take([Delivery(_HEADERS, line, now) for line in lines], position)
        else:
            await hold.looked()


def _not_before(lines: Sequence[bytes], since: datetime | None) -> Sequence[bytes]:
    if since is None:
        return lines
    earliest = b"%d" % since.timestamp()
    return [line for line in lines if len(line) < len(earliest) or line[:10] >= earliest]
