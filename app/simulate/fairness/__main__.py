"""``python -m app.simulate.fairness NAME --seed N --out DIR``: a trace as three files."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from app.simulate.fairness.scenarios import SCENARIOS, UnknownScenario
from app.simulate.fairness.trace import Trace, play


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one trace; the status is 1 where there is no such scenario."""
    parser = argparse.ArgumentParser(prog="python -m app.simulate.fairness", description=__doc__)
    parser.add_argument("name", help=f"one of {', '.join(SCENARIOS)}, or S1 to S16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="a folder; it is made if missing")
    told = parser.parse_args(arguments)
    try:
        trace = play(told.name, told.seed)
    except UnknownScenario as error:
        print(error, file=sys.stderr)
        return 1
    write(trace, told.out)
    found = len(trace.truth.intervals)
    print(f"{len(trace.events)} events; stretches in which somebody was served first: {found}")
    return 0


def write(trace: Trace, folder: Path) -> None:
    """Write ``events.jsonl``, ``policy.yaml`` and ``truth.json`` (seconds since the beginning)."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(event) + "\n" for event in trace.events)
    (folder / "events.jsonl").write_text(lines)
    (folder / "policy.yaml").write_text(trace.policy)
    (folder / "truth.json").write_text(json.dumps(asdict(trace.truth), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
