"""``make bench-fairness``: what our own episodes are worth, on days whose truth is known.

Every scenario is played with every seed, told to the product as events, and its episodes are judged.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from time import perf_counter

from app.simulate.fairness.scenarios import SCENARIOS, UnknownScenario, find_scenario
from app.simulate.fairness.trace import play
from tests.bench.fairness.detection import found_by_us
from tests.bench.fairness.score import Score, score
from tests.bench.fairness.table import table


def judge(name: str, seed: int) -> tuple[str, Score]:
    """Play one trace, let our own replay say what it sees, and judge that."""
    trace = play(name, seed)
    return name, score(trace.truth, found_by_us(trace))


def seeds(text: str) -> list[int]:
    """Read ``0-4`` or ``1,5,9-12``."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def names(text: str) -> list[str]:
    """Read names or numbers, with commas between."""
    try:
        return [find_scenario(one).name for one in text.split(",")]
    except UnknownScenario as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def judge_all(chosen: Iterable[str], with_seeds: Iterable[int], jobs: int) -> dict[str, Score]:
    """The scores of all traces, added up by scenario."""
    traces = list(product(chosen, with_seeds))
    scores = {name: Score() for name, _ in traces}
    with ProcessPoolExecutor(jobs) as workers:
        judged = workers.map(judge, *zip(*traces, strict=True))
        for number, (name, found) in enumerate(judged, start=1):
            scores[name] += found
            print(f"\r{number} of {len(traces)} days judged", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return scores


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fairness", description=__doc__)
    parser.add_argument("--seeds", type=seeds, default="0-4", help="such as 0-4 or 1,7")
    parser.add_argument("--scenarios", type=names, default=",".join(SCENARIOS))
    parser.add_argument("--jobs", type=int, default=1, help="processes that play side by side")
    told = parser.parse_args(arguments)
    began = perf_counter()
    for line in table(judge_all(told.scenarios, told.seeds, told.jobs)):
        print(line)
    print(f"\nseeds {', '.join(map(str, told.seeds))}; {perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
