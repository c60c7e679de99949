"""What git tracks, and what the Python files of the product define: read once, for the tests of the architecture."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("services", "chassis", "node", "cli", "demo", "synthetic", "formsets", "tools")


@dataclass(frozen=True)
class Name:
    """A module, class or function, and where it is."""

    kind: str
    name: str
    place: str

    @property
    def words(self) -> list[str]:
        """The words of the name, lower case."""
        return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", self.name)]


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git tracks or would, and that is still there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


@cache
def modules() -> tuple[Path, ...]:
    """The Python files of the product."""
    return tuple(path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in CODE)


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def names() -> Iterator[Name]:
    """Every module, package, class and function of the product."""
    for path in modules():
        place = str(path.relative_to(ROOT))
        yield Name("module", path.parent.name if path.stem == "__init__" else path.stem, place)
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                yield Name("class", node.name, f"{place}:{node.lineno}")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Name("function", node.name, f"{place}:{node.lineno}")


def public_classes(folder: Path) -> dict[str, Path]:
    """Public class → file, for the modules of a folder."""
    return {
        node.name: path
        for path in sorted(folder.glob("*.py"))
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
