"""Which policy is in force: the database says; a text is announced when its version is higher."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import msgspec

from app.core.policy import Policies, Policy
from app.core.policy_file.changes import PolicyChanges, policy_changes
from app.core.policy_file.reading import read_policy
from app.operations.intake import CONTACT_MARK
from app.store import contacts, instance, policies, touched
from app.store.engine import Database, Transaction
from app.store.policies import Version

NO_PROMISES = Policy(version=0)
"""What is in force before anybody wrote a policy: nothing is promised, everything is counted."""

IN_FORCE = "policy in force"
LOST_TRACK = "lost track"
"""Where the database keeps the seconds of silence by channel, for the views that dashboards read."""


class Imported(StrEnum):
    """What became of a policy file."""

    NEW = "new"
    KNOWN = "known"
    VERSION_NOT_RAISED = "version not raised"


class BackdatedPolicy(ValueError):  # noqa: N818 - named for the fact
    """A version that would begin before it was activated."""


class VersionNotRaised(ValueError):  # noqa: N818 - named for the fact
    """A version that is no higher than the newest one. ``is_known``: this very text is that version."""

    def __init__(self, version: int, newest: int, *, is_known: bool) -> None:
        self.newest = newest
        self.is_known = is_known
        what = "this very text is known" if is_known else "its number must be raised"
        super().__init__(f"expected a version higher than {newest}, got {version}: {what}")


@dataclass(frozen=True, slots=True)
class Announced:
    """A version that was added, or would be: from when it holds, and whom it judges anew."""

    version: int
    effective_from: datetime
    open_contacts: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What a text would do if it were announced: ``against`` is the version it is compared with."""

    announced: Announced
    against: int
    changes: PolicyChanges


async def load_policies(db: Database, known: Policies | None = None) -> Policies:
    """All versions in the database, oldest first; those that are ``known`` are not read again."""
    async with db.begin() as tx:
        stored = await policies.load_policies(tx)
    had = (
        {(policy.version, policy.effective_from): policy for policy in known.versions}
        if known
        else {}
    )
    if known and set(had) == {(each.version, each.effective_from) for each in stored}:
        return known
    versions = [
        had.get((each.version, each.effective_from)) or await _compiled(each) for each in stored
    ]
    return Policies(tuple(versions) or (NO_PROMISES,))


async def _compiled(stored: Version) -> Policy:
    """Read a stored text, beside the requests: a long one takes its time."""
    policy = await asyncio.to_thread(read_policy, stored.text)
    return replace(policy, version=stored.version, effective_from=stored.effective_from)


async def load_versions(db: Database) -> list[Version]:
    """All versions with their texts, in the order in which they begin."""
    async with db.begin() as tx:
        return await policies.load_policies(tx)


async def take_effect(db: Database, known: Policies, now: datetime) -> bool:
    """Have open contacts judged anew when a version that was announced begins to hold.

    Answers whether one did. Of several replicas one touches them.
    """
    policy = known.in_force(now)
    version = str(policy.version).encode()
    silence = {each: span.total_seconds() for each, span in policy.switches.lost_track.items()}
    async with db.begin() as tx:
        await instance.change(tx, LOST_TRACK, msgspec.json.encode(silence, order="sorted"))
        if not await instance.change(tx, IN_FORCE, version):
            return False
        await _touch_open(tx)
    return True


async def announce_policy(db: Database, text: str, now: datetime) -> Announced:
    """Add the text's version, from its ``effective_from``, else from now; open contacts are judged anew.

    The first version ever holds for all time. Raises ``FaultyFile``, ``VersionNotRaised`` or
    ``BackdatedPolicy``; then nothing has changed.
    """
    policy = await asyncio.to_thread(read_policy, text)
    async with db.begin() as tx:
        await policies.lock_policies(tx)
        known = await policies.load_policies(tx)
        effective_from = _begins_at(policy, text, known, now)
        await policies.save_policy(tx, policy.version, effective_from, text, now)
        touched_ = await _touch_open(tx)
    return Announced(policy.version, effective_from, touched_)


async def try_policy(db: Database, text: str, now: datetime) -> Tried:
    """Say what ``announce_policy`` would do and what would differ; changes nothing. Raises the same."""
    policy = await asyncio.to_thread(read_policy, text)
    async with db.begin() as tx:
        known = await policies.load_policies(tx)
        effective_from = _begins_at(policy, text, known, now)
        open_contacts = len(await contacts.load_open_keys(tx))
    before = next((v for v in reversed(known) if v.effective_from <= effective_from), None)
    before = before or next(iter(known), None)
    changes = await asyncio.to_thread(policy_changes, before.text if before else "{}", text)
    announced = Announced(policy.version, effective_from, open_contacts)
    return Tried(announced, before.version if before else NO_PROMISES.version, changes)


async def import_policy(db: Database, text: str, now: datetime) -> Imported:
    """Announce a file's version where its number is new. Raises ``FaultyFile`` or ``BackdatedPolicy``."""
    try:
        await announce_policy(db, text, now)
    except VersionNotRaised as error:
        return Imported.KNOWN if error.is_known else Imported.VERSION_NOT_RAISED
    return Imported.NEW


def _begins_at(policy: Policy, text: str, known: list[Version], now: datetime) -> datetime:
    """From when the version would hold; raises where it cannot be added."""
    newest = max((each.version for each in known), default=0)
    if policy.version <= newest:
        is_known = any(each.text == text for each in known)
        raise VersionNotRaised(policy.version, newest, is_known=is_known)
    effective_from = policy.effective_from or now
    if known and effective_from < now:
        raise BackdatedPolicy(
            f"effective_from must not lie in the past: now is {now:%Y-%m-%d %H:%M} UTC, "
            f"got {effective_from:%Y-%m-%d %H:%M} UTC"
        )
    return effective_from


async def _touch_open(tx: Transaction) -> int:
    keys = await contacts.load_open_keys(tx)
    await touched.touch(tx, [CONTACT_MARK + key for key in keys])
    return len(keys)
