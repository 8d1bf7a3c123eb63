"""What an admin is told of each source: does it work, what came, how it was understood, what is missing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.core.deliveries import Arrival, Verdict, dated_ahead, skew
from app.core.events import Channel
from app.core.gaps import Gap, Known, Weight, gaps
from app.core.policy import Policy
from app.core.snapshot import SourceNews
from app.core.source import Source
from app.core.unmeasurable import strange_teams, unmeasurable
from app.operations.deliveries import BOTS
from app.operations.menus import menu_of
from app.operations.present import news_of
from app.operations.source_meaning import agents_of, strangers_of, teams_of
from app.operations.source_report import SourceLine, SourceReport, State, Wanted
from app.operations.source_standing import VERIFIED, Standing
from app.sources.adapter import SignedBy, SourceConfig
from app.sources.kinds import adapter_of
from app.store import deliveries, instance, quarantine, source_words
from app.store.deliveries import Counted, OpenContacts, Word
from app.store.engine import Database
from app.store.quarantine import KeptReason
from app.store.source_words import Said

SHOWN_DELIVERIES = 20
SHOWN_REFUSED = 5
"""Of the deliveries shown, so many at most were refused: anybody can send those."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What one look into the database gave."""

    policy: Policy
    now: datetime
    news: Mapping[str, SourceNews]
    arrivals: Mapping[str, Sequence[Arrival]]
    counts: Mapping[tuple[str, Verdict], Counted]
    words: Sequence[Word]
    open: Mapping[str, OpenContacts]
    kept: Sequence[KeptReason]
    said: Sequence[Said]

    def last_hour(self, source: str, *verdicts: Verdict) -> int:
        """How many deliveries came in the last hour that this became of."""
        found = (self.counts.get((source, verdict), Counted()) for verdict in verdicts)
        return sum(each.last_hour for each in found)


