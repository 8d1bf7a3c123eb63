"""What a delivery tells becomes events, or the delivery is kept: nothing of it is left out."""

import pytest

from app.core.events import ContactReceived
from app.sources.adapter import Unreadable
from app.sources.telling import MAX_TELLINGS, Telling, tell
from tests.sources.payloads import NOON, config, delivery


def tellings(count: int) -> list[Telling]:
    return [Telling(subject=f"c{n}", data=ContactReceived(), at=NOON) for n in range(count)]


def test_a_delivery_tells_so_many_events_at_most_and_more_of_them_are_kept_for_later():
    source, sent = config("aircall"), delivery(b"{}")

    assert len(tell(sent, source, "d", tellings(MAX_TELLINGS))) == MAX_TELLINGS
    with pytest.raises(Unreadable, match="at most 64 events"):
        tell(sent, source, "d", tellings(MAX_TELLINGS + 1))
