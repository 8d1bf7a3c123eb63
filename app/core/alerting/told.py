"""Who is told of what, in lines that people read, and what in it may be a mistake."""

from collections.abc import Iterator
from datetime import timedelta

from app.core.alerting.meaning import has_promise, listed, tiers_of
from app.core.alerting.quoting import in_a_line
from app.core.alerting.routes import ON_CALL, TEAMS
from app.core.policy import Policy, Team


def who_is_told(policy: Policy) -> Iterator[str]:
    """Which tiers page, and who gets the pages and tickets of each team."""
    first, *others = map(in_a_line, tiers_of(policy))
    yield f"pages for: {first}; tickets for: {', '.join(others) or 'no other tier'}"
    for team in policy.teams.values():
        quiet = any(team.notify.quiet)
        pages = _named(team.notify.pages, ON_CALL)
        if quiet:
            pages += f" (in quiet hours to {ON_CALL})"
        tickets = _named(team.notify.tickets, TEAMS) + (" (after quiet hours)" if quiet else "")
        yield f"{in_a_line(team.id)}: pages to {pages}, tickets to {tickets}"


def doubts(policy: Policy) -> Iterator[str]:
    """What a policy says about alerts that can be meant, and often is not."""
    first = tiers_of(policy)[0]
    if len(policy.tiers) > 1 and policy.default_tier == first:
        yield (
            f"Is everybody to page? {in_a_line(first)} is the default tier and stands first, and the "
            "first pages"
        )
    if not has_promise(policy, first):
        yield f"Is nobody to page? Nothing is promised to {in_a_line(first)}, which stands first"
    for team in policy.teams.values():
        yield from _doubts_about(team, policy.after_opening)


def _doubts_about(team: Team, after_opening: timedelta) -> Iterator[str]:
    name, shortest = in_a_line(team.id), _shortest_span(team)
    if any(team.notify.quiet) and not team.notify.pages:
        yield (
            f"Who is to sleep in the quiet hours of {name}? Without notify.pages they change no page: "
            f"{ON_CALL} has them always"
        )
    if shortest is not None and after_opening > shortest:
        yield (
            f"Is {name} to be told of so little? after_opening is {_minutes(after_opening)}, its "
            f"shortest opening {_minutes(shortest)}: nothing that had waited pages in it"
        )


def _shortest_span(team: Team) -> timedelta | None:
    """The shortest opening of a usual week or a special day; none where it never closes."""
    calendar = team.calendar
    if calendar.is_always_open:
        return None
    days = (*calendar.week, *calendar.days.values())
    spans = [timedelta(minutes=span.end - span.start) for day in days for span in day]
    return min(spans, default=None)


def _minutes(span: timedelta) -> str:
    return f"{span / timedelta(minutes=1):g} minutes"


def _named(names: tuple[str, ...], otherwise: str) -> str:
    return listed([*map(in_a_line, dict.fromkeys(names))] or [otherwise])
