"""What a tool knows a customer by: how it is spelled, shown to people, and made unsearchable."""

import hashlib
import hmac
import re
from typing import Any, Final

import msgspec

from app.core.events import REGISTRY_TYPES, Alias, AliasKind, CustomerMerged, Incoming

PSEUDONYM_CHARACTERS: Final = 32
HIDDEN: Final = "•"

MAX_ALIASES = 64
"""Aliases of one event, the domains of its addresses among them."""

FREE_MAIL: Final = frozenset(
    [
        "126.com",
        "163.com",
        "aol.com",
        "att.net",
        "bluewin.ch",
        "bt.com",
        "btinternet.com",
        "comcast.net",
        "duck.com",
        "email.cz",
        "fastmail.com",
        "fastmail.fm",
        "free.fr",
        "freenet.de",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hey.com",
        "home.se",
        "hotmail.co.uk",
        "hotmail.com",
        "hotmail.de",
        "hotmail.dk",
        "hotmail.es",
        "hotmail.fr",
        "hotmail.it",
        "hotmail.nl",
        "hotmail.se",
        "icloud.com",
        "inbox.lv",
        "interia.pl",
        "jubii.dk",
        "laposte.net",
        "libero.it",
        "live.co.uk",
        "live.com",
        "live.dk",
        "live.nl",
        "live.no",
        "live.se",
        "mac.com",
        "mail.com",
        "mail.dk",
        "mail.ru",
        "me.com",
        "msn.com",
        "naver.com",
        "o2.pl",
        "online.no",
        "orange.fr",
        "outlook.com",
        "outlook.de",
        "outlook.dk",
        "outlook.fr",
        "pm.me",
        "posteo.de",
        "posteo.net",
        "proton.me",
        "protonmail.ch",
        "protonmail.com",
        "qq.com",
        "rediffmail.com",
        "seznam.cz",
        "sfr.fr",
        "sky.com",
        "sol.dk",
        "stofanet.dk",
        "t-online.de",
        "telia.com",
        "tiscali.it",
        "tutanota.com",
        "uol.com.br",
        "verizon.net",
        "wanadoo.fr",
        "web.de",
        "wp.pl",
        "yahoo.co.in",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.com.br",
        "yahoo.de",
        "yahoo.dk",
        "yahoo.es",
        "yahoo.fr",
        "yahoo.it",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "ziggo.nl",
        "zoho.com",
    ]
)
"""Domains that many unrelated people share: never an alias of one customer."""

