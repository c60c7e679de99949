"""The pages of forms and controls in a browser, on a real stack: people fill, argue and compare; the authority decides."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from harmonia.forms.v1 import forms_pb2, forms_pb2_grpc
from harmonia.types.v1 import types_pb2 as types
from playwright.async_api import Browser, expect

import formsets
from demo.federation import SAMPLE_OPH, YEAR
from synthetic import synthesise, to_flat_csv, with_fault
from tests.support.browser import CHROMIUM, NO_CHROMIUM, OFFICIAL, Desk, chromium, desk
from tests.support.pdfs import a_pdf
from tests.support.stacks import RunningStack, nobody_writes, one_process

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=NO_CHROMIUM),
]
COMMENT = "Loyers de décembre à vérifier avec le cabinet."
TEXT = "Logements conventionnés repris de l’enquête annuelle, revus par le cabinet."
ANSWER = "Admis pour cet exercice seulement."
REASON = "Seuil revu avec les fédérations."
REOPENED = "Le cabinet a corrigé les amortissements."
LATER = "Départ du comptable en mai."
RESTATED = "Retraité : voir la correction de l’exercice précédent."
NEXT = YEAR + 1
A_PDF = a_pdf()
FAULT = "A-08"
RECIPIENT = "Préfet du département 67"


@dataclass
class Scene:
    """One ministry and one browser for every test of the file."""

    running: RunningStack
    browser: Browser

    async def seat(self, stack: AsyncExitStack, username: str, *, scripts: bool = False) -> Desk:
        """Seat a person until the stack closes; what people write in these tests is in French on any page."""
        seated = await stack.enter_async_context(desk(self.running, self.browser, "MIN", username, scripts=scripts))
        seated.own_words += [
            COMMENT,
            TEXT,
            ANSWER,
            REASON,
            REOPENED,
            LATER,
            RESTATED,
            RECIPIENT,
            "dépôt.csv",
            "douze",
            *OFFICIAL,
            *typed_texts(),
        ]
        return seated


def typed_texts() -> list[str]:
    """Return the texts of the sample file: names and places that no page translates."""
    rows = (line.split(";") for line in SAMPLE_OPH.read_text(encoding="utf-8").splitlines())
    return [row[2] for row in rows if len(row[2]) > 3 and not row[2].isdigit()]


@pytest.fixture(scope="module")
async def scene() -> AsyncIterator[Scene]:
    with TemporaryDirectory(prefix="hf-", ignore_cleanup_errors=True) as folder:
        async with one_process(Path(folder)) as running, chromium() as browser:
            await opens_the_campaign_before(running)
            yield Scene(running, browser)


async def opens_the_campaign_before(running: RunningStack) -> None:
    """Open the ER of the year before too."""
    campaign = forms_pb2.Campaign(
        document=types.DOCUMENT_ER,
        year=YEAR - 1,
        form_set="2024.1",
        opens_on=f"{YEAR}-04-01",
        due_on=f"{YEAR}-07-15",
        closes_on=f"{YEAR + 10}-12-31",
        families=[types.FAMILY_COOP],
    )
    async with running.peers("provisioning") as peers:
        stub = forms_pb2_grpc.FormsServiceStub(peers.channel("forms"))
        await stub.ProvisionCampaign(forms_pb2.ProvisionCampaignRequest(campaign=campaign))


async def test_a_file_is_previewed_in_part_accepted_undone_and_brought_back(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "comptable.oph")
        at = await opens(accountant, YEAR)
        await types_a_cell(accountant, at)
        await is_told_why_a_file_is_refused(accountant, at)
        await sees_what_an_import_would_do(accountant, at)
        await accepts_the_good_lines(accountant)
        await undoes_the_import_and_brings_it_back(accountant, at)
        await takes_every_export(accountant, at)
        await chooses_what_an_import_writes(accountant, at)


async def test_a_cell_has_a_history_comments_and_a_flag(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "comptable.oph")
        at = await opens(accountant, YEAR)
        await reads_the_form(accountant, at)
        await comments_a_cell(accountant, at)
        await joins_a_report(accountant, at)
        await maps_an_account(accountant, at)
        await is_told_what_does_not_exist(accountant, at)


async def test_two_people_on_one_cell_see_both_values_and_choose(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        first = await scene.seat(stack, "comptable.esh", scripts=True)
        second = await scene.seat(stack, "directeur.esh")
        at = await opens(first, YEAR)
        await merge_different_cells(first, second, at)
        await meet_on_one_cell(first, second, at)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_what_was_typed_before_the_session_ended_is_saved_after_signing_in_in_another_tab(
    scene: Scene, *, scripts: bool
) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "comptable.oph", scripts=scripts)
        at = await opens(accountant, YEAR)
        await accountant.go(f"{at}/forms/PL")
        amount = "4 321" if scripts else "8 765"
        await accountant.cell("PL.190.n").fill(amount)
        await loses_the_session(accountant)
        await accountant.press("Enregistrer")
        await accountant.sees("tout ce que vous avez tapé ou choisi est resté dans cette page")
        await expect(accountant.page.get_by_label("Case PL.190.n")).to_have_value(amount)
        await accountant.glance("a06-session-over")
        await signs_in_in_another_tab(accountant)
        await accountant.press("Réessayer")
        await accountant.sees("1 case enregistrée.")
        await expect(accountant.cell("PL.190.n")).to_have_value(amount.replace(" ", "\u202f"))


async def loses_the_session(person: Desk) -> None:
    """End the session on the server and leave the browser its cookie, as an idle hour does."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in await person.context.cookies())
    secret = await person.page.locator("input[name=csrf]").first.input_value()
    async with httpx.AsyncClient(base_url=person.home, headers={"cookie": cookies, "origin": person.home}) as http:
        assert (await http.post("/auth/logout", data={"csrf": secret})).status_code == 303


