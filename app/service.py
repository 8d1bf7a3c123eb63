"""One running process: what it holds, and the jobs that keep it going beside the requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from secrets import token_bytes, token_hex
from time import perf_counter

import structlog

from app.api.fairness import Turns
from app.api.ops import Newest
from app.core.events import Incoming
from app.core.marked_yaml import FaultyFile
from app.core.policy import UNASSIGNED, UNMAPPED, Policy
from app.core.replay import Terms
from app.loops import Loop
from app.metrics.page import build
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import Limit
from app.operations.customers import Registrar
from app.operations.deliveries import Deliveries
from app.operations.fairness import Fairness, make_fairness
from app.operations.fold import PolicyChanged, fold
from app.operations.instance import alias_key_of, check_schema
from app.operations.intake import Heard, Intake
from app.operations.judge import note_due
from app.operations.policies import Imported, load_policies, take_effect
from app.operations.present import Presenter
from app.operations.reload import PolicyRefused, reload_policy
from app.operations.source_words import load_overlaid
from app.operations.sources import Reports
from app.operations.take import Taker, Taking
from app.operations.upkeep import count_broken_invariants, keep_up, sum_tallies
from app.pollers.hold import Post
from app.pollers.start import poll_forever, pollers_of
from app.settings import Settings, read_secret
from app.sources.adapter import SourceConfig
from app.sources.configuration import read_sources
from app.store.engine import Database, open_database
from app.wallboard.live import Live
from app.wallboard.turns import served_first
from app.wallboard.view import view

POLICY_SECONDS = 5.0
"""How soon a replica notices a policy that another one imported, or what an admin said of words."""
DELIVERIES_SECONDS = 1.0
"""How soon what came stands on the page of sources."""
GATHER_SECONDS = 0.1
"""How long an arrival waits for others to be replayed with: a round costs much, a key little."""
ENOUGH_FOR_A_ROUND = 200
"""Keys in one round from which on the next one follows at once."""
SNAPSHOT_SHARE = 0.2
"""With very many open contacts screens and scrapes get new numbers less often, arrivals come first."""
TALLY_SECONDS = 10.0
UPKEEP_SECONDS = 3600.0
WHEN_TOLD_SECONDS = 366 * 86400.0
"""A job that runs when somebody says so; once a year does no harm."""

NOBODYS = {UNMAPPED: "no team known", UNASSIGNED: "no team yet"}
"""What screens call the contacts that no team has."""

log = structlog.get_logger()


def read_clock() -> datetime:
    """The present, in UTC. Nothing else reads the wall clock."""
    return datetime.now(UTC)


def service_version() -> str:
    """The installed version; a checkout that is not installed says so."""
    try:
        return version("evenhand")
    except PackageNotFoundError:
        return "0.1.0"


def load_sources(settings: Settings) -> tuple[SourceConfig, ...]:
    """The configured sources; raises ``FaultyFile``."""
    if settings.sources_file is None:
        return ()
    try:
        return read_sources(settings.sources_file.read_text(), read_secret)
    except FaultyFile as faulty:
        raise faulty.in_file(str(settings.sources_file)) from None


@dataclass(slots=True)
class Service:
    """One running process: what it holds, and the jobs that keep it going."""

    settings: Settings
    db: Database
    configs: Sequence[SourceConfig]
    clock: Callable[[], datetime]
    count: ProcessMetrics
    live: Live
    intake: Intake
    presenter: Presenter
    fairness: Fairness
    deliveries: Deliveries
    reports: Reports
    sources: dict[str, SourceConfig]
    newest: Newest = field(default_factory=Newest)
    turns: Turns = field(default_factory=Turns)
    heard: Heard = field(default_factory=Heard)
    terms: Terms | None = None
    loops: dict[str, Loop] = field(default_factory=dict)

    async def start(self) -> None:
        """Read what is needed before the first request is answered."""
        await check_schema(self.db)
        await keep_up(self.db, self.clock())
        if self.settings.policy_file is not None:
            await self.read_policy_file()
        await self.load_terms()
        self._say_strange_teams()
        self.presenter.key = await self.load_alias_key()
        await self.take_snapshot()
        log.info(
            "service_started",
            version=service_version(),
            policy_version=self.known_terms().policies.newest.version,
            sources=[config.source.id for config in self.configs],
        )

    def _say_strange_teams(self) -> None:
        """A team that the policy does not know has no hours: its clocks would never pause."""
        known = self.known_terms().policies.newest.teams
        for source in (config.source for config in self.configs):
            named = {*source.teams.values(), source.default_team} - {None}
            if known and (strange := sorted(map(str, named - known.keys()))):
                log.warning("teams_missing", source=source.id, teams=strange)

    async def read_policy_file(self) -> bool:
        """Read the policy file, at the start and again when told to; a bad one changes nothing."""
        file = self.settings.policy_file
        if file is None:
            log.warning("policy_absent", wanted="EVENHAND_POLICY_FILE")
            return False
        became = await reload_policy(self.db, file, self.clock())
        if isinstance(became, PolicyRefused):
            self.count.policy_refused()
            faults = [asdict(fault) for fault in became.faults]
            log.error("policy_refused", file=str(file), reason=became.reason, faults=faults)
        else:
            level = log.warning if became is Imported.VERSION_NOT_RAISED else log.info
            level("policy_read", file=str(file), became=became)
        self.loops["policy"].nudge()
        return False

    def read_policy_soon(self) -> None:
        """Have the policy file read again, beside whatever else is being done."""
        self.loops["policy file"].nudge()

    async def load_alias_key(self) -> bytes:
        """The key that hides numbers and addresses: the operator's, else the database's own."""
        given = self.settings.alias_key
        if given is not None:
            return given.get_secret_value().encode()
        return await alias_key_of(self.db, token_bytes(32))

    async def load_terms(self) -> bool:
        """Learn which policy is in force; what a version that takes effect now is about, is touched."""
        known = self.terms.policies if self.terms else None
        policies = await load_policies(self.db, known)
        told = await load_overlaid(self.db, self.configs)
        sources = {config.source.event_source: config.source for config in told.configs}
        self.terms = Terms(policies, sources, told.revision)
        self.sources.update({config.source.id: config for config in told.configs})
        if await take_effect(self.db, self.terms.policies, self.clock()):
            self.loops["fold"].nudge()
        return False

    def noticed(self, events: Sequence[Incoming]) -> None:
        """Events became durable: replay them at once."""
        self.heard.note(events)
        self.count.batch_stored(len(events))
        self.loops["fold"].nudge()

    async def fold_once(self) -> bool:
        """Replay what is touched; whether so much that there is surely more."""
        began = perf_counter()
        try:
            done = await fold(self.db, self.known_terms(), self.clock())
        except PolicyChanged:
            return not await self.load_terms()
        if done.keys:
            self.count.keys_folded(done.keys, perf_counter() - began)
            self.loops["fairness"].nudge()
        if done.failed:
            self.count.fold_failed(len(done.failed))
            for key, error in done.failed.items():
                log.error("key_set_aside", key=key, error=error.partition(":")[0])
        if done.untold:
            self.count.turns_untold(len(done.untold))
            for key, error in done.untold.items():
                log.error("turns_untold", key=key, error=error.partition(":")[0])
        return done.keys >= ENOUGH_FOR_A_ROUND

    async def judge_once(self) -> bool:
        """Note what fell due; whether there may be more."""
        judged = await note_due(self.db, self.clock())
        now = self.clock()
        for breached_at in judged.breached_at:
            self.count.breach_noted((now - breached_at).total_seconds())
        if judged.noted:
            log.info("breaches_noted", clocks=judged.noted)
        if judged.warned:
            log.info("warnings_noted", warnings=judged.warned)
        return judged.is_more or self._judge_in_time(judged.next_at, now)

    def _judge_in_time(self, next_at: datetime | None, now: datetime) -> bool:
        """What falls due soon does not wait for the next look; whether it fell due meanwhile."""
        wait = (next_at - now).total_seconds() if next_at else self.settings.judge_seconds
        if 0 < wait < self.settings.judge_seconds:
            asyncio.get_running_loop().call_later(wait, self.loops["judge"].nudge)
        return wait < 0

    async def work_out_fairness(self) -> bool:
        """Have the pools that are ours stand where their news leave them; whether there are more."""
        now = self.clock()
        done = await self.fairness.run_once(self.known_terms().policies.in_force(now), now)
        self.count.pools_are(done.owned, done.lag_seconds)
        if done.failed:
            self.count.pools_failed(len(done.failed))
            for team, error in done.failed.items():
                log.error("pool_set_aside", team=team, error=error)
        return done.is_more

    async def take_snapshot(self) -> bool:
        """Read what is true now; show it on the wallboard and to scrapes."""
        heard, self.heard.last = self.heard.last, {}
        try:
            snapshot = await self.presenter.take(self.known_terms(), heard, self.clock())
        except BaseException:
            self.heard.last = {**heard, **self.heard.last}
            raise
        self.count.screens_are(self.live.subscribers)
        self.newest.pages = await asyncio.to_thread(build, snapshot, self.count, self.newest.pages)
        told = (snapshot, self._names(), self._zones())
        self.turns.show(*told)
        self.live.publish(view(*told))
        self.live.renew_served_first(partial(served_first, *told))
        return False

    async def write_deliveries(self) -> bool:
        """Write down what came, and what became of it."""
        await self.deliveries.write(self.clock())
        return False

    async def poll(self) -> None:
        """Read the sources that are fetched, until the end."""
        taking = Taking(self.intake, self.presenter.key, self.count)
        post = Post(
            db=self.db,
            taker=Taker(taking, self.db, self.deliveries),
            sources=self.sources,
            count=self.count,
            clock=self.clock,
            holder=token_hex(16),
        )
        await poll_forever(pollers_of(self.configs), post)

    def read_words_soon(self) -> None:
        """Have what an admin said of words read, and what it is about replayed."""
        self.loops["policy"].nudge()
        self.loops["fold"].nudge()

    async def sum_tallies(self) -> bool:
        """Sum up the ledgers' tallies."""
        await sum_tallies(self.db)
        return False

    async def keep_up(self) -> bool:
        """Do what must be done now and then."""
        if await keep_up(self.db, self.clock()):
            self.count.limit_hit(Limit.KEPT_DELIVERIES)
        self.presenter.invariants_broken = await count_broken_invariants(self.db)
        return False

    def registrar(self) -> Registrar:
        """Where people tell of customers."""
        return Registrar(self.db, self.presenter.key, self.intake.append)

    def source_names(self) -> dict[str, str]:
        """What events of each configured source bear as theirs, by its id."""
        return {config.source.id: config.source.event_source for config in self.configs}

    def known_terms(self) -> Terms:
        """What contacts are judged by now."""
        assert self.terms is not None, "the service has not started"  # noqa: S101
        return self.terms

    def policy_at(self, now: datetime) -> Policy:
        """The policy in force."""
        return self.known_terms().policies.in_force(now)

    def _names(self) -> Mapping[str, str]:
        teams = self.known_terms().policies.newest.teams
        return {**NOBODYS, **{id_: team.name for id_, team in teams.items()}}

    def _zones(self) -> Mapping[str, tzinfo]:
        policy = self.known_terms().policies.newest
        return {id_: policy.calendar_of(id_).zone for id_ in policy.teams}

    def make_loops(self) -> dict[str, Loop]:
        """The jobs that run beside the requests."""
        settings = self.settings
        jobs = {
            "fold": (settings.fold_seconds, self.fold_once),
            "judge": (settings.judge_seconds, self.judge_once),
            "fairness": (settings.fairness_seconds, self.work_out_fairness),
            "snapshot": (settings.snapshot_seconds, self.take_snapshot),
            "policy": (POLICY_SECONDS, self.load_terms),
            "policy file": (WHEN_TOLD_SECONDS, self.read_policy_file),
            "deliveries": (DELIVERIES_SECONDS, self.write_deliveries),
            "tallies": (TALLY_SECONDS, self.sum_tallies),
            "upkeep": (UPKEEP_SECONDS, self.keep_up),
        }
        failed = {"snapshot": self.count.snapshot_failed}
        loops = {
            name: Loop(name, seconds, job, failed.get(name, lambda: None))
            for name, (seconds, job) in jobs.items()
        }
        loops["fold"].gather_seconds = GATHER_SECONDS
        loops["fairness"].gather_seconds = GATHER_SECONDS
        loops["upkeep"].waits_first = loops["policy file"].waits_first = True
        loops["snapshot"].largest_share = SNAPSHOT_SHARE
        return loops

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything that runs, from start to stop."""
        try:
            await self.start()
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(loop.run()) for loop in self.loops.values()]
                running.append(tasks.create_task(self.intake.write_forever()))
                running.append(tasks.create_task(self.poll()))
                try:
                    yield
                finally:
                    self.live.close()
                    for task in running:
                        task.cancel()
        finally:
            await self.deliveries.write_last(self.clock())
            try:
                await self.fairness.close(self.clock())
            finally:
                await self.db.close()


def make_service(settings: Settings, clock: Callable[[], datetime]) -> Service:
    """Put the parts together; nothing is connected yet."""
    db = open_database(settings.database_url.get_secret_value())
    configs = load_sources(settings)
    count = ProcessMetrics(service_version(), [config.source.id for config in configs])
    sources = [config.source for config in configs]
    service = Service(
        settings=settings,
        db=db,
        configs=configs,
        clock=clock,
        count=count,
        live=Live(clock),
        intake=Intake(db, _later),
        presenter=Presenter(db, sources),
        fairness=make_fairness(db),
        deliveries=Deliveries(db),
        reports=Reports(db, configs),
        sources={config.source.id: config for config in configs},
    )
    service.deliveries.on_noted = count.delivery_noted
    service.deliveries.on_dropped = partial(count.limit_hit, Limit.SOURCE_WORDS)
    service.deliveries.on_kept_dropped = partial(count.limit_hit, Limit.KEPT_DELIVERIES)
    service.presenter.examples.wanted = settings.exemplars
    service.fairness.on_fenced = count.pools_fenced
    service.intake.on_stored = service.noticed
    service.live.on_full = lambda: count.limit_hit(Limit.LIVE_SUBSCRIBERS)
    service.loops = service.make_loops()
    return service


def _later(_events: Sequence[Incoming]) -> None:
    """Stand in until the service is whole."""
