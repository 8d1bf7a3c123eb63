"""What a pool shows of itself: who waits, who is served first, what it costs. Read by every screen.

Instants are seconds since 1970, spans seconds. Customers and contacts bear their keys; names are put
in where they are shown.
"""

import msgspec


class Waiter(msgspec.Struct, frozen=True):
    """A waiting contact. ``taken_first``: the contact that was started before its turn, if any."""

    contact: str
    customer: str
    tier: str
    channel: str
    since: float
    taken_first: str = ""
    taken_first_of: str = ""


class Row(msgspec.Struct, frozen=True):
    """A customer in the ledgers, over the last day.

    ``favoured``: agent-seconds taken out of turn though nobody agreed; ``entitled``: agent-seconds
    that agreed priority took; ``denied``: slot-seconds.
    """

    customer: str
    tier: str
    favoured: float
    entitled: float
    denied: float
    extra_wait: float
    starts: int
    out_of_turn: int


class Cell(msgspec.Struct, frozen=True):
    """Slot-seconds that ``waited`` was denied by ``taken_first``."""

    waited: str
    taken_first: str
    seconds: float


class Harmed(msgspec.Struct, frozen=True):
    """How much longer a customer waited than in turn."""

    customer: str
    seconds: float


class ShownEpisode(msgspec.Struct, frozen=True):
    """One customer or tier (``tier:<name>``) is served first. Open while ``ended_at`` is none.

    ``waiting``: customers who wait for it now; ``longest_seconds``: of them the longest so far.
    ``severity``: the share of all waiting that it explains, 0 to 1.
    """

    who: str
    started_at: float
    raised_at: float
    ended_at: float | None
    agent_seconds: float
    extra_wait_seconds: float
    severity: float
    share_of_work: float
    share_in_turn: float
    starts: int
    out_of_turn: int
    waiting: int
    longest_seconds: float
    harmed: tuple[Harmed, ...]
    delayed: tuple[Waiter, ...]


class Totals(msgspec.Struct, frozen=True):
    """What was counted of a pool before it was begun anew, up to ``settled_at``: it never falls.

    The fields are those of ``PoolStanding``, so that they can be read from what was told last.
    """

    wait_seconds_total: dict[str, dict[str, float]] = {}
    starts_out_of_turn_total: dict[str, dict[str, int]] = {}
    settled_at: float | None = None


class PoolStanding(msgspec.Struct, frozen=True):
    """One pool as of ``at``.

    ``free`` is none where no source tells who is there. ``free_since``: since when somebody free
    could have served somebody who waits. ``doings``: agents by ``floor.Doing``. ``take_next``: who waits, the first in turn first.
    ``wait_seconds``: by tier and cause, of the last day; ``wait_seconds_total``: all older ones,
    which nothing changes any more: those up to ``settled_at``. ``works_by_other_order``: the team does not work in ``order`` but
    in the other one (by arrival, by deadline), so that nobody is called served first. ``starts_out_of_turn``: by channel and tier, counted likewise.
    """

    team: str
    at: float
    order: str
    waiting: int
    claims: int
    on_duty: int
    free: int | None
    free_since: float | None
    usual: float | None
    starved: int
    doings: dict[str, int] = {}
    take_next: tuple[Waiter, ...] = ()
    episodes: tuple[ShownEpisode, ...] = ()
    rows: tuple[Row, ...] = ()
    matrix: tuple[Cell, ...] = ()
    wait_seconds: dict[str, dict[str, float]] = {}
    wait_seconds_total: dict[str, dict[str, float]] = {}
    starts_out_of_turn: dict[str, dict[str, int]] = {}
    starts_out_of_turn_total: dict[str, dict[str, int]] = {}
    settled_at: float | None = None
    works_by_other_order: bool = False
    favoured_without_label: tuple[str, ...] = ()
    forgotten: int = 0
    too_late: int = 0
