"""What is wrong with a policy file, for programs: the line, the path, what was expected, what came."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.core.marked_yaml import Fault, FaultyFile

MAX_FAULTS = 200
"""Faults that are told at once."""
MAX_SHOWN = 80
"""Characters that are shown of what came."""

_GOT = re.compile(r"(?P<expected>.+?),? got (?P<came>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """One fault. ``message`` is the sentence that people read; it says the same as the rest."""

    line: int
    path: str
    expected: str
    came: str
    message: str


def policy_faults(text: str, faulty: FaultyFile) -> list[PolicyFault]:
    """Say each fault of ``text`` in its parts, in the order of the file, at most ``MAX_FAULTS``."""
    in_order = sorted(faulty.faults, key=lambda fault: fault.line)
    return [_told(fault, text) for fault in islice(in_order, MAX_FAULTS)]


def _told(fault: Fault, text: str) -> PolicyFault:
    said = _GOT.fullmatch(fault.message)
    if said is not None:
        expected, came = said["expected"], said["came"]
    else:
        expected, came = _rule(fault.message), _line(text, fault.line)
    expected = expected.removeprefix("is not valid YAML: ").removeprefix("expected ")
    return PolicyFault(fault.line, fault.path, expected, came[:MAX_SHOWN], fault.message)


def _rule(message: str) -> str:
    """What a message that names no value asks for."""
    match message:
        case "is missing":
            return "a value here"
        case _ if message.startswith("is not a word of this file"):
            return "a word of a policy file; see the example policy"
        case _ if message.startswith("is not valid YAML"):
            return "valid YAML: " + message.partition(": ")[2]
        case _:
            return message


def _line(text: str, number: int) -> str:
    lines: Sequence[str] = text.splitlines()
    told = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return told or "nothing"
