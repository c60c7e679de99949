import json
from pathlib import Path

import pytest

import formsets
from formsets.formats import read
from formsets.reference_lists import Successor, of_years, packed, reference_list
from tests.support.form_sets import PLACES

SOURCE = json.loads((Path(formsets.__file__).parent / "source" / "communes.json").read_text(encoding="utf-8"))
COMMUNES = reference_list("communes", SOURCE)


def refusal(code: str, year: int, version: str = "2024.1", language: str = "fr") -> str:
    problem = read(formsets.load(version), "ID.090.v", code, year).problem
    assert problem is not None
    assert problem.control == "F-10"
    return (problem.english if language == "en" else problem.french).how


def test_a_list_keeps_the_codes_that_it_was_packed_with() -> None:
    codes = ["97411", "21231", "21999"]

    assert packed(codes) == {"21": "231 999", "97": "411"}
    assert list(PLACES) == sorted(codes)
    assert len(PLACES) == 3


@pytest.mark.parametrize("code", ["", " ", "21", "21231 ", "231 999", "21231 21999", "2123", "212310", "ZZ231"])
def test_a_text_that_is_no_code_of_the_list_is_not_in_it(code: str) -> None:
    assert code not in PLACES
    assert not PLACES.in_force(code, 2024)


@pytest.mark.parametrize(
    ("code", "year", "expected"),
    [
        ("21999", 2021, False),
        ("21999", 2022, True),
        ("21999", 2030, True),
        ("97411", 2000, True),
        ("97411", 2023, True),
        ("97411", 2024, False),
        ("21000", 2021, False),
    ],
)
def test_a_code_is_in_force_from_the_january_of_the_year_to_that_of_the_next(
    code: str, year: int, expected: bool
) -> None:
    assert PLACES.in_force(code, year) is expected


def test_a_code_that_ended_names_what_it_is_part_of() -> None:
    assert PLACES.successor_of("21000") == PLACES.successor_of("97411") == Successor("21231", "Dijon")
    assert PLACES.successor_of("21231") is None


def test_some_years_of_a_list_leave_out_what_begins_later_and_what_ended_before() -> None:
    raw = of_years(SOURCE, 2021, 2024)
    early, late = reference_list("communes", raw), reference_list("communes", of_years(SOURCE, 2025, 2026))

    assert "14581" not in early
    assert "14581" in late
    assert not late.since
    assert early.until.keys().isdisjoint(late)
    assert early.in_force("60694", 2024)
    assert of_years(raw, 2021, 2024) == raw
    with pytest.raises(ValueError, match="from 2021 to 2024"):
        of_years(raw, 2021, 2025)


@pytest.mark.parametrize(
    ("code", "year"),
    [
        ("21231", 2024),
        ("2A004", 2024),
        ("2B033", 2024),
        ("97105", 2024),
        ("97411", 2024),
        ("97502", 2024),
        ("97611", 2024),
        ("75056", 2024),
        ("75113", 2024),
        ("13201", 2024),
        ("69381", 2024),
        ("12218", 2024),
        ("12218", 2025),
        ("85084", 2024),
    ],
)
def test_the_communes_of_the_year_are_taken(code: str, year: int) -> None:
    reading = read(formsets.load("2025.1" if year == 2025 else "2024.1"), "ID.090.v", code, year)

    assert (reading.value, reading.problem) == (code, None)


def test_a_code_that_no_commune_has_is_refused_and_the_postal_code_named() -> None:
    assert refusal("21000", 2024) == ("Aucune commune n'a ce code en 2024 ; le code INSEE n'est pas le code postal.")
    assert refusal("21999", 2030, "2025.1", "en") == (
        "No commune has this code in 2026; the INSEE code is not the postal code."
    )


def test_a_commune_that_merged_before_is_refused_with_the_one_that_it_is_part_of() -> None:
    assert refusal("01018", 2024) == "Cette ancienne commune fait partie de Valserhône : donnez 01033."
    assert refusal("01018", 2024, language="en") == "This former commune is part of Valserhône: give 01033."


def test_a_commune_that_merged_on_the_first_of_january_is_taken_in_its_last_year_and_named_with_the_day_after() -> None:
    [code, *_] = sorted(code for code, last in COMMUNES.until.items() if last == 2022)
    assert read(formsets.load("2024.1"), "ID.090.v", code, 2022).value == code

    answer = refusal(code, 2023)

    today = COMMUNES.successor_of(code)
    assert today is not None
    assert answer == (
        f"Cette ancienne commune fait partie de {today.label} depuis le 1er janvier 2023 : donnez {today.code}."
    )


def test_a_commune_to_come_is_refused_with_its_first_day() -> None:
    assert refusal("12218", 2022) == "Ce code n'existe que depuis le 1er janvier 2025 : donnez celui de 2022."


def test_a_former_commune_is_not_sent_to_one_that_was_not_there_yet() -> None:
    former = next(
        code
        for code in COMMUNES.successors()
        if COMMUNES.successor_of(code) == Successor("12218", COMMUNES.labels["12218"]) and code not in COMMUNES
    )

    assert refusal(former, 2022) == (
        "C'est le code d'une ancienne commune : donnez celui de la commune dont elle fait partie."
    )


def test_every_code_that_ended_leads_to_one_that_is_in_force() -> None:
    for code, into in COMMUNES.successors().items():
        assert into in COMMUNES
        assert into not in COMMUNES.until
        assert code not in COMMUNES or code in COMMUNES.until
    assert COMMUNES.until.keys() <= COMMUNES.successors().keys()
    assert 34_000 < len(COMMUNES) < 36_000
