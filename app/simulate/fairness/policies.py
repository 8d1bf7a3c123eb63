"""The policy that a scenario's team works under, as its manager would write it."""

from collections.abc import Iterator

from app.simulate.fairness.demand import CHATS_PER_AGENT, HEAD_START_SECONDS, Agreement

TEAM = "support"
DEFAULT_TIER = "standard"


def policy_text(agreement: Agreement) -> str:
    """Only what is said about turns; with targets, a full small policy."""
    weights = ", ".join(f"{tier}: {weight:g}" for tier, weight in agreement.weights.items())
    terms = (
        f"order: {agreement.order}, head_start: {HEAD_START_SECONDS:.0f}s, "
        f"weights: {{{weights}}}, chats_per_agent: {CHATS_PER_AGENT}"
    )
    return "\n".join([*_promises(agreement), f"fairness: {{{terms}}}", ""])


def _promises(agreement: Agreement) -> Iterator[str]:
    if not agreement.target_seconds:
        return
    yield "version: 1"
    yield "calendars: {always: {always_open: true}}"
    yield "tiers:"
    for tier in agreement.weights:
        yield f"  {tier}: {{default: true}}" if tier == DEFAULT_TIER else f"  {tier}:"
    yield f"teams: {{{TEAM}: {{calendar: always}}}}"
    yield "targets:"
    for (channel, tier), seconds in agreement.target_seconds.items():
        yield f"  - rule: {channel} of {tier} customers"
        yield f"    when: {{channel: {channel}, tier: {tier}}}"
        yield f"    first_response: {seconds:.0f}s"
        yield f"    next_response: {seconds:.0f}s"
    yield "  - rule: Everything else"
    yield "    first_response: 8h"
