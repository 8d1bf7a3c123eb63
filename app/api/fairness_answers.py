"""The shapes of the answers about turns. Field names are for programs; people read the sentences."""

from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.fairness import words
from app.core.fairness.causes import CAUSES
from app.core.fairness.shown import PoolStanding, ShownEpisode, Waiter
from app.core.fairness.words import CAUSES_IN_WORDS, Voice
from app.core.replay import KEY_SEPARATOR


@dataclass(frozen=True, slots=True)
class Who:
    """A customer by id and name; a whole tier as ``tier:<name>``."""

    customer: str
    name: str


@dataclass(frozen=True, slots=True)
class TakenFirst:
    """The contact that was started before its turn, and whose it is."""

    source: str
    contact: str
    link: str | None
    customer: Who


@dataclass(frozen=True, slots=True)
class WaitingContact:
    """A contact that waits or waited, and the one that was taken first, if any."""

    source: str
    contact: str
    link: str | None
    customer: Who
    tier: str
    channel: str
    since: datetime
    taken_first: TakenFirst | None


@dataclass(frozen=True, slots=True)
class WaitedLonger:
    """How much longer than in turn a customer waited."""

    customer: Who
    seconds: float


@dataclass(frozen=True, slots=True)
class Episode:
    """Somebody is served first, and others wait for it. Open while ``ended_at`` is null.

    ``waiting``: customers who wait for it now; ``severity``: the share of all waiting it explains.
    """

    who: Who
    sentence: str
    is_open: bool
    started_at: datetime
    raised_at: datetime
    ended_at: datetime | None
    agent_seconds: float
    extra_wait_seconds: float
    severity: float
    share_of_work: float
    share_in_turn: float
    starts: int
    out_of_turn: int
    waiting: int
    longest_seconds: float
    waited_longer: list[WaitedLonger]
    delayed: list[WaitingContact]


@dataclass(frozen=True, slots=True)
class TeamEpisode:
    """An episode under the number that it keeps, and its team.

    ``withdrawn_at``: when news that came late showed that there was none after all.
    """

    id: int
    team: str
    withdrawn_at: datetime | None
    episode: Episode


@dataclass(frozen=True, slots=True)
class EpisodeList:
    """Episodes, and how many more there were than the limit lets through."""

    episodes: list[TeamEpisode]
    left_out: int


@dataclass(frozen=True, slots=True)
class Pool:
    """One team's turns right now. ``free`` and ``usual_agents`` are null where nobody tells them."""

    team: str
    name: str
    at: datetime
    order: str
    waiting: int
    told_no_waiting: int
    on_duty: int
    free: int | None
    free_since: datetime | None
    usual_agents: float | None
    episodes_open: int
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One customer: taken out of turn, agreed priority, and what others took from her."""

    customer: Who
    tier: str
    favoured_agent_seconds: float
    entitled_agent_seconds: float
    denied_seconds: float
    extra_wait_seconds: float
    starts: int
    out_of_turn: int


@dataclass(frozen=True, slots=True)
class Denial:
    """How long ``waited`` was kept waiting by ``taken_first``."""

    waited: Who
    taken_first: Who
    seconds: float


@dataclass(frozen=True, slots=True)
class CauseTime:
    """Waiting of one tier that one cause explains: of the last day, and of all days before it."""

    tier: str
    cause: str
    words: str
    seconds: float
    seconds_before: float


@dataclass(frozen=True, slots=True)
class PoolFairness:
    """One team's day: ledgers, who took from whom, causes, episodes, and who is next."""

    pool: Pool
    rows: list[LedgerRow]
    matrix: list[Denial]
    causes: list[CauseTime]
    episodes: list[Episode]
    take_next: list[WaitingContact]
    served_like_important: list[Who]
    contacts_given_up: int
    too_late: int


