"""What is committed: no address of a registry, no path of a machine, no secret; and the same rooms in every service."""

import re

import pytest

from tests.support.tree import ROOT, tracked

ROOMS = {"domain", "usecases", "rpc", "store", "clients", "workers"}
FRONT_DOOR = {"__init__.py", "__main__.py", "service.py", "settings.py"}
SERVICES = ("auth", "forms", "validation", "signature", "transmission", "sync")
OWN_ROOMS = {"auth": {"provider"}, "transmission": {"matrix"}}
"""Rooms that one service has and why: auth's embedded identity provider; the shipped release matrix, which is data."""

REGISTRIES = re.compile(
    r"(?:pypi|pythonhosted|npmjs|registry\.npm|crates\.io|proxy\.golang|repo1?\.maven|deb\.debian|artifactory|nexus)"
    r"[\w.-]*\.?(?:org|com|io|net)|https?://[\w.-]*(?:mirror|artifact|nexus|registry)[\w.-]*",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/")
SECRETS = re.compile(
    r"-----BEGIN (?:EC |RSA |ENCRYPTED )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{40,}"
    r"|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[A-Za-z0-9-]{10,}"
    r"|postgres(?:ql)?(?:\+psycopg)?://\w+:(?!\$|<|…|\.\.\.)[^@\s\"'{]{6,}@"
)
BINARY = {".png", ".binpb", ".jpg", ".ico", ".woff2", ".pdf", ".asice"}
MANIFEST = {"tests/architecture/test_tree.py"}


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        place = str(path.relative_to(ROOT))
        if path.suffix in BINARY or place in MANIFEST:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [
            f"{place}:{text.count(chr(10), 0, match.start()) + 1}: {match[0][:60]}" for match in pattern.finditer(text)
        ]
    return found


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE, SECRETS], ids=["registry", "machine", "secret"])
def test_nothing_is_committed_that_belongs_to_one_machine(pattern):
    assert lines_that_match(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRIES, "--index-url https://" + "pypi.org/simple"),
        (MACHINE, "cd /" + "work/main"),
        (SECRETS, "postgresql+psycopg://" + "forms:hunter22@db/x"),
    ],
)
def test_the_patterns_see_what_they_are_for(pattern, text):
    assert pattern.search(text)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_rooms(service):
    folder = ROOT / "services" / service
    rooms = {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}
    files = {path.name for path in folder.iterdir() if path.is_file()}

    assert files == FRONT_DOOR
    assert rooms - OWN_ROOMS.get(service, set()) <= ROOMS
    assert {"domain", "usecases", "rpc", "store"} <= rooms


def test_the_gateway_has_no_domain_no_use_case_and_no_store():
    folder = ROOT / "services" / "gateway"
    rooms = {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert rooms == {"web", "clients"}


def test_every_stored_service_migrates_its_own_schema():
    without = [one for one in SERVICES if not (ROOT / "services" / one / "store" / "migrations" / "env.py").exists()]

    assert without == []
