"""Write the generated tables of docs/errors.md and docs/operating.md from the classes themselves (`make reference`)."""

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    Unavailable,
)
from chassis.rpc.failures import InternalFailure, to_status
from node.roster import ALL, STORED
from node.settings import NodeSettings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
HTTP = {3: 400, 16: 401, 7: 403, 5: 404, 6: 409, 9: 422, 10: 409, 8: 429, 14: 503}
"""gRPC status code → what the gateway answers."""
MEANINGS = (Invalid, Unauthenticated, Forbidden, NotFound, AlreadyExists, RuleBroken, Conflict, Exhausted, Unavailable)
"""The nine meanings of failure."""


def error_tables() -> str:
    """Return one table of failures for the chassis and one for each service."""
    parts = []
    for title, modules in (("Any service", ["chassis.errors", "chassis.rpc.idempotency"]), *map(_modules, STORED)):
        rows = [row for name in modules for row in _error_rows(import_module(name))]
        parts.append(_table(title, ("Reason", "Meaning", "gRPC", "Page", "What went wrong", "Class"), rows))
    return "\n".join(parts)


def _modules(service: str) -> tuple[str, list[str]]:
    folder = ROOT / "services" / service
    named = [
        path for path in sorted(folder.rglob("*.py")) if re.search(r"^    reason = \"", path.read_text(), re.MULTILINE)
    ]
    return service, [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in named]


def _error_rows(module: ModuleType) -> Iterator[tuple[str, ...]]:
    for name, failure in inspect.getmembers(module, inspect.isclass):
        if not issubclass(failure, Failure) or failure in {Failure, InternalFailure}:
            continue
        if failure.__module__ != module.__name__:
            continue
        meaning = next(one for one in MEANINGS if issubclass(failure, one))
        code = to_status(meaning()).code
        sentence = (inspect.getdoc(failure) or "").split("\n\n")[0].replace("\n", " ")
        yield f"`{failure.reason}`", meaning.__name__, grpc_name(code), str(HTTP[code]), sentence, f"`{name}`"


def grpc_name(number: int) -> str:
    """Return the name of a gRPC status code."""
    return next(code.name for code in grpc.StatusCode if code.value[0] == number)


def settings_tables() -> str:
    """Return one table of environment variables for the node and one for each service."""
    parts = [_table("Every process", _COLUMNS, list(_setting_rows(NodeSettings, "HARMONIA_")))]
    for service in ALL:
        settings = _settings_of(import_module(f"services.{service}.settings"))
        parts.append(_table(service, _COLUMNS, list(_setting_rows(settings, f"{service.upper()}_"))))
    return "\n".join(parts)


_COLUMNS = ("Variable", "Default", "What it is")


def _settings_of(module: ModuleType) -> type[BaseSettings]:
    found = [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, BaseSettings) and one.__module__ == module.__name__
    ]
    return found[0]


def _setting_rows(settings: type[BaseModel], prefix: str) -> Iterator[tuple[str, ...]]:
    for name, field in settings.model_fields.items():
        annotation = field.annotation
        if field.validation_alias is not None:
            yield f"`HARMONIA_{name.upper()}__…`", "", field.description or ""
        elif inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            yield from _setting_rows(annotation, f"{prefix}{name.upper()}__")
        else:
            yield f"`{prefix}{name.upper()}`", _default(field), field.description or ""


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in (None, "", PydanticUndefined, {}):
        return ""
    return f"`{', '.join(sorted(value))}`" if isinstance(value, frozenset) else f"`{value}`"


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"### {title}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([*lines, ""])


def placed(document: str, mark: str, content: str) -> str:
    """Return the document with what is between its two marks replaced.

    Raises:
        ValueError: the document has no such marks.
    """
    begin, end = f"<!-- {mark}: begin, written by `make reference` -->", f"<!-- {mark}: end -->"
    if begin not in document or end not in document:
        raise ValueError(f"no marks for {mark}")
    head, _, rest = document.partition(begin)
    return f"{head}{begin}\n\n{content}\n{end}{rest.partition(end)[2]}"


def generated() -> dict[Path, str]:
    """Return path → content of the documents with generated parts."""
    errors, operating = DOCS / "errors.md", DOCS / "operating.md"
    return {
        errors: placed(errors.read_text("utf-8"), "errors", error_tables()),
        operating: placed(operating.read_text("utf-8"), "settings", settings_tables()),
    }


def main() -> int:
    """Write the documents."""
    for path, content in generated().items():
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
