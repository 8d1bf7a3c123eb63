"""Which systems send to us: sources.yaml, read into configured sources or refused with its faults."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_core import ErrorDetails

from app.core.events import TYPES, Channel
from app.core.marked_yaml import Fault, FaultyFile, Marked, read_marked
from app.core.source import DEFAULT_SILENCE, Source
from app.sources.adapter import Adapter, Connection, SignedBy, SourceConfig, TeamFrom
from app.sources.kinds import ADAPTERS
from app.sources.mapping.file import mapping_in, read_mapping
from app.sources.mapping.rules import MappingRules

ReadSecret = Callable[[str, str], str]
"""Give the secret that ``env`` or ``file`` and a name stand for; LookupError or OSError if none."""

NOT_LOOKED_UP = "not-looked-up-here"
"""Stands for any secret where a file is read that needs none."""

LACKING = "expected a secret in"
"""How the fault of a secret begins that is nowhere."""

MAX_SOURCES = 1000
MAX_SECRETS = 8
MAX_TAGS = 64
MAX_LISTED = 5_000
"""Agents, machines, addresses or domains that one source may list."""
MIN_TOKEN = 16
"""Characters of a token that stands alone for a signature."""

MAIL_SILENCE = timedelta(hours=2)
MAX_SPAN = timedelta(days=366)
_MAX_SHOWN = 40
_SPAN = re.compile(r"(\d{1,6})\s*([smhd])", re.ASCII)
_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
)
_SECRET_FIELDS = frozenset({"secrets", "token", "verify_token"})
_REFERENCE = "{env: NAME} or {file: PATH}; a secret itself never stands in this file"
_EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "extra_forbidden": "is not a known field here",
        "missing": "is required",
        "model_type": "expected a mapping",
        "dict_type": "expected a mapping",
        "tuple_type": "expected a list",
        "string_type": "expected text",
        "bool_type": "expected true or false",
        "bool_parsing": "expected true or false",
    }
)


_ADDRESSES: Final[Mapping[tuple[int | str, ...], str]] = MappingProxyType(
    {
        ("public_url",): "expected an address that begins with https://",
        ("link",): "expected an address that begins with https:// and has {contact} in it",
    }
)


def _span(value: object) -> timedelta:
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < span <= MAX_SPAN:
        raise ValueError("expected a span such as 30m, 4h or 2d")
    return span


Span = Annotated[timedelta, BeforeValidator(_span)]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, coerce_numbers_to_str=True
    )


class _Secret(_Model):
    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")] | None = None
    file: Name | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Where the secret is found."""
        return ("env", self.env) if self.env is not None else ("file", self.file or "")


def _reference(value: object) -> object:
    if not isinstance(value, dict) or len(value) != 1 or not {"env", "file"} & set(value):
        raise ValueError(f"expected {_REFERENCE}")
    return value


_Reference = Annotated[_Secret, BeforeValidator(_reference)]


class _TurnedAway(_Model):
    """What in the tool means that the customer was turned away."""

    tags: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_TAGS)]


def _in_small_letters(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip().lower().removeprefix("@") for name in names)


Listed = Annotated[
    tuple[Name, ...], Field(max_length=MAX_LISTED), AfterValidator(_in_small_letters)
]
Tags = Annotated[tuple[Name, ...], Field(max_length=MAX_TAGS), AfterValidator(_in_small_letters)]


class _Connection(_Model):
    """Where a source is fetched from."""

    host: Annotated[str, Field(max_length=256)] = ""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    user: Annotated[str, Field(max_length=256)] = ""
    tls: bool = True
    path: Annotated[str, Field(max_length=2048)] = ""
    folder: Annotated[str, Field(max_length=256)] = "INBOX"
    sent: Annotated[str, Field(max_length=256)] = ""


