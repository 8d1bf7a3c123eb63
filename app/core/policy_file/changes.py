"""What one version of a policy changes against another, in the words of the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.marked_yaml import read_marked

MAX_CHANGES = 500
"""Changes that are told at once; beyond that only their number."""
NOTHING = "not written"
"""What stands for a key that one of the two does not have: the default, or no promise."""

_OF_THE_FILE = frozenset({"version", "effective_from"})
"""Keys that tell about the file, not about what is promised."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key that says something else: ``path`` is that of the file, rules by their names."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """What would be different. ``reordered``: rules stand in another order, which decides too.

    ``targets`` are the changes within rules that both versions have, ``others`` those elsewhere.
    """

    rules_new: tuple[str, ...] = ()
    rules_gone: tuple[str, ...] = ()
    reordered: bool = False
    targets: tuple[Change, ...] = ()
    others: tuple[Change, ...] = ()
    left_out: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return self == PolicyChanges()


def policy_changes(before: str, after: str) -> PolicyChanges:
    """Compare two texts, each of which ``read_policy`` takes."""
    old, new = _sections(before), _sections(after)
    old_rules, new_rules = _rules(old), _rules(new)
    both = [name for name in new_rules if name in old_rules]
    targets = [
        change
        for name in both
        for change in _changes(f"targets.{name}", old_rules[name], new_rules[name])
    ]
    others = [
        change
        for key in dict.fromkeys([*old, *new])
        if key not in _OF_THE_FILE and key != "targets"
        for change in _changes(key, old.get(key), new.get(key))
    ]
    return PolicyChanges(
        rules_new=tuple(name for name in new_rules if name not in old_rules),
        rules_gone=tuple(name for name in old_rules if name not in new_rules),
        reordered=both != [name for name in old_rules if name in new_rules],
        targets=tuple(targets[:MAX_CHANGES]),
        others=tuple(others[:MAX_CHANGES]),
        left_out=max(0, len(targets) - MAX_CHANGES) + max(0, len(others) - MAX_CHANGES),
    )


def _sections(text: str) -> Mapping[str, Any]:
    value = read_marked(text).value
    return value if isinstance(value, dict) else {}


def _rules(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The rules by name, in written order; a name is no part of what is promised."""
    rules = policy.get("targets") or ()
    return {
        str(rule["rule"]): {key: value for key, value in rule.items() if key != "rule"}
        for rule in rules
    }


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    """The keys below ``path`` that differ; the order in a list matters, that of keys does not."""
    if before == after:
        return
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = (side if isinstance(side, dict) else {} for side in (before, after))
        if old or new:
            for key in dict.fromkeys([*old, *new]):
                yield from _changes(f"{path}.{key}", old.get(key), new.get(key))
            return
    yield Change(path, _said(before), _said(after))


def _said(value: Any) -> str:
    match value:
        case None:
            return NOTHING
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(_said, value))
        case dict():
            return ", ".join(f"{key}: {_said(item)}" for key, item in value.items())
        case _:
            return str(value)
