"""Whether a delivery would be let in, and why: for whoever sets a tool up and is refused."""

import argparse
import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from app.commands.nearly import nearly
from app.commands.offline import instant
from app.commands.parsers import Commands, add_command
from app.commands.refusal import Refusal, settings_or_refusal
from app.operations.vendor_addresses import VendorAddresses, VendorAway
from app.service import load_sources, read_clock
from app.settings import read_secret
from app.sources import kinds
from app.sources.adapter import BadSignature, Delivery, SourceConfig
from app.sources.configuration import read_sources


def add_commands(commands: Commands) -> None:
    """Add ``verify``."""
    verifying = add_command(commands, "verify", "whether a signature holds, and why", _verify)
    verifying.add_argument("source", metavar="SOURCE_ID")
    verifying.add_argument("--url", default="", help="the address that the tool posted to")
    verifying.add_argument("--header", action="append", default=[], metavar="'K: V'")
    verifying.add_argument(
        "--body", default="", metavar="BODY", help="a file, @FILE, - for the input, or the text"
    )
    verifying.add_argument("--at", type=instant, help="when it came; default: now")
    verifying.add_argument("--sources", type=Path, help="default: EVENHAND_SOURCES_FILE")
    verifying.add_argument(
        "--certificate", type=Path, help="the vendor's certificate; default: it is fetched"
    )


def _verify(told: argparse.Namespace) -> None:
    configs = _configs(told)
    config = configs[told.source]
    delivery = Delivery(
        dict(_header(line) for line in told.header),
        _body(told.body),
        told.at or read_clock(),
        told.url,
    )
    delivery = kinds.as_posted(delivery, config)
    try:
        config = _certified(delivery, config, told.certificate)
        kinds.verify(delivery, config, delivery.received_at)
    except BadSignature as error:
        hints = "".join(
            f"\n  it would hold if {hint}" for hint in nearly(delivery, config, configs.values())
        )
        raise Refusal(f"refused: {error.reason}{hints}") from None
    except VendorAway as error:
        raise Refusal(f"cannot tell: {error}") from None
    by = "the token" if config.unsigned else "the signature"
    print(f"accepted: {by} holds, by one of the {len(config.secrets)} secrets of {told.source}")


def _configs(told: argparse.Namespace) -> dict[str, SourceConfig]:
    if told.sources is not None:
        configs = read_sources(told.sources.read_text(), read_secret)
    else:
        configs = load_sources(settings_or_refusal())
    known = {config.source.id: config for config in configs}
    if told.source not in known:
        names = ", ".join(sorted(known)) or "none at all"
        raise Refusal(f"expected a source out of sources.yaml ({names}), got {told.source!r}")
    return known


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Refusal(f"expected a header such as 'X-Signature: abc', got {line[:40]!r}")
    return name.strip().lower(), value.strip()


def _body(told: str) -> bytes:
    if told == "-":
        return sys.stdin.buffer.read()
    if told.startswith("@"):
        return Path(told[1:]).read_bytes()
    try:
        is_file = Path(told).is_file()
    except (OSError, ValueError):
        is_file = False  # a text that no file could be called
    return Path(told).read_bytes() if is_file else told.encode()


def _certified(delivery: Delivery, config: SourceConfig, file: Path | None) -> SourceConfig:
    address = kinds.certificate(delivery, config)
    if address is None:
        return config
    if file is not None:
        pem = file.read_text()
    else:
        pem = asyncio.run(VendorAddresses().certificate(address, delivery.received_at))
    return replace(config, secrets=(pem,))
