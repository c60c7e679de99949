"""The settings of a node: which stack it is, where it keeps things, where it listens. `python -m node config` prints them."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import TelemetrySettings, TlsSettings


class NodeSettings(BaseSettings):
    """`HARMONIA_<FIELD>` in the environment; every default is usable on a lone machine."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True, env_prefix="HARMONIA_", env_nested_delimiter="__", extra="forbid"
    )

    stack: str = Field(default="MIN", description="Name of the server: MIN, FED-OPH, FED-ESH, FED-COOP or FED-EPL.")
    data_folder: Path = Field(default=Path("var/node"), description="Folder of databases, keys and sockets.")
    production: bool = Field(default=False, description="Refuses development secrets, accounts and authorities.")
    database_admin_url: SecretStr = Field(
        default=SecretStr(""), description="Role that may make roles and schemas; empty: start an embedded PostgreSQL."
    )
    database_password: SecretStr = Field(
        default=SecretStr(""), description="Password given to the services' roles when this node makes them."
    )
    redis_url: SecretStr = Field(default=SecretStr(""), description="Redis protocol; empty: start an embedded Valkey.")
    grpc_address: str = Field(
        default="", description="host:port for other processes and servers, mutual TLS; empty: this process only."
    )
    health_address: str = Field(default="", description="host:port answering gRPC health in clear, for probes.")
    services: dict[str, str] = Field(
        default_factory=dict, description="Service → host:port, for the services hosted by other processes."
    )
    tls: TlsSettings = Field(default_factory=TlsSettings, description="Certificate, key and trust of this process.")
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings, description="Traces and logs.")
    migrate_on_start: bool = Field(
        default=True, description="Run migrations before serving; off in a cluster, where a job does it."
    )
