"""Gives a person's file back with what, where and how beside each refused line, and their own columns (F18)."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from formsets.spreadsheet_text import neutralised, restored
from services.forms.domain.importing import (
    NOTHING_SAID,
    Change,
    Effect,
    ImportChoice,
    ImportPreview,
    OwnTable,
    Problem,
    Sentences,
)

Language = Literal["fr", "en"]
OURS: Mapping[Language, tuple[str, ...]] = {
    "fr": ("état", "quoi", "où", "comment"),
    "en": ("state", "what", "where", "how"),
}
"""Titles of the added columns."""

_Said = tuple[str, str, str, str]
"""What stands under them."""
_NOTHING: _Said = ("", "", "", "")
_PLACES = {"fr": ("code", "colonne", "valeur"), "en": ("code", "column", "value")}
_LINE = {"fr": "ligne", "en": "line"}
_EXTRACT = {"fr": "extrait : ", "en": "extract: "}
_STATES = {
    Effect.FILL: {"fr": "à remplir", "en": "to fill"},
    Effect.REPLACE: {"fr": "à remplacer", "en": "to replace"},
    Effect.SAME: {"fr": "identique", "en": "same"},
    Effect.PROTECTED: {"fr": "saisie gardée", "en": "typed value kept"},
    Effect.COMPARED: {"fr": "calculée, comparée", "en": "computed, compared"},
    Effect.ELSEWHERE: {"fr": "autre document", "en": "other document"},
    Effect.SEALED: {"fr": "ER signé", "en": "signed ER"},
}
_REFUSED = {"fr": "refusée", "en": "refused"}
_LEFT_OUT = {"fr": "laissée", "en": "left out"}
_CHOSEN_OUT = {"fr": "laissée de côté", "en": "left out by choice"}
_NO_CELL = {"fr": "sans case", "en": "no cell"}


def error_file(preview: ImportPreview, language: Language = "fr") -> bytes:
    """Return the CSV: UTF-8 with its mark, semicolons, the lines of the file in its order.

    It can be corrected and uploaded again as it is: the columns added here are read as the person's own, and a file
    that comes back twice carries them once, whatever the languages. A balance or a FEC keeps its own columns and rows;
    of one too long to be kept, the refused rows come alone, under titles that no reader takes for a balance.
    """
    if preview.table is None:
        rows = _flat(preview, language)
    elif preview.table.rows:
        rows = _whole(preview, preview.table, language)
    else:
        rows = _extract(preview, language)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _flat(preview: ImportPreview, language: Language) -> Iterator[Sequence[str]]:
    added = _added(preview.own_columns, language)
    own = [name for name in preview.own_columns if name not in added]
    yield [*_PLACES[language], *map(_echo, own), *OURS[language]]
    for _, place, value, extra, ours in sorted(_lines(preview, language), key=lambda line: line[0]):
        echoed = (_echo(extra.get(name, "")) for name in own)
        yield [*map(neutralised, place), value, *echoed, *map(neutralised, ours)]


def _lines(
    preview: ImportPreview, language: Language
) -> Iterator[tuple[int, tuple[str, str], str, Mapping[str, str], _Said]]:
    for change in preview.changes:
        code, _, column = change.address.rpartition(".")
        yield (
            change.line,
            (code, column),
            _value(change.text),
            change.extra,
            _change_said(change, preview.choice, language),
        )
    for problem in preview.problems:
        ours = _problem_said(problem, language)
        yield problem.line, _place(problem), _value(problem.text), problem.extra, ours


def _whole(preview: ImportPreview, table: OwnTable, language: Language) -> Iterator[Sequence[str]]:
    """Every row of a balance or a FEC under its own number, so that it reads as it did."""
    titles = tuple(title.strip() for title in table.rows[table.titles_at].texts)
    runs = (range(at, at + len(ours)) for at in range(len(titles)) for ours in OURS.values() if titles[at:][:4] == ours)
    added = {at for run in runs for at in run}
    kept = [at for at in range(max(len(row.texts) for row in table.rows)) if at not in added]
    said = _row_says(preview, language)
    for number, row in enumerate(table.rows, start=1):
        texts = [row.texts[at] if at < len(row.texts) else "" for at in kept]
        if number <= table.titles_at + 1:
            # A title over several lines would not be found again among the first ones.
            texts = [" ".join(text.splitlines()) for text in texts]
            ours = OURS[language] if number == table.titles_at + 1 else _NOTHING
        else:
            ours = said(number, row.account) if any(map(str.strip, texts)) else _NOTHING
        yield [*map(_figure_or_echo, texts), *map(neutralised, ours)]
    for problem in preview.problems:
        if not problem.line:
            yield [*("" for _ in kept), *map(neutralised, _problem_said(problem, language))]


def _row_says(preview: ImportPreview, language: Language) -> Callable[[int, str], _Said]:
    """What says of a row, by its number and its account, what becomes of it."""
    refused = {one.line: _problem_said(one, language) for one in _of_rows(preview.problems)}
    addresses = {feed.account: feed.address for feed in preview.feeds}
    cells = {change.address: _change_said(change, preview.choice, language) for change in preview.changes}
    cells |= {one.code: _problem_said(one, language) for one in preview.problems}

    def said(number: int, account: str) -> _Said:
        if not account or account not in addresses:
            return refused.get(number, (_LEFT_OUT[language], "", "", ""))
        address = addresses[account]
        return cells.get(address, _NOTHING) if address else _without_cell(account, language)

    return said


def _of_rows(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Those that refuse a row itself, not the cell that its account feeds: they come with what stands on the row."""
    return (one for one in problems if one.line and one.extra)


