"""What people read about turns: who is served first, who waits for it, and why anybody waits at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from app.core.fairness.causes import Cause
from app.core.fairness.shown import PoolStanding, ShownEpisode, Waiter

TIER = "tier:"
LONGEST_NAME = 34
"""Characters of a name in a sentence; lists have room for the whole."""
WORTH_TELLING_SECONDS = 60.0
"""Agreed priority that costs less has no sentence."""

ORDERS_IN_WORDS = {
    "due": "This team works by arrival; the policy says by deadline. Until that is decided, "
    "nobody is called taken first here.",
    "arrival": "This team works by deadline; the policy says by arrival. Until that is decided, "
    "nobody is called taken first here.",
}
NOBODY_TELLS = "Nobody tells us who is there, so free people and missing people cannot be shown."


@dataclass(frozen=True, slots=True)
class Voice:
    """How things are said: customers' names by key, in the team's zone, as of an instant.

    ``links`` lead back to contacts, by key, in the tool they are in.
    """

    names: Mapping[str, str]
    zone: tzinfo
    now: float
    links: Mapping[str, str] = field(default_factory=dict)

    def named(self, customer: str) -> str:
        """What a customer is called; the key where nobody told a name."""
        return self.names.get(customer, customer)

    def instant(self, at: float) -> datetime:
        """The instant on the team's clock."""
        return datetime.fromtimestamp(at, self.zone)

    def time(self, at: float) -> str:
        """The time of day, with the day where it is another one than today."""
        said, today = self.instant(at), self.instant(self.now).date()
        days = (today - said.date()).days
        if days == 0:
            return f"{said:%H:%M}"
        return f"{said:%A %H:%M}" if 0 < days < 7 else f"{said.day} {said:%B %H:%M}"


def length(seconds: float) -> str:
    """A length of time, cut off rather than rounded: 59 s is never called a minute."""
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def called(who: str, voice: Voice) -> str:
    """Who is served first, within a sentence: a customer's name, or "important customers"."""
    if who.startswith(TIER):
        return f"{who.removeprefix(TIER)} customers"
    name = voice.named(who)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…"


def sentences(episode: ShownEpisode, voice: Voice, take_next: Waiter | None) -> tuple[str, ...]:
    """An episode in words, the most important first. ``take_next`` is the first in turn, if any."""
    if episode.ended_at is not None:
        return (_past(episode, episode.ended_at, voice),)
    first = f"{called(episode.who, voice)} {_verb(episode, 'is', 'are')} taken first"
    since = voice.time(episode.started_at)
    if not episode.waiting:
        return (f"{_capital(first)}, since {since}; nobody waits for it right now.",)
    wait = many(episode.waiting, "customer waits", "customers wait")
    told = [
        f"{wait} because {first}, since {since}.",
        f"Longest: {length(episode.longest_seconds)}.",
    ]
    if take_next is not None:
        told.append(f"Take next: {called(take_next.customer, voice)}.")
    return tuple(told)


def sentence(episode: ShownEpisode, voice: Voice, take_next: Waiter | None) -> str:
    """An episode in words, in one piece."""
    return " ".join(sentences(episode, voice, take_next))


def _past(episode: ShownEpisode, ended_at: float, voice: Voice) -> str:
    first = f"{called(episode.who, voice)} {_verb(episode, 'was', 'were')} taken first"
    when = f"{voice.time(episode.started_at)} to {voice.time(ended_at)}"
    if episode.extra_wait_seconds < 1:
        return f"{_capital(first)}, {when}."
    others = many(len(episode.harmed), "customer", "customers") if episode.harmed else "Others"
    longer = length(episode.extra_wait_seconds)
    return f"{others} waited {longer} longer because {first}, {when}."


