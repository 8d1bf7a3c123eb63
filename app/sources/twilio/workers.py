"""Twilio TaskRouter: who can take tasks, from events about workers and their activities.

An activity bears a name of the administrator's choice; whether a worker in it is available is
concluded from the name, where neither the event nor sources.yaml says it.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from app.core.events import AgentAvailable, AgentUnavailable, Data
from app.sources.adapter import SourceConfig
from app.sources.telling import Telling
from app.sources.twilio.deliveries import Fields, Notice

MAX_SKILLS = 64

_ANYBODY = ""
"""The skill of a task that needs none, or none that is told: whoever has skills serves it too."""
_FLAGS = ("WorkerActivityAvailable", "ActivityAvailable", "WorkerAvailable", "Available")
_BUILT_IN = frozenset({"available", "unavailable", "offline", "idle", "busy", "reserved"})
_FREE = re.compile(r"\b(?:available|avail|idle|ready|online)\b")
_NOT_FREE = re.compile(r"\b(?:not|no|un)\b")
_STAFFING = (AgentAvailable, AgentUnavailable)

EVENTS: Final[Mapping[str, tuple[type[Data], ...]]] = MappingProxyType(
    {
        "worker.created": _STAFFING,
        "worker.activity.update": _STAFFING,
        "worker.attributes.update": _STAFFING,
        "worker.deleted": (AgentUnavailable,),
    }
)
"""TaskRouter's own names of the events about workers, and what each can give."""


def told_of_worker(notice: Notice, config: SourceConfig) -> Iterator[Telling]:
    """Whether a worker can take tasks from now on, and which."""
    agent = notice.fields.text("WorkerSid")
    data = _availability(notice, config) if agent and notice.name in EVENTS else None
    if agent is None or data is None:
        return
    attributes = notice.fields.inside("WorkerAttributes")
    named = (attributes.get(name) for name in ("team_id", "team_name"))
    teams = (team for team in named if isinstance(team, str) and team in config.source.teams)
    full = msgspec.structs.replace(data, agent=agent, team=next(teams, None))
    moment = notice.fields.text("Sid") or (notice.at.isoformat() if notice.at else notice.name)
    yield Telling(subject=agent, data=full, at=notice.at, fact=moment)


def _availability(notice: Notice, config: SourceConfig) -> AgentAvailable | AgentUnavailable | None:
    if notice.name == "worker.deleted":
        return AgentUnavailable(reason="deleted")
    name = notice.fields.text("WorkerActivityName")
    told = _told(notice.fields, config.events.get(name or ""))
    if told is None and name is None:
        return None
    free = _sounds_free(name or "") if told is None else told
    inferred = told is None and (name or "").lower() not in _BUILT_IN
    if not free:
        return AgentUnavailable(reason=name, inferred=inferred)
    skills = _skills(notice.fields.inside("WorkerAttributes"))
    return AgentAvailable(reason=name, inferred=inferred, skills=skills)


def _told(fields: Fields, meaning: str | None) -> bool | None:
    """Whether the worker is available by a word of the event's, or by our administrator's."""
    flag = next((fields.word(name) for name in _FLAGS if name in fields), "")
    if flag in ("true", "false"):
        return flag == "true"
    return None if meaning is None else meaning == AgentAvailable.type


def _sounds_free(name: str) -> bool:
    word = name.lower()
    return bool(_FREE.search(word)) and not _NOT_FREE.search(word)


def _skills(attributes: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The skills of Flex; None, which means all, where there are none or too many to be told."""
    routing = attributes.get("routing")
    told = routing.get("skills") if isinstance(routing, dict) else None
    names = [name for name in told if isinstance(name, str)] if isinstance(told, list) else []
    return (_ANYBODY, *names) if 0 < len(names) < MAX_SKILLS else None
