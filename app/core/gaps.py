"""What is missing of a source, in plain words, with what to look for: it works, and yet."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from app.core import events as e

LONG_ENOUGH = timedelta(days=1)
"""A source that has sent for so long has had the occasion to tell everything."""
MANY_CONTACTS = 20
"""So has one that has told of so many contacts."""
MAX_SKEW = timedelta(seconds=60)
NAMED = 3
"""Events of a tool, or reasons, that a sentence names."""
TOLD_BY_ITSELF = ("clock", "fetched by", "bytes", "at most")
"""What stands in a reason for which no secret is to blame."""

BEGINNINGS = frozenset({e.ContactReceived.type})
ANSWERS = frozenset({e.ContactAnswered.type, e.AgentReplied.type})
ENDS = frozenset({e.ContactResolved.type, e.ContactAbandoned.type, e.ContactMissed.type})
REPLIES = frozenset({e.CustomerReplied.type})
STAFFING = frozenset({e.AgentAvailable.type, e.AgentUnavailable.type})
WORK = frozenset({e.WorkStarted.type, e.WorkEnded.type})


class Weight(StrEnum):
    """How much a gap matters."""

    BROKEN = "broken"
    """Customers may wait unseen."""
    DOUBTFUL = "doubtful"
    """Some figures are wrong or missing."""
    GOOD_TO_KNOW = "good to know"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing: a sentence, and how much it matters."""

    weight: Weight
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a source.

    ``wanted``: the tool's events to switch on, and what each can tell; ``seen``: those that came;
    ``types``: what was told so far, and how often. ``connected_for``: since it first told anything.
    ``has_written_replies``: its customers write, and may write again. ``refused_last_hour``,
    ``refused_because``: signatures, and how many of the newest for which reason; ``is_shut_out``:
    nothing good comes in any more. ``skew``: see ``deliveries.skew``. ``is_open``: nothing vouches
    for what comes. ``strange_teams``: of ours that are not there; ``strangers``: mailboxes and
    numbers, masked, that contacts came to and that are none of ours.
    """

    wanted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen: AbstractSet[str] = frozenset()
    types: Mapping[str, int] = field(default_factory=dict)
    connected_for: timedelta = timedelta(0)
    unended: int = 0
    waiting: int = 0
    without_beginning: int = 0
    has_written_replies: bool = True
    refused_last_hour: int = 0
    is_shut_out: bool = False
    is_open: bool = False
    refused_because: Mapping[str, int] = field(default_factory=dict)
    tool: str = "the tool"
    kept: int = 0
    skew: timedelta | None = None
    dated_ahead: int = 0
    is_silent: bool = False
    unmapped: int = 0
    strangers: tuple[str, ...] = ()
    strange_teams: tuple[str, ...] = ()
    unmeasurable: tuple[str, ...] = ()

    @property
    def had_occasion(self) -> bool:
        """Whether it has had the time to tell everything it can."""
        contacts = max((self.types.get(name, 0) for name in (*BEGINNINGS, *ENDS)), default=0)
        return self.connected_for >= LONG_ENOUGH or contacts >= MANY_CONTACTS

    def never_told(self, types: AbstractSet[str]) -> tuple[str, ...]:
        """The tool's events that would tell one of ``types``, where none of those was ever told."""
        if not self.had_occasion or any(self.types.get(name) for name in types):
            return ()
        return tuple(
            name
            for name, can_tell in self.wanted.items()
            if name not in self.seen and types & can_tell
        )


def gaps(known: Known) -> list[Gap]:
    """Everything that is missing, the worst first; nothing is said of a source that sent nothing."""
    order = list(Weight)
    return sorted(_gaps(known), key=lambda gap: order.index(gap.weight))


def _gaps(known: Known) -> Iterator[Gap]:
    yield from _of_letting_in(known)
    yield from _never_told(known)
    yield from _of_clocks(known)
    yield from _of_teams(known)
    for sentence in known.unmeasurable:
        yield Gap(Weight.GOOD_TO_KNOW, f"{sentence}.")


def _of_teams(known: Known) -> Iterator[Gap]:
    for sentence in known.strange_teams:
        yield Gap(Weight.BROKEN, f"{sentence}.")
    if known.unmapped:
        named = many(known.unmapped, "queue or team", "queues and teams")
        yield Gap(Weight.DOUBTFUL, f"{named} of the tool {are(known.unmapped)} none of ours yet.")
    if known.strangers:
        names = listed(list(known.strangers), NAMED)
        none = "which is none" if len(known.strangers) == 1 else "which are none"
        yield Gap(
            Weight.DOUBTFUL,
            f"Contacts came to {names}, {none} of ours: write it under teams or addresses in "
            "sources.yaml.",
        )


