"""What the routes about sources need: where reports come from, and what an admin can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.api.problems import Problem
from app.core.events import Incoming
from app.core.policy import Policy
from app.operations.deliveries import Deliveries
from app.operations.intake import Intake
from app.operations.present import Presenter
from app.operations.source_report import SourceReport
from app.operations.sources import Reports
from app.sources.adapter import SourceConfig
from app.store.engine import Database


class Serving(Protocol):
    """What of the running service an admin's doings go through."""

    intake: Intake
    deliveries: Deliveries
    presenter: Presenter

    def policy_at(self, now: datetime) -> Policy:
        """The policy in force."""
        ...

    def read_words_soon(self) -> None:
        """Have what was said of words read, and what it is about replayed."""
        ...


@dataclass(frozen=True, slots=True)
class SourceDesk:
    """Where reports come from, and the ways in for what an admin does.

    ``configs`` are the sources as the file has them, ``current`` with what was said by clicks.
    """

    db: Database
    reports: Reports
    configs: Sequence[SourceConfig]
    current: Mapping[str, SourceConfig]
    serving: Serving

    async def all(self, now: datetime) -> Mapping[str, SourceReport]:
        """The reports of all sources."""
        return await self.reports.all(self.serving.policy_at(now), now)

    async def one(self, source_id: str, now: datetime) -> SourceReport:
        """The report of one source."""
        self.config(source_id)
        return (await self.all(now))[source_id]

    def config(self, source_id: str) -> SourceConfig:
        """A source as the file has it."""
        for config in self.configs:
            if config.source.id == source_id:
                return config
        known = {"sources": [config.source.id for config in self.configs]}
        raise Problem(404, "there is no source of that name", known)

    @property
    def alias_key(self) -> bytes:
        """The key that hides numbers and addresses."""
        return self.serving.presenter.key

    async def note_test(self, source_id: str, events: Sequence[Incoming], now: datetime) -> None:
        """Have a test contact stand among the deliveries of its source."""
        self.serving.deliveries.tested(source_id, now, events)
        await self.serving.deliveries.write(now)
