"""What a Zendesk payload looks like, and what its loose values mean."""

import msgspec

from app.core.events import Channel
from app.sources.adapter import Unreadable
from app.sources.reading import MAX_LISTED, Id, Moment, identity

PREFIXES = ("zen:event-type:", "zen:event-type/")
"""What stands before the name of an event; the documentation spells it both ways."""

_NOBODY = frozenset({"0", "-1"})
"""What Zendesk sends for nobody and for itself."""

_ASIDE = frozenset({"phone", "chat", "email", "mail"})
"""Ways in of which our channel says as much."""
_PHONE = ("phone", "voice", "talk")
_CHAT = (
    "chat", "messag", "messenger", "whatsapp", "sms", "facebook", "instagram", "twitter", "telegram",
    "viber", "wechat", "kakao", "slack", "answer_bot", "sunshine", "any_channel", "google_",
)  # fmt: skip


Tags = tuple[str, ...] | str | None
"""A list, or words with spaces between them as a placeholder writes them."""


class Via(msgspec.Struct, frozen=True):
    """The way a ticket came in."""

    channel: str | None = None

    @property
    def word(self) -> str:
        """Zendesk's own word, in small letters."""
        return (self.channel or "").strip().lower()


class Detail(msgspec.Struct, frozen=True):
    """A ticket, a user or an agent as it is when the event happens."""

    id: Id = None
    agent_id: Id = None
    assignee_id: Id = None
    created_at: Moment = None
    email: str | None = None
    group_id: Id = None
    organization_id: Id = None
    requester_id: Id = None
    role: str | None = None
    status: str | None = None
    submitter_id: Id = None
    tags: Tags = None
    via: Via | None = None


class Person(msgspec.Struct, frozen=True):
    """Whoever wrote or acted."""

    id: Id = None
    is_staff: bool | None = None
    name: str | None = None
    type: str | None = None


class Comment(msgspec.Struct, frozen=True):
    """A comment, or a message of a conversation; the text is left alone."""

    id: Id = None
    is_public: bool | None = None
    author: Person | None = None
    author_id: Id = None


class Sequence(msgspec.Struct, frozen=True):
    """Events with the same id come of one action."""

    id: Id = None


class Meta(msgspec.Struct, frozen=True):
    """Where the event stands in its action."""

    sequence: Sequence | None = None


class Thing(msgspec.Struct, frozen=True, gc=False):
    """What was changed, named or rated, where that is more than a word."""

    id: Id = None
    type: str | None = None
    value: str | None = None
    score: float | str | None = None
    rating: float | str | None = None


class Added(msgspec.Struct, frozen=True):
    """The tags that a user or an organisation got."""

    tags: Tags = None


Changed = Thing | int | float | str | None


class State(msgspec.Struct, frozen=True):
    """The status of an agent."""

    name: str | None = None


class Event(msgspec.Struct, frozen=True):
    """What happened; each type fills some of it."""

    current: Changed = None
    previous: Changed = None
    meta: Meta | None = None
    comment: Comment | None = None
    actor: Person | None = None
    message: Comment | None = None
    tags_added: Tags = None
    tags_removed: Tags = None
    added: Added | None = None
    target_ticket_id: Id = None
    rating: Thing | float | str | None = None
    score: Thing | float | str | None = None
    identity: Thing | None = None
    user: Thing | None = None
    organization: Thing | None = None
    new_unified_state: State | None = None
    channel: str | None = None
    reason: str | None = None
    work_item_id: Id = None
    updated_at: Moment = None


class Named(msgspec.Struct, frozen=True):
    """What a delivery is about: an event, or what a trigger says in our own body."""

    type: str | None = None
    evenhand: str | None = None

    @property
    def name(self) -> str:
        """The name of the event without what all names begin with."""
        name = (self.type or "").strip()
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
        return name


class Notice(Named, frozen=True):
    """A delivery of an event subscription."""

    id: Id = None
    time: Moment = None
    subject: str | None = None
    detail: Detail | None = None
    event: Event | None = None


def somebody(value: Id, path: str) -> str | None:
    """Write an id as text; Zendesk's numbers for nobody are none."""
    found = identity(value, path)
    return None if found in _NOBODY else found


def loose(value: Changed, path: str) -> str | None:
    """Write as text an id that changed, which may stand in an object."""
    if isinstance(value, Thing):
        value = value.id
    if isinstance(value, float):
        raise Unreadable(f"expected an id - at `{path}`")
    return somebody(value, path)


def moment(value: Changed, path: str) -> Moment:
    """Insist on what may be an instant."""
    if isinstance(value, Thing):
        raise Unreadable(f"expected an instant - at `{path}`")
    return value


def words(tags: Tags) -> tuple[str, ...]:
    """Read tags, however they are written."""
    listed = tags.split() if isinstance(tags, str) else tags or ()
    return tuple(listed[:MAX_LISTED])


def channel_of(word: str) -> Channel | None:
    """Our channel for the way a ticket came in; forms and the API are answered by mail."""
    if not word:
        return None
    if any(part in word for part in _PHONE):
        return Channel.PHONE
    is_chat = word == "line" or any(part in word for part in _CHAT)
    return Channel.CHAT if is_chat else Channel.EMAIL


def way_of(word: str) -> str | None:
    """Zendesk's own word for the way, where it says more than our channel."""
    return None if word in _ASIDE else word[:MAX_LISTED] or None
