"""Builds the dashboards: `python -m grafana.build` writes them, `--check` compares.

`--language da --out FOLDER` writes them in another language, to be put in the place of the English
ones: ids and links are the same. `--docs-url` and `--wallboard-url` put a site's own addresses in the
place of the placeholders. `--missing da` lists the texts that have no translation.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from grafana import customer, itself, now, served_first
from grafana.board import Shown, built
from grafana.translation import LANGUAGES, table, texts, translated

FOLDER = Path(__file__).parent / "dashboards"


def shown() -> tuple[Shown, ...]:
    """All dashboards, from the whole to the part."""
    return (now.shown(), served_first.shown(), customer.shown(), itself.shown())


def build(language: str = "en", addresses: Mapping[str, str] | None = None) -> dict[str, str]:
    """The dashboards' JSON by file name, as committed when English and without ``addresses``."""
    made = {f"{one.uid}.json": built(one) for one in shown()}
    for variable in (each for one in made.values() for each in one["templating"]["list"]):
        variable["query"] = (addresses or {}).get(variable["name"], variable["query"])
    if language != "en":
        words = table(language)
        made = {name: translated(one, words) for name, one in made.items()}
    return {
        name: json.dumps(one, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        for name, one in made.items()
    }


def stale() -> list[str]:
    """The committed files that are not what the code builds."""
    fresh = build()
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in fresh.keys() | kept if fresh.get(name) != kept.get(name))


def missing(language: str) -> list[str]:
    """The texts of the dashboards without a translation."""
    every = {text for one in shown() for text in texts(built(one))}
    return sorted(every - table(language).keys())


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say whether they are fresh: 0 yes, 1 no."""
    parser = argparse.ArgumentParser(prog="python -m grafana.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    parser.add_argument("--missing", choices=LANGUAGES, help="list what has no translation")
    parser.add_argument("--language", choices=("en", *LANGUAGES), default="en")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where to write")
    parser.add_argument("--docs-url", help="where docs/ is read; the runbook is below it")
    parser.add_argument("--wallboard-url", help="where the wallboard is opened")
    asked = parser.parse_args(arguments)
    told = {"docs_url": asked.docs_url, "wallboard_url": asked.wallboard_url}
    addresses = {name: url.rstrip("/") for name, url in told.items() if url}
    if asked.out == FOLDER and (addresses or asked.language != "en"):
        parser.error(
            "the committed dashboards are English and of no site: name another folder with --out"
        )
    if asked.check:
        return _told(
            f"{name} differs from a fresh build: run `make dashboards`" for name in stale()
        )
    if asked.missing:
        return _told(missing(asked.missing))
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, text in build(asked.language, addresses).items():
        (asked.out / name).write_text(text, encoding="utf-8")
    return 0


def _told(lines: Iterable[str]) -> int:
    """Print each line; 1 if there was any."""
    told = list(lines)
    print(*told, sep="\n", end="\n" if told else "")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
