"""What callers are told about the policy: its versions, what a new one changes, what is wrong with it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.policy_file.changes import Change
from app.core.policy_file.faults import PolicyFault
from app.operations.policies import Announced, Tried
from app.store.policies import Version


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class State(StrEnum):
    """How a version stands: it holds, it was announced and holds later, or another one holds now."""

    IN_FORCE = "in force"
    ANNOUNCED = "announced"
    REPLACED = "replaced"


class VersionLine(_Answer):
    """One version in the list."""

    version: int
    effective_from: datetime = Field(description="from when it holds; the first one always did")
    activated_at: datetime = Field(description="when we were given it")
    state: State


class PolicyVersion(VersionLine):
    """One version with its text."""

    text: str = Field(description="the file as it was written")


class PolicyInForce(PolicyVersion):
    """The version that holds now, and all others by their numbers."""

    versions: list[VersionLine]


class PolicyAnnounced(_Answer):
    """What a new version does."""

    version: int
    effective_from: datetime
    open_contacts: int = Field(description="contacts that are judged anew; closed clocks stay")


class KeyChange(_Answer):
    """One key that says something else."""

    path: str
    before: str
    after: str


class PolicyTried(PolicyAnnounced):
    """What a version would do; nothing was changed."""

    dry_run: bool = True
    compared_with: int = Field(description="the version that would hold then without it")
    rules_new: list[str]
    rules_gone: list[str]
    rules_reordered: bool
    targets: list[KeyChange] = Field(description="changes of rules that both versions have")
    others: list[KeyChange] = Field(description="changes of everything else")
    left_out: int = Field(description="further changes, which are not listed")


def announced_of(told: Announced) -> PolicyAnnounced:
    """Say what a new version does."""
    return PolicyAnnounced.model_validate(asdict(told))


def tried_of(told: Tried) -> PolicyTried:
    """Say what a version would do."""
    changes = told.changes
    return PolicyTried(
        **asdict(told.announced),
        compared_with=told.against,
        rules_new=list(changes.rules_new),
        rules_gone=list(changes.rules_gone),
        rules_reordered=changes.reordered,
        targets=_key_changes(changes.targets),
        others=_key_changes(changes.others),
        left_out=changes.left_out,
    )


def _key_changes(changes: Sequence[Change]) -> list[KeyChange]:
    return [KeyChange.model_validate(asdict(change)) for change in changes]


def versions_of(stored: Sequence[Version], now: datetime) -> list[PolicyVersion]:
    """All versions in the order in which they begin; the last one that has begun is in force."""
    begun = max((i for i, each in enumerate(stored) if each.effective_from <= now), default=0)
    states = dict.fromkeys(range(begun), State.REPLACED) | {begun: State.IN_FORCE}
    return [
        PolicyVersion(**asdict(each), state=states.get(i, State.ANNOUNCED))
        for i, each in enumerate(stored)
    ]


def in_force_of(versions: Sequence[PolicyVersion]) -> PolicyInForce:
    """The version that holds now, with the list of all."""
    (holding,) = (each for each in versions if each.state is State.IN_FORCE)
    lines = [VersionLine(**each.model_dump(exclude={"text"})) for each in versions]
    return PolicyInForce(**holding.model_dump(), versions=lines)


def faults_of(faults: Sequence[PolicyFault]) -> list[dict[str, Any]]:
    """The faults of a text as members of a problem."""
    return [asdict(fault) for fault in faults]
