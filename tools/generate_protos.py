"""Generate `gen/` from `proto/`: messages, typed stubs, gRPC code. The only way to make them (`make proto`).

The proto path mirrors the Python package, so the generated imports are right as they come: nothing is rewritten.
"""

import sys
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def generate(destination: Path) -> None:
    """Write the generated package tree under `destination`.

    Raises:
        SystemExit: protoc refused a file; its message is on standard error.
    """
    from grpc_tools import protoc

    sources = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto").rglob("*.proto"))
    destination.mkdir(parents=True, exist_ok=True)
    arguments = [
        "protoc",
        f"--proto_path={ROOT / 'proto'}",
        f"--proto_path={resources.files('grpc_tools') / '_proto'}",
        f"--python_out={destination}",
        f"--grpc_python_out={destination}",
        f"--mypy_out=quiet:{destination}",
        f"--mypy_grpc_out=quiet:{destination}",
        *sources,
    ]
    if status := protoc.main(arguments):
        raise SystemExit(status)
    for folder in [destination / "harmonia", *(destination / "harmonia").rglob("*")]:
        if folder.is_dir():
            (folder / "__init__.py").write_text('"""Generated from proto/; never edited."""\n')
    (destination / "harmonia" / "py.typed").touch()


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "gen")
