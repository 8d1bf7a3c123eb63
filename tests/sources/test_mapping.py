import base64
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.__main__ import main
from app.core.events import Channel, Incoming, decode_data, to_event
from app.core.marked_yaml import FaultyFile, read_marked
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, SignedBy, Unreadable
from app.sources.configuration import read_sources
from app.sources.mapping.file import read_mapping
from app.sources.mapping.json_path import BadPath, path_of
from app.sources.translation import translate
from tests.sources.mapping_page import Example, examples, mappings
from tests.sources.payloads import NOON, config, delivery
from tests.sources.test_arbitrary_input import changed

KIND = "mapping"
CANARY = "canary-secret-0123456789"
RECEIVED = "{tell: contact.received, subject: $.id}"
EXAMPLES = list(examples())
RULES = {text: read_mapping(text) for text in mappings().values()}


def rules_of(*rules: str, top: str = "") -> str:
    return top + "rules:\n" + "".join(f"  - {rule}\n" for rule in rules)


def told_by(text: str, payload: Any, **options: Any):
    rules = read_mapping(text)
    return kinds.translate(delivery(payload), config(KIND, mapping=rules, **options))


def read_by(text: str, payload: Any, **options: Any) -> list[Any]:
    return [to_event(event) for event in told_by(text, payload, **options)]


def told_one(rule: str, payload: Any, **options: Any) -> Any:
    (event,) = read_by(rules_of(rule), payload, **options)
    return event


def faults_of(text: str) -> list[str]:
    with pytest.raises(FaultyFile) as refusal:
        read_mapping(text)
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page_means_what_the_page_says(example: Example):
    rules = read_mapping(example.mapping)

    found = translate(KIND, example.payload, example.headers, NOON, rules)

    assert found == example.means


def test_the_page_shows_two_tools_and_what_each_can_mean():
    assert len(EXAMPLES) == 5
    assert set(mappings()) == {"deskline.yaml", "chatwave.yaml"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_the_page_means_is_told_by_its_rules_and_named(example: Example):
    rules = read_mapping(example.mapping)
    settings_ = config(KIND, mapping=rules)
    sent = Delivery({k.lower(): v for k, v in example.headers.items()}, example.payload, NOON)

    adapter = kinds.adapter_of(settings_)

    assert {event["type"] for event in example.means} <= adapter.tells_with(settings_)
    assert adapter.event_of(sent) in adapter.events
    assert all(b"never stored" not in event.body for event in kinds.translate(sent, settings_))


def test_the_command_translates_by_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "m.yaml").write_text(rules_of(RECEIVED))
    (tmp_path / "p.json").write_text('{"id": 5}')

    main(["translate", KIND, str(tmp_path / "p.json"), "--mapping", str(tmp_path / "m.yaml")])

    assert json.loads(capsys.readouterr().out)["contact"] == "5"


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("case_gone", 0, "it can be read, and no rule holds for it (they are for case_new)\n"),
        ("case_new", 1, "rule 1 (case_new): nothing stands at $.case.no or header:x-case\n"),
    ],
)
def test_the_command_says_why_nothing_is_told(name, status, said, tmp_path, capsys):
    rule = "{on: case_new, tell: contact.received, subject: [$.case.no, header:X-Case]}"
    (tmp_path / "m.yaml").write_text(rules_of(rule, top="event: $.event\n"))
    (tmp_path / "p.json").write_text(json.dumps({"event": name}))
    told = [str(tmp_path / "p.json"), "--mapping", str(tmp_path / "m.yaml")]

    assert main(["translate", KIND, *told]) == status
    assert capsys.readouterr().err == said


def test_what_rules_share_is_blamed_once():
    rules = rules_of("{tell: contact.received}", "{tell: contact.resolved}")

    (fault,) = faults_of("defaults: {subject: $..id}\n" + rules)

    assert "defaults.subject" in fault


