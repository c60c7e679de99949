"""What the command says of a partner's feed, and which containers it keeps."""

import pytest

from cli.feeds import is_to_keep, said


def an_entry(**changes):
    identity = {"body_name": "OPH de Démonstration", "document": "ER", "year": 2024}
    entry = {
        "sequence": 3,
        "kind": "release",
        "identity": identity,
        "version": 1,
        "receipt_number": "N",
        "standing": "current",
        "replaced_version": 0,
        "since": None,
    }
    return {**entry, **changes}


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, "V1  N"),
        ({"version": 2, "replaced_version": 1}, "V2  N  remplace V1"),
        ({"kind": "suspension", "since": "2025-09-01T08:00:00Z"}, "V1  N  SUSPENDUE depuis le 2025-09-01T08:00:00Z"),
        ({"kind": "withdrawal", "since": "2025"}, "V1  N  RETIRÉE depuis le 2025, plus en vigueur"),
    ],
)
def test_an_entry_says_which_version_and_what_became_of_it(changes, end):
    assert said(an_entry(**changes)) == f"3  OPH de Démonstration  ER 2024 {end}"


@pytest.mark.parametrize(
    ("kind", "standing", "is_kept"),
    [
        ("release", "current", True),
        ("release", "replaced", True),
        ("release", "suspended", False),
        ("release", "withdrawn", False),
        ("suspension", "suspended", False),
        ("withdrawal", "withdrawn", False),
        ("suspension", "replaced", False),
    ],
)
def test_only_containers_that_may_be_relied_on_are_kept(kind, standing, is_kept):
    assert is_to_keep(an_entry(kind=kind, standing=standing)) is is_kept
