"""Do the lines of one table of customers go together: one alias, one customer; one word a customer.

Else importing the same table twice would not leave all as it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.core.registry import REGISTRY_SOURCE, name_of
from app.sources.refusal import RefusedValue
from app.sources.tables.backlog import RefusedLine
from app.sources.tables.customers import Customer

_WORDS = ("name", "tier", "since", "public_name")


@dataclass(slots=True)
class _Lines:
    """What the lines so far said, and where."""

    owners: dict[str, tuple[int, str]] = field(default_factory=dict)
    words: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)

    def check(self, line: Customer) -> None:
        """Raise ``RefusedValue`` where an earlier line says otherwise; else remember this one."""
        names = [name_of(alias, REGISTRY_SOURCE) for alias in line.told.aliases]
        words = {(line.id, word): getattr(line.told, word) for word in _WORDS}
        for name in names:
            earlier, customer = self.owners.get(name, (line.line, line.id))
            if customer != line.id:
                kind = name.partition(":")[0]
                raise RefusedValue(kind, "each alias once", f"one of line {earlier} again")
        for (_, word), told in words.items():
            earlier, said = self.words.get((line.id, word), (line.line, told))
            if told is not None and said is not None and told != said:
                raise RefusedValue(word, f"what line {earlier} says", "something else")
        self.owners |= dict.fromkeys(names, (line.line, line.id))
        self.words |= {key: (line.line, told) for key, told in words.items() if told is not None}


def agreeing(lines: Iterable[Customer | RefusedLine]) -> Iterator[Customer | RefusedLine]:
    """Refuse the lines that contradict an earlier one."""
    so_far = _Lines()
    for line in lines:
        if isinstance(line, Customer):
            try:
                so_far.check(line)
            except RefusedValue as refusal:
                yield RefusedLine(line.line, refusal.field, refusal.expected, refusal.got)
                continue
        yield line