def test_a_file_that_is_not_there_is_named_with_the_whole_path_that_was_tried(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FaultyFile, match=f"got '{tmp_path}/maps/m.yaml'"):
        read_sources(f"{SOURCES}mapping: {{file: maps/m.yaml}}", lambda *_: CANARY)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["translate", KIND, "p.json"], "expected --mapping with its file"),
        (["translate", "aircall", "p.json", "--mapping", "m.yaml"], "expected no --mapping"),
        (["translate", KIND, "p.json", "--mapping", "m.yaml"], "m.yaml, line 1: rules: expected"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text("{}")
    Path("m.yaml").write_text("rules: 5")

    code = main(arguments)

    assert code
    assert said in capsys.readouterr().err


SOURCES = "sources:\n  - id: tickets\n    kind: mapping\n    secrets: [{env: A}]\n    "


def test_a_source_takes_its_mapping_from_a_file(tmp_path: Path):
    (tmp_path / "m.yaml").write_text(rules_of(RECEIVED, top="channel: email\n"))

    (source,) = read_sources(f"{SOURCES}mapping: {{file: {tmp_path}/m.yaml}}", lambda *_: CANARY)

    assert source.mapping == read_mapping((tmp_path / "m.yaml").read_text())
    assert source.source.channel is Channel.EMAIL
    assert source.source.tells == {"contact.received"}
    assert source.source.silence_limit == timedelta(hours=2)


def test_a_source_may_hold_its_mapping_itself():
    text = f"{SOURCES}mapping:\n      verify: none\n      rules:\n        - {RECEIVED}\n"

    (source,) = read_sources(text.replace("    secrets: [{env: A}]\n", ""), lambda *_: CANARY)

    assert kinds.adapter_of(source).signed_by is SignedBy.NOBODY
    kinds.verify(delivery(b"{}"), source, NOON)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("team_from: team", "sources.0.mapping: is required: {file: PATH}"),
        ("mapping: {file: /nowhere}", "sources.0.mapping.file: expected a file that can be read"),
        ("mapping: 5", "sources.0.mapping: expected a mapping"),
        (
            "mapping: {rules: [{tell: x}]}",
            "line 5: sources.0.mapping.rules.0.tell: expected tell: one of agent.available",
        ),
    ],
)
def test_a_source_without_a_sound_mapping_is_refused(entry, fault):
    with pytest.raises(FaultyFile) as refusal:
        read_sources(SOURCES + entry, lambda *_: CANARY)

    assert any(fault in str(each) for each in refusal.value.faults)


