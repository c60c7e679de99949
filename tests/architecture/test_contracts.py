"""The contracts between services: generated code is fresh, every method says who may call it, buf finds nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from harmonia.auth.v1 import auth_pb2
from harmonia.forms.v1 import forms_pb2
from harmonia.signature.v1 import signature_pb2
from harmonia.sync.v1 import sync_pb2
from harmonia.transmission.v1 import transmission_pb2
from harmonia.validation.v1 import validation_pb2

from chassis.rpc.access import MethodWithoutAccess, access_of_service

ROOT = Path(__file__).resolve().parents[2]
BUF = ROOT / "node_modules" / ".bin" / "buf"
SERVICES = sorted(
    service.full_name
    for file in (auth_pb2, forms_pb2, signature_pb2, sync_pb2, transmission_pb2, validation_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)
needs_buf = pytest.mark.skipif(not BUF.exists(), reason="buf is not installed: npm was not there at `make setup`.")


def content_of(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_generated_code_is_fresh(tmp_path):
    generator = ROOT / "tools" / "generate_protos.py"
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"

    subprocess.run([sys.executable, generator, tmp_path], check=True, cwd=ROOT, env={"PATH": path})

    committed, generated = content_of(ROOT / "gen"), content_of(tmp_path)
    assert sorted(committed) == sorted(generated)
    assert [name for name in committed if committed[name] != generated[name]] == []


def test_every_contract_is_looked_at():
    declared = {path.parent.parent.name for path in (ROOT / "proto" / "harmonia").rglob("*.proto")}

    assert declared - {"options", "types"} == {name.split(".")[1] for name in SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_says_who_may_call_it(service):
    table = access_of_service(service)

    assert len(table) == len(descriptor_pool.Default().FindServiceByName(service).methods)


def test_a_method_that_does_not_say_who_may_call_it_stops_the_process():
    file = descriptor_pb2.FileDescriptorProto(name="tests/open_door.proto", package="tests.v1", syntax="proto3")
    file.message_type.add(name="Nothing")
    service = file.service.add(name="OpenDoor")
    service.method.add(name="Enter", input_type=".tests.v1.Nothing", output_type=".tests.v1.Nothing")
    descriptor_pool.Default().Add(file)

    with pytest.raises(MethodWithoutAccess, match=r"tests\.v1\.OpenDoor\.Enter"):
        access_of_service("tests.v1.OpenDoor")


@needs_buf
def test_names_and_comments_of_the_contracts_follow_the_rules():
    done = subprocess.run([BUF, "lint"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@needs_buf
def test_no_contract_breaks_what_was_released():
    command = [BUF, "breaking", "--against", "proto/baseline.binpb"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@needs_buf
def test_a_contract_that_drops_a_field_is_caught(tmp_path):
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    file = tmp_path / "proto" / "harmonia" / "types" / "v1" / "types.proto"
    lines = file.read_text().splitlines()
    dropped = next(number for number, line in enumerate(lines) if line.strip().endswith("= 1;"))
    file.write_text("\n".join(lines[:dropped] + lines[dropped + 1 :]))

    command = [BUF, "breaking", "--against", "proto/baseline.binpb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 100, done.stdout + done.stderr
