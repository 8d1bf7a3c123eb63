"""What is asked of a service that does not run: check it, rebuild it, read kept deliveries anew."""

from pathlib import Path

from app.core.marked_yaml import FaultyFile
from app.core.policy import Policy
from app.core.policy_file import read_policy
from app.main import make_service, read_clock
from app.operations.instance import check_schema
from app.operations.quarantine import try_again
from app.operations.rebuild import check_sources, rebuild
from app.operations.rounds import Folded
from app.settings import Settings


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


async def try_kept_again(settings: Settings) -> tuple[int, int]:
    """Read kept deliveries anew with the sources of ``settings``: understood, and still not."""
    service = make_service(settings, read_clock)
    try:
        await check_schema(service.db)
        configs = {config.source.id: config for config in service.configs}
        return await try_again(service.db, configs, await service.load_alias_key())
    finally:
        await service.db.close()


async def rebuild_all(settings: Settings) -> Folded:
    """Make the projections anew from the events, with the policy and the sources of ``settings``."""
    service = make_service(settings, read_clock)
    try:
        await check_schema(service.db)
        await service.load_terms()
        assert service.terms is not None  # noqa: S101 - just loaded
        await check_sources(service.db, service.terms)
        return await rebuild(service.db, service.terms, read_clock())
    finally:
        await service.db.close()
