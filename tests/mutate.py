"""Change the rules of ``app/core`` one by one: each change must make a test fail.

Without paths the whole core, which takes hours: `make mutate ONLY="app/core/clocks/*"` names a part.
The work is done in ``mutants/``, anew each time. Survivors are shown with `.venv/bin/mutmut show`.
"""

import argparse
import os
import shutil
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from mutmut.__main__ import cli
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

WORK = Path("mutants")
EXAMPLES = 10
"""Of each law, and the same ones each time: a change that only luck finds has survived."""
KILLED = {"killed", "timeout", "segfault"}
REFUSED = "caught by type check"
TYPES = (
    *("mypy", "--output=json", f"--config-file={os.devnull}", "--ignore-missing-imports"),
    *("--explicit-package-bases", "--namespace-packages"),
    # What mypy says of variants beside one another, rather than of one.
    *(f"--disable-error-code={code}" for code in ("has-type", "misc", "no-redef", "var-annotated")),
)


def main() -> None:
    """Run what the command line asks for, and print a row for each file."""
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("only", nargs="*", help='files or patterns, such as "app/core/clocks/*"')
    parser.add_argument("--tests", nargs="+", help="the tests to try, by default all of the core's")
    parser.add_argument("--at-once", type=int, default=1, help="so many changes are tried at once")
    told = parser.parse_args()
    if told.only:
        _narrow(told.only)
    if told.tests:
        config().pytest_add_cli_args_test_selection = told.tests
    shutil.rmtree(WORK, ignore_errors=True)
    _refuse_by_types()
    _try_few_examples()
    cli(["run", "--max-children", str(told.at_once)], standalone_mode=False)
    _print_rows()


def _narrow(patterns: list[str]) -> None:
    files = [str(path) for path in walk_mutatable_files()]
    chosen = [path for path in files if any(fnmatch(path, pattern) for pattern in patterns)]
    if not chosen:
        raise SystemExit(f"no file of {config().only_mutate} is called {' or '.join(patterns)}")
    config().only_mutate = chosen


def _refuse_by_types() -> None:
    """A change that the types forbid never lands: it is counted apart and tried by no test."""
    files = [str(path) for path in walk_mutatable_files()]
    config().type_check_command = [sys.executable, "-m", *TYPES, *files]


def _try_few_examples() -> None:
    settings.register_profile(
        "few",
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("few")


def _print_rows() -> None:
    print("| file | changes | refused by types | tried | killed | survived | no test | score |")
    print("|---|---|---|---|---|---|---|---|")
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        found = Counter(status_by_exit_code[code] for code in data.exit_code_by_key.values())
        if tried := found.total() - found[REFUSED]:
            killed = sum(found[status] for status in KILLED)
            untested = found["no tests"]
            row = (path, found.total(), found[REFUSED], tried, killed, tried - killed - untested)
            print("|", *(f"{each} |" for each in (*row, untested, f"{killed / tried:.0%}")))


if __name__ == "__main__":
    main()
