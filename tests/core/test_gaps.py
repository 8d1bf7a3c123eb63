"""What is missing of a source, said in plain words with what to look for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.gaps import MANY_CONTACTS, Gap, Known, Weight, gaps, listed, span

WANTED = {
    "created": frozenset({"contact.received"}),
    "answered": frozenset({"contact.answered"}),
    "status_changed": frozenset({"contact.resolved"}),
    "replied": frozenset({"customer.replied"}),
    "opened": frozenset({"agent.available"}),
}
OLD = Known(
    wanted=WANTED,
    seen={"created", "answered", "replied", "opened"},
    types={"contact.received": 40, "contact.answered": 3, "customer.replied": 1},
    connected_for=timedelta(days=2),
    unended=37,
)


def sentences(known: Known) -> list[str]:
    return [gap.sentence for gap in gaps(known)]


def test_contacts_that_never_ended_ask_for_the_event_that_would_end_them():
    assert gaps(OLD)[0] == Gap(Weight.BROKEN, "37 contacts never ended: is status_changed on?")


def test_one_is_one():
    assert sentences(replace(OLD, unended=1))[0] == "1 contact never ended: is status_changed on?"


def test_nothing_is_missing_where_all_contacts_ended_or_some_end_was_told():
    ended = replace(OLD, types={**OLD.types, "contact.missed": 1})

    assert not any("never ended" in each for each in sentences(ended))
    assert not any("never ended" in each for each in sentences(replace(OLD, unended=0)))


def test_a_new_source_is_given_a_day_or_some_contacts():
    new = replace(OLD, connected_for=timedelta(hours=1), types={"contact.received": 3})

    assert sentences(new) == []
    busy = replace(new, types={"contact.received": MANY_CONTACTS})
    assert sentences(busy)[0] == "37 contacts never ended: is status_changed on?"


def test_an_event_that_came_is_not_asked_for():
    seen = replace(OLD, seen={*OLD.seen, "status_changed"})

    assert not any("status_changed" in each for each in sentences(seen))


def test_customers_whom_nobody_ever_answers_ask_for_answers():
    unanswered = replace(
        OLD, seen={"created", "replied"}, types={"contact.received": 40}, waiting=12
    )

    assert "12 customers wait, and nobody was ever answered: is answered on?" in sentences(
        unanswered
    )


def test_nobody_writes_again_on_the_telephone():
    chat = replace(OLD, seen={"created"}, types={"contact.received": 40})

    assert "No customer ever wrote again: is replied on?" in sentences(chat)
    phone = replace(chat, has_written_replies=False)
    assert not any("wrote again" in each for each in sentences(phone))


def test_what_was_not_seen_for_another_reason_is_good_to_know():
    quiet = replace(OLD, seen={"created", "status_changed", "answered", "replied"}, unended=0)

    assert gaps(replace(quiet, types={**OLD.types, "agent.available": 1})) == [
        Gap(Weight.GOOD_TO_KNOW, "Not seen so far: opened.")
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-61, "The tool's clock is 61 s ahead of ours: waits look shorter than they are."),
        (-60, None),
        (60, None),
        (
            7200,
            "News comes 2 h after it happened: the tool's clock is behind ours, or it sends late.",
        ),
    ],
)
def test_a_clock_more_than_a_minute_wrong_is_said(seconds: int, said: str | None):
    known = Known(skew=timedelta(seconds=seconds), dated_ahead=0)

    assert sentences(known) == ([said] if said else [])


def test_refusals_are_said_with_their_reason_and_weigh_more_when_nothing_good_comes():
    some = Known(refused_last_hour=12, refused_because={"the secret does not match": 12})
    [gap] = gaps(some)

    assert gap.weight is Weight.DOUBTFUL
    assert gap.sentence == (
        "12 deliveries were refused in the last hour: the secret does not match. "
        "Is the secret here the one in the tool?"
    )
    assert gaps(replace(some, is_shut_out=True))[0].weight is Weight.BROKEN


def test_refusals_are_counted_by_reason_each_with_its_own_hint():
    because = {"X-Signature is missing": 2, "the body was signed with another secret": 3}
    [gap] = gaps(Known(refused_last_hour=9, refused_because=because, tool="Zendesk"))

    assert gap.sentence == (
        "9 deliveries were refused in the last hour, of the newest 5: 3 because the body was signed "
        "with another secret; 2 because X-Signature is missing. Is the secret here the one in the "
        "tool? Something that is not Zendesk posts here, or signing is off."
    )


@pytest.mark.parametrize("reason", ["signed long ago, or a clock is wrong", "is that the address?"])
def test_a_reason_that_says_what_to_look_for_gets_no_hint_about_secrets(reason: str):
    [gap] = gaps(Known(refused_last_hour=1, refused_because={reason: 1}))

    assert gap.sentence == f"1 delivery was refused in the last hour: {reason}."


def test_teams_that_are_not_there_and_mailboxes_of_nobody_are_said():
    known = Known(strangers=("i•••@firm.example",), strange_teams=("mail names the team moon",))

    assert gaps(known) == [
        Gap(Weight.BROKEN, "mail names the team moon."),
        Gap(
            Weight.DOUBTFUL,
            "Contacts came to i•••@firm.example, which is none of ours: write it under teams or "
            "addresses in sources.yaml.",
        ),
    ]


def test_a_source_that_nothing_protects_is_said_to_be_open_to_anybody():
    [said] = sentences(Known(is_open=True))

    assert said.startswith("Anybody who reaches its address can send contacts")


def test_what_is_kept_unmapped_silent_or_cannot_be_measured_is_said_the_worst_first():
    known = Known(
        kept=2,
        unmapped=1,
        is_silent=True,
        dated_ahead=1,
        unmeasurable=("E-mail for Support: update cannot be measured",),
    )

    assert sentences(known) == [
        "It has been silent for longer than it may be.",
        "2 deliveries could not be read and are kept.",
        "1 queue or team of the tool is none of ours yet.",
        "1 delivery told of what was yet to happen.",
        "E-mail for Support: update cannot be measured.",
    ]


def test_names_and_spans_are_said_as_people_say_them():
    assert listed(["a"], 3) == "a"
    assert listed(["a", "b", "c"], 3) == "a, b and c"
    assert listed(["a", "b", "c", "d"], 3) == "a, b, c and 1 more"
    assert [span(timedelta(seconds=n)) for n in (119, 120, 7200, 172_800)] == [
        "119 s",
        "2 min",
        "2 h",
        "2 days",
    ]