def pool_of(standing: PoolStanding, name: str, voice: Voice) -> Pool:
    """A team's turns right now, with everything there is to say of them."""
    lasting = [e for e in words.open_first(standing.episodes) if e.ended_at is None]
    first = standing.take_next[0] if standing.take_next else None
    free = words.free(standing, voice)
    return Pool(
        team=standing.team,
        name=name,
        at=_instant(standing.at),
        order=standing.order,
        waiting=standing.waiting,
        told_no_waiting=standing.claims,
        on_duty=standing.on_duty,
        free=standing.free,
        free_since=None if standing.free_since is None else _instant(standing.free_since),
        usual_agents=standing.usual,
        episodes_open=len(lasting),
        sentences=[
            *(words.sentence(episode, voice, first) for episode in lasting),
            *([free] if free else []),
            *words.agreed(standing),
            *words.like_important(standing, voice),
            *words.doubts(standing),
        ],
    )


def fairness_of(standing: PoolStanding, name: str, voice: Voice) -> PoolFairness:
    """Everything that is known of a team's turns."""
    return PoolFairness(
        pool=pool_of(standing, name, voice),
        rows=[
            LedgerRow(
                customer=_who(row.customer, voice),
                tier=row.tier,
                favoured_agent_seconds=row.favoured,
                entitled_agent_seconds=row.entitled,
                denied_seconds=row.denied,
                extra_wait_seconds=row.extra_wait,
                starts=row.starts,
                out_of_turn=row.out_of_turn,
            )
            for row in standing.rows
        ],
        matrix=[
            Denial(_who(cell.waited, voice), _who(cell.taken_first, voice), cell.seconds)
            for cell in standing.matrix
        ],
        causes=_causes(standing),
        episodes=[
            episode_of(episode, standing, voice) for episode in words.open_first(standing.episodes)
        ],
        take_next=[_contact(each, voice) for each in standing.take_next],
        served_like_important=[_who(each, voice) for each in standing.favoured_without_label],
        contacts_given_up=standing.forgotten,
        too_late=standing.too_late,
    )


def episode_of(episode: ShownEpisode, standing: PoolStanding, voice: Voice) -> Episode:
    """An episode of a team, with its sentence."""
    first = standing.take_next[0] if standing.take_next else None
    return Episode(
        who=_who(episode.who, voice),
        sentence=words.sentence(episode, voice, first),
        is_open=episode.ended_at is None,
        started_at=_instant(episode.started_at),
        raised_at=_instant(episode.raised_at),
        ended_at=None if episode.ended_at is None else _instant(episode.ended_at),
        agent_seconds=episode.agent_seconds,
        extra_wait_seconds=episode.extra_wait_seconds,
        severity=episode.severity,
        share_of_work=episode.share_of_work,
        share_in_turn=episode.share_in_turn,
        starts=episode.starts,
        out_of_turn=episode.out_of_turn,
        waiting=episode.waiting,
        longest_seconds=episode.longest_seconds,
        waited_longer=[
            WaitedLonger(_who(each.customer, voice), each.seconds) for each in episode.harmed
        ],
        delayed=[_contact(each, voice) for each in episode.delayed],
    )


def _causes(standing: PoolStanding) -> list[CauseTime]:
    recent, before = standing.wait_seconds, standing.wait_seconds_total
    return [
        CauseTime(
            tier=tier,
            cause=cause,
            words=CAUSES_IN_WORDS[cause],
            seconds=recent.get(tier, {}).get(cause, 0.0),
            seconds_before=before.get(tier, {}).get(cause, 0.0),
        )
        for tier in sorted(recent.keys() | before.keys())
        for cause in CAUSES
    ]


def _contact(waiter: Waiter, voice: Voice) -> WaitingContact:
    source, _, contact = waiter.contact.rpartition(KEY_SEPARATOR)
    return WaitingContact(
        source=source,
        contact=contact,
        link=voice.links.get(waiter.contact),
        customer=_who(waiter.customer, voice),
        tier=waiter.tier,
        channel=waiter.channel,
        since=_instant(waiter.since),
        taken_first=_taken_first(waiter, voice) if waiter.taken_first else None,
    )


def _taken_first(waiter: Waiter, voice: Voice) -> TakenFirst:
    source, _, contact = waiter.taken_first.rpartition(KEY_SEPARATOR)
    link = voice.links.get(waiter.taken_first)
    return TakenFirst(source, contact, link, _who(waiter.taken_first_of, voice))


def _who(customer: str, voice: Voice) -> Who:
    is_tier = customer.startswith(words.TIER)
    return Who(customer, words.called(customer, voice) if is_tier else voice.named(customer))


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
