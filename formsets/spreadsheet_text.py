"""Texts that a spreadsheet would take for a formula: written so that it shows them, and read back as they were.

A flat file is opened in a spreadsheet far more often than in anything else, and there `=`, `+`, `-` and `@` begin a
formula (CWE-1236). One leading apostrophe makes the cell a text everywhere; reading takes exactly that apostrophe off.
"""

import unicodedata

_MARK = "'"
_STARTS = frozenset("=+-@")
_CONTROLS = frozenset("\t\r\n")


def neutralised(text: str) -> str:
    """The text as written in a file: one apostrophe before what a spreadsheet would execute, else unchanged.

    `=1+1` gives `'=1+1`, and `'=1+1` gives `''=1+1`, so that `restored` always finds the text again.
    """
    return _MARK + text if is_dangerous(text) else text


def restored(text: str) -> str:
    """The text that `neutralised` wrote; any other text unchanged."""
    return text[1:] if text.startswith(_MARK) and is_dangerous(text) else text


def is_dangerous(text: str) -> bool:
    """Whether a spreadsheet could take the text for a formula, apostrophes at its start left aside.

    Blanks and invisible characters before the sign are looked through, and signs of other widths (full-width, small)
    count as the plain ones: some programs normalise before they look.
    """
    for character in text.lstrip(_MARK):
        if character in _CONTROLS:
            return True
        if character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}:
            continue
        return unicodedata.normalize("NFKC", character)[:1] in _STARTS
    return False
