"""What the page is sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from app.core.snapshot import ClockGroup, Running, Snapshot
from app.wallboard.view import ROWS_OF_A_LINE, view
from tests.wallboard.desk import FLOOD, NOON, contact, desk


def shown(snapshot: Snapshot, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(view(snapshot, names or {}, {}))
    return told


def test_late_contacts_come_first_and_by_deadline():
    snapshot = desk(
        contact("Due", "phone", 3), contact("Late", "chat", -5), contact("Latest", "email", -90)
    )

    assert [row["customer"] for row in shown(snapshot)["rows"]] == ["Latest", "Late", "Due"]


def test_instants_are_sent_not_ages():
    told = shown(desk(contact("Jensen VVS", "phone", -5)))

    assert told["taken_at"] == "2026-03-10T12:00:00Z"
    assert told["rows"][0]["open_seconds_left"] == -5
    assert told["rows"][0]["breaches_at"] == "2026-03-10T11:59:55Z"


def test_a_flood_in_one_team_hides_no_other_teams_customers():
    flood = [contact(f"Acme {number:03}", "phone", -999 + number) for number in range(300)]
    snapshot = desk(*flood, contact("Small", "phone", -1, team="sales"))

    told = shown(snapshot)

    customers = [row["customer"] for row in told["rows"]]
    assert customers == [f"Acme {number:03}" for number in range(ROWS_OF_A_LINE)] + ["Small"]
    assert [line["late"] for line in told["lines"] if line["late"]] == [1, 300]


def test_every_team_and_channel_with_a_target_has_a_line():
    lines = shown(desk(contact("Jensen VVS", "phone", -5), more_late=2))["lines"]

    assert [(line["channel"], line["waiting"], line["late"]) for line in lines] == [
        ("chat", 0, 0),
        ("email", 0, 0),
        ("phone", 3, 3),
    ]


def test_work_late_to_finish_is_not_counted_as_waiting():
    resolution = ClockGroup("phone", "support", "standard", "resolution")
    late = replace(contact("Jensen VVS", "phone", -5), clock="resolution")
    snapshot = replace(desk(), late=(late,), running={resolution: Running(4, None)})

    told = shown(snapshot)

    assert told["rows"] == []
    assert [line["late"] for line in told["lines"]] == [0, 0, 0]
    assert told["late_work"] == [{"team": "support", "clock": "resolution", "late": 4}]


def test_a_line_tells_when_its_next_promise_breaks():
    told = shown(desk(contact("Soon", "chat", 30), contact("Later", "chat", 50)))

    assert told["lines"][0]["next_late_at"] == "2026-03-10T12:00:30Z"


def test_what_the_figures_leave_out_is_told():
    told = shown(FLOOD)

    assert told["not_measurable"] == [{"team": "support", "channel": "email", "contacts": 6}]
    assert told["lost_track"] == [{"team": "support", "channel": "phone", "contacts": 2}]
    assert told["not_understood"] == 1


def test_the_view_fits_on_one_line_of_the_stream():
    named = view(desk(contact("Two\nlines\r\n", "phone", 1)), {"support": "Customer\ndesk"}, {})

    assert b"\n" not in named
    assert b"\r" not in named


def test_promises_are_sent_by_due_instant():
    dues = [promise["due_at"] for promise in shown(FLOOD)["promises"]]

    assert dues == sorted(dues)
    assert shown(FLOOD)["promise_counts"][0]["overdue"] == 1


def test_an_empty_desk_has_a_view():
    told = shown(Snapshot(taken_at=NOON))

    assert (told["rows"], told["lines"], told["last_event_at"]) == ([], [], None)
