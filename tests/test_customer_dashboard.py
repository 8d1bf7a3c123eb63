"""The dashboard "Customer" tells how one customer is treated, asked as the role that Grafana has."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import asyncpg
import pytest

from app.api.contacts import address
from app.core.policy import ClockKind
from tests.customer_story import HOUR, MASKED, TOOL, Kept, begin, told_aside
from tests.grafana_sql import View, queries
from tests.readers import make_role, reading_as_grafana
from tests.running import ROOT

SHOWN = json.loads((ROOT / "grafana" / "dashboards" / "evenhand-customer.json").read_text())
PANELS: list[dict[str, Any]] = SHOWN["panels"]
QUERIES = queries(SHOWN)
EVERY = pytest.mark.parametrize("title", QUERIES)


@pytest.fixture(scope="module")
def kept(database_url: str) -> Iterator[Kept]:
    with told_aside(database_url) as kept:
        make_role(kept.url)
        yield kept


class Screen:
    """The dashboard as a viewer has it open: a customer chosen, the last so many hours shown."""

    def __init__(self, reader: "asyncpg.Connection", now: datetime, who: str = "jensen") -> None:
        self.reader, self.now = reader, now
        start, end = now - timedelta(hours=12), now + timedelta(minutes=1)
        self.view = View(start, end, variables={"customer": who})

    async def rows(self, title: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.reader.fetch(self.view.filled(QUERIES[title]))]

    async def row(self, title: str) -> dict[str, Any]:
        (found,) = await self.rows(title)
        return found


@pytest.fixture
async def screen(kept: Kept) -> AsyncIterator[Screen]:
    async with reading_as_grafana(kept.url) as reader:
        yield Screen(reader, kept.now)


@pytest.fixture
async def reader(database_url: str) -> AsyncIterator["asyncpg.Connection"]:
    """Of the database that this test fills itself."""
    make_role(database_url)
    async with reading_as_grafana(database_url) as connection:
        yield connection


@pytest.mark.requirement(24, 48)
async def test_the_first_row_says_how_she_is_treated(screen: Screen):
    waits = await screen.row("Waits for us now")

    assert (waits["waiting"], waits["promised"]) == (2, 3600)
    assert 3 * HOUR <= waits["longest"] < 3 * HOUR + 60
    # The e-mail that waits for three hours, the follow-up, and the call back since she was told no.
    assert await screen.row("Late now") == {"late": 3}
    assert await screen.row("Kept in time") == {"kept": 3, "decided": 9}
    assert await screen.row("Longest wait") == {"waited": 600, "promised": 3600}
    assert await screen.row("Follow-ups") == {"open": 2, "overdue": 1}
    assert await screen.row("Others first") == {
        "times": 1,
        "seconds": 90,
        "told_no": 1,
    }


async def test_open_contacts_stand_with_the_promise_that_is_most_urgent(screen: Screen):
    rows = await screen.rows("Open contacts")

    found = [(row["contact"], row["clock"], row["verdict"], row["link"]) for row in rows]
    assert found == [
        ("m2", "first_response", "late, still open", None),
        ("m3", "follow_up", "late, still open", None),
        ("m1", "first_response", "open", TOOL),
    ]
    assert rows[0]["target_seconds"] == 3600
    assert rows[2]["late_at"] > rows[2]["waiting_since"]


async def test_follow_ups_stand_with_what_became_of_them_the_open_ones_first(screen: Screen):
    rows = await screen.rows("Follow-ups promised")

    assert [row["verdict"] for row in rows] == ["late, still open", "open", "kept", "late"]


async def test_late_ones_are_told_with_the_rule_and_what_it_took(screen: Screen):
    rows = await screen.rows("Late, and why")

    found = {(r["contact"], r["clock"], r["verdict"]): r["elapsed_seconds"] for r in rows}
    assert found["c2", "first_response", "late"] == 50
    assert found["m2", "first_response", "late, still open"] is None
    rule = next(row for row in rows if row["contact"] == "c2")
    assert (rule["rule"], rule["target_seconds"]) == ("Phone", 20)
    assert rows == sorted(rows, key=lambda row: row["late_at"], reverse=True)


async def test_answers_are_told_as_shares_of_the_promise_by_channel(screen: Screen):
    rows = await screen.rows("Answers against the promise")

    shares = [(row["metric"], round(row["share"], 3)) for row in rows]
    assert shares == [("phone", 0.5), ("phone", 2.5), ("email", 0.167)]
    assert all(row["time"] % 300 == 0 for row in rows)


async def test_the_days_add_up_to_what_was_decided(screen: Screen):
    rows = await screen.rows("Kept and late, day by day")

    assert (sum(row["kept"] for row in rows), sum(row["late"] for row in rows)) == (3, 6)


async def test_what_no_answering_time_shows_is_told(screen: Screen):
    rows = await screen.rows("Turned away, called back, others first")

    found = {row["happened"]: row["seconds"] for row in rows}
    assert found == {"told no": None, "to call back": None, "others taken first": 90}


async def test_customers_are_found_by_what_is_typed_and_by_no_secret_name(screen: Screen):
    sql = QUERIES["customer"]

    everybody = await screen.rows("customer")
    found = await screen.reader.fetch(screen.view.filled(sql.replace("$__searchFilter", "cme%")))

    assert everybody == [
        {"__value": "acme", "__text": "Acme A/S"},
        {"__value": "jensen", "__text": MASKED},
    ]
    assert [row["__value"] for row in found] == ["acme"]


async def test_two_customers_who_look_alike_can_be_told_apart(db: Any, reader: Any):
    story = await begin(db)
    for who in ("email:0123456789ab", "email:0123456789cd"):
        alias = {"kind": "id", "value": who, "masked": MASKED}
        about = {"channel": "email", "team": "support", "customer": who, "aliases": [alias]}
        await story.tell("contact.received", who, 60, **about)
    await story.settle()

    rows = await Screen(reader, story.now).rows("customer")

    assert [row["__text"] for row in rows] == [f"{MASKED} ...6789ab", f"{MASKED} ...6789cd"]


@pytest.mark.requirement(49)
async def test_without_any_data_no_query_gives_a_row_so_that_panels_say_so_in_their_own_words(
    db: Any, reader: Any
):
    screen = Screen(reader, (await begin(db)).now)

    assert {title: await screen.rows(title) for title in QUERIES} == {
        title: [] for title in QUERIES
    }


async def test_whatever_stands_in_the_address_is_no_sql(screen: Screen):
    strange = Screen(screen.reader, screen.now, "x' OR 'a' = 'a")

    answers = {title: await strange.rows(title) for title in QUERIES if title != "customer"}

    assert answers == {title: [] for title in answers}


@EVERY
def test_only_the_views_are_asked(title: str):
    sources = re.findall(r"(?:FROM|JOIN)\s+(?!LATERAL)([\w.]+)", QUERIES[title])

    assert sources
    assert all(source.startswith("evenhand_views.") for source in sources if source != "now")


async def test_every_column_has_a_title_and_every_title_a_column(screen: Screen):
    for panel in PANELS:
        columns = set((await screen.rows(panel["title"]))[0])
        if panel["type"] != "timeseries" and len(columns) > 1:
            assert {name for name, setting in settings(panel, "displayName")} == columns


def settings(panel: dict[str, Any], id_: str) -> list[tuple[str, Any]]:
    """Which columns a setting is made for, and what it is."""
    return [
        (override["matcher"]["options"], setting["value"])
        for override in panel["fieldConfig"]["overrides"]
        for setting in override["properties"]
        if setting["id"] == id_
    ]


@pytest.mark.requirement(53)
def test_each_row_leads_into_the_tool_and_to_how_it_was_worked_out():
    links = {
        panel["title"]: {
            link["title"]: link["url"] for _, value in settings(panel, "links") for link in value
        }
        for panel in PANELS
        if panel["type"] == "table"
    }

    assert len(links) == 4
    for told_ in links.values():
        assert told_["Open in the tool"] == "${__value.raw:raw}"
        assert told_["How it was worked out"].startswith("${wallboard_url}/v1/contacts/${__value")


def test_the_link_of_a_contact_is_where_the_service_tells_about_it():
    contact, source = "ticket/7 & more", "hooks/phone"
    [link] = [
        each for name, value in settings(PANELS[6], "links") if name == "contact" for each in value
    ]

    url = link["url"].replace("${wallboard_url}", "")
    url = url.replace("${__value.raw:percentencode}", quote(contact, safe=""))
    url = url.replace("${__data.fields.source:percentencode}", quote(source, safe=""))

    path, _, asked = url.partition("?")
    wanted, _, told = address(contact, source).partition("?")
    assert unquote(path) == unquote(wanted)
    assert parse_qs(asked) == parse_qs(told) == {"source": [source]}


def test_every_word_that_a_table_can_show_is_said_in_ours():
    shown = json.dumps(SHOWN)
    view = (ROOT / "migrations" / "versions" / "0008_views.py").read_text()

    verdicts = set(
        re.findall(r"(?:THEN|ELSE) '([a-z, ]+)'", view.split("VERDICT = ")[1].split('"""')[1])
    )

    assert len(verdicts) == 8
    assert all(f'"{verdict}": {{' in shown for verdict in verdicts)


