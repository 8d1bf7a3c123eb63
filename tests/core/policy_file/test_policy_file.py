"""Policies as managers write them: what they mean, and what is said of a mistake."""

from datetime import date, timedelta

import pytest

from app.core.marked_yaml import MAX_TEXT, FaultyFile, read_marked
from app.core.policy import ClockKind, Measure, Policy, Target
from app.core.policy_file.reading import read_policy
from tests.core.story import OFFICE, at

TWO_CALENDARS = """
calendars:
  office:
    hours: {mon-fri: "09:00-12:00, 13:00-17:00"}
    breaks: {mon: "10:00-10:15, 16:30-17:00", "tue, wed": "09:00-12:00"}
    special_days: {2026-03-05: "09:00-24:00", 2026-03-06: closed}
  phones: {always_open: true}
teams:
  help: {calendar: office}
  line: {calendar: phones, name: The line}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(FaultyFile) as found:
        read_policy(text)
    return [str(fault) for fault in found.value.faults]


def calendars(body: str) -> str:
    return f"calendars:\n  office:\n    hours: {{mon: 09:00-17:00}}\n{body}"


def target(text: str) -> str:
    return f"targets:\n  - rule: all\n    first_response: {text}\n"


def target_of(text: str) -> Target:
    return read_policy(target(text)).rules[0].targets[ClockKind.FIRST_RESPONSE]


# What a policy means.


def test_breaks_subtract_and_special_days_replace():
    calendar = read_policy(TWO_CALENDARS).calendar_of("help")
    days = [at(f"{day} 00:00").date() for day in ("mon", "tue", "thu", "fri")]

    hours = [[(s.start / 60, s.end / 60) for s in calendar.spans_on(day)] for day in days]

    assert hours[0] == [(9, 10), (10.25, 12), (13, 16.5)]
    assert hours[1:] == [[(13, 17)], [(9, 24)], []]


def test_a_team_has_a_name_and_hours_of_its_own():
    policy = read_policy(TWO_CALENDARS)

    assert policy.teams["line"].name == "The line"
    assert policy.calendar_of("line").is_open(at("sun 03:00"))
    assert not policy.calendar_of("nobody's").is_open(at("sun 03:00"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20s", Target(Measure.BUSINESS, timedelta(seconds=20))),
        ("1h 30m", Target(Measure.BUSINESS, timedelta(minutes=90))),
        ("24h calendar", Target(Measure.CALENDAR, timedelta(hours=24))),
        ("2 business days", Target(Measure.BUSINESS_DAYS, days=2)),
        ("1 business day, end of day", Target(Measure.BUSINESS_DAYS, days=1, end_of_day=True)),
    ],
)
def test_a_target_says_in_which_time_it_counts(text, meant):
    assert target_of(f"'{text}'") == meant


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("20s", "20s"),
        ("24h calendar", "24h calendar"),
        ("2 business days", "2 business days"),
        ("1 business day end of day", "1 business day, end of day"),
    ],
)
def test_a_target_is_shown_as_it_is_written(text, shown):
    assert str(target_of(f"'{text}'")) == shown


def rule_names(policy: Policy, **about: str) -> str | None:
    where = {"channel": "phone", "team": "help", "tier": "standard", **about}
    found = policy.rule_for(where["channel"], where["team"], where["tier"], where.get("queue"))
    return found.name if found else None


def test_rules_are_read_in_written_order_and_the_first_that_fits_decides():
    head, rules = OFFICE.split("targets:\n")
    special = """
  - {rule: vip, when: {tier: important}}
  - {rule: deals, when: {channel: [phone, chat], team: sales, queue: deals}}
