"""The settings of the forms service: `FORMS_<GROUP>__<FIELD>`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import Group, ServiceSettings


class ScannerSettings(Group):
    """A virus scanner for attachments (F-30): clamd of ClamAV."""

    address: str = Field(
        default="",
        pattern=r"^(unix:/.+|.+:[0-9]{1,5})?$",
        description="Where clamd listens, host:port or unix:/path; empty: attachments are not scanned, and say so.",
    )
    seconds: float = Field(
        default=30.0, gt=0, le=60, description="Seconds one file may take; later, it is refused and may be sent again."
    )


class FormsSettings(ServiceSettings):
    """Every default is usable on a lone machine."""

    model_config = SettingsConfigDict(**{**ServiceSettings.model_config, "env_prefix": "FORMS_"})

    largest_upload: int = Field(default=20_000_000, description="Bytes of an uploaded file at most (decisions.md 10).")
    archive_after_days: int = Field(
        default=365,
        ge=0,
        description="Days after the last day of a campaign from which its closed filings are archived (step 6).",
    )
    reading_seconds: float = Field(default=10.0, description="Seconds of processor a file may take to read.")
    scanner: ScannerSettings = Field(
        default_factory=ScannerSettings, description="Who looks for viruses in attachments."
    )
    lease_seconds: float = Field(
        default=60.0,
        gt=0,
        description="Seconds a publication is held by a worker that gets no filing done: how long it rests after a crash.",
    )
