"""The two doors that events come in by, served in front of the framework because they are hot.

``POST /v1/events`` takes CloudEvents with a bearer token; ``POST /hooks/{source_id}`` takes what a
configured tool sends. Both answer 2xx when, and only when, the events are durable.
"""

from app.api.desk import Answer, Desk
from app.api.events_door import take_events
from app.api.exchange import (
    App,
    Disconnected,
    Receive,
    Scope,
    Send,
    TooSlow,
    answer,
    answer_problem,
)
from app.api.hooks_door import HOOKS_PREFIX, take_delivery
from app.api.problems import Problem, come_back
from app.metrics.process_families import Door, Limit, Rejection
from app.operations.intake import CannotStore, IntakeFull, StoreAway
from app.store.engine import AWAY

EVENTS_PATH = "/v1/events"


class Doors:
    """An ASGI application: the two doors, and everything else behind them."""

    def __init__(self, behind: App, desk: Desk) -> None:
        self._behind = behind
        self.desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or hand it on."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == EVENTS_PATH or path.startswith(HOOKS_PREFIX)):
            await self._behind(scope, receive, send)
            return
        door = Door.EVENTS if path == EVENTS_PATH else Door.HOOKS
        try:
            told = await self._serve(door, scope, receive)
        except Problem as problem:
            self.desk.count.request_answered(door, problem.status)
            await answer_problem(send, problem)
        except Disconnected:
            return
        else:
            self.desk.count.request_answered(door, told.status)
            await answer(send, told.status, told.body, told.content_type, told.headers)

    async def _serve(self, door: Door, scope: Scope, receive: Receive) -> Answer:
        try:
            if door is Door.EVENTS:
                return await take_events(self.desk, scope, receive)
            return await take_delivery(self.desk, scope, receive)
        except TooSlow:
            self.desk.count.limit_hit(Limit.BODY_SECONDS)
            raise come_back("the body did not come in in time") from None
        except IntakeFull:
            self.desk.count.limit_hit(Limit.INTAKE_QUEUE)
            raise come_back("more comes in than can be stored") from None
        except CannotStore as error:
            self.desk.count.events_rejected(Rejection.INVALID, 1)
            raise Problem(422, str(error)) from None
        except (StoreAway, *AWAY):
            raise come_back("the database is away") from None
