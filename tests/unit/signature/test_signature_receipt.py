import pytest

from services.signature.domain.log import LogEntry, leaf_hash, node_hash
from services.signature.domain.receipt import (
    InclusionProof,
    check_character,
    is_receipt_number,
    receipt_number,
)

ENTRY = LogEntry("i", "a", "b", "c", "", "harmonia-seal-1", "MIN", "2026-07-01T08:30:00Z")


def test_a_number_names_document_year_server_and_rank():
    number = receipt_number("ER", 2024, "FED-OPH", 18)

    assert number.startswith("ER-2024-FED-OPH-000018-")
    assert is_receipt_number(number)


def test_any_single_wrong_character_is_noticed():
    number = receipt_number("ER", 2024, "MIN", 18)

    wrong = [
        number[:place] + letter + number[place + 1 :]
        for place, present in enumerate(number)
        for letter in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        if present not in ("-", letter)
    ]
    assert not any(map(is_receipt_number, wrong))


@pytest.mark.parametrize("text", ["", "ER", "er-2024-min-000018-k", "ER 2024-0"])
def test_what_is_no_number_is_refused(text):
    assert not is_receipt_number(text)


def test_the_check_character_is_that_of_the_published_example():
    """ISO 7064 MOD 37,36 as the GRid standard uses it: A12425GABC1234002 checks to M."""
    assert check_character("A12425GABC1234002") == "M"


def test_a_proof_shows_its_entry_and_no_other():
    other = leaf_hash(b"other")
    proof = InclusionProof(1, 2, (other,), "note")
    root = node_hash(other, leaf_hash(ENTRY.digest))

    assert proof.proves(ENTRY, root)
    assert not InclusionProof(0, 2, (other,), "note").proves(ENTRY, root)
