"""Who may open a filing when."""

from datetime import date

import pytest

from services.forms.domain.errors import CampaignMalformed, NoCampaign
from tests.support.forms import a_campaign


@pytest.mark.parametrize("on", [date(2025, 4, 1), date(2025, 7, 16), date(2025, 12, 31)])
def test_a_body_opens_from_the_first_day_to_the_last(on):
    a_campaign().require_open("OPH", on)


@pytest.mark.parametrize(
    ("on", "word"), [(date(2025, 3, 31), "ouvre le 01/04/2025"), (date(2026, 1, 1), "close depuis le 31/12/2025")]
)
def test_outside_its_dates_a_campaign_is_shut(on, word):
    with pytest.raises(NoCampaign, match=word):
        a_campaign().require_open("OPH", on)


def test_a_campaign_is_for_its_families():
    with pytest.raises(NoCampaign, match="ne concerne pas les ESH"):
        a_campaign(families=frozenset({"OPH"})).require_open("ESH", date(2025, 6, 1))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"year": 0}, "year"),
        ({"year": 999_999}, "year"),
        ({"opens_on": date(2025, 8, 1)}, "due_on"),
        ({"closes_on": date(2025, 7, 1)}, "due_on"),
        ({"families": frozenset()}, "families"),
        ({"corrected_until": date(2025, 12, 30)}, "corrected_until"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(changes, field):
    with pytest.raises(CampaignMalformed) as caught:
        a_campaign(**changes).require_sound()

    assert [violation.field for violation in caught.value.violations] == [field]
