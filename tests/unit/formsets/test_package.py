import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

import formsets
from formsets.package import read
from tools import build_formset

HOME = Path(formsets.__file__).parent
SHIPPED = HOME / "2024.1"


def test_the_shipped_packages_are_what_the_tool_produces(tmp_path: Path) -> None:
    build_formset.main([str(tmp_path)])

    produced = sorted(file.relative_to(tmp_path) for file in tmp_path.glob("*/*"))
    assert {file.parent.name for file in produced} == set(formsets.available()) == {"2024.1", "2025.1"}
    for file in produced:
        assert (tmp_path / file).read_bytes() == (HOME / file).read_bytes(), file


def test_a_variant_changes_only_what_the_regulation_has() -> None:
    domain = {"forms": [{"lines": [{"code": "AA.010", "formula": ""}]}], "closedCells": []}

    with pytest.raises(ValueError, match=r"AA\.020"):
        build_formset.varied(domain, {"version": "x", "lines": {"AA.020": {"formula": ""}}})


def test_from_2025_disposals_and_subsidies_are_operating_and_transfers_are_closed() -> None:
    old, new = formsets.load("2024.1"), formsets.load("2025.1")

    assert {address for address in new.cells() if new.is_closed(address)} - old.closed_cells == {
        "CP.380.n",
        "CP.570.n",
    }
    assert new.cells() == old.cells()
    assert new.concepts == old.concepts
    changed = [line.code for form in new.forms for line in form.lines if line.formula != old.line(line.code).formula]
    assert changed == ["CC.640", "CC.860", "CP.410", "CP.670", "SG.090"]
    assert new.breaks == {"CC.640", "CC.860", "CP.410", "CP.670", "SG.090", "SG.110", "SG.120"}


@pytest.mark.parametrize(
    ("opened_on", "version"),
    [("1999-01-01", "2024.1"), ("2024-12-31", "2024.1"), ("2025-01-01", "2025.1"), ("2031-07-01", "2025.1")],
)
def test_the_version_follows_the_day_on_which_the_exercice_opens(opened_on: str, version: str) -> None:
    assert formsets.version_for(dt.date.fromisoformat(opened_on)) == version


def test_the_package_has_the_counts_of_the_regulation() -> None:
    form_set = formsets.load("2024.1")

    assert len(form_set.forms) == 27
    assert len(form_set.cells()) == 1190
    assert sum(form_set.is_computed(address) for address in form_set.cells()) == 451
    assert len(form_set.concepts) == 137
    assert len(form_set.controls) == 158
    assert sum(control.expression is not None for control in form_set.controls) == 125
    assert len(form_set.closed_cells) == 36
    assert len(form_set.quartiles) == 25


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "2024.1"
    shutil.copytree(SHIPPED, folder)
    controls = json.loads((folder / "controls.json").read_text(encoding="utf-8"))
    controls[0]["severity"] = "R"
    (folder / "controls.json").write_text(json.dumps(controls), encoding="utf-8")

    with pytest.raises(formsets.FormSetCorrupt):
        read(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "2024.1"
    shutil.copytree(SHIPPED, folder)
    (folder / "concepts.json").unlink()

    with pytest.raises(formsets.FormSetCorrupt):
        read(folder)


def test_an_unknown_version_is_named_with_the_known_ones() -> None:
    with pytest.raises(formsets.UnknownFormSet, match=r"2024\.1"):
        formsets.load("1999.9")


def test_loading_twice_gives_the_same_instance() -> None:
    assert formsets.load("2024.1") is formsets.load("2024.1")
    assert "2024.1" in formsets.available()


@pytest.mark.parametrize(
    ("address", "computed", "accepts_input"),
    [
        ("BA.010.brut", False, True),
        ("BA.010.net", True, False),
        ("BA.400.n1", True, False),
        ("PL.030.n1", False, True),
        ("CC.010.rec", False, False),
        ("QA.010.v", True, True),
        ("QB.010.n", True, False),
        ("QD.010.n", True, False),
        ("QA.060.v", False, True),
    ],
)
def test_a_cell_knows_whether_it_is_computed_and_whether_it_may_be_typed(
    address: str, computed: bool, accepts_input: bool
) -> None:
    form_set = formsets.load("2024.1")

    assert form_set.is_computed(address) is computed
    assert form_set.accepts_input(address) is accepts_input


def test_a_concept_is_found_from_its_cell_and_from_its_alias() -> None:
    form_set = formsets.load("2024.1")

    siren = form_set.concept("ORG.SIREN")

    assert siren.cell == "ID.030.v"
    assert siren.direction == "both"
    assert siren.aliases == ("QA.010.v",)
    assert form_set.concept_of("QA.010.v") is siren
    assert form_set.concept_of("ID.030.v") is siren
    assert form_set.concept_of("ID.010.v") is None


def test_an_enumeration_lists_its_values_and_its_alias_has_the_same() -> None:
    form_set = formsets.load("2024.1")

    assert form_set.line("ID.050").enum_values == ("OPH", "ESH", "COOP", "SEM")
    assert form_set.line("QA.020").enum_values == ("OPH", "ESH", "COOP", "SEM")
    assert form_set.line("ID.230").enum_values == ("COMMERCE", "PUBLIC_M31")


def test_an_unknown_cell_is_refused() -> None:
    form_set = formsets.load("2024.1")

    assert not form_set.has_cell("ZZ.010.n")
    with pytest.raises(formsets.UnknownCell):
        form_set.cell_type("ZZ.010.n")


def test_documents_split_the_cells() -> None:
    form_set = formsets.load("2024.1")

    assert set(form_set.cells("ER")) | set(form_set.cells("QDIS")) == set(form_set.cells())
    assert form_set.document_of("QR.010.n") == "QDIS"
    assert form_set.document_of("SF.010.n") == "ER"


def test_required_cells_are_the_seven_of_the_regulation() -> None:
    form_set = formsets.load("2024.1")

    required = [address for address in form_set.cells() if form_set.is_required(address)]

    assert required == ["ID.010.v", "ID.030.v", "ID.040.v", "ID.050.v", "ID.160.v", "ID.170.v", "PL.010.n"]


def test_every_control_says_what_where_and_how_in_both_languages() -> None:
    for control in formsets.load("2024.1").controls:
        texts = (control.text("fr"), control.text("en"))

        assert all((text.what, text.where, text.how) != ("", "", "") for text in texts)
        assert texts[0].what == control.message
        assert texts[0].how != texts[1].how
        assert control.text("de") == texts[0]
