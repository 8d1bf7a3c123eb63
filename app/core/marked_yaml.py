"""Read YAML 1.2 and remember the line of every key, so that an error can say where it stands."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.reader import ReaderError

MAX_TEXT = 1_000_000
"""Characters of YAML that are read at most."""
MAX_DEPTH = 50
"""Lists and mappings that may stand within each other."""

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""Characters that stand for nothing, which an escape can bring in."""
_OF_THE_PARSER = re.compile(r", got '<[a-z ]+>'$")
"""What came, by a name that only the parser knows."""
_BAD_VALUES = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError)
"""What the library lets through of a value that it cannot make sense of."""


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
            in_list = isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node)
            if not in_list and not (isinstance(node, CommentedMap) and step in node):
                break
            told = node.lc.data
            # What a merge brought in, or a tag made of something else, has no line of its own.
            line = told[step][0] + 1 if told and step in told else line
            node = node[step]
        return line

    def fault(self, path: Sequence[str | int], message: str) -> Fault:
        """Describe what is wrong at ``path``."""
        return Fault(self.line_of(path), ".".join(map(str, path)), message)


class _Once(Composer):
    """Composes what stands in the file, and nothing twice: aliases can grow without end."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.parser.check_event(AliasEvent):
            event = self.parser.peek_event()
            problem = (
                "expected the words themselves, for no place of this file can stand for another "
                f"(an alias), got '*{event.anchor}'"
            )
            raise ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)


def _unreadable(node: Any, why: str) -> ConstructorError:
    problem = f"expected a value that can be read, got {str(node.value)[:60]!r} ({why[:60]})"
    return ConstructorError(None, None, problem, node.start_mark)


class _Forgiving(RoundTripConstructor):
    """Reads a date that does not exist as text, for whoever knows what was expected there."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's
        try:
            made = super().construct_object(node, deep=deep)
        except _BAD_VALUES as error:
            raise _unreadable(node, str(error)) from None
        if isinstance(made, str) and (unseen := _UNSEEN.search(made)):
            raise _unreadable(node, f"code {ord(unseen[0]):#04x} in it")
        return made

    def construct_timestamp(self, node: Any) -> Any:
        try:
            return self.construct_yaml_timestamp(node)
        except _BAD_VALUES:
            return str(node.value)


_Forgiving.add_constructor(_TIMESTAMP, _Forgiving.construct_timestamp)


def read_marked(text: str) -> Marked:
    """Parse YAML by the 1.2 core schema (``NO`` is text, ``24:00`` is text).

    Raises ``FaultyFile`` where it is no YAML, repeats a key, refers to another place in the file,
    or is larger than ``MAX_TEXT`` or deeper than ``MAX_DEPTH``.
    """
    if len(text) > MAX_TEXT:
        raise FaultyFile([Fault(1, "", f"must be at most {MAX_TEXT} characters, got {len(text)}")])
    reader = YAML(typ="rt")
    reader.max_depth = MAX_DEPTH
    reader.Composer, reader.Constructor = _Once, _Forgiving
    try:
        root = reader.load(io.StringIO(text))
    except MarkedYAMLError as error:
        raise FaultyFile([_fault_of(error, text)]) from None
    except ReaderError as error:
        line = 1 + text.count("\n", 0, error.position)
        problem = f"expected characters that can be seen, got code {error.character:#04x}"
        raise FaultyFile([Fault(line, "", f"is not valid YAML: {problem}")]) from None
    return Marked(_plain(root), root)


def _fault_of(error: MarkedYAMLError, text: str) -> Fault:
    """What a parser says of a text, in plain words."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = (error.problem or "cannot be read").splitlines()[0]
    for technical, plain in _PLAIN.items():
        problem = problem.replace(technical, plain)
    problem = _OF_THE_PARSER.sub("", problem)
    lines = text.splitlines()
    near = lines[max(line - 2, 0) : line]
    tabbed = any("\t" in each[: len(each) - len(each.lstrip())] for each in near)
    hint = "; indent with spaces, not tabs" if tabbed else ""
    return Fault(line, "", f"is not valid YAML: {problem}{hint}")


_PLAIN: Mapping[str, str] = {
    "mapping values are not allowed here": "a second colon in a line, or a line too far to the right;"
    " put a text with a colon in quotes",
    "found character '\\t' that cannot start any token": "expected a word, got a tab",
    "could not find expected ':'": "expected a colon after the word on this line or the one above",
    "expected <block end>, but found": "expected a line as far to the right as those beside it, got",
    "while scanning a simple key": "a word without a colon",
    "found unexpected end of stream": "the file ends before a quote or bracket is closed",
    "maximum depth of data structure exceeded (": f"expected at most {MAX_DEPTH} levels within each "
    "other, got ",
    "), if necessary increase YAML().max_depth": "",
    "found duplicate key": "this word stands here twice:",
    "expected ',' or ']', but got": "expected a comma or ], got",
    "expected ',' or '}', but got": "expected a comma or }, got",
    "'<stream end>'": "the end of the file",
}
"""The parser's phrases that nobody but a programmer reads, and what they mean."""


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
