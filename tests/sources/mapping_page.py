"""The examples of docs/sources/mapping.md, taken from the page itself."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "sources" / "mapping.md"
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    mapping: str
    payload: bytes
    headers: dict[str, str]
    means: list[dict[str, Any]]


def blocks() -> list[tuple[str, str, str]]:
    return [(kind, said.strip(), text) for kind, said, text in _BLOCK.findall(PAGE.read_text())]


def mappings() -> dict[str, str]:
    named = (block for block in blocks() if block[1].startswith("file="))
    return {said.removeprefix("file="): text for _, said, text in named}


def examples() -> Iterator[Example]:
    mapping, payload, headers = "", b"", {}
    for _, said, text in blocks():
        word, _, rest = said.partition(" ")
        if word.startswith("file="):
            mapping = text
        elif word == "payload":
            payload = text.encode()
            headers = dict(each.split("=") for each in rest.split())
        elif word == "means":
            yield Example(
                mapping, payload, headers, [json.loads(line) for line in text.splitlines()]
            )
