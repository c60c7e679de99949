import json
from pathlib import Path

import pytest

import formsets
from cli.check import Options, check_command, check_content
from synthetic import series, synthesise, to_flat_csv
from tests.support.form_sets import SAMPLE


def spoiled(*changes: tuple[str, str]) -> bytes:
    """The worked example with some values replaced: (`BA.010;brut`, new value)."""
    wanted = dict(changes)
    lines = []
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        code, column, value, nature = line.split(";", 3)
        lines.append(f"{code};{column};{wanted.get(f'{code};{column}', value)};{nature}")
    return "\n".join(lines).encode()


def statuses(outcome_json: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {control["id"]: control["status"] for control in outcome_json["controls"]}


def test_the_worked_example_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    code = check_command(SAMPLE, json_output=True)

    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert list(printed)[:2] == ["verdict", "verdict_text"]
    assert set(printed) == {
        *("verdict", "verdict_text", "document", "rule_set", "adjusted", "controls", "cells", "format", "guesses")
    }
    assert printed["adjusted"] == []
    assert printed["document"] == "whole"
    assert printed["verdict"] == "clean"
    assert printed["rule_set"] == formsets.load("2024.1").digest
    assert set(statuses(printed).values()) == {"passed"}
    assert len(printed["controls"]) == 119
    assert len(printed["cells"]) == 1190
    assert printed["format"] == []
    parts = {"message", "where", "how", "instruction"}
    assert set(printed["controls"][0]) == {"id", "severity", "status", "cells", "missing"} | parts


def test_every_cell_of_the_example_is_printed_as_the_example_writes_it() -> None:
    printed = check_content(SAMPLE.read_bytes()).as_json()["cells"]

    rows = [line.split(";") for line in SAMPLE.read_text(encoding="utf-8").splitlines()[1:]]
    computed = {f"{code}.{column}": value for code, column, value, nature in rows if nature == "calcul"}
    assert {a: v for a, v in printed.items() if a in computed} == {
        a: v.lower() if v in {"True", "False"} else v.removesuffix(".0") if a.endswith(".n") and "." in v else v
        for a, v in computed.items()
    }
    assert printed["ID.260.v"] is None


def test_the_user_reads_a_table_and_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(spoiled(("BA.820;brut", "12")))

    code = check_command(file, json_output=False)

    printed = capsys.readouterr().out
    assert code == 1
    assert "A-01" in printed
    assert printed.startswith("Verdict : bloqué. Au moins un contrôle bloquant n'est pas respecté.")


@pytest.mark.parametrize(
    ("change", "verdict", "code", "failed"),
    [
        (("BA.820;brut", "12"), "blocked", 1, "A-01"),
        (("BA.110;amort", "10"), "blocked", 1, "A-04"),
        (("EF.080;n", "10"), "remarks", 0, "A-22"),
        (("ID.200;v", "2025-07-01"), "to_justify", 1, "A-20"),
        (("ID.170;v", "2023-12-31"), "blocked", 1, "A-17"),
    ],
)
def test_a_wrong_figure_gives_its_verdict(change: tuple[str, str], verdict: str, code: int, failed: str) -> None:
    outcome = check_content(spoiled(change))

    assert outcome.exit_code == code
    assert outcome.as_json()["verdict"] == verdict
    assert statuses(outcome.as_json())[failed] == "failed"


def test_a_refused_cell_is_located_blocks_and_counts_as_empty() -> None:
    printed = check_content(spoiled(("ID.160;v", "32/01/2024"))).as_json()

    refused = next(item for item in printed["format"] if item["code"] == "ID.160" and item["line"])
    assert (refused["line"], refused["column"], refused["control"]) == (17, "v", "F-05")
    assert printed["verdict"] == "blocked"
    assert printed["cells"]["ID.160.v"] is None
    assert statuses(printed)["A-17"] == "not_evaluated"


def test_an_empty_required_cell_makes_the_file_not_evaluable() -> None:
    printed = check_content(spoiled(("ID.160;v", ""), ("ID.180;v", ""))).as_json()

    assert printed["verdict"] == "not_evaluable"
    assert [item["control"] for item in printed["format"]] == ["F-31"]


def test_a_total_of_the_file_is_compared_and_never_used() -> None:
    printed = check_content(spoiled(("BA.900;net", "5"))).as_json()

    assert printed["verdict"] == "clean"
    assert printed["cells"]["BA.900.net"] == "388164541"
    assert [(item["code"], item["control"]) for item in printed["format"]] == [("BA.900", "F-22")]


def test_messages_come_in_english_on_demand() -> None:
    outcome = check_content(spoiled(("BA.010;brut", "1.234,56")), language="en")

    (item,) = (item for item in outcome.format if item.control == "F-01")
    assert item.what == "A whole number of euros is expected."
    assert item.where.startswith("Line 29. Cell BA.010.brut")
    assert item.how
    assert item.message == f"{item.what} {item.where} {item.how}"


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"hello"])
def test_an_unreadable_file_gives_two(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(content)

    assert check_command(file, json_output=True) == 2
    assert json.loads(capsys.readouterr().out)["format"][0]["control"] in {"F-23", "F-24"}


def test_a_missing_file_gives_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(tmp_path / "none.csv", json_output=True) == 2
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize(("year", "version"), [(2024, "2024.1"), (2025, "2025.1"), (2030, "2025.1")])
def test_a_file_is_checked_with_the_form_set_of_its_exercice(year: int, version: str) -> None:
    outcome = check_content(to_flat_csv(synthesise("OPH", 3, year)).encode())

    assert outcome.form_set.version == version
    assert outcome.as_json()["verdict"] == "clean"
    assert outcome.report is not None
    assert outcome.report.cells["SG.130.n"] == outcome.report.cells["CP.910.n"]


def test_a_file_that_names_its_form_set_is_read_with_it() -> None:
    content = b"version;2024.1\ncode;colonne;valeur\nCP.380;n;5\n"

    assert check_content(content).form_set.version == "2024.1"


def test_a_transfer_of_charges_is_refused_from_2025() -> None:
    content = to_flat_csv(synthesise("OPH", 3, 2025)) + "CP.380;n;5;saisie\n"

    printed = check_content(content.encode()).as_json()

    assert printed["verdict"] == "blocked"
    assert [item["control"] for item in printed["format"]] == ["F-19"]


def years(*asked: int, family: str = "OPH") -> list[bytes]:
    return [to_flat_csv(filing).encode() for filing in series(family, 5, asked)]


def test_the_file_of_the_year_before_is_read_when_it_is_given() -> None:
    before, after = years(2024, 2025)

    outcome = check_content(after, previous=before)

    printed = outcome.as_json()
    assert printed["verdict"] == "clean"
    assert len(printed["controls"]) == 125
    assert statuses(printed)["H-01"] == "passed"


def test_a_figure_of_the_year_before_that_was_changed_blocks() -> None:
    before, after = years(2023, 2024)
    changed = after.replace(b"\nBP.110;n1;", b"\nBP.110;n1;9")

    printed = check_content(changed, previous=before).as_json()

    assert printed["verdict"] == "blocked"
    assert next(c["cells"] for c in printed["controls"] if c["id"] == "H-01") == ["BP.110.n1"]


@pytest.mark.parametrize("which", ["another year", "another body", "no file"])
def test_another_file_than_that_of_the_year_before_gives_two(
    which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, other = tmp_path / "n.csv", tmp_path / "n-1.csv"
    file.write_bytes(years(2024)[0])
    if which != "no file":
        other.write_bytes(years(2022)[0] if which == "another year" else years(2023, family="ESH")[0])

    assert check_command(file, json_output=True, options=Options(previous=other)) == 2
    assert "n-1.csv" in capsys.readouterr().err


def test_a_version_that_the_exercice_is_not_filed_with_is_refused() -> None:
    content = b"version;2024.1\n" + years(2025)[0]

    printed = check_content(content).as_json()

    assert printed["verdict"] == "blocked"
    assert [item["control"] for item in printed["format"] if item["control"] == "F-28"] == ["F-28"]