_EMAIL = re.compile(r"[^@\s<>\"',;:]+@(?:[^@\s<>\"',;:.]+\.)+[^@\s<>\"',;:.]{2,}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_SPACING = re.compile(r"[\s()\[\]./\u00a0\u2010-\u2015-]")
_SCHEME = re.compile(r"(?:mailto|tel|sips?):(?://)?", re.IGNORECASE)
_PHONE_HINT = re.compile(rb'"\s*(?:[Tt][Ee][Ll]:|[Ss][Ii][Pp][Ss]?:)?[\s(]*\+')

_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_HIDDEN_KINDS: Final = frozenset({str(AliasKind.EMAIL), str(AliasKind.PHONE)})

_Body = dict[str, Any]


def classified(text: str) -> AliasKind | None:
    """Say whether a text is an e-mail address or a number in international form; else none."""
    if _PHONE.fullmatch(_digits(text)):
        return AliasKind.PHONE
    return AliasKind.EMAIL if _EMAIL.fullmatch(_bare(text)) else None


def normalised(alias: Alias) -> Alias:
    """Spell an alias in the one way it is compared by. A country is never guessed."""
    value = _spelled(alias)
    return (
        alias if not value or value == alias.value else msgspec.structs.replace(alias, value=value)
    )


def _spelled(alias: Alias) -> str:
    match alias.kind:
        case AliasKind.EMAIL:
            return _bare(alias.value).lower()
        case AliasKind.DOMAIN:
            return alias.value.strip().removeprefix("@").rstrip(".").lower()
        case AliasKind.PHONE:
            return _digits(alias.value)
        case AliasKind.ID:  # pragma: no branch
            return alias.value


def domain_alias(email: Alias) -> Alias | None:
    """The domain of an e-mail alias, where it can tell a customer; none for free mail."""
    if email.kind is not AliasKind.EMAIL or classified(email.value) is not AliasKind.EMAIL:
        return None
    domain = normalised(email).value.rpartition("@")[2]
    return None if domain in FREE_MAIL else Alias(AliasKind.DOMAIN, domain, domain)


def masked(alias: Alias) -> str:
    """What a person may read: enough to recognise, too little to search for."""
    value = normalised(alias).value
    match alias.kind:
        case AliasKind.EMAIL:
            local, _, domain = value.rpartition("@")
            return f"{local[:1]}{HIDDEN * 3}@{domain}"
        case AliasKind.PHONE if len(value) > 8:
            pair = HIDDEN * 2
            return f"{value[:3]} {pair} {pair} {pair} {value[-2:]}"
        case AliasKind.DOMAIN:
            return value
        case AliasKind.PHONE | AliasKind.ID:  # pragma: no branch
            return HIDDEN * 4 + value[-2:] if len(value) > 4 else HIDDEN * 4


def pseudonym(alias: Alias, key: bytes) -> Alias:
    """An e-mail or phone alias as a keyed hash of its normal spelling; others as they are.

    A plain hash could be searched: all numbers of a country are tried in a second.
    """
    if alias.kind not in (AliasKind.EMAIL, AliasKind.PHONE) or _is_pseudonym(alias):
        return alias
    spelled = normalised(alias)
    text = f"{spelled.kind}:{spelled.value}".encode()
    digest = hmac.new(key, text, hashlib.sha256).hexdigest()[:PSEUDONYM_CHARACTERS]
    return Alias(alias.kind, digest, masked(alias))


def pseudonymised(incoming: Incoming, key: bytes) -> Incoming:
    """Write addresses and numbers that name a customer as keyed hashes, before anything is stored.

    A customer who is named by an address or number is named by the same text that the registry
    uses for it (``email:<hash>``). What is inferred of a customer says who is meant as a contact
    does, by domain too. Unknown keys of the body are kept.
    """
    names_customer = incoming.type in REGISTRY_TYPES
    subject = hidden_name(incoming.subject, key) if names_customer else incoming.subject
    body = _hidden(incoming, key, names_customer=names_customer)
    if incoming.hidden:
        mark = pseudonym(Alias(AliasKind.PHONE, incoming.hidden), key).value
        subject = subject.replace(incoming.hidden, mark)
        body = body.replace(incoming.hidden.encode(), mark.encode())
    if body is incoming.body and subject == incoming.subject:
        return incoming
    return msgspec.structs.replace(incoming, subject=subject, body=body, hidden=None)


def _hidden(incoming: Incoming, key: bytes, *, names_customer: bool) -> bytes:
    """The body without addresses and numbers; the very same bytes where there are none."""
    may_name = incoming.type == CustomerMerged.type or _may_name(incoming.body)
    body: Any = msgspec.json.decode(incoming.body) if may_name else None
    if not isinstance(body, dict):
        return incoming.body
    written = dict(body)
    with_domains = not names_customer or body.get("inferred") is True
    aliases = _aliases(body, key, with_domains=with_domains)
    if aliases:
        written["aliases"] = aliases
    if _kind_of_customer(body) is not None:
        del written["customer"]
    into = body.get("into")
    if incoming.type == CustomerMerged.type and isinstance(into, str):
        written["into"] = hidden_name(into, key)
    return incoming.body if written == body else msgspec.json.encode(written)


def _may_name(body: bytes) -> bool:
    """Whether a body can hold an address or number at all; most bodies cannot and stay unread."""
    return (
        b"@" in body
        or b'"aliases"' in body
        or b"\\u00" in body
        or (b"+" in body and _PHONE_HINT.search(body) is not None)
    )


def hidden_name(customer: str, key: bytes) -> str:
    """A customer's id without an address or number: one that is an alias, or a name made of one."""
    told, value = customer.partition(":")[::2]
    kind = classified(customer)
    if kind is not None:
        value = customer
    elif told in _HIDDEN_KINDS:
        kind = None if _PSEUDONYM.fullmatch(value) else AliasKind(told)
    elif told == AliasKind.ID:
        value = customer.rpartition(":")[2]
        kind = classified(value)
    return customer if kind is None else f"{kind}:{pseudonym(Alias(kind, value), key).value}"


def _kind_of_customer(body: _Body) -> AliasKind | None:
    customer = body.get("customer")
    return classified(customer) if isinstance(customer, str) else None


def _aliases(body: _Body, key: bytes, *, with_domains: bool) -> list[Any]:
    """The aliases to store; the one that stood in ``customer`` comes first."""
    told = body.get("aliases")
    entries: list[Any] = list(told) if isinstance(told, list) else []
    kind = _kind_of_customer(body)
    if kind is not None:
        entries.insert(0, {"kind": str(kind), "value": body["customer"]})
    stored = [_stored(entry, key) for entry in entries]
    domains = [_domain_of(entry) for entry in entries] if with_domains else []
    found: list[Any] = []
    for each in (*stored, *domains):
        if each is not None and each not in found:
            found.append(each)
    return found[: max(len(entries), MAX_ALIASES)]


def _stored(entry: Any, key: bytes) -> Any:
    """One alias as it is stored."""
    told = _read(entry)
    if told is None:
        return entry  # The reader of the event refuses it, naming the field.
    hidden = pseudonym(_as_meant(told), key)
    return entry if hidden is told else msgspec.to_builtins(hidden)


def _domain_of(entry: Any) -> Any:
    told = _read(entry)
    domain = None if told is None else domain_alias(_as_meant(told))
    return None if domain is None else msgspec.to_builtins(domain)


def _read(entry: Any) -> Alias | None:
    try:
        return msgspec.convert(entry, Alias)
    except msgspec.ValidationError:
        return None


def _as_meant(alias: Alias) -> Alias:
    """An id that is an address or a number is one: it must not be stored in the clear."""
    kind = classified(alias.value) if alias.kind is AliasKind.ID else None
    return alias if kind is None else Alias(kind, alias.value)


def _is_pseudonym(alias: Alias) -> bool:
    return alias.masked is not None and _PSEUDONYM.fullmatch(alias.value) is not None


def _bare(text: str) -> str:
    return _SCHEME.sub("", text.strip(), count=1)


def _digits(text: str) -> str:
    """A number without its writing: ``tel:+45 (11) 22-33`` is ``+45112233``."""
    number = _bare(text)
    if number != text.strip():
        number = number.partition(";")[0].partition("@")[0]
    return _SPACING.sub("", number)
