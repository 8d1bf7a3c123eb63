"""Customers over HTTP: told of one by one or by the table, read back, merged, and found by an alias."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.customer_desk import Counter, plain_id, said_plainly
from app.api.customers_answers import (
    MAX_NAME,
    NO_NULL,
    AliasesAsked,
    CustomerAccount,
    CustomerAsked,
    CustomersImported,
    CustomerTold,
    MergeAsked,
    UnknownCustomers,
    account_of,
    imported_of,
    unknown_of,
)
from app.api.entry import SECURITY, Entry, refusals
from app.api.exchange import Disconnected, read_body
from app.api.problems import Problem
from app.core.events import CustomerMerged, CustomerUpdated
from app.operations.customers import Told, import_customers, tell_customers
from app.operations.customers_known import find_customer, load_customer, load_unknown
from app.operations.whose import whose_it_is
from app.sources.tables.customers import MAX_BYTES, Reading, read_customers
from app.sources.tables.customers_agree import agreeing

PATH = "/v1/customers"
CSV_TYPES = ("text/csv", "application/csv")
USUAL_UNKNOWN = 50
MAX_UNKNOWN = 200

_CSV: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}
_Region = Annotated[
    str | None,
    Query(pattern=r"^[A-Z]{2}$", description="where numbers without a country belong: DK"),
]


class AskedAlias(BaseModel):
    """Whom an address, a number, a domain or a tool's id means. Nothing of it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alias: str = Field(min_length=1, max_length=MAX_NAME, pattern=NO_NULL)
    region: str | None = Field(None, pattern=r"^[A-Z]{2}$")


def router(counter: Counter, entry: Entry) -> APIRouter:
    """The routes about customers: to read wants the scope ``read``, to tell ``send``, as events do."""
    routes = APIRouter(tags=["customers"], responses=refusals(401, 404, 409, 413, 415, 422, 503))
    _add_reading(routes, counter, entry)
    _add_telling(routes, counter, entry)
    _add_tables(routes, counter, entry)
    return routes


def _sender(entry: Entry) -> Callable[[Request], AsyncIterator[datetime]]:
    async def sender(request: Request) -> AsyncIterator[datetime]:
        async with entry.open(request, "send") as now:
            yield now

    return sender


def _add_reading(routes: APIRouter, counter: Counter, entry: Entry) -> None:
    Now = Annotated[datetime, Depends(entry.reader)]  # noqa: N806 - a type

    @routes.get(
        PATH + "/unknown",
        summary="Whose are these? Open contacts of nobody known",
        openapi_extra=SECURITY,
    )
    async def unknown(
        now: Now, limit: Annotated[int, Query(ge=1, le=MAX_UNKNOWN)] = USUAL_UNKNOWN
    ) -> UnknownCustomers:
        return unknown_of(await load_unknown(counter.files(), limit, now), limit, now)

    @routes.get(PATH, summary="The customer who has an alias", openapi_extra=SECURITY)
    async def by_alias(asked: Annotated[AskedAlias, Query()], now: Now) -> CustomerAccount:
        # A plus that nobody wrote as %2B arrives as a space.
        told = "+" + asked.alias[1:] if asked.alias[:1] == " " else asked.alias
        async with said_plainly():
            alias = counter.reading(asked.region, now).spelling.read(told, "alias")
            return account_of(await find_customer(counter.files(), alias, now))

    @routes.get(
        PATH + "/{customer:path}", summary="What is known of one customer", openapi_extra=SECURITY
    )
    async def one(customer: str, now: Now) -> CustomerAccount:
        async with said_plainly():
            return account_of(await load_customer(counter.files(), plain_id(customer), now))


def _add_telling(routes: APIRouter, counter: Counter, entry: Entry) -> None:
    Now = Annotated[datetime, Depends(_sender(entry))]  # noqa: N806 - a type

    @routes.put(
        PATH + "/{customer:path}",
        summary="Tell what is known of a customer",
        openapi_extra=SECURITY,
    )
    async def put(
        customer: str, told: CustomerAsked, now: Now, region: _Region = None
    ) -> CustomerTold:
        async with said_plainly():
            reading = counter.reading(region, now)
            data = CustomerUpdated(
                name=told.name,
                tier=None if told.tier is None else reading.tier(told.tier),
                since=told.since,
                public_name=told.public_name,
                aliases=_aliases(told.aliases, reading),
            )
            return await _tell(counter, customer, (plain_id(customer), data), now)

    @routes.post(
        PATH + "/{customer:path}/merge",
        summary="Two entries are one customer: this one becomes the other",
        openapi_extra=SECURITY,
    )
    async def merge(customer: str, told: MergeAsked, now: Now) -> CustomerTold:
        async with said_plainly():
            for each in (customer, told.into):
                await load_customer(counter.files(), each, now)
            into = CustomerMerged(into=told.into)
            return await _tell(counter, told.into, (customer, into), now)

    @routes.post(
        PATH + "/{customer:path}/aliases",
        summary="This is that customer: her aliases, or a contact of hers",
        openapi_extra=SECURITY,
    )
    async def aliases(
        customer: str, told: AliasesAsked, now: Now, region: _Region = None
    ) -> CustomerTold:
        async with said_plainly():
            reading = counter.reading(region, now)
            one = await _hers(counter, plain_id(customer), told, reading)
            return await _tell(counter, customer, one, now)


def _add_tables(routes: APIRouter, counter: Counter, entry: Entry) -> None:
    Now = Annotated[datetime, Depends(_sender(entry))]  # noqa: N806 - a type

    @routes.post(
        PATH,
        summary="Tell of many customers: a table with a header line",
        openapi_extra={**SECURITY, **_CSV},
    )
    async def table(
        request: Request,
        now: Now,
        region: _Region = None,
        dry_run: bool = False,  # noqa: FBT001, FBT002 - the query's own words
    ) -> CustomersImported:
        async with said_plainly():
            read = read_customers(await _table(request), counter.reading(region, now))
            lines = agreeing(read.lines)
            done = await import_customers(counter.registrar(), lines, now, dry_run=dry_run)
            return imported_of(done, read.ignored, dry_run=dry_run)


async def _hers(counter: Counter, customer: str, told: AliasesAsked, reading: Reading) -> Told:
    if (told.contact is None) is not bool(told.aliases):
        raise Problem(422, "expected either aliases or a contact", {"field": "aliases"})
    if told.contact is None:
        return customer, CustomerUpdated(aliases=_aliases(told.aliases, reading))
    return await whose_it_is(counter.registrar().db, told.contact, told.source, customer)


async def _tell(counter: Counter, customer: str, told: Told, now: datetime) -> CustomerTold:
    (changed,) = await tell_customers(counter.registrar(), [told], now)
    return CustomerTold(customer, changed)


def _aliases(told: Sequence[str], reading: Reading) -> tuple[Any, ...]:
    return tuple(
        reading.spelling.read(each, f"aliases[{number}]") for number, each in enumerate(told)
    )


async def _table(request: Request) -> bytes:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in CSV_TYPES:
        raise Problem(415, f"expected {CSV_TYPES[0]}, got {content_type[:64]!r}")
    try:
        return await read_body(request.receive, request.headers, MAX_BYTES)
    except Disconnected:
        raise Problem(400, "the body did not come to its end") from None