def _of_letting_in(known: Known) -> Iterator[Gap]:
    if known.is_open:
        yield Gap(
            Weight.DOUBTFUL,
            "Anybody who reaches its address can send contacts: nothing proves that they are the "
            "tool's own.",
        )
    if known.refused_last_hour:
        yield Gap(Weight.BROKEN if known.is_shut_out else Weight.DOUBTFUL, _of_refusals(known))
    if known.is_silent:
        yield Gap(Weight.BROKEN, "It has been silent for longer than it may be.")
    if known.kept:
        deliveries = many(known.kept, "delivery", "deliveries")
        yield Gap(Weight.DOUBTFUL, f"{deliveries} could not be read and {are(known.kept)} kept.")


def _of_refusals(known: Known) -> str:
    """How many were refused for which reason, and what to look for."""
    times = many(known.refused_last_hour, "delivery was", "deliveries were")
    because = sorted(known.refused_because.items(), key=lambda each: -each[1])[:NAMED]
    if len(because) == 1:
        why = f": {because[0][0]}"
    elif because:
        newest = sum(known.refused_because.values())
        of = f", of the newest {newest}" if newest < known.refused_last_hour else ""
        why = f"{of}: {'; '.join(f'{n:,} because {reason}' for reason, n in because)}"
    else:
        why = ""
    hints = dict.fromkeys(_hint(reason, known.tool) for reason, _ in because or [("", 0)])
    return " ".join([f"{times} refused in the last hour{why}.", *filter(None, hints)])


def _hint(reason: str, tool: str) -> str:
    """What to look for; nothing where the reason says so itself."""
    if "missing" in reason or reason.startswith("no token"):
        return f"Something that is not {tool} posts here, or signing is off."
    if "?" in reason or any(word in reason for word in TOLD_BY_ITSELF):
        return ""
    return "Is the secret here the one in the tool?"


def _never_told(known: Known) -> Iterator[Gap]:
    said: set[str] = set()
    contacts = many(known.unended, "contact", "contacts")
    waiting = many(known.waiting, "customer waits", "customers wait")
    begun = many(known.without_beginning, "contact has", "contacts have")
    for types, count, weight, what in (
        (ENDS, known.unended, Weight.BROKEN, f"{contacts} never ended"),
        (ANSWERS, known.waiting, Weight.BROKEN, f"{waiting}, and nobody was ever answered"),
        (BEGINNINGS, known.without_beginning, Weight.BROKEN, f"{begun} no beginning"),
        (REPLIES, int(known.has_written_replies), Weight.DOUBTFUL, "No customer ever wrote again"),
        (STAFFING, 1, Weight.GOOD_TO_KNOW, "Nobody is told to come or go"),
        (WORK, 1, Weight.GOOD_TO_KNOW, "Nobody is told to work on anything"),
    ):
        names = [name for name in known.never_told(types) if name not in said]
        if names and count:
            said.update(names)
            yield Gap(weight, f"{what}: {is_on(names)}")
    rest = [
        name
        for name, can_tell in known.wanted.items()
        if can_tell and name not in known.seen and name not in said
    ]
    if known.had_occasion and known.seen & known.wanted.keys() and rest:
        yield Gap(Weight.GOOD_TO_KNOW, f"Not seen so far: {listed(rest, NAMED * 3)}.")


def _of_clocks(known: Known) -> Iterator[Gap]:
    skew = known.skew
    if skew is not None and skew < -MAX_SKEW:
        yield Gap(
            Weight.DOUBTFUL,
            f"The tool's clock is {span(-skew)} ahead of ours: waits look shorter than they are.",
        )
    elif skew is not None and skew > MAX_SKEW:
        yield Gap(
            Weight.DOUBTFUL,
            f"News comes {span(skew)} after it happened: the tool's clock is behind ours, or it "
            "sends late.",
        )
    elif known.dated_ahead:
        deliveries = many(known.dated_ahead, "delivery", "deliveries")
        yield Gap(Weight.GOOD_TO_KNOW, f"{deliveries} told of what was yet to happen.")


def is_on(names: list[str]) -> str:
    """Ask whether events are switched on."""
    if len(names) == 1:
        return f"is {names[0]} on?"
    return f"are {listed(names, NAMED)} on?"


def listed(names: list[str], most: int) -> str:
    """Names as people write them, and how many there are besides."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def many(count: int, one: str, several: str) -> str:
    """Say how many."""
    return f"{count:,} {one if count == 1 else several}"


def are(count: int) -> str:
    """Say "is" or "are"."""
    return "is" if count == 1 else "are"


def span(length: timedelta) -> str:
    """Say how long in the largest unit that leaves two or more of it."""
    seconds = int(length.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
