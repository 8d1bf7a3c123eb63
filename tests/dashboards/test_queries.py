"""Every query has an answer on a real Prometheus, the right one, and none on an empty one."""

from collections.abc import Iterator
from math import isfinite

import pytest

from tests.dashboards.files import BOARDS, EACH_PANEL, PANELS, panel
from tests.dashboards.story import ANY_SILENT, CALM, HOUR, LATE, MINUTE, NOON, NOTHING_DUE, told
from tests.prometheus import (
    annotation_queries,
    backfill,
    dashboard_queries,
    panel_queries,
    query_at,
    query_range,
    running_prometheus,
    substituted,
    values_of,
)

CONFIG = "global: {scrape_interval: 30s}\n"
QUERIES = dict.fromkeys(
    query
    for board in BOARDS.values()
    for query in (*dashboard_queries(board), *annotation_queries(board))
)
EITHER_OR = ("1 Most urgent", "4 Today's target")
"""Tiles of which one query answers and the others keep still."""
ANSWERED = [
    query
    for name, shown in PANELS.items()
    if not name.endswith(EITHER_OR)
    for query in panel_queries(shown)
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("filled")
    backfill(told(), folder)
    with running_prometheus(CONFIG, folder) as url:
        yield url


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Iterator[str]:
    with running_prometheus(CONFIG, tmp_path_factory.mktemp("empty")) as url:
        yield url


def said(url: str, name: str, number: int, at: float) -> dict[str, float]:
    """What a tile shows at an instant: its values by their names."""
    shown: dict[str, float] = {}
    for target in panel(name, number)["targets"]:
        for series in query_at(url, substituted(target["expr"]), at):
            legend = target["legendFormat"]
            for label, value in series["metric"].items():
                legend = legend.replace("{{" + label + "}}", value)
            [shown[legend]] = values_of(series)
    return shown


@pytest.mark.requirement(48)
@pytest.mark.parametrize("query", QUERIES)
def test_every_query_has_an_answer_and_it_is_a_number(filled, query):
    series = query_range(filled, query, NOON - HOUR, NOON)

    assert series
    assert len(series) <= 20
    assert all(isfinite(value) for one in series for value in values_of(one))


@pytest.mark.requirement(48)
def test_every_tile_and_list_answers_at_once(filled):
    silent = [query for query in dict.fromkeys(ANSWERED) if not query_at(filled, query, NOON)]

    # The query that says how far behind we are has a second half for when we are not.
    assert silent == []


@pytest.mark.parametrize(
    ("at", "urgent", "today"),
    [
        (NOTHING_DUE, {"in these teams": 0}, {"may still be late": 6}),
        (CALM, {"time left": 15}, {"may still be late": 6}),
        (NOON, {"late by": NOON - LATE}, {"too many late": 3}),
    ],
)
@pytest.mark.requirement(51)
def test_the_first_tiles_say_in_words_how_it_stands(filled, at, urgent, today):
    most_urgent = said(filled, "now", 1, at)
    still_today = said(filled, "now", 4, at)

    assert {name.split(": ")[-1]: value for name, value in most_urgent.items()} == urgent
    assert {name.split(": ")[-1]: value for name, value in still_today.items()} == today
    [about] = still_today
    assert ", first response: " in about
    assert at != NOON or list(most_urgent) == ["support, phone: late by"]
    assert at != NOON or about.startswith("support, ")


@pytest.mark.requirement(51)
def test_the_first_row_is_the_same_whatever_the_number_of_replicas(filled):
    assert said(filled, "now", 2, NOON) == {"__auto": 2 * 9}
    assert said(filled, "now", 3, NOON) == {"within 15 min": 2 * 2, "due by closing": 8}
    assert said(filled, "now", 5, NOON) == {
        "follow-ups today": 12,
        "overdue": 4,
        "to call back": 16,
    }
    assert said(filled, "now", 6, NOON) == {"silent sources": 0, "last received": 3}


def test_people_are_counted_once_by_what_they_do(filled):
    doing = said(filled, "now", 11, NOON)

    assert doing == {
        "serving": 6,
        "ringing": 2,
        "wrap-up": 2,
        "free": 2,
        "away": 4,
        "not known": 0,
    }


def test_what_cannot_be_trusted_is_said_in_one_place(filled):
    doubts = said(filled, "now", 12, NOON)

    assert doubts == {
        "answers cannot be seen": 4,
        "lost track of": 8,
        "concluded, not told": 4,
        "not told when we get back": 20,
        "deliveries we could not read": 3,
        "last news from phone-tool": 3,
        "last news from chat-tool": 3,
        "last news from crm": 3,
    }


@pytest.mark.requirement(54)
def test_the_strip_says_what_changed_and_when(filled):
    strip = panel("now", 10)
    [mapping] = strip["fieldConfig"]["defaults"]["mappings"]
    words = {int(value): each["text"] for value, each in mapping["options"].items()}

    states = {}
    for target in strip["targets"]:
        [series] = query_range(filled, substituted(target["expr"]), NOON - HOUR, NOON)
        told_states = dict.fromkeys(words[round(value)] for value in values_of(series))
        states[target["legendFormat"]] = list(told_states)

    assert states == {
        "alerts": ["nothing new", "look today", "act now"],
        "sources": ["nothing new", "a source is silent"],
        "people at work": ["nothing new", "fewer people"],
        "new contacts": ["nothing new", "more comes in"],
        "policy": ["nothing new", "new policy"],
    }


def test_the_table_begins_with_the_latest_and_names_its_teams(filled):
    share, late, left, waited, waiting = panel_queries(panel("now", 7))

    assert {s["metric"]["team"] for s in query_at(filled, late, NOON)} == {"support"}
    shares = {s["metric"]["channel"]: values_of(s)[0] for s in query_at(filled, share, NOON)}
    assert shares == {"phone": (NOON - LATE) / 20, "chat": (NOON - LATE) / 60}
    [first] = said(filled, "now", 1, NOON)
    assert first.startswith(f"support, {max(shares, key=lambda channel: shares[channel])}: ")
    assert len(query_at(filled, left, NOON)) == 6
    assert max(values_of(s)[0] for s in query_at(filled, waited, NOON)) == NOON - LATE
    assert sum(values_of(s)[0] for s in query_at(filled, waiting, NOON)) == 2 * 12 + 6 * 2


def test_a_source_of_all_channels_is_seen_whatever_channel_is_chosen(filled):
    tile, marks = panel("now", 6), BOARDS["now"]["annotations"]["list"]
    asked = [target["expr"] for target in tile["targets"]] + [mark["expr"] for mark in marks]
    phone, chat = [
        [
            query_at(filled, substituted(expr.replace("$channel", name)), ANY_SILENT)
            for expr in asked
        ]
        for name in ("phone", "chat")
    ]

    assert [values_of(series[0]) for series in chat[:2]] == [[1], [3]]
    assert values_of(phone[0][0]) == [1]
    assert [s["metric"]["alertname"] for s in chat[2]] == ["EvenhandSourceSilent"]


def test_the_share_that_was_promised_is_the_target_of_the_same_work(filled):
    promised = panel_queries(panel("now", 9))[1]

    series = query_at(filled, promised, NOON)

    assert {s["metric"]["tier"]: values_of(s) for s in series} == {
        "important": [0.8],
        "standard": [0.8],
    }


def test_the_first_row_tells_who_waits_for_somebody_served_first(filled):
    answers = [
        values_of(query_at(filled, query, NOON)[0])[0]
        for number in range(1, 7)
        for query in panel_queries(panel("served-first", number))
    ]

    assert [round(answer) for answer in answers] == [1, 3, 90, 1, 2 * 10, 4 * 6, 4 * 4]


def test_the_causes_add_up_to_all_who_wait_also_when_a_day_has_passed(filled):
    [query] = panel_queries(panel("served-first", 7))

    series = query_range(filled, query, NOON - HOUR // 2, NOON)

    waiting = {s["metric"]["cause"]: {round(value, 6) for value in values_of(s)} for s in series}
    assert waiting == {"favoured": {2 * 2 * 2}, "overload": {2 * 2 * 1}}


@pytest.mark.parametrize("number", [8, 12])
def test_the_strips_tell_in_which_team_and_when(filled, number):
    [query] = panel_queries(panel("served-first", number))

    series = query_range(filled, query, NOON - HOUR, NOON)

    states = {s["metric"]["team"]: values_of(s) for s in series}
    assert states["sales"] == [0] * 61
    assert states["support"] == [0] * 31 + [1] * 30


@pytest.mark.parametrize(("at", "behind"), [(NOON, 4), (NOON - 20 * MINUTE, 0)])
def test_the_operator_sees_how_far_behind_it_is_and_zero_when_it_is_not(filled, at, behind):
    assert said(filled, "itself", 2, at) == {"__auto": behind}


def test_the_operator_sees_what_all_processes_did(filled):
    failed = said(filled, "itself", 5, NOON)
    used = said(filled, "itself", 6, NOON)
    requests = said(filled, "itself", 11, NOON)

    assert failed == {"answers": 0, "rounds of work": 0, "policies refused": 0}
    assert used == {"main page": 0.24, "customers page": 0.24, "left out": 0}
    assert requests == {"events": 4, "api": 2, "hooks": 0, "answered 403": 2}


def test_only_what_was_refused_has_a_line(filled):
    asked = panel_queries(panel("itself", 8))

    lines = [
        set(series["metric"].values())
        for query in asked
        for series in query_range(filled, query, NOON - HOUR, NOON)
    ]

    assert lines == [{"future"}, {"malformed"}, {"body_bytes"}, set(), set(), set()]


@pytest.mark.requirement(49)
@EACH_PANEL
def test_without_any_metric_a_panel_says_so_in_its_own_words(empty, panel):
    answers = [query_at(empty, query) for query in panel_queries(panel)]

    assert answers == [[] for _ in answers]
    assert panel["fieldConfig"]["defaults"]["noValue"] not in {"", "No data", "0"}


@pytest.mark.requirement(49)
def test_the_panels_do_not_all_say_the_same_when_they_are_empty():
    said = {shown["fieldConfig"]["defaults"]["noValue"] for shown in PANELS.values()}

    assert len(said) > len(PANELS) // 3
