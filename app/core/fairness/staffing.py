"""How many agents are usually there: the median of this quarter of an hour over six weeks."""

from statistics import median

import msgspec

QUARTER = 900.0
WEEK = 7 * 86_400.0
WEEKS_KEPT = 6
WEEKS_NEEDED = 3
"""Fewer weeks tell nothing about what is usual."""


def quarter_end(at: float) -> float:
    """When the quarter of an hour that holds an instant is over; the next one's for its end."""
    return (at // QUARTER + 1) * QUARTER


class Staffing(msgspec.Struct, array_like=True, gc=False):
    """Mean agents on duty by quarter of an hour of the week, the latest weeks."""

    known: dict[int, list[float]] = {}
    quarter: int = -1
    agent_seconds: float = 0.0
    seconds: float = 0.0

    def note(self, at: float, seconds: float, on_duty: int) -> None:
        """Count ``seconds`` up to ``at`` in which ``on_duty`` agents were there."""
        quarter = int(at // QUARTER)
        if quarter != self.quarter:
            self._close()
            self.quarter = quarter
        self.agent_seconds += seconds * on_duty
        self.seconds += seconds

    def _close(self) -> None:
        if self.seconds >= QUARTER / 2:
            weeks = self.known.setdefault(self.quarter % int(WEEK // QUARTER), [])
            weeks.append(self.agent_seconds / self.seconds)
            del weeks[:-WEEKS_KEPT]
        self.agent_seconds = self.seconds = 0.0

    def usual(self, at: float) -> float | None:
        """How many agents are usually there at ``at``; none while too few weeks are known."""
        weeks = self.known.get(int(at % WEEK // QUARTER), ())
        return median(weeks) if len(weeks) >= WEEKS_NEEDED else None
