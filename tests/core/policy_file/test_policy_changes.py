"""What a new version of a policy changes, in the words of the file; and what is wrong with one."""

import pytest

from app.core.marked_yaml import FaultyFile
from app.core.policy_file.changes import MAX_CHANGES, Change, PolicyChanges, policy_changes
from app.core.policy_file.faults import MAX_FAULTS, policy_faults
from app.core.policy_file.reading import read_policy

OLD = """
version: 1
calendars: {office: {hours: {mon-fri: 08:00-16:00}}}
teams: {help: {calendar: office}}
targets:
  - {rule: vip, when: {queue: vip}, first_response: 1h}
  - {rule: chat, when: {channel: chat}, first_response: 60s, next_response: 5m}
  - {rule: all, first_response: 4h}
"""


def test_the_same_promises_in_a_new_version_are_no_change():
    assert policy_changes(OLD, OLD.replace("version: 1", "version: 2")).is_empty


def test_targets_that_differ_are_named_by_rule_and_key():
    new = OLD.replace("60s, next_response: 5m", "30s, resolution: 2h").replace("[a, b]", "")

    assert policy_changes(OLD, new).targets == (
        Change("targets.chat.first_response", "60s", "30s"),
        Change("targets.chat.next_response", "5m", "not written"),
        Change("targets.chat.resolution", "not written", "2h"),
    )


def test_new_rules_gone_rules_and_another_order_are_told_apart():
    lines = OLD.splitlines()
    swapped = "\n".join([*lines[:5], lines[6], lines[5], lines[7]])

    assert policy_changes(OLD, OLD.replace("rule: vip", "rule: gold")) == PolicyChanges(
        rules_new=("gold",), rules_gone=("vip",)
    )
    assert policy_changes(OLD, swapped) == PolicyChanges(reordered=True)


def test_what_is_no_target_is_named_by_its_path():
    new = OLD.replace("mon-fri: 08:00-16:00", "mon-thu: 08:00-16:00, fri: closed")
    new += "clocks: {short_abandon: off}\nwarnings: [50 %, 80 %]\nfairness: {order: due}\n"

    assert policy_changes(OLD, new).others == (
        Change("calendars.office.hours.mon-fri", "08:00-16:00", "not written"),
        Change("calendars.office.hours.mon-thu", "not written", "08:00-16:00"),
        Change("calendars.office.hours.fri", "not written", "closed"),
        Change("clocks.short_abandon", "not written", "off"),
        Change("warnings", "not written", "50 %, 80 %"),
        Change("fairness.order", "not written", "due"),
    )


def test_a_target_that_became_more_than_a_span_is_shown_whole():
    new = OLD.replace("first_response: 4h}", "first_response: {target: 4h, ends_in: [a, b]}}")

    (change, *others) = policy_changes(OLD, new).targets
    assert others or change.path.startswith("targets.all.first_response")


def test_more_changes_than_anybody_reads_are_counted():
    many = "".join(f"  t{n}: {{calendar: office}}\n" for n in range(MAX_CHANGES + 7))

    told = policy_changes("version: 1", f"teams:\n{many}")

    assert (len(told.others), told.left_out) == (MAX_CHANGES, 7)


def test_against_nothing_everything_is_new():
    assert policy_changes("{}", OLD).rules_new == ("vip", "chat", "all")


@pytest.mark.parametrize(
    ("text", "line", "path", "expected", "came"),
    [
        ("new_for: soon", 1, "new_for", "a span such as 20s, 10m, 4h or 1h 30m", "'soon'"),
        ("# one\nversion: 0", 2, "version", "should be greater than or equal to 1", "0"),
        ("teams: {a: {}}", 1, "teams.a.calendar", "a value here", "teams: {a: {}}"),
        (
            *("teams: {a: {calendar: x}}", 1, "teams.a.calendar", "there is no calendar 'x'"),
            "teams: {a: {calendar: x}}",
        ),
        ("shoe: 42", 1, "shoe", "a word of a policy file; see the example policy", "shoe: 42"),
        ("", 1, "", "a policy", "nothing"),
        ("- a", 1, "", "a policy", "list"),
        ("a: [", 1, "", None, "a: ["),
    ],
)
def test_a_fault_says_where_what_was_expected_and_what_came(text, line, path, expected, came):
    with pytest.raises(FaultyFile) as refusal:
        read_policy(text)

    (fault,) = policy_faults(text, refusal.value)

    assert (fault.line, fault.path, fault.came) == (line, path, came)
    assert fault.expected == expected or (expected is None and "valid YAML" in fault.expected)
    assert fault.message in str(refusal.value)


def test_faults_are_told_in_the_order_of_the_file_and_not_without_end():
    text = "".join(f"shoe{n}: 1\n" for n in range(MAX_FAULTS + 5)) + "version: 0\n"
    with pytest.raises(FaultyFile) as refusal:
        read_policy(text)

    told = policy_faults(text, refusal.value)

    assert [fault.line for fault in told] == list(range(1, MAX_FAULTS + 1))