"""
    policy = read_policy(f"{head}targets:{special}{rules}")

    assert rule_names(policy, tier="important", team="sales", queue="deals") == "vip"
    assert rule_names(policy, team="sales", queue="deals") == "deals"
    assert rule_names(policy, team="sales") == "everyone"
    assert rule_names(policy, team="sales", queue="deals", channel="email") == "everyone"
    assert rule_names(read_policy(head)) is None


def test_warnings_are_shares_before_and_spans_after():
    policy = read_policy('warnings: ["50 %", 80%, 1h after]')

    assert (policy.warn_at, policy.warn_after) == ((0.5, 0.8), (timedelta(hours=1),))


def test_a_policy_may_hold_only_fairness():
    policy = read_policy(
        "fairness: {order: arrival, head_start: 600s, weights: {important: 1, standard: 1, new: 1}, "
        "chats_per_agent: 3}"
    )

    assert policy.tiers == ("important", "standard", "new")
    assert policy.fairness.head_start == timedelta(minutes=10)
    assert policy.tier_of("new") == "new"


def test_an_unheard_of_tier_counts_as_the_default():
    policy = read_policy("tiers: {gold: , silver: {default: true}}")

    assert [policy.tier_of(told) for told in ("gold", "lead", None)] == ["gold", "silver", "silver"]
    assert read_policy("version: 1").tier_of("lead") == "lead"


def test_silence_after_which_we_lost_track_may_differ_by_channel():
    policy = read_policy("clocks: {lost_track: {email: 60 days}}\nnew_for: 30 days")

    assert policy.switches.lost_track["email"] == timedelta(days=60)
    assert policy.switches.lost_track["phone"] == timedelta(hours=2)
    assert policy.new_for == timedelta(days=30)


# What is said of a mistake.


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (target("0s"), "line 3: targets.0.first_response: must be positive"),
        (target("-5m"), "line 3: targets.0.first_response: expected a span such as 20s"),
        (target("1 day"), "line 3: targets.0.first_response: '1 day' can mean three things"),
        (target("90000h"), "line 3: targets.0.first_response: must be positive and at most"),
        (target("5"), "line 3: targets.0.first_response: expected a target such as 4h"),
        (target("0 business days"), "line 3: targets.0.first_response: must be 1 to 365"),
        (
            calendars("    zone: Europe/Kopenhagen"),
            "line 4: calendars.office.zone: expected a zone",
        ),
        (calendars("    hours: 5"), "line 4: file: is not valid YAML"),
        (
            calendars("    breaks: {day: closed}"),
            "line 4: calendars.office.breaks: expected weekdays",
        ),
        (
            calendars("    breaks: {fri-mon: closed}"),
            "line 4: calendars.office.breaks: expected week",
        ),
        (calendars("    breaks: {mon: 5}"), "line 4: calendars.office.breaks.mon: expected hours"),
        (
            calendars("    breaks: {mon: 9-10}"),
            "line 4: calendars.office.breaks.mon: expected hours",
        ),
        (
            calendars("    breaks: {mon: 08:00-25:00}"),
            "line 4: calendars.office.breaks.mon: there is no",
        ),
        (
            calendars("    breaks: {mon: 08:00-09:60}"),
            "line 4: calendars.office.breaks.mon: there is no",
        ),
        (
            calendars("    breaks: {mon: 22:00-06:00}"),
            "line 4: calendars.office.breaks.mon: must end",
        ),
        (
            calendars("    breaks: {mon: '08:00-10:00,09:00-11:00'}"),
            "line 4: calendars.office.breaks.mon: the hours overlap",
        ),
        (
            calendars("    holidays: {country: XX}"),
            "line 4: calendars.office.holidays: unknown holidays",
        ),
        (
            calendars("    holidays: {region: BY}"),
            "line 4: calendars.office.holidays: a region needs a country",
        ),
        (
            calendars("    always_open: true"),
            "line 3: calendars.office.hours: always_open needs no",
        ),
        ("calendars: {office: {}}", "line 1: calendars.office: never opens"),
        (
            "calendars: {o: {hours: {mon-fri: 08:00-09:00, fri: 10:00-11:00}}}",
            "line 1: calendars.o.hours.fri: fri already has hours",
        ),
        ("teams:\n  help: {calendar: x}", "line 2: teams.help.calendar: there is no calendar 'x'"),
        ("teams:\n  help: {}", "line 2: teams.help.calendar: is missing"),
        ("tiers:\n  a: {default: true}\n  b: {default: true}", "line 1: tiers: only one tier can"),
        ("tiers: {a: , b: }", "line 1: tiers: one tier needs `default: true`"),
        ("version: 0", "line 1: version: should be greater than or equal to 1, got 0"),
        ("colour: red", "line 1: colour: is not a word of this file here"),
        ("warnings:\n  - soon", "line 2: warnings.0: expected a share such as 80 %, or 1h after"),
        ("warnings:\n  - 5 after", "line 2: warnings.0: expected a span"),
        ("new_for: soon", "line 1: new_for: expected a span"),
        ("- a list", "line 1: file: expected a policy, got list"),
        ("a: 1\na: 2", "line 2: file: is not valid YAML"),
        ("a: [", "line 1: file: is not valid YAML"),
        ("x" * (MAX_TEXT + 1), "line 1: file: must be at most 1000000 characters"),
    ],
)
def test_a_fault_names_line_and_path_and_what_was_expected(text, fault):
    assert any(found.startswith(fault) for found in faults(text)), faults(text)


RULES = """targets:
  - {rule: a}
  - {rule: a, when: {tier: gold, team: help}}
