"""Cases of other systems' service-level tests, as files of one schema tell them.

``CONFORMANCE_CASES=path[:path...]`` names the files. Without it: the project's own copy, and the
cases shared beside the repository where they are there.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OWN = HERE / "cases.json"
SHARED = HERE.parents[2] / "shared" / "conformance"


@dataclass(frozen=True)
class Case:
    """One input and the outcome that is right. ``also_right`` is the same business time, later."""

    id: str
    source: str
    kind: str
    calendar: Mapping[str, Any]
    input: Mapping[str, Any]
    expected: Mapping[str, Any]
    also_right: str | None = None

    def says_the_same_as(self, other: "Case") -> bool:
        """Whether both judge one thing alike, wherever they come from."""
        return replace(self, source="") == replace(other, source="")


def cases_of(kind: str) -> list[Case]:
    """Every case of a kind: ``add``, ``between`` or ``timeline``."""
    return [case for case in _all_cases() if case.kind == kind]


def told_files(told: str | None) -> list[Path]:
    """The files to read, where ``told`` is what ``CONFORMANCE_CASES`` says."""
    if told:
        return [Path(path) for path in told.split(os.pathsep) if path]
    return [OWN, *(path for path in (SHARED / "sla-cases.json",) if path.exists())]


def read(paths: Iterable[Path]) -> list[Case]:
    """The cases of several files; what two of them say alike is one, another of that name is #2."""
    found: dict[str, Case] = {}
    for case in (case for path in paths for case in _cases_in(path)):
        number, name = 1, case.id
        while name in found and not found[name].says_the_same_as(replace(case, id=name)):
            number += 1
            name = f"{case.id}#{number}"
        found.setdefault(name, replace(case, id=name))
    return list(found.values())


@cache
def _all_cases() -> list[Case]:
    return read(told_files(os.environ.get("CONFORMANCE_CASES")))  # noqa: TID251 - whose tests to run


def _cases_in(path: Path) -> Iterator[Case]:
    told = json.loads(path.read_text())
    if not isinstance(told, list):
        raise TypeError(f"expected a list of cases in {path}, got {type(told).__name__}")
    for case in told:
        yield Case(
            id=case["id"],
            source=case.get("source", ""),
            kind=case["kind"],
            calendar=case["calendar"],
            input=case["input"],
            expected=case["expected"],
            also_right=case.get("equivalent_until"),
        )
