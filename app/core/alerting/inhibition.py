"""Which alert explains which others, so that one message is sent instead of hundreds."""

from collections.abc import Iterable

from app.core.alerting.meaning import tiers_of
from app.core.alerting.quoting import quoted
from app.core.alerting.rules import OUT_OF_DATE, rules
from app.core.alerting.share import FAST, PROMISED, SLOW
from app.core.alerting.wording import GROUP
from app.core.policy import Policy

EVERY_CHANNEL = "any"
"""The ``channel`` of a source that sends for all of them."""

_TURNS = ("EvenhandServedFirst", "EvenhandFreeWhileOthersWait")
_ALWAYS = ("EvenhandAbsent", "EvenhandWatchdog", "EvenhandRulesFailing")
"""What is told though no service answers."""
_STOOD_STILL = ("EvenhandWorkBehind", "EvenhandSourceSilent")
_NEAR = ("EvenhandPromiseDueSoon", "EvenhandDueBeforeClosing", "EvenhandTurnedAway")
_FAST, _SLOW, _PROMISED = (f"Evenhand{pace.name}" for pace in (FAST, SLOW, PROMISED))
_IMPORTANT_FAST, _IMPORTANT_SLOW = (f"EvenhandImportant{pace.name}" for pace in (FAST, SLOW))

Inhibition = dict[str, list[str]]


def inhibitions(policy: Policy) -> list[Inhibition]:
    """Cause and what it explains, from the whole service down to one kind of promise."""
    late = _late_alerts(policy)
    first = quoted(tiers_of(policy)[0])
    tickets = ("EvenhandOverdue", _FAST, _SLOW, _PROMISED)
    return [
        # No service: whatever it said last is out of date.
        {
            "source_matchers": ['alertname="EvenhandAbsent"'],
            "target_matchers": ['alertname=~"Evenhand.+"', f'alertname!~"{"|".join(_ALWAYS)}"'],
        },
        # What stands still, or is not worked out yet: who is late may not be, and the reverse.
        _explains("EvenhandPictureOld", (*_STOOD_STILL, *late, *_TURNS)),
        _explains("EvenhandWorkBehind", (*late, *_TURNS)),
        # No news looks just like nobody answering.
        _explains("EvenhandSourceSilent", late, equal=["channel"]),
        *_silence_of_all((*late, *_TURNS)),
        *_silence_of_teams(policy),
        # That others wait is what being served first means. Important customers are told all the same.
        _explains("EvenhandServedFirst", tickets, f"tier!={first}", equal=["team"]),
        # Somebody was called already for the same customers and the same promise.
        _explains("EvenhandImportantOverdue", (_IMPORTANT_FAST, _IMPORTANT_SLOW), equal=[*GROUP]),
        _explains(_IMPORTANT_FAST, (_IMPORTANT_SLOW, _PROMISED), equal=[*GROUP]),
        _explains(_IMPORTANT_SLOW, (_PROMISED,), equal=[*GROUP]),
        _explains("EvenhandOverdue", (_FAST, _SLOW), equal=[*GROUP]),
        _explains(_FAST, (_SLOW, _PROMISED), equal=[*GROUP]),
        _explains(_SLOW, (_PROMISED,), equal=[*GROUP]),
    ]


def _late_alerts(policy: Policy) -> tuple[str, ...]:
    """Every alert about lateness: those of the policy's rule file, and what is near it."""
    found = (rule for group in rules(policy)["groups"] for rule in group["rules"])
    names = (rule["alert"] for rule in found if "alert" in rule)
    return (*(name for name in names if name != OUT_OF_DATE), *_NEAR)


def _silence_of_all(names: Iterable[str]) -> list[Inhibition]:
    """A source of all channels, or of a channel nobody names, leaves nothing to be believed."""
    return [_named("EvenhandSourceSilent", [f'channel=~"{EVERY_CHANNEL}|"'], names)]


def _silence_of_teams(policy: Policy) -> list[Inhibition]:
    """Turns carry no channel: of a team that takes one only, the silence of that one hides them."""
    return [
        _named(
            "EvenhandSourceSilent",
            [f"channel={quoted(channel)}"],
            _TURNS,
            f"team={quoted(team.id)}",
        )
        for team in policy.teams.values()
        if len(team.channels) == 1
        for channel in team.channels
    ]


def _explains(
    cause: str, consequences: Iterable[str], *more: str, equal: list[str] | None = None
) -> Inhibition:
    made = _named(cause, [], consequences, *more)
    return made if equal is None else {**made, "equal": equal}


def _named(cause: str, matchers: list[str], consequences: Iterable[str], *more: str) -> Inhibition:
    return {
        "source_matchers": [f'alertname="{cause}"', *matchers],
        "target_matchers": [f'alertname=~"{"|".join(consequences)}"', *more],
    }