def test_the_faults_of_a_file_are_told_with_its_name_and_lines(tmp_path: Path):
    (tmp_path / "m.yaml").write_text("chanel: email\nrules:\n  - {tell: contact.recieved}\n")

    with pytest.raises(FaultyFile) as refusal:
        read_sources(f"{SOURCES}mapping: {{file: {tmp_path}/m.yaml}}", lambda *_: CANARY)

    first, second = map(str, refusal.value.faults)
    assert f"sources.0.mapping.file: {tmp_path}/m.yaml, line 1: chanel: expected one of" in first
    assert "m.yaml, line 3: rules.0.tell: expected tell: one of" in second


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("5", "line 1: file: expected a mapping with verify, channel"),
        ("rules: []", "line 1: rules: expected a list of 1 to 200 rules, got a list"),
        (rules_of("5"), "line 2: rules.0: expected tell: one of"),
        (rules_of("{tell: contact.received}"), "line 2: rules.0: expected subject: the id"),
        (
            rules_of("{tell: contact.received, subject: $.id, agent: $.a}"),
            "line 2: rules.0.agent: expected one of tell, on, when",
        ),
        (rules_of("{tell: contact.received, subject: $.a..b}"), "rules.0.subject: expected .name"),
        (
            rules_of("{tell: contact.received, subject: $.a, channel: fax}"),
            "rules.0.channel: expected what contact.received takes as channel: phone, chat, email",
        ),
        (
            rules_of("{tell: contact.declined, subject: $.a, reason: lazy}"),
            "takes as reason: refused, no_answer, timeout, busy, got 'lazy'",
        ),
        (
            rules_of("{tell: followup.promised, subject: $.a}"),
            "rules.0: expected due or due_in or due_after, which followup.promised needs, got nothing",
        ),
        (rules_of("{tell: customer.rated, subject: $.a}"), "expected score, which"),
        (rules_of("{on: x, tell: contact.received, subject: $.a}"), "rules.0.on: expected event:"),
        (
            rules_of("{when: {a: 5}, tell: contact.received, subject: $.a}"),
            "rules.0.when.a: expected a path such as $.status",
        ),
        (
            rules_of("{when: {$.a: {is: 5}}, tell: contact.received, subject: $.a}"),
            "rules.0.when.$.a.is: expected one of not, exists, matches",
        ),
        (
            rules_of("{when: {$.a: {exists: 5}}, tell: contact.received, subject: $.a}"),
            "rules.0.when.$.a.exists: expected true or false, got 5",
        ),
        (
            rules_of("{tell: contact.received, subject: {from: $.a, table: no}}"),
            "rules.0.subject.table: expected the name of one of tables (none is there yet)",
        ),
        (
            rules_of("{tell: contact.received, subject: {path: $.a}}"),
            "rules.0.subject.path: expected one of from, table, otherwise",
        ),
        (
            rules_of("{tell: contact.received, subject: $.a, customer: {name: $.b}}"),
            "rules.0.customer.name: expected one of email, phone, domain, id",
        ),
        (rules_of(RECEIVED, top="channel: fax\n"), "line 1: channel: expected one of phone, chat"),
        (rules_of(RECEIVED, top="verify: hope\n"), "line 1: verify.scheme: expected one of token"),
        (rules_of(RECEIVED, top="verify: hmac\n"), "verify.scheme: expected header beside it"),
        (
            rules_of(RECEIVED, top="verify: {scheme: token, algorithm: sha1}\n"),
            "verify.algorithm: expected it with scheme: hmac only",
        ),
        (
            rules_of(RECEIVED, top="verify: {scheme: hmac, header: X-A, signed: '{time}'}\n"),
            "verify.signed: expected text with {body}",
        ),
        (
            rules_of(RECEIVED, top="verify: {scheme: hmac, header: X-A, tolerance: 5m}\n"),
            "verify: expected timestamp: the header with the time of signing",
        ),
        (rules_of(RECEIVED, top="tables: {a: {x: [1]}}\n"), "tables.a.x: expected text, a number"),
        (
            rules_of("{tell: followup.promised, subject: $.a, due_after: soon}"),
            "rules.0.due_after: expected a span such as 30m, 4h or 2d, got 'soon'",
        ),
        (rules_of(RECEIVED, top="defaults: {when: 5}\n"), "defaults.when: expected one of subject"),
        ("rules: [&a {tell: x}, *a]", "is not valid YAML"),
    ],
)
def test_a_fault_names_its_line_its_place_what_was_expected_and_what_came(text, fault):
    faults = faults_of(text)

    assert any(fault in each for each in faults), faults


def test_every_fault_is_told_at_once():
    text = rules_of("{tell: a}", "{tell: contact.received, subject: 5a, team: [}", top="x: 1\n")

    assert faults_of(text)
    assert len(faults_of(rules_of("{tell: a}", "{tell: b}", top="x: 1\n"))) == 3


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("open", True),
        ("[open, new]", True),
        ("Open", False),
        ("{not: open}", False),
        ("{not: [new, closed]}", True),
        ("{exists: true}", True),
        ("{not: {exists: true}}", False),
        ("{matches: 'O*n'}", True),
        ("{matches: 'op'}", False),
        ("{matches: '*pe*'}", True),
        ("{not: {matches: 'o*'}}", False),
    ],
)
def test_a_condition_is_what_it_reads_like(test, holds):
    rule = f"{{when: {{$.status: {test}}}, tell: contact.received, subject: $.id}}"

    assert bool(told_by(rules_of(rule), {"id": 1, "status": "open"})) is holds


