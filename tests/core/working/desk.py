"""The desk whose deadlines show their working: its policy, and what is said of them."""

from datetime import timedelta

from app.core import events as e
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.core.working.account import account_in
from app.core.working.wanted import Wanted
from tests.core.story import (
    at,
)

POLICY = """
version: 3
calendars:
  office:
    zone: Europe/Copenhagen
    hours: {mon-fri: "08:00-16:00"}
    breaks: {mon-fri: "11:30-12:00"}
    holidays: {country: DK}
tiers: {important: , standard: {default: true}}
teams: {help: {name: Customer support, calendar: office}, sales: {calendar: office}}
targets:
  - rule: Phone
    when: {channel: phone}
    first_response: 20s
    callback: 1h
  - rule: Important customers
    when: {channel: email, team: help, tier: important}
    first_response: 4h
  - rule: Everyone else
    first_response: 4h
    next_response: 24h calendar
    resolution: 2 business days
"""
TERMS = Terms(Policies((read_policy(POLICY),)))
IMPORTANT = e.Event(
    source="/registry",
    id="r1",
    occurred_at=at("mon 00:00"),
    subject="acme",
    data=e.CustomerUpdated(name="Acme A/S", tier="important"),
)
ALL_KINDS = Terms(
    Policies(
        (
            read_policy(
                POLICY
                + "    callback: 2h\n    update: 3h\n    ownership: 30m\n"
                + "clocks: {update: {pause_effect: hide}}\n"
            ),
        )
    )
)
HOUR = timedelta(hours=1)
UNFIT = (
    "'Phone' did not fit: the contact came by e-mail, not by phone. "
    "'Important customers' did not fit: its customer is standard, not important."
)


def said(events, now: str, kind: str, by: Terms = TERMS) -> list[str]:
    """What the one clock of a kind says of itself."""
    account = account_in(events, by, Wanted("c1"), at(now))
    (working,) = [each for each in account.workings if each.clock.kind == kind]
    return list(account.sentences_of(working))


def without(events, now: str, kind: str, by: Terms = TERMS) -> str:
    """Why there is no clock of a kind."""
    account = account_in(events, by, Wanted("c1"), at(now))
    (found,) = [each for each in account.unpromised if each.kind == kind]
    return found.sentence


def policy(extra: str) -> Terms:
    return Terms(Policies((read_policy(POLICY + extra),)))
