import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import formsets
from formsets.formats import Origin, Reading, luhn_siret, read, read_all
from formsets.values import Value, displayed_places, parse, rounded, shared, written


def reading(address: str, raw: str, origin: Origin = "hand", *, locked: bool = False) -> Reading:
    return read(formsets.load("2024.1"), address, raw, 2024, origin=origin, locked=locked)


@pytest.mark.parametrize(
    ("address", "raw", "value"),
    [
        ("BA.010.brut", "1234", Decimal(1234)),
        ("BA.010.brut", "1 234", Decimal(1234)),
        ("BA.010.brut", "1\u202f234\u00a0567", Decimal(1234567)),
        ("BA.010.brut", "  0012 ", Decimal(12)),
        ("BP.110.n", "-5", Decimal(-5)),
        ("BP.110.n", "\u22125", Decimal(-5)),
        ("BP.110.n", "(1 234)", Decimal(-1234)),
        ("PL.010.n", "9250", Decimal(9250)),
        ("PL.170.n", "38,4", Decimal("38.4")),
        ("EF.010.n", "48.0", Decimal(48)),
        ("AF.190.n", "-8,15", Decimal("-8.15")),
        ("QC.150.n", "0.125".replace("125", "12"), Decimal("0.12")),
        ("ID.170.v", "31/12/2024", dt.date(2024, 12, 31)),
        ("ID.170.v", "2024-02-29", dt.date(2024, 2, 29)),
        ("ID.240.v", "OUI", True),
        ("ID.240.v", "n", False),
        ("ID.240.v", "Vrai", True),
        ("ID.240.v", "0", False),
        ("ID.050.v", "OPH", "OPH"),
        ("ID.030.v", "000 000 018", "000000018"),
        ("ID.040.v", "000000018 00002", "00000001800002"),
        ("ID.090.v", "2A004", "2A004"),
        ("ID.080.v", "21000", "21000"),
        ("ID.110.v", "01 02.03-04 05", "0102030405"),
        ("ID.120.v", "a@b.fr", "a@b.fr"),
        ("ID.010.v", "Cafe\u0301", "Café"),
        ("ID.070.v", "1 rue\nBât. B", "1 rue\nBât. B"),
        ("QA.010.v", "000000018", "000000018"),
        ("BA.010.brut", "   ", None),
        ("CC.010.rec", "0", None),
        ("CC.010.rec", "0,00", None),
    ],
)
def test_what_is_accepted_is_read(address: str, raw: str, value: Value | None) -> None:
    assert reading(address, raw) == Reading(value)


@pytest.mark.parametrize(
    ("address", "raw", "control"),
    [
        ("BA.010.brut", "12,5", "F-01"),
        ("BA.010.brut", "1.234", "F-01"),
        ("BA.010.brut", "1.234,56", "F-01"),
        ("BA.010.brut", "abc", "F-01"),
        ("BA.010.brut", "=SOMME(A1:A2)", "F-01"),
        ("BA.010.brut", "1e5", "F-01"),
        ("BA.010.brut", "NaN", "F-01"),
        ("BA.010.brut", "+5", "F-01"),
        ("BA.010.brut", "١٢", "F-01"),
        ("BA.010.brut", ".", "F-01"),
        ("BA.010.brut", "12 €", "F-01"),
        ("BA.010.brut", "12 k€", "F-27"),
        ("BA.010.brut", "-12", "F-17"),
        ("BA.010.brut", "\u221212", "F-17"),
        ("BA.010.brut", "(12)", "F-17"),
        ("BA.010.brut", "100000000000", "F-18"),
        ("BA.010.brut", "9" * 5_000, "F-01"),
        ("BP.110.n", "--5", "F-02"),
        ("BP.110.n", "(-5)", "F-02"),
        ("BP.110.n", "1.234.567", "F-02"),
        ("PL.010.n", "12345678", "F-03"),
        ("PL.010.n", "-1", "F-17"),
        ("PL.170.n", "38,45", "F-04"),
        ("EF.010.n", "1,234", "F-04"),
        ("ID.170.v", "31/02/2024", "F-05"),
        ("ID.170.v", "29/02/2023", "F-05"),
        ("ID.170.v", "12/31/2024", "F-05"),
        ("ID.170.v", "1/1/24", "F-05"),
        ("ID.170.v", "31/12/1899", "F-06"),
        ("ID.170.v", "01/01/2027", "F-06"),
        ("ID.030.v", "000000019", "F-07"),
        ("ID.260.v", "12", "F-07"),
        ("QA.010.v", "000000019", "F-07"),
        ("ID.040.v", "00000001800003", "F-08"),
        ("ID.090.v", "99999", "F-10"),
        ("ID.080.v", "2100", "F-11"),
        ("ID.120.v", "a b@c", "F-12"),
        ("ID.120.v", "a@" + "b" * 260 + ".fr", "F-12"),
        ("ID.110.v", "12", "F-13"),
        ("ID.050.v", "oph", "F-14"),
        ("ID.240.v", "peut-être", "F-15"),
        ("ID.010.v", "x" * 121, "F-16"),
        ("ID.010.v", "a\nb", "F-16"),
        ("ID.010.v", "a\u202eb", "F-16"),
        ("ID.010.v", "=cmd|' /C calc'!A0", "F-16"),
        ("CC.010.rec", "5", "F-19"),
        ("BA.010.net", "5", "F-20"),
        ("QD.010.n", "5", "F-20"),
    ],
)
def test_what_is_refused_names_its_control(address: str, raw: str, control: str) -> None:
    problem = reading(address, raw).problem

    assert problem is not None
    assert problem.control == control
    assert address in problem.french.where
    assert all((problem.french.what, problem.french.how, problem.english.what, problem.english.how))


