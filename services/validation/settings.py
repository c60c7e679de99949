"""The settings of the validation service: `VALIDATION_<GROUP>__<FIELD>`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class ValidationSettings(ServiceSettings):
    """Every default is usable on a lone machine."""

    model_config = SettingsConfigDict(**{**ServiceSettings.model_config, "env_prefix": "VALIDATION_"})

    workers: int = Field(default=1, ge=1, le=64, description="Processes that run rules; started at the first filing.")
    run_seconds: float = Field(default=20.0, gt=0, description="Seconds one run may take before the caller retries.")
    reports_remembered: int = Field(
        default=128,
        ge=0,
        description="Filings whose last reports a process remembers, 400 kB each, so that a small change runs only what it "
        "touches.",
    )
    ministry: str = Field(
        default="MIN",
        description="Name of the ministry's server: it decides about the ER's controls, the others about their QDIS.",
    )
    longest_wait_seconds: float = Field(
        default=10.0, gt=0, description="Seconds somebody may be expected to wait for a worker; one more is refused."
    )
    lease_seconds: float = Field(
        default=60.0, gt=0, description="Seconds a queued run is held by a worker that says nothing of it."
    )
