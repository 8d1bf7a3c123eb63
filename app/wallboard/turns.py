"""Who is served first and who waits for it, as the wallboard's pages need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import msgspec

from app.core.fairness import words
from app.core.fairness.shown import PoolStanding, ShownEpisode, Waiter
from app.core.fairness.words import Voice
from app.core.replay import KEY_SEPARATOR
from app.core.snapshot import Snapshot, TurnedAway

OPEN_OF_A_TEAM = 3
"""Open episodes of a team that the first page is sent; their page has them all."""
NEXT_OF_A_TEAM = 8
NEXT_ON_THEIR_PAGE = 20
DELAYED_OF_AN_EPISODE = 20
HARMED_OF_AN_EPISODE = 20
EPISODES_OF_A_TEAM = 30
TOLD_NO_OF_A_TEAM = 6


@dataclass(frozen=True, slots=True)
class Said:
    """One open episode in sentences, the first of which is the headline."""

    sentences: tuple[str, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class Next:
    """A waiting contact in its turn; ``at`` is ``since`` on the team's clock.

    ``taken_first``: whose contact was taken before it, if any, and which, as its tool calls it. Links
    lead to the contacts in their tools.
    """

    contact: str
    customer: str
    channel: str
    since: datetime
    at: str
    taken_first: str
    taken_first_contact: str
    link: str | None
    taken_first_link: str | None


@dataclass(frozen=True, slots=True)
class NotCalledBack:
    """Somebody who was told no; ``at`` is ``since`` on the team's clock."""

    contact: str
    customer: str
    channel: str
    since: datetime
    at: str
    link: str | None


@dataclass(frozen=True, slots=True)
class ToldNo:
    """One team's customers who were told no: today's, and who waits to be called back.

    ``waiting`` counts all of them, ``named`` has room for some, the oldest first. ``inferred``: how
    many were rather not helped, as far as one can tell.
    """

    team: str
    today: int
    waiting: int
    inferred: int
    channels: tuple[str, ...]
    named: tuple[NotCalledBack, ...]


@dataclass(frozen=True, slots=True)
class CauseShare:
    """One cause's share of all waiting of the last day."""

    cause: str
    words: str
    share: float
    seconds: float


@dataclass(frozen=True, slots=True)
class TeamTurns:
    """One team's turns. ``free`` is said while others wait; ``doubts`` is what nobody can know."""

    team: str
    waiting: int
    served_first: tuple[Said, ...]
    past: int
    agreed: tuple[str, ...]
    like_important: tuple[str, ...]
    free: str | None
    doubts: tuple[str, ...]
    take_next: tuple[Next, ...]
    causes: tuple[CauseShare, ...]


@dataclass(frozen=True, slots=True)
class Harm:
    """A customer who waited longer than in turn."""

    customer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """One episode with who waited for it. ``..._left_out``: those there is no room for."""

    sentence: str
    is_open: bool
    started_at: datetime
    ended_at: datetime | None
    out_of_turn: int
    starts: int
    share_of_work: float
    share_in_turn: float
    agent_seconds: float
    extra_wait_seconds: float
    harmed: tuple[Harm, ...]
    delayed: tuple[Next, ...]
    harmed_left_out: int
    delayed_left_out: int


@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team on the page of those served first."""

    turns: TeamTurns
    episodes: tuple[Told, ...]
    episodes_left_out: int


@dataclass(frozen=True, slots=True)
class ServedFirst:
    """Everything that the page of those served first shows."""

    taken_at: datetime
    names: Mapping[str, str]
    teams: tuple[TeamPage, ...]


def turns_of(snapshot: Snapshot, zones: Mapping[str, tzinfo]) -> tuple[TeamTurns, ...]:
    """Every team's turns, for the first page. ``zones``: in whose time each team reads."""
    return tuple(
        _turns(standing, _voice(standing.team, snapshot, zones), NEXT_OF_A_TEAM)
        for standing in snapshot.pools
    )


def told_no(snapshot: Snapshot, zones: Mapping[str, tzinfo]) -> tuple[ToldNo, ...]:
    """Teams that told somebody no today, or owe a call to somebody who was."""
    waiting: dict[str, list[TurnedAway]] = {}
    for contact in snapshot.not_called_back:
        waiting.setdefault(contact.team, []).append(contact)
    today = {day.team: day.turned_away for day in snapshot.teams if day.turned_away}
    return tuple(
        _told_no(team, today.get(team, 0), waiting.get(team, []), _voice(team, snapshot, zones))
        for team in sorted(today.keys() | waiting.keys())
    )


