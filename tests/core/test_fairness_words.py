"""What people read about turns."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.core.fairness.causes import CAUSES, Cause
from app.core.fairness.shown import Harmed, PoolStanding, Row, ShownEpisode, Waiter
from app.core.fairness.words import (
    CAUSES_IN_WORDS,
    NOBODY_TELLS,
    Voice,
    agreed,
    called,
    doubts,
    free,
    length,
    like_important,
    open_first,
    parts,
    sentence,
)

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC).timestamp()
VOICE = Voice({"acme": "Acme", "jensen": "Jensen VVS"}, UTC, NOON)
JENSEN = Waiter("c1", "jensen", "standard", "phone", NOON - 1440)
ACME = ShownEpisode(
    who="acme",
    started_at=NOON - 4680,
    raised_at=NOON - 4000,
    ended_at=None,
    agent_seconds=15720.0,
    extra_wait_seconds=20280.0,
    severity=0.6,
    share_of_work=0.42,
    share_in_turn=0.29,
    starts=134,
    out_of_turn=73,
    waiting=31,
    longest_seconds=1440.0,
    harmed=tuple(Harmed(f"k{n}", 600.0) for n in range(31)),
    delayed=(),
)
IMPORTANT = msgspec.structs.replace(ACME, who="tier:important")
STANDING = PoolStanding("support", NOON, "due", 5, 0, 8, 2, NOON - 4740, 8.0, 3)
FORBIDDEN = [
    "fold",
    "replay",
    "snapshot",
    "projection",
    "settled",
    "pool",
    "shard",
    "turn-debt",
    "evidence",
    "contested",
    "ghost",
    "slot",
    "entitlement",
    "burn rate",
    "quarantine",
    "culprit",
    "victim",
    "starvation",
]


def over(episode: ShownEpisode, **changed: object) -> ShownEpisode:
    return msgspec.structs.replace(episode, **{"ended_at": NOON + 600, "waiting": 0, **changed})


def standing(**changed: object) -> PoolStanding:
    return msgspec.structs.replace(STANDING, **changed)


def row(customer: str, tier: str, entitled: float) -> Row:
    return Row(customer, tier, 0.0, entitled, 0.0, 0.0, 1, 0)


@pytest.mark.parametrize(
    ("episode", "take_next", "said"),
    [
        (
            ACME,
            JENSEN,
            (
                "31 customers wait because Acme is taken first, since 10:42. Longest: 24 min. "
                "Take next: Jensen VVS."
            ),
        ),
        (
            msgspec.structs.replace(IMPORTANT, waiting=1, longest_seconds=119.9),
            None,
            (
                "1 customer waits because important customers are taken first, since 10:42. "
                "Longest: 119 s."
            ),
        ),
        (
            msgspec.structs.replace(ACME, waiting=0),
            JENSEN,
            "Acme is taken first, since 10:42; nobody waits for it right now.",
        ),
        (
            msgspec.structs.replace(IMPORTANT, waiting=0),
            None,
            "Important customers are taken first, since 10:42; nobody waits for it right now.",
        ),
        (
            over(ACME),
            JENSEN,
            "31 customers waited 5 h 38 min longer because Acme was taken first, 10:42 to 12:10.",
        ),
        (
            over(IMPORTANT, harmed=(Harmed("k1", 60.0),), extra_wait_seconds=3600.0),
            None,
            (
                "1 customer waited 1 h longer because important customers were taken first, "
                "10:42 to 12:10."
            ),
        ),
        (
            over(ACME, harmed=()),
            None,
            "Others waited 5 h 38 min longer because Acme was taken first, 10:42 to 12:10.",
        ),
        (over(ACME, extra_wait_seconds=0.4), None, "Acme was taken first, 10:42 to 12:10."),
    ],
)
def test_an_episode_is_said_in_a_sentence(episode, take_next, said):
    assert sentence(episode, VOICE, take_next) == said


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (0, "13:00"),
        (13 * 3600, "00:00"),
        (13 * 3600 + 1, "Monday 23:59"),
        (6 * 86400, "Wednesday 13:00"),
        (7 * 86400, "3 March 13:00"),
        (-86400, "11 March 13:00"),
    ],
)
def test_times_are_the_teams_own_and_name_another_day(ago, said):
    assert Voice({}, ZoneInfo("Europe/Copenhagen"), NOON).time(NOON - ago) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (59.9, "59 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (20280, "5 h 38 min"),
        (400_000, "111 h 6 min"),
    ],
)
def test_a_length_of_time_is_cut_off_not_rounded(seconds, said):
    assert length(seconds) == said


def test_a_long_name_is_cut_in_a_sentence_and_an_unknown_one_is_its_key():
    long = Voice({"long": "Donaudampfschifffahrtsgesellschaft mbH"}, UTC, NOON)

    assert called("long", long) == "Donaudampfschifffahrtsgesellschaf…"
    assert called("k7", long) == "k7"
    assert called("tier:new", long) == "new customers"
    assert called("x" * 34, long) == "x" * 34


def test_the_price_of_agreed_priority_is_said_by_tier_the_dearest_first():
    rows = (
        row("tier:important", "important", 720.0),
        row("birk", "important", 700.0),
        row("k1", "gold", 400.0),
        row("k2", "gold", 900.0),
        row("k3", "standard", 59.0),
        row("k4", "new", 60.0),
    )

    assert agreed(standing(rows=rows)) == (
        (
            "Gold customers are taken first, as agreed: it cost the others 21 agent-minutes in the "
            "last 24 hours."
        ),
        (
            "Important customers are taken first, as agreed: it cost the others 12 agent-minutes in the "
            "last 24 hours."
        ),
        (
            "New customers are taken first, as agreed: it cost the others 1 agent-minute in the "
            "last 24 hours."
        ),
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "2 people are free while 5 wait, since 10:41."),
        ({"free": 1, "waiting": 1}, "1 person is free while 1 waits, since 10:41."),
        ({"free": None}, None),
        ({"free": 0}, None),
        ({"free_since": None}, None),
        ({"waiting": 0}, None),
    ],
)
def test_somebody_free_while_others_wait_is_said_only_where_it_is_known(changed, said):
    assert free(standing(**changed), VOICE) == said


def test_what_nobody_can_know_is_said_plainly():
    assert doubts(STANDING) == ()
    assert doubts(standing(free=None)) == (NOBODY_TELLS,)
    assert doubts(standing(forgotten=1, too_late=2)) == (
        "1 contact was passed over so often that nobody can be waiting there any more.",
        "2 messages came more than a day late and change nothing here.",
    )
    assert NOBODY_TELLS == (
        "Nobody tells us who is there, so free people and missing people cannot be shown."
    )


def test_who_is_served_like_an_important_customer_without_being_one_is_named():
    assert like_important(standing(favoured_without_label=("acme",)), VOICE) == (
        "Acme is served like an important customer, and is not one.",
    )


def test_the_causes_add_up_to_all_waiting_the_largest_first():
    waited = {
        "standard": {"favoured": 60.0, "overload": 30.0, "unknown": 0.0},
        "important": {"favoured": 10.0},
    }

    told = parts(standing(wait_seconds=waited))

    assert [(part.cause, part.seconds, part.share) for part in told] == [
        (Cause.FAVOURED, 70.0, 0.7),
        (Cause.OVERLOAD, 30.0, 0.3),
    ]
    assert told[0].words == CAUSES_IN_WORDS[Cause.FAVOURED]
    assert parts(STANDING) == ()


def test_every_cause_has_words_and_none_that_people_need_not_know():
    assert CAUSES_IN_WORDS.keys() == set(CAUSES)
    assert len(set(CAUSES_IN_WORDS.values())) == len(CAUSES)
    said = " ".join([*CAUSES_IN_WORDS.values(), NOBODY_TELLS]).lower()
    assert not [word for word in FORBIDDEN if re.search(rf"\b{word}\b", said)]


def test_open_episodes_come_first_those_most_wait_for_before_the_others():
    few = msgspec.structs.replace(ACME, who="few", waiting=2)
    new = msgspec.structs.replace(few, who="new", started_at=NOON)
    past = over(ACME, who="past")

    assert [e.who for e in open_first([past, few, new, ACME])] == ["acme", "new", "few", "past"]
