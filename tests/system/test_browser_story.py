"""The story in a browser: two people, two servers, one figure from a file to a partner, and what an attacker tries."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import httpx2
import pytest
from playwright.async_api import Browser, expect

from demo.federation import SAMPLE_OPH, YEAR
from synthetic import synthesise, to_flat_csv
from tests.support.browser import (
    CHROMIUM,
    NO_CHROMIUM,
    OFFICIAL,
    Desk,
    RunningFederation,
    chromium,
    desk,
    two_servers,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=NO_CHROMIUM),
]
RECEIPT = re.compile(r"[A-Z0-9-]+")
FEED_SECONDS = 60.0
SYNC_SECONDS = 60.0
"""A second for the receipt, and one for the browser to show it."""
LARGE = 25 * 1024 * 1024
WRONG = "1.234,56"
CEILING, CEILED = "Q-06", "QD.020.n"
"""A control of the questionnaire, and the one of its cells that is typed at the federation."""
ONE_CELL = "Indemnité exceptionnelle reçue en décembre, voir la délibération."
ONE_ANSWER = "Admis, la délibération est jointe."


@dataclass
class Scene:
    """What all tests of the story share: the servers, the browser, and the receipt that the first leaves."""

    running: RunningFederation
    browser: Browser
    receipts: dict[str, str] = field(default_factory=dict)

    async def seat(self, stack: AsyncExitStack, server: str, username: str, *, scripts: bool = True) -> Desk:
        """Seat a person until the stack closes."""
        return await stack.enter_async_context(desk(self.running, self.browser, server, username, scripts=scripts))


@pytest.fixture(scope="module")
async def scene() -> AsyncIterator[Scene]:
    with TemporaryDirectory(prefix="hb-", ignore_cleanup_errors=True) as folder:
        async with two_servers(Path(folder)) as running, chromium() as browser:
            yield Scene(running, browser)


async def test_a_figure_travels_from_a_file_to_a_partner_without_any_script(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "MIN", "comptable.oph", scripts=False)
        await opens_the_er(accountant)
        await is_told_about_a_wrong_cell(accountant)
        await imports_the_sample(accountant)
        await edits_and_is_told(accountant)
        await justifies_and_passes_on(accountant)
        director = await scene.seat(stack, "MIN", "directeur.oph", scripts=False)
        number = await signs(director, "min")
        scene.receipts["MIN"] = number
        officer = await scene.seat(stack, "MIN", "agent.min", scripts=False)
        await is_read_by_staff(officer, number)
        await is_reviewed_and_closed(officer, director)
    await is_delivered_to_whom_it_should(scene, number)


async def test_the_federation_knows_the_shared_figures_and_computes_the_ratios(scene: Scene) -> None:
    assert scene.receipts, "the test before this one tells the first half of the story"
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "FED-OPH", "comptable.oph")
        await finds_the_shared_facts(accountant)
        await imports_the_rest(accountant)
        at = await justifies_one_cell(accountant)
        director = await scene.seat(stack, "FED-OPH", "directeur.oph")
        await signs(director, "fed")
        await answers_one_cell(await scene.seat(stack, "FED-OPH", "agent.oph", scripts=False))
        await reads_the_answer(accountant, at)
        await compares_the_ratios(director)


async def test_the_server_holds_against_double_clicks_forgery_and_lost_sessions(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "MIN", "comptable.esh")
        elsewhere = await scene.seat(stack, "MIN", "comptable.esh")
        await has_a_guarded_cookie(accountant)
        await fills_with_synthetic_figures(accountant)
        await saves_without_leaving_the_page(accountant)
        await is_told_that_the_cell_was_changed_meanwhile(accountant, elsewhere)
        await cannot_be_forged(accountant)
        await is_told_that_a_file_is_too_large(accountant)
        await passes_to_signature(accountant)
        await keeps_its_way_when_the_session_ends(elsewhere)
        await signs_once_whatever_the_clicks(await scene.seat(stack, "MIN", "directeur.esh"))


async def test_every_page_speaks_english_too(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        accountant = await scene.seat(stack, "MIN", "comptable.coop")
        page = accountant.page
        await accountant.press(re.compile(r"^Ouvrir"))
        await accountant.sees("Dossier ouvert.")
        base = page.url
        for number, path in enumerate(("", "/forms", "/forms/PL", "/import", "/remarks", "/release", "/history")):
            await page.goto(f"{base}{path}?lang=en")
            await expect(page.locator("html")).to_have_attribute("lang", "en")
            await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            await accountant.shoot(f"6{number}-en{path.replace('/', '-')}")
        for name in ("help/controls", "verify", ""):
            await page.goto(f"{accountant.home}/{name}?lang=en")
            await accountant.shoot(f"67-en-{name.replace('/', '-')}")
        await page.goto(f"{accountant.home}/filings/nowhere?lang=en")
        await accountant.shoot("68-en-not-found")


async def test_a_signed_filing_is_reopened_without_any_script_and_its_recipients_are_told(scene: Scene) -> None:
    assert scene.receipts, "the first test signs it"
    async with AsyncExitStack() as stack:
        director = await scene.seat(stack, "MIN", "directeur.oph", scripts=False)
        officer = await scene.seat(stack, "MIN", "agent.min", scripts=False)
        await gets_the_closed_filing_back(director, officer)
        await reopens(director)
        await sees_who_was_told(director)
        container = await is_suspended_in_the_feed(scene)
        await verifies(director, container)
        await officer.go("/staff")
        await officer.sees(re.compile("Suspendue depuis le"))
        await officer.shoot("78-staff-suspended")
        await officer.page.locator("main table").get_by_role("link").first.click()
        await officer.sees(re.compile("Version 1 suspendue depuis le"))
        await officer.shoot("79-staff-form-suspended")


async def gets_the_closed_filing_back(director: Desk, officer: Desk) -> None:
    """The body asks, the authority refuses with a reason, then accepts: back from step 5 to step 4."""
    await director.page.locator("main h2").get_by_role("link").first.click()
    await director.sees("Étape 5/6")
    await officer.go("/staff")
    await officer.page.locator("main table").get_by_role("link", name="Office public de l'habitat Exemple").click()
    for decision, reason in (("Refuser le retour", "Dites quelle case est fausse."), ("Accepter le retour", "")):
        await director.page.get_by_label("Raison de la demande").fill("Une case est fausse : PL.120.n")
        await director.press("Demander le retour à l’étape 4")
        await director.sees("La décision de l’autorité est attendue.")
        await officer.page.reload()
        await officer.sees("Une case est fausse")
        await officer.page.get_by_label("Motif").fill(reason)
        await officer.press(decision)
        await officer.sees("Retour accepté." if decision.startswith("Accepter") else "Retour refusé.")
        await officer.shoot(f"68-staff-return-{decision[:2].lower()}")
        await director.page.reload()
        await director.sees(reason or "Étape 4/6")


async def reopens(director: Desk) -> None:
    page = director.page
    await page.get_by_label("Raison de la réouverture").fill("Total à revoir")
    await director.shoot("70-overview-to-reopen")
    await director.press("Rouvrir le dossier")
    await director.sees(re.compile("Dossier rouvert"))
    await director.sees(re.compile("Version 1 suspendue depuis le"))
    await director.shoot("71-overview-reopened")


async def sees_who_was_told(director: Desk) -> None:
    page, told = director.page, director.page.get_by_text("avis pas encore pris en compte")
    async with asyncio.timeout(FEED_SECONDS):
        while not await told.count():
            await page.goto(f"{filing_of(director)}/history")
            await asyncio.sleep(0.2)
    await director.shoot("72-history-suspended")
    await page.get_by_role("link", name="Destinataires", exact=True).click()
    await director.sees(re.compile("Version 1.+Suspendue depuis le"))
    await director.shoot("73-release-suspended")
    await page.get_by_role("link", name="Récépissé", exact=True).click()
    await director.shoot("74-receipt-suspended")


async def is_suspended_in_the_feed(scene: Scene) -> bytes:
    release, notice = await feed(scene, "CDC")
    assert (release["standing"], notice["kind"], notice["concerns"]) == (
        "suspended",
        "suspension",
        release["delivery_id"],
    )
    # The first test has read it: what was read may be read again.
    given = await as_partner(scene, "CDC", f"/feeds/deliveries/{release['delivery_id']}")
    assert given.headers["harmonia-standing"] == "suspended"
    [unread, _] = await feed(scene, "PREFET-21")
    path = f"/feeds/deliveries/{unread['delivery_id']}"
    refused = await as_partner(scene, "PREFET-21", path)
    assert (refused.status_code, refused.json()["reason"]) == (422, "DISPATCH_SUSPENDED")
    assert (await as_partner(scene, "PREFET-21", f"{path}?accepts_suspended=true")).status_code == 200
    return given.content


async def verifies(director: Desk, container: bytes) -> None:
    page = director.page
    await director.go("/verify")
    sealed = {"name": "er.asice", "mimeType": "application/octet-stream", "buffer": container}
    await page.get_by_label("Conteneur signé (.asice)").set_input_files(sealed)
    await director.press("Vérifier")
    await director.sees(re.compile("Signature valable"))
    await director.sees("Pièces jointes couvertes par la signature")
    await director.shoot("75-verified")
    strange = {"name": "autre.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    await page.get_by_label("Conteneur signé (.asice)").set_input_files(sealed)
    await page.get_by_label(re.compile("^Une pièce jointe à comparer")).set_input_files(strange)
    await director.press("Vérifier")
    await director.sees(re.compile("aucune pièce jointe nommée autre.pdf"))
    await director.shoot("76-verified-stranger")


async def has_a_guarded_cookie(accountant: Desk) -> None:
    cookies = await accountant.context.cookies(accountant.home)
    [session] = [cookie for cookie in cookies if cookie["name"] == "__Host-harmonia-min"]
    assert session["httpOnly"]
    assert session["secure"]
    assert session["sameSite"] == "Lax"
    assert (session["path"], session["domain"]) == ("/", "127.0.0.1")
    assert await accountant.page.evaluate("document.cookie") == ""


async def fills_with_synthetic_figures(accountant: Desk) -> None:
    await accountant.press(re.compile(r"^Ouvrir"))
    await accountant.sees("Dossier ouvert.")
    await accountant.page.get_by_role("link", name="Import", exact=True).click()
    await upload(accountant, "esh.csv", to_flat_csv(synthesise("ESH", 7, YEAR)).encode())
    await accountant.press(re.compile("^Confirmer l’import"))
    await accountant.sees("sans anomalie")


def filing_of(seated: Desk) -> str:
    found = re.match(r".+/filings/[^/?#]+", seated.page.url)
    assert found, seated.page.url
    return found[0]


async def is_told_that_the_cell_was_changed_meanwhile(first: Desk, second: Desk) -> None:
    address = f"{filing_of(first)}/forms/PL"
    await first.page.goto(address)
    await second.page.goto(address)
    was = int(re.sub(r"\D", "", await first.cell("PL.100.n").input_value()))
    await first.cell("PL.100.n").fill(str(was + 1))
    await first.press("Enregistrer")
    await first.sees("1 case enregistrée")
    await second.cell("PL.100.n").fill(str(was + 2))
    await second.press("Enregistrer")
    await expect(second.page.get_by_role("alert")).to_contain_text("PL.100.n")
    await expect(second.cell("PL.100.n")).to_have_value(str(was + 2))
    told = await second.page.locator('[id="cell-PL.100.n-error"]').inner_text()
    assert str(was + 1) in re.sub(r"\s", "", told), f"the other's value is shown beside one's own: {told}"
    await second.shoot("50-conflict")


async def saves_without_leaving_the_page(accountant: Desk) -> None:
    await accountant.page.goto(f"{filing_of(accountant)}/forms/PL")
    await accountant.page.evaluate("window.stayed = true")
    await accountant.cell("PL.110.n").fill("12")
    await accountant.press("Enregistrer")
    await accountant.sees("1 case enregistrée")
    await accountant.cell("PL.110.n").fill("13,5")
    await accountant.press("Enregistrer")
    await expect(accountant.page.get_by_role("alert")).to_contain_text("PL.110.n")
    await expect(accountant.cell("PL.110.n")).to_have_value("13,5")
    assert await accountant.page.evaluate("window.stayed") is True, "the page was loaded anew"


async def cannot_be_forged(accountant: Desk) -> None:
    page, request = accountant.page, accountant.context.request
    await page.goto(f"{filing_of(accountant)}/forms/PL")
    token = await page.locator("main input[name=csrf]").first.input_value()
    fields = {"cell:PL.110.n": "1", "was:PL.110.n": "1:96"}
    ours = {"Origin": accountant.home}
    for stolen, headers in (("", ours), ("x" * len(token), ours), (token, {"Origin": "https://evil.example"})):
        answer = await request.post(page.url, form={**fields, "csrf": stolen}, headers=headers)
        assert answer.status == 403, await answer.text()
        assert "<h1>" in await answer.text()


async def is_told_that_a_file_is_too_large(accountant: Desk) -> None:
    page = accountant.page
    await page.goto(f"{filing_of(accountant)}/import")
    with NamedTemporaryFile(suffix=".csv") as large:
        large.truncate(LARGE)
        await page.get_by_label("Fichier à importer").set_input_files(large.name)
        await accountant.press("Lire le fichier")
        await expect(page.get_by_role("alert")).to_contain_text("20 Mo")
    await accountant.shoot("51-too-large")


async def passes_to_signature(accountant: Desk) -> None:
    await accountant.page.goto(filing_of(accountant))
    await accountant.press(re.compile(r"^Passer à l’étape 3"))
    await accountant.sees("Étape 3/6")


async def keeps_its_way_when_the_session_ends(accountant: Desk) -> None:
    page = accountant.page
    address = f"{filing_of(accountant)}/remarks"
    await page.goto(address)
    await accountant.context.clear_cookies()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await accountant.shoot("52-session-ended")
    await page.locator("main").get_by_role("link", name="Se connecter").click()
    await accountant.identify()
    await expect(page).to_have_url(address)


async def signs_once_whatever_the_clicks(director: Desk) -> None:
    page = director.page
    await page.locator("main h2").get_by_role("link").first.click()
    await page.get_by_role("link", name="Signature", exact=True).click()
    await page.get_by_label(re.compile("J’ai relu")).check()
    names = ("csrf", "request_id", "intent_id", "digest")
    form = page.locator("form").filter(has=page.locator("[name=intent_id]"))
    fields: dict[str, str | float | bool] = {name: await form.locator(f"[name={name}]").input_value() for name in names}
    fields["accepts_recipients"] = "yes"
    post = director.context.request.post
    answers = await asyncio.gather(
        *(post(page.url, form=fields, headers={"Origin": director.home}) for _ in range(4)),
        *(
            post(page.url, form={**fields, "request_id": str(uuid.uuid4())}, headers={"Origin": director.home})
            for _ in range(2)
        ),
    )
    texts = [await answer.text() for answer in answers]
    numbers = {found[1] for text in texts if (found := re.search(r'id="receipt-number">([^<]+)<', text))}
    assert len(numbers) == 1, [answer.status for answer in answers]
    assert all(answer.status in (200, 409) for answer in answers), [answer.status for answer in answers]
    await director.press("Signer et transmettre")
    await expect(page.locator("#receipt-number")).to_have_text(numbers.pop())
    await page.goto(f"{filing_of(director)}/history")
    await expect(page.get_by_text(re.compile("signée et transmise"))).to_have_count(1)


async def opens_the_er(accountant: Desk) -> None:
    page = accountant.page
    await accountant.sees("Mes dossiers")
    await accountant.shoot("02-home-empty")
    await accountant.press(re.compile(r"^Ouvrir"))
    await accountant.sees("Dossier ouvert.")
    await accountant.shoot("03-overview-new")
    await page.get_by_role("link", name="Import", exact=True).click()
    await accountant.shoot("04-import")


async def upload(accountant: Desk, name: str, content: bytes) -> None:
    await accountant.page.get_by_label("Fichier à importer").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )
    await accountant.press("Lire le fichier")


async def is_told_about_a_wrong_cell(accountant: Desk) -> None:
    sample = SAMPLE_OPH.read_text(encoding="utf-8")
    line = sample.splitlines().index("PL.120;n;8905;saisie") + 1
    await upload(accountant, "faux.csv", sample.replace("PL.120;n;8905;", f"PL.120;n;{WRONG};").encode())
    problems = accountant.page.locator("#problems")
    await expect(problems).to_contain_text(f"{line}")
    await expect(problems).to_contain_text(WRONG)
    await expect(problems).to_contain_text("F-03")
    row = problems.locator("tbody tr").first
    for part in await row.locator("td").all_inner_texts():
        assert part.strip(), "each of line, code, text, what, where and how says something"
    await accountant.sees(re.compile(r"669\s+case"))
    await accountant.shoot("05-preview-wrong-cell")
    await accountant.follow(re.compile("choisir un autre fichier"))


async def imports_the_sample(accountant: Desk) -> None:
    await upload(accountant, "sample_oph.csv", SAMPLE_OPH.read_bytes())
    await accountant.sees("168 lignes du QDIS non stockées ici.")
    await accountant.shoot("06-preview")
    await accountant.press(re.compile(r"^Confirmer l’import de 670 case"))
    await accountant.sees("670 cases importées")
    await accountant.shoot("07-remarks-after-import")
    await accountant.page.get_by_role("link", name="Formulaires", exact=True).click()
    await accountant.shoot("08-forms")
    await accountant.page.locator("main table").get_by_role("link").nth(1).click()
    await expect(accountant.cell("BA.020.brut")).to_have_value("900\u202f000")
    await expect(accountant.cell("BA.020.net")).to_contain_text("622\u202f000")
    await expect(accountant.page.locator('[id="cell-BA.020.brut-origin"]')).to_contain_text("sample_oph.csv")
    await accountant.shoot("09-form-BA")
    await accountant.picture("form", top="nav.tabs")


async def edits_and_is_told(accountant: Desk) -> None:
    page = accountant.page
    base = page.url.rsplit("/forms/", 1)[0]
    await page.goto(f"{base}/forms/PL")
    await accountant.cell("PL.120.n").fill(WRONG)
    await accountant.cell("PL.190.n").fill("403")
    await accountant.press("Enregistrer")
    await expect(accountant.cell("PL.120.n")).to_have_value(WRONG)
    await expect(accountant.cell("PL.190.n")).to_have_value("403")
    await expect(accountant.cell("PL.120.n")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator('[id="cell-PL.120.n-error"]')).to_contain_text("F-03")
    await expect(page.get_by_role("alert").get_by_role("link", name=re.compile("PL.120.n"))).to_be_visible()
    await accountant.shoot("10-form-refused")
    await page.get_by_role("alert").get_by_role("link").first.click()
    await expect(accountant.cell("PL.120.n")).to_be_in_viewport()
    await accountant.shoot("10-form-refused-cell", full=False)
    await page.goto(f"{base}/forms/PL")
    await expect(accountant.cell("PL.190.n")).to_have_value("402")
    await accountant.cell("PL.120.n").fill("99 999")
    await accountant.cell("PL.140.n").fill("88888")
    await accountant.press("Enregistrer")
    await accountant.sees("A-08")
    await accountant.sees("A-09")
    await accountant.shoot("11-form-remarks")
    await accountant.cell("PL.140.n").fill("712")
    await accountant.press("Enregistrer")
    await expect(page.locator("#remarks")).not_to_contain_text("A-09")
    await expect(page.locator("#remarks")).to_contain_text("A-08")
    await page.go_back()
    await page.reload()
    await expect(accountant.cell("PL.140.n")).to_have_value("712")
    await page.locator('[id="cell-PL.120.n-origin"]').get_by_role("link").click()
    await accountant.sees("99\u202f999")
    await accountant.shoot("12-cell-history")


async def justifies_and_passes_on(accountant: Desk) -> None:
    page = accountant.page
    await page.get_by_role("link", name="Contrôles", exact=True).click()
    await expect(page.locator("#remark-A-08")).to_be_visible()
    await page.get_by_text("Justifier A-08").click()
    await page.locator("#reason-A-08").select_option("special_rule")
    await page.locator("#text-A-08").fill("Logements conventionnés repris de l’enquête annuelle.")
    await accountant.shoot("13-remarks-justifying")
    await accountant.picture("remarks", top="nav.tabs")
    await accountant.press("Enregistrer la justification")
    await accountant.sees("Logements conventionnés repris de l’enquête annuelle.")
    await accountant.shoot("14-remarks-justified")
    await page.get_by_role("link", name="Synthèse", exact=True).click()
    await accountant.shoot("15-overview")
    await accountant.press(re.compile(r"^Passer à l’étape 3"))
    await accountant.sees("Signature")
    await accountant.shoot("16-overview-to-sign")


async def signs(director: Desk, name: str) -> str:
    page = director.page

    async def picture(page_name: str, top: str = "body") -> None:
        if name == "min":
            await director.picture(page_name, top=top)

    await director.shoot(f"20-{name}-home-director")
    await picture("home")
    await page.locator("main h2").get_by_role("link").first.click()
    await page.get_by_role("link", name="Destinataires", exact=True).click()
    await director.shoot(f"21-{name}-release")
    await picture("release", top="nav.tabs")
    await page.get_by_role("link", name="Signature", exact=True).click()
    await proves_identity_again(director, name)
    await director.shoot(f"22-{name}-sign")
    await picture("sign")
    digest = await page.locator("#digest").inner_text()
    assert re.fullmatch(r"[0-9a-f\s]{64,80}", digest)
    await page.get_by_label(re.compile("J’ai relu")).check()
    await director.press("Signer et transmettre")
    await expect(page.locator("#receipt-number")).to_be_visible()
    await director.sees(digest)
    await director.sees("heure de Paris")
    await director.sees("Étape 4/6")
    number = await page.locator("#receipt-number").inner_text()
    assert RECEIPT.fullmatch(number)
    await director.shoot(f"24-{name}-receipt")
    await picture("receipt")
    await page.get_by_role("link", name="Historique", exact=True).click()
    await director.shoot(f"25-{name}-history")
    await director.go("/")
    await director.shoot(f"26-{name}-home-signed")
    return number


async def proves_identity_again(director: Desk, name: str) -> None:
    """Take the way that the page offers when the last proof is too old; it is there for a fresh one too."""
    page = director.page
    await page.goto(f"{director.home}/auth/login?again=1&next={page.url.removeprefix(director.home)}")
    await expect(page.get_by_role("heading", name="Confirmez votre identité")).to_be_visible()
    await director.shoot(f"22-{name}-again")
    await director.identify()
    await expect(page.locator("#digest")).to_be_visible()


async def is_read_by_staff(officer: Desk, number: str) -> None:
    await officer.go("/staff")
    await officer.sees(number)
    await officer.shoot("30-staff")
    await officer.page.locator("main table").get_by_role("link").first.click()
    await officer.sees(number)
    await officer.page.locator("main nav").get_by_role("link", name="PL", exact=True).click()
    await officer.sees("99\u202f999")
    await officer.shoot("31-staff-form")


async def is_reviewed_and_closed(officer: Desk, director: Desk) -> None:
    """Ask, answer, find reliable, close: the last steps, on both sides."""
    page = officer.page
    await page.get_by_role("link", name="Fiabilisation", exact=True).click()
    await page.get_by_label("Nouvel état").select_option(label="Question posée")
    await page.locator("#text").fill("D’où vient la hausse des logements conventionnés ?")
    await page.locator("#review-cells").fill("PL.120.n")
    await officer.press("Enregistrer l’état")
    await officer.sees("Question posée")
    await officer.shoot("32-staff-review")
    await director.go("/")
    await director.page.locator("main h2").get_by_role("link").first.click()
    await director.sees("Répondre à la question de l’autorité : D’où vient la hausse")
    await director.sees("Revoir PL.120.n")
    await director.page.locator("#answer").fill("Deux acquisitions auprès d’un bailleur voisin.")
    await director.shoot("33-body-question")
    await director.press("Envoyer la réponse")
    await director.sees("Réponse envoyée à l’autorité.")
    await page.reload()
    await officer.sees("Deux acquisitions")
    await page.get_by_label("Nouvel état").select_option(label="Fiabilisé")
    await officer.press("Enregistrer l’état")
    await officer.press("Clore le dossier (étape 5)")
    await officer.sees("Dossier clôturé.")
    await page.get_by_role("link", name="Comparer", exact=True).click()
    await page.get_by_label("Cases, séparées par des espaces").fill("PL.120.n")
    await officer.press("Montrer la série")
    await officer.sees("99\u202f999")
    await officer.shoot("34-staff-compare")
    await director.page.reload()
    await director.sees("Étape 5/6")
    await director.sees("Demander le retour à l’étape 4")
    await director.shoot("35-body-closed")


async def is_delivered_to_whom_it_should(scene: Scene, number: str) -> None:
    async with asyncio.timeout(FEED_SECONDS):
        while not (entries := await feed(scene, "CDC")):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.2)
    [entry] = entries
    assert entry["receipt_number"] == number
    assert [e["receipt_number"] for e in await feed(scene, "PREFET-21")] == [number]
    assert await feed(scene, "PREFET-69") == []
    assert await feed(scene, "CGLLS") == []
    path = f"/feeds/deliveries/{entry['delivery_id']}"
    assert (await as_partner(scene, "CDC", path)).content.startswith(b"PK")
    assert (await as_partner(scene, "CGLLS", path)).status_code == 404


async def feed(scene: Scene, partner: str) -> list[dict[str, str]]:
    return list((await as_partner(scene, partner, "/feeds/er")).json()["entries"])


async def as_partner(scene: Scene, partner: str, path: str) -> httpx2.Response:
    account = scene.running.accounts.partner("MIN", partner)
    async with httpx2.AsyncClient(auth=(account.client_id, account.secret)) as http:
        return await http.get(scene.running.url("MIN") + path)


async def finds_the_shared_facts(accountant: Desk) -> None:
    page = accountant.page
    await accountant.press(re.compile(r"^Ouvrir"))
    await accountant.sees("Dossier ouvert.")
    base = page.url
    await page.goto(f"{base}/forms")
    await accountant.shoot("40-fed-forms")
    marked = page.get_by_text(re.compile(r"⇄ MIN, .+, \d\d/\d\d/20\d\d \d\d:\d\d"))
    async with asyncio.timeout(SYNC_SECONDS):
        while not await marked.count():
            await page.goto(f"{base}/forms/QE")
            await asyncio.sleep(0.5)
    await accountant.shoot("41-fed-form-shared")
    await accountant.picture("shared", top="nav.tabs")


async def imports_the_rest(accountant: Desk) -> None:
    page = accountant.page
    await page.get_by_role("link", name="Import", exact=True).click()
    await upload(accountant, "sample_oph.csv", SAMPLE_OPH.read_bytes())
    await accountant.sees(re.compile("du ER|de l’ER"))
    await accountant.shoot("42-fed-preview")
    await accountant.press(re.compile("^Confirmer l’import"))
    await accountant.sees("Verdict")
    await accountant.shoot("43-fed-remarks")


async def justifies_one_cell(accountant: Desk) -> str:
    """Exceed a ceiling of the questionnaire in one cell, say why, pass it to signature; return the path of the filing."""
    page = accountant.page
    accountant.own_words += [ONE_CELL, ONE_ANSWER, *OFFICIAL]
    at = filing_of(accountant).removeprefix(accountant.home)
    await accountant.go(f"{at}/forms/QD")
    await accountant.cell(CEILED).fill("99 999 999")
    await accountant.press("Enregistrer")
    await accountant.sees("1 case enregistrée")
    for language in ("en", "fr"):
        await accountant.go(f"{at}/remarks?lang={language}")
        await page.locator(f"summary:has-text('{CEILING}')").click()
        await page.locator(f"#text-{CEILING}").evaluate("(e) => e.form.noValidate = true")
        await page.locator(f"#text-{CEILING}").fill("Trop court")
        await page.locator(f"#reason-{CEILING}").select_option("exceptional_event")
        await page.locator(f"#cell-{CEILING}").select_option(CEILED)
        await page.locator("details[open] form button").click()
        await expect(page.locator(f"#text-{CEILING}-error")).to_be_visible()
        await expect(page.locator(f"#cell-{CEILING}")).to_have_value(CEILED)
        accountant.own_words += ["Trop court"]
        await accountant.glance("43b-one-cell-refused", language)
    await page.locator(f"#text-{CEILING}").fill(ONE_CELL)
    await accountant.press("Enregistrer la justification")
    await accountant.sees(f"Justification de {CEILING} enregistrée.")
    await expect(page.locator("article").filter(has_text=CEILING).first).to_contain_text(ONE_CELL)
    await accountant.glance("43c-one-cell-justified")
    await page.get_by_role("link", name="Synthèse", exact=True).click()
    await accountant.press(re.compile(r"^Passer à l’étape 3"))
    await accountant.sees("Étape 3/6")
    return at


async def answers_one_cell(officer: Desk) -> None:
    """Read, at the federation, what the body says of its one cell; refuse without a word, which is refused; accept."""
    page = officer.page
    officer.own_words += [ONE_CELL, ONE_ANSWER, "Vague", *OFFICIAL]
    await officer.go("/staff")
    await page.locator("main table").get_by_role("link").first.click()
    await page.get_by_role("link", name="Justifications", exact=True).click()
    at = page.url
    section = page.locator("section").filter(has=page.get_by_role("heading", name=f"{CEILING} {CEILED}"))
    await expect(section).to_contain_text(ONE_CELL)
    await officer.look("43d-fed-justifications")
    for language, refuse in (("en", "Refuse"), ("fr", "Refuser")):
        await page.goto(f"{at}?lang={language}")
        await section.locator("textarea").fill("Vague")
        await section.get_by_role("button", name=f"{refuse} {CEILING} {CEILED}").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await expect(section.locator("textarea")).to_have_value("Vague")
        await officer.glance("43e-answer-refused", language)
    await section.locator("textarea").fill(ONE_ANSWER)
    await section.get_by_role("button", name=f"Accepter {CEILING} {CEILED}").click()
    await expect(section).to_contain_text(re.compile(rf"Acceptée\s: {ONE_ANSWER}"))
    await officer.look("43f-fed-answered")


async def reads_the_answer(accountant: Desk, at: str) -> None:
    await accountant.go(f"{at}/remarks")
    article = accountant.page.locator("article").filter(has_text=CEILING).first
    await expect(article).to_contain_text("Réponse de l’autorité")
    await expect(article).to_contain_text(ONE_ANSWER)
    await accountant.look("43g-answer-read")


async def compares_the_ratios(director: Desk) -> None:
    page = director.page
    await page.locator("main h2").get_by_role("link").first.click()
    await page.goto(f"{page.url}/forms/QR")
    await director.sees("Famille OPH")
    await expect(director.cell("QR.010.n")).to_contain_text("7,8")
    await director.shoot("44-fed-ratios")
    await director.picture("ratios", top="nav.tabs")
