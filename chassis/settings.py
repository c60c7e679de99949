"""Setting groups that services compose, and the order in which a setting is looked up.

The environment wins over a secret file, which wins over what the node passes, which wins over the default:
an operator can always override without a rebuild. Nothing is read at import; a settings value is built once,
by `node` or a service's `__main__`, and passed on.
"""

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class Group(BaseModel):
    """A frozen group of settings; unknown fields are refused so that a typing mistake is seen at start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Group):
    """How a service reaches PostgreSQL (15 or later)."""

    url: SecretStr = Field(
        default=SecretStr(""),
        description="postgresql+psycopg:// URL of the service's own role; empty: the node's embedded PostgreSQL.",
    )
    pool_size: int = Field(default=5, ge=1, le=100, description="Connections kept open.")
    statement_timeout_ms: int = Field(default=15_000, ge=100, description="A statement longer than this is cancelled.")


class TlsSettings(Group):
    """Mutual TLS between processes and between servers."""

    certificate: Path | None = Field(default=None, description="PEM certificate of this process.")
    key: Path | None = Field(default=None, description="PEM private key of this process, readable by its owner only.")
    trust: Path | None = Field(default=None, description="Folder of `<STACK>.pem` authorities, one per trusted stack.")


class TelemetrySettings(Group):
    """Where traces and logs go."""

    otlp_endpoint: str = Field(default="", description="OTLP/HTTP collector; empty: spans are not exported.")
    spans_file: Path | None = Field(
        default=None, description="Also append finished spans to this file, one JSON a line."
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    log_file: Path | None = Field(default=None, description="Write JSON logs here instead of standard error.")


class ServiceSettings(BaseSettings):
    """Base of each service's settings: `<SERVICE>_<GROUP>__<FIELD>`, for example `FORMS_DATABASE__URL`."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True, env_nested_delimiter="__", nested_model_default_partial_update=True, extra="ignore"
    )

    database: DatabaseSettings = Field(
        default_factory=DatabaseSettings, description="Where this service keeps its rows."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment first, then secret files, then what the caller passed."""
        return env_settings, file_secret_settings, init_settings