def test_an_ambiguous_amount_shows_both_readings() -> None:
    problem = reading("BA.010.brut", "1.234,56").problem

    assert problem is not None
    assert "1234,56 ou 123456" in problem.sentence("fr")
    assert "1234.56 or 123456" in problem.sentence("en")


def test_a_computed_cell_of_a_file_is_read_to_be_compared() -> None:
    assert reading("BA.010.net", "5", "file") == Reading(Decimal(5))
    assert reading("QG.100.n", "-5", "file") == Reading(Decimal(-5))


def test_a_locked_cell_is_not_changed_by_hand() -> None:
    problem = reading("PL.030.n1", "5", locked=True).problem

    assert problem is not None
    assert problem.control == "F-21"


def test_la_poste_has_its_own_key() -> None:
    assert luhn_siret("35600000000048")
    assert luhn_siret("35600000000047")
    assert not luhn_siret("35600000000046")


@given(st.text(max_size=40), st.sampled_from(formsets.load("2024.1").cells()))
def test_any_text_in_any_cell_is_read_or_refused(raw: str, address: str) -> None:
    result = reading(address, raw, "file")

    assert result.value is None or result.problem is None


@given(st.sampled_from(formsets.load("2024.1").cells()), st.text(max_size=20) | st.integers(-(10**12), 10**12).map(str))
def test_what_is_read_is_written_and_parsed_back_the_same(address: str, raw: str) -> None:
    value = reading(address, raw, "file").value
    cell_type = formsets.load("2024.1").cell_type(address)

    if value is not None:
        assert parse(written(value), cell_type) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.5"),
        (Decimal("-0.00"), "0"),
        (Decimal("0.0000001"), "0.0000001"),
        (True, "true"),
        (dt.date(2024, 1, 5), "2024-01-05"),
        ("é", "é"),
    ],
)
def test_the_written_form_is_plain(value: Value, text: str) -> None:
    assert written(value) == text


def test_a_shared_value_keeps_ten_decimals() -> None:
    assert written(shared(Decimal(1) / 3)) == "0.3333333333"


def test_only_numbers_are_rounded() -> None:
    assert rounded("x", "T12") == "x"
    assert displayed_places("DATE") is None
    assert displayed_places("N") == 0


@pytest.mark.parametrize(
    ("text", "cell_type"), [("1,5", "D1"), ("1e5", "M"), ("x", "DATE"), ("oui", "BOOL"), ("", "M")]
)
def test_what_is_not_a_written_form_is_not_parsed(text: str, cell_type: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence is for people
        parse(text, cell_type)


@given(
    st.dictionaries(
        st.sampled_from(formsets.load("2024.1").cells()), st.text(max_size=12) | st.integers().map(str), max_size=20
    )
)
def test_reading_many_cells_equals_reading_each(raws: dict[str, str]) -> None:
    form_set = formsets.load("2024.1")

    values, problems = read_all(form_set, raws, 2024)

    each = {address: reading(address, raw) for address, raw in raws.items()}
    assert values == {address: found.value for address, found in each.items() if found.value is not None}
    assert problems == [found.problem for found in each.values() if found.problem is not None]
