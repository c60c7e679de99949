"""Gives a person's file back with what, where and how beside each refused line, and their own columns (F18)."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from formsets import FormSet
from formsets.instructions import control_instruction, line_instruction
from formsets.spreadsheet_text import neutralised, restored
from formsets.verdicts import verdict_told
from services.forms.domain.filing import Verdict
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
    "fr": ("état", "quoi", "où", "comment", "consigne"),
    "en": ("state", "what", "where", "how", "instruction"),
}
"""Titles of the added columns; the last one names the instructions that the message rests on."""
_KNOWN = (*OURS.values(), *(ours[:4] for ours in OURS.values()))
"""Those of the files of the release before too, which named no instruction."""

_VERDICT = {"fr": "verdict du dossier : ", "en": "verdict of the filing: "}
"""Begins the title before them, which alone says it: the rows keep their numbers, and nothing stands under it."""

_Said = tuple[str, str, str, str, str, str]
"""What stands under them."""
_NOTHING: _Said = ("", "", "", "", "", "")
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


@dataclass(frozen=True, slots=True)
class _Voice:
    """In which language it is said, of which form set, and how the filing is judged."""

    language: Language
    form_set: FormSet
    verdict: Verdict | None

    @property
    def titles(self) -> tuple[str, ...]:
        """Those of the added columns, under the verdict of the filing."""
        return _VERDICT[self.language] + verdict_told(self.verdict, self.language).word, *OURS[self.language]

    def instructions(self, control: str, address: str) -> str:
        """Where the instructions of a control and of the line it is about stand; empty without a control."""
        if not control:
            return ""
        lines = line_instruction(self.form_set, address)
        return " ".join(filter(None, (control_instruction(self.form_set, control), lines)))


def error_file(
    preview: ImportPreview, form_set: FormSet, language: Language = "fr", verdict: Verdict | None = None
) -> bytes:
    """Return the CSV: UTF-8 with its mark, semicolons, the lines of the file in its order.

    It can be corrected and uploaded again as it is: the columns added here are read as the person's own, and a file
    that comes back twice carries them once, whatever the languages. A balance or a FEC keeps its own columns and rows;
    of one too long to be kept, the refused rows come alone, under titles that no reader takes for a balance.

    Args:
        preview: of the import.
        form_set: of the filing.
        language: of what is said.
        verdict: of the filing when the file is given back, None before its first evaluation.
    """
    voice = _Voice(language, form_set, verdict)
    if preview.table is None:
        rows = _flat(preview, voice)
    elif preview.table.rows:
        rows = _whole(preview, preview.table, voice)
    else:
        rows = _extract(preview, voice)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _flat(preview: ImportPreview, voice: _Voice) -> Iterator[Sequence[str]]:
    added = _added(preview.own_columns, voice)
    own = [name for name in preview.own_columns if name not in added]
    yield [*_PLACES[voice.language], *map(_echo, own), *voice.titles]
    for _, place, value, extra, ours in sorted(_lines(preview, voice), key=lambda line: line[0]):
        echoed = (_echo(extra.get(name, "")) for name in own)
        yield [*map(neutralised, place), value, *echoed, *map(neutralised, ours)]


def _lines(
    preview: ImportPreview, voice: _Voice
) -> Iterator[tuple[int, tuple[str, str], str, Mapping[str, str], _Said]]:
    for change in preview.changes:
        code, _, column = change.address.rpartition(".")
        yield (
            change.line,
            (code, column),
            _value(change.text),
            change.extra,
            _change_said(change, preview.choice, voice),
        )
    for problem in preview.problems:
        ours = _problem_said(problem, voice)
        yield problem.line, _place(problem), _value(problem.text), problem.extra, ours


def _whole(preview: ImportPreview, table: OwnTable, voice: _Voice) -> Iterator[Sequence[str]]:
    """Every row of a balance or a FEC under its own number, so that it reads as it did."""
    titles = tuple(title.strip() for title in table.rows[table.titles_at].texts)
    added = {
        place
        for at in range(len(titles))
        for ours in _KNOWN
        if titles[at:][: len(ours)] == ours
        for place in range(at, at + len(ours))
    } | {at for at, title in enumerate(titles) if _is_verdict(title)}
    kept = [at for at in range(max(len(row.texts) for row in table.rows)) if at not in added]
    said = _row_says(preview, voice)
    for number, row in enumerate(table.rows, start=1):
        texts = [row.texts[at] if at < len(row.texts) else "" for at in kept]
        if number <= table.titles_at + 1:
            # A title over several lines would not be found again among the first ones.
            texts = [" ".join(text.splitlines()) for text in texts]
            ours = voice.titles if number == table.titles_at + 1 else _NOTHING
        else:
            ours = said(number, row.account) if any(map(str.strip, texts)) else _NOTHING
        yield [*map(_figure_or_echo, texts), *map(neutralised, ours)]
    for problem in preview.problems:
        if not problem.line:
            yield [*("" for _ in kept), *map(neutralised, _problem_said(problem, voice))]


def _row_says(preview: ImportPreview, voice: _Voice) -> Callable[[int, str], _Said]:
    """What says of a row, by its number and its account, what becomes of it."""
    refused = {one.line: _problem_said(one, voice) for one in _of_rows(preview.problems)}
    addresses = {feed.account: feed.address for feed in preview.feeds}
    cells = {change.address: _change_said(change, preview.choice, voice) for change in preview.changes}
    cells |= {one.code: _problem_said(one, voice) for one in preview.problems}

    def said(number: int, account: str) -> _Said:
        if not account or account not in addresses:
            return refused.get(number, _said(_LEFT_OUT[voice.language], NOTHING_SAID))
        address = addresses[account]
        return cells.get(address, _NOTHING) if address else _without_cell(account, voice)

    return said


def _of_rows(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Those that refuse a row itself, not the cell that its account feeds: they come with what stands on the row."""
    return (one for one in problems if one.line and one.extra)