@pytest.mark.parametrize(
    ("value", "test", "holds"),
    [
        (5, "5", True),
        ("5 ", "5", False),
        (5, "'5'", True),
        (True, "true", True),
        (1, "true", False),
        (None, "null", False),
        (None, "{exists: false}", True),
        ([1, 2], "1", False),
        (5.0, "5", True),
        (10**40, "5", False),
    ],
)
def test_numbers_and_words_compare_as_people_mean_them(value, test, holds):
    rule = f"{{when: {{$.v: {test}}}, tell: contact.received, subject: $.id}}"

    assert bool(told_by(rules_of(rule), {"id": 1, "v": value})) is holds


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [{"a": {"b c": [1, {"k": "x", "v": 2}, {"k": "y", "v": 3}]}}]),
        ("$.a['b c'][0]", [1]),
        ('$.a["b c"][-1].v', [3]),
        ("$.a['b c'][*].v", [2, 3]),
        ("$.a['b c'][?(@.k == 'x')].v", [2]),
        ("$.a['b c'][?@.k != 'x'].v", [3]),
        ("$.a['b c'][?(@.v == 3)].k", ["y"]),
        ("$.a['b c'][?(@.k)].v", [2, 3]),
        ("$.a.*[0]", [1]),
        ("$.a['b c'][9]", []),
        ("$.nothing.here", []),
    ],
)
def test_a_path_finds_what_it_names(path, found):
    root = {"a": {"b c": [1, {"k": "x", "v": 2}, {"k": "y", "v": 3}]}}

    assert path_of(path).find(root) == found


