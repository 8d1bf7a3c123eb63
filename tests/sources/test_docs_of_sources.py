"""docs/sources says of every kind what it tells, and where in the tool an address is pasted."""

import pytest

from app.operations.menus import MENUS
from app.sources.kinds import ADAPTERS
from tests.source_table import INDEX, written


def test_the_table_of_kinds_says_what_the_adapters_say():
    assert INDEX.read_text() == written(), "run python -m tests.source_table"


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_every_kind_has_a_page(kind: str):
    page = INDEX.parent / f"{kind}.md"

    assert page.exists()
    assert f"kind: {kind}" in page.read_text()


@pytest.mark.parametrize("kind", sorted(MENUS))
def test_the_menus_that_screens_name_are_those_of_the_page(kind: str):
    text = " ".join((INDEX.parent / f"{kind}.md").read_text().replace("*", "").split())

    assert MENUS[kind].path in text
    assert kind in ADAPTERS