def _without_cell(account: str, language: Language) -> _Said:
    if language == "en":
        told = Sentences("No cell takes this account.", f"Account {account}.", "Add it to your mapping of accounts.")
    else:
        told = Sentences(
            "Aucune case ne prend ce compte.", f"Compte {account}.", "Ajoutez-le à votre correspondance des comptes."
        )
    return _said(_NO_CELL[language], told)


def _extract(preview: ImportPreview, language: Language) -> Iterator[Sequence[str]]:
    added = _added(preview.own_columns, language)
    own = [name for name in preview.own_columns if name not in added]
    yield [_LINE[language], *(_EXTRACT[language] + name for name in own), *OURS[language]]
    for problem in preview.problems:
        echoed = (_figure_or_echo(problem.extra.get(name, "")) for name in own)
        yield [str(problem.line or ""), *echoed, *map(neutralised, _problem_said(problem, language))]


def _added(titles: Sequence[str], language: Language) -> set[str]:
    """Titles of columns that an earlier error file added: never given back twice."""
    others = (ours for ours in OURS.values() if set(ours) <= set(titles))
    return {*OURS[language], *(name for ours in others for name in ours)}


def _change_said(change: Change, choice: ImportChoice | None, language: Language) -> _Said:
    found = change.disagreement
    told = (found.en if language == "en" else found.fr) if found else NOTHING_SAID
    return _said(_state(change, choice, language), told)


def _state(change: Change, choice: ImportChoice | None, language: Language) -> str:
    if choice is not None and change.is_written and not choice.writes(change):
        return _CHOSEN_OUT[language]
    if choice is not None and change.effect is Effect.PROTECTED and choice.writes(change):
        return _STATES[Effect.REPLACE][language]
    return _STATES[change.effect][language]


def _problem_said(problem: Problem, language: Language) -> _Said:
    return _said(_REFUSED[language], problem.en if language == "en" else problem.fr)


def _said(state: str, told: Sentences) -> _Said:
    return state, told.what, told.where, told.how


def _place(problem: Problem) -> tuple[str, str]:
    code, _, column = problem.code.rpartition(".")
    if code.count(".") == 1:
        return code, column
    return problem.code, problem.column


def _echo(text: str) -> str:
    """The person's own text as it was written; one that is already marked as a text gets no second apostrophe."""
    return text if restored(text) != text else neutralised(text)


def _value(text: str) -> str:
    """Negative numbers as they are; whatever else a spreadsheet would execute is made a text."""
    return text if _is_number(text) else neutralised(text)


def _figure_or_echo(text: str) -> str:
    """A text of a balance or a FEC, in which any column may hold amounts."""
    return text if _is_number(text) else _echo(text)


def _is_number(text: str) -> bool:
    bare = "".join(text.split())
    return bare.removeprefix("-").replace(",", "", 1).replace(".", "", 1).isdigit()
