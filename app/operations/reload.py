"""Read the policy file again while the service runs: a bad file changes nothing and says why."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.core.marked_yaml import FaultyFile
from app.core.policy_file.faults import PolicyFault, policy_faults
from app.operations.policies import BackdatedPolicy, Imported, import_policy
from app.store.engine import Database


@dataclass(frozen=True, slots=True)
class PolicyRefused:
    """A file that cannot be used: the sentence, and its faults where it could be read at all."""

    reason: str
    faults: tuple[PolicyFault, ...] = ()


async def reload_policy(db: Database, file: Path, now: datetime) -> Imported | PolicyRefused:
    """Announce what the file says where its version is higher; raises what the database raises."""
    try:
        text = await asyncio.to_thread(file.read_text)
    except OSError as error:
        return PolicyRefused(f"the file {file} cannot be used: {error.strerror}")
    except UnicodeDecodeError:
        return PolicyRefused(f"the file {file} is expected to be UTF-8 text")
    try:
        return await import_policy(db, text, now)
    except FaultyFile as faulty:
        return PolicyRefused("the file has faults", tuple(policy_faults(text, faulty)))
    except BackdatedPolicy as error:
        return PolicyRefused(str(error))
