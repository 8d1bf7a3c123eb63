"""A small part of JSONPath (RFC 9535): where in a payload something stands, without surprises.

``$.a.b``, ``$['a b']``, ``$.list[0]``, ``$.list[-1]``, ``$.list[*]``, ``$.list[?(@.kind == 'x')]``
and ``$.list[?(@.kind)]``; ``@`` in place of ``$`` begins at the entry of a list that is looked at.
There is no search in all depths, so a path never costs more than a walk over what it names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

MAX_FOUND = 500
"""Places that one path gives."""
MAX_LOOKED_AT = 2_000
"""Entries that one path looks at."""
MAX_STEPS = 20
MAX_LENGTH = 300

_NAME: Final = r"[^\W\d][\w-]*"
_QUOTED: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_INNER: Final = rf"(?:\.{_NAME}|\[(?:{_QUOTED})\])+"
_STEP: Final = re.compile(
    rf"\.(?P<name>{_NAME})"
    rf"|\[(?P<quoted>{_QUOTED})\]"
    r"|\[(?P<index>-?\d{1,6})\]"
    r"|(?P<every>\[\*\]|\.\*)"
    rf"|\[\?\s*\(?\s*@(?P<inner>{_INNER})"
    rf"(?:\s*(?P<sign>==|!=)\s*(?P<value>{_QUOTED}|-?\d+(?:\.\d+)?|true|false|null))?\s*\)?\s*\]"
)
_ESCAPED: Final = re.compile(r"\\(.)")
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}
_MISSING: Final = object()


class BadPath(ValueError):  # noqa: N818 - named for the fact
    """Not a path, with what is wrong about it."""


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True)
class _Index:
    index: int


@dataclass(frozen=True, slots=True)
class _Every:
    pass


@dataclass(frozen=True, slots=True)
class _Filter:
    """Keeps the entries in which ``inner`` is there, is ``value``, or is something else."""

    inner: tuple[str, ...]
    sign: str | None
    value: Any

    def keeps(self, entry: Any) -> bool:
        found = entry
        for name in self.inner:
            found = found.get(name, _MISSING) if isinstance(found, dict) else _MISSING
        if self.sign is None:
            return found is not _MISSING and found is not None
        return same(found, self.value) is (self.sign == "==")


_Step = _Name | _Index | _Every | _Filter


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was read: ``text`` as it was written, and whether it begins at an entry."""

    text: str
    from_entry: bool
    steps: tuple[_Step, ...]

    def find(self, root: Any, entry: Any = None) -> list[Any]:
        """What stands there, in order; nothing where the payload has no such place."""
        nodes = [entry if self.from_entry else root]
        left = MAX_LOOKED_AT
        for step in self.steps:
            candidates = list(islice(_stepped(nodes, step, left), MAX_FOUND))
            left -= sum(_width(node) for node in nodes)
            nodes = candidates
        return nodes


def path_of(text: str) -> Path:
    """Read a path, or raise ``BadPath`` saying from where on it is none."""
    if len(text) > MAX_LENGTH:
        raise BadPath(f"expected a path of at most {MAX_LENGTH} characters, got {len(text)}")
    if text[:1] not in ("$", "@"):
        raise BadPath(f"expected a path that begins with $ or @, got {text!r}")
    steps: list[_Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or len(steps) == MAX_STEPS:
            raise BadPath(
                f"expected .name, ['name'], [0], [*] or [?(@.name == 'x')], got {text[at:]!r}"
            )
        steps.append(_step(found))
        at = found.end()
    return Path(text, text[0] == "@", tuple(steps))


def same(found: Any, wanted: Any) -> bool:
    """Whether a value of a payload is one that a person wrote: 5 and "5" are one."""
    if isinstance(found, bool) or isinstance(wanted, bool) or found is None or wanted is None:
        return found is wanted
    if isinstance(found, int | float | str) and isinstance(wanted, int | float | str):
        return found == wanted or (
            type(found) is not type(wanted) and _text(found) == _text(wanted)
        )
    return False


def _text(value: float | str) -> str:
    # A number of thousands of digits is nobody's id, and Python refuses to write it.
    return (
        value if isinstance(value, str) else f"{value:g}" if abs(value) < 1e6 else f"{value!r:.40}"
    )


def _step(found: re.Match[str]) -> _Step:
    if found["name"] is not None:
        return _Name(found["name"])
    if found["quoted"] is not None:
        return _Name(_unquoted(found["quoted"]))
    if found["index"] is not None:
        return _Index(int(found["index"]))
    if found["every"] is not None:
        return _Every()
    inner = tuple(
        each["name"] if each["name"] is not None else _unquoted(each["quoted"])
        for each in _STEP.finditer(found["inner"])
    )
    return _Filter(inner, found["sign"], _value(found["value"]))


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1])


def _value(text: str | None) -> Any:
    if text is None or text in _WORDS:
        return None if text is None else _WORDS[text]
    if text[0] in "'\"":
        return _unquoted(text)
    return float(text) if "." in text else int(text)


def _width(node: Any) -> int:
    return len(node) if isinstance(node, dict | list) else 1


def _stepped(nodes: list[Any], step: _Step, left: int) -> Iterator[Any]:
    match step:
        case _Name(name):
            yield from (node[name] for node in nodes if isinstance(node, dict) and name in node)
        case _Index(index):
            lists = (node for node in nodes if isinstance(node, list))
            yield from (node[index] for node in lists if -len(node) <= index < len(node))
        case _Every():
            yield from islice(_entries(nodes), max(left, 0))
        case _Filter():
            entries = islice(_entries(nodes), max(left, 0))
            yield from (entry for entry in entries if step.keeps(entry))


def _entries(nodes: list[Any]) -> Iterator[Any]:
    for node in nodes:
        if isinstance(node, dict):
            yield from node.values()
        elif isinstance(node, list):
            yield from node
