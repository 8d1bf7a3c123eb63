"""The only reader of the environment: what an operator sets, with units, bounds and defaults."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one process, from environment variables that begin with ``EVENHAND_``."""

    model_config = SettingsConfigDict(env_prefix="EVENHAND_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        description="PostgreSQL 15 or newer: postgresql+asyncpg://user:password@host/database"
    )

    @field_validator("database_url")
    @classmethod
    def _one_form(cls, url: SecretStr) -> SecretStr:
        """Take ``postgresql://`` too; anything else is said with the form that is wanted."""
        scheme, found, rest = url.get_secret_value().partition("://")
        if not found or scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
            raise ValueError("expected postgresql+asyncpg://user:password@host/database")
        return SecretStr(f"postgresql+asyncpg://{rest}")

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8000, description="TCP port")
    policy_file: Path | None = Field(
        default=None, description="imported at start when its version is higher than the stored one"
    )
    sources_file: Path | None = Field(default=None, description="which systems send to us")
    alias_key: SecretStr | None = Field(
        default=None,
        description="key that pseudonymises phone numbers and e-mail addresses; made and kept in "
        "the database where it is not given, which protects less",
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="bearer token that scrapes must show; none: no token needed"
    )
    exemplars: bool = Field(
        default=False,
        description="put the id of one contact on each bucket of the response times, in OpenMetrics "
        "alone; off, because the ids of some tools are personal",
    )
    docs_url: Annotated[str, Field(pattern=r"^(https?://.*)?$")] = Field(
        default="", description="where the files of docs/ are served, for links to them"
    )
    fold_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=0.2, description="how often leftovers are looked for, beside being told at once"
    )
    judge_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=0.2, description="how often broken promises are looked for"
    )
    fairness_seconds: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.25,
        description="how often it is looked who is served first, and whether a team's turns are to "
        "be taken over from another process",
    )
    snapshot_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=1.0, description="how often screens and scrapes get new numbers"
    )


def read_settings() -> Settings:
    """Read the settings from the environment."""
    return Settings()


def named_policy_file() -> Path | None:
    """The policy file that a service here would read, for what needs no other setting."""
    named = os.environ.get("EVENHAND_POLICY_FILE")
    return Path(named) if named else None


def read_secret(kind: str, name: str) -> str:
    """Give a secret that a file refers to: ``env`` and a variable, or ``file`` and a path.

    Raises ``LookupError`` or ``OSError`` where there is none.
    """
    if kind == "file":
        return Path(name).read_text().strip()
    value = os.environ[name]
    if not value:
        raise LookupError(name)
    return value
