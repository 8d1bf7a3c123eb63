"""A contact's turn in one ledger: where it stands, and who comes before it."""

from enum import IntEnum

import msgspec

Line = tuple[str, str]
"""Channel and skill: what one slot could have served."""


class State(IntEnum):
    """Where a contact stands in a ledger."""

    GONE = 0
    WAITING = 1
    CLAIM = 2
    OUT_OF_TURN = 3
    IN_TURN = 4


class Turn(msgspec.Struct, array_like=True, eq=False, gc=False):
    """A contact in one ledger; of two with the same ``key`` the smaller ``number`` comes first.

    ``overtook``: contacts passed over when it was started. ``is_counted``: it stands in its line,
    waiting or as a claim that nobody was started past yet.
    """

    contact: str
    customer: str
    tier: str
    line: Line
    key: float
    number: int
    load: float
    state: State = State.GONE
    is_rightful: bool = False
    is_counted: bool = False
    overtook: int = 0
