"""Accounts of the demonstration: made at first start, random passwords, kept in a file that only its owner can read."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from chassis.tls import write_private
from demo.federation import SERVERS, SampleBody

PARTNERS = ("CDC", "CGLLS", "ANCOLS", "PREFET-21", "PREFET-69")
PARTNER_SERVERS = ("MIN", "FED-EPL")
"""Servers where partners read feeds: the ministry (ER), and the federation that opens its QDIS to some (T-20 to T-23)."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who signs in on one server."""

    server: str
    username: str
    name: str
    password: str
    body: str
    """SIREN, or `*` for staff of the server."""
    role: str


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """A partner's credentials on one server."""

    server: str
    partner: str
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everybody."""

    people: tuple[Person, ...]
    partners: tuple[PartnerAccount, ...]

    def person(self, server: str, username: str) -> Person:
        """Return a person of a server by login name."""
        return next(p for p in self.people if p.server == server and p.username == username)

    def partner(self, server: str, partner: str) -> PartnerAccount:
        """Return a partner's credentials on a server."""
        return next(p for p in self.partners if p.server == server and p.partner == partner)


def load_or_make(path: Path, bodies: tuple[SampleBody, ...]) -> Accounts:
    """Return the accounts of the file, made and written first when there is none."""
    if path.exists():
        stored = json.loads(path.read_text())
        return Accounts(
            tuple(Person(**person) for person in stored["people"]),
            tuple(PartnerAccount(**partner) for partner in stored["partners"]),
        )
    accounts = _make(bodies)
    write(path, accounts)
    return accounts


def write(path: Path, accounts: Accounts) -> None:
    """Write the accounts into a file that only its owner can read."""
    write_private(path, json.dumps(asdict(accounts), indent=2, ensure_ascii=False).encode())


def with_people_of(accounts: Accounts, body: SampleBody) -> Accounts:
    """Return the accounts with an accountant and a director for one more body."""
    return Accounts((*accounts.people, *_people_of(body, body.siren)), accounts.partners)


def _make(bodies: tuple[SampleBody, ...]) -> Accounts:
    people = [person for body in bodies for person in _people_of(body, body.family.lower())]
    for server in SERVERS:
        login = f"agent.{server.lower().removeprefix('fed-')}"
        people.append(Person(server, login, f"Agent {server}", secrets.token_urlsafe(12), "*", "authority_officer"))
    partners = [
        PartnerAccount(server, partner, partner.lower(), secrets.token_urlsafe(24))
        for server in PARTNER_SERVERS
        for partner in PARTNERS
    ]
    return Accounts(tuple(people), tuple(partners))


def _people_of(body: SampleBody, suffix: str) -> list[Person]:
    people = []
    for role, login, name in (
        ("accountant", "comptable", "Camille Compte"),
        ("director", "directeur", "Dominique Directeur"),
    ):
        password = secrets.token_urlsafe(12)
        people += [
            Person(server, f"{login}.{suffix}", f"{name} ({body.family})", password, body.siren, role)
            for server in body.servers
        ]
    return people
