"""Promises that nobody can say were kept are named before the policy goes live."""

from app.core.events import TYPES, Channel
from app.core.policy_file.reading import read_policy
from app.core.source import Source
from app.core.unmeasurable import strange_teams, unmeasurable

POLICY = read_policy("""
calendars: {always: {always_open: true}}
teams:
  help: {name: Help desk, calendar: always, channels: [chat, email], queues: [vip]}
  line: {name: Hotline, calendar: always, channels: [phone]}
targets:
  - {rule: vip, when: {queue: vip}, resolution: 1h}
  - {rule: mail, when: {channel: email}, first_response: 4h}
  - {rule: others}
""")
ANSWERS = {"agent.replied", "contact.answered"}


def source(*missing: str, channel: Channel | None = Channel.EMAIL, team: str = "help") -> Source:
    told = frozenset(TYPES) - set(missing)
    return Source(id="mail", kind="postmark", channel=channel, tells=told, default_team=team)


def test_a_promise_whose_end_nobody_tells_is_named_with_what_is_missing():
    (told,) = unmeasurable(POLICY, [source(*ANSWERS)])

    what, _, why = told.partition(", because ")
    assert what == "E-mail for Help desk: first response cannot be measured"
    assert why == "mail (postmark) cannot tell answers"


def test_a_promise_whose_beginning_nobody_tells_is_named_too():
    told = unmeasurable(POLICY, [source("contact.received", "customer.replied")])

    assert [line.partition(": ")[2].partition(",")[0] for line in told] == [
        "first response cannot be measured",
        "resolution cannot be measured",
    ]
    assert "cannot tell that somebody reached out" in told[0]


def test_a_rule_for_one_queue_of_the_team_counts():
    (told,) = unmeasurable(POLICY, [source("contact.resolved", channel=Channel.CHAT)])

    what, _, why = told.partition(", because ")
    assert what == "Chat for Help desk: resolution cannot be measured"
    assert why == "mail (postmark) cannot tell that something is done"


def test_what_nobody_promised_need_not_be_told():
    assert unmeasurable(POLICY, [source(*ANSWERS, channel=Channel.PHONE, team="line")]) == []
    assert unmeasurable(POLICY, [source()]) == []


def test_a_source_of_several_channels_is_asked_about_those_of_its_team():
    told = unmeasurable(POLICY, [source("contact.resolved", channel=None)])

    assert [line.partition(" for")[0] for line in told] == ["Chat", "E-mail"]


def test_a_source_without_a_team_may_serve_all_of_them():
    nobodys = Source(id="x", kind="y", channel=Channel.EMAIL, tells=frozenset({"contact.received"}))

    told = unmeasurable(POLICY, [nobodys])

    assert {line.partition(":")[0] for line in told} == {
        "E-mail for Help desk",
        "E-mail for Hotline",
    }


def test_a_team_that_the_policy_does_not_have_is_named():
    assert strange_teams(POLICY, [source(team="moon")]) == [
        "mail names the team moon, which the policy does not have: its contacts have no promises"
    ]
    assert strange_teams(POLICY, [source()]) == []
