"""How an alert is written: its labels, its addresses, and numbers asked for when it is told.

The texts are templates of Prometheus. Nothing of the policy stands in them: teams and tiers come
from the labels, so no name can break them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.policy import ClockKind

CHANNEL_SET = "&var-channel={{ $labels.channel | urlquery }}"
GROUP = ("channel", "clock", "team", "tier")
CLOCK = '{{ $labels.clock | reReplaceAll "w_up" "w-up" | reReplaceAll "_" " " }}'
ONE_OR_MORE = "{{{{ if eq $value 1.0 }}}}{one}{{{{ else }}}}{more}{{{{ end }}}}"
IS_ARE = ONE_OR_MORE.format(one="is", more="are")
CUSTOMERS = "{{ $labels.tier }} " + ONE_OR_MORE.format(one="customer", more="customers")
COUNT = '{{ $value | printf "%.0f" }}'


@dataclass(frozen=True, slots=True)
class Told:
    """What people read. ``panel`` is the dashboard and the panel that shows it, of the team if any."""

    summary: str
    what: str
    next_step: str
    panel: str
    has_team: bool = True


@dataclass(frozen=True, slots=True)
class Alert:
    """When it is told, how urgently, and how long it waits for a cause and stays after its end."""

    name: str
    expr: str
    severity: str
    waits: str
    stays: str
    told: Told

    def as_rule(self) -> dict[str, Any]:
        """The alert as Prometheus reads it."""
        of_team = "&var-team={{ $labels.team | urlquery }}" if self.told.has_team else ""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.waits,
            "keep_firing_for": self.stays,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.told.summary,
                "description": f"{self.told.what} Next step: {self.told.next_step}",
                "runbook_url": f"{{{{ $externalLabels.docs_url }}}}/runbook.md#{self.name.lower()}",
                "dashboard_url": f"{{{{ $externalLabels.grafana_url }}}}/d/{self.told.panel}{of_team}",
            },
        }


def asked(expr: str, labels: tuple[str, ...] = GROUP, sentence: str = "#") -> str:
    """A number that is asked for when the alert is told; nothing where there is none.

    ``expr`` has one ``{}`` for the matchers on the alert's own labels, ``sentence`` one ``#``, for
    the number.
    """
    matchers = ",".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    query = expr.replace("{}", f"{{{matchers}}}")
    number = '{{ . | first | value | printf "%.0f" }}'
    said = sentence.replace("#", number)
    return f'{{{{ with printf "{query}" {values} | query }}}}{said}{{{{ end }}}}'


def by_clock(said: Mapping[ClockKind, str], otherwise: str) -> str:
    """What is said of some kinds of promise, and of all others."""
    branches = "{{ else if ".join(
        f'eq $labels.clock "{kind}" }}}}{text}' for kind, text in said.items()
    )
    return f"{{{{ if {branches}{{{{ else }}}}{otherwise}{{{{ end }}}}"


OWED = asked(
    "sum(max without (instance) (evenhand_contacts_waiting{}))",
    ("channel", "team"),
    " Owed an answer on {{ $labels.channel }} in this team now: #.",
)
"""A sentence with how many wait there; nothing where that is not counted."""
