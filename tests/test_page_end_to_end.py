"""A surge serves one customer first, and somebody is called: once, soon, and not again."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from tests.page_story import ALERT, Story, played
from tests.paging import (
    EVALUATION_SECONDS,
    GROUP_WAIT_SECONDS,
    SCRAPE_SECONDS,
    SLACK_SECONDS,
    Watch,
)

CALLED_WITHIN = SCRAPE_SECONDS + EVALUATION_SECONDS + GROUP_WAIT_SECONDS + SLACK_SECONDS


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Story, Watch]]:
    """The story, played once, and who watched it."""
    with played(tmp_path_factory.mktemp("page")) as seen:
        yield seen


def test_one_episode_is_one_page_though_the_service_was_killed_in_its_middle(seen):
    _, watch = seen

    assert len(watch.receiver.about(ALERT)) == 1


def test_the_page_comes_as_soon_as_scrapes_rules_and_routes_allow(seen):
    story, _ = seen
    timings = story.timings
    print("seconds:", {name: round(value, 2) for name, value in asdict(timings).items()})  # noqa: T201 - shown by pytest -s

    assert 0 < timings.episode_to_call - timings.episode_held <= CALLED_WITHIN
    assert 0 < timings.breach_to_firing - timings.breach_held <= CALLED_WITHIN
    assert timings.event_to_series <= SCRAPE_SECONDS + SLACK_SECONDS


def test_the_page_says_where_how_many_wait_and_what_to_do(seen):
    _, watch = seen

    message = watch.receiver.about(ALERT)[0].message

    [alert] = message["alerts"]
    assert message["groupLabels"] == {"alertname": ALERT, "team": "support"}
    assert alert["labels"]["severity"] == "page"
    assert "support" in alert["annotations"]["summary"]
    assert "Next step: " in alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"].endswith("#evenhandservedfirst")


def test_it_is_told_once_that_it_is_over(seen):
    _, watch = seen

    assert len(watch.receiver.about(ALERT, "resolved")) == 1


def test_no_counter_fell_when_the_service_was_killed(seen):
    story, watch = seen

    fell = {name for name, count in story.before.items() if story.after.get(name, -1) < count}

    assert len(story.before) > 50
    assert fell == set()
    families = {name.partition("{")[0] for name in story.before}
    assert {watch.value(f"max(resets({family}[5m]))") for family in families} == {0}


def test_nobody_is_called_because_the_service_was_away_for_a_moment(seen):
    _, watch = seen

    assert watch.receiver.about("EvenhandAbsent") == []
