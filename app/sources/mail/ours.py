"""Which addresses are ours: people of ours, mailboxes of ours, and what stands in their place."""

from collections.abc import Iterable
from typing import Final

from app.core.aliases import FREE_MAIL
from app.sources.adapter import SourceConfig
from app.sources.mail.addresses import domain_of, without_tag

TAGGED: Final = "+*@"
"""``support+*@firm.example`` says that what stands in the place of the star names a contact."""


class Ours:
    """The addresses that a source's configuration makes ours.

    ``addresses`` and those keys of ``teams`` that are addresses are mailboxes; people are ``staff``
    and ``staff_domains``. An address with a tag is as much ours as the one without.
    """

    def __init__(
        self, config: SourceConfig, came_to: Iterable[str] = (), sent_by: str | None = None
    ) -> None:
        """``came_to``: where a message was carried to us; ``sent_by``: in whose sent mail it was.

        Those of the same domain are ours then as well.
        """
        self._config = config
        self._came_to = {address.lower() for address in came_to}
        keys = [key for key in config.source.teams if "@" in key]
        logged_in = config.connection.user if config.connection else ""
        told = [*config.addresses, *([logged_in] if "@" in logged_in else ())]
        plain = [address.replace(TAGGED, "@") for address in told]
        self._mailboxes = {address.lower(): address for address in (*plain, *keys)}
        self._tagged = {each.replace(TAGGED, "@").lower() for each in told if TAGGED in each}
        domain = domain_of(sent_by) if sent_by else ""
        self._domain = "" if domain in FREE_MAIL else domain
        self._sent_by = (sent_by or "").lower()

    @property
    def are_known(self) -> bool:
        """Whether the configuration says anything of who or what is ours."""
        return bool(self._mailboxes or self._config.staff or self._config.staff_domains)

    def mailbox(self, address: str) -> str | None:
        """The mailbox of ours that the address is, as it is written in the configuration."""
        plain, _ = without_tag(address)
        return self._mailboxes.get(address.lower()) or self._mailboxes.get(plain)

    def is_ours(self, address: str) -> bool:
        """Whether the address is a mailbox or one of our people."""
        plain, _ = without_tag(address)
        domain = domain_of(address)
        return bool(
            self.mailbox(address)
            or address.lower() in self._came_to
            or self._config.is_staff(address, plain)
            or (self._domain and domain == self._domain)
            or (self._sent_by and address.lower() == self._sent_by)
        )

    def is_person(self, address: str) -> bool:
        """Whether the address is that of one of our people by name."""
        return bool(self._config.staff & {address.lower(), without_tag(address)[0]})

    def contact_tag(self, addresses: Iterable[str]) -> str | None:
        """The contact that a tag names, where the configuration says that tags do."""
        for address in addresses:
            plain, tag = without_tag(address)
            if tag and plain in self._tagged:
                return tag
        return None

    def first_outside(self, addresses: Iterable[str]) -> str | None:
        """The first address that is not ours."""
        return next((address for address in addresses if not self.is_ours(address)), None)

    def holds_list(self, list_id: str) -> bool:
        """Whether a mailing list is a mailbox of ours that hands on what it gets."""
        name = list_id.lower()
        return any(each in name or each.replace("@", ".") in name for each in self._mailboxes)
