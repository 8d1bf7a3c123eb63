"""How the deadlines of one contact came about, in words: from the database, or from a file of events."""

import argparse
import asyncio
from pathlib import Path

from app.commands.offline import events_in, instant
from app.commands.parsers import Commands, add_command
from app.commands.refusal import Refusal, settings_or_refusal
from app.core.policy import Policies
from app.core.replay import Terms
from app.core.working.account import Account, account_in, lines_of
from app.core.working.wanted import SeveralContacts, UnknownContact, Wanted
from app.errands import explain_contact, read_policy_file
from app.service import read_clock


def add_explain(policy: Commands) -> None:
    """Add ``policy explain``."""
    explaining = add_command(
        policy, "explain", "show the working of every deadline of a contact", _explain
    )
    explaining.add_argument("contact", help="its id in the tool it is in")
    explaining.add_argument("--source", help="whose contact, where several sources know the id")
    explaining.add_argument(
        "--policy", "--file", type=Path, help="judge by this file, not by the policy in force"
    )
    explaining.add_argument(
        "--events", type=Path, help="events to take instead of the database; needs --policy"
    )
    explaining.add_argument(
        "--until", type=instant, help="as of when, with --events; default: the last event"
    )


def _explain(told: argparse.Namespace) -> None:
    try:
        account = _from_file(told) if told.events else _from_database(told)
    except (UnknownContact, SeveralContacts) as error:
        raise Refusal(str(error)) from None
    for line in lines_of(account):
        print(line)


def _from_file(told: argparse.Namespace) -> Account:
    if told.policy is None:
        raise Refusal("a file of events needs a policy to be judged by: --policy FILE")
    terms = Terms(Policies((read_policy_file(told.policy),)))
    events = list(events_in(told.events))
    until = told.until or max((event.occurred_at for event in events), default=read_clock())
    return account_in(events, terms, Wanted(told.contact, told.source), until)


def _from_database(told: argparse.Namespace) -> Account:
    if told.until is not None:
        raise Refusal("--until goes with --events: the database is told of as it is now")
    policy = None if told.policy is None else read_policy_file(told.policy)
    wanted = Wanted(told.contact, told.source)
    return asyncio.run(explain_contact(settings_or_refusal(), wanted, policy, read_clock()))
