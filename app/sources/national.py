"""Whose number is 22 33 44 55: numbers without a country belong to the source's region, if it has one."""

from functools import lru_cache

import msgspec
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from app.core.events import Alias, AliasKind

NUMBERS_REMEMBERED = 20_000
"""Numbers that are not looked at again for each of their calls."""


def in_region(aliases: tuple[Alias, ...], region: str) -> tuple[Alias, ...]:
    """Give numbers of ``region`` (``DK``) their country; what is no number there stays as it is.

    Without a region nothing changes: a country is never guessed.
    """
    if not region or not any(alias.kind is AliasKind.PHONE for alias in aliases):
        return aliases
    placed = (
        msgspec.structs.replace(alias, value=international(alias.value, region))
        if alias.kind is AliasKind.PHONE
        else alias
        for alias in aliases
    )
    return tuple(dict.fromkeys(placed))


@lru_cache(maxsize=NUMBERS_REMEMBERED)
def international(number: str, region: str) -> str:
    """A valid number of a region as E.164; what has its country already, or is none, as it came."""
    digits = "".join(number.split())
    if not (digits.isascii() and digits.isdecimal()):
        return number
    try:
        read = phonenumbers.parse(digits, region)
    except NumberParseException:
        return number
    if not phonenumbers.is_valid_number(read):
        return number
    return phonenumbers.format_number(read, PhoneNumberFormat.E164)