async def signs_in_in_another_tab(person: Desk) -> None:
    async with person.context.expect_page() as opened:
        await person.page.get_by_role("link", name="dans un autre onglet").first.click()
    typed, person.page = person.page, await opened.value
    if await person.page.locator("input[name=username]").count():
        await person.identify()
    await expect(person.page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    await person.page.close()
    person.page = typed


async def test_an_earlier_year_is_carried_compared_and_followed(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "comptable.coop")
        director = await scene.seat(stack, "directeur.coop")
        before = await opens(accountant, YEAR - 1)
        await imports(accountant, before, a_faulty_file(YEAR - 1))
        await sees_the_remarks_and_justifies(accountant, before)
        await moves_to_signature(accountant, before)
        await signs(director, before)
        await answers_the_justification(await scene.seat(stack, "agent.min"), before)
        at = await opens(accountant, YEAR)
        await carries_last_year(accountant, at)
        await imports(accountant, at, a_faulty_file(YEAR, with_earlier_years=False))
        await is_proposed_last_year_s_text(accountant, at)
        await compares_two_years(accountant, at)
        await follows_cells_over_the_years(accountant, at)
        await reopens_the_signed_filing(director, before)
        await changes_a_figure_signed_before_with_a_word_only(accountant, before, at)


async def test_the_authority_leads_a_form_set_through_its_life(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "comptable.sem")
        officer = await scene.seat(stack, "agent.min")
        at = await opens(accountant, YEAR)
        await fills_cells_that_the_next_form_set_closes(accountant, at)
        await sees_where_form_sets_are(officer)
        await tries_it_on_the_whole_campaign(officer)
        await withdraws_and_publishes_again(officer)
        await gives_it_to_the_open_filings(officer, scene.running)
        await chooses_for_what_was_set_aside(accountant, at)
        await takes_the_publication_back(officer)
        await gives_one_body_more_time(officer)
        await moves_the_dates_of_a_campaign(officer)


async def test_an_officer_opens_a_campaign_and_two_publications_wait_for_each_other(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "comptable.sem")
        officer = await scene.seat(stack, "agent.min")
        await opens(accountant, YEAR)
        await is_told_what_a_campaign_lacks(officer)
        await opens_a_campaign(officer)
        await opens(accountant, NEXT)
        await waits_behind_another_publication(officer, scene.running)


async def test_a_softer_control_is_tried_in_the_queue_then_decided(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        officer = await scene.seat(stack, "agent.min")
        await is_told_what_cannot_be_softened(officer)
        await tries_a_softer_control_behind_a_check(officer, scene.running)
        await decides_it(officer)


# --- filling ------------------------------------------------------------------------------------------------------


async def opens(person: Desk, year: int) -> str:
    """Open the ER of a year, or find it; return the path of the filing."""
    await person.go("/")
    title = re.compile(rf"^ER {year} ")
    button = person.page.get_by_role("button", name=re.compile(rf"^Ouvrir\s+ER {year}"))
    await expect(button.or_(person.page.get_by_role("link", name=title)).first).to_be_visible()
    if await button.count():
        await button.click()
        await person.sees("Dossier ouvert.")
    else:
        await person.page.locator("main h2").get_by_role("link", name=title).click()
    found = re.search(r"/filings/[^/?#]+", person.page.url)
    assert found, person.page.url
    return found[0]


async def types_a_cell(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/forms/PL")
    await accountant.cell("PL.190.n").fill("5 000")
    await accountant.press("Enregistrer")
    await accountant.sees("1 case enregistrée.")
    await expect(accountant.cell("PL.190.n")).to_have_value("5\u202f000")


async def upload(accountant: Desk, name: str, content: bytes) -> None:
    await accountant.page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    await accountant.page.locator("main form button").first.click()


async def is_told_why_a_file_is_refused(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/import")
    await accountant.look("a01-import")
    accountant.own_words += ["note.txt"]
    for language in ("en", "fr"):
        await accountant.go(f"{at}/import?lang={language}")
        await upload(accountant, "note.txt", b"Bonjour,\nvoici le fichier.\n")
        await expect(accountant.page.get_by_role("alert")).to_contain_text("code;colonne;valeur")
        await accountant.glance("a02-import-refused", language)


def a_file_with_wrong_lines() -> bytes:
    """Return the sample as a Windows spreadsheet saves it, with a column of its own and four lines that are wrong."""
    rows = [line.split(";") for line in SAMPLE_OPH.read_text(encoding="utf-8").splitlines()]
    wrong = {("PL.120", "n"): "1.234,56", ("BA.030", "brut"): "douze", ("BA.040", "brut"): "#REF!"}
    out = [[*rows[0], "vérifié par"]]
    form_set = formsets.load("2024.1")
    for code, column, value, nature in rows[1:]:
        text = wrong.get((code, column), value)
        is_amount = form_set.line(code).type in ("M", "MS") and text.isdigit()
        out.append([code, column, f"{int(text):,}".replace(",", "\xa0") if is_amount else text, nature, "cabinet"])
    out.append(["ZZ.999", "n", "12", "saisie", "cabinet"])
    return "\r\n".join(";".join(row) for row in out).encode("cp1252")


async def sees_what_an_import_would_do(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/import")
    await upload(accountant, "dépôt.csv", a_file_with_wrong_lines())
    problems = accountant.page.locator("#problems tbody tr")
    await expect(problems).to_have_count(4)
    for row in await problems.all():
        for part in await row.locator("td").all_inner_texts():
            assert part.strip(), "each of line, code, text, what, where and how says something"
    await accountant.sees(re.compile("Windows-1252", re.IGNORECASE))
    await expect(accountant.page.get_by_label("Remplacer aussi 1 valeur saisie à la main")).to_be_visible()
    await accountant.look("a03-preview")
    await accountant.picture("preview", top="main h2")
    name, content = await accountant.downloads(accountant.page.get_by_role("link", name=re.compile("avec ses erreurs")))
    head, *rows = content.decode("utf-8-sig").splitlines()
    assert name == "dépôt-anomalies.csv"
    assert "vérifié par" in head
    assert "quoi" in head.lower()
    assert any(row.startswith("ZZ.999;") for row in rows), content[:500]


async def accepts_the_good_lines(accountant: Desk) -> None:
    page = accountant.page
    await accountant.press(re.compile("^Confirmer l’import"))
    await expect(page.get_by_label(re.compile("Importer les bonnes lignes"))).to_be_visible()
    await page.get_by_label(re.compile("Importer les bonnes lignes")).check()
    await accountant.press(re.compile("^Confirmer l’import"))
    await accountant.sees(re.compile(r"\d+ cases importées, 1 valeur saisie à la main gardée\."))
    await accountant.look("a04-remarks-after-import")


async def undoes_the_import_and_brings_it_back(accountant: Desk, at: str) -> None:
    page = accountant.page
    await accountant.go(f"{at}/history")
    await accountant.look("a05-history")
    await page.get_by_role("button", name=re.compile("^Annuler la modification")).first.click()
    await accountant.sees(re.compile(r"Annulé\s: \d+ cases remises comme avant\."))
    await accountant.go(f"{at}/forms/PL")
    await expect(accountant.cell("PL.190.n")).to_have_value("5\u202f000")
    await expect(accountant.cell("PL.100.n")).to_have_value("")
    await accountant.go(f"{at}/history")
    await page.get_by_role("button", name=re.compile("^Annuler la modification")).first.click()
    await accountant.sees("Annulé")
    await accountant.glance("a06-history-undone")
    await accountant.go(f"{at}/forms/BA")
    await expect(accountant.cell("BA.020.brut")).to_have_value("900\u202f000")


async def chooses_what_an_import_writes(accountant: Desk, at: str) -> None:
    page = accountant.page
    await accountant.go(f"{at}/history")
    await page.get_by_role("button", name=re.compile("^Annuler la modification")).first.click()
    await accountant.sees("Annulé")
    await accountant.go(f"{at}/import")
    await upload(accountant, "choix.csv", SAMPLE_OPH.read_bytes())
    accountant.own_words.append("choix.csv")
    await accountant.look("a08-choice")
    assert not await page.get_by_label("Laisser de côté BA.020.brut").is_visible(), "lines are folded away"
    for form in ("BA", "PL"):
        await page.get_by_text(f"{form}, ligne par ligne", exact=True).click()
    await page.get_by_label("Laisser de côté tout le tableau CC").check()
    await page.get_by_label("Laisser de côté la ligne BA.010").check()
    await page.get_by_label("Laisser de côté BA.020.brut").check()
    await page.get_by_label("Remplacer PL.190.n").check()
    await accountant.glance("a09-choice-made")
    await accountant.press(re.compile("^Confirmer l’import"))
    await accountant.sees(re.compile(r"\d+ cases importées\. \d+ cases laissées de côté\."))
    await accountant.go(f"{at}/forms/BA")
    for left in ("BA.010.brut", "BA.010.amort", "BA.020.brut"):
        await expect(accountant.cell(left)).to_have_value("")
    await expect(accountant.cell("BA.020.amort")).not_to_have_value("")
    await accountant.go(f"{at}/forms/PL")
    await expect(accountant.cell("PL.190.n")).not_to_have_value("5\u202f000")
    await accountant.go(f"{at}/history")
    await accountant.sees(re.compile(r"laissées de côté\s: BA\.010\.brut, BA\.010\.amort, BA\.010\.n1, BA\.020\.brut"))
    await accountant.look("a10-history-of-a-choice")
    await imports(accountant, at, SAMPLE_OPH.read_bytes())
    await accountant.go(f"{at}/forms/BA")
    await expect(accountant.cell("BA.020.brut")).to_have_value("900\u202f000")


async def takes_every_export(accountant: Desk, at: str) -> None:
    await accountant.go(at)
    await accountant.look("a07-overview")
    links = await accountant.page.locator("main a[download]").all()
    assert len(links) == 6
    for link in links:
        name, content = await accountant.downloads(link)
        assert len(content) > 500, name


async def reads_the_form(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/forms")
    await accountant.look("b01-forms")
    await accountant.go(f"{at}/forms/BA")
    if not await accountant.cell("BA.020.brut").input_value():
        await imports(accountant, at, SAMPLE_OPH.read_bytes())
        await accountant.go(f"{at}/forms/BA")
    await expect(accountant.cell("BA.020.net")).to_contain_text("622\u202f000")
    await accountant.look("b02-form")
    for language, refused in (("en", "b03-form-refused-en"), ("fr", "b03-form-refused")):
        await accountant.go(f"{at}/forms/PL?lang={language}")
        await accountant.cell("PL.120.n").fill("1.234,56")
        await accountant.cell("PL.140.n").fill("douze")
        await accountant.page.locator("main form button").first.click()
        await expect(accountant.cell("PL.120.n")).to_have_attribute("aria-invalid", "true")
        await accountant.glance(refused, language)


async def comments_a_cell(accountant: Desk, at: str) -> None:
    page = accountant.page
    await accountant.go(f"{at}/forms/PL")
    await accountant.cell("PL.190.n").fill("402")
    await accountant.press("Enregistrer")
    await page.locator('[id="cell-PL.190.n-origin"]').get_by_role("link").click()
    await accountant.sees("5\u202f000")
    for language in ("en", "fr"):
        await accountant.go(f"{at}/cells/PL.190.n?lang={language}")
        await page.locator("#comments form button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await accountant.glance("b04-comment-refused", language)
    await page.get_by_label("Commentaire", exact=True).fill(COMMENT)
    await page.get_by_label("Case à suivre").check()
    await accountant.press("Enregistrer le commentaire")
    await expect(page.locator("#comments")).to_contain_text(COMMENT)
    await accountant.look("b05-cell")
    await accountant.go(f"{at}/forms/PL")
    await accountant.sees("⚑ à suivre, 1 commentaire")
    await accountant.glance("b06-form-commented")


async def joins_a_report(accountant: Desk, at: str) -> None:
    page = accountant.page
    for language in ("en", "fr"):
        await accountant.go(f"{at}/attachments?lang={language}")
        await upload(accountant, "rapport.pdf", b"ceci n'est pas un PDF")
        await expect(page.get_by_role("alert")).to_contain_text("PDF")
        await accountant.glance("b07-attachment-refused", language)
    accountant.own_words += ["rapport.pdf"]
    await upload(accountant, "rapport.pdf", A_PDF)
    await accountant.sees("rapport.pdf joint.")
    await accountant.look("b08-attachments")


async def maps_an_account(accountant: Desk, at: str) -> None:
    page = accountant.page
    await accountant.go(f"{at}/import")
    await accountant.follow("Correspondance des comptes")
    await accountant.look("b08b-accounts")
    for language in ("en", "fr"):
        await accountant.go(f"{at}/accounts?lang={language}")
        await page.locator("[name='prefix:1']").fill("70699")
        await page.locator("[name='address:1']").fill("ZZ.999.v")
        await page.locator("form[method=post][action$='/accounts'] button").click()
        await expect(page.get_by_role("alert")).to_contain_text("Rule 1:" if language == "en" else "Règle 1\u00a0:")
        await expect(page.locator("[name='prefix:1']")).to_have_value("70699")
        await expect(page.locator("[name='address:1']")).to_have_attribute("aria-invalid", "true")
        await accountant.glance("b08c-account-refused", language)
    await page.get_by_label("Case, règle 1", exact=True).fill("BA.020.brut")
    await page.get_by_label("Sens positif, règle 1", exact=True).select_option("Crédit")
    await accountant.press("Enregistrer la correspondance")
    await accountant.sees("Correspondance enregistrée : 1 règle de l’organisme.")
    await expect(page.locator("[name='address:1']")).to_have_value("BA.020.brut")


async def is_told_what_does_not_exist(accountant: Desk, at: str) -> None:
    for path in ("cells/ZZ.999.v", "forms/ZZ", "export/zip", "signed/7", "import/nothing", "compare?other=nothing"):
        answer = await accountant.page.goto(f"{accountant.home}{at}/{path}")
        assert answer, path
        assert answer.status == 404, path
    await accountant.look("b09-not-found")
    answer = await accountant.page.goto(f"{accountant.home}{at}/series?cells=BA.010.brut+ZZ.999.v")
    assert answer
    await expect(accountant.page.get_by_role("alert")).to_contain_text("ZZ.999.v")
    await accountant.look("b10-series-refused")


# --- two people ---------------------------------------------------------------------------------------------------


async def merge_different_cells(first: Desk, second: Desk, at: str) -> None:
    for person in (first, second):
        await person.go(f"{at}/forms/PL")
    await first.cell("PL.100.n").fill("1 000")
    await first.press("Enregistrer")
    await first.sees("1 case enregistrée")
    await second.cell("PL.110.n").fill("2 000")
    await second.press("Enregistrer")
    await second.sees("1 case enregistrée")
    await expect(second.cell("PL.100.n")).to_have_value("1\u202f000")


async def meet_on_one_cell(first: Desk, second: Desk, at: str) -> None:
    for value, language in ((1_100, "en"), (1_300, "fr")):
        await first.go(f"{at}/forms/PL")
        await second.go(f"{at}/forms/PL?lang={language}")
        await first.cell("PL.100.n").fill(str(value))
        await first.press("Enregistrer")
        await first.sees("1 case enregistrée")
        await second.cell("PL.100.n").fill(str(value + 100))
        await second.page.locator("main form button").first.click()
        told = second.page.locator('[id="cell-PL.100.n-error"]')
        await expect(told).to_contain_text(f"{value:,}".replace(",", "\u202f" if language == "fr" else ","))
        await expect(told).to_contain_text(first.person.name)
        await expect(second.cell("PL.100.n")).to_have_value(
            re.compile(f"{str(value + 100)[0]}.?{str(value + 100)[1:]}")
        )
        await second.glance("c01-conflict", language)
    await second.follow("gardez les valeurs enregistrées")
    await expect(second.cell("PL.100.n")).to_have_value("1\u202f300")
    await second.cell("PL.100.n").fill("1500")
    await first.cell("PL.100.n").fill("1600")
    await second.press("Enregistrer")
    await second.sees("1 case enregistrée")
    await first.press("Enregistrer")
    await expect(first.page.locator('[id="cell-PL.100.n-error"]')).to_contain_text("1\u202f500")
    await first.press("Enregistrer")
    await first.sees("1 case enregistrée")
    await expect(first.cell("PL.100.n")).to_have_value("1\u202f600")
    await first.go(f"{at}/cells/PL.100.n")
    await first.look("c02-both-in-the-history")


# --- years --------------------------------------------------------------------------------------------------------


def a_faulty_file(year: int, *, with_earlier_years: bool = True) -> bytes:
    """Return the filing of the cooperative, with one anomaly that its accountant will justify.

    Args:
        year: the exercice.
        with_earlier_years: with the cells that repeat those of another exercice, which nobody changes once it is signed.
    """
    filing, _ = with_fault(synthesise("COOP", 11, year), FAULT, 11)
    lines = to_flat_csv(filing).splitlines(keepends=True)
    return "".join(one for one in lines if with_earlier_years or not _is_of_earlier_years(one)).encode()


def _is_of_earlier_years(line: str) -> bool:
    form_set = formsets.load("2024.1")
    code, column = line.split(";")[:2]
    return form_set.has_cell(f"{code}.{column}") and form_set.is_prefilled(f"{code}.{column}")


async def imports(accountant: Desk, at: str, content: bytes) -> None:
    await accountant.go(f"{at}/import")
    await upload(accountant, "coop.csv", content)
    await accountant.press(re.compile("^Confirmer l’import"))
    await accountant.sees("Verdict")


async def sees_the_remarks_and_justifies(accountant: Desk, at: str) -> None:
    page = accountant.page
    accountant.own_words += ["coop.csv"]
    await expect(page.locator(f"#remark-{FAULT}")).to_be_visible()
    await accountant.look("d01-remarks")
    await follows_the_instructions(accountant, at)
    for language in ("en", "fr"):
        await accountant.go(f"{at}/remarks?lang={language}")
        await page.locator(f"summary:has-text('{FAULT}')").click()
        await page.locator(f"#text-{FAULT}").fill("x" * 21 + " " * 5)
        await page.locator(f"#text-{FAULT}").evaluate("(e) => e.form.noValidate = true")
        await page.locator(f"#text-{FAULT}").fill("Trop court")
        await page.locator(f"#reason-{FAULT}").select_option("special_rule")
        await page.locator(f"#cell-{FAULT}").select_option(index=1)
        await page.locator("details[open] form button").click()
        await expect(page.locator(f"#text-{FAULT}-error")).to_be_visible()
        await expect(page.locator(f"#text-{FAULT}")).to_have_value("Trop court")
        await expect(page.locator(f"#reason-{FAULT}")).to_have_value("special_rule")
        await expect(page.locator(f"#cell-{FAULT}")).not_to_have_value("")
        await accountant.glance("d02-justification-refused", language)
    await page.locator(f"#text-{FAULT}").fill(TEXT)
    await accountant.press("Enregistrer la justification")
    await expect(page.locator("main")).to_contain_text(TEXT)
    await accountant.sees("Règle ou texte propre à l’organisme")
    await accountant.glance("d03-justified")


async def follows_the_instructions(accountant: Desk, at: str) -> None:
    remark = accountant.page.locator(f"article:has(#remark-{FAULT})")
    for language, word in (("en", "instruction"), ("fr", "consigne")):
        await accountant.go(f"{at}/remarks?lang={language}")
        await remark.locator(f"h3 a:text-is('{FAULT}')").click()
        await expect(accountant.page.locator("tr:target th")).to_have_text(FAULT)
        await accountant.go(f"{at}/remarks")
        cell = remark.locator("li").first
        line = (await cell.locator(".code").inner_text()).rpartition(".")[0]
        await cell.get_by_role("link", name=word).click()
        await expect(accountant.page.locator("tr:target th")).to_have_text(line)
    await accountant.look("d01-instruction-of-a-line")
    await accountant.go("/help/controls?version=2024.1")
    await accountant.look("d01-instruction-of-a-control")
    await accountant.go(f"{at}/remarks")


async def moves_to_signature(accountant: Desk, at: str) -> None:
    await accountant.go(at)
    await accountant.press(re.compile(r"^Passer à l’étape 3"))
    await accountant.sees("Étape 3/6")


async def signs(director: Desk, at: str) -> None:
    await director.go(f"{at}/sign")
    await director.page.get_by_label(re.compile("J’ai relu")).check()
    await director.press("Signer et transmettre")
    await expect(director.page.locator("#receipt-number")).to_be_visible()


async def answers_the_justification(officer: Desk, at: str) -> None:
    page = officer.page
    await officer.go("/staff")
    await page.locator(f'main table a[href^="/staff{at}"]').first.click()
    await page.get_by_role("link", name="Justifications", exact=True).click()
    await officer.sees(TEXT)
    await officer.look("d03b-staff-justifications")
    for language, refuse in (("en", "Refuse"), ("fr", "Refuser")):
        await officer.go(f"/staff{at}/justifications?lang={language}")
        await page.get_by_label(re.compile("^(Réponse|Answer)")).fill("Vague")
        await officer.press(re.compile(f"^{refuse} {FAULT}"))
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.get_by_label(re.compile("^(Réponse|Answer)"))).to_have_value("Vague")
        await officer.glance("d03c-answer-refused", language)
    await page.get_by_label(re.compile("^Réponse")).fill(ANSWER)
    await officer.press(re.compile(f"^Accepter {FAULT}"))
    await officer.sees(re.compile(rf"{FAULT}\s: Acceptée\."))
    await officer.sees(re.compile(rf"Acceptée\s: {ANSWER}"))
    await officer.look("d03d-answered")


async def carries_last_year(accountant: Desk, at: str) -> None:
    await accountant.go(at)
    await accountant.press("Reprendre l’exercice précédent")
    await accountant.sees(re.compile(r"\d+ cases reprises de l’exercice précédent"))
    await accountant.glance("d04-carried")
    await accountant.go(f"{at}/forms/ID")
    await accountant.sees("Reprise de l’exercice précédent")
    await accountant.look("d05-form-carried")


async def is_proposed_last_year_s_text(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/remarks")
    await accountant.page.get_by_text("texte de l’an dernier proposé").click()
    await expect(accountant.page.locator(f"#text-{FAULT}")).to_have_value(TEXT)
    await expect(accountant.page.locator(f"#reason-{FAULT}")).to_have_value("special_rule")
    await accountant.glance("d06-proposal")
    await accountant.press("Enregistrer la justification")
    await accountant.sees(f"Justification de {FAULT} enregistrée.")


async def compares_two_years(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/years")
    await accountant.look("d07-years")
    await accountant.page.get_by_label("avec").select_option(label=f"{YEAR - 1} — Version 1")
    await accountant.press("Comparer")
    await accountant.sees(re.compile(r"Différences\s: \d+ cases"))
    await accountant.look("d08-compare")
    await accountant.picture("compare", top="nav.tabs")
    await accountant.go(f"{at}/years")
    await accountant.follow("Version 1")
    await accountant.sees(re.compile("telle qu’elle a été signée"))
    await accountant.look("d09-signed-version")


async def follows_cells_over_the_years(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/years")
    await accountant.page.get_by_label("Cases, séparées par des espaces").fill("BA.020.brut CP.010.n PL.010.n")
    await accountant.press("Montrer la série")
    await expect(accountant.page.get_by_role("columnheader", name=str(YEAR - 1))).to_be_visible()
    await accountant.look("d10-series")


async def reopens_the_signed_filing(director: Desk, at: str) -> None:
    page = director.page
    for language in ("en", "fr"):
        await director.go(f"{at}?lang={language}")
        await page.locator("#reopen-reason").evaluate("(e) => e.form.noValidate = true")
        await page.locator("#reopen-reason").fill("x")
        await page.locator("form:has(#reopen-reason) button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await director.glance("d11-reopening-refused", language)
    await director.go(at)
    await director.look("d12-overview-signed")
    await page.locator("#reopen-reason").fill(REOPENED)
    await page.locator("#reopen-cells").fill("BA.020.brut BA.030.brut")
    await director.press("Rouvrir le dossier")
    await director.sees("Dossier rouvert")
    await director.glance("d13-reopened")
    await director.go(f"{at}/history")
    await director.look("d14-history-reopened")


async def changes_a_figure_signed_before_with_a_word_only(accountant: Desk, before: str, at: str) -> None:
    """Correct a figure in the filing that was signed and reopened; what repeats it the year after asks for a word (F-21)."""
    page, (cell, repeated) = accountant.page, ("PL.180.n", "PL.180.n1")
    await accountant.go(f"{before}/forms/PL")
    await accountant.cell(cell).fill("13 975")
    await accountant.press("Enregistrer")
    await accountant.sees("1 case enregistrée.")
    for language in ("en", "fr"):
        await accountant.go(f"{at}/forms/PL?lang={language}")
        await accountant.cell(repeated).fill("13975")
        await page.locator("main form button").first.click()
        await expect(accountant.cell(repeated)).to_have_attribute("aria-invalid", "true")
        await expect(page.locator(f'[id="cell-{repeated}-error"]')).to_contain_text("F-21")
        await expect(accountant.cell(repeated)).to_have_value("13975")
        await accountant.glance("d15-signed-figure-refused", language)
    await accountant.go(f"{at}/cells/{repeated}")
    await page.get_by_label("Commentaire", exact=True).fill(RESTATED)
    await page.get_by_label(re.compile("^Retraitement voulu")).check()
    await accountant.press("Enregistrer le commentaire")
    await expect(page.locator("#comments")).to_contain_text(RESTATED)
    await accountant.go(f"{at}/forms/PL")
    await accountant.cell(repeated).fill("13975")
    await accountant.press("Enregistrer")
    await accountant.sees("1 case enregistrée.")
    await expect(accountant.cell(repeated)).to_have_value("13\u202f975")
    await accountant.look("d16-signed-figure-restated")


# --- the authority ------------------------------------------------------------------------------------------------


async def fills_cells_that_the_next_form_set_closes(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/forms/CP")
    await accountant.cell("CP.380.n").fill("12 345")
    await accountant.cell("CP.570.n").fill("678")
    await accountant.press("Enregistrer")
    await accountant.sees("2 cases enregistrées")


async def sees_where_form_sets_are(officer: Desk) -> None:
    await officer.go("/")
    await officer.page.get_by_role("link", name="Campagnes et référentiels").click()
    await officer.look("e01-form-sets")
    await officer.follow(re.compile("Ce qui change depuis 2024.1"))
    await officer.sees("Rupture de série")
    await officer.look("e02-difference")


async def tries_it_on_the_whole_campaign(officer: Desk) -> None:
    await officer.go("/staff/form-sets")
    await officer.follow(re.compile(r"^L’essayer sur les dossiers d’une campagne.*2025\.1"))
    await officer.look("e02b-trial")
    await officer.go("/staff/form-sets/2025.1/trial")
    await officer.page.get_by_label("Exercice").fill(str(YEAR))
    await officer.press("Essayer sur toute la campagne")
    await waits_for_the_run(officer)
    await officer.sees("Ce qui changerait")
    await expect(officer.page.locator("main")).to_contain_text("X-09")
    await officer.look("e02c-trial-done")


async def withdraws_and_publishes_again(officer: Desk) -> None:
    page = officer.page
    for move, told in (("Remettre en projet", "projet"), ("Mettre à l’essai", "à l’essai"), ("Publier", "publié")):
        await officer.go("/staff/form-sets")
        await officer.follow(f"{move} 2025.1")
        await (officer.look if told == "projet" else officer.glance)(f"e03-move-{told.replace(' ', '-')}")
        await officer.press(re.compile("^Confirmer"))
        await officer.sees(f"Référentiel 2025.1 : {told}.")
        if told == "à l’essai":
            await officer.glance("e04-form-sets-on-trial")
            await officer.go("/staff/campaign?document=ER&year=2024&form_set=2025.1")
            await officer.look("e05-not-published")
    await expect(page.get_by_text(re.compile(f"par {officer.person.name}, le"))).to_have_count(1)


async def gives_it_to_the_open_filings(officer: Desk, running: RunningStack) -> None:
    page = officer.page
    await officer.go("/staff/form-sets")
    await officer.follow(re.compile(r"dossiers ouverts d’une campagne.*2025\.1"))
    await expect(page.get_by_label("Nouveau référentiel")).to_have_value("2025.1")
    await page.get_by_label("Exercice").first.fill(str(YEAR))
    await officer.press("Voir ce qui changerait")
    await expect(page.get_by_role("table", name="Cases à choisir par les organismes")).to_contain_text("CP.380.n")
    await sees_which_filings_would_change(officer, running)
    await officer.look("e06-publication-preview")
    await officer.sees("contrôle F-28")
    await page.get_by_label("Publier malgré tout un référentiel").check()
    async with nobody_writes(running.server, "forms", "changed_filings"):
        await officer.press("Faire passer ces dossiers au référentiel 2025.1")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Passage de 2024.1 à 2025.1")
        await officer.sees(re.compile(r"0 dossier traité sur \d+\.\s+Fin estimée dans [1-9]\d* seconde"))
        await officer.look("e06b-publication-under-way")
    await waits_until_it_is_over(officer)
    await officer.look("e07-published")


async def sees_which_filings_would_change(officer: Desk, running: RunningStack) -> None:
    """Find the body whose cells are in the way, with those cells and no figure; then the page after it."""
    page, (body,) = officer.page, [one for one in running.bodies if one.family == "SEM"]
    table, own = page.get_by_role("table", name="Dossiers qui changeraient"), page.url
    row = table.get_by_role("row").filter(has_text=body.siren)
    for told in (body.name, f"ER {YEAR}", "2024.1", "Saisie", "CP.380.n", "CP.570.n", "la case est fermée"):
        await expect(row).to_contain_text(told)
    await expect(row).not_to_contain_text(re.compile(r"12\s?345|678(?!\d)"))
    await expect(table.get_by_text("non calculé")).to_have_count(0)
    listed = [await one.inner_text() for one in await table.locator("tbody th small").all()]
    assert listed == sorted(listed)
    await page.goto(f"{own}&after={listed[0].strip('()')}")
    assert [await one.inner_text() for one in await table.locator("tbody th small").all()] == listed[1:]
    await officer.look("e05b-filings-that-would-change")
    await officer.follow("Premiers dossiers")
    assert [await one.inner_text() for one in await table.locator("tbody th small").all()] == listed


async def is_told_what_a_campaign_lacks(officer: Desk) -> None:
    page = officer.page
    await officer.go("/staff/campaigns")
    await officer.look("g01-campaigns")
    for language, button in (("en", "Open the campaign"), ("fr", "Ouvrir la campagne")):
        await officer.go(f"/staff/campaigns?lang={language}")
        await fills_a_campaign(officer, closes_on=f"{NEXT}-01-01")
        await officer.press(button)
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.locator("#new-closes")).to_have_value(f"{NEXT}-01-01")
        await expect(page.locator("#new-SEM")).to_be_checked()
        await expect(page.locator("#new-OPH")).not_to_be_checked()
        await officer.glance("g02-campaign-refused", language)


async def fills_a_campaign(officer: Desk, closes_on: str) -> None:
    page = officer.page
    await page.locator("#new-year").fill(str(NEXT))
    await page.locator("#new-form-set").select_option("2025.1")
    await page.locator("#new-opens").fill(f"{NEXT + 1}-04-01")
    await page.locator("#new-due").fill(f"{NEXT + 1}-07-15")
    await page.locator("#new-closes").fill(closes_on)
    for family in ("OPH", "ESH", "COOP"):
        await page.locator(f"#new-{family}").uncheck()


async def opens_a_campaign(officer: Desk) -> None:
    await officer.go("/staff/campaigns")
    await fills_a_campaign(officer, closes_on=f"{NEXT + 10}-12-31")
    await officer.press("Ouvrir la campagne")
    await expect(officer.page.get_by_role("heading", level=2, name=f"ER {NEXT}")).to_be_visible()
    await officer.glance("g03-campaign-opened")


async def publishes(officer: Desk, year: int, form_set: str) -> None:
    await officer.go(f"/staff/campaign?document=ER&year={year}&form_set={form_set}")
    await officer.page.get_by_label("Publier malgré tout un référentiel").check()
    await officer.press(f"Faire passer ces dossiers au référentiel {form_set}")


async def waits_behind_another_publication(officer: Desk, running: RunningStack) -> None:
    page = officer.page
    async with nobody_writes(running.server, "forms", "changed_filings"):
        await publishes(officer, YEAR, "2025.1")
        await officer.sees("dossier traité sur")
        await expect(page.locator("main")).not_to_contain_text("dans la file")
        first = page.url
        await publishes(officer, NEXT, "2024.1")
        await officer.sees("Place 2 dans la file.")
        behind = page.url
        await page.goto(f"{behind}?lang=en")
        await officer.sees("Place 2 in the queue.")
        await page.goto(f"{behind}?lang=fr")
        await officer.look("g04-publication-in-the-queue")
    await waits_until_it_is_over(officer)
    for publication in (behind, first):
        await page.goto(publication)
        await waits_until_it_is_over(officer)
        await officer.press("Annuler cette publication")
        await waits_until_it_is_over(officer)


async def waits_until_it_is_over(officer: Desk) -> None:
    """Look again, without a script, until every filing is done."""
    await waits_for_the_run(officer)
    await expect(officer.page.locator("dl.facts")).to_contain_text(re.compile(r"Dossiers restants\s*0"))


async def chooses_for_what_was_set_aside(accountant: Desk, at: str) -> None:
    page = accountant.page
    await accountant.go(at)
    await accountant.follow(re.compile("Choisir pour 2 valeurs"))
    await accountant.look("e08-set-aside")
    for language in ("en", "fr"):
        await accountant.go(f"{at}/set-aside?lang={language}")
        await page.locator('[id="keep-CP.380.n"]').fill("CP.670.n")
        await page.locator("form:has([id='keep-CP.380.n']) button").first.click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await accountant.glance("e09-choice-refused", language)
    await page.locator('[id="keep-CP.380.n"]').fill("CP.320.n")
    await page.locator("form:has([id='keep-CP.380.n']) button").first.click()
    await accountant.sees("Choix enregistré.")
    await accountant.press(re.compile("^Abandonner la valeur"))
    await accountant.sees("Choix enregistré.")
    await accountant.glance("e10-chosen")


async def takes_the_publication_back(officer: Desk) -> None:
    await officer.press("Annuler cette publication")
    await expect(officer.page.get_by_role("heading", level=1)).to_contain_text("Retour de 2025.1 à 2024.1")
    await waits_until_it_is_over(officer)
    await officer.look("e11-taken-back")
    await officer.go("/staff/campaign")
    await expect(officer.page.get_by_role("link", name="Retour de 2025.1 à 2024.1")).to_be_visible()
    await officer.glance("e11b-last-publications")


async def gives_one_body_more_time(officer: Desk) -> None:
    page, body = officer.page, officer.page.locator("form[action$='/extend']")
    for language in ("en", "fr"):
        await officer.go(f"/staff/campaign?lang={language}")
        await page.locator("#extended-year").fill(str(YEAR))
        await page.locator("#body").fill("000355552")
        await page.locator("#due_on").fill("2020-01-01")
        await page.locator("#extend-reason").fill(LATER)
        await body.locator("button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.locator("#extend-reason")).to_have_value(LATER)
        await officer.glance("e12-extension-refused", language)
    await page.locator("#due_on").fill(f"{YEAR + 1}-09-30")
    await body.locator("button").click()
    await officer.sees(f"Nouvelle échéance : 30 septembre {YEAR + 1}.")
    await officer.glance("e13-extended")


async def moves_the_dates_of_a_campaign(officer: Desk) -> None:
    page, name = officer.page, f"ER-{YEAR}"
    await officer.go("/staff/campaign")
    await officer.follow("Dates des campagnes")
    await officer.look("e14-campaign-dates")
    due = await page.locator(f"#due-{name}").input_value()
    for language in ("en", "fr"):
        await officer.go(f"/staff/campaigns?lang={language}")
        await page.locator(f"#due-{name}").fill(f"{YEAR - 1}-01-01")
        await page.locator(f"form:has(#due-{name}) button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(page.locator(f"#due-{name}")).to_have_value(f"{YEAR - 1}-01-01")
        await officer.glance("e15-dates-refused", language)
    await page.locator(f"#due-{name}").fill(due)
    await page.locator(f"#corrected-{name}").fill(f"{YEAR + 20}-12-31")
    await officer.press(f"Enregistrer les dates ER {YEAR}")
    await officer.sees(f"Dates de la campagne ER {YEAR} enregistrées.")
    await expect(page.locator(f"#corrected-{name}")).to_have_value(f"{YEAR + 20}-12-31")


async def softens(officer: Desk, control: str, decision: str) -> None:
    page = officer.page
    form = page.locator("form[method=post]", has=page.locator("#control"))
    await page.locator("#year").fill(str(YEAR))
    await page.locator("#control").fill(control)
    await page.locator("#weight").select_option("remark")
    await page.locator("#reason").fill(REASON)
    await form.locator(f"button[value={decision}]").click()


async def is_told_what_cannot_be_softened(officer: Desk) -> None:
    await officer.go("/staff/controls")
    await officer.look("f01-controls")
    for language in ("en", "fr"):
        await officer.go(f"/staff/controls?lang={language}")
        await softens(officer, "ZZ-99", "try")
        await expect(officer.page.get_by_role("alert")).to_be_visible()
        await expect(officer.page.locator("#reason")).to_have_value(REASON)
        await officer.glance("f02-control-refused", language)


async def waits_for_the_run(officer: Desk) -> None:
    """Ask again as the page offers, until the run is over."""
    over = officer.page.get_by_role("heading", level=1, name=re.compile("terminé$"))
    again = officer.page.locator("main").get_by_role("link", name="Actualiser")
    async with asyncio.timeout(60):
        while True:
            await expect(over.or_(again).first).to_be_visible()
            if await over.count():
                return
            # A click comes back before the page does: whether the run is over is not to be read off the page before.
            async with officer.page.expect_navigation():
                await again.first.click()


async def tries_a_softer_control_behind_a_check(officer: Desk, running: RunningStack) -> None:
    page = officer.page
    # A worker says that it is there before it takes a run up.
    async with nobody_writes(running.server, "validation", "workers"):
        await page.locator("#checked-year").fill(str(YEAR))
        await officer.press("Contrôler")
        await officer.sees(re.compile(r"Place 1 dans la file\.\s+Fin estimée dans [1-9]\d* seconde"))
        await officer.go("/staff/controls")
        await softens(officer, FAULT, "try")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Essai")
        await officer.sees(re.compile(r"Place 2 dans la file\.\s+Fin estimée dans [1-9]\d* seconde"))
        await officer.look("f03-run-in-the-queue")
        await officer.follow("Actualiser")
        await officer.sees("Place 2 dans la file.")
    await waits_for_the_run(officer)
    await officer.sees("Ce qui changerait")
    await officer.look("f04-run-done")
    await officer.go("/staff/controls")
    await page.get_by_role("table", name="Derniers travaux").get_by_role("row").nth(2).get_by_role("link").click()
    await officer.sees("Ce qui a été trouvé")
    await officer.look("f04b-check-done")


async def decides_it(officer: Desk) -> None:
    await officer.go("/staff/controls")
    await softens(officer, FAULT, "decide")
    await waits_for_the_run(officer)
    await officer.glance("f05-rejudged")
    await officer.go(f"/staff/controls?document=ER&year={YEAR}")
    await officer.sees(REASON)
    await officer.look("f06-decisions")
