"""The words of a dashboard in another language: which of its texts people read, and their tables.

The English text is the key. Queries, names of metrics and what comes out of them stay as they are.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "languages"
LANGUAGES = ("da", "nb")
"""What the dashboards speak besides English: Danish and Norwegian (bokmål)."""
PLACEHOLDER = re.compile(r"\{\{.+?\}\}|\$\{.+?\}|\$\w+")
READ = {"title", "description", "noValue", "legendFormat", "label", "displayName", "text"}
"""Keys whose value people read, wherever they stand."""
SAID_BY_OVERRIDES = {"displayName", "noValue"}
Change = Callable[[str], str]


def table(language: str) -> dict[str, str]:
    """The texts of a language by their English."""
    kept: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return kept


def placeholders(text: str) -> list[str]:
    """What Grafana fills in, sorted: it must be the same in every language."""
    return sorted(PLACEHOLDER.findall(text))


def texts(shown: dict[str, Any]) -> set[str]:
    """Everything of a dashboard that people read."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.add(text)
        return text

    reworded(shown, note)
    return found


def translated(shown: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    """The dashboard in other words; a text without a translation is a ``KeyError``."""
    return reworded(shown, words.__getitem__)


def reworded(shown: dict[str, Any], change: Change) -> dict[str, Any]:
    """The dashboard with every text that people read put through ``change``."""
    made: dict[str, Any] = _reworded(shown, change)
    for mark in made["annotations"].get("list", []):
        mark["name"] = change(mark["name"])
    return made


def _reworded(value: Any, change: Change) -> Any:
    if isinstance(value, list):
        return [_reworded(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _item(key, item, change) for key, item in value.items()}
    if made.get("id") in SAID_BY_OVERRIDES and _is_read(made["value"]):
        made["value"] = change(made["value"])
    if "transformations" in made:
        _follow(made, {name for kept in _renamed(value) for name in kept.values()}, change)
    return made


def _item(key: str, value: Any, change: Change) -> Any:
    if key == "current":  # what is chosen, in Grafana's own words
        return value
    if key == "renameByName":
        return {name: change(text) for name, text in value.items()}
    if key in READ and isinstance(value, str) and _is_read(value):
        return change(value)
    return _reworded(value, change)


def _renamed(panel: dict[str, Any]) -> list[dict[str, str]]:
    shapes = [each.get("options", {}) for each in panel["transformations"]]
    return [shape["renameByName"] for shape in shapes if "renameByName" in shape]


def _follow(panel: dict[str, Any], columns: set[str], change: Change) -> None:
    """Let the settings of a column, which go by its name, follow its new name."""
    for override in panel["fieldConfig"].get("overrides", []):
        matcher = override["matcher"]
        if matcher["id"] == "byName" and matcher["options"] in columns:
            matcher["options"] = change(matcher["options"])


def _is_read(text: str) -> bool:
    """Whether there is a word in it, besides what Grafana fills in."""
    return text != "__auto" and any(letter.isalpha() for letter in PLACEHOLDER.sub("", text))
