import html
import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import formsets
from cli.__main__ import app
from cli.package import diff_command, lint_command
from cli.rules import as_html, catalogue, export_command
from tools.build_formset import write

HOME = Path(formsets.__file__).parent
RUN = CliRunner()


def copied(tmp_path: Path, file: str, change: str, by: str) -> Path:
    """The package 2024.1 with one text replaced in one file."""
    folder = tmp_path / "2024.1"
    shutil.copytree(HOME / "2024.1", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert change in text
    (folder / file).write_text(text.replace(change, by, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize("version", formsets.available())
def test_a_shipped_version_is_right_and_shows_its_digest(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_command(version) == 0
    printed = capsys.readouterr().out
    assert formsets.load(version).digest in printed
    assert re.search("Réponses de l'année précédente, par case : [0-9]+ reprises, [0-9]+ montrées à côté", printed)


@pytest.mark.parametrize(
    ("file", "change", "by", "rule"),
    [
        ("controls.json", '"severity": "T"', '"severity": "X"', "schema"),
        ("controls.json", "EQ(BA.900.net,BP.900.n,0)", "EQ(BA.900.nett,BP.900.n,0)", "bad-expression"),
        ("controls.json", '"in_force_from": null', '"in_force_from": "2024-99-01"', "schema"),
        ("controls.json", '"in_force_until": null', '"in_force_until": "2023-02-29"', "schema"),
        ("formset.json", '"opened_from": null', '"opened_from": "2024-00-10"', "schema"),
        ("forms.json", '"code": "BA.010"', '"code": "BA.10"', "schema"),
        ("messages.json", '"F-01": {', '"F-91": {', "missing-text"),
        ("examples.json", '"F-01": {', '"F-91": {', "missing-example"),
        ("forms.json", '"last_year": {', '"last_year": {"zz": "carry",', "missing-mark"),
        ("forms.json", '"net": "never"', '"net": "carry"', "closed-target"),
        ("forms.json", '"brut": "beside"', '"brut": "perhaps"', "schema"),
        ("formset.json", '"breaks": []', '"breaks": ["ZZ.010"]', "unknown-reference"),
    ],
)
def test_a_spoilt_package_is_refused(
    file: str, change: str, by: str, rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied(tmp_path, file, change, by)

    code = lint_command(str(folder), json_output=True)

    printed = json.loads(capsys.readouterr().out)
    assert code == 1
    assert {remark["rule"] for remark in printed["remarks"] if remark["level"] == "error"} == {"digest", rule}


def test_what_is_no_package_is_refused_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_command("1999.1") == 2
    assert "2024.1" in capsys.readouterr().err
    assert lint_command(str(tmp_path)) == 2
    (tmp_path / "formset.json").write_text("{", encoding="utf-8")
    assert lint_command(str(tmp_path)) == 2
    assert diff_command("2024.1", str(tmp_path)) == 2


def test_a_package_without_digest_is_linted(tmp_path: Path) -> None:
    contents = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in (HOME / "2025.1").glob("*.json")}
    write(contents, tmp_path)
    (tmp_path / "DIGEST").unlink()

    assert lint_command(str(tmp_path)) == 0


def test_the_difference_is_shown_to_people_and_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert RUN.invoke(app, ["package", "diff", "2024.1", "2025.1"]).output.count("≠") > 5
    assert diff_command("2024.1", "2025.1", json_output=True) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed["before"]["digest"] == formsets.load("2024.1").digest
    assert printed["after"]["digest"] == formsets.load("2025.1").digest
    assert "CC.640" in printed["breaks"]
    assert {change["kind"] for change in printed["changes"]} == {"changed", "removed"}


def test_a_folder_that_does_not_follow_the_schema_is_not_compared(tmp_path: Path) -> None:
    folder = copied(tmp_path, "controls.json", '"severity": "T"', '"severity": "X"')

    assert diff_command("2025.1", str(folder)) == 2


def test_the_catalogue_is_exported_with_its_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = formsets.load("2024.1").digest
    for kind in ("json", "html"):
        assert export_command(kind, tmp_path / "out", "2024.1") == 0
        assert digest in capsys.readouterr().out
        assert digest in (tmp_path / "out" / f"harmonia-rules-2024.1.{kind}").read_text(encoding="utf-8")
    page = (tmp_path / "out" / "harmonia-rules-2024.1.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "AR.090 (N-1)" not in page or "&lt;" in page
    form_set = formsets.load("2024.1")
    assert page.count("<section") == 158 + 2 + len(form_set.forms), (
        "a control each, the formulas, the lists, and a form each"
    )
    anchors = re.findall(r' id="([^"]+)"', page)
    lines = {line.code for form in form_set.forms for line in form.lines}
    assert len(anchors) == len(set(anchors))
    assert set(anchors) >= lines | {control.id for control in form_set.controls}
    assert "communes, 2021–2025" in page
    opened, closed = (
        sorted(re.findall(rf"<{end}(a|nav|ul|li|main|section|dl|dt|dd|code)[ >]", page)) for end in ("", "/")
    )
    assert opened == closed
    assert "BA.010.brut" in page


def test_the_catalogue_says_everything_of_each_control() -> None:
    found = catalogue(formsets.load("2025.1"))

    assert len(found["controls"]) == 158
    assert all(control["examples"].keys() == {"passing", "failing"} for control in found["controls"])
    assert all((control["tree"] is None) == (control["expression"] is None) for control in found["controls"])
    assert len(found["formulas"]) > 100


@pytest.mark.parametrize("version", formsets.available())
def test_the_catalogue_tells_what_to_know_of_each_form_in_both_languages(version: str) -> None:
    form_set = formsets.load(version)
    page, found = (
        html.unescape(as_html(form_set)),
        {form["code"]: form["note"] for form in catalogue(form_set)["forms"]},
    )

    assert found == {form.code: form.note for form in form_set.forms}
    assert found["CC"].keys() == found["CP"].keys() == {"fr", "en"}
    assert ("avant 2025" in found["CC"]["fr"], "before 2025" in found["CC"]["en"]) == (version == "2025.1",) * 2
    assert all(text in page for note in found.values() for text in note.values())


def test_a_wrong_format_or_version_is_refused(tmp_path: Path) -> None:
    assert export_command("pdf") == 2
    assert export_command("json", version="1999.1") == 2
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert export_command("json", tmp_path / "file") == 2


def test_the_commands_are_there() -> None:
    assert RUN.invoke(app, ["package", "lint", "2025.1", "--json"]).exit_code == 0
    assert RUN.invoke(app, ["rules", "export"]).output.startswith("{")
    shown = RUN.invoke(app, ["check", str(HOME / "2024.1" / "examples" / "sample_oph.csv")])
    assert formsets.load("2024.1").digest in shown.output
