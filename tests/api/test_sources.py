"""The sources over HTTP: how each does, what came, what is kept, what is explained by a click."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.operations.access import make_token
from app.operations.source_report import SourceReport
from app.operations.trial import PATIENCE_SECONDS
from app.store.engine import Database
from tests.conftest import NOON
from tests.running import Running, running
from tests.serving import PHONE_TOKEN, sources_file
from tests.store.desk import Desk

AT = int(NOON.timestamp())
LINES = {"phone", "chat", "desk"}


def call(
    event: str = "call.created", number: int = 1, *, token: str = PHONE_TOKEN, **changes: Any
) -> bytes:
    data = {
        "id": number,
        "direction": "inbound",
        "started_at": AT,
        "raw_digits": "+45 70 12 34 56",
        "number": {"id": 501},
        **changes,
    }
    told = {"event": event, "timestamp": AT, "token": token, "data": data}
    return json.dumps(told).encode()


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who may do everything, and one who may only read."""

    service: Running
    token: str
    reader: str

    async def ask(
        self, method: str, path: str = "", token: str = "", **told: Any
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token}"}
        address = f"/v1/sources{path}"
        return await self.service.client.request(method, address, headers=headers, **told)

    async def phone(self, body: bytes) -> httpx.Response:
        headers = {"content-type": "application/json"}
        return await self.service.client.post("/hooks/phone", content=body, headers=headers)

    async def written(self) -> None:
        """What came stands in the database, and the next report is made of it."""
        await self.service.app.service.write_deliveries()
        self.service.app.service.reports.forget()

    async def look(self, source: str = "phone") -> dict[str, Any]:
        await self.written()
        report: dict[str, Any] = (await self.ask("GET", f"/{source}")).json()
        return report

    async def sentences(self) -> list[str]:
        return [gap["sentence"] for gap in (await self.look())["gaps"]]


@pytest.fixture
async def admin(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Admin]:
    async with running(db, database_url, sources_file=sources_file(tmp_path)) as service:
        now = service.clock.now
        _, token = await make_token(db, {"admin", "read"}, "admin", now)
        _, reader = await make_token(db, {"read"}, "reader", now)
        yield Admin(service, token, reader)


async def test_before_anything_came_every_source_says_so(admin: Admin):
    lines = (await admin.ask("GET")).json()

    assert {line["id"] for line in lines} == LINES
    assert {line["state"] for line in lines} == {"nothing yet"}
    assert lines[0]["sentence"] == "Nothing has come yet. Paste its address into Aircall."
    assert lines[0]["last_delivery_at"] is None
    strange = [await admin.ask("GET", f"/nobody{path}") for path in ("", "/deliveries", "/kept")]
    assert {each.status_code for each in strange} == {404}
    assert [set(each.json()["sources"]) for each in strange] == [LINES] * 3


async def test_a_delivery_stands_in_the_list_with_what_was_understood(admin: Admin):
    await admin.phone(call())

    report = await admin.look()

    assert report["line"]["state"] == "works"
    assert report["line"]["sentence"] == "Works: 1 delivery in the last hour."
    [delivery] = report["deliveries"]
    assert delivery == {
        "source": "phone",
        "received_at": "2026-03-02T12:00:00Z",
        "verdict": "taken",
        "event": "call.created",
        "reason": None,
        "events": 1,
        "told": [
            {
                "type": "contact.received",
                "at": "2026-03-02T12:00:00Z",
                "contact": "1",
                "customer": "+45 •• •• •• 56",
                "team": "501",
                "inferred": False,
                "has_time": False,
            }
        ],
    }
    wanted = {each["name"]: each for each in report["wanted"]}
    assert (wanted["call.created"]["n"], wanted["call.answered"]["n"]) == (1, 0)


async def test_what_became_of_each_delivery_is_said(admin: Admin):
    for body in (call(), call(), call("call.commented"), call(direction="sideways")):
        await admin.phone(body)
    await admin.phone(call(token="guessed"))  # noqa: S106

    deliveries = (await admin.look())["deliveries"]

    told = {(each["verdict"], each["event"]): each["reason"] for each in deliveries}
    assert set(told) == {
        ("taken", "call.created"),
        ("repeated", "call.created"),
        ("nothing", "call.commented"),
        ("kept", "call.created"),
        ("refused", None),
    }
    assert told["refused", None] == "the token is not the one of this source"
    assert "direction" in told["kept", "call.created"]
    same = (await admin.ask("GET", "/phone/deliveries", admin.reader)).json()
    assert same == deliveries
    await admin.service.app.service.take_snapshot()
    metrics = await admin.service.metrics()
    counted = {
        state: metrics[f'evenhand_process_deliveries_total{{source="phone",state="{state}"}}']
        for state in ("taken", "repeated", "nothing", "kept", "refused")
    }
    assert counted == dict.fromkeys(counted, 1)


