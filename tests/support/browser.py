"""Debian's Chromium against real servers: starts the ministry and a federation, signs people in, takes screenshots."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, Response, async_playwright, expect
from rich.console import Console

import formsets
from demo.accounts import Accounts, Person, load_or_make
from demo.federation import Federation, SampleBody, federation, sample_bodies
from demo.provisioning import make_trust, provision
from demo.supervising import Node
from tests.support.accessibility import violations
from tests.support.ports import free_port
from tests.support.stacks import RunningStack

CHROMIUM = Path("/usr/bin/chromium")
NO_CHROMIUM = "Debian's Chromium is not installed: apt-get install chromium."
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=fr-FR",
)
ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"
DOCS_IMAGES = ROOT / "docs" / "images"
WIDE, NARROW, TALLEST = 1280, 400, 2_500
LOOKING = os.environ.get("HARMONIA_LOOK") == "1"
"""Whether to leave a picture of every page that is looked at: for people who mend pages."""
PATIENCE_MS = 60_000
STEP_SECONDS = 0.05
OFFICIAL = sorted(
    {text for form in formsets.load("2024.1").forms for text in (form.title, *(line.label for line in form.lines))},
    key=len,
    reverse=True,
)
"""Labels that exist in French only, longest first: they stand in English sentences too."""
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class RunningFederation:
    """Two servers that answer."""

    servers: Federation
    accounts: Accounts
    bodies: tuple[SampleBody, ...]
    nodes: Mapping[str, Node] = field(default_factory=dict)

    def url(self, server: str) -> str:
        """Return the address of a server's pages."""
        return self.servers[server].url


@asynccontextmanager
async def two_servers(root: Path) -> AsyncIterator[RunningFederation]:
    """Run the ministry and the federation of the OPH, each a process with everything embedded, as `make demo` does."""
    servers = Federation(root, federation(root, free_port()).servers[:2])
    make_trust(servers)
    bodies = sample_bodies()
    accounts = load_or_make(servers.accounts_file, bodies)
    nodes = {server.name: Node(servers, server, Console(quiet=True)) for server in servers}
    try:
        for node in nodes.values():
            await node.start()
            await provision(servers, node.server, bodies, accounts)
        yield RunningFederation(servers, accounts, bodies, nodes)
    finally:
        for node in nodes.values():
            await node.stop()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run the browser; nothing is downloaded."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


