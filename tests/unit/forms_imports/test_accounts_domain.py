"""Accounts fill cells by prefix; the body's mapping wins; what no cell takes is named; an error file can be corrected."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

import formsets
from chassis.errors import Invalid
from services.forms.clients.flat_file_process import answer
from services.forms.domain.accounts import AccountBalance, MappedPrefix, feed, prefixes_of, require_sound
from services.forms.domain.error_file import OURS, error_file
from services.forms.domain.importing import Change, Effect, ImportPreview, Problem, Sentences
from services.forms.usecases.ports import FileContent
from services.forms.usecases.preview_import import filled
from tests.support.forms import FILING_ID, NOON

FORM_SET = formsets.load("2024.1")


def balance(account: str, debit: str = "0", credit: str = "0", line: int = 2) -> AccountBalance:
    return AccountBalance(account, f"Compte {account}", Decimal(debit), Decimal(credit), line)


def a_prefix() -> tuple[str, str]:
    """A prefix of the form set that takes accounts on the debit side, and its cell."""
    rule = next(rule for rule in FORM_SET.accounts if rule.include and rule.side == "debit")
    return rule.include[0], rule.cell


def test_each_account_says_where_it_goes_and_those_that_no_cell_takes_come_first():
    prefix, cell = a_prefix()

    cells, feeds = feed(FORM_SET, [balance(f"{prefix}9", "12.4", line=7), balance("99999", "1")], ())

    assert cells == {cell: Decimal(12)}
    assert [(f.account, f.address, f.amount, f.line) for f in feeds] == [
        ("99999", "", "1", 2),
        (f"{prefix}9", cell, "12.4", 7),
    ]


def test_a_cell_rounded_to_the_euro_is_named_with_what_its_accounts_add_up_to():
    prefix, cell = a_prefix()
    accounts = [balance(f"{prefix}{n}", "1.5") for n in (1, 2, 3)] + [balance("101", credit="7.00")]

    content, _ = filled(FORM_SET, FileContent([], [], [], accounts), ())

    (french, english) = content.guesses[-1]
    assert french == f"1 case arrondie à l'euro : {cell} (4.5 → 5)."
    assert english == f"1 cell rounded to the euro: {cell} (4.5 → 5)."


def test_whole_euros_are_not_said_to_be_rounded():
    content, _ = filled(FORM_SET, FileContent([], [], [], [balance("101", credit="7.00")]), ())

    assert not any("arrondi" in french for french, _ in content.guesses)


def test_many_rounded_cells_are_counted():
    rules = [rule for rule in FORM_SET.accounts if rule.include and FORM_SET.accepts_input(rule.cell)]
    accounts = [balance(prefix, "0.4") for prefix in {rule.cell: rule.include[0] for rule in rules}.values()]

    content, _ = filled(FORM_SET, FileContent([], [], [], accounts), ())

    (french, _) = content.guesses[-1]
    assert french.count("→") == 20
    assert " et " in french


def test_what_the_body_saved_wins_and_is_said():
    prefix, cell = a_prefix()
    other = next(
        a for a in FORM_SET.cells("ER") if a != cell and FORM_SET.cell_type(a) == "M" and FORM_SET.accepts_input(a)
    )

    cells, [one] = feed(FORM_SET, [balance(f"{prefix}9", "12")], [MappedPrefix(prefix, other, "debit")])

    assert cells == {other: Decimal(12)}
    assert one.is_own


def test_prefixes_in_force_are_listed_longest_first():
    listed = prefixes_of(FORM_SET, [MappedPrefix("6", "BA.010.brut", "debit")])

    assert [len(one.prefix) for one in listed] == sorted((len(one.prefix) for one in listed), reverse=True)
    assert listed[-1].is_own or listed[-1].prefix == "6"


@pytest.mark.parametrize(
    "changes",
    [
        {"prefix": "6a"},
        {"prefix": ""},
        {"prefix": "6" * 30},
        {"side": "left"},
        {"address": "ZZ.1.n"},
        {"address": "BA.010.net"},
        {"address": "ID.010.v"},
    ],
)
def test_a_rule_that_could_not_be_applied_is_refused(changes):
    with pytest.raises(Invalid):
        require_sound(FORM_SET, "", [replace(MappedPrefix("601", "BA.010.brut", "debit"), **changes)])


def test_a_prefix_given_twice_is_refused():
    with pytest.raises(Invalid):
        require_sound(FORM_SET, "", [MappedPrefix("601", "BA.010.brut", "debit")] * 2)


def a_preview() -> ImportPreview:
    change = Change(
        "BA.010.brut", "BA.010.brut", 3, "-5", "-5", "", 0, None, Effect.FILL, {"clé": "=K", "quoi": "ancien"}
    )
    sentences = Sentences("Pas un nombre.", "BA.020 brut, ligne 2", "Écrivez un nombre entier.")
    problem = Problem(2, "valeur", "BA.020.brut", "F-01", "=1+1", sentences, sentences, {"clé": "K2"})
    return ImportPreview(FILING_ID, FILING_ID, "a.csv", "C", NOON, 1, (change,), (problem,), ())


def test_the_error_file_puts_what_where_and_how_beside_the_persons_own_columns():
    text = error_file(a_preview(), FORM_SET).decode("utf-8-sig")

    header, refused, kept = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert header == ["code", "colonne", "valeur", "clé", "verdict du dossier : pas encore contrôlé", *OURS["fr"]]
    assert refused[:4] == ["BA.020", "brut", "'=1+1", "K2"]
    instructions = "/help/controls?version=2024.1#F-01 /help/forms/BA?version=2024.1#BA.020"
    assert refused[4:] == [
        "",
        "refusée",
        "Pas un nombre.",
        "BA.020 brut, ligne 2",
        "Écrivez un nombre entier.",
        instructions,
    ]
    assert kept == ["BA.010", "brut", "-5", "'=K", "", "à remplir", "", "", "", ""]


def test_the_error_file_is_read_again_as_a_flat_file():
    file = formsets.flat_file.read_flat_file(error_file(a_preview(), FORM_SET), FORM_SET)

    assert {entry.address: entry.raw for entry in file.entries} == {"BA.020.brut": "=1+1", "BA.010.brut": "-5"}
    assert file.problems == ()


OWN = {"Zone": "nord", "'=1+1": "'=2+2", "Clé interne": 'A;"B"', "a": "''-x", "état civil": "=3", "é": " blanc "}


def read_again(content: bytes) -> ImportPreview:
    """The preview of a file, of which every cell would be filled."""
    found = answer(FORM_SET, {"siren": "", "year": 0}, content)
    changes = tuple(
        Change(
            address,
            address,
            line,
            text,
            text,
            "",
            0,
            None,
            Effect.FILL,
            dict(zip(found["titles"][at], own, strict=True)),
        )
        for line, address, text, at, own, _ in found["lines"]
    )
    return ImportPreview(FILING_ID, FILING_ID, "a.csv", "C", NOON, 1, changes, (), ())


def own_columns(content: bytes) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    ours = len(header) - len(OURS["fr"]) - 1
    return header[3:ours], [row[3:ours] for row in rows]


def test_own_columns_come_back_unchanged_however_often_the_error_file_is_uploaded():
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=";")
    rows.writerow(["code", "colonne", "valeur", *OWN])
    rows.writerow(["BA.010", "brut", "12", *OWN.values()])
    rows.writerow(["BA.020", "brut", "13", *OWN.values()])
    written = [*OWN.values()]
    written[written.index("=3")] = "'=3"  # once: a spreadsheet would compute it

    content = text.getvalue().encode()
    for _ in range(3):
        content = error_file(read_again(content), FORM_SET)

        assert own_columns(content) == (list(OWN), [written, written])