async def test_no_number_secret_or_text_of_a_delivery_is_remembered(admin: Admin):
    comment: dict[str, Any] = {"comments": [{"content": "never stored"}]}
    await admin.phone(call(**comment))
    await admin.phone(call(direction="+45 70 12 34 56", **comment))
    await admin.written()

    remembered = repr(
        [
            await Desk(admin.service.db).rows(f"SELECT * FROM {table}")
            for table in ("deliveries", "source_told", "delivery_counts")
        ]
    )

    assert "call.created" in remembered
    for secret in (PHONE_TOKEN, "never stored", "70 12 34 56", "4570123456"):
        assert secret not in remembered


async def test_refused_deliveries_are_counted_and_take_nobodys_place(admin: Admin):
    await admin.phone(call())
    for _ in range(30):
        await admin.phone(call(token="guessed"))  # noqa: S106
    admin.service.clock.pass_(seconds=1)
    await admin.phone(call(token="guessed"))  # noqa: S106

    report = await admin.look()

    verdicts = [each["verdict"] for each in report["deliveries"]]
    assert verdicts.count("taken") == 1
    assert verdicts.count("refused") == 5
    assert report["line"]["refused_last_hour"] == 31
    assert (
        "31 deliveries were refused in the last hour: the token is not the one of this source. "
        "Is the secret here the one in the tool?"
    ) in [gap["sentence"] for gap in report["gaps"]]


async def test_contacts_that_never_ended_are_counted_with_what_to_look_for(admin: Admin):
    for number in range(37):
        await admin.phone(call(number=number))
    await admin.service.settle()

    sentences = await admin.sentences()

    assert sentences[0].startswith("37 contacts never ended: ")
    assert "call.ended" in sentences[0] or "call.hungup" in sentences[0]


async def test_a_source_that_began_just_now_is_not_blamed_for_what_has_not_happened(admin: Admin):
    await admin.phone(call())
    await admin.service.settle()

    assert not [each for each in await admin.sentences() if "never" in each or "Not seen" in each]


async def test_an_id_that_means_nothing_is_shown_and_means_something_after_a_click(admin: Admin):
    service = admin.service
    await admin.phone(call())
    body = call(number=2).replace(b'"id": 501', b'"id": 999')
    await admin.phone(body)
    await service.settle()
    teams = {each["name"]: each for each in (await admin.look())["teams"]}
    assert (teams["501"]["team"], teams["501"]["said_by"]) == ("hotline", "file")
    assert (teams["999"]["team"], teams["999"]["n"]) == (None, 1)
    assert (await admin.look())["line"]["unmapped"] == 1

    answer = await admin.ask("POST", "/phone/teams", json={"name": "999", "team": "support"})

    assert answer.json() == {"judged_anew": 1}
    await service.settle()  # the terms in memory are older than the marks: they are read first
    desk = Desk(service.db)
    assert await desk.rows("SELECT subject, team FROM contacts ORDER BY 1") == [
        ("1", "hotline"),
        ("2", "support"),
    ]
    teams = {each["name"]: each for each in (await admin.look())["teams"]}
    assert (teams["999"]["team"], teams["999"]["said_by"]) == ("support", "click")
    await admin.ask("POST", "/phone/teams", json={"name": "999", "team": None})
    await service.settle()
    assert await desk.rows("SELECT DISTINCT team FROM contacts") == [("hotline",)]


async def test_a_click_neither_overrules_the_file_nor_names_a_team_that_is_not_there(
    admin: Admin,
):
    told = [{"name": "501", "team": "support"}, {"name": "9", "team": "nobody"}]

    answers = [await admin.ask("POST", "/phone/teams", json=each) for each in told]

    assert [each.status_code for each in answers] == [409, 422]
    assert answers[0].json()["detail"] == "sources.yaml says that '501' is 'hotline'"
    assert answers[1].json()["detail"].endswith("got 'nobody'")
    machine = await admin.ask("POST", "/desk/machines", json={"agent": "7", "is_machine": True})
    assert machine.status_code == 422
    assert machine.json()["detail"] == "a source of the kind cloudevents has no machines"


