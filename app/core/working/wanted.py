"""Which contact is meant: a tool's own id of it, and its source where several know that id."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.replay import KEY_SEPARATOR, Contact, contact_key


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contact as people name it. ``source`` none: whichever source knows it."""

    subject: str
    source: str | None = None

    def means(self, key: str) -> bool:
        """Whether a contact's key is what is meant."""
        source, _, subject = key.partition(KEY_SEPARATOR)
        return subject == self.subject and self.source in (None, source)

    def choose(self, contacts: Iterable[Contact]) -> Contact:
        """The one contact that is meant; one that became a part of it is meant as well.

        Raises ``UnknownContact`` or ``SeveralContacts``.
        """
        found = [each for each in contacts if any(map(self.means, each.members))]
        exact = [each for each in found if self.means(each.key)]
        meant = exact or found
        if not meant:
            raise UnknownContact(f"no source told of a contact {self}")
        if len(meant) > 1:
            raise SeveralContacts(self.subject, sorted(each.source for each in meant))
        return meant[0]

    def key(self) -> str | None:
        """The contact's key, where the source is known."""
        return None if self.source is None else contact_key(self.source, self.subject)

    def __str__(self) -> str:
        """As a message names it."""
        name = repr(self.subject[:64])
        return name if self.source is None else f"{name} of the source {self.source[:64]!r}"


class UnknownContact(LookupError):  # noqa: N818 - named for the fact
    """Nobody told anything of such a contact."""


class SeveralContacts(LookupError):  # noqa: N818 - named for the fact
    """More than one source calls a contact of its own so."""

    def __init__(self, subject: str, sources: Sequence[str]) -> None:
        self.sources = tuple(sources)
        told = ", ".join(self.sources)
        super().__init__(f"several sources have a contact {subject[:64]!r}: {told}; say which")
