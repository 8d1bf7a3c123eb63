"""Desks to look at: the same contact centre when calm, flooded, closed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.core.snapshot import (
    ClockGroup,
    Group,
    PromiseDue,
    Promises,
    Running,
    Snapshot,
    SourceNews,
    TeamDay,
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
