"""Customers over HTTP: told of, read back, merged, found by an alias, and those whom nobody knows."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.operations.access import make_token
from app.store.engine import Database
from tests.running import Running, running
from tests.serving import sources_file
from tests.store.desk import rows

PHONE: dict[str, Any] = {"channel": "phone", "team": "hotline"}
MAIL: dict[str, Any] = {"channel": "email", "team": "support"}
JO = {"kind": "email", "value": "jo@acme.test"}
NUMBER = {"kind": "phone", "value": "+4511223344"}


@dataclass(frozen=True, slots=True)
class Office:
    """Somebody with a token for everything."""

    service: Running
    token: str

    async def ask(self, method: str, path: str, **told: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", **told.pop("headers", {})}
        return await self.service.client.request(method, path, headers=headers, **told)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def put(self, customer: str, **told: Any) -> bool:
        answer = await self.ask("PUT", f"/v1/customers/{customer}", json=told)
        assert answer.status_code == 200, answer.text
        self.service.clock.pass_(seconds=1)
        return bool(answer.json()["changed"])

    async def post(self, customer: str, what: str, **told: Any) -> httpx.Response:
        answer = await self.ask("POST", f"/v1/customers/{customer}/{what}", json=told)
        self.service.clock.pass_(seconds=1)
        return answer

    async def table(self, text: str | bytes, query: str = "") -> httpx.Response:
        headers = {"content-type": "text/csv; charset=utf-8"}
        answer = await self.ask("POST", f"/v1/customers{query}", content=text, headers=headers)
        self.service.clock.pass_(seconds=1)
        return answer

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.service.db.begin() as tx:
            return await rows(tx, query)

    async def customers(self) -> list[tuple[Any, ...]]:
        await self.service.settle()
        return await self.rows("SELECT subject, customer, tier FROM contacts ORDER BY subject")

    async def stored(self) -> int:
        (count,) = await self.rows("SELECT count(*) FROM events WHERE type LIKE 'customer.%'")
        return int(count[0])


@pytest.fixture
async def office(db: Database, database_url: str, tmp_path: Any) -> AsyncIterator[Office]:
    async with running(db, database_url, sources_file=sources_file(tmp_path)) as service:
        _, token = await make_token(db, {"send", "read"}, "office", service.clock.now)
        yield Office(service, token)


async def test_what_is_told_of_a_customer_is_read_back_with_masked_aliases(office: Office):
    told = {"name": "Acme A/S", "tier": "important", "since": "2019-05-01T00:00:00Z"}
    aliases = ["jo@acme.test", "+45 11 22 33 44", "domain:acme.test", "id:chat:1234567"]
    await office.put("acme", **told, public_name=True, aliases=aliases)

    known = await office.get("/v1/customers/acme")

    shown = [(one["kind"], one["masked"], one["source"]) for one in known.pop("aliases")]
    assert sorted(shown, key=str) == [
        ("domain", "acme.test", None),
        ("email", "j•••@acme.test", None),
        ("id", "••••67", "/hooks/chat"),
        ("phone", "+45 •• •• •• 44", None),
    ]
    assert known == {
        "customer": "acme",
        **told,
        "public_name": True,
        "is_registered": True,
        "also": [],
        "contacts": 0,
        "open_contacts": 0,
        "open": [],
    }


async def test_her_open_contacts_are_listed_with_the_way_to_them(office: Office):
    await office.service.send(
        "contact.received", "mail/1", **MAIL, aliases=[JO], link="https://x.test/1"
    )
    await office.service.settle()
    await office.put("acme", aliases=["jo@acme.test"])
    await office.service.settle()

    known = await office.get("/v1/customers/acme")

    assert (known["contacts"], known["open_contacts"]) == (1, 1)
    assert known["open"] == [
        {
            "contact": "mail/1",
            "source": "crm",
            "href": "/v1/contacts/mail/1?source=crm",
            "link": "https://x.test/1",
            "team": "support",
            "channel": "email",
            "since": "2026-03-02T12:00:00Z",
            "waiting_since": "2026-03-02T12:00:00Z",
        }
    ]
    assert (await office.ask("GET", known["open"][0]["href"])).status_code == 200


async def test_the_same_told_twice_is_no_news_and_another_tier_is(office: Office):
    told = [await office.put("acme", tier=tier) for tier in ("important", "important", "standard")]
    told += [await office.put("acme", tier=tier) for tier in ("important", "standard", "important")]

    assert told == [True, False, True, True, True, True]
    assert (await office.get("/v1/customers/acme"))["tier"] == "important"
    assert await office.stored() == 5


async def test_the_same_told_at_once_is_one_event(office: Office):
    for _ in range(2):
        await office.ask("PUT", "/v1/customers/acme", json={"name": "Acme"})
    await office.ask("PUT", "/v1/customers/acme", json={"name": "Another"})

    assert await office.stored() == 2
    assert (await office.get("/v1/customers/acme"))["name"] == "Another"


async def test_a_name_is_taken_back_and_no_longer_public(office: Office):
    await office.put("acme", name="Acme", public_name=True)

    await office.put("acme", name="", public_name=False)

    known = await office.get("/v1/customers/acme")
    assert (known["name"], known["public_name"]) == (None, False)


async def test_an_alias_that_is_given_to_another_customer_is_hers_from_then_on(office: Office):
    await office.put("acme", aliases=["+4511223344"])
    await office.put("jensen", aliases=["+4511223344"])

    known = await office.get("/v1/customers?alias=%2B4511223344")
    assert known["customer"] == "jensen"
    assert (await office.get("/v1/customers/acme"))["aliases"] == []


async def test_a_customer_is_found_by_any_of_her_aliases(office: Office):
    told = ["jo@acme.test", "domain:acme.test", "+4511223344", "id:chat:12"]
    await office.put("acme", aliases=told)
    await office.service.settle()

    for asked in ("Jo@acme.test", "ann@acme.test", "+45 11223344", "%2B4511223344", "id:chat:12"):
        assert (await office.get(f"/v1/customers?alias={asked}"))["customer"] == "acme", asked


async def test_whom_nobody_registered_is_found_by_her_contacts_and_what_is_asked_is_not_kept(
    office: Office,
):
    await office.service.send("contact.received", "call-1", **PHONE, aliases=[NUMBER])
    await office.service.settle()

    known = await office.get("/v1/customers?alias=%2B4511223344")

    assert (known["is_registered"], known["open_contacts"]) == (False, 1)
    assert (await office.ask("GET", "/v1/customers?alias=x@y.test")).status_code == 404
    for table in ("events", "customers", "customer_names", "contacts", "links", "seen"):
        assert "y.test" not in str(await office.rows(f"SELECT * FROM {table}"))


async def test_a_customer_known_by_an_alias_alone_can_be_told_of(office: Office):
    await office.service.send("contact.received", "call-1", **PHONE, aliases=[NUMBER])
    await office.service.settle()
    known = await office.get("/v1/customers?alias=%2B4511223344")

    await office.put(known["customer"], tier="important")

    assert (await office.customers())[0][2] == "important"
    assert (await office.get("/v1/customers?alias=%2B4511223344"))["tier"] == "important"


async def test_two_entries_become_one_and_that_can_be_taken_back(office: Office):
    await office.put("acme", name="Acme", aliases=["jo@acme.test"])
    await office.put("old acme", aliases=["+4511223344"])
    await office.service.send("contact.received", "call-1", **PHONE, aliases=[NUMBER])

    merged = await office.post("old acme", "merge", into="acme")
    again = await office.post("old acme", "merge", into="acme")

    assert (merged.json(), again.json()["changed"]) == (
        {"customer": "acme", "changed": True},
        False,
    )
    assert (await office.customers())[0][1] == "acme"
    known = await office.get("/v1/customers/old%20acme")
    assert (known["customer"], known["also"], len(known["aliases"])) == ("acme", ["old acme"], 2)

    assert (await office.post("old acme", "merge", into="old acme")).json()["changed"]

    assert (await office.customers())[0][1] == "old acme"


async def test_nobody_becomes_somebody_unheard_of(office: Office):
    await office.put("acme")

    assert (await office.post("acme", "merge", into="amce")).status_code == 404
    assert (await office.post("amce", "merge", into="acme")).status_code == 404


async def test_a_call_of_nobody_is_listed_until_somebody_says_whose_it_is(office: Office):
    await office.put("acme", tier="important")
    await office.service.send("contact.received", "call-1", **PHONE)
    await office.service.send("contact.received", "call-2", **PHONE, aliases=[NUMBER])
    await office.service.send("contact.received", "call-3", **PHONE, customer="acme")
    await office.service.settle()

    listed = await office.get("/v1/customers/unknown")
    said = await office.post("acme", "aliases", contact="call-1")

    assert (listed["nameless"], listed["unregistered"]) == (1, 1)
    shown = [(one["contact"], one["known_as"], one["contacts"]) for one in listed["contacts"]]
    assert shown == [("call-1", None, 1), ("call-2", "+45 •• •• •• 44", 1)]
    assert said.json() == {"customer": "acme", "changed": True}
    assert (await office.customers())[0] == ("call-1", "acme", "important")
    assert (await office.get("/v1/customers/unknown"))["nameless"] == 0
    assert (await office.get("/v1/customers/acme"))["open_contacts"] == 2


async def test_a_contact_with_an_alias_makes_the_alias_and_all_its_contacts_hers(office: Office):
    for call in ("call-1", "call-2"):
        told = [{"kind": "id", "value": "12"}, JO]
        await office.service.send("contact.received", call, **PHONE, aliases=told)
    await office.service.settle()

    said = await office.post("acme", "aliases", contact="call-1", source="crm")

    assert said.json()["changed"]
    assert [row[1] for row in await office.customers()] == ["acme", "acme"]
    shown = (await office.get("/v1/customers/acme"))["aliases"]
    assert [(one["kind"], one["masked"], one["source"]) for one in shown] == [
        ("email", "j•••@acme.test", None),
        ("id", "••••", "crm"),
    ]


async def test_what_cannot_be_said_of_a_contact_is_refused_for_its_reason(office: Office):
    await office.service.send("contact.received", "call-1", **PHONE, customer="jensen")
    await office.service.settle()

    said = [
        await office.post("acme", "aliases", contact="call-1"),
        await office.post("acme", "aliases", contact="call-9"),
        await office.post("acme", "aliases", contact="call-1", source="elsewhere"),
        await office.post("acme", "aliases"),
        await office.post("acme", "aliases", contact="call-1", aliases=["jo@acme.test"]),
    ]

    assert [answer.status_code for answer in said] == [409, 404, 404, 422, 422]
    assert "merge that one" in said[0].json()["detail"]


async def test_a_contact_that_several_sources_have_needs_its_source(office: Office):
    event = {"specversion": "1.0", "type": "contact.received", "subject": "call-1", "data": PHONE}
    for source in ("crm", "desk"):
        one = {**event, "id": "1", "source": source, "time": "2026-03-02T12:00:00Z"}
        await office.service.post(httpx.Request("POST", "http://x", json=one).content)
    await office.service.settle()

    answer = await office.post("acme", "aliases", contact="call-1")

    assert (answer.status_code, answer.json()["sources"]) == (409, ["crm", "desk"])


TABLE = "id;navn;tier;e-mail;tlf\nacme;Acme;important;jo@acme.test;1\njensen;Jensen;standard;;\n"


async def test_a_table_is_stored_and_importing_it_again_changes_nothing(office: Office):
    first, second = await office.table(TABLE), await office.table(TABLE)

    told = {"lines": 2, "refused_lines": 0, "refused": [], "columns_ignored": ["tlf"]}
    assert first.json() == {**told, "changed": 2, "unchanged": 0, "dry_run": False}
    assert second.json() == {**told, "changed": 0, "unchanged": 2, "dry_run": False}
    assert await office.stored() == 2
    assert (await office.get("/v1/customers?alias=jo@acme.test"))["name"] == "Acme"


async def test_a_table_that_is_only_tried_stores_nothing(office: Office):
    answer = await office.table(TABLE, "?dry_run=true")

    assert (answer.json()["changed"], answer.json()["dry_run"]) == (2, True)
    assert await office.stored() == 0


async def test_bad_lines_are_told_by_number_and_the_good_ones_are_stored(office: Office):
    text = (
        "id,tier,phone\nacme,gold,\njensen,standard,+4511223344\n"
        "birk,standard,+4511223344\njensen,important,\njensen,,+4599887766\n"
    )

    told = (await office.table(text)).json()

    assert (told["changed"], told["refused_lines"]) == (2, 3)
    assert told["refused"] == [
        {
            "line": 2,
            "field": "tier",
            "expected": "one of the policy's tiers, important, standard",
            "got": "'gold'",
        },
        {"line": 4, "field": "phone", "expected": "each alias once", "got": "one of line 3 again"},
        {"line": 5, "field": "tier", "expected": "what line 3 says", "got": "something else"},
    ]
    assert len((await office.get("/v1/customers/jensen"))["aliases"]) == 2
    assert (await office.table(text)).json()["changed"] == 0


NO_TABLES: list[tuple[bytes, str, int, str]] = [
    (b"id,name\nacme,S\xf8ren\n", "text/csv", 422, "line 2: expected UTF-8"),
    (b"name\nAcme\n", "text/csv", 422, "a column that says who"),
    (b"id\nacme\n", "application/json", 415, "expected text/csv"),
    (b"id\n" + b"x" * 33_000_000, "text/csv", 413, "at most 32000000 bytes"),
]
UNTRUE: list[tuple[dict[str, Any], str]] = [
    ({"tier": "gold"}, "tier: expected one of the policy's tiers, important, standard"),
    ({"aliases": ["20123456"]}, "aliases[0]: expected an e-mail address"),
    ({"aliases": ["domain:gmail.com"]}, "aliases[0]: expected a domain of the customer's own"),
]


async def test_what_is_no_table_is_refused(office: Office):
    for text, content_type, status, said in NO_TABLES:
        headers = {"content-type": content_type}
        answer = await office.ask("POST", "/v1/customers", content=text, headers=headers)

        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), said


async def test_what_cannot_be_true_of_a_customer_is_refused(office: Office):
    for told, detail in UNTRUE:
        answer = await office.ask("PUT", "/v1/customers/acme", json=told)

        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(detail)


async def test_a_number_of_a_region_is_understood_when_it_is_named(office: Office):
    told = {"aliases": ["20 12 34 56"]}
    answer = await office.ask("PUT", "/v1/customers/acme?region=DK", json=told)

    assert answer.status_code == 200
    assert (await office.get("/v1/customers?alias=%2B4520123456"))["customer"] == "acme"


async def test_a_customers_id_is_an_id(office: Office):
    assert (await office.ask("PUT", "/v1/customers/unknown:x", json={})).status_code == 422
    assert (await office.ask("PUT", "/v1/customers/a%00b", json={})).status_code == 422
    assert (await office.ask("GET", "/v1/customers/nobody")).status_code == 404


async def test_to_tell_needs_a_token_that_may_send_and_to_read_one_that_may_read(office: Office):
    client, may_send = office.service.client, office.service.token
    headers = {"authorization": f"Bearer {may_send}"}

    told = await client.put("/v1/customers/acme", json={"name": "Acme"}, headers=headers)
    asked = await client.get("/v1/customers/acme", headers=headers)
    nobody = await client.put("/v1/customers/acme", json={"strange": 1})

    assert [told.status_code, asked.status_code, nobody.status_code] == [200, 401, 401]
    series = await office.service.metrics()
    assert not any("acme" in name for name in series)


async def test_no_address_stands_in_the_store_in_the_clear(office: Office):
    await office.put("jo@acme.test", name="Jo", aliases=["+4511223344"])
    await office.put("email:ann@acme.test", tier="important")
    await office.table("email,tier\nbo@acme.test,important\n")
    await office.service.settle()

    for table in ("events", "customers", "customer_names", "links", "touched"):
        stored = str(await office.rows(f"SELECT * FROM {table}"))
        for told in ("jo@", "ann@", "bo@", "11223344"):
            assert told not in stored, (table, told)
    assert (await office.get("/v1/customers?alias=bo@acme.test"))["tier"] == "important"
