"""What programs ask about contacts: one with the working of every deadline, and lists by standing."""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.contacts_answers import ContactAccount, ContactList, account_told, listed
from app.api.entry import SECURITY, Entry, refusals
from app.api.problems import Problem
from app.core.replay import Terms
from app.core.working.wanted import SeveralContacts, UnknownContact, Wanted
from app.operations.contacts import UnreadableContact, load_known, load_page
from app.store.contact_lists import Cursor, Listed
from app.store.engine import Database

MAX_CONTACTS = 200
"""Contacts in one answer."""
USUAL_CONTACTS = 50
MAX_NAME = 256
NO_NULL = r"^[^\x00]*$"
"""No text in the database has a null character."""

PATH = "/v1/contacts"


class AskedList(BaseModel):
    """Which contacts are wanted. ``after``: the ``next`` of the answer before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standing: Listed
    team: str | None = Field(None, max_length=MAX_NAME, pattern=NO_NULL)
    limit: int = Field(USUAL_CONTACTS, ge=1, le=MAX_CONTACTS)
    after: str | None = Field(None, max_length=4 * MAX_NAME)


class AskedOne(BaseModel):
    """``source``: of whom the contact is, needed where several sources know one of this id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(None, max_length=MAX_NAME, pattern=NO_NULL)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where contacts are kept, and by what they are judged now."""

    db: Database
    terms: Callable[[], Terms]


def router(shelf: Shelf, entry: Entry) -> APIRouter:
    """The routes about contacts; all want a token with the scope ``read``."""
    routes = APIRouter(tags=["contacts"], responses=refusals(401, 404, 409, 422, 503))
    Now = Annotated[datetime, Depends(entry.reader)]  # noqa: N806 - a type

    @routes.get(
        PATH, summary="Contacts by how they stand, a page at a time", openapi_extra=SECURITY
    )
    async def contacts(asked: Annotated[AskedList, Query()], now: Now) -> ContactList:
        cursor = Cursor(_key_in(asked.after), asked.limit, asked.team)
        page = await load_page(shelf.db, shelf.terms(), asked.standing, cursor, now)
        following = None if page.following is None else _cursor(page.following)
        return ContactList(now, [listed(each) for each in page.contacts], following)

    @routes.get(
        PATH + "/{contact:path}",
        summary="One contact: where it stands, and the working of every deadline",
        openapi_extra=SECURITY,
    )
    async def one(contact: str, asked: Annotated[AskedOne, Query()], now: Now) -> ContactAccount:
        if "\0" in contact:
            raise Problem(404, "no contact has a null character in its id")
        wanted = Wanted(contact, asked.source)
        with _as_problems(contact):
            return account_told(await load_known(shelf.db, shelf.terms(), wanted, now))

    return routes


@contextmanager
def _as_problems(contact: str) -> Iterator[None]:
    try:
        yield
    except UnknownContact as unknown:
        raise Problem(404, str(unknown)) from None
    except SeveralContacts as several:
        raise _several(contact, several) from None
    except UnreadableContact as unreadable:
        raise Problem(503, str(unreadable)) from None


def _several(contact: str, several: SeveralContacts) -> Problem:
    candidates = [
        {"source": source, "href": address(contact, source)} for source in several.sources
    ]
    return Problem(409, str(several), {"candidates": candidates})


def address(contact: str, source: str) -> str:
    """Where a contact is told about."""
    return f"{PATH}/{quote(contact)}?{urlencode({'source': source}, safe='/')}"


def _cursor(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _key_in(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = b64decode(padded, altchars=b"-_", validate=True).decode()
    except (NotBase64, ValueError):
        key = "\0"
    if "\0" in key:
        detail = f"after: expected the `next` of an answer, got {cursor[:64]!r}"
        raise Problem(422, detail, {"field": "after"})
    return key
