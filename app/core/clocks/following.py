"""How one contact went: its events in order, turned into waiting stretches and a state."""

from collections.abc import Iterable

from app.core import events as e
from app.core.clocks.course import Course
from app.core.clocks.cycles import Cycles, Rules
from app.core.clocks.timeline import Timeline


def begin(key: str, events: Iterable[e.Event]) -> Timeline:
    """Read where a contact was and when, whatever order its events came in.

    A source that names the team again which it named before says nothing new: of one call the
    telephone tells the number that was rung, and meanwhile another source the queue it is in.
    """
    told = e.in_canonical_order(events)
    line = Timeline(key, told)
    teams: dict[str, str] = {}
    line.channel = next((event.data.channel for event in told if event.data.channel), None)
    for event in told:
        data, at = event.data, event.occurred_at
        line.last_event_at = at
        line.link = data.link or line.link
        line.skill = line.skill or data.skill
        if data.queue is not None and line.queue != data.queue:
            line.queues.append((at, data.queue))
        if data.team is not None and teams.get(event.source) != data.team:
            teams[event.source] = data.team
            if not line.teams or line.teams[-1][1] != data.team:
                line.teams.append((at, data.team))
    return line


def follow(line: Timeline, rules: Rules) -> Timeline:
    """Follow a contact through its events: the same line, with its cycles and its state."""
    course = Course(line, rules, Cycles(rules))
    line.cycles = course.cycles.all
    held_by = rules.conditions(line.events[0].occurred_at)
    for event in line.events:
        course.let_change_until(event.occurred_at)
        course.apply(event)
        if (held_by_now := rules.conditions(event.occurred_at)) is not held_by:
            held_by = held_by_now
            course.cycles.reconsider(event.occurred_at)
        if event.data.team is not None:
            course.team = event.data.team
    course.let_change_until(None)
    line.states = course.cycles.states
    return line
