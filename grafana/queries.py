"""The queries behind the panels.

Replicas show the same business values, so every query of them folds them with
`max without (instance)` before it does anything else. What a process did is summed.
"""

# ruff: noqa: D103 - each is one line of PromQL, named

GROUP = 'job=~"$job",channel=~"$channel",team=~"$team"'
CHANNEL = 'job=~"$job",channel=~"$channel"'
SOURCES = 'job=~"$job",channel=~"$channel|any"'
"""A source of all channels is one of every channel that is chosen."""
TEAM = 'job=~"$job",team=~"$team"'
JOB = 'job=~"$job"'
PROCESS = 'job=~"$job",instance=~"$instance"'
MOST_SERIES = 20
"""More lines than that, or rows of a strip, nobody reads."""


def once(expr: str) -> str:
    return f"max without (instance) ({expr})"


def gauge(name: str, matcher: str = GROUP) -> str:
    return once(f"evenhand_{name}{{{matcher}}}")


def gauge_before(name: str, matcher: str, ago: str) -> str:
    return once(f"evenhand_{name}{{{matcher}}} offset {ago}")


def grown(counter: str, window: str) -> str:
    return once(f"increase(evenhand_{counter}_total{{{GROUP}}}[{window}])")


def grown_here(counter: str, more: str = "") -> str:
    """What processes counted in the time range above."""
    return f"sum(increase(evenhand_process_{counter}_total{{{PROCESS}{more}}}[$__range]))"


def pace(counter: str, by: str, more: str = "") -> str:
    """What processes count a second, by a label of few values."""
    counted = f"evenhand_process_{counter}_total{{{PROCESS}{more}}}"
    return f"sum by ({by}) (rate({counted}[$__rate_interval]))"


def pace_of_all(counter: str) -> str:
    return f"sum(rate(evenhand_process_{counter}_total{{{PROCESS}}}[$__rate_interval]))"


def quantile(share: float, histogram: str) -> str:
    """A quantile of what processes measured; absent, not NaN, while nothing was measured."""
    buckets = f"evenhand_process_{histogram}_bucket{{{PROCESS}}}"
    return f"histogram_quantile({share}, sum by (le) (rate({buckets}[$__rate_interval]))) >= 0"


def quantile_of_all(share: float, histogram: str) -> str:
    """The same over the whole time range above."""
    buckets = f"evenhand_process_{histogram}_bucket{{{PROCESS}}}"
    return f"histogram_quantile({share}, sum by (le) (increase({buckets}[$__range]))) >= 0"


def foremost(expr: str, by: str, name: str, matcher: str) -> str:
    """``expr`` for the few that had most of the gauge ``name`` in the time range above."""
    most = (
        f"max by ({by}) ({once(f'max_over_time(evenhand_{name}{{{matcher}}}[$__range] @ end())')})"
    )
    return f"{expr} and on ({by}) topk({MOST_SERIES}, {most})"


def where_any(expr: str, counter: str, by: str = "", more: str = "") -> str:
    """``expr`` for what was counted at all in the time range above, so that it can fall to 0."""
    counted = f"evenhand_process_{counter}_total{{{PROCESS}{more}}}[$__range] @ end()"
    return f"{expr} and on ({by}) (sum by ({by}) (increase({counted})) > 0)"


WAITING = gauge("contacts_waiting")
OVERDUE = gauge("clocks_overdue", f'{GROUP},clock!~"follow_up|callback"')
OVERDUE_WORD = gauge("clocks_overdue", f'{GROUP},clock=~"follow_up|callback"')
"""What we said we would do by ourselves: call back, come back with an answer."""
LATE_SOON = gauge("clocks_late_soon")
OLDEST = gauge("oldest_waiting_timestamp_seconds")
ANSWER_DUE = gauge(
    "next_breach_timestamp_seconds", f'{GROUP},clock=~"first_response|next_response"'
)
"""When answers are due; what else was promised has its own places."""
LATE_LEFT = gauge("today_late_left")
JUDGED_TODAY = gauge("today_settled")
SILENT_AFTER = gauge("source_silent_after_timestamp_seconds", SOURCES)
LAST_NEWS = gauge("source_last_event_timestamp_seconds", SOURCES)
TARGET_SECONDS = gauge("target_seconds")
TARGET_RATIO = gauge("target_ratio")
OVER_PROMISE = (
    f"(time() - {ANSWER_DUE}) / on (job, channel, team, tier, clock) {TARGET_SECONDS} > 0"
)
"""How late answers are, as shares of what was promised: the order in which they are urgent."""


def with_kind(expr: str) -> str:
    """``expr`` with a label ``kind``: what the promise is called in the policy."""
    named = f'label_replace({expr}, "kind", "$1", "clock", "(.+)")'
    named = f'label_replace({named}, "kind", "$1 $2", "clock", "(.+)_(response)")'
    return f'label_replace({named}, "kind", "follow-up", "clock", "follow_up")'


def decided(window: str) -> str:
    """The promises decided in a window, without those that count no more."""
    return f"({grown('clocks_settled', window)} - {grown('clocks_unsettled', window)})"


def share_kept(window: str, by: str = "") -> str:
    """The share of decided promises that were kept; absent, not NaN, while nothing was decided."""
    broken = f"sum{by} ({grown('clocks_breached', window)})"
    withdrawn = f"sum{by} ({grown('breaches_withdrawn', window)})"
    return f"clamp(1 - ({broken} - {withdrawn}) / (sum{by} ({decided(window)}) > 0), 0, 1)"


def share_promised(window: str) -> str:
    """The target of each tier, weighted by the same promises that its share is made of."""
    match = "on (job, channel, team, tier, clock)"
    promised = f"sum by (tier) ({decided(window)} * {match} {TARGET_RATIO})"
    counted = f"sum by (tier) ({decided(window)} * {match} ({TARGET_RATIO} >= bool 0))"
    return f"{promised} / ({counted} > 0)"


def slope(total: str, recent: str) -> str:
    """Growth a second of what a total and a gauge of the last day add up to."""
    sums = gauge(total, TEAM) + " + " + gauge(recent, TEAM)
    return f"clamp_min(deriv(({sums})[$__rate_interval:15s]), 0)"


def where_grown(expr: str, by: str, total: str, recent: str) -> str:
    """``expr`` for what grew at all in the time range above."""
    sums = gauge(total, TEAM) + " + " + gauge(recent, TEAM)
    return f"{expr} and on ({by}) (sum by ({by}) (delta(({sums})[$__range:5m] @ end())) > 0)"
