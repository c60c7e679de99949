import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import formsets
from formsets.flat_file import LARGEST, FlatFile, check_subject, read_flat_file
from tests.support.form_sets import SAMPLE

HEADER = "code;colonne;valeur\n"


def flat(content: str | bytes) -> FlatFile:
    return read_flat_file(content.encode() if isinstance(content, str) else content, formsets.load("2024.1"))


def test_the_worked_example_is_read_whole() -> None:
    found = flat(SAMPLE.read_bytes())

    assert len(found.entries) == 1190
    assert found.problems == ()
    assert (found.encoding, found.separator, found.siren, found.year) == ("utf-8", ";", "000000018", 2024)
    assert found.entries[0].line_number == 2
    assert found.entries[0].extra == {"nature": "saisie"}


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "windows-1252")],
)
def test_the_encodings_of_the_trade_are_read(encoding: str, named: str) -> None:
    found = flat(SAMPLE.read_text(encoding="utf-8").encode(encoding))

    assert found.encoding == named
    assert found.problems == ()
    assert next(e.raw for e in found.entries if e.address == "ID.250.v") == "Métropole Exemple"


def test_latin_9_is_told_from_windows_1252() -> None:
    found = flat((HEADER + "ID.010;v;Cœur à 5 €").encode("iso-8859-15"))

    assert found.encoding == "iso-8859-15"
    assert found.entries[0].raw == "Cœur à 5 €"
    assert any(guess.kind == "encoding" for guess in found.guesses)


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_recognised(separator: str, end: str) -> None:
    text = (HEADER + "BA.010;brut;12\n\nBA.020;brut;13\n").replace(";", separator).replace("\n", end)

    found = flat(text)

    assert found.separator == separator
    assert [(entry.line_number, entry.raw) for entry in found.entries] == [(2, "12"), (4, "13")]


def test_columns_come_in_any_order_and_case_with_the_users_own() -> None:
    found = flat("Commentaire;Valeur;CODE;Colonne\nok;5;ba.010;BRUT;;\n")

    assert found.entries[0].address == "BA.010.brut"
    assert found.entries[0].extra == {"Commentaire": "ok"}


def test_a_quoted_text_may_span_lines_and_hold_the_separator() -> None:
    found = flat(HEADER + 'ID.070;v;"1 rue; ""A""\nBât. B"\nBA.010;brut;1\n')

    assert [(e.line_number, e.raw) for e in found.entries] == [(2, '1 rue; "A"\nBât. B'), (4, "1")]


def test_an_unclosed_quote_spoils_its_own_line_only() -> None:
    found = flat(HEADER + 'BA.010;brut;"1\nBA.020;brut;2\n')

    assert [entry.address for entry in found.entries] == ["BA.020.brut"]
    assert [(problem.line, problem.control) for problem in found.problems] == [(2, "F-24")]


