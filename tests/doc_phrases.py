"""What happens at a desk, in the phrases of docs/policy.md: each stands for one event."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.core import events as e
from app.core.event_types import Data

Told = Mapping[str, Any]
"""What stands in a phrase where its placeholders are; ``TIME`` is an instant already."""

PLACES = {
    "KIM": r"[A-Z][a-z]+",
    "LEE": r"[A-Z][a-z]+",
    "CONTACT": r"\[\w+\]",
    "TIME": r"[\w+-]+ \d\d:\d\d[\d:.]*",
    "SPAN": r"\d+ ?[smh](?: calendar)?|\d+ business days?",
}
"""What may stand for a placeholder; for all others a word."""


@dataclass(frozen=True)
class Phrase:
    """Words with placeholders in capitals, and the event they stand for."""

    words: str
    make: Callable[[Told], Data]
    is_nameless: bool = False

    @property
    def pattern(self) -> str:
        """A regular expression that fits the phrase with anything in its places."""
        return re.sub(
            r"\b([A-Z]{2,})\b",
            lambda place: f"(?P<{place[1]}>{PLACES.get(place[1], r'[a-z_0-9]+')})",
            re.escape(self.words).replace(r"\ ", " "),
        )


def _received(channel: e.Channel, **more: Any) -> Callable[[Told], Data]:
    return lambda told: e.ContactReceived(
        channel=channel, team=told.get("TEAM"), queue=told.get("QUEUE"), **more
    )


def _replied(**words: Any) -> Callable[[Told], Data]:
    return lambda _: e.AgentReplied(**words)


def _queued(told: Told) -> Data:
    via = e.QueuedVia(told["VIA"]) if "VIA" in told else None
    return e.ContactQueued(via=via, not_before=told.get("TIME"))


def _moved(*, warm: bool) -> Callable[[Told], Data]:
    return lambda told: e.ContactTransferred(
        team=told.get("TEAM"), queue=told.get("QUEUE"), warm=warm
    )


def _held(waiting_for: e.WaitingFor) -> Callable[[Told], Data]:
    return lambda told: e.ContactHeld(waiting_for=waiting_for, state=told.get("STATE"))


def _resolved(outcome: e.Outcome = e.Outcome.DONE) -> Callable[[Told], Data]:
    return lambda told: e.ContactResolved(outcome=outcome, state=told.get("STATE"))


def _agent(told: Told, place: str = "KIM") -> str:
    return str(told[place]).lower()


OUTBOUND = e.Direction.OUTBOUND

PHRASES = (
    # The customer.
    Phrase("she writes", _received(e.Channel.EMAIL)),
    Phrase("she writes to TEAM", _received(e.Channel.EMAIL)),
    Phrase("she writes to the queue QUEUE", _received(e.Channel.EMAIL)),
    Phrase("she writes again", lambda _: e.CustomerReplied()),
    Phrase("she calls", _received(e.Channel.PHONE)),
    Phrase("somebody calls without a number", _received(e.Channel.PHONE), is_nameless=True),
    Phrase("she opens a chat", _received(e.Channel.CHAT)),
    Phrase("she hangs up", lambda _: e.ContactAbandoned()),
    Phrase("she leaves a voicemail", lambda _: e.CustomerReplied(reason="voicemail")),
    Phrase("she becomes TIER", lambda told: e.CustomerUpdated(tier=told["TIER"])),
    # We.
    Phrase("we reply", _replied()),
    Phrase("we answer", lambda _: e.ContactAnswered()),
    Phrase("KIM answers", lambda told: e.ContactAnswered(agent=_agent(told))),
    Phrase("we call her", lambda _: e.ContactAnswered(direction=OUTBOUND)),
    Phrase("we ring and she does not take it", _replied(reason="outbound_call_attempt")),
    Phrase("we begin a mail to her", _received(e.Channel.EMAIL, direction=OUTBOUND)),
    Phrase("a bot replies", _replied(actor=e.Actor.BOT)),
    Phrase("an automatic reply goes out", _replied(actor=e.Actor.SYSTEM)),
    Phrase("we write a note", _replied(reason="internal_note")),
    Phrase("nobody takes it", lambda _: e.ContactMissed()),
    # Where it goes.
    Phrase("it is queued", _queued),
    Phrase("it is queued via VIA", _queued),
    Phrase("it is queued via VIA for TIME", _queued),
    Phrase("KIM takes it", lambda told: e.ContactTransferred(agent=_agent(told))),
    Phrase(
        "KIM passes it to LEE",
        lambda told: e.ContactTransferred(from_agent=_agent(told), agent=_agent(told, "LEE")),
    ),
    Phrase("KIM puts it back", lambda told: e.ContactTransferred(from_agent=_agent(told))),
    Phrase("it moves to TEAM", _moved(warm=False)),
    Phrase("it moves warmly to TEAM", _moved(warm=True)),
    Phrase("it moves to the queue QUEUE", _moved(warm=False)),
    # Its state.
    Phrase("it waits for her", _held(e.WaitingFor.CUSTOMER)),
    Phrase("it waits for a third party", _held(e.WaitingFor.THIRD_PARTY)),
    Phrase("it waits for us", _held(e.WaitingFor.US)),
    Phrase("it waits for her as STATE", _held(e.WaitingFor.CUSTOMER)),
    Phrase("it is back with us", lambda _: e.ContactResumed()),
    Phrase("it is resolved", _resolved()),
    Phrase("it is resolved as STATE", _resolved()),
    Phrase("it is resolved and needs no answer", _resolved(e.Outcome.NO_ANSWER_NEEDED)),
    Phrase("she is told no", _resolved(e.Outcome.TURNED_AWAY)),
    Phrase("it is reopened", lambda _: e.ContactReopened()),
    Phrase("it is merged into CONTACT", lambda told: e.ContactMerged(into=told["CONTACT"])),
    Phrase("it is discarded", lambda _: e.ContactDiscarded()),
    # Promises.
    Phrase("we promise news by TIME", lambda told: e.FollowupPromised(due=told["TIME"])),
    Phrase("we promise news in SPAN", lambda told: e.FollowupPromised(due_in=told["SPAN"])),
    Phrase(
        "we promise news from TEAM by TIME",
        lambda told: e.FollowupPromised(due=told["TIME"], due_team=told["TEAM"]),
    ),
    Phrase("the promise is moved to TIME", lambda told: e.FollowupMoved(due=told["TIME"])),
    Phrase("the promise is kept", lambda _: e.FollowupDone()),
    Phrase("the promise is called off", lambda _: e.FollowupCancelled()),
)


def event_in(words: str, instant: Callable[[str], datetime]) -> tuple[Phrase, Data]:
    """Read a phrase: which one it is, and what the event carries."""
    for phrase in PHRASES:
        found = re.fullmatch(phrase.pattern, words)
        if found:
            told = found.groupdict()
            return phrase, phrase.make({**told, **_read(told, instant)})
    raise LookupError(f"no phrase fits: {words}")


def _read(told: Mapping[str, str], instant: Callable[[str], datetime]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    if "TIME" in told:
        read["TIME"] = instant(told["TIME"])
    if "CONTACT" in told:
        read["CONTACT"] = told["CONTACT"].strip("[]")
    return read


def event_type(phrase: Phrase) -> str:
    """The type of the event that a phrase stands for."""
    told: dict[str, Any] = dict.fromkeys(re.findall(r"\b[A-Z]{2,}\b", phrase.words), "menu")
    known = {"TIME": datetime.max.replace(tzinfo=UTC), "SPAN": "2h"}
    return phrase.make({place: known.get(place, word) for place, word in told.items()}).type