def test_kinds_of_promise_are_called_as_in_the_policy():
    [mapping, *_] = [value for name, value in settings(PANELS[6], "mappings") if name == "clock"]
    said = {code: each["text"] for code, each in mapping[0]["options"].items()}

    plain = {kind: kind.replace("_", " ") for kind in map(str, ClockKind)} | {
        "follow_up": "follow-up"
    }
    assert said == plain


VOLUME = """
INSERT INTO contacts (key, source, subject, customer, tier, team, channel, opened_at, waiting_since,
  last_event_at, is_over, is_worked_on, is_discarded, is_turned_away, history_missing, names)
SELECT 'crm' || chr(31) || n, 'crm', n::text, 'customer-' || n % 500, 'standard', 'support', 'email',
  at, NULL, at, n % 50 > 0, false, false, n % 100 = 0, false, '[]'
FROM generate_series(1, 20000) AS n, LATERAL (SELECT now() - n * interval '1 minute') AS t(at);
INSERT INTO clocks (contact_key, kind, number, channel, team, tier, started_at, target_us, due_at,
  breaches_at, stopped_at, ending, elapsed_us, pauses, is_paused, is_measurable, rule,
  policy_version, settled, noted, observed)
SELECT c.key, kind, 1, c.channel, c.team, c.tier, c.opened_at, 3600000000, at, at,
  CASE WHEN c.is_over THEN c.opened_at END, CASE WHEN c.is_over THEN 'answered' END,
  CASE WHEN c.is_over THEN 0 END, '[]', false, true, 'Everything else', 1, c.is_over, false, false
FROM contacts c CROSS JOIN unnest(ARRAY['first_response', 'resolution']) AS kind,
  LATERAL (SELECT c.opened_at + interval '1 hour') AS t(at);
ANALYZE contacts;
ANALYZE clocks;
"""


async def test_no_query_reads_all_contacts_or_all_clocks(db: Any, reader: Any):
    story = await begin(db)
    for statement in VOLUME.split(";\n")[:-1]:
        await story.desk.run(statement)
    screen = Screen(reader, story.now, "customer-7")

    for title, sql in QUERIES.items():
        plan = [row[0] for row in await reader.fetch(f"EXPLAIN {screen.view.filled(sql)}")]
        whole = [line for line in plan if re.search(r"Seq Scan on (contacts|clocks)\b", line)]
        assert whole == [], (title, plan)
    assert (await screen.row("Kept in time"))["decided"] > 0
