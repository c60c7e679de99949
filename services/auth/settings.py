"""The settings of the auth service: ``AUTH_DATABASE__URL``, ``AUTH_OIDC__ISSUER`` and so on."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Group, ServiceSettings


class OidcSettings(Group):
    """Which identity provider is believed."""

    issuer: str = Field(
        default="",
        description="Issuer, for example https://id.example.org/realms/harmonia; "
        "empty: the embedded provider, which production refuses.",
    )
    audience: str = Field(
        default="",
        description="`aud` that access tokens must carry; empty: harmonia-<STACK>, for example harmonia-MIN.",
    )


class KeycloakSettings(Group):
    """The service account with which members and partners are created in the realm of the issuer."""

    client_id: str = Field(default="harmonia-auth", description="Service account with manage-users and manage-clients.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")


class ProviderSettings(Group):
    """The embedded identity provider of a lone machine."""

    address: str = Field(default="127.0.0.1:9080", description="host:port that its web server listens on.")
    issuer: str = Field(
        default="", description="Address that browsers know it by; empty: http://<address>/realms/harmonia."
    )
    gateway_url: str = Field(
        default="http://127.0.0.1:8080",
        description="Address of the gateway; its callback is <gateway_url>/auth/callback, and a logout returns to "
        "<gateway_url>/.",
    )
    gateway_secret: SecretStr = Field(
        default=SecretStr(""), description="Secret of the client `gateway`; empty: a public client, PKCE alone."
    )

    @property
    def effective_issuer(self) -> str:
        """The issuer, computed from the address when none is set."""
        return self.issuer or f"http://{self.address}/realms/harmonia"


class PassportSettings(Group):
    """The keys that sign passports."""

    keys: Path | None = Field(
        default=None,
        description="JWK set of private P-256 keys, the signing one first, mounted by the cluster; "
        "empty: made in the data folder at first start, which production refuses.",
    )


class AuthSettings(ServiceSettings):
    """Everything the auth service can be told; every default is usable on a lone machine."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        **{**ServiceSettings.model_config, "env_prefix": "AUTH_"}
    )

    oidc: OidcSettings = Field(default_factory=OidcSettings, description="Which identity provider is believed.")
    keycloak: KeycloakSettings = Field(default_factory=KeycloakSettings, description="Keycloak's admin API.")
    provider: ProviderSettings = Field(default_factory=ProviderSettings, description="The embedded provider.")
    passport: PassportSettings = Field(default_factory=PassportSettings, description="The keys that sign passports.")
