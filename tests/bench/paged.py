"""How soon somebody is called: an event, its series, the alert, the message; real parts, in a hurry."""

from collections.abc import Iterator
from pathlib import Path

from tests.bench.machine import own_directory
from tests.page_story import Timings, played
from tests.paging import EVALUATION_SECONDS, GROUP_WAIT_SECONDS, SCRAPE_SECONDS


def timed(place: Path) -> Timings:
    """Play the story of the end-to-end test once."""
    with played(place) as (story, _):
        return story.timings


def lines(told: Timings) -> Iterator[str]:
    """What was measured, a line a step. What a rule waits on purpose is left out."""
    yield (
        f"page: scrape {SCRAPE_SECONDS} s, evaluation {EVALUATION_SECONDS} s, "
        f"group wait {GROUP_WAIT_SECONDS} s; the rules' own waits left out"
    )
    yield f"  event accepted to series in Prometheus   {told.event_to_series:5.1f} s"
    yield f"  promise broken to alert firing           {told.breach_to_firing - told.breach_held:5.1f} s"
    yield f"  episode seen to somebody called          {told.episode_to_call - told.episode_held:5.1f} s"
    yield f"  of it from firing to the message         {told.firing_to_call:5.1f} s"


if __name__ == "__main__":
    with own_directory() as directory:
        for line in lines(timed(directory)):
            print(line)
