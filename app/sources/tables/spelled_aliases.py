"""What people write for an alias: an address, a number, a domain, or the id that a tool gave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.core.aliases import FREE_MAIL, classified, normalised
from app.core.events import Alias, AliasKind
from app.sources.national import international
from app.sources.reading import MAX_NAME
from app.sources.refusal import RefusedValue

_KINDS = {str(kind): kind for kind in AliasKind}
_A_NUMBER = "a number with its country, such as +4511223344"


@dataclass(frozen=True, slots=True)
class Spelling:
    """How aliases are read: ``region`` (``DK``) is where numbers without a country belong.

    ``sources`` gives the ``source`` that events of a configured source bear, by its id.
    """

    region: str = ""
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def read(self, text: str, where: str, kind: AliasKind | None = None) -> Alias:
        """Read one alias; ``email:``, ``phone:``, ``domain:`` and ``id:SOURCE:`` may begin it.

        Raises ``RefusedValue`` naming ``where`` it stands.
        """
        told = text.strip()
        begins, _, rest = told.partition(":")
        if kind is None and begins in _KINDS:
            kind, told = _KINDS[begins], rest.strip()
        if kind is None:
            kind = classified(told) or self._guessed(told, where)
        if not told or len(told) > MAX_NAME - len("domain:") or "\0" in told:
            raise RefusedValue(where, "an alias of plain characters", repr(text[:64]))
        return _READ[kind](self, told, where)

    def _guessed(self, told: str, where: str) -> AliasKind:
        """A number without a country where there is a region; else it has to be said what it is."""
        if self.region and international(told, self.region) != told:
            return AliasKind.PHONE
        expected = "an e-mail address, a number such as +4511223344, domain:… or id:SOURCE:…"
        raise RefusedValue(where, expected, repr(told[:64]))

    def _email(self, told: str, where: str) -> Alias:
        if classified(told) is not AliasKind.EMAIL:
            raise RefusedValue(where, "an e-mail address", repr(told[:64]))
        return Alias(AliasKind.EMAIL, told)

    def _phone(self, told: str, where: str) -> Alias:
        spelled = normalised(Alias(AliasKind.PHONE, told)).value
        if spelled.startswith("00") and not self.region:
            spelled = f"+{spelled[2:]}"
        number = international(spelled, self.region) if self.region else spelled
        if classified(number) is not AliasKind.PHONE:
            expected = f"{_A_NUMBER}, or one of the region {self.region}" if self.region else (
                f"{_A_NUMBER}; a region says where numbers without one belong"
            )  # fmt: skip
            raise RefusedValue(where, expected, repr(told[:64]))
        return Alias(AliasKind.PHONE, number)

    def _domain(self, told: str, where: str) -> Alias:
        domain = normalised(Alias(AliasKind.DOMAIN, told))
        if domain.value in FREE_MAIL:
            expected = "a domain of the customer's own; everybody has an address there"
            raise RefusedValue(where, expected, repr(domain.value))
        if "." not in domain.value or any(each in domain.value for each in " /@:"):
            raise RefusedValue(where, "a domain such as acme.test", repr(told[:64]))
        return domain

    def _id(self, told: str, where: str) -> Alias:
        source, _, value = told.partition(":")
        if not source or not value:
            raise RefusedValue(where, "id:SOURCE:THE TOOL'S OWN ID", repr(told[:64]))
        kind = classified(value)
        if kind is not None:  # an id that is an address or a number is known by it everywhere
            return Alias(kind, value)
        return Alias(AliasKind.ID, f"{self.sources.get(source, source)}:{value}")


_READ = {
    AliasKind.EMAIL: Spelling._email,  # noqa: SLF001 - its own
    AliasKind.PHONE: Spelling._phone,  # noqa: SLF001
    AliasKind.DOMAIN: Spelling._domain,  # noqa: SLF001
    AliasKind.ID: Spelling._id,  # noqa: SLF001
}