async def test_what_is_kept_is_listed_counted_read_anew_and_dropped(admin: Admin):
    for _ in range(3):
        await admin.phone(call(direction="sideways"))
    await admin.phone(call(started_at="noon"))
    kept = (await admin.ask("GET", "/phone/kept")).json()
    assert len(kept["deliveries"]) == 4
    assert sorted(each["deliveries"] for each in kept["reasons"]) == [1, 3]
    assert (await admin.look())["line"]["kept"] == 4
    newest = kept["deliveries"][0]["id"]

    one = await admin.ask("POST", f"/phone/kept/{newest}/retry")
    gone = await admin.ask("DELETE", f"/phone/kept/{newest}")
    again = await admin.ask("DELETE", f"/phone/kept/{newest}")
    mended = "UPDATE quarantine SET body = convert_to(:body, 'UTF8') WHERE id = 1"
    await Desk(admin.service.db).run(mended, body=call().decode())
    every = await admin.ask("POST", "/phone/kept/retry")
    rest = await admin.ask("DELETE", "/phone/kept")

    assert (one.json()["understood"], one.json()["still_not"]) == (0, 1)
    assert (gone.json(), again.status_code) == ({"dropped": 1}, 404)
    assert (every.json()["understood"], every.json()["still_not"]) == (1, 2)
    assert rest.json() == {"dropped": 2}
    assert await Desk(admin.service.db).rows("SELECT count(*) FROM quarantine") == [(0,)]
    stored = "SELECT type FROM events WHERE source = '/hooks/phone'"
    assert await Desk(admin.service.db).rows(stored) == [("contact.received",)]


async def test_a_test_contact_goes_all_the_way_and_never_counts(admin: Admin):
    service = admin.service

    async def worked_out() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await service.marks():
                pass
        await service.settle()

    answer, _ = await asyncio.gather(admin.ask("POST", "/phone/test"), worked_out())

    told = answer.json()
    assert 0 < told["stored_ms"] <= told["worked_out_ms"] <= told["shown_ms"]
    desk = Desk(service.db)
    assert await desk.rows("SELECT is_discarded, is_over FROM contacts") == [(True, True)]
    assert await desk.rows("SELECT DISTINCT ending FROM clocks") == [("cancelled",)]
    assert await desk.rows("SELECT count(*) FROM tallies") == [(0,)]
    report = await admin.look()
    assert report["deliveries"][0]["verdict"] == "test"
    assert report["line"]["state"] == "nothing yet"
    assert report["line"]["last_event_at"] is None


async def test_names_and_numbers_that_nothing_can_have_are_refused(admin: Admin):
    words = [(b'{"name": "\\u0000", "team": null}', "teams")]
    words += [(b'{"name": "\\ud800", "team": null}', "teams")]
    words += [(b'{"agent": "\\u0000", "is_machine": true}', "machines")]
    sent = {"content-type": "application/json"}
    far = "9" * 30

    answers = [
        await admin.service.client.post(
            f"/v1/sources/chat/{place}",
            content=body,
            headers={**sent, "authorization": f"Bearer {admin.token}"},
        )
        for body, place in words
    ]
    answers += [
        await admin.ask("GET", "/%00/kept"),
        await admin.ask("DELETE", "/%00/kept"),
        await admin.ask("DELETE", "/%00/kept/1"),
        await admin.ask("DELETE", f"/phone/kept/{far}"),
        await admin.ask("POST", f"/phone/kept/{far}/retry"),
    ]

    assert [each.status_code for each in answers] == [422] * len(answers)


async def test_who_may_only_read_changes_nothing(admin: Admin):
    tries: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", "/phone/test", None),
        ("POST", "/phone/kept/retry", None),
        ("POST", "/phone/kept/1/retry", None),
        ("DELETE", "/phone/kept/1", None),
        ("DELETE", "/phone/kept", None),
        ("POST", "/phone/teams", {"name": "9", "team": "support"}),
        ("POST", "/phone/machines", {"agent": "9", "is_machine": True}),
    ]

    answers = [
        await admin.ask(method, path, admin.reader, json=body) for method, path, body in tries
    ]
    nobody = [await admin.ask("GET", path, "none") for path in ("", "/phone", "/phone/kept")]

    assert {each.status_code for each in answers + nobody} == {401}
    assert {each.json()["detail"] for each in answers} == {
        "expected a bearer token with the scope admin"
    }


