"""Rules that depend on the policy: what is late, by tier, and when too large a share is late."""

from typing import Any

from app.core.alerting.meaning import has_promise, tiers_of
from app.core.alerting.quoting import quoted
from app.core.alerting.share import FAST, MOST, PACES, PROMISED, SLOW, SPOKEN, Pace
from app.core.alerting.wording import (
    CHANNEL_SET,
    CLOCK,
    COUNT,
    CUSTOMERS,
    GROUP,
    IS_ARE,
    ONE_OR_MORE,
    OWED,
    Alert,
    Told,
    asked,
    by_clock,
)
from app.core.policy import ClockKind, Policy

STAYS = "3m"
"""So long an alert on what is so now stays after its end: a cause outlasts what it explains."""
OUT_OF_DATE = "EvenhandRulesOutOfDate"

_STEP = "1e-8"
"""To what shares are rounded; the inverse of 1e-9 is no whole number in binary."""
_LEVEL = "_".join(GROUP)
_BY = f"sum by ({', '.join(GROUP)})"
_LATE = f"{_LEVEL}:evenhand_clocks_overdue_pageable:sum"
_OPENING = f"{_LEVEL}:evenhand_clocks_overdue_at_opening:sum"
_BACK = frozenset({ClockKind.FOLLOW_UP, ClockKind.CALLBACK})
"""Promises to come back to a customer: they have alerts of their own."""

Rule = dict[str, Any]


def rules(policy: Policy) -> dict[str, Any]:
    """The rule file as Prometheus reads it. The tier that the policy names first pages."""
    first = quoted(tiers_of(policy)[0])
    ranks = (("Important", f"tier={first}", "page"), ("", f"tier!={first}", "ticket"))
    groups: list[dict[str, Any]] = [{"name": "evenhand-late", "rules": _late_now(ranks)}]
    if has_promise(policy, tiers_of(policy)[0]):
        groups[0]["rules"].append(_out_of_date(first).as_rule())
    records = {pace: _records(pace) for pace in PACES}
    # What broke at the opening is kept out of the alerts about shares too.
    held_back = f"{_BY} (max without (instance) (evenhand_clocks_overdue_at_opening))"
    records[FAST].insert(0, _record(_OPENING, held_back))
    for pace in PACES:
        alerts = [alert.as_rule() for alert in _of_share(pace, ranks)]
        name = f"evenhand-late-{pace.long}"
        groups.append({"name": name, "interval": pace.every, "rules": records[pace] + alerts})
    return {"groups": groups}


_Ranks = tuple[tuple[str, str, str], ...]


def _late_now(ranks: _Ranks) -> list[Rule]:
    pageable = f"{_BY} (max without (instance) (evenhand_clocks_overdue_pageable))"
    alerts = [
        alert
        for rank, tier, severity in ranks
        for waits in ("3m" if severity == "page" else "5m",)
        for alert in (
            _overdue(f"Evenhand{rank}Overdue", tier, severity, waits),
            _came_back_late(f"Evenhand{rank}PromiseBroken", tier, severity, waits),
            _not_called(f"Evenhand{rank}CallbackMissed", tier, severity, waits),
        )
    ]
    return [_record(_LATE, pageable), *(alert.as_rule() for alert in alerts)]


def _overdue(name: str, tier: str, severity: str, waits: str) -> Alert:
    kinds = "|".join(sorted(_BACK))
    told = Told(
        summary=f"{{{{ $labels.team }}}}: {COUNT} {{{{ $labels.tier }}}} late on "
        f"{{{{ $labels.channel }}}} ({CLOCK})",
        what=f"{COUNT} {CUSTOMERS} {IS_ARE} past the promised {CLOCK} on "
        "{{ $labels.channel }} in team {{ $labels.team }}."
        f'{{{{ if match "response$" $labels.clock }}}}{OWED}{{{{ end }}}}',
        next_step=by_clock(
            {
                ClockKind.RESOLUTION: "see on the wallboard which these are, decide for each who "
                "finishes it, and tell the customer until when.",
                ClockKind.UPDATE: "tell them how it stands, the oldest first, even where nothing is "
                "new; the wallboard lists them.",
                ClockKind.OWNERSHIP: "give each to somebody by name; the wallboard lists them.",
            },
            "give the one that has waited longest to somebody who is free; the wallboard names it, "
            "and says whether others are taken first.",
        ),
        panel=f"evenhand-now?viewPanel=7{CHANNEL_SET}",
    )
    return Alert(name, f'{_LATE}{{clock!~"{kinds}",{tier}}} > 0', severity, waits, STAYS, told)


def _came_back_late(name: str, tier: str, severity: str, waits: str) -> Alert:
    promises = ONE_OR_MORE.format(one="promise", more="promises")
    were = ONE_OR_MORE.format(one="was", more="were")
    told = Told(
        summary=f"{{{{ $labels.team }}}}: {COUNT} {promises} to {{{{ $labels.tier }}}} customers "
        "not kept in time ({{ $labels.channel }})",
        what=f"{COUNT} {promises} to come back to {{{{ $labels.tier }}}} customers, made on "
        f"{{{{ $labels.channel }}}} by team {{{{ $labels.team }}}}, {were} not kept in time.",
        next_step="let somebody contact them now, the oldest first, if only to say when they hear "
        "more; the wallboard lists them.",
        panel=f"evenhand-now?viewPanel=5{CHANNEL_SET}",
    )
    expr = f'{_LATE}{{clock="{ClockKind.FOLLOW_UP}",{tier}}} > 0'
    return Alert(name, expr, severity, waits, STAYS, told)


