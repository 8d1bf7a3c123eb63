"""How label values and numbers are written, so that every reader gets back what was meant."""

from datetime import datetime
from functools import lru_cache, partial
from hashlib import blake2s

from app.core.snapshot import ClockGroup, Group, ResponseGroup
from app.metrics.families import (
    CLOCK_GROUP,
    CUSTOMER_GROUP,
    CUSTOMER_INFO,
    GROUP,
    RESPONSE_GROUP,
    TEAM_CHANNEL,
)

MAX_LABEL_CHARACTERS = 128
CACHED_LABEL_SETS = 32_768
"""Label sets (and instants) whose text is remembered: five full pages and more."""

_MARK_BYTES = 4
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\0": "\N{REPLACEMENT CHARACTER}"})


def label_value(value: str) -> str:
    """Escape ``value`` and cut it to 128 characters.

    The end of a cut value is a mark made from the whole, so that two long values stay two series.
    """
    value = value.encode("utf-8", "replace").decode("utf-8")
    if len(value) > MAX_LABEL_CHARACTERS:
        mark = "~" + blake2s(value.encode("utf-8"), digest_size=_MARK_BYTES).hexdigest()
        value = value[: MAX_LABEL_CHARACTERS - len(mark)] + mark
    return value.translate(_ESCAPES)


def label_text(names: tuple[str, ...], *values: str) -> str:
    """A label set as it stands behind a metric's name, braces included."""
    pairs = zip(names, values, strict=True)
    return "{" + ",".join(f'{name}="{label_value(value)}"' for name, value in pairs) + "}"


remembered_labels = lru_cache(CACHED_LABEL_SETS)(label_text)
info_labels = lru_cache(CACHED_LABEL_SETS)(partial(label_text, CUSTOMER_INFO.labels))
customer_labels = lru_cache(CACHED_LABEL_SETS)(partial(label_text, CUSTOMER_GROUP))
team_labels = lru_cache(CACHED_LABEL_SETS)(partial(label_text, TEAM_CHANNEL))


@lru_cache(CACHED_LABEL_SETS)
def group_labels(group: Group) -> str:
    """Whose contacts."""
    return label_text(GROUP, *group)


@lru_cache(CACHED_LABEL_SETS)
def clock_labels(group: ClockGroup) -> str:
    """Whose clocks."""
    return label_text(CLOCK_GROUP, *group)


@lru_cache(CACHED_LABEL_SETS)
def response_labels(group: ResponseGroup) -> str:
    """Whose response times and targets."""
    return label_text(RESPONSE_GROUP, *group)


_NAMED_NUMBERS = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def number(value: float) -> str:
    """``value`` in the fewest digits that read back as the same number."""
    text = repr(value)
    return _NAMED_NUMBERS.get(text, text)


# Writing out 16 digits costs half a microsecond, and few of the instants change between readings.
_seconds = lru_cache(CACHED_LABEL_SETS)(repr)


def instant(at: datetime) -> str:
    """``at`` in Unix time, exact to the microsecond."""
    return _seconds(at.timestamp())
