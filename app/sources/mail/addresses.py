"""Which addresses stand in a field: names, comments, groups and quotes aside."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

MAX_CHARACTERS: Final = 12_000
"""Characters of several fields together that are searched for addresses."""
_MAX_LENGTH: Final = 254

_MAX_SEARCHED: Final = 2_000

# A quote that is never closed reaches to the end, so that no text is gone through twice.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|<[^<>]*>|[(),;:]|[^\s"<>(),;:]+|\s+', re.DOTALL)
_PLAUSIBLE = re.compile(
    r"(?:^|(?<=[\s<>,;:()\"']))[^\s@<>,;:()\"']{1,64}@[^\s@<>,;:()\"']{1,180}(?=[\s<>,;:()\"']|$)"
)


# Some programs write even the comma between two addresses as an encoded word.
_ENCODED_COMMA = re.compile(r"=\?[\w-]{1,20}\?q\?=(?:2C|3B)\?=", re.ASCII | re.IGNORECASE)


def addresses_in(*values: str) -> tuple[str, ...]:
    """Give the addresses of the fields in their order, as they are written, each once."""
    found: dict[str, str] = {}
    left = MAX_CHARACTERS
    for value in values:
        if "@" in value and left > 0:
            for address in _addresses(_ENCODED_COMMA.sub(",", value[:left])):
                found.setdefault(address.lower(), address)
            left -= len(value)
    return tuple(found.values())


def _addresses(value: str) -> Iterable[str]:
    """Read a field by its grammar, or take what looks like an address where it has none."""
    found = [
        address
        for words in _mailboxes(value)
        for address in (_address(words),)
        if address is not None
    ]
    return found or (match[0] for match in _PLAUSIBLE.finditer(value[:_MAX_SEARCHED]))


def _mailboxes(value: str) -> Iterator[list[str]]:
    """Part a field into mailboxes, each the list of its words; comments are left out."""
    words: list[str] = []
    depth = 0
    for match in _TOKEN.finditer(value):
        word = match[0]
        if word in "()":
            depth = depth + 1 if word == "(" else max(depth - 1, 0)
        elif depth:
            continue
        elif word == ":":
            words = []  # What stood before is the name of a group.
        elif word in ",;":
            yield words
            words = []
        else:
            words.append(word)
    yield words


def _address(words: list[str]) -> str | None:
    angled = next((word for word in reversed(words) if word.startswith("<")), None)
    if angled is not None:
        inner = angled[1:-1].strip()
        routed = inner.rpartition(":")[2] if inner.startswith("@") else inner
        return _plain(routed if '"' in routed else "".join(routed.split()))
    bare = [i for i, word in enumerate(words) if "@" in word and not word.startswith('"')]
    if not bare:
        return None
    i = bare[-1]
    quoted = words[i].startswith("@") and i > 0 and words[i - 1].startswith('"')
    return _plain(words[i - 1] + words[i] if quoted else words[i])


def _plain(text: str) -> str | None:
    address = text.strip().strip("'").removeprefix("mailto:").rstrip(".")
    local, _, domain = address.rpartition("@")
    return address if local and domain and len(address) <= _MAX_LENGTH else None


def domain_of(address: str) -> str:
    """The domain, in small letters."""
    return address.rpartition("@")[2].lower()


def without_tag(address: str) -> tuple[str, str]:
    """Part ``jo+tag@firm.example`` into ``jo@firm.example``, in small letters, and ``tag``."""
    local, _, domain = address.rpartition("@")
    name, _, tag = local.partition("+")
    return f"{name}@{domain}".lower(), tag
