"""docs/policy.md taken apart: its fragments, stories, refusals and tables, each under its heading."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "policy.md"

FENCE = re.compile(r"```(.*)")
SECTION = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)
VERSION = re.compile(r"^version: [2-9]", re.MULTILINE)

Lines = Sequence[tuple[int, str]]
"""Lines with their numbers in the page."""


@dataclass(frozen=True)
class Block:
    """One fenced block: what it is, and the heading it stands under."""

    info: str
    heading: str
    lines: Lines

    @property
    def text(self) -> str:
        """The block's text."""
        return "".join(f"{text}\n" for _, text in self.lines)


@dataclass(frozen=True)
class Told:
    """A story, and the texts of the policy's versions that it is judged by."""

    heading: str
    lines: Lines
    versions: tuple[str, ...]

    def __str__(self) -> str:
        return f"line {self.lines[0][0]}, {self.heading}"


def blocks(page: str) -> list[Block]:
    """The fenced blocks of the page, in order."""
    return list(_blocks(page))


def _blocks(page: str) -> Iterator[Block]:
    heading, info, inside = "", None, list[tuple[int, str]]()
    for number, line in enumerate(page.splitlines(), start=1):
        fence = FENCE.fullmatch(line)
        if fence and info is None:
            info, inside = fence[1], []
        elif fence and info is not None:
            yield Block(info, heading, inside)
            info = None
        elif info is not None:
            inside.append((number, line))
        elif line.startswith("#"):
            heading = line.lstrip("# ")


def stories(told: Sequence[Block]) -> Iterator[Told]:
    """The stories, each with its policy.

    A fragment completes the base policy; one that bears a version from 2 on is a later version of
    what stands above it. Both hold until the next heading. Each line begins a story; an indented one goes on with it.
    """
    base = base_policy(told)
    heading, versions = "", [base]
    for block in told:
        if block.heading != heading:
            heading, versions = block.heading, [base]
        if block.info == "yaml":
            is_later = VERSION.search(block.text) is not None
            before = versions[-1] if is_later else base
            versions = [*(versions if is_later else ()), completed(before, block.text)]
        elif block.info == "story":
            yield from _of_block(block, versions)


def _of_block(block: Block, versions: Sequence[str]) -> Iterator[Told]:
    """The stories of one block; lines of ``with`` are fragments for those below them."""
    told, was_fragment = tuple(versions), False
    for lines in _separated(block.lines):
        fragment = fragment_in(lines[0][1])
        if fragment:
            told = (completed(told[0] if was_fragment else versions[0], fragment),)
        else:
            yield Told(block.heading, lines, told)
        was_fragment = fragment is not None


def fragment_in(line: str) -> str | None:
    """The fragment on a line of a story that bears one."""
    return f"{line.removeprefix('with ')}\n" if line.startswith("with ") else None


def fragments(told: Sequence[Block]) -> Iterator[str]:
    """All fragments of a policy on the page, also those of one line."""
    for block in told:
        if block.info.startswith("yaml"):
            yield block.text
        elif block.info == "story":
            yield from filter(None, (fragment_in(line) for _, line in block.lines))


def base_policy(told: Sequence[Block]) -> str:
    """The policy that fragments complete."""
    return next(block.text for block in told if block.info == "yaml base")


def _separated(lines: Lines) -> Iterator[Lines]:
    """Each line begins a story; those that are indented go on with it."""
    found: list[list[tuple[int, str]]] = []
    for number, text in lines:
        if not text.startswith(" "):
            found.append([])
        found[-1].append((number, text))
    return iter(found)


def completed(base: str, fragment: str) -> str:
    """The base with the sections of the fragment in place of its own."""
    found = {**_sections(base), **_sections(fragment)}
    return "".join(found.values())


def _sections(text: str) -> Mapping[str, str]:
    parts = [part for part in SECTION.split(text) if part.strip() and part[0].isalpha()]
    return {part.partition(":")[0]: part for part in parts}


def refusals(told: Sequence[Block]) -> Iterator[tuple[str, str]]:
    """What is refused: the text, and after ``=>`` what the reader says of it, a fault a line."""
    for block in told:
        if block.info == "refused":
            text, said = "", ""
            for _, line in block.lines:
                if line.startswith("=> "):
                    said += f"{line.removeprefix('=> ')}\n"
                elif said:
                    yield text, said
                    text, said = f"{line}\n", ""
                else:
                    text += f"{line}\n"
            yield text, said


def rows(page: str, first_cell: str) -> list[tuple[str, ...]]:
    """The rows of the table whose first heading is ``first_cell``, without backticks."""
    lines = page.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_cell} |"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append(tuple(cell.strip().replace("`", "") for cell in line.strip("|").split("|")))
    return found
