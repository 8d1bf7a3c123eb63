"""One episode from its first event to the last message, and how long each step took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.service import read_clock
from deploy.postgres import Server
from tests.called import Received
from tests.live_surge import POLICY, LiveSurge
from tests.paging import Watch, counters, hold_of, watching
from tests.serving import Process, await_true, command, environment, make_token, serving

ALERT = "EvenhandServedFirst"
LATE = "EvenhandImportantOverdue"
PROMISED_SECONDS = 2
UP = 'up{job="evenhand"}'
OPEN = 'max(evenhand_starvation_episodes_open{team="support"})'


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from one step to the next; ``held``: how long the rule waits on purpose."""

    event_to_series: float
    breach_to_firing: float
    breach_held: float
    episode_to_call: float
    episode_held: float
    firing_to_call: float
    over_to_resolved: float


@dataclass(frozen=True, slots=True)
class Story:
    """What was seen."""

    timings: Timings
    before: dict[str, float]
    after: dict[str, float]


def told_story(service: Process, watch: Watch, surge: LiveSurge) -> Story:
    """Play it: an important call breaks its promise, a surge is served first, the service is killed."""
    await_true("it is seen", lambda: watch.value(UP) == 1)
    event_to_series = _seen(watch, surge)
    surge.tell("customer.updated", "Birk", tier="important")
    told = {"channel": "phone", "team": "hotline", "customer": "Birk"}
    received_at = surge.tell("contact.received", "late", **told)
    surge.begin()
    await_true("the episode is a series", lambda: watch.value(OPEN) == 1, 60)
    raised_at = read_clock()
    await_true("somebody is called", lambda: bool(watch.receiver.about(ALERT)), 60)
    call = watch.receiver.about(ALERT)[0]
    late = _late(watch, received_at)
    before = dict(counters(service.get("/metrics").text))
    service.kill()
    service.start()
    after = dict(counters(service.get("/metrics").text))
    await_true("it is seen again", lambda: watch.value(UP) == 1)
    surge.end()
    surge.tell("contact.answered", "late", agent="a-1")
    over_at = read_clock()
    await_true("it is over", lambda: bool(watch.receiver.about(ALERT, "resolved")), 120)
    timings = Timings(
        event_to_series=event_to_series,
        breach_to_firing=late,
        breach_held=hold_of(LATE),
        episode_to_call=(call.at - raised_at).total_seconds(),
        episode_held=hold_of(ALERT),
        firing_to_call=(call.at - _fired_at(call)).total_seconds(),
        over_to_resolved=(read_clock() - over_at).total_seconds(),
    )
    return Story(timings, before, after)


def _seen(watch: Watch, surge: LiveSurge) -> float:
    """From an event that is accepted to its series in Prometheus."""
    surge.tell("contact.received", "first", channel="phone", team="hotline", customer="Ask")
    series = 'evenhand_contacts_waiting{team="hotline",channel="phone",tier="standard"}'
    seconds = await_true("the contact is a series", lambda: watch.value(series) == 1, 30)
    surge.tell("contact.answered", "first", agent="a-1")
    return seconds


def _late(watch: Watch, received_at: datetime) -> float:
    """From the instant at which the promise broke to the alert's firing, as its message says."""
    await_true("somebody is called about it", lambda: bool(watch.receiver.about(LATE)), 60)
    fired_at = _fired_at(watch.receiver.about(LATE)[0])
    return (fired_at - received_at).total_seconds() - PROMISED_SECONDS


def _fired_at(call: Received) -> datetime:
    """When Prometheus began to say so."""
    return datetime.fromisoformat(call.message["alerts"][0]["startsAt"])


@contextmanager
def played(place: Path) -> Iterator[tuple[Story, Watch]]:
    """The story, played once in ``place``; who watched it goes on watching until the block ends."""
    (place / "policy.yaml").write_text(POLICY)
    with Server(place / "postgres") as database:
        env = environment(database_url=database.url, policy_file=place / "policy.yaml")
        command(env, "migrate")
        token = make_token(env)
        with serving(env, place / "service.log") as service, watching(service, place) as watch:
            surge = LiveSurge(service.url, token)
            try:
                yield told_story(service, watch, surge), watch
            finally:
                surge.stop()
