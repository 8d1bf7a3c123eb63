"""Why a command cannot be done, and the settings that most commands need."""

from pydantic import ValidationError

from app.settings import Settings, read_settings


class Refusal(Exception):  # noqa: N818 - named for the fact
    """The command cannot be done; the message says why. The status is 1."""


def settings_or_refusal() -> Settings:
    """Read the settings; what is wrong with them is said by the name of each variable."""
    try:
        return read_settings()
    except ValidationError as error:
        faults = [
            f"EVENHAND_{'.'.join(map(str, found['loc'])).upper()}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        ]
        raise Refusal("\n".join(faults)) from None
