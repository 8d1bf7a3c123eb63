"""Where the parts meet: one service made of its settings and a clock, behind its HTTP doors."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.api.contacts import Shelf
from app.api.contacts import router as contacts_router
from app.api.customer_desk import Counter
from app.api.customers import router as customers_router
from app.api.desk import Desk
from app.api.doors import Doors
from app.api.entry import Entry
from app.api.fairness import on_invalid
from app.api.fairness import router as fairness_router
from app.api.openapi import document
from app.api.ops import on_failure, on_http_exception, on_problem, router, schema_router
from app.api.policy import Library
from app.api.policy import router as policy_router
from app.api.problems import Problem
from app.api.source_desk import SourceDesk
from app.api.sources import router as sources_router
from app.operations.access import Access
from app.service import Service, make_service, read_clock, service_version
from app.settings import Settings
from app.wallboard.routes import routes as wallboard_routes
from app.wallboard.sources import source_routes

log = structlog.get_logger()


@dataclass(slots=True)
class App:
    """The ASGI application: doors in front, the framework behind, its service at hand."""

    service: Service
    behind: FastAPI
    doors: Doors | None = None

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        """Serve; the doors open once the alias key is known."""
        await (self.doors or self.behind)(scope, receive, send)


def create_app(settings: Settings, clock: Callable[[], datetime] = read_clock) -> App:
    """Make the application; the service starts with its lifespan."""
    service = make_service(settings, clock)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            app.doors = Doors(behind, _desk(service, service.presenter.key))
            yield
        log.info("service_stopped")

    behind = FastAPI(
        title="Evenhand",
        version=service_version(),
        summary="Who waits, against what was promised, and who is served first.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    behind.include_router(router(service.newest, service.count, clock, token))
    behind.include_router(schema_router())
    entry = Entry(Access(service.db).may, service.count, clock)
    behind.include_router(fairness_router(service.turns, entry))
    shelf = Shelf(service.db, service.known_terms)
    behind.include_router(contacts_router(shelf, entry))
    library = Library(service.db, service.loops["policy"].nudge)
    behind.include_router(policy_router(library, entry))
    counter = Counter(service.registrar, service.known_terms, service.source_names)
    behind.include_router(customers_router(counter, entry))
    desk = SourceDesk(service.db, service.reports, service.configs, service.sources, service)
    behind.include_router(sources_router(desk, entry))
    behind.router.routes.extend(wallboard_routes(service.live))
    behind.router.routes.extend(source_routes(lambda: desk.all(clock()), settings.docs_url))
    behind.add_exception_handler(Problem, on_problem)
    behind.add_exception_handler(HTTPException, on_http_exception)
    behind.add_exception_handler(Exception, on_failure)
    behind.add_exception_handler(RequestValidationError, on_invalid)
    document(behind)
    app = App(service, behind)
    return app


def _desk(service: Service, alias_key: bytes) -> Desk:
    return Desk(
        db=service.db,
        intake=service.intake,
        access=Access(service.db),
        sources=service.sources,
        alias_key=alias_key,
        count=service.count,
        read_clock=service.clock,
        deliveries=service.deliveries,
    )
