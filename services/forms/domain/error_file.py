"""Gives a person's file back with what, where and how beside each refused line, and their own columns (F18)."""

import csv
import io
from collections.abc import Iterator, Mapping

from formsets.spreadsheet_text import neutralised, restored
from services.forms.domain.importing import NOTHING_SAID, Effect, ImportPreview, Problem

OURS = ("état", "quoi", "où", "comment")
_STATES = {
    Effect.FILL: "à remplir",
    Effect.REPLACE: "à remplacer",
    Effect.SAME: "identique",
    Effect.PROTECTED: "saisie gardée",
    Effect.COMPARED: "calculée, comparée",
    Effect.ELSEWHERE: "autre document",
    Effect.SEALED: "ER signé",
}
_REFUSED = "refusée"
_PLACES = ("code", "colonne", "valeur")


def error_file(preview: ImportPreview) -> bytes:
    """Return the CSV: UTF-8 with its mark, semicolons, the lines of the file in its order.

    It can be corrected and uploaded again as it is: the columns added here are read as the person's own, and a file
    that comes back twice carries them once.
    """
    own = [name for name in preview.own_columns if name not in OURS]
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=";", lineterminator="\r\n")
    lines.writerow([*_PLACES, *map(_echo, own), *OURS])
    for _, place, value, extra, ours in sorted(_lines(preview), key=lambda line: line[0]):
        echoed = (_echo(extra.get(name, "")) for name in own)
        lines.writerow([*map(neutralised, place), value, *echoed, *(neutralised(part) for part in ours)])
    return text.getvalue().encode("utf-8-sig")


def _lines(
    preview: ImportPreview,
) -> Iterator[tuple[int, tuple[str, str], str, Mapping[str, str], tuple[str, str, str, str]]]:
    for change in preview.changes:
        code, _, column = change.address.rpartition(".")
        told = change.disagreement.fr if change.disagreement else NOTHING_SAID
        ours = (_STATES[change.effect], told.what, told.where, told.how)
        yield change.line, (code, column), _value(change.text), change.extra, ours
    for problem in preview.problems:
        parts = (_REFUSED, problem.fr.what, problem.fr.where, problem.fr.how)
        yield problem.line, _place(problem), _value(problem.text), problem.extra, parts


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
    bare = "".join(text.split())
    is_number = bare.removeprefix("-").replace(",", "", 1).replace(".", "", 1).isdigit()
    return text if is_number else neutralised(text)
