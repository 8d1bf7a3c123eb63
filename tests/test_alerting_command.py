"""`policy rules` and `policy routes`: the files that the example policy makes, and their freshness."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from app.__main__ import main
from app.commands.alerting import written
from tests.debian_tools import ROOT, run

EXAMPLE = ROOT / "deploy" / "policy.yaml"
RULES = ROOT / "deploy" / "prometheus" / "evenhand.policy.rules.yml"
ROUTES = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RECEIVERS = ROOT / "deploy" / "alertmanager" / "receivers.yml"
TEXT = st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=200) | st.text(
    alphabet="ab :#'\"{}[]|>-\n", max_size=200
)
NASTY = """
version: 1
calendars: {always: {zone: Europe/Copenhagen, always_open: true}}
tiers: {"a \\"b\\" {{ c }}": {}, "x # y: z": {default: true}}
teams:
  "sup: # {{ port }}":
    calendar: always
    channels: [phone]
    notify: {pages: "me: # you", quiet_hours: {fri-sun: "07:00-08:30"}}
targets: [{rule: All, first_response: 1h}]
"""


@pytest.fixture
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heads name the files as they were given, so the committed ones are made from here."""
    monkeypatch.chdir(ROOT)


def routes_of(policy: Path, receivers: Path, *more: str) -> list[str]:
    return ["policy", "routes", str(policy), "--receivers", str(receivers), *more]


@pytest.mark.requirement(32)
@pytest.mark.usefixtures("at_the_root")
def test_the_committed_files_are_what_the_example_policy_makes(capsys):
    receivers = str(RECEIVERS.relative_to(ROOT))
    rules = ["policy", "rules", "--check", str(RULES.relative_to(ROOT))]
    routes = [
        "policy",
        "routes",
        "--receivers",
        receivers,
        "--check",
        str(ROUTES.relative_to(ROOT)),
    ]

    assert (main(rules), main(routes)) == (0, 0)
    assert capsys.readouterr().out.splitlines() == [
        "deploy/prometheus/evenhand.policy.rules.yml is fresh",
        "deploy/alertmanager/alertmanager.yml is fresh",
    ]


@pytest.mark.usefixtures("at_the_root")
def test_what_is_printed_is_the_file(capsys):
    assert main(["policy", "rules"]) == 0

    assert capsys.readouterr().out == RULES.read_text()


def test_what_is_made_does_not_depend_on_how_the_files_are_named(capsys):
    assert main(["policy", "rules", str(EXAMPLE), "--check", str(RULES)]) == 0
    assert main(routes_of(EXAMPLE, RECEIVERS, "--check", str(ROUTES))) == 0

    assert capsys.readouterr().out == f"{RULES} is fresh\n{ROUTES} is fresh\n"


def test_a_file_that_is_written_is_the_one_that_is_printed(tmp_path, capsys):
    made = tmp_path / "made.yml"
    made.write_text("the one before")

    assert main(["policy", "rules", str(EXAMPLE), "--out", str(made)]) == 0
    assert (made.read_text(), capsys.readouterr().out) == (RULES.read_text(), "")

    assert main(routes_of(EXAMPLE, RECEIVERS, "--out", str(made))) == 0
    assert made.read_text() == ROUTES.read_text()
    assert list(tmp_path.iterdir()) == [made]


def test_a_fault_leaves_the_file_as_it_was(tmp_path, capsys):
    policy, made = tmp_path / "policy.yaml", tmp_path / "made.yml"
    policy.write_text("version: none")
    made.write_text("the one before")

    assert main(["policy", "rules", str(policy), "--out", str(made)]) == 1
    assert main(routes_of(policy, RECEIVERS, "--out", str(made))) == 1

    assert str(policy) in capsys.readouterr().err
    assert made.read_text() == "the one before"
    assert sorted(tmp_path.iterdir()) == [made, policy]


def test_a_file_of_another_policy_is_not_fresh(tmp_path, capsys):
    policy = tmp_path / "policy.yaml"
    policy.write_text(EXAMPLE.read_text().replace("important", "gold"))

    status = main(["policy", "rules", str(policy), "--check", str(RULES)])

    assert status == 1
    assert capsys.readouterr().err == (
        f"{RULES} is not what {policy} gives now: `make rules` writes it anew\n"
    )


def test_a_receiver_that_nobody_set_up_is_refused_with_its_place(tmp_path, capsys):
    policy = tmp_path / "policy.yaml"
    policy.write_text(EXAMPLE.read_text().replace("pages: [hotline-lead]", "pages: [hotlin-lead]"))

    assert main(routes_of(policy, RECEIVERS)) == 1

    said = capsys.readouterr().err
    assert said.startswith(
        f"{policy}: teams.hotline.notify.pages needs the receiver 'hotlin-lead'; there is 'on-call'"
    )
    assert said.endswith(f"'hotline-lead' in {RECEIVERS}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("receivers: [", "line 1: file: is not valid YAML"),
        ("route: {}", "expected `receivers:` and a list of them"),
        ("receivers: [{name: a}, {name: a}]", "expected every receiver once, got two named 'a'"),
    ],
)
def test_a_file_that_holds_no_receivers_is_refused_by_name(tmp_path, capsys, text, said):
    receivers = tmp_path / "receivers.yml"
    receivers.write_text(text)

    assert main(routes_of(EXAMPLE, receivers)) == 1

    err = capsys.readouterr().err
    assert str(receivers) in err
    assert said in err


def test_what_strange_names_make_is_read_by_both_tools(tmp_path, capsys):
    policy, receivers = tmp_path / "policy.yaml", tmp_path / "receivers.yml"
    policy.write_text(NASTY)
    receivers.write_text(RECEIVERS.read_text() + '  - name: "me: # you"\n')

    assert main(["policy", "rules", str(policy)]) == 0
    (tmp_path / "rules.yml").write_text(capsys.readouterr().out)
    assert main(routes_of(policy, receivers)) == 0
    (tmp_path / "alertmanager.yml").write_text(capsys.readouterr().out)

    assert run("promtool", "check", "rules", tmp_path / "rules.yml").returncode == 0
    assert run("amtool", "check-config", tmp_path / "alertmanager.yml").returncode == 0


@given(
    st.dictionaries(st.text("abc", min_size=1), TEXT | st.lists(TEXT, max_size=3), max_size=4), TEXT
)
def test_what_is_written_is_read_back_whatever_stands_in_it(value, comment):
    text = written([" ".join(comment.split())], value)

    assert YAML(typ="safe").load(io.StringIO(text)) == value
    assert all(len(line) <= 100 for line in text.splitlines() if line.startswith("#"))
