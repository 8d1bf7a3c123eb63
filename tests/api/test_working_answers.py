"""What programs are told of a very long stretch is short, and adds up all the same."""

from datetime import UTC, datetime

import pytest

from app.api.working_answers import clock_of
from app.core import events as e
from app.core.policy import Policies
from app.core.policy_file.reading import read_policy
from app.core.replay import Terms
from app.core.working.account import account_in
from app.core.working.wanted import Wanted

POLICY = """
calendars: {{office: {{zone: Europe/Copenhagen, hours: {{{hours}}}}}}}
teams: {{help: {{calendar: office}}}}
targets: [{{rule: all, first_response: 4h}}]
"""
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("hours", ['mon-fri: "08:00-11:30, 12:00-16:00"', 'mon: "09:00-17:00"'])
def test_decades_are_told_by_their_ends_and_one_sum(hours: str):
    terms = Terms(Policies((read_policy(POLICY.format(hours=hours)),)))
    received = e.Event(
        source="/desk",
        id="1",
        occurred_at=datetime(1970, 1, 1, tzinfo=UTC),
        subject="c1",
        data=e.ContactReceived(channel=e.Channel.EMAIL, team="help"),
    )
    account = account_in([received], terms, Wanted("c1"), NOW)

    told = clock_of(account.workings[0], account, ())

    counted, left_out = told.working.counted, told.working.left_out
    shown = [*counted.first, *counted.last]
    assert 0 < len(counted.first) <= 10
    assert 0 < len(counted.last) <= 10
    assert all(span.seconds == (span.end - span.start).total_seconds() for span in shown)
    assert sum(span.seconds for span in shown) + counted.more_seconds == counted.seconds
    assert counted.seconds == told.elapsed_seconds
    assert (counted.more, left_out.more) == (None, None)
    assert len(left_out.first) + len(left_out.last) <= 20