def _without_cell(account: str, voice: _Voice) -> _Said:
    if voice.language == "en":
        told = Sentences("No cell takes this account.", f"Account {account}.", "Add it to your mapping of accounts.")
    else:
        told = Sentences(
            "Aucune case ne prend ce compte.", f"Compte {account}.", "Ajoutez-le à votre correspondance des comptes."
        )
    return _said(_NO_CELL[voice.language], told)


def _extract(preview: ImportPreview, voice: _Voice) -> Iterator[Sequence[str]]:
    added = _added(preview.own_columns, voice)
    own = [name for name in preview.own_columns if name not in added]
    yield [_LINE[voice.language], *(_EXTRACT[voice.language] + name for name in own), *voice.titles]
    for problem in preview.problems:
        echoed = (_figure_or_echo(problem.extra.get(name, "")) for name in own)
        yield [str(problem.line or ""), *echoed, *map(neutralised, _problem_said(problem, voice))]


def _added(titles: Sequence[str], voice: _Voice) -> set[str]:
    """Titles of columns that an earlier error file added: never given back twice."""
    others = (ours for ours in _KNOWN if set(ours) <= set(titles))
    return {*OURS[voice.language], *(name for ours in others for name in ours), *filter(_is_verdict, titles)}


def _is_verdict(title: str) -> bool:
    return title.startswith(tuple(map(str.rstrip, _VERDICT.values())))


def _change_said(change: Change, choice: ImportChoice | None, voice: _Voice) -> _Said:
    found = change.disagreement
    told = (found.en if voice.language == "en" else found.fr) if found else NOTHING_SAID
    return _said(
        _state(change, choice, voice), told, voice.instructions(found.control if found else "", change.address)
    )


def _state(change: Change, choice: ImportChoice | None, voice: _Voice) -> str:
    if choice is not None and change.is_written and not choice.writes(change):
        return _CHOSEN_OUT[voice.language]
    if choice is not None and change.effect is Effect.PROTECTED and choice.writes(change):
        return _STATES[Effect.REPLACE][voice.language]
    return _STATES[change.effect][voice.language]


def _problem_said(problem: Problem, voice: _Voice) -> _Said:
    told = problem.en if voice.language == "en" else problem.fr
    return _said(_REFUSED[voice.language], told, voice.instructions(problem.control, ".".join(_place(problem))))


def _said(state: str, told: Sentences, instructions: str = "") -> _Said:
    return "", state, told.what, told.where, told.how, instructions


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
