"""The settings of the transmission service: ``TRANSMISSION_DATABASE__URL`` and the other shared groups."""

from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class TransmissionSettings(ServiceSettings):
    """Nothing of its own yet; every default is usable."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        **{**ServiceSettings.model_config, "env_prefix": "TRANSMISSION_"}
    )