class _Entry(_Model):
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    kind: str
    secrets: Annotated[tuple[_Reference, ...], Field(max_length=MAX_SECRETS)] = ()
    teams: dict[Name, Name] = Field(default_factory=dict)
    default_team: Name | None = None
    silence_limit: Span | None = None
    public_url: Annotated[str, Field(pattern=r"^https?://\S{1,2000}$")] = ""
    link: Annotated[str, Field(pattern=r"^https?://\S*\{contact\}\S*$", max_length=1500)] = ""
    follow_up_tags: dict[Name, Span] = Field(default_factory=dict)
    turned_away: _TurnedAway | None = None
    archived_keeps_promise: bool = False
    unsigned: bool = False
    token: _Reference | None = None
    team_from: TeamFrom = TeamFrom.INBOX
    discard_tags: Tags = ()
    tier_tags: Annotated[dict[Name, Name], Field(max_length=MAX_LISTED)] = Field(
        default_factory=dict
    )
    staff: Listed = ()
    staff_domains: Listed = ()
    bots: Listed = ()
    addresses: Listed = ()
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    verify_token: _Reference | None = None
    topics: Annotated[tuple[Name, ...], Field(max_length=MAX_TAGS)] = ()
    events: Annotated[dict[Name, Name], Field(max_length=MAX_LISTED)] = Field(default_factory=dict)
    connection: _Connection | None = None
    mapping: dict[str, Any] | None = None
    calls_from: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")] | None = None


OPTIONS: Final = frozenset(_Entry.model_fields) - {
    *("id", "kind", "secrets", "unsigned", "token", "teams", "default_team", "silence_limit"),
    *("public_url", "link"),
}
"""Fields that only some kinds take."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the file an entry stands, and what is wrong with it so far."""

    marked: Marked
    index: int
    faults: list[Fault]

    def blame(self, path: Sequence[str | int], message: str) -> None:
        self.faults.append(self.marked.fault(("sources", self.index, *path), message))


def read_sources(text: str, read_secret: ReadSecret) -> tuple[SourceConfig, ...]:
    """Read sources.yaml; raises ``FaultyFile`` with every fault, never with a secret in it."""
    marked = read_marked(text)
    entries = _entries(marked)
    faults: list[Fault] = []
    configs = [
        _read_entry(_Place(marked, index, faults), entry, read_secret)
        for index, entry in enumerate(entries)
    ]
    seen: set[object] = set()
    for index, entry in enumerate(entries):
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and name in seen:
            _Place(marked, index, faults).blame(("id",), f"expected an id of its own, got {name!r}")
        seen.add(name if isinstance(name, str) else None)
    for index, entry in enumerate(entries):
        told = entry.get("calls_from") if isinstance(entry, dict) else None
        if isinstance(told, str) and told not in seen:
            message = f"expected the id of a source in this file, got {told[:_MAX_SHOWN]!r}"
            _Place(marked, index, faults).blame(("calls_from",), message)
    if faults:
        raise FaultyFile(sorted(faults, key=lambda fault: fault.line))
    return tuple(config for config in configs if config is not None)


def _entries(marked: Marked) -> list[Any]:
    root = marked.value
    if not isinstance(root, dict) or not isinstance(root.get("sources"), list):
        raise FaultyFile([marked.fault(("sources",), "expected a list under the key sources")])
    others = [marked.fault((key,), "is not a known field here") for key in root if key != "sources"]
    if len(root["sources"]) > MAX_SOURCES:
        others.append(marked.fault(("sources",), f"expected at most {MAX_SOURCES} sources"))
    if others:
        raise FaultyFile(others)
    entries: list[Any] = root["sources"]
    return entries


