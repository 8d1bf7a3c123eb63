"""Words in events that change what they mean: an attempt, a note, a machine that was spoken to."""

from app.core import events as e

ATTEMPT = "outbound_call_attempt"
"""The reason of an ``agent.replied`` that rang at the customer and has not connected."""

NOTE = "internal_note"
"""The reason of an ``agent.replied`` that only colleagues can read."""

SOMEBODY = ""
"""Who has taken a contact, where the tool does not say who it was."""

VOICEMAIL = "voicemail"
"""The reason of a ``customer.replied`` that she spoke to a machine."""


def is_touch(data: e.Data) -> bool:
    """Whether a human of ours reached the customer on our own initiative or in writing."""
    match data:
        case e.AgentReplied(actor=e.Actor.HUMAN, reason=reason):
            return reason not in (ATTEMPT, NOTE)
        case e.ContactAnswered(direction=e.Direction.OUTBOUND):
            return True
        case _:
            return False
