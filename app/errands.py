"""What is asked of a service that does not run: check it, rebuild it, load what is open already."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.core.marked_yaml import FaultyFile
from app.core.policy import Policies, Policy
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.core.working.account import Account
from app.core.working.wanted import Wanted
from app.operations.backlog import Loaded, Loading, load_backlog
from app.operations.contacts import explain
from app.operations.customers import Imported, make_registrar
from app.operations.customers import import_customers as store_customers
from app.operations.instance import check_schema
from app.operations.policies import load_policies
from app.operations.quarantine import Retried, try_again
from app.operations.rebuild import Rebuilt, check_sources, rebuild
from app.operations.source_words import load_overlaid
from app.operations.upkeep import keep_up
from app.service import make_service, read_clock
from app.settings import Settings
from app.sources.tables.backlog import read_backlog
from app.sources.tables.customers import Reading, read_customers
from app.sources.tables.customers_agree import agreeing
from app.sources.tables.spelled_aliases import Spelling


def read_policy_file(file: Path) -> Policy:
    """The policy in a file; its faults are said with the file they stand in."""
    try:
        return read_policy(file.read_text())
    except FaultyFile as faulty:
        raise faulty.in_file(str(file)) from None


async def check_start(settings: Settings) -> None:
    """Raise what would keep a service of these settings from starting."""
    service = make_service(settings, read_clock)
    try:
        await check_schema(service.db)
        if settings.policy_file is not None:
            read_policy_file(settings.policy_file)
    finally:
        await service.db.close()


async def try_kept_again(settings: Settings, source: str = "") -> Retried:
    """Read what is kept of a source, or of all with no name, anew with the sources of ``settings``."""
    service = make_service(settings, read_clock)
    try:
        await check_schema(service.db)
        told = await load_overlaid(service.db, service.configs)
        configs = {config.source.id: config for config in told.configs}
        return await try_again(service.db, configs, await service.load_alias_key(), source)
    finally:
        await service.db.close()


async def rebuild_all(settings: Settings, on_progress: Callable[[int, int], None]) -> Rebuilt:
    """Make the projections anew from the events, with the policy and the sources of ``settings``.

    ``on_progress`` is told how many keys are done, of how many.
    """
    service = make_service(settings, read_clock)
    try:
        await check_schema(service.db)
        await service.load_terms()
        assert service.terms is not None  # noqa: S101 - just loaded
        await check_sources(service.db, service.terms)
        return await rebuild(service.db, service.terms, read_clock(), on_progress)
    finally:
        await service.db.close()


async def import_open(
    settings: Settings, text: str, on_progress: Callable[[Loaded], None]
) -> Loaded:
    """Load the open contacts in ``text`` with the sources, the policy and the key of ``settings``."""
    service, now = make_service(settings, read_clock), read_clock()
    try:
        await check_schema(service.db)
        await keep_up(service.db, now)
        await service.load_terms()
        assert service.terms is not None  # noqa: S101 - just loaded
        sources = {id_: config.source for id_, config in service.sources.items()}
        policy = service.terms.policies.in_force(now)
        key = await service.load_alias_key()
        loading = Loading(service.db, key, policy, on_progress)
        return await load_backlog(read_backlog(text, sources, now), loading)
    finally:
        await service.db.close()


async def import_customers(
    settings: Settings,
    raw: bytes,
    region: str,
    on_progress: Callable[[Imported], None],
    *,
    dry_run: bool,
) -> tuple[tuple[str, ...], Imported]:
    """Tell of the customers in a table by the sources, the policy and the key of ``settings``.

    Answers the columns that mean nothing here, and what became of the lines. Raises
    ``UnreadableCustomers``.
    """
    service, now = make_service(settings, read_clock), read_clock()
    try:
        await check_schema(service.db)
        await keep_up(service.db, now)
        policies = await load_policies(service.db)
        spelling = Spelling(region, service.source_names())
        table = read_customers(raw, Reading(spelling, policies.in_force(now).tiers))
        registrar = make_registrar(service.db, await service.load_alias_key())
        done = await store_customers(
            registrar, agreeing(table.lines), now, dry_run=dry_run, on_progress=on_progress
        )
        return table.ignored, done
    finally:
        await service.db.close()


async def explain_contact(
    settings: Settings, wanted: Wanted, policy: Policy | None, now: datetime
) -> Account:
    """One contact's account as of ``now``, by ``policy`` where one is given; changes nothing.

    Raises as ``load_known`` does.
    """
    service = make_service(settings, read_clock)
    try:
        await check_schema(service.db)
        policies = Policies((policy,)) if policy else await load_policies(service.db)
        told = await load_overlaid(service.db, service.configs)
        sources = {config.source.event_source: config.source for config in told.configs}
        return await explain(service.db, Terms(policies, sources), wanted, now)
    finally:
        await service.db.close()
