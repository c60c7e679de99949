"""Runs axe on a page: what keeps people who use a screen reader, a keyboard or a magnifier from using it (F33).

`axe-core-python` is used for the axe that it brings and nothing else: its own way of running it never ends on a page without
scripts.
"""

from functools import cache
from importlib.resources import files

from playwright.async_api import Page

_RUN = """async () => {
  // On a page without scripts no timer rings: what axe puts off is done at once.
  const kept = { setTimeout: window.setTimeout, requestAnimationFrame: window.requestAnimationFrame };
  const soon = (call, wait, ...given) => { Promise.resolve().then(() => call(...given)); return 0; };
  Object.assign(window, { setTimeout: soon, requestAnimationFrame: (call) => soon(call, 0, 0) });
  try {
    // Half a minute on a table of a thousand lines, whose colours are those of a small one.
    const is_large = document.querySelectorAll("*").length > 2000;
    const rules = { "color-contrast": { enabled: !is_large } };
    const found = await axe.run(document, { resultTypes: ["violations"], rules });
    return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) =>
      one.id + " (" + one.impact + "): " + one.help + ": "
      + one.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + node.html.slice(0, 160)).join(" | "));
  } finally {
    Object.assign(window, kept);
  }
}"""


async def violations(page: Page) -> list[str]:
    """Return the serious and the critical violations that axe finds, each with where it is."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_axe())
    return list(await page.evaluate(_RUN))


@cache
def _axe() -> str:
    return files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
