"""The settings of the transmission service: `TRANSMISSION_<GROUP>__<FIELD>`."""

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class TransmissionSettings(ServiceSettings):
    """Nothing of its own; every default is usable on a lone machine."""

    model_config = SettingsConfigDict(**{**ServiceSettings.model_config, "env_prefix": "TRANSMISSION_"})