class Desk:
    """One person at one browser: a context of their own, whose pages are looked at as they go by."""

    def __init__(
        self, running: RunningFederation | RunningStack, person: Person, context: BrowserContext, page: Page
    ) -> None:
        self.person, self.context, self.page = person, context, page
        self.home = running.url(person.server)
        self.faults: list[str] = []
        """What the pages seen so far do wrong; said all at once when the person leaves."""
        self.own_words = [
            person.name,
            *(body.name for body in running.bodies),
            *(p.name for p in running.accounts.people),
            *(formsets.load(version).digest for version in formsets.available()),
        ]
        """What people wrote, in their own language, and digests, which are no words: no page translates them."""
        self._here = asyncio.Event()
        """Set while the page that was asked for last is the page there is."""
        page.on("response", self._heed)
        page.on("request", self._leave)
        page.on("load", lambda _: self._here.set())
        page.on("download", lambda _: self._here.set())

    def _heed(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} from {response.url}")

    def _leave(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self._here.clear()

    async def go(self, path: str) -> None:
        """Open a page of the server."""
        await self.page.goto(self.home + path)

    async def log_in(self) -> None:
        """Sign in through the provider's own page, starting from the server's home."""
        await self.go("/")
        await self.page.get_by_role("link", name="Se connecter").first.click()
        await self.identify()

    async def identify(self) -> None:
        """Fill in the provider's page."""
        await self.page.locator("input[name=username]").fill(self.person.username)
        await self.page.locator("input[name=password]").fill(self.person.password)
        await self.page.locator("button[type=submit], button:not([type])").last.click()
        await expect(self.page.get_by_role("button", name=re.compile("Se déconnecter|Sign out"))).to_be_visible()

    async def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name).first.click()

    async def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow a link of the page's own part."""
        await self.page.locator("main").get_by_role("link", name=name).first.click()

    async def sees(self, text: str | re.Pattern[str]) -> None:
        """Hold the page to showing a text."""
        await expect(self.page.locator("body")).to_contain_text(text, timeout=PATIENCE_MS)

    async def downloads(self, link: Locator) -> tuple[str, bytes]:
        """Follow a link to a file; return the name and the content it would be saved with."""
        async with self.page.expect_download() as download:
            await link.click()
        file = await download.value
        return file.suggested_filename, await asyncio.to_thread(Path(await file.path()).read_bytes)

    def cell(self, address: str) -> Locator:
        """Return the input or the computed cell of an address."""
        return self.page.locator(f'[id="cell-{address}"]')

    async def arrived(self) -> None:
        """Wait for the page that a click asked for: a click comes back before, and there is nothing to look at yet."""
        await asyncio.sleep(STEP_SECONDS)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            await self._here.wait()

    async def shoot(self, name: str, *, full: bool = True) -> None:
        """Leave a picture of the page, wide and narrow, and hold it to the rules of every page.

        Args:
            name: beginning of the file names.
            full: the whole page; otherwise what the window shows now, and nothing is held to anything.
        """
        SCREENSHOTS.mkdir(exist_ok=True)
        await self.arrived()
        if not full:
            await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
            return
        for width in (WIDE, NARROW):
            await self.page.set_viewport_size({"width": width, "height": 900})
            height = min(TALLEST, await self.page.evaluate("document.documentElement.scrollHeight"))
            await self.page.screenshot(
                path=SCREENSHOTS / f"{name}-{width}.png",
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": height},
            )
            self.faults += [f"{name} at {width} px: {fault}" for fault in await page_faults(self.page)]
        await self.page.set_viewport_size({"width": WIDE, "height": 900})
        await self._is_accessible(name)

    async def _is_accessible(self, name: str) -> None:
        self.faults += [f"{name}: {fault}" for fault in await violations(self.page)]

    async def glance(self, name: str, language: str = "fr") -> None:
        """Hold a page that cannot be asked for again, or was looked at before, to its language and to everybody's use.

        Pictures it if wanted.
        """
        if LOOKING:
            await self.shoot(name)
        await self.read(name, language)
        if not LOOKING:
            await self._is_accessible(name)

    async def measure(self, name: str) -> None:
        """Hold the page to the rules of every page, wide and narrow."""
        await self.arrived()
        for width in (WIDE, NARROW):
            await self.page.set_viewport_size({"width": width, "height": 900})
            self.faults += [f"{name} at {width} px: {fault}" for fault in await page_faults(self.page)]
        await self.page.set_viewport_size({"width": WIDE, "height": 900})
        await self._is_accessible(name)

    async def look(self, name: str) -> None:
        """Take a picture of the page and hold it to the rules of every page, in French then in English.

        Only for pages that may be asked for again: the English one is got from the same address.
        """
        if LOOKING:
            await self.shoot(name)
        else:
            await self.measure(name)
        await self.read(name)
        address = re.sub(r"[?&]lang=\w\w|#.*$", "", self.page.url)
        joint = "&" if "?" in address else "?"
        await self.page.goto(f"{address}{joint}lang=en")
        if LOOKING:
            await self.page.screenshot(path=SCREENSHOTS / f"{name}-en.png", full_page=True)
        await self.read(f"{name}, in English", "en")
        self.faults += [f"{name}, in English: {fault}" for fault in await page_faults(self.page)]
        await self.page.goto(f"{address}{joint}lang=fr")

    async def read(self, name: str, language: str = "fr") -> None:
        """Hold the page to one language, and to letting people who use a keyboard see where they are."""
        await self.arrived()
        await expect(self.page.locator("html")).to_have_attribute("lang", language)
        for fault in await self.page.evaluate(_FOREIGN, self.own_words):
            self.faults.append(f"{name}: not in its language: {fault}")
        for fault in await self.page.evaluate(_UNSEEN_FOCUS):
            self.faults.append(f"{name}: {fault}")

    async def picture(self, name: str, *, top: str = "body") -> None:
        """Write a picture of the README, when asked to.

        Args:
            name: file name.
            top: selector of what the picture begins with.
        """
        if os.environ.get("HARMONIA_DOCS_IMAGES") == "1":
            DOCS_IMAGES.mkdir(parents=True, exist_ok=True)
            await self.page.set_viewport_size({"width": 1120, "height": 680})
            await self.page.locator(top).first.evaluate("(e) => e.scrollIntoView(true)")
            await self.page.screenshot(path=DOCS_IMAGES / f"{name}.png")
            await self.page.set_viewport_size({"width": WIDE, "height": 900})


