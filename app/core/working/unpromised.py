"""Why a contact has no clock of a kind, in a sentence: what was not promised, and what never began."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.policy import ClockKind, Policy, Rule
from app.core.replay import Contact, Terms
from app.core.working.verdict_words import CALLED


@dataclass(frozen=True, slots=True)
class Unpromised:
    """A kind of clock that a contact does not have, and why."""

    kind: ClockKind
    sentence: str


def unpromised(
    contact: Contact, running: frozenset[ClockKind], terms: Terms, now: datetime
) -> Iterator[Unpromised]:
    """The kinds of clock that a contact has none of; ``running`` are those that it has."""
    policy = terms.policies.in_force(now)
    queue = contact.line.queue_at(now)
    rule = policy.rule_for(contact.channel, contact.team, contact.tier, queue)
    tells_queued = terms.sources_of(contact.line.events).tells_queued
    never_queued = tells_queued and contact.line.queued_at is None
    for kind in ClockKind:
        if kind in running:
            continue
        why = _never_promised(kind, policy, rule) or _whole(contact)
        if why is None and kind is ClockKind.FIRST_RESPONSE and never_queued:
            why = "its tool tells when a human is owed, and never said so"
        yield Unpromised(kind, f"{CALLED[kind]}: {why or _never_began(kind, contact)}.")


def _never_promised(kind: ClockKind, policy: Policy, rule: Rule | None) -> str | None:
    if kind is ClockKind.FOLLOW_UP:
        return None
    if rule is None:
        return f"policy version {policy.version} promises nothing here"
    if kind in rule.targets:
        return None
    return f"the rule '{rule.name}' (line {rule.line}) promises nothing of this kind"


def _whole(contact: Contact) -> str | None:
    if contact.is_discarded:
        return "the contact was discarded"
    if contact.line.merged:
        return "the contact became a part of another one, and counts there"
    return None


_NEVER_BEGAN: Mapping[ClockKind, str] = {
    ClockKind.FIRST_RESPONSE: "the customer has not asked for anything",
    ClockKind.NEXT_RESPONSE: "she has not asked again since we answered",
    ClockKind.RESOLUTION: "the customer has not asked for anything",
    ClockKind.UPDATE: "it runs while the contact is open and she heard from us last",
    ClockKind.FOLLOW_UP: "nothing was promised to the customer",
    ClockKind.CALLBACK: "she neither gave up nor was turned away, so no call is owed",
    ClockKind.OWNERSHIP: "it was never without somebody in charge",
}


def _never_began(kind: ClockKind, contact: Contact) -> str:
    match kind:
        case ClockKind.FIRST_RESPONSE | ClockKind.RESOLUTION if contact.line.opened_by_us:
            return "we began this contact, and the customer has not written yet"
        case ClockKind.FIRST_RESPONSE if contact.history_missing:
            return "how it began is not known, because we first heard of it later"
        case ClockKind.NEXT_RESPONSE if contact.line.first_human_at is None:
            return "it begins after the first response"
        case _:
            return _NEVER_BEGAN[kind]