"""


def test_rules_that_cannot_work_are_all_named_at_once():
    assert faults(RULES) == [
        "line 3: targets.1.rule: 'a' is the name of an earlier rule too",
        "line 3: targets.1.when.tier: there is no tier 'gold'",
        "line 3: targets.1.when.team: there is no team 'help'",
        "line 3: targets.1: the last rule must fit everything: leave out `when`",
        "line 2: targets.0: fits everything, so the rules below it are never reached",
    ]


def test_a_queue_belongs_to_one_team():
    text = TWO_CALENDARS.replace("calendar: office}", "calendar: office, queues: [q]}")
    text = text.replace("calendar: phones,", "calendar: phones, queues: [q],")

    assert faults(text) == ["line 10: teams.line.queues: 'q' belongs to help too"]


def test_more_series_than_the_metrics_can_carry_are_refused():
    teams = "".join(f"  t{n}: {{calendar: o}}\n" for n in range(120))

    (fault,) = faults(f"calendars: {{o: {{always_open: true}}}}\nteams:\n{teams}")

    assert "make 366 combinations" in fault


def test_values_are_read_by_the_rules_of_yaml_1_2():
    text = "no: NO\nend: 24:00\ncount: 3\nshare: 0.5\nyes: true\nday: 2026-03-02\nlist: [a]"

    read = read_marked(text).value

    assert (read["no"], read["end"], read["count"], read["share"]) == ("NO", "24:00", 3, 0.5)
    assert read["yes"] is True
    assert read["list"] == ["a"]


def test_the_line_of_a_path_is_that_of_its_deepest_known_part():
    marked = read_marked("a:\n  b:\n    - x\n    - c: 1\n")

    lines = [marked.line_of(path) for path in [(), ("a", "b", 1, "c"), ("a", "?"), ("a", "b", 7)]]

    assert lines == [1, 4, 1, 2]


def test_a_callback_is_promised_by_the_rule_that_says_so():
    policy = read_policy(
        "targets: [{rule: Phone, when: {channel: phone}, callback: 1h}, {rule: Rest}]\n"
    )

    phone, rest = policy.rules
    assert str(phone.targets[ClockKind.CALLBACK]) == "1h"
    assert ClockKind.CALLBACK not in rest.targets
    assert policy.promises(ClockKind.CALLBACK)
    assert not policy.promises(ClockKind.RESOLUTION)


@pytest.mark.parametrize(("written", "seconds"), [("30s", 30), ("2m", 120), ("off", 0), ("0s", 0)])
def test_what_is_brief_and_what_is_short_can_be_set_or_switched_off(written, seconds):
    text = f"clocks: {{turned_away_within: {written}, short_abandon: {written}}}\n"

    switches = read_policy(text).switches

    assert switches.turned_away_within == switches.short_abandon == timedelta(seconds=seconds)


def test_a_minute_and_five_seconds_are_what_nobody_need_write():
    switches = read_policy("version: 1\n").switches

    assert (switches.turned_away_within, switches.short_abandon) == (
        timedelta(seconds=60),
        timedelta(seconds=5),
    )


DATED = """calendars:
  office:
    hours: {mon: 09:00-17:00}
    special_days: {2026-02-30: closed}
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (DATED, "line 4: calendars.office.special_days.2026-02-30: should be a valid date"),
        (
            "version: 1\neffective_from: 2026-13-01T00:00:00Z",
            "line 2: effective_from: should be a valid datetime",
        ),
        (
            "version: 1\npurpose: a\0b",
            "line 2: file: is not valid YAML: expected characters that can be seen, got code 0x00",
        ),
        (
            'version: 1\npurpose: "\\0"',
            "line 2: file: is not valid YAML: expected a value that can be read",
        ),
        ('purpose: "\\ud800"', "line 1: file: is not valid YAML: expected a value that can be"),
        ("[" * 3000, "line 1: file: is not valid YAML: expected at most 50 levels within each"),
        (
            "\n".join(" " * i + "a:" for i in range(60)),
            "line 50: file: is not valid YAML: expected at most 50 levels within each other, got 51",
        ),
        ("a: &a [x]\nb: *a", "line 2: file: is not valid YAML: expected the words themselves"),
        ("version: !!int x", "line 1: file: is not valid YAML: expected a value that can be read"),
        ("version: " + "9" * 5000, "line 1: file: is not valid YAML: expected a value that can"),
        ("version: " + "9" * 30, "line 1: version: should be less than or equal to 2147483647"),
        ("new_for: 99999999999 days", "line 1: new_for: must be at most 3650 days"),
        ("new_for: " + "9" * 400 + "h", "line 1: new_for: must be positive and at most 3650 days"),
        (target("9" * 5000 + " business days"), "line 3: targets.0.first_response: must be 1 to"),
        ("calendars: !!omap [a: 1]", "line 1: calendars.a: should be a valid dictionary"),
        ("<<: {colour: 1}", "line 1: colour: is not a word of this file here"),
    ],
)
def test_what_no_reader_could_make_sense_of_is_refused_like_any_other_fault(text, fault):
    assert any(found.startswith(fault) for found in faults(text)), faults(text)