def _told_no(team: str, today: int, contacts: list[TurnedAway], voice: Voice) -> ToldNo:
    oldest = sorted(contacts, key=lambda each: (each.since, each.contact))
    return ToldNo(
        team=team,
        today=today,
        waiting=len(contacts),
        inferred=sum(each.inferred for each in contacts),
        channels=tuple(sorted({each.channel for each in contacts})),
        named=tuple(
            NotCalledBack(
                contact=each.contact,
                customer=each.customer,
                channel=each.channel,
                since=each.since,
                at=voice.time(each.since.timestamp()),
                link=each.link,
            )
            for each in oldest[:TOLD_NO_OF_A_TEAM]
        ),
    )


def served_first(
    snapshot: Snapshot, names: Mapping[str, str], zones: Mapping[str, tzinfo]
) -> bytes:
    """Render the page of those served first: every team's day in detail."""
    teams = tuple(
        _page(standing, _voice(standing.team, snapshot, zones)) for standing in snapshot.pools
    )
    return msgspec.json.encode(ServedFirst(snapshot.taken_at, names, teams))


def _voice(team: str, snapshot: Snapshot, zones: Mapping[str, tzinfo]) -> Voice:
    at = snapshot.taken_at.timestamp()
    return Voice(snapshot.pool_names, zones.get(team, UTC), at, snapshot.pool_links)


def _turns(standing: PoolStanding, voice: Voice, next_of_a_team: int) -> TeamTurns:
    lasting = [e for e in words.open_first(standing.episodes) if e.ended_at is None]
    first = standing.take_next[0] if standing.take_next else None
    return TeamTurns(
        team=standing.team,
        waiting=standing.waiting,
        served_first=tuple(
            Said(words.sentences(episode, voice, first), episode.waiting)
            for episode in lasting[:OPEN_OF_A_TEAM]
        ),
        past=len(standing.episodes) - len(lasting),
        agreed=words.agreed(standing),
        like_important=words.like_important(standing, voice),
        free=words.free(standing, voice),
        doubts=words.doubts(standing),
        take_next=tuple(_next(w, voice) for w in standing.take_next[:next_of_a_team]),
        causes=tuple(
            CauseShare(part.cause, part.words, part.share, part.seconds)
            for part in words.parts(standing)
        ),
    )


def _page(standing: PoolStanding, voice: Voice) -> TeamPage:
    episodes = words.open_first(standing.episodes)
    first = standing.take_next[0] if standing.take_next else None
    return TeamPage(
        turns=_turns(standing, voice, NEXT_ON_THEIR_PAGE),
        episodes=tuple(_told(e, voice, first) for e in episodes[:EPISODES_OF_A_TEAM]),
        episodes_left_out=max(0, len(episodes) - EPISODES_OF_A_TEAM),
    )


def _told(episode: ShownEpisode, voice: Voice, first: Waiter | None) -> Told:
    harmed = sorted(episode.harmed, key=lambda each: (-each.seconds, each.customer))
    return Told(
        sentence=words.sentence(episode, voice, first),
        is_open=episode.ended_at is None,
        started_at=_instant(episode.started_at),
        ended_at=None if episode.ended_at is None else _instant(episode.ended_at),
        out_of_turn=episode.out_of_turn,
        starts=episode.starts,
        share_of_work=episode.share_of_work,
        share_in_turn=episode.share_in_turn,
        agent_seconds=episode.agent_seconds,
        extra_wait_seconds=episode.extra_wait_seconds,
        harmed=tuple(
            Harm(voice.named(each.customer), each.seconds) for each in harmed[:HARMED_OF_AN_EPISODE]
        ),
        delayed=tuple(_next(each, voice) for each in episode.delayed[:DELAYED_OF_AN_EPISODE]),
        harmed_left_out=max(0, len(harmed) - HARMED_OF_AN_EPISODE),
        delayed_left_out=max(0, len(episode.delayed) - DELAYED_OF_AN_EPISODE),
    )


def _next(waiter: Waiter, voice: Voice) -> Next:
    return Next(
        contact=waiter.contact,
        customer=voice.named(waiter.customer),
        channel=waiter.channel,
        since=_instant(waiter.since),
        at=voice.time(waiter.since),
        taken_first=voice.named(waiter.taken_first_of) if waiter.taken_first_of else "",
        taken_first_contact=waiter.taken_first.rpartition(KEY_SEPARATOR)[2],
        link=voice.links.get(waiter.contact),
        taken_first_link=voice.links.get(waiter.taken_first),
    )


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
