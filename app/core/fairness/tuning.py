"""How much disorder, debt and evidence it takes: every number of the fairness measure, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import log
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Tuning:
    """Materiality, evidence and time scales. Seconds unless a name says otherwise.

    ``debt`` is in agent-seconds, ``extra_wait`` in contact-seconds. ``between_false_alarms`` is the
    expected number of contested starts between two false episodes of one customer. ``proven_wait``
    and ``proven_customers`` are what must come out when everything is played in turn. ``bets``: each
    with its part of the stake. ``material``: a shorter difference between two waits is chance;
    ``reach``: how far from somebody's harm the gain that explains it may lie; ``kept``: an agent
    free for a shorter moment was not kept for anybody.
    """

    debt: float = 300.0
    extra_wait: float = 600.0
    proven_wait: float = 720.0
    proven_customers: int = 2
    between_false_alarms: float = 1e4
    blind_share: float = 0.1
    bets: tuple[tuple[float, float], ...] = ((log(6), 0.9), (log(30), 0.1))
    tolerated_share: float = 0.06
    tolerated_floor: float = 0.002
    significant_share: float = 0.02
    onset_share: float = 0.1
    debt_cap: float = 4.0
    clear: float = 900.0
    tick: float = 30.0
    claim: float = 900.0
    material: float = 30.0
    reach: float = 900.0
    kept: float = 10.0
    longest_reply: float = 900.0
    waited_for: float = 60.0
    forgotten_after: int = 8
    member_share: float = 0.5
    contested_remembered: int = 256
    believed_free: float = 900.0
    free_notice: float = 60.0
    slow: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"phone": 2400.0, "chat": 5400.0, "email": 7200.0})
    )

    def at_pace(self, pace: float) -> "Tuning":
        """The same where a contact centre lives ``pace`` times as fast, as in a demonstration."""
        if pace == 1:
            return self
        spans = {name: getattr(self, name) / pace for name in SPANS}
        slow = {channel: seconds / pace for channel, seconds in self.slow.items()}
        return replace(self, **spans, slow=slow)


SPANS = (
    "debt",
    "extra_wait",
    "proven_wait",
    "clear",
    "tick",
    "claim",
    "material",
    "reach",
    "kept",
    "longest_reply",
    "waited_for",
    "believed_free",
    "free_notice",
)
"""The fields of ``Tuning`` that are lengths of time."""

DEFAULT = Tuning()