def _read_entry(place: _Place, entry: object, read_secret: ReadSecret) -> SourceConfig | None:
    before = len(place.faults)
    try:
        read = _Entry.model_validate(entry)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _blame_field(place, detail, entry)
        return None
    adapter = ADAPTERS.get(read.kind)
    if adapter is None:
        kinds = ", ".join(sorted(ADAPTERS))
        place.blame(("kind",), f"expected one of {kinds}, got {read.kind[:_MAX_SHOWN]!r}")
        return None
    for option in sorted((read.model_fields_set & OPTIONS) - adapter.options):
        place.blame((option,), f"is not an option of the kind {adapter.kind}")
    rules = _mapping(place, read, adapter)
    adapter = adapter.of(replace(_config(read, adapter), mapping=rules))
    secrets = _secrets(place, read, adapter, read_secret)
    shown = read.verify_token
    word = _secret(place, ("verify_token",), shown, read_secret) if shown else ""
    _check_events(place, read)
    _check_topics(place, read, adapter)
    _check_connection(place, read, adapter)
    if len(place.faults) > before:
        return None
    config = replace(_config(read, adapter), secrets=secrets, verify_token=word, mapping=rules)
    return replace(config, source=replace(config.source, tells=adapter.tells_with(config)))


def _check_connection(place: _Place, entry: _Entry, adapter: Adapter) -> None:
    """A source that is fetched says where from, and who logs in somewhere has a password."""
    told = entry.connection
    if told is None:
        if adapter.signed_by is SignedBy.CONNECTION and not entry.unsigned:
            place.blame(("connection",), "is required: the host or the path it is fetched from")
    elif not told.host and not told.path:
        place.blame(("connection",), "expected a host to log in to, or the path of a file")
    elif told.host and not entry.secrets:
        place.blame(("secrets",), f"expected the password: {_REFERENCE}")


def _mapping(place: _Place, entry: _Entry, adapter: Adapter) -> MappingRules | None:
    """What a mapping says that stands here, or in the file that is named here."""
    told = entry.mapping
    if "mapping" not in adapter.options:
        return None
    if told is None:
        place.blame(("mapping",), "is required: {file: PATH}, or the mapping itself")
        return None
    if set(told) == {"file"}:
        return _mapping_in_file(place, str(told["file"]))
    try:
        return mapping_in(place.marked, ("sources", place.index, "mapping"))
    except FaultyFile as faulty:
        place.faults.extend(faulty.faults)
        return None


def _mapping_in_file(place: _Place, file: str) -> MappingRules | None:
    try:
        return read_mapping(Path(file).read_text())
    except FaultyFile as faulty:
        for fault in faulty.faults:
            place.blame(("mapping", "file"), f"{file}, {fault}")
    except (OSError, ValueError):
        place.blame(("mapping", "file"), f"expected a file that can be read, got {_whole(file)!r}")
    return None


def _whole(file: str) -> str:
    """The whole path that a name of a file stands for."""
    return str(Path.cwd() / file)


def _check_events(place: _Place, entry: _Entry) -> None:
    for name, meaning in entry.events.items():
        if meaning not in TYPES:
            wanted = f"one of {', '.join(sorted(TYPES))}"
            place.blame(("events", name), f"expected {wanted}, got {meaning[:_MAX_SHOWN]!r}")


def _check_topics(place: _Place, entry: _Entry, adapter: Adapter) -> None:
    """Who signs for everybody vouches for nobody: the topics say which deliveries are ours."""
    for_everybody = adapter.signed_by is SignedBy.CERTIFICATE and not entry.unsigned
    if for_everybody and "topics" in adapter.options and not entry.topics:
        place.blame(("topics",), "is required: the ARN of each topic that may send here")


def _blame_field(place: _Place, detail: ErrorDetails, entry: object) -> None:
    path, kind = detail["loc"], detail["type"]
    message = _EXPECTED.get(kind) or detail["msg"].removeprefix("Value error, ")
    if path == ("id",) and kind == "string_pattern_mismatch":
        message = "expected 1 to 64 small letters, digits and dashes"
    elif path in _ADDRESSES and kind == "string_pattern_mismatch":
        message = _ADDRESSES[path]
    if kind not in ("extra_forbidden", "missing") and not _SECRET_FIELDS & set(path):
        message += _came(entry, path)
    place.blame(path, message[:1].lower() + message[1:])


