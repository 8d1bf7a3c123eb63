"""A contact whose turns cannot be worked out is judged all the same."""

from dataclasses import replace

from app.core.clocks.timeline import Timeline
from app.core.registry import EMPTY
from app.operations.fold import in_pools_or_not
from app.operations.rounds import Round
from tests.core.story import at, contact_in, mail, terms

NOON = at("mon 12:00")


def test_one_contact_whose_turns_cannot_be_told_keeps_nobody_elses_from_being_told():
    sound = contact_in([mail("mon 09:00")], "mon 12:00")
    broken = replace(sound, key="broken", line=Timeline("broken", events=()))

    told, untold = in_pools_or_not([broken, sound], {}, EMPTY, Round(terms(), NOON))

    assert [news.key for doings in told for news in doings.news] == [sound.key]
    assert list(untold) == ["c:broken"]
    assert untold["c:broken"].startswith("ValueError")
