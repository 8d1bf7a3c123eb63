"""The stories of docs/policy.md: told to the real replay, and what it answers in the page's words.

A story is judged as of each of its ``=>`` lines. The answer is written in one way only, so that page
and engine are compared letter by letter.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from app.core import events as e
from app.core.clocks.clock import Clock, Status
from app.core.clocks.noting import NOTHING_SAID, Said, said_of
from app.core.clocks.record import Record, record_of
from app.core.clocks.timeline import Ending
from app.core.policy import ClockKind, Policies
from app.core.policy_file.reading import read_policy
from app.core.registry import EMPTY
from app.core.replay import Contact, Judging, Replayed, Terms, elapsed_at, replay
from app.core.source import Source
from app.core.working.account import Owing, account_of
from tests.doc_phrases import event_in

MONDAY = date(2026, 3, 2)
"""The Monday that ``mon`` means; ``mon+1`` is the one after it."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DESK = "/desk"

LINE = re.compile(
    r"(?:(?P<day>[\w+-]+) )?(?P<time>\d\d:[\d:.]+) (?:\[(?P<contact>\w+)\] )?(?P<what>.+?)"
    r"(?:, told (?P<told>[\d:.]+))?"
)
TOOL = re.compile(r"the tool tells (.+)")
ASKED = re.compile(r"=> (?:\[(?P<contact>\w+)\] )?(?P<said>.+)")
KIND = re.compile(r"(?P<kind>[a-z_]+) (?P<rest>.+)")


@dataclass(frozen=True)
class Asked:
    """One ``=>`` line: as of when, which contact, and what the page says."""

    line: int
    at: datetime
    contact: str
    said: str


