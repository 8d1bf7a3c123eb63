"""Random calendars and instants near the daylight-saving changes of awkward zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from app.core.hours.calendar import DAY, Calendar, Span

# Each zone with a date around which its clocks do something strange.
ZONES = {
    "America/Sao_Paulo": date(2018, 11, 4),  # midnight is skipped
    "Asia/Beirut": date(2022, 3, 27),  # midnight is skipped
    "Australia/Lord_Howe": date(2024, 4, 7),  # half an hour
    "Pacific/Apia": date(2011, 12, 30),  # a whole day is skipped
    "Europe/Copenhagen": date(2025, 10, 26),
    "Europe/Lisbon": date(2026, 3, 29),
    "Europe/Dublin": date(2024, 12, 31),  # winter time is the negative one; a turn of the year
    "America/New_York": date(2025, 12, 31),  # a turn of the year west of Greenwich
    "UTC": date(2024, 2, 29),
}

MINUTE = timedelta(minutes=1)
NO_SPAN: tuple[Span, ...] = ()


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    edges = draw(st.lists(st.integers(0, 96), max_size=4, unique=True).map(sorted))
    return tuple(Span(a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar that opens every week, and the instant around which it is interesting."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    week = [draw(spans()) for _ in range(7)]
    week[draw(st.integers(0, 6))] = (Span(9 * 60, 17 * 60),)
    near = st.integers(-3, 3).map(lambda days: ZONES[zone] + days * DAY)
    calendar = Calendar(
        name="random",
        zone=ZoneInfo(zone),
        week=tuple(week),
        days=draw(st.dictionaries(near, spans(), max_size=2)),
        holidays=draw(st.frozensets(near, max_size=1)),
    )
    day = ZONES[zone]
    return calendar, datetime(day.year, day.month, day.day, tzinfo=UTC)


def instants(around: datetime) -> st.SearchStrategy[datetime]:
    """Instants within four days, often on a quarter of an hour, sometimes between microseconds."""
    quarters = st.integers(-384, 384).map(lambda n: around + n * 15 * MINUTE)
    seconds = st.integers(-345_600_000_000, 345_600_000_000)
    return quarters | seconds.map(lambda n: around + timedelta(microseconds=n))


def targets() -> st.SearchStrategy[timedelta]:
    quarters = st.integers(1, 400).map(lambda n: n * 15 * MINUTE)
    return quarters | st.integers(1, 200_000_000_000).map(lambda n: timedelta(microseconds=n))


def moved(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant of a wall time; one in a gap bears the offset from before it (RFC 5545)."""
    wall = datetime(day.year, day.month, day.day, tzinfo=UTC) + minute * MINUTE
    offset = wall.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    return wall - offset


def exists(day: date, zone: ZoneInfo) -> bool:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


def has_hours(calendar: Calendar, day: date) -> bool:
    """Whether anything is open on a local date, found without the calendar's arithmetic."""
    return exists(day, calendar.zone) and any(
        moved(day, span.start, calendar.zone) < moved(day, span.end, calendar.zone)
        for span in calendar.spans_on(day)
    )
