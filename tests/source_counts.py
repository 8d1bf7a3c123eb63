"""``python -m tests.source_counts``: how many payloads and signatures of each kind are judged right."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, Unreadable
from tests.sources.payloads import (
    NOON,
    Case,
    all_own_cases,
    config,
    shared_cases,
    shared_signatures,
)
from tests.sources.test_payloads import needed


def is_exact(case: Case) -> bool:
    """Whether a payload gives exactly what is written beside it."""
    try:
        return needed(case.translated()) == needed(case.expected)
    except Unreadable:
        return False


def is_judged_right(kind: str, vector: dict[str, object]) -> bool:
    """Whether a signature is accepted or refused as it should be."""
    told = vector["verify_at"]
    at = datetime.fromtimestamp(float(str(told)), UTC) if told is not None else NOON
    headers = {str(name).lower(): str(value) for name, value in dict(vector["headers"]).items()}  # type: ignore[call-overload]
    sent = Delivery(headers, str(vector["body"]).encode(), at, str(vector["url"] or ""))
    source = replace(config(kind), secrets=(str(vector["secret"]),))
    try:
        kinds.certificate(sent, source)
        kinds.verify(sent, source, at)
    except BadSignature:
        return not vector["expected_valid"]
    return bool(vector["expected_valid"])


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> None:
    own, shared, signed = Counter[str](), Counter[str](), Counter[str]()
    right = {"own": Counter[str](), "shared": Counter[str](), "signed": Counter[str]()}
    for name, counted, cases in (("own", own, all_own_cases()), ("shared", shared, shared_cases())):
        for case in cases:
            counted[case.kind] += 1
            right[name][case.kind] += is_exact(case)
    for kind, vector in shared_signatures():
        signed[kind] += 1
        right["signed"][kind] += is_judged_right(kind, vector)
    say(f"{'kind':22}{'our payloads':>14}{'samples':>10}{'signatures':>12}")
    for kind in sorted(kinds.ADAPTERS):
        cells = [
            f"{right[name][kind]}/{counted[kind]}" if counted[kind] else "-"
            for name, counted in (("own", own), ("shared", shared), ("signed", signed))
        ]
        say(f"{kind:22}{cells[0]:>14}{cells[1]:>10}{cells[2]:>12}")
    totals = [
        f"{right[name].total()}/{counted.total()}"
        for name, counted in (("own", own), ("shared", shared), ("signed", signed))
    ]
    say(f"{'all':22}{totals[0]:>14}{totals[1]:>10}{totals[2]:>12}")


if __name__ == "__main__":
    main()
