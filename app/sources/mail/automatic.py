"""Whether a machine wrote a message: a reply while away, a list, a report of what was not delivered."""

from typing import Final

from app.sources.mail.header import Header
from app.sources.mail.ours import Ours
from app.sources.mail.parts import Part, parts_of

_OF_MACHINES: Final = (
    "x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-auto-reply",
    "x-vacation", "x-failed-recipients",
)  # fmt: skip
_PRECEDENCES: Final = frozenset({"bulk", "junk", "auto_reply"})
_LISTS: Final = ("list-id", "mailing-list", "x-mailing-list")
_DAEMON: Final = "mailer-daemon@"
_REACTION: Final = "text/vnd.google.email-reaction+json"
_NO: Final = ("", "no", "false")
_YES: Final = ("yes", "true")


def is_machine_written(header: Header) -> bool:
    """Whether a machine says that it answered or announced something, or sent to many."""
    submitted = header.first("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in _NO or header.first("precedence").lower() in _PRECEDENCES:
        return True
    return any(header.first(name).lower() not in _NO for name in _OF_MACHINES)


def is_automatic(header: Header) -> bool:
    """Whether a machine wrote to us: one that wants no automatic answer is one itself.

    Of our own mail that does not hold: a help desk asks it of everything that its people send.
    """
    return is_machine_written(header) or "x-auto-response-suppress" in header


def is_of_list(header: Header, ours: Ours) -> bool:
    """Whether it was sent to many, and not through a list that is a mailbox of ours."""
    names = [header.first(name) for name in _LISTS]
    if any(name and ours.holds_list(name) for name in names):
        return False
    return header.first("precedence").lower() == "list" or any(names)


def is_bounce(message: Part, envelope_from: str | None) -> bool:
    """Whether it reports what became of another message: what nobody wrote has no way back."""
    header = message.header
    if message.kind == "multipart/report":
        return True
    returns_to = header.first("return-path") or envelope_from
    if returns_to is not None and returns_to.replace(" ", "") in ("<>", ""):
        return True
    return _DAEMON in header.first("from").lower()


def is_reaction(message: Part) -> bool:
    """Whether it is no more than a sign that somebody liked a message."""
    return any(part.kind == _REACTION for part in parts_of(message))


def is_spam(header: Header) -> bool:
    """Whether a filter on the way marked it."""
    flags = (header.first("x-spam-flag"), header.first("x-mailgun-sflag"))
    status = header.first("x-spam-status").lower()
    return any(flag.lower() in _YES for flag in flags) or status.startswith("yes")
