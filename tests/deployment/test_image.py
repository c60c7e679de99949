"""The image: what its recipe promises, and, where an engine is, that it builds, starts and answers."""

import io
import os
import re
import socket
import tarfile
import time
from pathlib import Path

import docker
import pytest
import yaml

from node.roster import ALL

ROOT = Path(__file__).resolve().parents[2]
RECIPE = (ROOT / "Dockerfile").read_text()
READY_SECONDS = 120
STOP_SECONDS = 10
ADDED_BYTES = 260_000_000
"""What we may add to the base; the embedded database and cache are a fifth of it."""
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


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
    client = docker.from_env(timeout=900)
    yield client
    client.close()


def _engine_answers() -> bool:
    # Asked by hand: the docker library leaves a socket open when nobody answers.
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(address.removeprefix("unix://")) == 0


@pytest.fixture(scope="module")
def base(engine):
    """Give the base: HARMONIA_IMAGE_BASE or the recipe's own, with the authorities that pip trusts on this machine."""
    name = os.environ.get("HARMONIA_IMAGE_BASE") or re.findall(r"^ARG BASE=(\S+)", RECIPE, re.MULTILINE)[0]
    try:
        found = engine.images.get(name)
    except docker.errors.ImageNotFound:
        try:
            found = engine.images.pull(name)
        except docker.errors.APIError:
            pytest.skip(f"The base image {name} cannot be had here: name another in HARMONIA_IMAGE_BASE.")
    if not (bundle := os.environ.get("PIP_CERT")):
        return found
    context = _tar({"Dockerfile": f"FROM {name}\nCOPY bundle {BUNDLE}\n".encode(), "bundle": Path(bundle).read_bytes()})
    return engine.images.build(fileobj=context, custom_context=True, tag="harmonia:test-base", rm=True)[0]


@pytest.fixture(scope="module")
def image(engine, base):
    """Build the image as this machine reaches its package index; nothing of that stays in it."""
    given = {"PIP_INDEX_URL": os.environ.get("PIP_INDEX_URL"), "PIP_CERT": os.environ.get("PIP_CERT") and BUNDLE}
    return engine.images.build(
        path=str(ROOT),
        tag="harmonia:test",
        rm=True,
        network_mode=None if engine.networks.list(names=["bridge"]) else "host",
        buildargs={"BASE": base.id, **{name: value for name, value in given.items() if value}},
    )[0]


@pytest.fixture
def container(engine, image):
    """Run one whole server as the cluster would: no capability, nothing to write to, and here not even a network."""
    running = engine.containers.run(
        image,
        detach=True,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        network_mode="none",
        tmpfs={"/tmp": "", "/var/lib/harmonia": "uid=10001,gid=10001,mode=0700"},
        environment={"HARMONIA_HEALTH_ADDRESS": "127.0.0.1:8086"},
    )
    yield running
    running.remove(force=True)


@pytest.mark.real
def test_the_image_starts_as_an_ordinary_user_who_may_write_nothing_but_its_data(container):
    assert _first_answer(container) == "ready"
    assert _told(container, "id -u") == "10001"
    assert (
        _told(container, "(touch /opt/harmonia/x || touch /etc/x || touch /var/x) 2>/dev/null || echo refused")
        == "refused"
    )
    assert _told(container, "touch /var/lib/harmonia/x && echo written") == "written"


@pytest.mark.real
def test_the_image_stops_in_time_and_without_an_error_when_asked_to(container):
    assert _first_answer(container) == "ready"
    container.kill("SIGTERM")

    assert container.wait(timeout=STOP_SECONDS)["StatusCode"] == 0
    assert '"level": "error"' not in container.logs().decode()


@pytest.mark.real
def test_the_image_stays_small_and_keeps_nothing_of_where_it_was_built(image, base):
    said = " ".join(layer["CreatedBy"] for layer in image.history()) + str(image.attrs["Config"]["Env"])

    assert image.attrs["Size"] - base.attrs["Size"] < ADDED_BYTES
    assert "PIP_" not in said


def _tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    out.seek(0)
    return out


def _told(container, command) -> str:
    return container.exec_run(["sh", "-c", command]).output.decode().strip()


def _first_answer(container) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        done = container.exec_run(["python", "-m", "node", "health", "127.0.0.1:8086"])
        if done.exit_code == 0:
            return str(done.output.decode().strip())
        time.sleep(2)
    return str(container.logs().decode())
