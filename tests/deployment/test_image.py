"""The image: what its recipe promises, and, where an engine is, that it builds, starts and answers."""

import os
import re
import socket
import time
from pathlib import Path

import docker
import pytest
import yaml

from node.roster import ALL

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "Dockerfile").read_text()
READY_SECONDS = 120


def test_the_recipe_builds_on_any_base_and_does_not_run_as_root():
    assert re.search(r"^ARG BASE=", RECIPE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^USER (\S+)", RECIPE, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes" in RECIPE


def test_the_recipe_copies_every_package_that_runs():
    copied = set(re.findall(r"^COPY (\w+) \1$", RECIPE, re.MULTILINE))

    assert copied == {"chassis", "cli", "formsets", "gen", "node", "services", "synthetic"}


def test_the_one_machine_shape_runs_every_service_and_writes_no_password():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())

    commands = {name: one["command"] for name, one in compose["services"].items() if "build" in one}
    assert commands == {name: ["serve", name] for name in ALL}
    assert all(
        one["read_only"] and one["cap_drop"] == ["ALL"] for one in compose["services"].values() if "build" in one
    )
    assert re.findall(r"password: *[^\s$\"{?]", (ROOT / "compose.yaml").read_text(), re.IGNORECASE) == []


@pytest.fixture(scope="module")
def engine():
    """Give the container engine."""
    if not _engine_answers():
        pytest.skip("No container engine answers: the image is not built.")
    client = docker.from_env()
    yield client
    client.close()


def _engine_answers() -> bool:
    # Asked by hand: the docker library leaves a socket open when nobody answers.
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(address.removeprefix("unix://")) == 0


@pytest.mark.real
def test_the_image_builds_starts_and_answers(engine):
    image, _ = engine.images.build(path=str(ROOT), tag="harmonia:test", rm=True)

    container = engine.containers.run(
        image,
        detach=True,
        read_only=True,
        cap_drop=["ALL"],
        tmpfs={"/tmp": "", "/var/lib/harmonia": "uid=10001,gid=10001,mode=0700"},
        environment={"HARMONIA_HEALTH_ADDRESS": "127.0.0.1:8086"},
    )
    try:
        answer = _first_answer(container)
        user = container.exec_run(["id", "-u"]).output.decode().strip()
    finally:
        container.remove(force=True)

    assert (answer, user) == ("ready", "10001")


def _first_answer(container) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        done = container.exec_run(["python", "-m", "node", "health", "127.0.0.1:8086"])
        if done.exit_code == 0:
            return str(done.output.decode().strip())
        time.sleep(2)
    return str(container.logs().decode())
