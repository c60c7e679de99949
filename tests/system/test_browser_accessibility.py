"""What the browser tests hold pages to is able to fail: axe finds what is wrong, with scripts and without."""

import pytest

from tests.support.accessibility import violations
from tests.support.browser import CHROMIUM, NO_CHROMIUM, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=NO_CHROMIUM),
]
PAGE = """<!DOCTYPE html><html{lang}><head><title>Dossier</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"></head>
<body><main><h1>Dossier</h1>{body}</main></body></html>"""
SOUND = PAGE.format(lang=' lang="fr"', body="<label for='a'>Montant</label><input id='a'><p>Lisible.</p>")
UNSOUND = PAGE.format(
    lang="",
    body="<input id='a'><p style='color:#bbb'>Pâle.</p><img src='x'><table><tr><th></th></tr></table><button></button>",
)


@pytest.mark.parametrize("scripts", [True, False])
async def test_axe_finds_what_keeps_people_from_using_a_page(scripts: bool) -> None:
    async with chromium() as browser:
        page = await (await browser.new_context(java_script_enabled=scripts)).new_page()
        await page.set_content(SOUND)
        sound = await violations(page)
        await page.set_content(UNSOUND)
        found = [one.partition(" ")[0] for one in await violations(page)]

    assert sound == []
    assert {"html-has-lang", "label", "color-contrast", "image-alt", "button-name"} <= set(found)


async def test_a_page_goes_on_as_before_once_axe_is_done() -> None:
    async with chromium() as browser:
        page = await (await browser.new_context()).new_page()
        await page.set_content(SOUND)
        await violations(page)
        rang = await page.evaluate("new Promise((done) => setTimeout(() => done('later'), 20))")
        is_own = await page.evaluate("String(setTimeout).includes('native code')")

    assert (rang, is_own) == ("later", True)
