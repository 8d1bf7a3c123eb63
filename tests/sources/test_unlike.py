"""What another tool sends is refused with a word that says so."""

import pytest

from app.sources import kinds
from app.sources.adapter import Unreadable
from tests.sources.payloads import config, delivery

TOOLS = {
    "aircall": "Aircall",
    "chatwoot": "Chatwoot",
    "helpscout": "Help Scout",
    "intercom": "Intercom",
    "zammad": "Zammad",
    "zendesk": "Zendesk",
}


@pytest.mark.parametrize("kind", sorted(TOOLS))
def test_what_bears_nothing_of_a_tool_does_not_look_like_it(kind: str):
    with pytest.raises(Unreadable, match=f"this does not look like {TOOLS[kind]}: is another tool"):
        kinds.translate(delivery({"specversion": "1.0"}), config(kind))


@pytest.mark.parametrize("kind", sorted({*TOOLS, "front"} - {"helpscout"}))
def test_what_is_no_json_is_not_what_a_tool_of_json_sends(kind: str):
    with pytest.raises(Unreadable, match="this is no JSON as the tool sends it"):
        kinds.translate(delivery(b"a=1&b=2"), config(kind))
