"""The settings of the signature service: ``SIGNATURE_<GROUP>__<FIELD>``, such as ``SIGNATURE_KEYS__FOLDER``."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import Group, ServiceSettings


class KeySettings(Group):
    """Where keys and trust come from."""

    folder: Path | None = Field(
        default=None,
        description="Folder of the seal and log keys, mode 0700; empty: made in the data folder at first start. "
        "Must be set, and exist, in production.",
    )
    trust: Path | None = Field(
        default=None, description="Folder of PEM certificates, other than our own root, whose seals are accepted."
    )


class FinishingSettings(Group):
    """How signatures that a crash interrupted are finished."""

    patience_seconds: float = Field(default=10.0, gt=0, description="An intent committed longer ago is interrupted.")
    every_seconds: float = Field(default=5.0, gt=0, description="How often to look for interrupted intents.")


class SignatureSettings(ServiceSettings):
    """Every default is usable on a lone machine."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        **{**ServiceSettings.model_config, "env_prefix": "SIGNATURE_"}
    )

    keys: KeySettings = Field(default_factory=KeySettings, description="Keys and trust.")
    finishing: FinishingSettings = Field(default_factory=FinishingSettings, description="Interrupted signatures.")