@asynccontextmanager
async def desk(
    running: RunningFederation | RunningStack, browser: Browser, server: str, username: str, *, scripts: bool = True
) -> AsyncIterator[Desk]:
    """Seat a person at a browser of their own, signed in."""
    context = await browser.new_context(
        java_script_enabled=scripts, locale="fr-FR", viewport={"width": WIDE, "height": 900}
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        seated = Desk(running, running.accounts.person(server, username), context, await context.new_page())
        await seated.log_in()
        yield seated
        assert not seated.faults, "\n".join(seated.faults)
    finally:
        await context.close()


_FAULTS = """() => {
  const faults = [];
  const shown = (e) => e.getClientRects().length > 0;
  const name = (e) => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.name ? "[" + e.name + "]" : "");
  const h1 = [...document.querySelectorAll("h1")].filter(shown);
  if (h1.length !== 1) faults.push(h1.length + " h1");
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.trim()) faults.push("no title");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea, meter")) {
    const named = e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby");
    if (!named) faults.push("no label: " + name(e));
  }
  for (const e of document.querySelectorAll("th")) if (!e.scope) faults.push("th without scope: " + e.textContent.trim());
  for (const e of document.querySelectorAll("table"))
    if (!e.querySelector("thead th")) faults.push("table without headers");
  for (const e of document.querySelectorAll("a, button"))
    if (!(e.textContent.trim() || e.getAttribute("aria-label"))) faults.push("unnamed " + name(e));
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) faults.push("id twice: " + e.id);
    ids.add(e.id);
  }
  for (const e of document.querySelectorAll("[aria-describedby]"))
    for (const id of e.getAttribute("aria-describedby").trim().split(/\\s+/))
      if (!document.getElementById(id)) faults.push("describes nothing: " + id);
  for (const e of document.querySelectorAll("main a[href^='#']"))
    if (!document.getElementById(decodeURIComponent(e.hash.slice(1)))) faults.push("leads nowhere: " + e.hash);
  let level = 0;
  for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
    const at = Number(e.tagName[1]);
    if (at > level + 1) faults.push("heading skips: " + e.textContent.trim());
    level = at;
  }
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + 1) {
    const wide = [...document.querySelectorAll("main *")].filter(
      (e) => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll"));
    faults.push("overflows: " + document.documentElement.scrollWidth + " > " + width + " "
      + wide.slice(0, 3).map((e) => name(e) + "." + e.className));
  }
  const channel = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const poor = new Set(), seen = new Map();
  const around = (e) => {
    if (!e) return { ground: [255, 255, 255], opacity: 1 };
    if (!seen.has(e)) {
      const style = getComputedStyle(e), outer = around(e.parentElement), colour = parts(style.backgroundColor);
      const isOpaque = colour.length && (colour.length < 4 || colour[3] > 0);
      seen.set(e, { ground: isOpaque ? colour : outer.ground, opacity: outer.opacity * Number(style.opacity) });
    }
    return seen.get(e);
  };
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !shown(e) || e.closest(".hidden, .skip")) continue;
    const style = getComputedStyle(e);
    const { ground, opacity } = around(e);
    const ink = parts(style.color).slice(0, 3).map((c, i) => c * opacity + ground[i] * (1 - opacity));
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.add(name(e) + "." + e.className + " " + ratio.toFixed(2));
  }
  for (const one of poor) faults.push("poor contrast: " + one);
  return faults.slice(0, 12);
}"""


_FOREIGN = """(ownWords) => {
  const language = document.documentElement.lang;
  const others = language === "fr"
    ? /(?<![\\p{L}’'])(the|of|and|is|are|with|for|not|this|from|to|by|was|be|cell|cells|year|filing|value)(?![\\p{L}’'])/iu
    : /[àâçèéêëîïôùûœ]|(?<![\\p{L}])(le|la|les|des|du|une|est|sont|avec|pour|dans|pas|cette|ces|qui|sur|par|aux)(?![\\p{L}])|(?<![\\p{L}])[ldnsj]['’](?=\\p{L})/iu;
  const found = new Set();
  const isOwn = (e) => e.closest("[lang]").lang === language && !e.closest("script, style, textarea, .code")
    && !(e.closest(".sheet td") && !e.closest(".error, .origin"));
  const hold = (text) => {
    if (!others.test(text)) return;
    for (const word of ownWords) text = text.replaceAll(word, " ");
    if (others.test(text)) found.add(text.trim().replace(/\\s+/g, " ").slice(0, 120));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (isOwn(node.parentElement)) hold(node.textContent);
  hold(document.title);
  for (const name of ["aria-label", "title", "placeholder", "alt"])
    for (const e of document.querySelectorAll("[" + name + "]"))
      if (isOwn(e)) hold(e.getAttribute(name));
  return [...found].slice(0, 12);
}"""

_UNSEEN_FOCUS = """() => {
  const faults = new Set();
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
  const kinds = new Map(all.filter((e) => e.checkVisibility() && !e.disabled).map((e) => [e.tagName + (e.type || "") + e.className, e]));
  for (const e of kinds.values()) {
    e.focus({ focusVisible: true, preventScroll: true });
    const style = getComputedStyle(e);
    if (document.activeElement !== e) faults.add("takes no focus: " + e.tagName);
    else if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.add("focus unseen: " + e.tagName);
  }
  document.activeElement.blur();
  return [...faults];
}"""


async def page_faults(page: Page) -> list[str]:
    """Return what is wrong with a page for people who cannot see it well, or whose screen is narrow."""
    return list(await page.evaluate(_FAULTS))