@pytest.mark.parametrize(
    "path", ["", "a", "$a", "$..a", "$.a[", "$.a[x]", "$[?(@.a > 1)]", "$" + ".a" * 200, "$.a b"]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(BadPath, match="expected"):
        path_of(path)


def test_the_first_value_that_is_there_counts():
    rule = "{tell: contact.received, subject: [$.a, $.b, '{$.c}-{$.d}'], time: [$.t]}"

    assert told_one(rule, {"b": 5}).subject == "5"
    assert told_one(rule, {"c": "x", "d": 2}).subject == "x-2"


def test_what_a_rule_has_of_its_own_goes_before_the_defaults():
    text = rules_of(
        "{tell: contact.answered, subject: $.id, team: $.own}",
        "{tell: contact.resolved}",
        top="defaults: {subject: $.other, team: $.usual, agent: $.by}\n",
    )

    answered, resolved = map(
        to_event, told_by(text, {"id": 1, "other": 2, "own": "o", "usual": "u"})
    )

    assert (answered.subject, answered.data.team) == ("1", "o")
    assert (resolved.subject, resolved.data.team) == ("2", "u")


def test_a_table_knows_words_in_any_letters_and_says_nothing_of_others():
    rule = (
        "{tell: contact.resolved, subject: $.id, outcome: "
        "{from: $.how, table: {Solved: done, 3: turned_away}, otherwise: unknown}}"
    )

    outcomes = [told_one(rule, {"id": 1, "how": how}).data.outcome for how in ("SOLVED", 3, "?")]

    assert outcomes == ["done", "turned_away", "unknown"]
    assert told_one(rule, {"id": 1}).data.outcome == "unknown"


def test_a_word_that_no_event_takes_makes_the_delivery_unreadable():
    rule = "{tell: contact.received, subject: $.id, channel: $.by}"

    with pytest.raises(Unreadable, match=r"rule 1, contact\.received: Invalid enum value"):
        told_one(rule, {"id": 1, "by": "fax"})


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, r"rule 1: nothing stands at \$\.id"),
        ({"id": True}, "expected text or a whole number - at `subject, rule 1`"),
        ({"id": "x" * 300}, "expected at most 256 plain characters - at `subject, rule 1`"),
        ({"id": 1, "at": "noon"}, "expected an instant - at `time, rule 1`"),
        ({"id": 1, "at": [1]}, "expected an instant - at `time, rule 1`"),
        (b"{", "Input data was truncated"),
        (b"[" * 10_000, "JSON is nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_rule(payload, reason):
    with pytest.raises(Unreadable, match=reason):
        told_one("{tell: contact.received, subject: $.id, time: $.at}", payload)


def test_tags_have_the_options_of_sources_yaml():
    rule = "{tell: contact.resolved, subject: $.id, tags: '$.tags[*]', customer: {id: $.who}}"
    payload = {"id": 1, "tags": ["No Time", "spam", "VIP"], "who": "k"}
    options = {
        "turned_away_tags": frozenset({"no time"}),
        "discard_tags": frozenset({"spam"}),
        "tier_tags": {"vip": "important"},
    }

    resolved, gone, updated = read_by(rules_of(rule), payload, **options)

    assert (resolved.data.outcome, gone.type) == ("turned_away", "contact.discarded")
    assert updated.data.tier == "important"


def test_a_machine_that_is_listed_answers_as_one():
    rule = "{tell: agent.replied, subject: $.id, agent: $.by}"

    replied = told_one(rule, {"id": 1, "by": "Flow-Bot"}, bots=frozenset({"flow-bot"}))

    assert replied.data.actor == "bot"


def test_work_of_no_contact_is_of_its_agent():
    told = told_one("{tell: work.started, agent: $.who, kind: wrap_up}", {"who": 31})

    assert (told.subject, told.data.agent, told.data.kind) == ("31", "31", "wrap_up")


def test_of_a_long_list_every_entry_is_looked_at():
    text = rules_of(
        "{each: '$.all[*]', when: {'@.new': true}, tell: customer.replied, subject: $.id}"
    )
    long = [{"new": False}] * 99 + [{"new": True}]

    assert len(told_by(text, {"id": "c", "all": long})) == 1


def test_more_events_than_one_delivery_may_hold_are_kept_for_later_and_none_is_lost_unseen():
    text = rules_of("{each: '$.all[*]', tell: customer.replied, subject: $.id, fact: '@'}")

    with pytest.raises(Unreadable, match="at most 64 events"):
        told_by(text, {"id": "c", "all": list(range(65))})


def test_each_event_of_a_list_has_an_id_of_its_own_and_the_same_again():
    text = rules_of("{each: '$.all[*]', tell: customer.replied, subject: $.id, fact: '@'}")
    payload = {"id": 1, "all": ["a", "b", "c"]}

    events = told_by(text, payload)

    assert [event.fact for event in events] == ["a", "b", "c"]
    assert len({event.id for event in events}) == 3
    assert events == told_by(text, payload)


def test_a_delivery_is_known_by_what_the_mapping_names_it_by():
    text = rules_of(RECEIVED, top="delivery: $.no\n")

    (first,), (again,) = (
        told_by(text, {"id": 1, "no": 7}),
        told_by(text, {"id": 1, "no": 7, "x": 2}),
    )

    assert first.id == again.id
    assert told_by(text, {"id": 1, "no": 8})[0].id != first.id


def test_staff_are_who_they_are_said_to_be():
    rule = "{tell: agent.available, agent: $.a, skills: $.s}"

    event = told_one(rule, {"a": 31, "s": ["de", "en"]})

    assert (event.subject, event.data.skills) == ("31", ("de", "en"))


def verified(how: str, headers: dict[str, str], body: bytes = b"{}", url: str = "") -> None:
    rules = read_mapping(rules_of(RECEIVED, top=f"verify: {how}\n"))
    sent = Delivery(headers, body, NOON, url)
    kinds.verify(sent, config(KIND, mapping=rules, secrets=(CANARY,)), NOON)


def signed(message: bytes, algorithm: str = "sha256") -> "hmac.HMAC":
    return hmac.new(CANARY.encode(), message, getattr(hashlib, algorithm))


NOW = str(int(NOON.timestamp()))


@pytest.mark.parametrize(
    ("how", "headers"),
    [
        ("token", {"authorization": f"Bearer {CANARY}"}),
        ("{scheme: header, header: X-Key}", {"x-key": CANARY}),
        ("{scheme: header, header: X-Key, prefix: 'Key '}", {"x-key": f"Key {CANARY}"}),
        ("{scheme: hmac, header: X-Sig}", {"x-sig": signed(b"{}").hexdigest().upper()}),
        (
            "{scheme: hmac, header: X-Sig, algorithm: sha1, encoding: base64, prefix: 'sha1='}",
            {"x-sig": "sha1=" + base64.b64encode(signed(b"{}", "sha1").digest()).decode()},
        ),
        (
            "{scheme: hmac, header: X-S, signed: 'v0:{timestamp}:{body}', timestamp: X-T, tolerance: 5m}",
            {"x-s": signed(f"v0:{NOW}:{{}}".encode()).hexdigest(), "x-t": NOW},
        ),
        (
            "{scheme: hmac, header: X-S, signed: '{timestamp}{body}', timestamp: X-T, tolerance: 5m}",
            {"x-s": signed(f"{NOW}000{{}}".encode()).hexdigest(), "x-t": f"{NOW}000"},
        ),
        ("none", {}),
    ],
)
def test_a_delivery_is_verified_as_the_mapping_says(how, headers):
    verified(how, headers)


HMAC = "{scheme: hmac, header: X-S, signed: '{timestamp}.{body}', timestamp: X-T, tolerance: 5m}"
OLD = str(int(NOON.timestamp()) - 301)


@pytest.mark.parametrize(
    ("how", "headers", "reason"),
    [
        ("token", {}, "no token"),
        ("{scheme: header, header: X-Key}", {}, "x-key is missing"),
        ("{scheme: header, header: X-Key}", {"x-key": "no"}, "x-key does not hold the secret"),
        ("{scheme: hmac, header: X-S}", {"x-s": "00"}, "x-s does not match what was sent"),
        ("{scheme: hmac, header: X-S, prefix: a=}", {"x-s": "b=0"}, "does not begin with a="),
        (HMAC, {"x-s": "00"}, "x-t is missing"),
        (HMAC, {"x-s": "00", "x-t": "noon"}, "the time of signing is missing or is not"),
        (HMAC, {"x-s": signed(f"{OLD}.{{}}".encode()).hexdigest(), "x-t": OLD}, "signed more than"),
    ],
)
def test_any_other_delivery_is_refused_with_the_reason(how, headers, reason):
    with pytest.raises(BadSignature, match=reason) as refusal:
        verified(how, headers)

    assert CANARY not in refusal.value.reason


PAGE_CASES = st.sampled_from(EXAMPLES)


@given(example=PAGE_CASES, data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_payload_is_refused_or_still_gives_sound_events(example: Example, data):
    payload = changed(changed(json.loads(example.payload), data), data)
    headers = {name.lower(): value for name, value in example.headers.items()}
    sent = Delivery(headers, json.dumps(payload).encode(), NOON)

    events: tuple[Incoming, ...] = ()
    with suppress(Unreadable):
        events = kinds.translate(sent, config(KIND, mapping=RULES[example.mapping]))

    for event in events:
        decode_data(event.type, event.body)


@given(example=PAGE_CASES, data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_damaged_mapping_is_refused_with_its_faults_or_can_be_used(example: Example, data):
    damaged = changed(read_marked(example.mapping).value, data)

    try:
        rules = read_mapping(json.dumps(damaged))
    except FaultyFile as refusal:
        faults = refusal.faults
    else:
        faults = ()
        with suppress(Unreadable):
            kinds.translate(Delivery({}, example.payload, NOON), config(KIND, mapping=rules))

    assert all(fault.line >= 1 and fault.message for fault in faults)


def test_the_headers_that_rules_read_are_kept_with_what_could_not_be_read_but_no_secret_is():
    rule = "{tell: contact.received, subject: [$.id, '{header:X-Id}'], time: header:X-At}"
    top = "event: header:X-Topic\nverify: {scheme: header, header: X-Key}\n"
    text = rules_of(rule, "{tell: contact.merged, subject: $.id, into: header:X-Key}", top=top)

    adapter = kinds.adapter_of(config(KIND, mapping=read_mapping(text)))

    assert adapter.headers == {"x-topic", "x-id", "x-at"}
