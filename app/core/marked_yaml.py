"""Read YAML 1.2 and remember the line of every key, so that an error can say where it stands."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

MAX_TEXT = 1_000_000
"""Characters of YAML that are read at most."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: where, and what was expected and what came."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """Write the fault as people read it."""
        return f"line {self.line}: {self.path or 'file'}: {self.message}"


class FaultyFile(ValueError):  # noqa: N818 - named for the fact
    """A file that cannot be used, with every fault found."""

    def __init__(self, faults: Sequence[Fault], file: str = "") -> None:
        self.faults = tuple(faults)
        place = f"{file}, " if file else ""
        super().__init__("\n".join(f"{place}{fault}" for fault in self.faults))

    def in_file(self, file: str) -> "FaultyFile":
        """The same faults, said with the file they stand in."""
        return FaultyFile(self.faults, file)


@dataclass(frozen=True, slots=True)
class Marked:
    """A parsed file: plain values, and the line on which each path stands."""

    value: Any
    _root: Any

    def line_of(self, path: Sequence[str | int]) -> int:
        """Give the line, counted from 1, of the deepest part of ``path`` that the file has."""
        node, line = self._root, 1
        for step in path:
            if isinstance(node, CommentedMap) and step in node:
                line = node.lc.key(step)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                line = node.lc.item(step)[0] + 1
            else:
                break
            node = node[step]
        return line

    def fault(self, path: Sequence[str | int], message: str) -> Fault:
        """Describe what is wrong at ``path``."""
        return Fault(self.line_of(path), ".".join(map(str, path)), message)


def read_marked(text: str) -> Marked:
    """Parse YAML by the 1.2 core schema (``NO`` is text, ``24:00`` is text).

    Raises ``FaultyFile`` where it is no YAML, repeats a key or is larger than ``MAX_TEXT``.
    """
    if len(text) > MAX_TEXT:
        raise FaultyFile([Fault(1, "", f"must be at most {MAX_TEXT} characters, got {len(text)}")])
    try:
        root = YAML(typ="rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = (error.problem or "cannot be read").splitlines()[0]
        raise FaultyFile([Fault(line, "", f"is not valid YAML: {problem}")]) from None
    return Marked(_plain(root), root)


def _plain(node: Any) -> Any:
    match node:
        case dict():
            return {_scalar(key): _plain(value) for key, value in node.items()}
        case list():
            return [_plain(item) for item in node]
        case _:
            return _scalar(node)


def _scalar(value: Any) -> Any:
    match value:
        case bool():
            return bool(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case str():
            return str(value)
        case _:
            return value
