"""A balance or FEC: the accounting package, where each account goes, the body's own rules, the file with its errors."""

import re
from dataclasses import replace

import pytest

from chassis.errors import Invalid, Violation
from cli.mapping import BadRule, changed
from services.gateway.clients.answers import AccountFeed, AccountRule
from services.gateway.web.account_pages import rules_of
from tests.support.gateway import FILING_ID, ORIGIN, SIREN, World, a_browser, a_preview

AT = f"/filings/{FILING_ID}"
BEARER = {"authorization": "Bearer access-api"}


async def test_the_import_page_says_what_is_read_and_offers_the_packages_of_the_body():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/import")).text
    for said in ("FEC", "xBRL-CSV", "5 000 lignes", "500 000", "Ma compta", f'href="{AT}/accounts"'):
        assert said in text


async def test_a_balance_is_read_with_the_mapping_of_the_package():
    async with a_browser() as browser:
        await browser.sign_in()
        sent = await browser.http.post(
            f"{AT}/import",
            data={"csrf": browser.csrf, "package": "Ma compta"},
            files={"file": ("balance.csv", b"compte;libelle;debit;credit")},
            headers={"origin": ORIGIN},
        )
        await browser.http.post(f"/api/v1{AT}/imports?file_name=fec.txt&package=Autre", content=b"x", headers=BEARER)
    assert sent.headers["location"] == f"{AT}/import/imp-1"
    assert [call[-1] for call in browser.world.calls("preview")] == ["Ma compta", "Autre"]


