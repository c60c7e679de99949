"""What `forms` refuses a signature for is what the pages say is left to do."""

from datetime import date
from uuid import UUID

import pytest

from chassis.errors import RuleBroken
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.cell import OtherValue
from services.forms.domain.filing import SIGNABLE, Step, Verdict
from services.forms.domain.form_set_change import SetAside, Why
from services.forms.rpc.mapping import card_message
from services.gateway.clients import answers
from services.gateway.clients.reading import read
from services.gateway.web.frame import left_to_do, moves
from services.gateway.web.wording import Wording
from tests.support import gateway
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    NOON,
    SHARED,
    CannedControls,
    a_campaign,
    a_cell,
    a_filing,
    a_forms,
    a_source,
)
from tests.support.hosting import DIRECTOR

AT = f"/filings/{FILING_ID}"
ITEMS = {
    "STEP": ("Passer à l’étape suivante", AT),
    "W-02": ("", f"{AT}/remarks"),
    "W-07": ("Choisir entre deux valeurs", f"{AT}/cells/{SHARED}"),
    "Q-01": ("Choisir entre deux valeurs", f"{AT}/cells/{SHARED}"),
    "SET_ASIDE": ("Choisir pour 1 valeur mise de côté", f"{AT}/set-aside"),
    "W-01": ("W-01", f"{AT}/forms/"),
    "W-03": ("W-03", f"{AT}/attachments"),
    "W-04": ("W-04", f"{AT}/forms/"),
    "CAMPAIGN_CLOSED": ("Demander une prolongation", AT),
    "CAMPAIGN_NOT_OPEN": ("Attendre l’ouverture de la campagne", AT),
}
"""What stands in the way → how its item begins, and where that leads."""


async def hindered(*, step=Step.ENTRY, verdict=Verdict.BLOCKED, **campaign):
    """A filing that lacks all it can lack."""
    forms = a_forms(lambda _: CannedControls(verdict))
    conflict = OtherValue("7", "FED-OPH", "Dominique Distant", NOON)
    await forms.keep(a_filing(step=step, verdict=verdict), a_cell(), a_cell(SHARED, "4", conflict=conflict))
    async with forms.store() as work:
        demanded = frozenset({AttachmentKind.DELIBERATION})
        await work.campaigns.save(a_campaign(required_attachments=demanded, **campaign))
        await work.set_aside.save([SetAside(UUID(int=9), FILING_ID, AMOUNT, 1, "5", a_source(), Why.CLOSED)])
        await work.commit()
    return forms


async def obstacles(forms):
    with pytest.raises(RuleBroken) as refused:
        await forms.use.freeze_filing(forms.caller, FILING_ID)
    return {violation.reason for violation in refused.value.violations}


async def items(forms, passport=None):
    card, *_ = await forms.use.get_filing(forms.caller, FILING_ID)
    filing = read(card_message(card), answers.Filing)
    return left_to_do(filing, passport or gateway.a_passport(), forms.clock.now().date(), Wording("fr"))


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - set(SIGNABLE)))
async def test_every_obstacle_of_signing_has_its_item(verdict):
    forms = await hindered(verdict=verdict)

    found, left = await obstacles(forms), await items(forms)

    assert found == set(ITEMS) - {"CAMPAIGN_CLOSED", "CAMPAIGN_NOT_OPEN"}
    for reason in found:
        text, path = ITEMS[reason]
        assert any(one.text.startswith(text) and one.path.startswith(path) for one in left), reason


LONG_AGO, SOME_DAY = date(2025, 4, 1), date(2025, 12, 1)


@pytest.mark.parametrize(
    ("reason", "dates"),
    [
        ("CAMPAIGN_CLOSED", {"due_on": LONG_AGO, "closes_on": LONG_AGO}),
        ("CAMPAIGN_NOT_OPEN", {"opens_on": SOME_DAY, "due_on": SOME_DAY}),
    ],
)
async def test_a_campaign_that_is_over_or_to_come_has_its_item_alone(reason, dates):
    forms = await hindered(**dates)

    found, left = await obstacles(forms), await items(forms)

    assert found == {reason}
    text, path = ITEMS[reason]
    assert [one.text.startswith(text) and one.path == path for one in left] == [True]


async def test_at_the_signatory_what_is_mended_in_entry_begins_with_sending_the_filing_back():
    forms = await hindered(step=Step.SIGNATURE)

    texts = [one.text for one in await items(forms)]

    assert texts[0].startswith("Renvoyer le dossier à l’étape 1, avec la raison")
    assert texts[2].startswith("Choisir pour 1 valeur mise de côté")


async def test_at_the_signatory_who_may_not_send_the_filing_back_is_told_who_may():
    forms = await hindered(step=Step.SIGNATURE)

    first, *_ = await items(forms, gateway.a_passport(("filing.read", "filing.edit")))

    assert first.text.startswith("Demander à un comptable ou à un directeur de l’organisme")
    assert first.path == "", "they have no button to send it back"


@pytest.mark.parametrize("lacking", ["filing.edit", "filing.validate"])
async def test_two_moves_in_one_act_are_offered_to_who_may_make_both(lacking):
    forms = a_forms()
    await forms.keep(a_filing())
    card, *_ = await forms.use.get_filing(forms.caller, FILING_ID)
    filing = read(card_message(card), answers.Filing)
    offered = moves(filing, gateway.a_passport(set(DIRECTOR) - {lacking}))

    assert [move.step for move in moves(filing, gateway.a_passport())] == [
        answers.Step.ACCOUNTING,
        answers.Step.SIGNATURE,
    ]
    assert answers.Step.SIGNATURE not in [move.step for move in offered]


async def test_home_and_the_overview_show_what_happened_lately_to_a_filing_and_the_history_the_rest():
    told = [answers.Sentence(f"Contrôle A-0{n} adouci.", f"Control A-0{n} softened.") for n in (1, 2)]
    notices = tuple(answers.Activity(gateway.NOW, "Alex Agent", "FILING_REJUDGED", one) for one in told)
    world = gateway.World(filing=gateway.a_filing(notices=notices))
    async with gateway.a_browser(world) as browser:
        await browser.sign_in()
        home = (await browser.get("/")).text
        overview = (await browser.get(f"/filings/{gateway.FILING_ID}")).text
        english = (await browser.get(f"/filings/{gateway.FILING_ID}?lang=en")).text
    assert "Contrôle A-01 adouci." in home
    assert "Contrôle A-02 adouci." not in home
    assert f'href="/filings/{gateway.FILING_ID}#notices">2 avis en trente jours' in home
    assert all(one.fr in overview for one in told)
    assert all(one.en in english for one in told)
    assert "Alex Agent" in overview.partition('id="notices"')[2].partition("</section>")[0]


@pytest.mark.parametrize(("first_day", "is_open"), [("2025-06-02", True), ("2025-06-03", False)])
async def test_nothing_is_offered_to_fill_before_the_opening_of_a_campaign_that_was_moved(first_day, is_open):
    world = gateway.World(filing=gateway.a_filing(first_day=first_day, last_day="2025-12-31"))
    async with gateway.a_browser(world) as browser:
        await browser.sign_in()
        form = (await browser.get(f"/filings/{gateway.FILING_ID}/forms/BA")).text
    assert ('name="cell:BA.010.brut"' in form) == is_open
    assert ("la campagne n’est pas encore ouverte" in form) == (not is_open)
    assert ("Saisie, import et signature à partir du" in form) == (not is_open)
