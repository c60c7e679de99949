"""Accounts fill cells by prefix; the body's mapping wins; what no cell takes is named; an error file can be corrected."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

import formsets
from chassis.errors import Invalid
from services.forms.domain.accounts import AccountBalance, MappedPrefix, feed, prefixes_of, require_sound
from services.forms.domain.error_file import OURS, error_file
from services.forms.domain.importing import Change, Effect, ImportPreview, Problem, Sentences
from tests.support.forms import FILING_ID, NOON

FORM_SET = formsets.load("2024.1")


def balance(account: str, debit: str = "0", credit: str = "0", line: int = 2) -> AccountBalance:
    return AccountBalance(account, f"Compte {account}", Decimal(debit), Decimal(credit), line)


def a_prefix() -> tuple[str, str]:
    """A prefix of the form set that takes accounts on the debit side, and its cell."""
    rule = next(rule for rule in FORM_SET.accounts if rule.include and rule.side == "debit")
    return rule.include[0], rule.cell


def test_each_account_says_where_it_goes():
    prefix, cell = a_prefix()

    filling, feeds = feed(FORM_SET, [balance(f"{prefix}9", "12.4", line=7), balance("99999", "1")], ())

    assert filling.cells == {cell: Decimal(12)}
    assert [(f.account, f.address, f.amount, f.line) for f in feeds] == [
        (f"{prefix}9", cell, "12.4", 7),
        ("99999", "", "1", 2),
    ]


def test_what_the_body_saved_wins_and_is_said():
    prefix, cell = a_prefix()
    other = next(
        a for a in FORM_SET.cells("ER") if a != cell and FORM_SET.cell_type(a) == "M" and FORM_SET.accepts_input(a)
    )

    filling, [one] = feed(FORM_SET, [balance(f"{prefix}9", "12")], [MappedPrefix(prefix, other, "debit")])

    assert filling.cells == {other: Decimal(12)}
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
    text = error_file(a_preview()).decode("utf-8-sig")

    header, refused, kept = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert header == ["code", "colonne", "valeur", "clé", *OURS]
    assert refused[:4] == ["BA.020", "brut", "'=1+1", "K2"]
    assert refused[4:] == ["refusée", "Pas un nombre.", "BA.020 brut, ligne 2", "Écrivez un nombre entier."]
    assert kept == ["BA.010", "brut", "-5", "'=K", "à remplir", "", "", ""]


def test_the_persons_own_columns_come_back_the_same_however_often():
    own = {"=Z": "=1+1", "a": "'=K", "-b": "x"}
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, delimiter=";")
    writer.writerows([["code", "colonne", "valeur", *own], ["BA.010", "brut", "5", *own.values()]])
    content, seen = lines.getvalue().encode(), []

    for _ in range(3):
        (entry,) = formsets.flat_file.read_flat_file(content, FORM_SET).entries
        change = replace(a_preview().changes[0], text=entry.raw, extra=dict(entry.extra))
        content = error_file(replace(a_preview(), changes=(change,), problems=()))
        seen.append(content)

    assert seen[0] == seen[1] == seen[2]
    header, _ = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert header == ["code", "colonne", "valeur", "'=z", "a", "'-b", *OURS]


def test_the_error_file_is_read_again_as_a_flat_file():
    file = formsets.flat_file.read_flat_file(error_file(a_preview()), FORM_SET)

    assert {entry.address: entry.raw for entry in file.entries} == {"BA.020.brut": "=1+1", "BA.010.brut": "-5"}
    assert file.problems == ()
