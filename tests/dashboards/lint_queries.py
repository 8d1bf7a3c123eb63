"""What is wrong with the queries of a dashboard, found on their parsed form."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import prod

import promql_parser as promql

from app.core.fairness.causes import CAUSES
from app.metrics.process_families import Code, Door, Limit, Rejection
from tests.dashboards.files import OF_PROCESSES, OF_PROMETHEUS, OF_THE_WORK, Board, Panel

DURATIONS = {"__rate_interval": "11111s", "__range": "22222s", "__interval": "33333s"}
RATE_INTERVAL = timedelta(seconds=11111)
VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|([a-z_]\w*))")
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
MOST = re.compile(r"\b(?:top|bottom)k\((\d+),")
OTHER = 1
VALUES = {
    "tier": 3,
    "cause": len(CAUSES),
    "reason": len(Rejection) + OTHER,
    "limit": len(Limit) + OTHER,
    "door": len(Door) + OTHER,
    "code": len([code for code in Code if code >= 400]) + OTHER,
    "job": 2,
}
"""How many values a label of a legend can have; teams, sources and customers are without number."""
MOST_SERIES = 20
GROWTH = ("rate", "irate", "increase")
ONE_COPY = "max without (instance)"
OVER_TIME = {*GROWTH, "changes", "avg_over_time", "max_over_time"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: where it stands, as written and parsed, or why it cannot be parsed."""

    where: str
    text: str
    tree: promql.Expr | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A metric that a query reads: its labels, its range if any, and what is done to it, outermost first."""

    name: str
    matchers: tuple[tuple[str, str], ...]
    around: tuple[str, ...]
    span: timedelta | None


def parsed(where: str, text: str) -> Asked:
    try:
        return Asked(where, text, promql.parse(VARIABLE.sub(_put_in, text)))
    except ValueError as error:
        return Asked(where, text, None, str(error))


def _put_in(found: re.Match[str]) -> str:
    name = found[1] or found[2]
    return DURATIONS.get(name, f"VAR{name}")


def asks_metrics(board: Board) -> bool:
    return any(v["name"] == "datasource" for v in board["templating"]["list"])


def asked(board: Board) -> Iterator[Asked]:
    """The queries of all panels and marks."""
    for panel in board["panels"]:
        yield from queries(panel)
    for mark in board["annotations"].get("list", ()):
        yield parsed(mark["name"], mark["expr"])


def queries(panel: Panel) -> Iterator[Asked]:
    for target in panel.get("targets", ()):
        if "expr" in target:
            yield parsed(panel["title"], target["expr"])


def reads(
    node: object, around: tuple[str, ...] = (), span: timedelta | None = None
) -> Iterator[Read]:
    """Every metric below a node."""
    match node:
        case promql.VectorSelector():
            matchers = tuple((m.name, m.value) for m in node.matchers.matchers)
            yield Read(node.name or "", matchers, around, span)
        case promql.MatrixSelector():
            yield from reads(node.vector_selector, around, node.range)
        case promql.Call():
            for argument in node.args:
                yield from reads(argument, (*around, node.func.name), span)
        case promql.AggregateExpr():
            yield from reads(node.expr, (*around, _aggregation(node)), span)
        case promql.BinaryExpr():
            yield from reads(node.lhs, around, span)
            yield from reads(node.rhs, around, span)
        case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
            yield from reads(node.expr, around, span)
        case _:
            return


def _aggregation(node: promql.AggregateExpr) -> str:
    if node.modifier is None:
        return str(node.op)
    word = "by" if node.modifier.type == promql.AggModifierType.By else "without"
    return f"{node.op} {word} ({', '.join(node.modifier.labels)})"


def readings(board: Board) -> Iterator[tuple[Asked, Read]]:
    for one in asked(board):
        for read in reads(one.tree):
            yield one, read


def parses(board: Board) -> Iterator[tuple[str, str]]:
    for one in asked(board):
        if one.tree is None:
            yield one.where, one.refused


def drop_downs_parse(board: Board) -> Iterator[tuple[str, str]]:
    for variable in board["templating"]["list"]:
        if variable["type"] != "query" or not isinstance(variable["query"], dict):
            continue
        found = re.fullmatch(r"label_values\((.+), *\w+\)", variable["query"]["query"])
        if not found or parsed("", found[1]).tree is None:
            yield variable["name"], "does not ask for the values of a label"


def rate_interval(board: Board) -> Iterator[tuple[str, str]]:
    for one, read in readings(board):
        if read.around[-1:] in {("rate",), ("irate",)} and read.span != RATE_INTERVAL:
            yield one.where, f"a rate over {read.span}"


def narrowed(label: str) -> Callable[[Board], Iterator[tuple[str, str]]]:
    """The rule that every metric is narrowed to what is chosen above."""

    def rule(board: Board) -> Iterator[tuple[str, str]]:
        for one, read in readings(board):
            if not any(n == label and f"VAR{label}" in value for n, value in read.matchers):
                yield one.where, read.name

    return rule


def counters_grow(board: Board) -> Iterator[tuple[str, str]]:
    for one, read in readings(board):
        counts = read.name.endswith(("_total", "_bucket", "_count", "_sum"))
        if counts and (not read.around or read.around[-1] not in GROWTH):
            yield one.where, read.name


def one_copy(board: Board) -> Iterator[tuple[str, str]]:
    """What describes the work is the same on all replicas: it is read once before anything else."""
    for one, read in readings(board):
        around = (
            read.around[:-1] if read.around[-1:] and read.around[-1] in OVER_TIME else read.around
        )
        if read.name in OF_THE_WORK and around[-1:] != (ONE_COPY,):
            yield one.where, read.name


def known_metrics(board: Board) -> Iterator[tuple[str, str]]:
    for one, read in readings(board):
        if read.name not in OF_PROCESSES | OF_THE_WORK | OF_PROMETHEUS:
            yield one.where, f"nobody exports {read.name}"
    for variable in board["templating"]["list"]:
        for name in re.findall(r"\bevenhand_\w+", str(variable["query"])):
            if asks_metrics(board) and name not in OF_PROCESSES | OF_THE_WORK:
                yield variable["name"], f"nobody exports {name}"


def few_series(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        if panel["type"] != "table" and most_series(panel) > MOST_SERIES:
            yield panel["title"], f"can have {most_series(panel)} series"


def most_series(panel: Panel) -> float:
    """How many series a panel can have: a thousand where nothing limits them."""
    return sum(
        _most(target["expr"], target["legendFormat"])
        for target in panel.get("targets", ())
        if "expr" in target
    )


def _most(expr: str, legend: str) -> int:
    limits = [int(limit) for limit in MOST.findall(expr)]
    if limits:
        return max(limits)
    return prod(VALUES.get(label, 1000) for label in PLACEHOLDER.findall(legend))


def no_customers(board: Board) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        for one in queries(panel):
            if "customer" in re.findall(r"\w+", one.text) and panel["type"] != "table":
                yield panel["title"], "shows customers, and is no table"


QUERY_RULES: Mapping[str, Callable[[Board], Iterator[tuple[str, str]]]] = {
    "template-label-promql-rule": drop_downs_parse,
    "target-promql-rule": parses,
    "target-rate-interval-rule": rate_interval,
    "target-job-rule": narrowed("job"),
    "target-instance-rule": narrowed("instance"),
    "target-counter-agg-rule": counters_grow,
    "our-one-copy": one_copy,
    "our-known-metrics": known_metrics,
    "our-few-series": few_series,
    "our-no-customers": no_customers,
}
