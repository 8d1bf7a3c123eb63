"""Which contact stands behind a dot of a heat map: an example on each bucket, in OpenMetrics alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from app.core.snapshot import Exemplar, Snapshot
from app.metrics import families as f
from app.metrics.labels import label_text, number, response_labels
from app.metrics.sheet import Written

MAX_CHARACTERS = 128
"""What the labels of one exemplar may have together, names and values; OpenMetrics says so."""
LABEL = "contact"

_EDGE = ',le="'


def with_exemplars(written: Written, snapshot: Snapshot) -> Written:
    """The same page with an example on each bucket for which there is one; no sample changes.

    A contact whose id is too long stands behind nothing: an id that was cut would open nothing.
    """
    name = f.RESPONSE_SECONDS.name
    column = written.columns.get(name)
    if column is None or not snapshot.exemplars:
        return written
    lines = column.body.decode().split("\n")
    body = "\n".join(_told(lines, snapshot)).encode()
    return replace(written, columns={**written.columns, name: replace(column, body=body)})


def _told(lines: Sequence[str], snapshot: Snapshot) -> Iterator[str]:
    """The lines of buckets stand together by label set, their edges ascending."""
    opened = f"{f.RESPONSE_SECONDS.name}_bucket"
    known = {
        opened + response_labels(group)[:-1]: found for group, found in snapshot.exemplars.items()
    }
    below, last = -inf, ""
    for line in lines:
        if not line.startswith(opened):
            yield line
            continue
        labels, _, rest = line.rpartition(_EDGE)
        edge = float(rest.partition('"')[0])
        below = below if labels == last else -inf
        fitting = [e for e in known.get(labels, ()) if below < e.seconds <= edge and _fits(e)]
        below, last = edge, labels
        yield f"{line} # {_text(fitting[0])}" if fitting else line


def _fits(exemplar: Exemplar) -> bool:
    return len(LABEL) + len(exemplar.contact) <= MAX_CHARACTERS


def _text(exemplar: Exemplar) -> str:
    at = number(exemplar.at.timestamp())
    return f"{label_text((LABEL,), exemplar.contact)} {number(float(exemplar.seconds))} {at}"
