"""A trial balance and a FEC become one amount an account; what is left out is said, what is doubtful is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import formsets
from services.forms.clients.flat_file_process import answer
from services.forms.clients.uploads.balances import FEC_COLUMNS, Balance, amount_of, is_balance, read_balance
from services.forms.clients.uploads.refusal import FileRefused
from tests.support.workbooks import Raw, a_workbook

QUESTION = {"siren": "000000018", "year": 2024, "file_name": "balance.csv"}


def read(text: str, file_name: str = "balance.csv", encoding: str = "utf-8") -> Balance:
    content = text.encode(encoding)
    assert is_balance(content)
    return read_balance(content, file_name)


def nets(balance: Balance) -> dict[str, Decimal]:
    return {a.account: a.debit - a.credit for a in balance.accounts.values()}


@pytest.mark.parametrize(
    "titles",
    [
        "compte;libellé;débit;crédit",
        "Compte;Intitulé;Solde débiteur;Solde créditeur",
        "N° de compte;Libellé;Débit;Crédit",
        "account;label;debit;credit",
        '"Compte";"Libellé";"Débit";"Crédit"',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_headers_of_the_trade_are_recognised(titles, encoding):
    found = read(f"{titles}\n601000;Achats;1 234,56;\n401000;Fournisseurs;0;1 234,56\n", encoding=encoding)

    assert nets(found) == {"601000": Decimal("1234.56"), "401000": Decimal("-1234.56")}
    assert found.accounts["601000"].label == "Achats"
    assert found.problems == []


def test_net_balances_win_over_movements_of_the_period():
    found = read("compte;débit;crédit;solde débit;solde crédit\n601;900;100;800;0\n")

    assert nets(found) == {"601": Decimal(800)}
    assert "solde débit" in found.guesses[0][0]


def test_one_signed_balance_reads_too():
    assert nets(read("compte\tlibelle\tsolde\n601\tAchats\t(12,5)\n")) == {"601": Decimal("-12.5")}


def test_subtotals_and_totals_are_left_out_and_it_is_said():
    found = read("compte;débit;crédit\n60;30;0\n601;10;0\n602;20;0\nTotal classe 6;30;0\n;30;0\n")

    assert set(found.accounts) == {"601", "602"}
    assert any("sous-total" in french and "60" in french for french, _ in found.guesses)
    assert any("sans compte" in french and "5, 6" in french for french, _ in found.guesses)


def test_an_account_with_its_own_balance_beside_longer_ones_stays():
    assert set(read("compte;débit;crédit\n60;31;0\n601;10;0\n602;20;0\n").accounts) == {"60", "601", "602"}


def test_a_doubtful_amount_refuses_the_line_with_the_users_own_columns():
    found = read("compte;libelle;débit;crédit;service\n601;Achats;1.234;0;Sud\n602;Frais;2;0;Nord\n")

    assert set(found.accounts) == {"602"}
    [problem] = found.problems
    assert (problem.line, problem.code, problem.raw) == (2, "601", "1.234 / 0")
    assert problem.extra["service"] == "Sud"


def test_a_difference_between_debits_and_credits_is_said():
    assert any("diffèrent de 5" in french for french, _ in read("compte;débit;crédit\n601;15;0\n401;0;10\n").guesses)


def fec(separator: str = "\t", **changes: str) -> str:
    titles = (
        "JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum CompAuxLib PieceRef PieceDate"
    )
    titles += " EcritureLib Debit Credit EcritureLet DateLet ValidDate Montantdevise Idevise"
    base = dict.fromkeys(titles.split(), "") | {"EcritureDate": "20241231"} | changes
    rows = [base | {"CompteNum": "60110", "Debit": "10,00", "Credit": "0,00"}] * 2
    rows.append(base | {"CompteNum": "40110", "Debit": "0,00", "Credit": "20,00"})
    return "\r\n".join(separator.join(row) for row in [titles.split(), *([*row.values()] for row in rows)])


@pytest.mark.parametrize("separator", ["\t", "|"])
def test_a_fec_is_added_up_by_account(separator):
    found = read(fec(separator), "000000018FEC20241231.txt")

    assert found.kind == "fec"
    assert nets(found) == {"60110": Decimal(20), "40110": Decimal(-20)}
    assert (found.siren, found.year) == ("000000018", 2024)
    assert found.accounts["60110"].line == 2
    assert found.guesses[0][0].startswith("Fichier lu comme FEC")


def test_the_eighteen_columns_are_those_of_the_standard():
    assert len(FEC_COLUMNS) == 18
    assert tuple(title.lower() for title in fec().split("\r\n")[0].split("\t")) == FEC_COLUMNS


def test_a_fec_with_amount_and_side_is_read():
    text = (
        fec()
        .replace("Debit\tCredit", "Montant\tSens")
        .replace("10,00\t0,00", "10,00\tD")
        .replace("0,00\t20,00", "20,00\tC")
    )

    assert nets(read(text)) == {"60110": Decimal(20), "40110": Decimal(-20)}


@pytest.mark.parametrize(("name", "year"), [("000000026FEC20241231.txt", 2024), ("000000018FEC20231231.txt", 2023)])
def test_a_fec_of_another_body_or_year_is_refused(name, year):
    refused = answer(formsets.load("2024.1"), QUESTION | {"file_name": name}, fec().encode())["refusal"]

    assert refused is not None
    assert ("SIREN" if year == 2024 else "2023") in refused["fr"][1]


def test_the_year_of_the_entries_counts_when_the_name_does_not_say_it():
    refused = answer(formsets.load("2024.1"), QUESTION, fec(EcritureDate="20231231").encode())["refusal"]

    assert "2023" in refused["fr"][1]


def test_a_balance_in_a_workbook_is_read_error_cells_refused():
    error = Raw('<c r="{r}" t="e"><v>#REF!</v></c>')
    rows = [
        ["Balance au 31/12"],
        ["compte", "libelle", "débit", "crédit"],
        [601000, "Achats", 12.5, ""],
        [602000, "x", error, ""],
    ]

    found = answer(formsets.load("2024.1"), QUESTION, a_workbook({"Balance": rows}))

    assert found["accounts"] == [("601000", "Achats", "12.5", "0", 3)]
    assert "#REF!" in found["problems"][0][6]


def test_a_file_of_titles_only_is_refused():
    with pytest.raises(FileRefused, match="no account"):
        read("compte;débit;crédit\n")


@given(
    st.decimals(min_value=Decimal(-99999999999), max_value=Decimal(99999999999), places=2),
    st.sampled_from(["", " ", "\u00a0", "\u202f", "\u2009"]),
    st.sampled_from([",", "."]),
    st.sampled_from(["-", "\u2212", "\u2013", "()"]),
)
def test_every_way_of_writing_an_amount_reads_back(amount, blank, mark, minus):
    whole, decimals = format(abs(amount), ".2f").split(".")
    grouped = f"{int(whole):,}".replace(",", blank)
    text = f"{grouped}{mark}{decimals}"
    if amount < 0:
        text = f"({text})" if minus == "()" else f"{minus}{text}"

    assert amount_of(text) == amount


@pytest.mark.parametrize(
    "text",
    ["1.234", "1,230", "1.500", "1,234,5", "1.234,56", "12e3", "--1", "(-1)", "abc", "#REF!", "1 2 3x", "1" * 30],
)
def test_what_could_be_read_in_two_ways_is_not_read(text):
    assert amount_of(text) is None
