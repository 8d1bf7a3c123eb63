"""Desks to look at: the same contact centre when calm, flooded, closed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.core.fairness.shown import Harmed, PoolStanding, Row, ShownEpisode, Waiter
from app.core.snapshot import (
    ClockGroup,
    Group,
    PromiseDue,
    Promises,
    Running,
    Snapshot,
    SourceNews,
    TeamDay,
    TurnedAway,
    Waiting,
    WaitingContact,
)

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TARGETS = {"phone": 20.0, "chat": 60.0, "email": 4 * 3600.0}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def contact(
    customer: str, channel: str, left: float, *, team: str = "support", is_open: bool = True
) -> WaitingContact:
    """A first answer owed to ``customer``, ``left`` open seconds before (or after) its target."""
    return WaitingContact(
        contact=f"{channel}/{team}/{customer}",
        customer=customer,
        channel=channel,
        team=team,
        tier="standard",
        clock="first_response",
        waiting_since=NOON - seconds(TARGETS[channel] - left),
        due_at=NOON + seconds(left),
        breaches_at=NOON + seconds(left),
        target_seconds=TARGETS[channel],
        open_seconds_left=left,
        is_open=is_open,
    )


def desk(*contacts: WaitingContact, more_late: int = 0, taken_at: datetime = NOON) -> Snapshot:
    """A snapshot whose counts agree with ``contacts``; ``more_late`` calls are late besides."""
    teams = sorted({"support", *(each.team for each in contacts)})
    groups = [Group(channel, team, "standard") for team in teams for channel in TARGETS]
    waiting = {}
    running = {}
    for group in groups:
        ours = [
            each for each in contacts if (each.channel, each.team) == (group.channel, group.team)
        ]
        extra = more_late if (group.channel, group.team) == ("phone", "support") else 0
        due = [each.breaches_at for each in ours if each.open_seconds_left >= 0]
        counted = [each for each in ours if each.is_open]
        if counted or extra:
            since = min((each.waiting_since for each in counted), default=NOON)
            waiting[group] = Waiting(len(counted) + extra, since)
        late = sum(each.open_seconds_left < 0 and each.is_open for each in ours)
        running[ClockGroup(group.channel, group.team, group.tier, "first_response")] = Running(
            late + extra, min(due, default=None)
        )
    return Snapshot(
        taken_at=taken_at,
        groups=tuple(groups),
        waiting=waiting,
        running=running,
        late=tuple(each for each in contacts if each.open_seconds_left < 0),
        next_late=tuple(each for each in contacts if each.open_seconds_left >= 0),
        teams=tuple(TeamDay(team, 41, 3, is_open=True, opens_at=None) for team in teams),
        sources={
            "aircall": SourceNews("phone", NOON - seconds(4), NOON + seconds(1800)),
            "chatwoot": SourceNews("chat", NOON - seconds(11), NOON + seconds(1800)),
        },
        last_event_at=NOON - seconds(4),
    )


CALM = replace(
    desk(
        contact("Birkholm Auto", "chat", 24),
        contact("S. T.", "phone", 12),
        contact("P. R.", "email", 780),
        contact("Solsikke Bageri", "email", 5840),
    ),
    promises={("support", "phone"): Promises(open=3, due_today=3, overdue=0)},
    promises_due=tuple(
        PromiseDue(customer, "support", "phone", NOON + seconds(after), overdue=False)
        for customer, after in (("Fjordens Fisk", 1800), ("Birk & Co.", 4500), ("L. H.", 6300))
    ),
)

NAMES = (
    "Jensen VVS", "Birkholm Auto", "S. T.", "Nordlys Tandklinik", "A. B.", "Havnens Fisk", "M. K.",
    "Østergaard Tag", "Lindqvist Optik", "Den Grønne Planteskole og Havecenter ApS", "Holm & Datter",
    "J. D.", "Vestkyst Cykler", "Kirsebær Café",
)  # fmt: skip

FLOOD = replace(
    desk(
        contact("P. R.", "email", -1900),
        *(contact(name, "phone", -284 + 23 * index) for index, name in enumerate(NAMES[:10])),
        *(contact(name, "chat", -61 + 45 * index) for index, name in enumerate(NAMES[10:])),
        contact("N. H.", "phone", 9),
        contact("E. F.", "email", 640),
        contact("Dahl Revision", "email", 5040),
        more_late=7,
    ),
    promises={("support", "phone"): Promises(open=4, due_today=4, overdue=1)},
    promises_due=tuple(
        PromiseDue(customer, "support", "phone", NOON + seconds(after), overdue=after < 0)
        for customer, after in (
            ("Birk & Co.", -670), ("Fjordens Fisk", 240), ("L. H.", 4500), ("Solsikke Bageri", 9000)
        )
    ),
    not_measurable={("support", "email"): 6},
    lost_track={("support", "phone"): 2},
    quarantined=1,
)  # fmt: skip

NOBODY = desk()

CLOSED = replace(
    desk(
        contact("Birkholm Auto", "email", 1200, is_open=False),
        contact("P. R.", "email", 5200, is_open=False),
    ),
    teams=(TeamDay("support", 41, 3, is_open=False, opens_at=NOON + timedelta(hours=20)),),
)

WAITERS = tuple(
    Waiter(f"w{place}", f"k{place}", "standard", channel, NOON.timestamp() - since, *taken)
    for place, (since, channel, taken) in enumerate(
        [
            (1440, "phone", ("a1", "acme")),
            (1260, "phone", ("a2", "acme")),
            (900, "chat", ("a2", "acme")),
            (300, "phone", ()),
            (60, "chat", ()),
        ]
    )
)

ACME = ShownEpisode(
    who="acme",
    started_at=NOON.timestamp() - 4680,
    raised_at=NOON.timestamp() - 4000,
    ended_at=None,
    agent_seconds=15720.0,
    extra_wait_seconds=20280.0,
    severity=0.6,
    share_of_work=0.42,
    share_in_turn=0.29,
    starts=134,
    out_of_turn=73,
    waiting=31,
    longest_seconds=1440.0,
    harmed=(Harmed("k1", 900.0), Harmed("k0", 1260.0)),
    delayed=WAITERS[:3],
)
"""Acme is taken first since 10:42."""

EARLIER = ShownEpisode(
    who="tier:important",
    started_at=NOON.timestamp() - 4 * 3600,
    raised_at=NOON.timestamp() - 4 * 3600,
    ended_at=NOON.timestamp() - 3 * 3600,
    agent_seconds=900.0,
    extra_wait_seconds=1500.0,
    severity=0.2,
    share_of_work=0.5,
    share_in_turn=0.4,
    starts=20,
    out_of_turn=9,
    waiting=0,
    longest_seconds=0.0,
    harmed=(Harmed("k2", 1500.0),),
    delayed=(),
)


def standing(team: str = "support", **told: object) -> PoolStanding:
    """A team whose turns are known: Acme is served first, and who is there is told."""
    known: dict[str, object] = {
        "at": NOON.timestamp(),
        "order": "due",
        "waiting": 31,
        "claims": 0,
        "on_duty": 8,
        "free": 0,
        "free_since": None,
        "usual": 8.0,
        "starved": 3,
        "take_next": WAITERS,
        "episodes": (ACME, EARLIER),
        "rows": (Row("birk", "important", 0.0, 720.0, 0.0, 0.0, 9, 2),),
        "wait_seconds": {
            "standard": {"favoured": 6200.0, "overload": 3000.0, "unknown": 0.0},
            "important": {"understaffed": 700.0, "entitled": 100.0},
        },
    }
    return PoolStanding(team=team, **{**known, **told})  # type: ignore[arg-type]


POOL_NAMES = {"acme": "Acme", "birk": "Birk & Co.", **{f"k{n}": NAMES[n] for n in range(5)}}

SERVED_FIRST = replace(FLOOD, pools=(standing(),), pool_names=POOL_NAMES)


def told_no(
    count: int, channel: str = "phone", *, inferred: bool = False
) -> tuple[TurnedAway, ...]:
    """Customers who were told no one a minute, the first at 09:12, the newest first."""
    first = NOON - timedelta(minutes=168)
    return tuple(
        TurnedAway(
            f"t{n}", f"Caller {n}", "support", channel, first + timedelta(minutes=n), inferred
        )
        for n in reversed(range(count))
    )


TOLD_NO = replace(
    FLOOD,
    not_called_back=told_no(24),
    teams=(TeamDay("support", 41, 3, is_open=True, opens_at=None, turned_away=24),),
)