@dataclass(slots=True)
class Reports:
    """The reports of all sources, made at most once in ``fresh_for`` however many ask."""

    db: Database
    configs: Sequence[SourceConfig]
    fresh_for: timedelta = timedelta(seconds=1)
    _made_at: datetime | None = None
    _made: dict[str, SourceReport] = field(default_factory=dict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def all(self, policy: Policy, now: datetime) -> Mapping[str, SourceReport]:
        """The report of each source, in the order of sources.yaml."""
        async with self._one_at_a_time:
            if self._made_at is None or not self._made_at <= now < self._made_at + self.fresh_for:
                read = await self._read(policy, now)
                self._made = {config.source.id: _report(config, read) for config in self.configs}
                self._made_at = now
            return self._made

    def forget(self) -> None:
        """Look again at the next call: something was changed."""
        self._made_at = None

    async def _read(self, policy: Policy, now: datetime) -> _Read:
        ids = [config.source.id for config in self.configs]
        sources = [config.source for config in self.configs]
        async with self.db.begin() as tx:
            heard = await instance.load_heard(tx)
            return _Read(
                policy=policy,
                now=now,
                news=dict(news_of(sources, heard, policy)),
                arrivals=await deliveries.load_newest(tx, ids),
                counts=await deliveries.load_counts(tx, now),
                words=await deliveries.load_words(tx),
                open=await deliveries.load_open(tx),
                kept=await quarantine.load_reasons(tx),
                said=await source_words.load(tx),
            )


def _report(config: SourceConfig, read: _Read) -> SourceReport:
    source, adapter = config.source, adapter_of(config)
    words = [word for word in read.words if word.source == source.id]
    seen = {word.name: word for word in words if word.what == "event"}
    teams = tuple(teams_of(source, words, read.said, read.policy))
    menu = menu_of(source)
    standing = _standing(config, read)
    known = _known(config, read, words, standing)
    known = replace(
        known,
        unmapped=sum(team.team is None for team in teams),
        strangers=strangers_of(source, standing.verified, teams),
    )
    found = tuple(gaps(known))
    return SourceReport(
        line=_line(source, standing, known, found),
        tool=menu.tool,
        menu=menu.path,
        path=f"/hooks/{source.id}",
        public_url=config.public_url,
        signed_by=adapter.signed_by.value,
        has_token=config.unsigned,
        tells=tuple(sorted(source.tells)),
        wanted=tuple(_wanted(name, types, seen) for name, types in adapter.events.items()),
        others=tuple(_wanted(name, (), seen) for name in sorted(seen.keys() - adapter.events)),
        gaps=found,
        skew_seconds=known.skew.total_seconds() if known.skew is not None else None,
        dated_ahead=known.dated_ahead,
        deliveries=_shown(standing),
        counted={verdict.value: read.last_hour(source.id, verdict) for verdict in Verdict},
        kept=tuple(reason for reason in read.kept if reason.source == source.id),
        teams=teams,
        agents=tuple(agents_of(config, words, read.said)),
        takes_machines=BOTS in adapter.options,
        goes_to=source.default_team or "",
        our_teams={id_: team.name for id_, team in read.policy.teams.items()},
    )


def _standing(config: SourceConfig, read: _Read) -> Standing:
    source = config.source
    return Standing(
        tool=menu_of(source).tool,
        is_fetched=adapter_of(config).signed_by is SignedBy.CONNECTION,
        news=read.news[source.id],
        arrivals=read.arrivals[source.id],
        last_hour=read.last_hour(source.id, *VERIFIED),
        refused_last_hour=read.last_hour(source.id, Verdict.REFUSED),
        now=read.now,
    )


def _known(config: SourceConfig, read: _Read, words: Sequence[Word], standing: Standing) -> Known:
    source = config.source
    open_ = read.open.get(source.event_source, OpenContacts())
    first = min((word.first_at for word in words), default=read.now)
    return Known(
        wanted=adapter_of(config).events,
        seen={word.name for word in words if word.what == "event"},
        types={word.name: word.n for word in words if word.what == "type"},
        connected_for=read.now - first,
        unended=open_.unended,
        waiting=open_.waiting,
        without_beginning=open_.without_beginning,
        has_written_replies=source.channel is not Channel.PHONE,
        refused_last_hour=standing.refused_last_hour,
        is_shut_out=standing.state is State.REFUSED,
        is_open=adapter_of(config).signed_by is SignedBy.NOBODY and not config.unsigned,
        refused_because=standing.refused_because,
        tool=standing.tool,
        kept=sum(each.deliveries for each in read.kept if each.source == source.id),
        skew=skew(standing.arrivals),
        dated_ahead=dated_ahead(standing.verified),
        is_silent=standing.is_silent,
        strange_teams=tuple(strange_teams(read.policy, [source])),
        unmeasurable=tuple(unmeasurable(read.policy, [source])),
    )


def _line(source: Source, standing: Standing, known: Known, found: Sequence[Gap]) -> SourceLine:
    return SourceLine(
        id=source.id,
        kind=source.kind,
        channel=source.channel.value if source.channel else None,
        state=standing.state,
        sentence=standing.sentence,
        last_delivery_at=standing.last_delivery_at,
        last_event_at=standing.news.last_event_at,
        silent_after=standing.news.silent_after,
        last_hour=standing.last_hour,
        refused_last_hour=known.refused_last_hour,
        kept=known.kept,
        unmapped=known.unmapped,
        broken=sum(gap.weight is Weight.BROKEN for gap in found),
        doubtful=sum(gap.weight is Weight.DOUBTFUL for gap in found),
    )


def _wanted(name: str, types: Iterable[str], seen: Mapping[str, Word]) -> Wanted:
    word = seen.get(name)
    return Wanted(name, tuple(sorted(types)), word.n if word else 0, word.last_at if word else None)


def _shown(standing: Standing) -> tuple[Arrival, ...]:
    """The newest, of which at most a few were refused."""
    refused = standing.refused[:SHOWN_REFUSED]
    others = [each for each in standing.arrivals if each.verdict is not Verdict.REFUSED]
    both = sorted((*refused, *others), key=lambda each: each.received_at, reverse=True)
    return tuple(both[:SHOWN_DELIVERIES])
