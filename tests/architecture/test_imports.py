"""The import contracts hold, and each one is proven to bite: a violation on purpose, in a copy of the tree, is reported."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("demo", "cli", "synthetic", "node", "services", "chassis", "formsets", "gen")
VIOLATIONS = {
    "a service that starts from a page of the demo": ("packages", "services/auth/service.py", "import demo"),
    "a chassis that knows a service": ("packages", "chassis/host.py", "import services.forms"),
    "a node that knows the command line": ("packages", "node/roster.py", "import cli"),
    "a use case that reads settings": (
        "rooms",
        "services/forms/usecases/save_cells.py",
        "import services.forms.settings",
    ),
    "a domain that knows its use cases": (
        "rooms",
        "services/forms/domain/cell.py",
        "import services.forms.usecases.ports",
    ),
    "a store that calls another service": ("rooms", "services/auth/store/rows.py", "import services.auth.clients"),
    "a stray module beside the rooms": ("rooms", "services/signature/sundries.py", ""),
    "a gateway client that draws pages": (
        "gateway",
        "services/gateway/clients/__init__.py",
        "import services.gateway.web",
    ),
    "a gateway with a domain": ("gateway", "services/gateway/domain.py", ""),
    "a service that imports another": ("independence", "services/transmission/service.py", "import services.signature"),
    "a domain with SQL": ("domain", "services/auth/domain/role.py", "import sqlalchemy"),
    "a domain that logs": ("domain", "services/sync/domain/fact.py", "import chassis.logging"),
    "a use case that speaks gRPC": ("usecases", "services/signature/usecases/sign_filing.py", "import grpc"),
    "a store that reads messages": (
        "generated",
        "services/forms/store/filings.py",
        "import harmonia.forms.v1.forms_pb2",
    ),
    "a pure corner that is not pure": ("pure-corner", "chassis/identifiers.py", "import pydantic"),
    "form sets that know a service": ("formsets", "formsets/values.py", "import services.forms"),
}


def contracts() -> dict[str, str]:
    """Contract id → name."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["id"]: contract["name"] for contract in content["tool"]["importlinter"]["contracts"]}


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'gen'}", "COLUMNS": "500"}
    return subprocess.run(
        [*command, "--no-cache", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a copy of the tree's packages and contracts."""
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_contract_is_kept():
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout


def test_every_contract_has_a_violation_that_proves_it():
    assert {contract for contract, _, _ in VIOLATIONS.values()} == set(contracts())


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_the_contract_catches(violation, tree):
    contract, path, line = VIOLATIONS[violation]
    file = tree / path
    before = file.read_text() if file.exists() else None
    file.write_text(f"{line}\n{before or ''}")

    done = lint(tree, "--contract", contract)
    file.unlink() if before is None else file.write_text(before)

    assert done.returncode == 1, done.stdout
    assert f"{contracts()[contract]} BROKEN" in " ".join(done.stdout.split())
    assert path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") in done.stdout
