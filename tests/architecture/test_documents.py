"""Documents say what the code says: the glossary names every domain class, the generated tables are fresh, links lead somewhere."""

import re

import pytest

from tests.support.tree import ROOT, public_classes, tracked
from tools.write_reference import generated

GLOSSARY = ROOT / "docs" / "glossary.md"
ERRORS = ROOT / "docs" / "errors.md"
SERVICES = ("auth", "forms", "validation", "signature", "transmission", "sync")


def named_in(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("service", SERVICES)
def test_every_domain_class_has_its_french_term(service):
    entries = named_in(GLOSSARY.read_text()) | named_in(ERRORS.read_text())
    classes = public_classes(ROOT / "services" / service / "domain")

    assert sorted(f"{name} ({path.name})" for name, path in classes.items() if name not in entries) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_glossary_names_no_class_that_is_gone(service):
    section = re.search(rf"^## {service}\b.*?(?=^## |\Z)", GLOSSARY.read_text(), re.MULTILINE | re.DOTALL)
    assert section is not None
    entries = set(re.findall(r"^\| [^|]+ \| `(\w+)`", section[0], re.MULTILINE))

    assert sorted(entries - set(public_classes(ROOT / "services" / service / "domain"))) == []


def test_the_generated_tables_are_fresh():
    stale = [path.name for path, content in generated().items() if path.read_text() != content]

    assert stale == [], "run `make reference`"


def test_every_decision_is_one_page_and_names_its_check():
    pages = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text()
        assert all(
            f"**{part}" in text for part in ("Context.", "Decision.", "Consequences.", "Alternatives.", "Enforced by")
        ), page
        assert len(text.splitlines()) <= 60, page


def test_links_between_documents_lead_somewhere():
    broken = []
    for path in tracked():
        if path.suffix == ".md":
            links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text())
            broken += [f"{path.name}: {link}" for link in links if not (path.parent / link).exists()]

    assert broken == []


def test_every_route_for_programs_is_in_its_table():
    """By its last words: the table writes `…` for what routes of one filing have in common."""
    table = (ROOT / "docs" / "gateway.md").read_text("utf-8").split("## Programs")[1].split("## Partners")[0]
    source = (ROOT / "services" / "gateway" / "web" / "api.py").read_text("utf-8")
    paths = re.findall(r'@router\.\w+\(\s*"([^"]+)"', source)
    assert len(paths) > 40
    missing = [path for path in paths if f"/{_last_words(path)}" not in table]
    assert missing == []


def _last_words(path: str) -> str:
    return [part for part in path.split("/") if part and "{" not in part][-1]