def test_aliases_within_aliases_are_refused_before_they_grow():
    lines = [
        "a0: &a0 [x]",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)),
    ]

    assert faults("\n".join(lines)) == [
        (
            "line 2: file: is not valid YAML: expected the words themselves, for no place of this "
            "file can stand for another (an alias), got '*a0'"
        )
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("4 hours", "(write 4h), got '4 hours'"),
        ("1 hour and 30 minutes", "(write 1h 30m), got"),
        ("15", "(write 15m or 15h), got 15"),
        ("'15'", "(write 15m or 15h), got '15'"),
        ("true", "or 2 business days, got True"),
        ("4 fortnights", "4h or 1h 30m, got '4 fortnights'"),
        (
            "1.5 business days",
            "expected whole business days such as 2 business days, or hours such as 12h, got",
        ),
    ],
)
def test_a_span_in_other_words_is_answered_with_what_to_write(written, said):
    (fault,) = faults(target(written))

    assert said in fault


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tiers:\n  a:\n\tdefault: true", "indent with spaces, not tabs"),
        ("purpose: a: b", "put a text with a colon in quotes"),
        ('purpose: "abc', "the file ends before a quote or bracket is closed"),
        ("version: 1\nfoo\nbar: 1", "expected a colon after the word"),
    ],
)
def test_what_a_parser_stumbles_over_is_said_in_plain_words(text, hint):
    (fault,) = faults(text)

    assert hint in fault


ZONED = "calendars: {office: {zone: Europe/Copenhagen, always_open: true}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ZONED}effective_from: 2026-12-01", "(write 2026-12-01T00:00:00+01:00), got 2026-12-01"),
        (f"{ZONED}effective_from: 2026-07-01 08:30:00", "(write 2026-07-01T08:30:00+02:00), got"),
        ("effective_from: 2026-12-01", "(write 2026-12-01T00:00:00+00:00), got 2026-12-01"),
        (
            "calendars: {o: {zone: ../x}}\neffective_from: 2026-12-01",
            "(write 2026-12-01T00:00:00+00",
        ),
        ("warnings: [50]", "(write 50 %), got 50"),
        ("warnings: [0.8]", "(write 80 %), got 0.8"),
        ("warnings: [true]", "should be a valid string, got True"),
        ("targets: [{rule: a, target_ratio: 90}]", "(0.9 is nine of ten), got 90"),
        ("warning: [80 %]", "here (did you mean warnings?); see"),
        ("calendars: {o: {hour: {}}}", "(did you mean hours?)"),
        ("calendars: {o: {holidays: {contry: DK}}}", "(did you mean country?)"),
        ("tiers: {gold: {defualt: true}}", "(did you mean default?)"),
        ("teams: {t: {calender: o}}", "(did you mean calendar?)"),
        ("targets: [{rule: a, first_reponse: 4h}]", "(did you mean first_response?)"),
        ("targets: [{rule: a, when: {chanel: phone}}]", "(did you mean channel?)"),
        ("targets: [{rule: a, update: {target: 4h, pause_in: [x]}}]", "(did you mean pauses_in?)"),
        ("clocks: {shortabandon: 5s}", "(did you mean short_abandon?)"),
        ("clocks: {resolution: {end_in: [x]}}", "(did you mean ends_in?)"),
        ("fairness: {headstart: 5m}", "(did you mean head_start?)"),
        ("teams: {t: {calendar: o, xyzzy: 1}}", "is not a word of this file here; see"),
    ],
)
def test_a_fault_says_what_to_write_where_that_can_be_told(text, said):
    assert any(said in fault for fault in faults(text)), faults(text)


def test_a_rule_below_another_that_fits_the_same_is_never_reached():
    text = (
        "targets:\n  - {rule: a, when: {channel: [phone, chat]}}\n"
        "  - {rule: b, when: {channel: [chat, phone]}}\n  - {rule: c, when: {channel: chat}}\n"
        "  - {rule: rest}\n"
    )

    assert faults(text) == ["line 3: targets.1: is never reached: rule 'a' fits the same"]


@pytest.mark.parametrize(
    ("holidays", "day", "is_closed"),
    [
        ("{country: DE}", date(2027, 1, 6), False),
        ("{country: DE, region: BY}", date(2027, 1, 6), True),
        ("{country: DK}", date(2029, 6, 5), False),
        ("{country: DK, categories: [public, optional]}", date(2029, 6, 5), True),
        ("{country: DK, also: [2029-06-07]}", date(2029, 6, 7), True),
        ("{country: DK, but_not: [2029-12-25]}", date(2029, 12, 25), False),
    ],
)
def test_holidays_are_those_of_country_region_and_category_and_ones_own(holidays, day, is_closed):
    text = f"calendars: {{c: {{hours: {{mon-sun: 09:00-17:00}}, holidays: {holidays}}}}}"

    assert (read_policy(text).default_calendar.spans_on(day) == ()) is is_closed