def agreed(standing: PoolStanding) -> tuple[str, ...]:
    """The price of agreed priority, a sentence for each tier, the dearest first."""
    costs = {
        row.customer.removeprefix(TIER): row.entitled
        for row in standing.rows
        if row.customer.startswith(TIER)
    }
    for tier in {row.tier for row in standing.rows} - costs.keys():
        costs[tier] = sum(row.entitled for row in standing.rows if row.tier == tier)
    dearest = sorted(costs.items(), key=lambda cost: (-cost[1], cost[0]))
    return tuple(
        f"{_capital(tier)} customers are taken first, as agreed: it cost the others "
        f"{many(int(seconds // 60), 'agent-minute', 'agent-minutes')} in the last 24 hours."
        for tier, seconds in dearest
        if seconds >= WORTH_TELLING_SECONDS
    )


def free(standing: PoolStanding, voice: Voice) -> str | None:
    """Somebody is free while others wait; none where that is not so, or nobody can know."""
    if not standing.free or standing.free_since is None or not standing.waiting:
        return None
    people = many(standing.free, "person is free", "people are free")
    wait = many(standing.waiting, "waits", "wait")
    return f"{people} while {wait}, since {voice.time(standing.free_since)}."


def like_important(standing: PoolStanding, voice: Voice) -> tuple[str, ...]:
    """Customers who are served like important ones though nobody called them so."""
    return tuple(
        f"{called(customer, voice)} is served like an important customer, and is not one."
        for customer in standing.favoured_without_label
    )


def doubts(standing: PoolStanding) -> tuple[str, ...]:
    """What cannot be known of a team, said plainly."""
    told = [] if standing.free is not None else [NOBODY_TELLS]
    if standing.works_by_other_order:
        told.append(ORDERS_IN_WORDS[standing.order])
    if standing.forgotten:
        passed = many(standing.forgotten, "contact was", "contacts were")
        told.append(f"{passed} passed over so often that nobody can be waiting there any more.")
    if standing.too_late:
        came = many(standing.too_late, "message", "messages")
        told.append(f"{came} came more than a day late and change nothing here.")
    return tuple(told)


CAUSES_IN_WORDS: Mapping[Cause, str] = {
    Cause.FAVOURED: "others were taken first, not agreed",
    Cause.ENTITLED: "others were taken first, as agreed",
    Cause.CROWDING: "one customer has many contacts",
    Cause.TURNED_AWAY: "told no, and not called back yet",
    Cause.NEGLECT: "somebody free did not take them",
    Cause.UNDERSTAFFED: "fewer people than usual",
    Cause.SLOW_CONTACT: "one contact takes very long",
    Cause.OTHER_CHANNEL: "people are busy with calls and chats",
    Cause.OWN_BACKLOG: "behind an earlier contact of their own",
    Cause.OVERLOAD: "more comes in than people can take",
    Cause.UNKNOWN: "nobody tells us enough to say",
}
"""Why somebody waits, as one would say it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One cause's part of all waiting; the parts of a team add up to all of it."""

    cause: Cause
    words: str
    seconds: float
    share: float


def parts(standing: PoolStanding) -> tuple[Part, ...]:
    """Why they waited during the last day, the largest part first; nothing where nobody waited."""
    seconds: dict[str, float] = {}
    for by_cause in standing.wait_seconds.values():
        for cause, spent in by_cause.items():
            seconds[cause] = seconds.get(cause, 0.0) + spent
    whole = sum(seconds.values())
    largest = sorted(seconds.items(), key=lambda part: (-part[1], part[0]))
    return tuple(
        Part(Cause(cause), CAUSES_IN_WORDS[Cause(cause)], spent, spent / whole)
        for cause, spent in largest
        if spent > 0
    )


def open_first(episodes: Iterable[ShownEpisode]) -> list[ShownEpisode]:
    """Open episodes before past ones; those that most wait for first, then the newest."""
    return sorted(
        episodes, key=lambda e: (e.ended_at is not None, -e.waiting, -e.started_at, e.who)
    )


def many(count: int, one: str, several: str) -> str:
    """The count with its word."""
    return f"{count} {one if count == 1 else several}"


def _verb(episode: ShownEpisode, one: str, several: str) -> str:
    return several if episode.who.startswith(TIER) else one


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
