"""The life of a form set: which moves there are, and what campaigns may take."""

import pytest

from services.forms.domain.errors import FormSetNotPublished, FormSetStateRefused
from services.forms.domain.filing import Document
from services.forms.domain.form_set_life import FormSetState, require_move
from tests.support.forms import a_campaign, a_forms
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

    assert await forms.use.list_form_sets(STAFF) == [("2024.1", CLOSED), ("2025.1", DRAFT)]
