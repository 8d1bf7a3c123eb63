"""An episode: one customer, or one tier, is served first and others wait for it."""

import msgspec


class Harm(msgspec.Struct, array_like=True, gc=False):
    """How much longer one customer waited than in turn, in seconds."""

    customer: str
    seconds: float


class Delayed(msgspec.Struct, array_like=True, gc=False):
    """A contact that waited longer than in turn, and the contact that was taken first."""

    contact: str
    customer: str
    channel: str
    ready: float
    extra_seconds: float
    taken_first: str
    taken_first_of: str


class Episode(msgspec.Struct, array_like=True, gc=False):
    """Amounts of one episode so far; instants in seconds since 1970, ``ended_at`` none while open.

    ``agent_seconds``: work on its contacts before their fair turn, and idleness kept for them
    (``reserved_seconds``).
    ``extra_wait_seconds``: what others waited longer than in turn. ``severity``: that as a share of
    all they waited. ``share_of_work`` and ``share_in_turn``: its part of all work as it was and as
    it would have been.
    """

    who: str
    started_at: float
    raised_at: float
    ended_at: float | None
    agent_seconds: float
    reserved_seconds: float
    extra_wait_seconds: float
    severity: float
    share_of_work: float
    share_in_turn: float
    starts: int
    out_of_turn: int
    harmed: tuple[Harm, ...] = ()
    delayed: tuple[Delayed, ...] = ()


def continues(before: Episode, later: Episode) -> bool:
    """Whether the later one began before the earlier one had ended: then they are one."""
    return (
        before.who == later.who
        and before.ended_at is not None
        and later.started_at <= before.ended_at
        and before.started_at <= later.started_at
    )
