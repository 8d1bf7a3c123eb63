import os
import subprocess
import sys

import pytest

from app.metrics import process_families
from app.metrics.negotiation import Format
from app.metrics.process import ProcessMetrics
from app.metrics.process_families import Door, Limit, Rejection
from tests.metrics.desk import labels, read, values
from tests.running import ROOT


@pytest.fixture
def process():
    return ProcessMetrics("1.2.3", ["desk", "switchboard"])


def _text(process: ProcessMetrics) -> bytes:
    return process.written().text(Format.TEXT)


@pytest.mark.requirement(17, 28)
def test_every_label_set_stands_at_zero_from_the_start(process):
    found = read(_text(process))

    assert {value for name, _, value in found if name.endswith("_total")} == {0.0}
    sources = values(_text(process), "evenhand_process_events_total")
    assert {dict(key)["source"] for key in sources} == {"api", "desk", "switchboard", "other"}
    reasons = values(_text(process), "evenhand_process_events_rejected_total")
    assert {dict(key)["reason"] for key in reasons} == {*Rejection, "other"}
    doors = values(_text(process), "evenhand_process_http_requests_total")
    assert {(dict(key)["door"], dict(key)["code"]) for key in doors} >= {("hooks", "202")}


@pytest.mark.requirement(14, 28)
def test_every_family_of_the_list_is_on_the_page_with_its_help(process):
    lines = _text(process).decode().splitlines()

    helps = {line.split(" ", 3)[2]: line.split(" ", 3)[3] for line in lines if "# HELP" in line}
    assert helps == {family.name: family.help for family in process_families.PROCESS}


@pytest.mark.requirement(6, 7)
def test_both_formats_parse_and_carry_the_same_samples_and_no_birthdays(process):
    process.event_lagged(0.3)
    page = process.written()

    text = read(page.text(Format.TEXT))
    openmetrics = read(page.text(Format.OPENMETRICS) + b"# EOF\n", Format.OPENMETRICS)
    assert sorted(text, key=str) == sorted(openmetrics, key=str)
    assert len(text) == page.series
    assert not [name for name, _, _ in text if name.endswith("_created")]


def test_what_happened_is_counted(process):
    process.events_stored("desk", 3)
    process.events_rejected(Rejection.FUTURE, 2)
    process.events_repeated(4)
    process.events_conflicted("api", 1)
    process.events_of_unknown_type(5)
    process.request_answered(Door.HOOKS, 202)
    process.signature_failed("switchboard")
    process.keys_folded(7, 0.02)
    process.fold_failed(1)
    process.snapshot_failed()
    process.limit_hit(Limit.BODY_BYTES)

    risen = {(name, key): value for name, key, value in read(_text(process)) if value}
    prefix = "evenhand_process"
    assert {k: v for k, v in risen.items() if k[0].endswith("_total")} == {
        (f"{prefix}_events_total", labels(source="desk")): 3,
        (f"{prefix}_events_rejected_total", labels(reason="future")): 2,
        (f"{prefix}_events_duplicate_total", labels()): 4,
        (f"{prefix}_events_conflicting_total", labels(source="api")): 1,
        (f"{prefix}_events_unknown_type_total", labels()): 5,
        (f"{prefix}_http_requests_total", labels(door="hooks", code="202")): 1,
        (f"{prefix}_signature_failures_total", labels(source="switchboard")): 1,
        (f"{prefix}_fold_keys_total", labels()): 7,
        (f"{prefix}_fold_failures_total", labels()): 1,
        (f"{prefix}_snapshot_failures_total", labels()): 1,
        (f"{prefix}_limits_hit_total", labels(limit="body_bytes")): 1,
    }
    assert values(_text(process), f"{prefix}_fold_seconds_count") == {labels(): 1}


@pytest.mark.requirement(15)
def test_what_is_outside_a_closed_set_is_counted_as_other(process):
    series = len(read(_text(process)))
    process.events_stored("whoever sends this", 2)
    process.request_answered(Door.EVENTS, 418)

    text = _text(process)
    assert values(text, "evenhand_process_events_total")[labels(source="other")] == 2
    requests = values(text, "evenhand_process_http_requests_total")
    assert requests[labels(door="events", code="other")] == 1
    assert len(read(text)) == series


def test_spans_are_observed_and_a_senders_fast_clock_takes_nothing_away(process):
    process.event_lagged(-120.0)
    process.breach_noted(0.3)
    process.batch_stored(200)

    text = _text(process)
    assert values(text, "evenhand_process_event_lag_seconds_sum") == {labels(): 0.0}
    lateness = values(text, "evenhand_process_judge_lateness_seconds_bucket")
    assert (lateness[labels(le="0.25")], lateness[labels(le="0.5")]) == (0, 1)
    batches = values(text, "evenhand_process_intake_batch_events_bucket")
    assert (batches[labels(le="100.0")], batches[labels(le="200.0")]) == (0, 1)


def test_live_pages_come_and_go(process):
    process.screens_are(3)
    process.screens_are(1)

    assert values(_text(process), "evenhand_process_live_subscribers") == {labels(): 1}


def test_the_version_is_told(process):
    assert values(_text(process), "evenhand_build_info") == {labels(version="1.2.3"): 1}


def test_two_processes_in_one_interpreter_count_apart():
    one, two = ProcessMetrics("1", []), ProcessMetrics("1", [])
    one.fold_failed(1)

    assert values(_text(two), "evenhand_process_fold_failures_total") == {labels(): 0}


PRINT_PAGE = """
from app.metrics.negotiation import Format
from app.metrics.process import ProcessMetrics

count = ProcessMetrics("1", ["desk"])
count.fold_failed(2)
print(count.written().text(Format.TEXT).decode())
"""


@pytest.mark.requirement(31)
def test_an_environment_made_for_several_processes_changes_nothing(tmp_path):
    """The client library writes files then, which outlive their process: nothing is read from them."""
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    pages = [
        subprocess.run(
            [sys.executable, "-c", PRINT_PAGE],
            cwd=ROOT, env={**os.environ, **env},  # noqa: TID251 - handed on
            capture_output=True, check=True, timeout=60,
        ).stdout
        for env in ({}, shared, shared)
    ]  # fmt: skip

    assert sorted(read(pages[0]), key=str) == sorted(read(pages[1]), key=str)
    assert pages[2] == pages[1]


@pytest.mark.requirement(31)
def test_nothing_of_ours_asks_for_several_processes():
    shipped = [ROOT / "Dockerfile", *(ROOT / "deploy").rglob("*"), *(ROOT / "app").rglob("*.py")]

    for file in shipped:
        text = file.read_text(errors="replace").upper() if file.is_file() else ""
        assert "MULTIPROC_DIR" not in text, file
        assert "--WORKERS" not in text, file
