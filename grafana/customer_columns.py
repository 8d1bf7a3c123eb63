"""The columns of the dashboard "Customer": their titles, and what their codes are called."""

from collections.abc import Mapping

from grafana_foundation_sdk.models import dashboard

from grafana.panels import setting

WORKING = (
    "${wallboard_url}/v1/contacts/${__value.raw:percentencode}"
    "?source=${__data.fields.source:percentencode}"
)
"""How a contact's deadlines were worked out; the service asks for a token of the scope `read`."""

PROMISES = {
    "first_response": "first response",
    "next_response": "next response",
    "resolution": "resolution",
    "update": "update",
    "follow_up": "follow-up",
    "callback": "callback",
    "ownership": "ownership",
}
CHANNELS = {"phone": "phone", "chat": "chat", "email": "e-mail"}
VERDICTS = {
    "kept": ("kept", "green"),
    "late": ("late", "red"),
    "late, still open": ("late, still open", "red"),
    "open": ("in time so far", "text"),
    "paused": ("paused", "text"),
    "no answer needed": ("no answer needed", "text"),
    "does not count": ("does not count", "text"),
    "cannot be judged": ("cannot be judged", "orange"),
    "nothing is due": ("nothing is due", "text"),
}
HAPPENED = {
    "told no": ("turned away", "purple"),
    "to call back": ("waits to be called back", "orange"),
    "called back": ("was called back", "green"),
    "others taken first": ("waited because others were taken first", "red"),
}
COLUMNS = {
    "contact": "Contact",
    "channel": "Channel",
    "team": "Team",
    "waiting_since": "Waiting since",
    "clock": "Promise",
    "target_seconds": "Promised within",
    "elapsed_seconds": "It took",
    "late_at": "Late from",
    "due_at": "Promised for",
    "promised_at": "Promised",
    "moves": "Moved",
    "verdict": "Verdict",
    "rule": "Rule",
    "since": "Since",
    "until": "Until",
    "happened": "What happened",
    "seconds": "Extra waiting",
    "source": "Source",
    "link": "In the tool",
}
SPANS = {"target_seconds", "elapsed_seconds", "seconds"}
INSTANTS = {"waiting_since", "late_at", "due_at", "promised_at", "since", "until"}


def _words(words: Mapping[str, tuple[str, str | None]]) -> dashboard.DynamicConfigValue:
    """The words, and the colours, for the values of a column."""
    options = {
        code: {"text": text, "index": place} | ({"color": colour} if colour else {})
        for place, (code, (text, colour)) in enumerate(words.items())
    }
    return setting("mappings", [{"type": "value", "options": options}])


def _plain(words: Mapping[str, str]) -> dashboard.DynamicConfigValue:
    return _words({code: (text, None) for code, text in words.items()})


def _link(title: str, url: str) -> dashboard.DynamicConfigValue:
    return setting("links", [{"title": title, "url": url, "targetBlank": True}])


IN_COLOUR = setting("custom.cellOptions", {"type": "color-text"})
OPENED = {"pattern": "^http.*", "result": {"text": "open", "index": 0}}
SETTINGS = {
    "clock": [_plain(PROMISES)],
    "channel": [_plain(CHANNELS)],
    "verdict": [_words(VERDICTS), IN_COLOUR],
    "happened": [_words(HAPPENED), IN_COLOUR],
    "contact": [_link("How it was worked out", WORKING)],
    "link": [
        setting("mappings", [{"type": "regex", "options": OPENED}]),
        _link("Open in the tool", "${__value.raw:raw}"),
    ],
    **{name: [setting("unit", "dthms"), setting("decimals", 0)] for name in SPANS},
    **{name: [setting("unit", "dateTimeFromNow")] for name in INSTANTS},
}
"""What sets a column apart, besides its title."""

WIDTHS = {
    "contact": 120,
    "channel": 75,
    "team": 85,
    "waiting_since": 115,
    "clock": 115,
    "target_seconds": 130,
    "elapsed_seconds": 85,
    "late_at": 105,
    "due_at": 110,
    "promised_at": 105,
    "moves": 70,
    "verdict": 130,
    "rule": 105,
    "since": 110,
    "until": 110,
    "happened": 170,
    "seconds": 120,
    "source": 120,
    "link": 100,
}
"""In pixels, so that all columns stand on a screen 1280 wide; one of each table takes what is left."""

NO_CELL = setting("noValue", "-")


def shown_as(column: str, stretched: str) -> list[dashboard.DynamicConfigValue]:
    """How a column of a query is shown, in a table in which another, or this one, is stretched."""
    width = [] if column == stretched else [setting("custom.width", WIDTHS[column])]
    return [setting("displayName", COLUMNS[column]), NO_CELL, *width, *SETTINGS.get(column, [])]
