"""Where the routes about customers ask and tell, and how what is wrong is said."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.api.problems import Problem, come_back
from app.core.replay import Terms
from app.operations.customers import Registrar
from app.operations.customers_known import Files, UnknownCustomer
from app.operations.intake import CannotStore, IntakeFull, StoreAway
from app.operations.whose import NamedOtherwise, NoSuchContact, SeveralOfThatId
from app.sources.refusal import RefusedValue
from app.sources.tables.customers import Reading, UnreadableCustomers, customer_id
from app.sources.tables.spelled_aliases import Spelling


@dataclass(frozen=True, slots=True)
class Counter:
    """Where customers are told of and asked about.

    ``sources`` gives what events of a configured source bear as theirs, by its id.
    """

    registrar: Callable[[], Registrar]
    terms: Callable[[], Terms]
    sources: Callable[[], dict[str, str]]

    def reading(self, region: str | None, now: datetime) -> Reading:
        """By what words about customers are read now."""
        tiers = self.terms().policies.in_force(now).tiers
        return Reading(Spelling(region or "", self.sources()), tiers)

    def files(self) -> Files:
        """Where customers are kept."""
        registrar = self.registrar()
        return Files(registrar.db, registrar.alias_key, self.terms())


def plain_id(customer: str) -> str:
    """The id of a customer as an address names it, or ``RefusedValue``."""
    if not customer or "\0" in customer:
        raise RefusedValue("customer", "an id of plain characters", repr(customer[:64]))
    return customer_id(customer, ())


@asynccontextmanager
async def said_plainly() -> AsyncIterator[None]:
    """Say what is wrong in the words of the API."""
    try:
        yield
    except RefusedValue as refused:
        more = {"field": refused.field, "expected": refused.expected, "got": refused.got}
        raise Problem(422, str(refused), more) from None
    except (UnreadableCustomers, CannotStore) as error:
        raise Problem(422, str(error)) from None
    except (UnknownCustomer, NoSuchContact) as error:
        raise Problem(404, str(error)) from None
    except (SeveralOfThatId, NamedOtherwise) as error:
        raise Problem(409, str(error), _candidates(error)) from None
    except (StoreAway, IntakeFull) as error:
        raise come_back(str(error)) from None


def _candidates(error: SeveralOfThatId | NamedOtherwise) -> dict[str, Any]:
    return {"sources": list(error.sources)} if isinstance(error, SeveralOfThatId) else {}
