"""Which policy is in force: the database says; the file is imported when it is newer."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from app.core.policy import Policies, Policy
from app.core.policy_file import read_policy
from app.operations.intake import CONTACT_MARK
from app.store import contacts, instance, policies, touched
from app.store.engine import Database

NO_PROMISES = Policy(version=0)
"""What is in force before anybody wrote a policy: nothing is promised, everything is counted."""

IN_FORCE = "policy in force"


class Imported(StrEnum):
    """What became of a policy file."""

    NEW = "new"
    KNOWN = "known"
    VERSION_NOT_RAISED = "version not raised"


class BackdatedPolicy(ValueError):  # noqa: N818 - named for the fact
    """A version that would begin before it was activated."""


async def load_policies(db: Database, known: Policies | None = None) -> Policies:
    """All versions in the database, oldest first; those that are ``known`` are not read again."""
    async with db.begin() as tx:
        stored = await policies.load_policies(tx)
    had = (
        {(policy.version, policy.effective_from): policy for policy in known.versions}
        if known
        else {}
    )
    if known and set(had) == {(version, since) for version, since, _ in stored}:
        return known
    versions = [
        had.get((version, since))
        or replace(read_policy(text), version=version, effective_from=since)
        for version, since, text in stored
    ]
    return Policies(tuple(versions) or (NO_PROMISES,))


async def take_effect(db: Database, known: Policies, now: datetime) -> bool:
    """Have open contacts judged anew when a version that was announced begins to hold.

    Answers whether one did. Of several replicas one touches them.
    """
    version = str(known.in_force(now).version).encode()
    async with db.begin() as tx:
        if not await instance.change(tx, IN_FORCE, version):
            return False
        keys = await contacts.load_open_keys(tx)
        await touched.touch(tx, [CONTACT_MARK + key for key in keys])
    return True


async def import_policy(db: Database, text: str, now: datetime) -> Imported:
    """Add the file's version where its number is new; open contacts are judged anew.

    The first version ever holds for all time. Raises ``FaultyFile`` or ``BackdatedPolicy``.
    """
    policy = read_policy(text)
    async with db.begin() as tx:
        known = await policies.load_policies(tx)
        newest = max((version for version, _, _ in known), default=0)
        if policy.version <= newest:
            is_known = any(told == text for _, _, told in known)
            return Imported.KNOWN if is_known else Imported.VERSION_NOT_RAISED
        effective_from = policy.effective_from or now
        if known and effective_from < now:
            raise BackdatedPolicy(
                f"effective_from must not lie in the past: now is {now:%Y-%m-%d %H:%M} UTC, "
                f"got {effective_from:%Y-%m-%d %H:%M} UTC"
            )
        saved = await policies.save_policy(tx, policy.version, effective_from, text, now)
        keys = await contacts.load_open_keys(tx)
        await touched.touch(tx, [CONTACT_MARK + key for key in keys])
    return Imported.NEW if saved else Imported.KNOWN
