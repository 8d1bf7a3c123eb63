"""Rules with one thing changed, each of which some case must notice.

All mutants of the rules that a case is about are put before it at once, under names of their own:
rules do not depend on those who come after them, so one run of promtool judges them all.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.alert_rules import Rule, all_rules, cases, name_of, seconds, steps
from tests.debian_tools import run, tool

SWAPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # comparisons, and the numbers compared with
    (r" > ", (" >= ", " < ")),
    (r" >= ", (" > ", " < ")),
    (r" == 1", (" == 2", " != 1", "")),
    (r"(?<= > )0$", ("1", "-1")),
    (r" > 0\)", (")",)),
    (r"(?<= > )(120|4000)(?!\d)", (r"\1 * 1.25", r"\1 * 0.75")),
    (r"(?<= > )30$", ("45", "15")),
    (r"(?<= >= )(\d+)$", (r"\1 + 1", r"\1 - 1")),
    # what is looked at
    (r"\{[^}]*\}", ("",)),
    (r"(?<=[{,])(\w+)!?=~?\"[^\"]*\"(?=[,}])", (r'\1=~".*"', r'\1="nothing"')),
    # replicas, and what is added up
    (r"max without \(instance\)(?! \(\w+\) \* 0)", ("sum without (instance)",)),
    (r"min without \(instance\)", ("max without (instance)",)),
    (r"max by", ("sum by",)),
    (r"sum by", ("max by",)),
    (r"(?<!\w)sum\(", ("max(",)),
    (r"max_over_time", ("min_over_time",)),
    (r"last_over_time", ("min_over_time", "max_over_time")),
    # how it is put together
    (r"(?<=\s)and(?=\s)", ("or", "unless")),
    (r"(?<=\s)or(?=\s)", ("and", "unless")),
    (r"(?<=\s)unless(?=\s)", ("and", "or")),
    (r" - (?!1d)", (" + ",)),
    (r" \* 0", (" * 1",)),
    (r"clamp_max", ("clamp_min",)),
    (r"(?<=, )0\.9\)", ("0.85)", "0.95)")),
    (r"(?<=, )1e-8\)", ("1)", "0.4)")),
    (r"(?<=\()([\d.]+) \* \(1", (r"\1 * 1.1 * (1", r"\1 * 0.9 * (1", r"\1 * (2")),
    (r"(?<=histogram_quantile\()0\.5", ("0.4", "0.6")),
)
UNSEEN = re.compile(
    # Whether replicas are added up cannot be seen where only "more than none" counts; to count
    # nothing leaves nothing to compare.
    r" and sum without| \* \(sum without|unless .* sum without|count\(.*\) >= 1 - 1"
)

PARTS = 8
"""So many runs of promtool, two at a time: a few cases take as long as all others."""


def mutated_expressions(expr: str) -> Iterator[str]:
    """One change at a time."""
    for pattern, replacements in SWAPS:
        for found in re.finditer(pattern, expr):
            for replacement in replacements:
                yield expr[: found.start()] + found.expand(replacement) + expr[found.end() :]
    for found in re.finditer(r"(\[|offset )(\d+[mhd])", expr):
        by = 3600 if found[2].endswith("d") else 60
        for span in (seconds(found[2]) + by, seconds(found[2]) - by):
            yield f"{expr[: found.start(2)]}{span}s{expr[found.end(2) :]}"
    clauses = re.split(r"\s(?=(?:and|unless)\s)", expr)
    for left_out in range(1, len(clauses)):
        yield "\n".join(clauses[:left_out] + clauses[left_out + 1 :])


def with_numbers_only(rule: Rule) -> Rule:
    """Without texts that say no value, or ask for more: written for hundreds of mutants they take long."""
    if "record" in rule:
        return rule
    told = {k: v for k, v in rule["annotations"].items() if "$value" in v and "| query" not in v}
    return {**rule, "annotations": told}


def mutants(rule: Rule) -> Iterator[Rule]:
    step = steps()[name_of(rule)]
    rule = with_numbers_only(rule)
    is_told = "record" in rule or rule["annotations"]
    for expr in dict.fromkeys(mutated_expressions(rule["expr"])):
        is_seen = is_told or "sum without" not in expr
        if expr != rule["expr"] and is_seen and not UNSEEN.search(expr):
            yield {**rule, "expr": expr}
    for delay in {"for", "keep_firing_for"} & rule.keys():
        for by in (-step, step):
            yield {**rule, delay: f"{seconds(rule[delay]) + by}s"}
    if "alert" in rule:
        yield {**rule, "labels": {"severity": "other"}}


def renamed_mutants() -> dict[str, list[Rule]]:
    """The mutants of each rule, each under a name of its own."""
    return {
        name_of(rule): [
            {**mutant, "alert" if "alert" in rule else "record": f"{name_of(rule)}M{number}"}
            for number, mutant in enumerate(mutants(rule))
        ]
        for rule in all_rules()
    }


def needed(wanted: list[Rule]) -> list[Rule]:
    """The recording rules that these rules read, and what those read, in their order."""
    records = [rule for rule in all_rules() if "record" in rule]
    texts, found = [json.dumps(rule) for rule in wanted], set[str]()
    while more := {
        record["record"]
        for record in records
        if record["record"] not in found
        and any(re.search(rf"{record['record']}\b", text) for text in texts)
    }:
        found |= more
        texts += [record["expr"] for record in records if record["record"] in more]
    return [record for record in records if record["record"] in found]


def expected(test: Any, mutant: Rule) -> list[Any]:
    said = mutant["annotations"].keys()
    return [
        {
            **alert,
            "exp_annotations": {k: v for k, v in alert["exp_annotations"].items() if k in said},
        }
        for alert in test["exp_alerts"]
    ]


def judged(case: Any, changed: dict[str, list[Rule]]) -> tuple[list[Rule], Any]:
    """The rules that a case is about with their mutants, and the case that asks all of them."""
    alerts = {test["alertname"] for test in case.get("alert_rule_test", ())}
    asked = " ".join(test["expr"] for test in case.get("promql_expr_test", ()))
    records = {name for name in changed if ":" in name and re.search(rf"{name}\b", asked)}
    tests = [
        {**test, "alertname": mutant["alert"], "exp_alerts": expected(test, mutant)}
        for test in case.get("alert_rule_test", ())
        for mutant in changed[test["alertname"]]
    ]
    queries = [
        json.loads(re.sub(rf"{name}\b", mutant["record"], json.dumps(test)))
        for test in case.get("promql_expr_test", ())
        for name in records
        if re.search(rf"{name}\b", test["expr"])
        for mutant in changed[name]
    ]
    about = [rule for rule in all_rules() if rule.get("alert") in alerts]
    about += [mutant for name in sorted(records | alerts) for mutant in changed[name]]
    tests += case.get("alert_rule_test", ())
    queries += case.get("promql_expr_test", ())
    return about, {**case, "alert_rule_test": tests, "promql_expr_test": queries}


@dataclass(frozen=True)
class Verdict:
    """What the cases say of the rules as they are, and of their mutants."""

    mutants: int
    survivors: list[Rule]
    failed: list[str]
    output: str


def judge(folder: Path) -> Verdict:
    """Ask every case of the rules that it needs and of all their mutants."""
    changed, files = renamed_mutants(), []
    for number, (document, case) in enumerate(cases()):
        about, asking = judged(case, changed)
        rules, test = folder / f"{number}.rules.yml", folder / f"{number}.test.yml"
        asked = [rule for rule in all_rules() if rule.get("record", "-") in json.dumps(asking)]
        group = {"name": "all", "rules": [*needed([*asked, *about]), *about]}
        rules.write_text(json.dumps({"groups": [group]}))
        every = document["evaluation_interval"]
        made = {"rule_files": [rules.name], "evaluation_interval": every, "tests": [asking]}
        test.write_text(json.dumps(made))
        files.append(test)
    with ThreadPoolExecutor(2) as pool:
        parts = [files[first::PARTS] for first in range(PARTS)]
        # With room before it cleans up, it takes two thirds of the time.
        asking = ("GOGC=400", tool("promtool"), "test", "rules")
        told = pool.map(lambda part: run("env", *asking, *part), parts)
        output = "".join(each.stdout + each.stderr for each in told)
    # One that is there is named as it stands; one that cannot be read at all is not named.
    noticed = set(re.findall(r"(?:alertname: |expr: \")([\w:]+)", output))
    everyone = [mutant for made in changed.values() for mutant in made]
    return Verdict(
        mutants=len(everyone),
        survivors=[mutant for mutant in everyone if name_of(mutant) not in noticed],
        failed=sorted(noticed - {name_of(mutant) for mutant in everyone})
        + re.findall(r"(?:yaml|parse|unmarshal).*error.*", output),
        output=output,
    )