@pytest.mark.parametrize(
    ("content", "control"),
    [
        (b"", "F-24"),
        (b"  \n \n", "F-24"),
        (b"BA.010;brut;1\n", "F-24"),
        (b"code;valeur\nBA.010;1\n", "F-24"),
        (bytes(range(256)), "F-23"),
        (b"PK\x03\x04....", "F-23"),
        (b"%PDF-1.7", "F-23"),
        ((HEADER + "BA.010;brut;1").encode("utf-16"), "F-23"),
        (HEADER.encode() + b"ID.010;v;\x81\x8d\xff", "F-23"),
        ("code;colonne;valeur (k€)\nBA.010;brut;1".encode(), "F-27"),
        (b"code;colonne;valeur en milliers\nBA.010;brut;1", "F-27"),
        (("unité;k€\n" + HEADER).encode(), "F-27"),
        (("version;2025.1\n" + HEADER).encode(), "F-28"),
        (b"x" * (LARGEST + 1), "F-29"),
        (HEADER.encode() + b"\n" * 100_001, "F-29"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(content: bytes, control: str) -> None:
    found = flat(content)

    assert found.is_refused
    assert found.entries == ()
    assert [problem.control for problem in found.problems] == [control]


@pytest.mark.parametrize(
    ("line", "control"),
    [
        ("ZZ.010;n;1", "F-24"),
        ("BA.010;zz;1", "F-24"),
        ("BA.010;;1", "F-24"),
        (";;1", "F-24"),
        ("BA.010", "F-24"),
        ("QR.010;n;7;84", "F-24"),
        ("BA.020;brut;4", "F-25"),
    ],
)
def test_a_wrong_line_is_refused_alone_with_its_number(line: str, control: str) -> None:
    found = flat(HEADER + f"BA.020;brut;3\nBA.030;brut;1\n{line}\n")

    assert [(problem.line, problem.control) for problem in found.problems] == [(4, control)]
    assert "BA.030.brut" in {entry.address for entry in found.entries}
    for told in (found.problems[0].french, found.problems[0].english):
        assert all((told.what, told.where, told.how))


def test_a_repeated_cell_of_the_same_value_is_kept_once_and_said() -> None:
    found = flat(HEADER + "BA.010;brut;1 234\nBA.010;brut;1234\n")

    assert len(found.entries) == 1
    assert found.problems == ()
    assert any(guess.kind == "duplicate" for guess in found.guesses)


def test_a_repeated_cell_of_another_value_is_not_kept_at_all() -> None:
    found = flat(HEADER + "BA.010;brut;1\nBA.010;brut;2\n")

    assert found.entries == ()


def test_body_and_year_come_from_the_lines_otherwise_from_the_header() -> None:
    by_header = flat("SIREN;000000018\nexercice;2024\n" + HEADER + "BA.010;brut;1\n")
    by_lines = flat("SIREN;111111111\n" + HEADER + "ID.030;v;000 000 018\nID.170;v;31/12/2023\n")

    assert (by_header.siren, by_header.year) == ("000000018", 2024)
    assert (by_lines.siren, by_lines.year) == ("000000018", 2023)


def test_a_file_of_another_body_or_year_is_refused() -> None:
    found = flat(SAMPLE.read_bytes())

    assert check_subject(found, "000000018", 2024) is None
    for siren, year in [("000000026", 2024), ("000000018", 2023)]:
        problem = check_subject(found, siren, year)
        assert problem is not None
        assert (problem.control, problem.is_fatal) == ("F-26", True)


def test_many_problems_are_counted_rather_than_listed() -> None:
    found = flat(HEADER + "ZZ.010;n;1\n" * 5_000)

    assert len(found.problems) == 1_001
    assert "4000" in found.problems[-1].sentence()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    found = flat(HEADER.encode() + content)

    assert found.is_refused or not found.problems or all(problem.control for problem in found.problems)


@pytest.mark.parametrize("seed", range(30))
def test_a_spoiled_file_is_read_or_refused(seed: int) -> None:
    generator = random.Random(seed)
    content = bytearray(SAMPLE.read_bytes()[:4_000])
    for _ in range(generator.randrange(1, 60)):
        content[generator.randrange(len(content))] = generator.choice(b';",\n\r\t\x00\x80\xe9= (-.9')

    found = flat(bytes(content))

    assert found.is_refused or found.entries


@pytest.mark.parametrize(
    "lines",
    [
        ['BA.010;brut;"1'] * 90_000,
        ['BA.010;brut;"1', *["BA.020;brut;2"] * 49] * 1_800,
        ['"' * 199] * 90_000,
        [" " * 5_000_000],
        ['"' + '""' * 5_000_000],
        [";" * 5_000_000],
    ],
    ids=["open quotes", "one open quote in fifty", "quotes only", "blanks", "one endless quote", "separators"],
)
def test_a_hostile_file_costs_no_more_than_its_size(lines: list[str]) -> None:
    content = (HEADER + "\n".join(lines)).encode()
    start = time.process_time()

    flat(content[:LARGEST])

    assert time.process_time() - start < 10


def test_a_message_shows_no_character_that_a_terminal_would_obey() -> None:
    found = flat(HEADER + "ZZ\u009b2J;n;1\n")

    assert found.problems[0].sentence().isprintable()


def test_many_lines_that_repeat_a_cell_are_counted() -> None:
    found = flat(HEADER + "BA.010;brut;1\n" * 90_000)

    told = [guess for guess in found.guesses if guess.kind == "duplicate"]
    assert len(told) == 51
    assert told[0].message_fr == "BA.010.brut est donné deux fois avec la même valeur (ligne 2 et ligne 3)."
    assert told[-1].message_fr.startswith("89949 autres lignes")
    assert told[-1].message_en.startswith("89949 more lines")
