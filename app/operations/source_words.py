"""What an admin says of a source's words by a click, beside what sources.yaml says of them.

The file is the operator's word and wins; a click adds what the file does not say. Every replica reads
both before it replays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from app.core.replay import KEY_SEPARATOR
from app.sources.adapter import SourceConfig
from app.store import source_words
from app.store.engine import Database, Transaction
from app.store.source_words import MACHINE, TEAM, Said

MAX_SAID = 1_000
"""Words of one source that may be explained by a click; more belong into the file."""
TOUCHED_BACK = timedelta(days=31)
"""Contacts that came so long ago, and are over, keep their team until a rebuild."""


class TooMuchSaid(ValueError):  # noqa: N818 - named for the fact
    """A source has as many words as may be explained by clicks."""


class SaidInFile(ValueError):  # noqa: N818 - named for the fact
    """The file says what the word means."""


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The configured sources with what was said of them, and the revision that this is."""

    configs: tuple[SourceConfig, ...]
    revision: int


async def load_overlaid(db: Database, configs: Sequence[SourceConfig]) -> Overlaid:
    """Read what was said, and lay it over what the file says."""
    async with db.begin() as tx:
        revision = await source_words.load_revision(tx)
        said = await source_words.load(tx) if revision else []
    return Overlaid(tuple(overlaid(config, said) for config in configs), revision)


def overlaid(config: SourceConfig, said: Iterable[Said]) -> SourceConfig:
    """A source with what was said of it; what its file says of the same word stands."""
    own = [each for each in said if each.source == config.source.id]
    if not own:
        return config
    teams = {each.name: each.means for each in own if each.what == TEAM}
    machines = {each.name.strip().lower() for each in own if each.what == MACHINE}
    source = replace(config.source, teams=MappingProxyType(teams | dict(config.source.teams)))
    return replace(config, source=source, bots=config.bots | machines)


async def say_team(
    db: Database, config: SourceConfig, name: str, team: str | None, now: datetime
) -> int:
    """Say which team of ours an id of the tool means, or that it means none.

    Contacts and agents that the tool put there are judged anew: how many. ``config`` is the source
    as the file has it. Raises ``SaidInFile`` or ``TooMuchSaid``.
    """
    if name in config.source.teams:
        raise SaidInFile(f"sources.yaml says that {name!r} is {config.source.teams[name]!r}")
    said = Said(config.source.id, TEAM, name, team or "")
    quoted = msgspec.json.encode(name).decode()
    async with db.begin() as tx:
        await _say(tx, said, now)
        source, since = config.source.event_source, now - TOUCHED_BACK
        return await source_words.touch_named(tx, source, quoted, KEY_SEPARATOR, since)


async def say_machine(
    db: Database, config: SourceConfig, name: str, now: datetime, *, is_machine: bool
) -> None:
    """Say whether somebody who answers is a machine; it holds for what comes from then on.

    Raises ``SaidInFile`` or ``TooMuchSaid``.
    """
    if name.strip().lower() in config.bots:
        raise SaidInFile(f"sources.yaml says that {name!r} is a machine")
    said = Said(config.source.id, MACHINE, name, "machine" if is_machine else "")
    async with db.begin() as tx:
        await _say(tx, said, now)


async def _say(tx: Transaction, said: Said, now: datetime) -> None:
    if said.means and await source_words.count_of(tx, said.source) >= MAX_SAID:
        raise TooMuchSaid(f"at most {MAX_SAID} words of a source can be explained here")
    await source_words.say(tx, said, now)
