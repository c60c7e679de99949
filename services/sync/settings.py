"""The settings of the sync service: ``SYNC_<GROUP>__<FIELD>``; keys and trust are those of the process (``HARMONIA_TLS__…``)."""

from typing import ClassVar

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings, TlsSettings


class SyncSettings(ServiceSettings):
    """Every default is usable on a lone machine: without peers, facts are kept and nothing is exchanged."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        **{**ServiceSettings.model_config, "env_prefix": "SYNC_", "populate_by_name": True}
    )

    peers: dict[str, str] = Field(
        default_factory=dict,
        description="Server → host:port of the peers whose streams are followed; their authorities are in the trust folder.",
    )
    ministry: str = Field(default="MIN", description="Name of the ministry's server.")
    tls: TlsSettings = Field(
        default_factory=TlsSettings,
        validation_alias=AliasChoices("sync_tls", "harmonia_tls", "tls"),
        description="Key that signs batches and receipts, and trust; empty: the node's development authority.",
    )
    sharing_families: frozenset[str] = Field(
        default=frozenset({"OPH", "ESH", "COOP", "SEM"}),
        description="Families whose shared facts travel: OPH, ESH, COOP by rule T-26; SEM since they file an ER (2015).",
    )
    first_year: int = Field(default=2008, description="First accounting year whose shared facts travel.")
