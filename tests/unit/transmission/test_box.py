"""The body's box: only where the controller opened, only before signature, versioned, with who and when."""

import pytest

from services.transmission.domain.box import Box, Choice, ticked
from services.transmission.domain.errors import BoxNotOffered, FilingAlreadySigned
from tests.support.transmission import NOON, a_decision

TICK = Choice(is_ticked=True, chosen_by="anne", chosen_at=NOON)
UNTICK = Choice(is_ticked=False, chosen_by="anne", chosen_at=NOON)


def a_box(recipient: str = "CDC", **changes: object) -> Box:
    return Box("275100016", "F1", recipient, **changes)  # type: ignore[arg-type] # a test names the fields it needs


def test_a_tick_records_who_and_when_under_a_new_version() -> None:
    box = a_box().choose(TICK, a_decision("CDC"), is_signed=False)

    assert (box.is_ticked, box.version, box.chosen_by, box.chosen_at) == (True, 1, "anne", NOON)


def test_repeating_a_choice_changes_nothing() -> None:
    box = a_box().choose(TICK, a_decision("CDC"), is_signed=False)

    assert box.choose(TICK, a_decision("CDC"), is_signed=True) is box


def test_unticking_a_default_is_a_choice_of_its_own() -> None:
    box = a_box().choose(UNTICK, a_decision("CDC"), is_signed=False)

    assert ticked([box], frozenset({"CDC", "CGLLS"})) == {"CGLLS"}


def test_an_untouched_box_leaves_the_default() -> None:
    assert ticked([a_box()], frozenset({"CDC"})) == {"CDC"}


@pytest.mark.parametrize(("recipient", "document"), [("CDC", "QDIS"), ("MIN", "ER"), ("FED-ESH", "ER"), ("XYZ", "ER")])
def test_no_box_is_offered_where_the_rule_or_the_controller_leaves_no_choice(recipient: str, document: str) -> None:
    with pytest.raises(BoxNotOffered, match="reçoit"):
        a_box(recipient).choose(TICK, a_decision(recipient, document), is_signed=False)


def test_a_box_may_be_ticked_while_the_agreement_is_missing() -> None:
    assert a_box("CGLLS").choose(TICK, a_decision("CGLLS"), is_signed=False).is_ticked


def test_a_box_that_is_no_longer_offered_can_still_be_unticked() -> None:
    box = a_box(is_ticked=True, version=1)

    assert not box.choose(UNTICK, a_decision("CDC", "QDIS"), is_signed=False).is_ticked


def test_the_signature_fixes_the_box() -> None:
    with pytest.raises(FilingAlreadySigned):
        a_box().choose(TICK, a_decision("CDC"), is_signed=True)
