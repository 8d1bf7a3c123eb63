"""Check a value against a JSON Schema 2020-12, as far as our own schemas go.

A keyword that is not known here is an error: what is not checked must not look as if it were.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

NOTES = frozenset({"$schema", "$defs", "title", "description", "default", "examples"})
"""Keywords that refuse nothing."""
DEEPER = frozenset(
    {"$ref", "anyOf", "items", "properties", "additionalProperties", "propertyNames"}
)
"""Keywords that refuse by schemas of their own."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
_FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
}


def _is_of(told: str, value: Any) -> bool:
    return isinstance(value, _TYPES[told]) and (told == "boolean" or type(value) is not bool)


def _is_formed(told: str, value: str) -> bool:
    try:
        _FORMATS[told](value)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


SAYS: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": _is_of,
    "enum": lambda told, value: value in told,
    "const": lambda told, value: value == told,
    "pattern": lambda told, value: not isinstance(value, str) or bool(re.search(told, value)),
    "minLength": lambda told, value: not isinstance(value, str) or len(value) >= told,
    "maxLength": lambda told, value: not isinstance(value, str) or len(value) <= told,
    "minimum": lambda told, value: not _is_number(value) or value >= told,
    "maximum": lambda told, value: not _is_number(value) or value <= told,
    "exclusiveMinimum": lambda told, value: not _is_number(value) or value > told,
    "exclusiveMaximum": lambda told, value: not _is_number(value) or value < told,
    "format": lambda told, value: not isinstance(value, str) or _is_formed(told, value),
}
"""What a keyword says about the value itself."""


def faults(value: Any, schema: Any, root: Any = None, path: str = "$") -> list[str]:
    """What is wrong with ``value``, each fault with its path."""
    root = schema if root is None else root
    found: list[str] = []
    for keyword, told in schema.items():
        if keyword == "required":
            missing = set(told) - value.keys() if isinstance(value, dict) else set()
            found += [f"{path}: lacks {key}" for key in sorted(missing)]
        elif keyword in DEEPER:
            found += _deeper(keyword, told, value, (schema, root, path))
        elif keyword not in NOTES and not SAYS[keyword](told, value):
            found.append(f"{path}: breaks {keyword} {told}")
    return found


def _deeper(keyword: str, told: Any, value: Any, place: tuple[Any, Any, str]) -> Iterable[str]:
    """What a keyword refuses by schemas of its own."""
    schema, root, path = place
    match keyword:
        case "$ref":
            return faults(value, root["$defs"][told.removeprefix("#/$defs/")], root, path)
        case "anyOf":
            fits = any(not faults(value, choice, root, path) for choice in told)
            return [] if fits else [f"{path}: is none of {len(told)} forms"]
        case "items":
            items = enumerate(value) if isinstance(value, list) else ()
            below = [(item, told, f"{path}[{number}]") for number, item in items]
        case _:
            below = _below(keyword, told, value if isinstance(value, dict) else {}, (schema, path))
    return (fault for item, part, place_ in below for fault in faults(item, part, root, place_))


def _below(
    keyword: str, told: Any, value: dict[str, Any], place: tuple[Any, str]
) -> list[tuple[Any, Any, str]]:
    """The parts of an object that a keyword is about: each with its schema and its path."""
    schema, path = place
    if keyword == "propertyNames":
        return [(key, told, f"{path}.{key}") for key in value]
    if keyword == "properties":
        return [(value[key], told[key], f"{path}.{key}") for key in told if key in value]
    others = [key for key in value if key not in schema.get("properties", {})]
    refused = {"enum": ()} if told is False else told
    return [(value[key], refused, f"{path}.{key}") for key in others]
