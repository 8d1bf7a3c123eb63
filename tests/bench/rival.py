"""Row B: what is usually written - FastAPI, pydantic, an ORM session and a commit for every request.

It stores the event and nothing else: no contacts, no clocks. Started with a port and a database URL.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import DateTime, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from tests.bench.floor import serve

POOL_SIZE = 20
POOL_SECONDS = 60.0


class Base(MappedAsDataclass, DeclarativeBase):
    """Tables of this application."""


class StoredEvent(Base):
    """One event, once."""

    __tablename__ = "rival_events"
    __table_args__ = (UniqueConstraint("source", "event_id"),)

    seq: Mapped[int] = mapped_column(init=False, primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    subject: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class EventIn(BaseModel):
    """A CloudEvent."""

    specversion: str
    id: str
    source: str
    type: str
    time: AwareDatetime
    subject: str
    data: dict[str, Any]


class EventOut(BaseModel):
    """What is answered."""

    accepted: int


def create_app(url: str) -> FastAPI:
    """The application, with a pool of ``POOL_SIZE`` connections and its table made at the start."""
    engine = create_async_engine(
        url, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=POOL_SECONDS
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/events", status_code=202)
    async def take(event: EventIn, db: Annotated[AsyncSession, Depends(session)]) -> EventOut:
        row = StoredEvent(
            source=event.source,
            event_id=event.id,
            type=event.type,
            occurred_at=event.time,
            subject=event.subject,
            body=event.data,
        )
        db.add(row)
        await db.commit()
        return EventOut(accepted=1)

    return app


if __name__ == "__main__":
    serve(create_app(sys.argv[2]), int(sys.argv[1]), "on")