@dataclass
class Story:
    """The lines of one story, read: what happened, when we were told, and what is asked."""

    zone: ZoneInfo
    events: list[tuple[datetime, e.Event]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    tells: frozenset[str] | None = None
    day: str = "mon"

    def instant(self, words: str) -> datetime:
        """``mon 09:30``, ``mon+1 09:30`` or ``2026-10-25 02:30``, in the calendar's zone."""
        day, _, clock = words.partition(" ")
        name, _, weeks = day.partition("+")
        if name in DAYS:
            told = MONDAY + timedelta(days=DAYS.index(name) + 7 * int(weeks or 0))
        else:
            told = date.fromisoformat(day)
        local = datetime.combine(told, time.fromisoformat(clock), self.zone)
        return local.astimezone(ZoneInfo("UTC"))

    def words(self, at: datetime) -> str:
        """An instant as the page writes it."""
        local = at.astimezone(self.zone)
        days = (local.date() - MONDAY).days
        day = local.date().isoformat()
        if 0 <= days < 14:
            day = DAYS[days % 7] + (f"+{days // 7}" if days >= 7 else "")
        return f"{day} {local:%H:%M}" + (f":{local:%S}" if local.second else "")

    def read(self, number: int, text: str) -> None:
        """Read one line: what follows two blanks and ``#`` is a remark, a day holds until another."""
        for part in text.partition("  # ")[0].strip().split("; "):
            if tool := TOOL.fullmatch(part):
                self.tells = frozenset(tool[1].split(", "))
            else:
                line = LINE.fullmatch(part)
                assert line, f"line {number}: no part of a story: {part}"
                self._read(number, line)

    def _read(self, number: int, line: re.Match[str]) -> None:
        self.day = line["day"] or self.day
        at, contact = self.instant(f"{self.day} {line['time']}"), line["contact"] or "1"
        if asked := ASKED.fullmatch(line["what"]):
            self.asked += [
                Asked(number, at, asked["contact"] or "1", s) for s in asked["said"].split(" / ")
            ]
        else:
            told_at = self.instant(f"{self.day} {line['told']}") if line["told"] else at
            self.events.append((told_at, self._event(at, contact, line["what"])))

    def _event(self, at: datetime, contact: str, words: str) -> e.Event:
        phrase, data = event_in(words, self.instant)
        if isinstance(data, e.CustomerUpdated):
            return e.Event(
                source=DESK, id=f"{len(self.events):04}", occurred_at=at, subject="acme", data=data
            )
        is_first = all(event.subject != contact for _, event in self.events)
        if is_first:
            data = replace(
                data,
                channel=data.channel or e.Channel.EMAIL,
                customer=None if phrase.is_nameless else "acme",
                team=data.team or (None if data.queue else "help"),
            )
        elif phrase.words == "she writes":
            data = e.CustomerReplied()
        return e.Event(
            source=DESK, id=f"{len(self.events):04}", occurred_at=at, subject=contact, data=data
        )


def read_story(lines: Sequence[tuple[int, str]], policies: Policies) -> Story:
    """Read a story whose times are those of the policy's first calendar."""
    story = Story(policies.versions[0].default_calendar.zone)
    for number, text in lines:
        story.read(number, text)
    assert story.asked, f"line {lines[0][0]}: a story without =>"
    return story


@lru_cache
def policies_of(texts: tuple[str, ...]) -> Policies:
    """The versions that a story is judged by, from their texts."""
    return Policies(tuple(map(read_policy, texts)))


class Desk:
    """Tells a story to the real replay, and answers what is asked of it."""

    def __init__(self, story: Story, policies: Policies) -> None:
        self.story = story
        sources = {}
        if story.tells is not None:
            sources[DESK] = Source(id="tool", kind="tool", tells=story.tells)
        self.terms = Terms(policies, sources)
        self._said: dict[tuple[str, ClockKind], Said] = {}

    def answers(self) -> Iterator[tuple[Asked, str]]:
        """Each question with the answer, in the words of the page."""
        for asked in self.story.asked:
            yield asked, self._answer(asked)

    def _replayed(self, now: datetime) -> Replayed:
        """What was known at ``now``: the order and number of deliveries change nothing."""
        known = [event for told_at, event in self.story.events if told_at <= now]
        found = replay(known, self.terms, now)
        assert replay([*reversed(known), *known], self.terms, now) == found
        return found

    def _answer(self, asked: Asked) -> str:
        found = self._replayed(asked.at)
        contact = next(each for each in found.contacts if each.subject == asked.contact)
        kind = KIND.fullmatch(asked.said)
        if kind is None or kind["kind"] not in set(ClockKind):
            return self._of_contact(asked, contact)
        own = [clock for promise, clock in found.promises if promise.contact == contact.key]
        record = record_of(ClockKind(kind["kind"]), [*contact.clocks, *own], asked.at)
        if kind["rest"].startswith("warns"):
            assert record.clock is not None
            told = (f"{each.level} {self.story.words(each.at)}" for each in record.clock.warnings)
            return f"{kind['kind']} warns {', '.join(told)}"
        return self._of_clock(asked, ClockKind(kind["kind"]), record)

    def _of_contact(self, asked: Asked, contact: Contact) -> str:
        match asked.said.split():
            case ["state", _]:
                judging = Judging(self.terms, EMPTY, asked.at)
                return f"state {account_of(contact, Owing(), judging).state}"
            case ["owner", *_]:
                return f"owner {contact.line.owner or 'nobody'}, passed on {contact.line.passed_on}"
            case ["turned" | "not", *_]:
                told = ", inferred" if contact.turned_away_inferred else ""
                return f"turned away{told}" if contact.is_turned_away else "not turned away"
            case _:
                since = contact.waiting_since
                return f"she waits since {self.story.words(since)}" if since else "nobody waits"

    def _of_clock(self, asked: Asked, kind: ClockKind, record: Record) -> str:
        """What the page must say of a clock, and of the rest what it chose to say."""
        clock, key = record.clock, (asked.contact, kind)
        before = self._said.get(key, NOTHING_SAID)
        self._said[key] = said_of(clock, before, asked.at)
        withdrawn = before.noted and not self._said[key].noted
        musts = [f"{kind} {self._status(record, asked.at)}", *self._due(clock, asked.at)]
        if (record.cycles, record.misses) != _implied(clock, asked.at):
            musts.append(f"cycles {record.cycles}, misses {record.misses}")
        must = ", ".join([*musts, *(["breach withdrawn"] if withdrawn else [])])
        more = self._more(clock, record)
        chosen = [each for each in more if re.search(rf", {each.split()[0]} ", asked.said)]
        return ", ".join([must, *chosen])

    def _status(self, record: Record, now: datetime) -> str:
        clock = record.clock
        if clock is None:
            return str(record.status)
        status = clock.status(now)
        if status is Status.NOT_MEASURABLE:
            return "not measurable"
        if status is Status.RUNNING:
            return "overdue" if clock.is_overdue(now) else "running"
        overdue = " and overdue" if status is Status.PAUSED and clock.is_overdue(now) else ""
        return f"{status}{overdue} after {span(elapsed_at(clock, self.terms, now))}"

    def _due(self, clock: Clock | None, now: datetime) -> list[str]:
        if clock is None or clock.due_at is None or clock.status(now) is not Status.RUNNING:
            return []
        return [f"due {self.story.words(clock.due_at)}"]

    def _more(self, clock: Clock | None, record: Record) -> Iterator[str]:
        if clock is None:
            return
        yield f"since {self.story.words(clock.started_at)}"
        if clock.breaches_at is not None:
            yield f"breaks {self.story.words(clock.breaches_at)}"
        if record.worst is not None:
            yield f"worst {span(record.worst.total_seconds())}"
        yield f"rule {clock.rule}"
        yield f"version {clock.policy_version}"
        yield f"team {clock.team}"
        yield f"target {span(clock.target.total_seconds())}"


def _implied(clock: Clock | None, now: datetime) -> tuple[int, int]:
    """The counts of a contact that had just this one clock of the kind."""
    if clock is None or clock.ending in (None, Ending.CANCELLED):
        return (0, 0)
    missed = int(clock.is_breached(now))
    return (missed if clock.ending is Ending.WAIVED else 1, missed)


def span(seconds: float) -> str:
    """Time as the page writes it: ``1h 30m``, ``0s``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    told = f"{rest:f}".rstrip("0").rstrip(".")
    parts = ((f"{hours:g}h", hours), (f"{minutes:g}m", minutes), (f"{told}s", rest))
    return " ".join(text for text, amount in parts if amount) or "0s"
