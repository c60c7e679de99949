from pathlib import Path

import pytest

from cli.check import check_content
from cli.sample import REFUSED, WRITTEN, sample_command
from synthetic import synthesise, to_flat_csv


def test_a_filing_goes_to_the_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert sample_command("esh", 7, 2024) == WRITTEN
    assert capsys.readouterr().out == to_flat_csv(synthesise("ESH", 7, 2024))


def test_a_filing_goes_to_a_file_that_check_finds_clean(tmp_path: Path) -> None:
    target = tmp_path / "esh.csv"
    assert sample_command("ESH", 7, 2024, output=target) == WRITTEN
    outcome = check_content(target.read_bytes())
    assert outcome.exit_code == 0
    assert outcome.as_json()["verdict"] == "clean"
    assert outcome.format == ()


def test_a_fault_is_announced_and_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample_command("ESH", 7, 2024, fault="a-01", output=tmp_path / "x.csv") == WRITTEN
    assert "A-01" in capsys.readouterr().err
    assert check_content((tmp_path / "x.csv").read_bytes()).exit_code == 1


def test_several_bodies_and_years_go_to_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert sample_command("SEM", 1, 2024, "?", folder, years=3, count=8, typed_only=True) == WRITTEN
    files = sorted(path.name for path in folder.iterdir())
    assert len(files) == 24
    assert files[0].startswith("sem-000")
    assert "calcul" not in (folder / files[0]).read_text(encoding="utf-8")


def test_one_filing_into_a_folder_takes_its_own_name(tmp_path: Path) -> None:
    assert sample_command("OPH", 1, 2024, output=tmp_path) == WRITTEN
    (file,) = tmp_path.iterdir()
    assert file.name == f"oph-{synthesise('OPH', 1, 2024).siren}-2024.csv"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"family": "HLM"}, "Famille inconnue"),
        ({"seed": -3}, "graine"),
        ({"year": 1999}, "Exercice hors de portée"),
        ({"fault": "X-09"}, "Contrôles possibles"),
        ({"family": "SEM", "fault": "X-29"}, "ne s'applique pas"),
        ({"years": 0}, "exercices"),
        ({"count": 0}, "organismes"),
        ({"count": 10_001}, "organismes"),
        ({"count": 2}, "répertoire de sortie"),
        ({"size": 3}, "Taille"),
    ],
)
def test_wrong_arguments_are_refused_in_french(
    arguments: dict[str, object], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, object] = {"family": "OPH", "seed": 1, "year": 2024, **arguments}
    assert sample_command(**asked) == REFUSED  # type: ignore[arg-type]
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.out == ""


def test_a_missing_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample_command("OPH", 1, 2024, output=tmp_path / "no" / "x.csv") == REFUSED
    assert "n'existe pas" in capsys.readouterr().err


def test_several_filings_do_not_replace_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "x.csv"
    target.write_text("mine", encoding="utf-8")
    assert sample_command("OPH", 1, 2024, output=target, count=2) == REFUSED
    assert target.read_text(encoding="utf-8") == "mine"
    assert "est un fichier" in capsys.readouterr().err
