"""Which feeds there are to read: those of sources that are configured with a connection."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from app.pollers.ami import AmiPoller
from app.pollers.hold import Poller, Post
from app.pollers.keeping import keep_polling
from app.pollers.mail import MailPoller
from app.pollers.queue_log import QueueLogPoller
from app.sources import rfc5322
from app.sources.adapter import SourceConfig
from app.sources.asterisk import ami as asterisk_ami
from app.sources.asterisk import queue_log as asterisk_queue_log

log = structlog.get_logger()

_MISSING = {
    asterisk_ami.ADAPTER.kind: "host",
    asterisk_queue_log.ADAPTER.kind: "path",
    rfc5322.ADAPTER.kind: "host",
}


def pollers_of(configs: Iterable[SourceConfig]) -> Iterator[Poller]:
    """What reads the sources that send nothing by themselves."""
    for config in configs:
        found = list(_pollers(config))
        if config.connection is not None and not found:
            wanted = _MISSING.get(config.source.kind, "another kind")
            log.error("poller_absent", source=config.source.id, wanted=f"connection: {wanted}")
        yield from found


def _pollers(config: SourceConfig) -> Iterator[Poller]:
    told, kind = config.connection, config.source.kind
    if told is None:
        return
    if kind == asterisk_ami.ADAPTER.kind and told.host:
        yield AmiPoller(config, told)
    if kind in (asterisk_ami.ADAPTER.kind, asterisk_queue_log.ADAPTER.kind) and told.path:
        yield QueueLogPoller(config, Path(told.path))
    if kind == rfc5322.ADAPTER.kind and told.host:
        yield MailPoller(config, told, rfc5322.INBOX, told.folder)
        yield MailPoller(config, told, rfc5322.SENT, told.sent or None)


async def poll_forever(pollers: Iterable[Poller], post: Post) -> None:
    """Keep all of them going until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for poller in pollers:
            post.count.poll_started(poller.config.source.id, poller.feed)
            tasks.create_task(keep_polling(poller, post))
