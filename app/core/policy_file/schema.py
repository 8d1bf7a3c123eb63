"""The JSON Schema of a policy file, made from what reads it: editors check and explain by it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from app.core.policy_file.keys import DESCRIPTIONS, SAME_KEYS_AS
from app.core.policy_file.words import UNITS, WEEKDAYS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_POSITIVE = r"(?=[^1-9]*[1-9])"
_DURATION = r"(?:[0-9]+(?:\.[0-9]+)?\s*[smh]\s*)+"
_BUSINESS_DAYS = (
    r"0*(?:[1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-5])\s*business days?(?:,? end of day)?"
)
_TIME = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_HOURS = rf"\s*{_TIME}\s*-\s*(?:{_TIME}|24:00)\s*"
_DAY = "|".join("".join(f"[{c.upper()}{c}]" for c in day) for day in WEEKDAYS)
_DAYS = rf"\s*(?:{_DAY})(?:-(?:{_DAY})?)?\s*"


def _text(pattern: str, *examples: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{pattern})$", "examples": list(examples)}


WORDS: Mapping[str, Schema] = {
    "duration": _text(rf"{_POSITIVE}\s*{_DURATION}", "20s", "10m", "4h", "1h 30m"),
    "duration_or_off": _text(rf"off|0s|{_POSITIVE}\s*{_DURATION}", "60s", "off"),
    "days_or_duration": _text(
        rf"\s*[0-9]{{1,4}} days?\s*|{_POSITIVE}\s*{_DURATION}", "90 days", "12h"
    ),
    "target": _text(
        rf"\s*{_BUSINESS_DAYS}\s*|{_POSITIVE}\s*{_DURATION}(?: calendar\s*)?",
        *("20s", "4h", "1h 30m", "2 business days", "1 business day, end of day", "24h calendar"),
    ),
    "spans": {
        "anyOf": [_text(rf"closed|{_HOURS}(?:,{_HOURS})*", "08:00-16:00"), {"type": "null"}],
        "examples": ["08:00-16:00", "08:00-12:00, 12:30-16:00", "closed"],
    },
}
"""What each word of ``words`` looks like, by the name of the function that reads it.

A pattern takes what the reader takes, but for what no pattern can say: spans over ten years, hours
that overlap or end before they begin.
"""

_WEEKDAYS: Schema = {"pattern": f"^(?:{_DAYS}(?:,{_DAYS})*)$"}
_KEYS_OF: Mapping[str, Schema] = {"Calendar.hours": _WEEKDAYS, "Calendar.breaks": _WEEKDAYS}
"""What the keys of a mapping look like where the model only says that they are text."""


class Undescribed(LookupError):  # noqa: N818 - named for the fact
    """A key of the policy that nobody has described, or a word without a pattern."""


def policy_schema(model: type[BaseModel]) -> Schema:
    """Describe a policy file as JSON Schema 2020-12.

    Raises ``Undescribed`` where a key has no description in ``keys``.
    """
    made = model.model_json_schema(schema_generator=_Generator)
    sections: Schema = {
        name.lstrip("_"): _described(name.lstrip("_"), section)
        for name, section in made.pop("$defs", {}).items()
    }
    top = _described("Policy", made)
    told = {**top, "$defs": {name: sections[name] for name in sorted(sections)}}
    return {"$schema": DIALECT, "title": "Evenhand policy", **_plain(told)}


class _Generator(GenerateJsonSchema):
    """pydantic's own, where our words are concerned: they are text, and their patterns are known."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Schema:
        """Describe a word by its pattern; one or several by both forms."""
        name = getattr(schema["function"]["function"], "__name__", "")
        if name == "_several":
            several = self.generate_inner(schema["schema"])
            return {"anyOf": [several.get("items", {}), several]}
        if name == "_target_alone":
            return {"anyOf": [{**WORDS["target"]}, self.generate_inner(schema["schema"])]}
        if name not in WORDS:
            raise Undescribed(f"expected a pattern for the word {name!r} in policy_schema")
        return {**WORDS[name]}

    def frozenset_schema(self, schema: core_schema.FrozenSetSchema) -> Schema:
        """Take a list that says something twice: the reader does."""
        made = super().frozenset_schema(schema)
        made.pop("uniqueItems", None)
        return made

    def encode_default(self, dft: Any) -> Any:
        """Say a span as the file does."""
        return written(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        """Leave out defaults that say nothing: none, an empty mapping, a whole section."""
        made = super().default_schema(schema)
        if made.get("default") is None or isinstance(made.get("default"), dict | list):
            made.pop("default", None)
        return made


def written(span: timedelta) -> str:
    """Write a span as the policy file does: ``90 days``, ``1h 30m``, ``off``."""
    if span and not span % timedelta(days=1) and span > timedelta(days=2):
        return f"{span.days} days"
    seconds, parts = int(span.total_seconds()), []
    for unit, length in sorted(UNITS.items(), key=lambda unit: -unit[1]):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "off"


def _described(section: str, made: Schema) -> Schema:
    """The section with what it is for, and what each of its keys means."""
    told = {key: value for key, value in made.items() if key != "title"}
    if (about := DESCRIPTIONS.get(section)) is not None:
        told["description"] = about
    if "properties" in told:
        told["properties"] = {
            key: _key(f"{section}.{key}", value) for key, value in told["properties"].items()
        }
    return told


def _key(place: str, made: Schema) -> Schema:
    told = {key: value for key, value in made.items() if key != "title"}
    section, _, name = place.partition(".")
    about = told.pop("description", None) or DESCRIPTIONS.get(place)
    about = about or DESCRIPTIONS.get(f"{SAME_KEYS_AS.get(section)}.{name}")
    if about is None:
        raise Undescribed(f"expected a description of {place} in policy_keys")
    if place in _KEYS_OF:
        told["propertyNames"] = _KEYS_OF[place]
    if place == "Policy.warnings" and told.get("items") == {"type": "string"}:
        told["items"] = _text(
            rf"\s*[0-9]{{1,2}} ?%\s*|{_POSITIVE}\s*{_DURATION} (?:after|before closing)\s*",
            *("80 %", "1h after", "30m before closing"),
        )
    return {"description": about, **told}


def _plain(value: Any) -> Any:
    """References without the underscore that our own names begin with."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case str():
            return value.replace("#/$defs/_", "#/$defs/")
        case _:
            return value
