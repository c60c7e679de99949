"""The life of a form set: which moves there are, and what campaigns may take."""

import pytest

from services.forms.domain.errors import FormSetNotPublished, FormSetStateRefused
from services.forms.domain.filing import Document
from services.forms.domain.form_set_life import DeclaredState, FormSetState, FormSetStatus, require_move
from tests.support.forms import NOON, a_campaign, a_forms
from tests.support.hosting import a_caller

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
DRAFT, TRIAL, PUBLISHED, CLOSED = FormSetState


def allowed(*, is_used):
    found = set()
    for now in FormSetState:
        for to in FormSetState:
            try:
                require_move(now, to, is_used=is_used)
            except FormSetStateRefused:
                continue
            if now is not to:
                found.add((now, to))
    return found


def test_a_form_set_is_drafted_tried_published_and_closed_and_withdrawn_while_nobody_uses_it():
    assert allowed(is_used=False) == {
        (DRAFT, TRIAL),
        (TRIAL, DRAFT),
        (TRIAL, PUBLISHED),
        (PUBLISHED, TRIAL),
        (PUBLISHED, DRAFT),
        (PUBLISHED, CLOSED),
        (CLOSED, PUBLISHED),
    }
    assert allowed(is_used=True) == {(TRIAL, PUBLISHED), (PUBLISHED, CLOSED), (CLOSED, PUBLISHED)}


async def test_a_campaign_takes_a_published_form_set_and_keeps_it_once_closed():
    forms = a_forms()
    await forms.use.set_form_set_state(STAFF, "2025.1", DRAFT)
    await forms.use.plan_campaign(STAFF, a_campaign())

    with pytest.raises(FormSetNotPublished):
        await forms.use.plan_campaign(STAFF, a_campaign(form_set="2025.1"))
    with pytest.raises(FormSetNotPublished):
        await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1")
    with pytest.raises(FormSetStateRefused):
        await forms.use.set_form_set_state(STAFF, "2024.1", DRAFT)
    await forms.use.set_form_set_state(STAFF, "2024.1", CLOSED)
    await forms.use.plan_campaign(STAFF, a_campaign())

    listed = await forms.use.list_form_sets(STAFF)
    assert [(one.version, one.state, one.is_used) for one in listed] == [
        ("2024.1", CLOSED, True),
        ("2025.1", DRAFT, False),
    ]
    assert [one.declared.changed_by for one in listed if one.declared] == ["Alex Agent", "Alex Agent"]


@pytest.mark.parametrize("is_used", [True, False])
def test_the_moves_offered_are_those_that_are_made(is_used):
    offered = {
        (now, to)
        for now in FormSetState
        for to in FormSetStatus("2025.1", DeclaredState(now, "Alex Agent", NOON), is_used).moves
    }
    assert offered == allowed(is_used=is_used)


def test_a_form_set_of_which_nobody_said_anything_is_published():
    assert FormSetStatus("2024.1", None, is_used=True).state is PUBLISHED