async def test_the_preview_shows_where_each_account_goes_and_leads_to_a_rule_for_the_others():
    feeds = (
        AccountFeed("20510000", "Logiciels", 2, "1200", "BA.010.brut", "205", False),
        AccountFeed("47100000", "Attente", 3, "-5", "", "", False, ("BA.020.brut",)),
    )
    async with a_browser(World(preview=replace(a_preview(), feeds=feeds, package="Sage & Cie"))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/import/imp-1")).text
    assert "Comptes du fichier\u00a0: 2, dont 1 que rien ne prend" in text
    assert f'href="{AT}/accounts?package=Sage%20%26%20Cie&amp;from=import&amp;add=47100000"' in text
    assert f'href="{AT}/accounts?package=Sage%20%26%20Cie&amp;from=import"' in text


async def test_a_rule_begun_at_a_preview_is_saved_for_its_package_and_leads_back_to_the_import():
    async with a_browser() as browser:
        await browser.sign_in()
        page = (await browser.get(f"{AT}/accounts?package=Ma%20compta&from=import&add=471")).text
        rows = {"prefix:1": "471", "address:1": "BA.010.brut", "side:1": "debit"}
        sent = await browser.post(f"{AT}/accounts", {"package": "Ma compta", "from": "import", **rows})
        again = (await browser.get(sent.headers["location"])).text
        elsewhere = await browser.post(f"{AT}/accounts", {"from": "https://evil.example", **rows})
    assert 'name="package" value="Ma compta"' in page
    assert page.count('name="from" value="import"') == 2, "where the package is chosen, and where rules are saved"
    assert sent.headers["location"] == f"{AT}/import?package=Ma%20compta"
    assert '<option value="Ma compta" selected>' in again
    assert "Importez de nouveau le fichier" in again
    assert elsewhere.headers["location"] == f"{AT}/accounts?package="


async def test_long_lists_of_a_preview_go_on_page_by_page():
    feeds = tuple(AccountFeed(f"{n:08}", "Compte", n, "1", "", "", False) for n in range(1, 2002))
    (problem,) = a_preview().problems
    problems = tuple(replace(problem, line=line) for line in range(1, 1002))
    async with a_browser(World(preview=replace(a_preview(), feeds=feeds, problems=problems))) as browser:
        await browser.sign_in()
        first = (await browser.get(f"{AT}/import/imp-1")).text
        last = (await browser.get(f"{AT}/import/imp-1?accounts=3")).text
        beyond = (await browser.get(f"{AT}/import/imp-1?accounts=99&problems=%C2%B2")).text
    assert "Lignes 1 à 1\u202f000 sur 2\u202f001." in first
    assert "Lignes 1 à 1\u202f000 sur 1\u202f001." in first
    assert f'formaction="{AT}/import/imp-1/turned?accounts=2#accounts"' in first
    assert f'formaction="{AT}/import/imp-1/turned?problems=2#problems"' in first
    assert ("00001000</th>" in first, "00001001</th>" in first) == (True, False)
    assert ("00002001</th>" in last, "00001000</th>" in last) == (True, False)
    assert 'accounts=2#accounts" formnovalidate>Lignes précédentes' in last
    assert "accounts=4" not in last
    assert "Lignes 2\u202f001 à 2\u202f001 sur 2\u202f001." in beyond


TICKS = {"leave.BA.120.brut": "yes", "take.BA.150.brut": "yes", "overwrite_typed": "yes", "accept_partial": "yes"}


async def test_turning_a_page_of_a_preview_keeps_what_is_ticked_and_imports_nothing():
    (problem,) = a_preview().problems
    problems = tuple(replace(problem, line=line) for line in range(1, 1002))
    async with a_browser(World(preview=replace(a_preview(), problems=problems))) as browser:
        await browser.sign_in()
        turned = await browser.post(f"{AT}/import/imp-1/turned?problems=2", {**TICKS, "request_id": "r-1"})
    assert turned.status_code == 200
    assert "Lignes 1\u202f001 à 1\u202f001 sur 1\u202f001." in turned.text
    assert f'<form method="post" action="{AT}/import/imp-1" id="choice">' in turned.text
    assert all(re.search(f'name="{re.escape(name)}" value="yes"[^>]* checked', turned.text) for name in TICKS)
    assert 'name="request_id" value="r-1"' in turned.text
    assert browser.world.calls("confirm") == []


async def test_an_import_that_was_written_has_no_form_and_its_lists_are_links():
    (problem,) = a_preview().problems
    problems = tuple(replace(problem, line=line) for line in range(1, 1002))
    async with a_browser(World(preview=replace(a_preview(), problems=problems, is_confirmed=True))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/import/imp-1")).text
    assert 'href="?problems=2#problems">Lignes suivantes' in text
    assert "formaction" not in text


async def test_the_file_comes_back_with_its_errors():
    async with a_browser() as browser:
        await browser.sign_in()
        page = await browser.get(f"{AT}/import/imp-1")
        file = await browser.get(f"{AT}/import/imp-1/errors")
        same = await browser.get(f"/api/v1{AT}/imports/imp-1/errors", headers=BEARER)
        await browser.get(f"{AT}/import/imp-1/errors?lang=en")
        await browser.get(f"/api/v1{AT}/imports/imp-1/errors", headers=BEARER | {"accept-language": "en"})
    assert f'href="{AT}/import/imp-1/errors"' in page.text
    assert file.content == same.content == b"\xef\xbb\xbfcode;quoi"
    assert [language for *_, language in browser.world.calls("error_file")] == ["fr", "fr", "en", "en"]
    assert "sample_oph-erreurs.csv" in file.headers["content-disposition"]


async def test_the_mapping_page_shows_own_rules_as_inputs_and_begins_one_for_an_account():
    async with a_browser() as browser:
        await browser.sign_in()
        french = (await browser.get(f"{AT}/accounts?package=Ma%20compta&add=471")).text
        english = (await browser.get(f"{AT}/accounts?lang=en")).text
    assert 'name="prefix:1" value="20501"' in french
    assert 'name="prefix:2" value="471"' in french
    assert "Account mapping" in english
    assert (SIREN, "2024.1", "Ma compta") in browser.world.calls("accounts")


async def test_saving_keeps_the_rows_that_have_a_prefix():
    async with a_browser() as browser:
        await browser.sign_in()
        rows = {"prefix:1": " 2051 ", "address:1": "BA.010.brut", "side:1": "debit", "prefix:2": "", "side:2": "debit"}
        sent = await browser.post(f"{AT}/accounts", {"package": "Ma compta", **rows})
    assert sent.headers["location"] == f"{AT}/accounts?package=Ma%20compta"
    rule = AccountRule("2051", "BA.010.brut", "debit")
    assert browser.world.calls("save_accounts") == [(SIREN, "2024.1", "Ma compta", (rule,))]


async def test_a_refused_mapping_stays_in_view_with_the_reason():
    refusal = Invalid(violations=[Violation("rules[0]", "XX.1 n'est pas une case.", "ACCOUNT_RULE")])
    async with a_browser(World(failures={"save_accounts": refusal})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/accounts", {"package": "", "prefix:1": "99", "address:1": "XX.1"})
    assert page.status_code == 400
    assert 'value="XX.1"' in page.text
    assert '<a href="#prefix-1">Règle 1</a>\u00a0: ' in page.text
    assert page.text.count('aria-invalid="true"') == 2, "the prefix and the cell of that rule"
    assert "est pas une case." in page.text


def test_rows_are_read_in_their_order():
    fields = {"prefix:10": "1", "address:10": "A", "side:10": "credit", "prefix:2": "2", "csrf": "x", "prefix:a": "3"}
    assert rules_of(fields) == [AccountRule("2", "", ""), AccountRule("1", "A", "credit")]


async def test_programs_read_and_replace_the_rules():
    async with a_browser() as browser:
        read = await browser.get(f"/api/v1{AT}/accounts", headers=BEARER)
        rules = [{"prefix": "2051", "address": "BA.010.brut"}]
        saved = await browser.http.put(f"/api/v1{AT}/accounts?package=P", json={"rules": rules}, headers=BEARER)
        refused = await browser.http.put(
            f"/api/v1{AT}/accounts", json={"rules": [{**rules[0], "side": "both"}]}, headers=BEARER
        )
    assert [rule["is_own"] for rule in read.json()["rules"]] == [True, False]
    assert saved.json()["rules"][0]["side"] == "debit"
    assert refused.status_code == 400


def test_the_command_changes_own_rules_one_by_one():
    rules = [
        {"prefix": "1", "address": "A.v", "side": "debit", "is_own": True},
        {"prefix": "2", "address": "B.v", "side": "credit", "is_own": True},
        {"prefix": "3", "address": "C.v", "side": "debit", "is_own": False},
    ]
    assert changed(rules, ["1=Z.v:credit"], ["2"]) == [{"prefix": "1", "address": "Z.v", "side": "credit"}]
    with pytest.raises(BadRule):
        changed(rules, ["1"], [])
