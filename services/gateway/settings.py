"""The settings of the gateway: `GATEWAY_HTTP_PORT`, `GATEWAY_OIDC__ISSUER` and so on."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import Group


class OidcSettings(Group):
    """The identity provider at which people sign in; the auth service must believe the same one."""

    issuer: str = Field(
        default="http://127.0.0.1:9080/realms/harmonia",
        description="Issuer, without a final slash; the default is the embedded provider of the auth service.",
    )
    client_id: str = Field(default="gateway", description="This gateway's name at the provider.")
    client_secret: SecretStr = Field(
        default=SecretStr(""), description="Its secret; empty: a public client, PKCE alone (embedded provider)."
    )


class GatewaySettings(BaseSettings):
    """Everything the gateway can be told; every default is usable on a lone machine."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        frozen=True, env_prefix="GATEWAY_", env_nested_delimiter="__", extra="ignore"
    )

    http_host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="Port the web server listens on.")
    public_url: str = Field(
        default="",
        description="Origin that browsers know this gateway by, for example https://min.example.org; "
        "empty: http://<http_host>:<http_port>. Sign-in returns to <public_url>/auth/callback.",
    )
    http_certificate: Path | None = Field(default=None, description="PEM certificate, to serve https by itself.")
    http_key: Path | None = Field(default=None, description="PEM private key of that certificate.")
    oidc: OidcSettings = Field(default_factory=OidcSettings, description="The identity provider.")
    largest_upload: int = Field(default=20_000_000, description="Bytes of a file to import or to verify at most.")
    largest_attachment: int = Field(default=25_000_000, description="Bytes of a PDF to attach at most.")

    @property
    def effective_public_url(self) -> str:
        """The origin, computed from the address when none is set."""
        scheme = "https" if self.http_certificate else "http"
        return (self.public_url or f"{scheme}://{self.http_host}:{self.http_port}").rstrip("/")
