"""What is a metric: its name, kind, help, labels and edges."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the numbers of a family may do."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. ``name`` is what queries use, ``_total`` or ``_info`` included."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @property
    def base(self) -> str:
        """The name without the ending that its kind adds."""
        match self.kind:
            case Kind.COUNTER:
                return self.name.removesuffix("_total")
            case Kind.INFO:
                return self.name.removesuffix("_info")
            case Kind.GAUGE | Kind.HISTOGRAM:
                return self.name


def counter(name: str, text: str, *labels: str) -> Family:
    """What only grows; the name gets its ``evenhand_`` here, and ends in ``_total``."""
    return Family(f"evenhand_{name}", Kind.COUNTER, text, labels)


def gauge(name: str, text: str, *labels: str) -> Family:
    """What goes up and down."""
    return Family(f"evenhand_{name}", Kind.GAUGE, text, labels)


def info(name: str, text: str, *labels: str) -> Family:
    """What is always 1 and says something in its labels; the name ends in ``_info``."""
    return Family(f"evenhand_{name}", Kind.INFO, text, labels)


def histogram(name: str, text: str, edges: tuple[float, ...], *labels: str) -> Family:
    """What is counted by upper ``edges``."""
    return Family(f"evenhand_{name}", Kind.HISTOGRAM, text, labels, edges)
