"""The five servers of the demonstration: names, ports, folders, and the environment each node starts with."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthetic import synthesise

SERVERS = ("MIN", "FED-OPH", "FED-ESH", "FED-COOP", "FED-EPL")
TITLES = {
    "MIN": "Ministère",
    "FED-OPH": "Fédération des OPH",
    "FED-ESH": "Fédération des ESH",
    "FED-COOP": "Fédération des coopératives",
    "FED-EPL": "Fédération des EPL",
}
FEDERATION_OF = {"OPH": "FED-OPH", "ESH": "FED-ESH", "COOP": "FED-COOP", "SEM": "FED-EPL"}
YEAR = 2024
SAMPLE_OPH = Path(__file__).resolve().parent.parent / "formsets" / "2024.1" / "examples" / "sample_oph.csv"


@dataclass(frozen=True, slots=True)
class SampleBody:
    """A body of the demonstration."""

    siren: str
    name: str
    family: str
    departement: str

    @property
    def servers(self) -> tuple[str, str]:
        """Return the servers it files on: the ministry (ER) and its federation (QDIS)."""
        return "MIN", FEDERATION_OF[self.family]


def sample_bodies() -> tuple[SampleBody, ...]:
    """Return one body a family: the worked example, and three synthetic ones that never change."""
    others = [synthesise(family, seed, YEAR) for family, seed in (("ESH", 7), ("COOP", 11), ("SEM", 13))]
    return (
        SampleBody("000000018", "Office public de l'habitat Exemple", "OPH", "21"),
        *(
            SampleBody(filing.siren, filing.cells["ID.010.v"], filing.family, _departement(filing.cells["ID.090.v"]))
            for filing in others
        ),
    )


def _departement(commune: str) -> str:
    return commune[:3] if commune.startswith(("97", "98")) else commune[:2]


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the demonstration."""

    name: str
    folder: Path
    host: str
    """Its own loopback address: browsers keep cookies by host, whatever the port, so five servers need five hosts."""
    port: int
    """Port of the pages; the identity provider, gRPC and health listen on the three after it."""

    @property
    def url(self) -> str:
        """Address of its pages; browsers treat 127.0.0.0/8 as secure and keep the session cookie without TLS."""
        return f"http://{self.host}:{self.port}"

    @property
    def identity_url(self) -> str:
        """Issuer of its embedded identity provider."""
        return f"http://{self.host}:{self.port + 1}/realms/harmonia"

    @property
    def grpc_address(self) -> str:
        """Address that other servers and the provisioning reach it at, over mutual TLS."""
        return f"{self.host}:{self.port + 2}"

    @property
    def health_address(self) -> str:
        """Address that answers the gRPC health protocol in clear, on loopback."""
        return f"{self.host}:{self.port + 3}"


@dataclass(frozen=True, slots=True)
class Federation:
    """All five, under one root folder."""

    root: Path
    servers: tuple[Server, ...]

    def __getitem__(self, name: str) -> Server:
        return next(server for server in self.servers if server.name == name)

    def __iter__(self) -> Iterator[Server]:
        return iter(self.servers)

    @property
    def trust(self) -> Path:
        """Folder of the five authorities that the servers trust."""
        return self.root / "trust"

    @property
    def accounts_file(self) -> Path:
        """File of the accounts, readable by its owner only."""
        return self.root / "accounts.json"

    def environment(self, server: Server) -> dict[str, str]:
        """Return the environment one node starts with."""
        peers = {other.name: other.grpc_address for other in self.servers if is_peer(server.name, other.name)}
        return {
            **os.environ,
            # The node starts processes of its own; gRPC need not hear of each fork.
            "GRPC_ENABLE_FORK_SUPPORT": "false",
            "HARMONIA_STACK": server.name,
            "HARMONIA_DATA_FOLDER": str(server.folder),
            "HARMONIA_GRPC_ADDRESS": server.grpc_address,
            "HARMONIA_HEALTH_ADDRESS": server.health_address,
            "HARMONIA_TLS__TRUST": str(self.trust),
            "HARMONIA_TELEMETRY__SPANS_FILE": str(server.folder / "spans.jsonl"),
            "HARMONIA_TELEMETRY__LOG_FILE": str(server.folder / "log.jsonl"),
            "AUTH_PROVIDER__ADDRESS": f"{server.host}:{server.port + 1}",
            "AUTH_PROVIDER__ISSUER": server.identity_url,
            "AUTH_PROVIDER__GATEWAY_URL": server.url,
            "GATEWAY_HTTP_HOST": server.host,
            "GATEWAY_HTTP_PORT": str(server.port),
            "GATEWAY_PUBLIC_URL": server.url,
            "GATEWAY_OIDC__ISSUER": server.identity_url,
            "SYNC_PEERS": json.dumps(peers),
        }


def is_peer(name: str, other: str) -> bool:
    """Tell whether two servers exchange: the ministry and each federation; never two federations."""
    return name != other and "MIN" in (name, other)


def federation(root: Path, first_port: int) -> Federation:
    """Return the five servers under a folder: 127.0.0.1 to 127.0.0.5, the same four ports on each."""
    servers = tuple(
        Server(name, root / name.lower(), f"127.0.0.{place}", first_port) for place, name in enumerate(SERVERS, start=1)
    )
    return Federation(root, servers)
