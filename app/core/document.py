"""What replay has to say, for programs (one JSON document) and for people (a plain table)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.core.calls import call_of
from app.core.clocks.clock import Clock, Status
from app.core.fairness.pool import Pool
from app.core.fairness.showing import shown_episodes, waiters
from app.core.fairness.words import Voice, sentence
from app.core.promises import Promise
from app.core.replay import Contact, Replayed, Terms, elapsed_at
from app.core.service_level import Counters, service_level

Json = dict[str, Any]

HEADINGS = ("contact", "customer", "team", "promise", "stands", "started", "due", "took", "target")


def document(replayed: Replayed, terms: Terms) -> Json:
    """The document that ``replay`` prints, as of ``replayed.now``."""
    now = replayed.now
    subjects = {contact.key: contact for contact in replayed.contacts}
    return {
        "as_of": _instant(now),
        "contacts": [_contact(contact, terms, now) for contact in replayed.contacts],
        "promises": [
            _promise(promise, clock, subjects[promise.contact], now)
            for promise, clock in replayed.promises
        ],
        "service_level": _service_level(replayed),
        "calls": _calls(replayed, terms),
        "episodes": [
            episode
            for team, pool in sorted(replayed.pools.items())
            for episode in _episodes(team, pool, terms, now)
        ],
    }


def _contact(contact: Contact, terms: Terms, now: datetime) -> Json:
    return {
        "contact": contact.subject,
        "source": contact.source,
        "customer": contact.customer if contact.names else None,
        "team": contact.team,
        "channel": contact.channel,
        "tier": contact.tier,
        "queue": contact.queue,
        "waiting_since": _instant(contact.waiting_since),
        "resolved_at": _instant(contact.resolved_at),
        "turned_away": contact.is_turned_away,
        "turned_away_inferred": contact.turned_away_inferred,
        "discarded": contact.is_discarded,
        "history_missing": contact.history_missing,
        "clocks": [_clock(clock, terms, now) for clock in contact.clocks],
    }


def _clock(clock: Clock, terms: Terms, now: datetime) -> Json:
    return {
        "kind": clock.kind,
        "cycle": clock.number,
        "status": clock.status(now),
        "started_at": _instant(clock.started_at),
        "due_at": _instant(clock.due_at),
        "breaches_at": _instant(clock.breaches_at),
        "stopped_at": _instant(clock.stopped_at),
        "elapsed_seconds": elapsed_at(clock, terms, now),
        "target_seconds": clock.target.total_seconds(),
        "breached": clock.is_breached(now),
        "rule": clock.rule,
    }


def _promise(promise: Promise, clock: Clock, contact: Contact, now: datetime) -> Json:
    return {
        "promise": promise.id,
        "contact": contact.subject,
        "customer": contact.customer if contact.names else None,
        "team": clock.team,
        "promised_at": _instant(promise.promised_at),
        "due_at": _instant(promise.due_at),
        "moves": promise.moves,
        "status": clock.status(now),
        "ended_at": _instant(promise.ended_at),
        "breached": clock.is_breached(now),
    }


def _episodes(team: str, pool: Pool, terms: Terms, now: datetime) -> Iterator[Json]:
    policy = terms.policies.in_force(now)
    voice = Voice({}, policy.calendar_of(team).zone, now.timestamp())
    take_next = next(waiters(pool), None)
    for episode in shown_episodes(pool, now.timestamp()):
        yield {
            "pool": team,
            "culprit": episode.who,
            "started_at": _instant_of(episode.started_at),
            "raised_at": _instant_of(episode.raised_at),
            "ended_at": _instant_of(episode.ended_at),
            "agent_seconds": episode.agent_seconds,
            "extra_wait_seconds": episode.extra_wait_seconds,
            "severity": episode.severity,
            "victims": sorted(harmed.customer for harmed in episode.harmed),
            "sentence": sentence(episode, voice, take_next),
        }


def _instant_of(seconds: float | None) -> str | None:
    return None if seconds is None else _instant(datetime.fromtimestamp(seconds, UTC))


def _service_level(replayed: Replayed) -> Json:
    """Kept and broken promises per channel and kind; a promise that is overdue is broken already."""
    counts: dict[str, dict[str, list[bool]]] = {}
    for clock in _all_clocks(replayed):
        breached = clock.is_breached(replayed.now)
        told = counts.setdefault(clock.channel, {}).setdefault(clock.kind, [])
        if breached or clock.status(replayed.now) is Status.MET:
            told.append(breached)
    return {
        channel: {kind: _share(told) for kind, told in sorted(kinds.items())}
        for channel, kinds in sorted(counts.items())
    }


def _calls(replayed: Replayed, terms: Terms) -> Json:
    """The phone's service level by team: the raw counters, and the share by the policy's definition."""
    counted: dict[str, Counters] = {}
    for contact in replayed.contacts:
        call = call_of(contact, terms.policies)
        if call is not None:
            counted[contact.team] = counted.get(contact.team, Counters()) + call
    variant = terms.policies.in_force(replayed.now).phone_service_level
    return {
        team: {
            **asdict(counters),
            "definition": variant,
            "share_in_time": service_level(counters, variant),
        }
        for team, counters in sorted(counted.items())
    }


def _all_clocks(replayed: Replayed) -> Iterator[Clock]:
    for contact in replayed.contacts:
        yield from contact.clocks
    for _, clock in replayed.promises:
        yield clock


def _share(told: list[bool]) -> Json:
    settled, breached = len(told), sum(told)
    met = settled - breached
    return {
        "settled": settled,
        "met": met,
        "breached": breached,
        "share_in_time": met / settled if settled else None,
    }


def _instant(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the microsecond where there is one."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def table(document: Mapping[str, Any]) -> str:
    """The document as people read it: one line a promise, and the shares kept."""
    rows = [HEADINGS, *_rows(document)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *_shares(document["service_level"]), ""])


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for contact in document["contacts"]:
        for clock in contact["clocks"]:
            kind = clock["kind"].replace("_", " ")
            yield (
                contact["contact"],
                contact["customer"] or "(not named)",
                contact["team"],
                kind if clock["cycle"] == 1 else f"{kind} {clock['cycle']}",
                _standing(clock),
                clock["started_at"],
                clock["due_at"] or "-",
                _span(clock["elapsed_seconds"]),
                _span(clock["target_seconds"]),
            )
    for promise in document["promises"]:
        yield (
            promise["contact"],
            promise["customer"] or "(not named)",
            promise["team"],
            "follow up",
            _standing(promise),
            promise["promised_at"],
            promise["due_at"],
            "-",
            "-",
        )


def _standing(judged: Mapping[str, Any]) -> str:
    status = str(judged["status"]).replace("_", " ")
    late = judged["breached"] and status in ("running", "paused")
    return f"{status}, late" if late else status


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _shares(service_level: Mapping[str, Mapping[str, Json]]) -> Iterable[str]:
    """A share below 30 says little, so it is written as a count."""
    for channel, kinds in service_level.items():
        for kind, told in kinds.items():
            share = f"{told['met']} of {told['settled']} kept"
            if told["settled"] >= 30:
                share += f" ({told['share_in_time']:.1%})"
            yield f"{channel}, {kind.replace('_', ' ')}: {share}"
