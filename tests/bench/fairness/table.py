"""The table that ``make bench-fairness`` prints, in Markdown: a row a scenario, and what it means."""

from collections.abc import Iterator, Mapping

from app.simulate.fairness.scenarios import SCENARIOS, Group
from tests.bench.fairness.score import Score

HEADINGS = (
    "scenario",
    "hours",
    "to find",
    "found",
    "right of those told",
    "false in 24 h",
    "minutes until told",
    "time in common",
    "right name",
    "who waited",
    "agent time",
    "extra wait",
)

LEGEND = """\
*to find*: stretches in which somebody was served first to the cost of others, known because the same
day was played again in turn. *found*: the share of them that an episode told of in time. *right of
those told*: the share of episodes that hit one. *time in common*: of the minutes in either. *right
name*: the largest episode names who was served first. *who waited*: customers named and true, of those
in either. *agent time* and *extra wait*: the amounts told against the true ones."""


def table(scores: Mapping[str, Score]) -> Iterator[str]:
    """Lines of Markdown: every scenario, the families, all, and the days of mere habits."""
    yield _line(HEADINGS)
    yield _line(["---", *["---:"] * (len(HEADINGS) - 1)])
    for name, score in scores.items():
        number = SCENARIOS[name].number
        yield _row(f"{name} ({number})" if number else name, score)
    yield _row("**S1 to S16**", _sum(scores, {Group.FAMILY}))
    yield _row("**all**", _sum(scores, set(Group)))
    yield ""
    yield LEGEND
    habits = _sum(scores, {Group.HABIT})
    if habits.hours:
        yield ""
        yield (
            f"**Habits that favour nobody: {habits.false} false episodes in {habits.hours:.0f} h, "
            f"{habits.false_a_day:.2f} in 24 h.**"
        )


def _sum(scores: Mapping[str, Score], groups: set[Group]) -> Score:
    chosen = (score for name, score in scores.items() if SCENARIOS[name].group in groups)
    return sum(chosen, Score())


def _row(name: str, score: Score) -> str:
    return _line(
        [
            name,
            f"{score.hours:.0f}",
            str(score.to_find),
            _share(score.recall),
            _share(score.precision),
            f"{score.false_a_day:.2f}",
            "" if score.delay_minutes is None else f"{score.delay_minutes:.0f}",
            _share(score.overlap),
            _share(score.culprit),
            _share(score.victims),
            _error(score.agent_error),
            _error(score.wait_error),
        ]
    )


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _error(value: float | None) -> str:
    return "" if value is None else f"{value:+.0%}"