def _not_called(name: str, tier: str, severity: str, waits: str) -> Alert:
    told = Told(
        summary=f"{{{{ $labels.team }}}}: {COUNT} {CUSTOMERS} not called back in time "
        "({{ $labels.channel }})",
        what=f"{COUNT} {CUSTOMERS} who did not get through to team {{{{ $labels.team }}}}, or got "
        "no help, should have been called back by now.",
        next_step="call them, the one that has waited longest first; the wallboard lists them.",
        panel=f"evenhand-now?viewPanel=5{CHANNEL_SET}",
    )
    expr = f'{_LATE}{{clock="{ClockKind.CALLBACK}",{tier}}} > 0'
    return Alert(name, expr, severity, waits, STAYS, told)


def _out_of_date(first: str) -> Alert:
    told = Told(
        summary="The alert rules are of an older policy: nobody is paged for late customers",
        what="The policy in force promises nothing to the tier for which these rules page; it was "
        "renamed or taken out.",
        next_step="make rules and routes anew from the policy in force (`make rules`), and let "
        "Prometheus and Alertmanager load them.",
        panel="evenhand-now?viewPanel=10",
        has_team=False,
    )
    promised = "max without (instance) (evenhand_target_ratio{})"
    asked_for, any_at_all = promised.format(f"{{tier={first}}}"), promised.format("")
    expr = f"absent({asked_for})\nand on () count({any_at_all}) >= 1"
    return Alert(OUT_OF_DATE, expr, "ticket", "5m", STAYS, told)


def _records(pace: Pace) -> list[Rule]:
    windows = [pace.long] if pace is PROMISED else [pace.short, pace.long]
    made = [record for window in windows for record in _share_records(window)]
    levels = ", ".join(GROUP)
    allowed = f"1 - max by ({levels}) (max without (instance) (evenhand_target_ratio))"
    limit = _exact(f"clamp_max({pace.factor:g} * ({allowed}), {MOST:g})")
    return [*made, _record(_limit(pace), limit)]


def _share_records(window: str) -> list[Rule]:
    late = f"{_LEVEL}:evenhand_clocks_late:increase{window}"
    decided = _decided(window)
    return [
        _record(late, _growth("clocks_breached", "breaches_withdrawn", window)),
        _record(decided, _growth("clocks_settled", "clocks_unsettled", window)),
        _record(_share(window), _exact(f"{late} / ({decided} > 0)")),
    ]


def _exact(share: str) -> str:
    """A share without what binary fractions add: 1 of 10 is not more than 1 - 0.9."""
    return f"round({share}, {_STEP})"


def _growth(counted: str, taken_back: str, window: str) -> str:
    """What was counted in the window, less what was taken back in it."""
    more, less = (
        f"max without (instance) (increase(evenhand_{name}_total[{window}]))"
        for name in (counted, taken_back)
    )
    return f"{_BY} (\n  {more}\n  - {less}\n)"


def _decided(window: str) -> str:
    return f"{_LEVEL}:evenhand_clocks_decided:increase{window}"


def _share(window: str) -> str:
    return f"{_LEVEL}:evenhand_clocks_late_per_clocks_decided:ratio_increase{window}"


def _limit(pace: Pace) -> str:
    return f"{_LEVEL}:evenhand_clocks_late_per_clocks_decided:limit{pace.long}"


def _record(name: str, expr: str) -> Rule:
    return {"record": name, "expr": expr}


def _of_share(pace: Pace, ranks: _Ranks) -> list[Alert]:
    if pace is PROMISED:
        return [_too_late("Evenhand", pace, "", "ticket", "15m")]
    waits = {FAST: ("3m30s", "5m30s"), SLOW: ("5m", "8m")}[pace]
    return [
        _too_late(f"Evenhand{rank}", pace, f"{{{tier}}}", severity, wait)
        for (rank, tier, severity), wait in zip(ranks, waits, strict=True)
    ]


def _too_late(prefix: str, pace: Pace, tier: str, severity: str, waits: str) -> Alert:
    above = f"\n  > {_limit(pace)}"
    expr = (
        f"{_share(pace.long)}{tier}{above}\nand {_share(pace.short)}{above}\n"
        f"and {_decided(pace.long)} >= {pace.at_least}"
    )
    if pace is not PROMISED:
        expr += f"\nunless max_over_time({_OPENING}[{pace.short}]) > 0"
    stays = "15m" if pace is PROMISED else STAYS
    return Alert(prefix + pace.name, expr, severity, waits, stays, _told_of(pace))


def _told_of(pace: Pace) -> Told:
    late = asked(f"round({_LEVEL}:evenhand_clocks_late:increase{pace.long}{{}})")
    decided = asked(f"round({_decided(pace.long)}{{}})")
    spoken, who = SPOKEN[pace.long], "{{ $labels.tier }} customers"
    where = "{{ $labels.channel }}"
    summary = f"{late} of {decided} {who} late on {where} in the last {spoken} ({CLOCK})"
    if pace is PROMISED:
        summary = f"over {spoken} more {who} were late than may be ({where})"
    owed = f'{{{{ if match "response$" $labels.clock }}}}{OWED}{{{{ end }}}}'
    return Told(
        summary=f"{{{{ $labels.team }}}}: {summary}",
        what=f"Late in the last {spoken}: {late} of {decided} answered or overdue, {CLOCK} on "
        f"{where} to {who} in team {{{{ $labels.team }}}}; and it goes on."
        f"{'' if pace is PROMISED else owed}",
        next_step=_NEXT_STEP[pace],
        panel=f"evenhand-now?viewPanel=9{CHANNEL_SET}",
    )


_NEXT_STEP = {
    FAST: "see who is there and who is free, lend people from a team with time left, and tell "
    "those who wait how long it takes.",
    SLOW: "see since when, and whether fewer people are there than were planned for these hours.",
    PROMISED: "look with whoever plans the shifts at the hours in which it happens, or promise "
    "less in the policy.",
}
