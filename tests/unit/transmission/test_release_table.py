"""The table shows every recipient, who decided and when, and what a box turned round would do."""

import pytest

from services.transmission.domain.box import Box
from services.transmission.domain.errors import MatrixUnreadable
from services.transmission.domain.release_table import PublishedMatrix, ReleaseRow, release_row, release_table
from tests.support.transmission import DAY, NOON, an_identity, matrix_bytes

PUBLISHED = PublishedMatrix.read(matrix_bytes().decode(), NOON)
UNTICKED = Box(
    "275100016", an_identity().filing_id, "CDC", is_ticked=False, version=2, chosen_by="anne", chosen_at=NOON
)


def rows(*boxes: Box, pretended: str = "") -> dict[str, ReleaseRow]:
    table = release_table(PUBLISHED, an_identity(), boxes, DAY, pretended)
    return {row.decision.question.recipient: row for row in table}


def test_the_table_lists_every_recipient_refused_ones_included() -> None:
    assert {recipient: row.decision.is_allowed for recipient, row in rows().items()} == {
        "MIN": True,
        "FED-OPH": True,
        "FED-ESH": False,
        "FED-COOP": False,
        "FED-EPL": False,
        "CDC": True,
        "CGLLS": False,
        "ANCOLS": True,
        "PREFET-21": True,
        "PREFET-69": False,
    }


def test_the_choice_of_a_person_is_signed_with_name_and_time() -> None:
    row = rows(UNTICKED)["CDC"]

    assert (row.decision.is_allowed, row.is_ticked, row.decided_by, row.decided_at) == (False, False, "anne", NOON)


def test_what_the_law_decides_names_nobody() -> None:
    assert rows()["MIN"].decided_by == ""


def test_what_a_controller_decides_names_the_controller() -> None:
    row = release_row(PUBLISHED, an_identity(document="QDIS"), [], "CDC", DAY)

    assert row.decided_by == "FED-OPH"


def test_a_pretended_box_turns_that_row_alone() -> None:
    before, after = rows(UNTICKED), rows(UNTICKED, pretended="CDC")

    assert [name for name in before if before[name] != after[name]] == ["CDC"]
    assert after["CDC"].decision.is_allowed


def test_a_row_can_be_asked_for_a_recipient_nobody_knows() -> None:
    assert not release_row(PUBLISHED, an_identity(), [], "NOBODY", DAY).decision.is_allowed


def test_a_document_with_unreadable_settings_is_not_published() -> None:
    with pytest.raises(MatrixUnreadable):
        PublishedMatrix.read('{"rules": []}', NOON)
