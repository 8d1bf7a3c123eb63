"""How far a long command is: one line on a terminal, a line now and then in a log."""

import sys
from dataclasses import dataclass

WIDTH = 30
"""Characters of the bar."""
SHARE_BETWEEN_LINES = 0.1
"""Where nobody watches a line change, how much more is done before the next one is written."""


@dataclass(slots=True)
class Bar:
    """Says on standard error how much is done; ``what`` is the verb: "worked out"."""

    what: str
    _said: float = -1.0

    def __call__(self, done: int, of: int) -> None:
        """Say that ``done`` are done, of ``of``."""
        share = min(1.0, done / of) if of else 1.0
        filled = round(share * WIDTH)
        line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {of} {self.what}"
        if sys.stderr.isatty():
            print(line, end="\n" if share >= 1 else "\r", flush=True, file=sys.stderr)
        elif share >= 1 > self._said or share - self._said >= SHARE_BETWEEN_LINES:
            print(line, flush=True, file=sys.stderr)
            self._said = share