def _came(entry: object, path: Sequence[str | int]) -> str:
    """Say what stands at ``path``, if it is short and plain."""
    value: Any = entry
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return ""
    if isinstance(value, dict | list):
        return f", got a {'mapping' if isinstance(value, dict) else 'list'}"
    return f", got {str(value)[:_MAX_SHOWN]!r}"


def _secrets(
    place: _Place, entry: _Entry, adapter: Adapter, read_secret: ReadSecret
) -> tuple[str, ...]:
    if not entry.unsigned:
        if entry.token is not None:
            place.blame(("token",), "goes with unsigned: true only; expected secrets instead")
        if not entry.secrets and adapter.signed_by is SignedBy.SECRET:
            place.blame(("secrets",), f"expected at least one {_REFERENCE}")
        wanted = [(("secrets", index), one) for index, one in enumerate(entry.secrets)]
        found = tuple(_secret(place, path, one, read_secret) for path, one in wanted)
        _check_secrets(place, adapter, found)
        return found
    if entry.secrets:
        place.blame(("secrets",), "expected token instead, because of unsigned: true")
    if entry.token is None:
        place.blame(("unsigned",), f"expected a token beside it: {_REFERENCE}")
        return ()
    token = _secret(place, ("token",), entry.token, read_secret)
    if 0 < len(token) < MIN_TOKEN:
        place.blame(("token",), f"expected a token of at least {MIN_TOKEN} characters")
    return (token,)


def _check_secrets(place: _Place, adapter: Adapter, secrets: Sequence[str]) -> None:
    """Say what is wrong with secrets that the kind cannot use; what stands for any is not looked at."""
    for index, secret in enumerate(secrets):
        fault = adapter.secret_fault(secret) if secret not in ("", NOT_LOOKED_UP) else None
        if fault is not None:
            place.blame(("secrets", index), fault)


def _secret(
    place: _Place, path: Sequence[str | int], secret: _Secret, read_secret: ReadSecret
) -> str:
    kind, name = secret.place
    where = f"the {'variable' if kind == 'env' else 'file'} {name}"
    try:
        value = read_secret(kind, name).strip()
    except (LookupError, OSError, UnicodeError):
        place.blame(path, f"{LACKING} {where}, got none")
        return ""
    if not value:
        place.blame(path, f"{LACKING} {where}, got an empty one")
    return value


def _config(entry: _Entry, adapter: Adapter) -> SourceConfig:
    usual = MAIL_SILENCE if adapter.channel is Channel.EMAIL else DEFAULT_SILENCE
    return SourceConfig(
        source=Source(
            id=entry.id,
            kind=entry.kind,
            channel=adapter.channel,
            tells=adapter.tells,
            untold=adapter.untold,
            teams=MappingProxyType(dict(entry.teams)),
            default_team=entry.default_team,
            silence_limit=entry.silence_limit or usual,
        ),
        unsigned=entry.unsigned,
        public_url=entry.public_url,
        link=entry.link,
        follow_up_tags=MappingProxyType(dict(entry.follow_up_tags)),
        turned_away_tags=frozenset(
            tag.strip().lower() for tag in (entry.turned_away.tags if entry.turned_away else ())
        ),
        archived_keeps_promise=entry.archived_keeps_promise,
        team_from=entry.team_from,
        discard_tags=frozenset(entry.discard_tags),
        tier_tags=MappingProxyType(
            {tag.strip().lower(): tier for tag, tier in entry.tier_tags.items()}
        ),
        staff=frozenset(entry.staff),
        staff_domains=frozenset(entry.staff_domains),
        bots=frozenset(entry.bots),
        addresses=frozenset(entry.addresses),
        region=entry.region or "",
        topics=frozenset(entry.topics),
        events=MappingProxyType(dict(entry.events)),
        connection=Connection(**entry.connection.model_dump()) if entry.connection else None,
        calls_from=entry.calls_from or "",
    )
