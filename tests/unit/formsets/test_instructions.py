"""What a line wants is said of every line in both languages, and every address of an instruction leads somewhere."""

import pytest

import formsets
from formsets.instructions import control_instruction, line_instruction, line_instructions, said_of


@pytest.mark.parametrize("version", formsets.available())
def test_every_line_says_what_it_wants_in_both_languages(version):
    form_set = formsets.load(version)
    for form in form_set.forms:
        for line in form.lines:
            said = list(said_of(form_set, line))
            assert all(french.endswith(".") and english.endswith(".") for french, english in said), line.code
            assert not said[0][0].startswith("Texte de") or line.type[1:].isdigit(), f"{line.code}: {line.type}"


def test_a_line_says_its_accounts_and_which_columns_are_computed_or_closed():
    form_set = formsets.load("2024.1")

    french = " ".join(one for one, _ in said_of(form_set, form_set.line("CC.010")))

    assert french == (
        "Montant en euros entiers, positif ou nul. Comptes : 601. Colonne tot calculée : nr+rec. "
        "Colonne fermée : rec. Reprise de l'exercice précédent : CC.010.tot."
    )


def test_an_instruction_is_under_the_form_set_of_the_filing():
    form_set = formsets.load("2024.1")
    assert control_instruction(form_set, "A-06") == "/help/controls?version=2024.1#A-06"
    assert line_instruction(form_set, "BA.010.brut") == "/help/forms/BA?version=2024.1#BA.010"
    assert line_instructions(form_set, ["BA.010.brut", "BA.010.net", "ZZ.1.n", "CC.010.nr"]) == (
        "/help/forms/BA?version=2024.1#BA.010",
        "/help/forms/CC?version=2024.1#CC.010",
    )


@pytest.mark.parametrize("unknown", ["", "Z-99", "BA", "a-06"])
def test_what_a_form_set_does_not_have_has_no_instruction(unknown):
    form_set = formsets.load("2024.1")
    assert (control_instruction(form_set, unknown), line_instruction(form_set, unknown)) == ("", "")