async def test_the_page_is_told_the_same_as_the_api_but_not_who_answers(admin: Admin):
    await admin.phone(call())
    told = await admin.look()

    shown = (await admin.service.client.get("/wallboard/sources/phone")).json()
    lines = (await admin.service.client.get("/wallboard/sources")).json()["sources"]

    assert shown == {**told, "agents": []}
    assert lines == (await admin.ask("GET")).json()
    assert set(told) == set(SourceReport.__dataclass_fields__)


async def test_a_silent_source_is_said_to_be_silent(admin: Admin):
    await admin.phone(call())
    await admin.service.app.service.take_snapshot()
    admin.service.clock.pass_(hours=3)

    line = (await admin.look())["line"]

    assert line["state"] == "silent"
    assert line["sentence"] == "Silent for 3 h, which is longer than it may be."


async def test_the_clock_of_a_tool_that_runs_ahead_is_noticed(admin: Admin):
    ahead = AT + int(timedelta(minutes=3).total_seconds())
    for number in range(6):
        await admin.phone(call(number=number, started_at=ahead + number))

    report = await admin.look()

    assert report["skew_seconds"] == pytest.approx(-182.5)
    assert (
        "The tool's clock is 3 min ahead of ours: waits look shorter than they are."
        in await admin.sentences()
    )


def mail(to: str, number: int) -> bytes:
    told = {
        "FromFull": {"Email": "jo@example.org"},
        "ToFull": [{"Email": to}],
        "OriginalRecipient": to,
        "Date": "Mon, 02 Mar 2026 11:59:00 +0000",
        "MessageID": f"m{number}",
        "Headers": [{"Name": "Message-ID", "Value": f"<m{number}@example.org>"}],
    }
    return json.dumps(told).encode()


MAIL_TOKEN = "canary-mail-token-1f3c"  # noqa: S105
OUR_MAIL = """
sources:
  - {id: post, kind: postmark, unsigned: true, token: {file: DIRECTORY/post},
     teams: {support@firm.example: support, sales@firm.example: sales},
     staff: [jane@firm.example]}
"""


@pytest.fixture
async def post(db: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Admin]:
    (tmp_path / "post").write_text(MAIL_TOKEN)
    file = tmp_path / "mail.yaml"
    file.write_text(OUR_MAIL.replace("DIRECTORY", str(tmp_path)))
    async with running(db, database_url, sources_file=file) as service:
        _, token = await make_token(db, {"admin", "read"}, "admin", service.clock.now)
        yield Admin(service, token, token)


async def test_mailboxes_of_ours_are_listed_and_others_only_masked(post: Admin):
    boxes = ("support@firm.example", "info@firm.example", "jane@elsewhere.example")
    for number, box in enumerate(boxes):
        answer = await post.service.client.post(
            f"/hooks/post?token={MAIL_TOKEN}",
            content=mail(box, number),
            headers={"content-type": "application/json"},
        )
        assert answer.is_success

    report = await post.look("post")
    open_to_all = (await post.service.client.get("/wallboard/sources/post")).json()

    teams = {each["name"]: (each["team"], each["n"]) for each in report["teams"]}
    assert teams == {
        "info@firm.example": (None, 1),
        "support@firm.example": ("support", 1),
        "sales@firm.example": ("sales", 0),
    }
    assert [each["told"][0]["team"] for each in report["deliveries"]] == [
        "j•••@elsewhere.example",
        "i•••@firm.example",
        "support@firm.example",
    ]
    sentences = [gap["sentence"] for gap in report["gaps"]]
    assert sentences[0] == (
        "post names the team sales, which the policy does not have: its contacts have no promises."
    )
    assert any("Contacts came to j•••@elsewhere.example, which" in each for each in sentences)
    assert "info@firm.example" not in json.dumps(open_to_all)
    told = {"name": "info@firm.example", "team": "support"}
    assert (await post.ask("POST", "/post/teams", json=told)).status_code == 200
    await post.service.settle()
    post.service.app.service.reports.forget()
    after = {each["name"]: each for each in (await post.look("post"))["teams"]}
    info = after["info@firm.example"]
    assert (info["team"], info["said_by"]) == ("support", "click")


async def test_a_source_of_which_more_is_refused_than_let_in_does_not_read_works(admin: Admin):
    for _ in range(2):
        await admin.phone(call(token="guessed"))  # noqa: S106
    admin.service.clock.pass_(seconds=1)
    await admin.phone(call())

    line = (await admin.look())["line"]

    assert line["sentence"] == "2 of 3 deliveries in the last hour were refused."
