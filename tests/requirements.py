"""Which tests prove which line of docs/observability.md: read from their marks, without running them.

``python -m tests.requirements`` writes the last column of the page anew.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "observability.md"
NUMBERS = range(1, 56)
LINE = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.*)\|$", re.MULTILINE)
"""A promise: its number, what, why, and where it is proven."""


def _numbers(tree: ast.AST) -> Iterator[object]:
    """What stands in the brackets of ``pytest.mark.requirement(...)``, wherever it is used."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.requirement"):
            yield from (ast.literal_eval(argument) for argument in node.args)


def marked() -> Mapping[int, list[str]]:
    """The test files by the numbers that they name."""
    found: dict[int, set[str]] = defaultdict(set)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in _numbers(ast.parse(file.read_text())):
            assert number in NUMBERS, f"{file} proves {number!r}, which is no promise"
            assert isinstance(number, int)
            found[number].add(file.relative_to(ROOT / "tests").as_posix())
    return {number: sorted(files) for number, files in found.items()}


def with_proofs(page: str) -> str:
    """The page with its last column as the tests have it."""
    proofs = marked()

    def told(line: re.Match[str]) -> str:
        number, what, why, _ = line.groups()
        files = ", ".join(f"`{file.removesuffix('.py')}`" for file in proofs.get(int(number), []))
        return f"| {number} | {what} | {why} | {files} |"

    return LINE.sub(told, page)


if __name__ == "__main__":
    PAGE.write_text(with_proofs(PAGE.read_text()))
