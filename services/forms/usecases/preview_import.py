"""Reads a file and shows what importing it would do. No cell is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePath
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.accounts import AccountFeed, MappedPrefix, feed, rounded
from services.forms.domain.cell import Cell
from services.forms.domain.error_file import error_file
from services.forms.domain.filing import Filing
from services.forms.domain.importing import (
    Effect,
    ImportChoice,
    ImportPreview,
    Problem,
    ReadLine,
    compare_totals,
    confirm,
    plan_import,
)
from services.forms.usecases.evaluating import evaluate
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import (
    Controls,
    FileContent,
    FileLine,
    FlatFiles,
    FormSets,
    OpensWork,
    RawText,
    TextReading,
    UnitOfWork,
)
from services.forms.usecases.restating import without_restatements

MOST_ROUNDED = 20
"""Cells named in the sentence that says they were rounded; the others are counted."""


class PreviewImport:
    """Every guess is shown, every refused line says what, where and how; typed values are protected."""

    def __init__(
        self,
        open_work: OpensWork,
        files: FlatFiles,
        controls: Controls,
        form_sets: FormSets,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._open_work, self._files, self._controls = open_work, files, controls
        self._form_sets, self._clock, self._identifiers = form_sets, clock, identifiers

    async def __call__(
        self, caller: Caller, filing_id: UUID, file_name: str, content: bytes, package: str = ""
    ) -> ImportPreview:
        """Return the preview, kept so that it can be confirmed.

        Args:
            caller: who imports.
            filing_id: the filing.
            file_name: as the person knows it.
            content: the file.
            package: accounting package whose saved mapping a balance or FEC is read with; empty for the default one.

        Raises:
            FilingUnknown: no such filing for this caller.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
            ImportRefused: the file as a whole is refused.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, "filing.import", filing)
            filing.require_editable(self._clock.now())
            cells = await work.cells.of(filing_id)
            mapping = await work.mappings.find(filing.body.siren, filing.form_set, package)
        form_set = self._form_sets.load(filing.form_set)
        file = await self._files.read(form_set, filing, file_name, content)
        file, feeds = filled(form_set, file, mapping.fitting(form_set) if mapping else ())
        lines, problems = await self._read_lines(filing, file)
        preview = self._preview(caller, filing, form_set, cells, file_name, file, lines, problems)
        preview = replace(preview, feeds=feeds, package=package)
        async with self._open_work() as work:
            preview = await without_restatements(work, self._form_sets, form_set, filing, preview)
            preview = await self._compared(work, filing, form_set, cells, preview)
            await work.imports.add(preview)
            await work.commit()
        return preview

    async def _compared(
        self, work: UnitOfWork, filing: Filing, form_set: FormSet, cells: dict[str, Cell], preview: ImportPreview
    ) -> ImportPreview:
        """The preview with the totals of the file beside those that its own lines would give (F-22)."""
        if not any(change.effect is Effect.COMPARED for change in preview.changes):
            return preview
        imported = confirm(preview, cells, preview.author, preview.made_at, ImportChoice(), accept_partial=True)
        after = {**cells, **{cell.address: cell for cell in imported}}
        evaluation = await evaluate(work, self._controls, form_set, filing, after)
        compared = compare_totals(form_set, preview.changes, evaluation.computed)
        return replace(preview, changes=tuple(compared))

    def _preview(
        self,
        caller: Caller,
        filing: Filing,
        form_set: FormSet,
        cells: dict[str, Cell],
        file_name: str,
        file: FileContent,
        lines: list[ReadLine],
        problems: list[Problem],
    ) -> ImportPreview:
        return ImportPreview(
            id=self._identifiers.next(),
            filing_id=filing.id,
            file_name=file_name[:200],
            author=caller.name,
            made_at=self._clock.now(),
            revision=filing.revision,
            changes=tuple(plan_import(form_set, filing.document, cells, lines)),
            problems=tuple(sorted([*file.problems, *problems], key=lambda p: (p.line, p.column))),
            guesses=tuple(file.guesses),
            table=file.table,
        )

    async def _read_lines(self, filing: Filing, file: FileContent) -> tuple[list[ReadLine], list[Problem]]:
        texts = [RawText(line.address, line.text) for line in file.lines]
        readings = await self._controls.read(filing.form_set, filing.year, texts)
        lines, problems = [], []
        for line, reading in zip(file.lines, readings, strict=True):
            if not reading.control:
                lines.append(ReadLine(line.line, line.address, line.text, reading.value, line.extra))
            else:
                problems.append(_problem(line, reading))
        return lines, problems


def filled(
    form_set: FormSet, file: FileContent, own: Sequence[MappedPrefix]
) -> tuple[FileContent, tuple[AccountFeed, ...]]:
    """Return the file with the lines that its accounts make, and where each account went; a file of lines as it is."""
    if not file.accounts:
        return file, ()
    cells, feeds = feed(form_set, file.accounts, own)
    first: dict[str, int] = {}
    for one in feeds:
        first[one.address] = min(one.line, first.get(one.address, one.line))
    lines = [FileLine(first[address], address, format(amount, "f"), {}) for address, amount in cells.items()]
    unmapped = [one.account for one in feeds if not one.address]
    guesses = [*file.guesses, _counted(len(feeds) - len(unmapped), len(cells), unmapped)]
    if exact := rounded(cells, feeds):
        guesses.append(_rounded(cells, exact))
    return replace(file, lines=lines, guesses=guesses), tuple(feeds)


def _counted(mapped: int, cells: int, unmapped: list[str]) -> tuple[str, str]:
    listed = ", ".join(unmapped[:10]) + ("…" if len(unmapped) > 10 else "")
    left = ("aucun compte sans case.", "no account is left out.")
    if unmapped:
        left = (
            "{left} compte(s) sans case, à ajouter à votre correspondance : {listed}.",
            "{left} account(s) without a cell, to add to your mapping: {listed}.",
        )
    return in_both(
        "Comptes qui remplissent une case : {mapped} ; cases remplies : {cells} ; " + left[0],
        "Accounts that fill a cell: {mapped}; cells filled: {cells}; " + left[1],
        mapped=mapped,
        cells=cells,
        left=len(unmapped),
        listed=listed,
    )


def _rounded(cells: Mapping[str, Decimal], exact: Mapping[str, Decimal]) -> tuple[str, str]:
    listed = [f"{address} ({format(amount, 'f')} → {cells[address]})" for address, amount in exact.items()]
    others = len(listed) - MOST_ROUNDED
    more = (" et {others} autre(s)", " and {others} more") if others > 0 else ("", "")
    return in_both(
        "{n} case(s) arrondie(s) à l'euro : {shown}" + more[0] + ".",
        "{n} cell(s) rounded to the euro: {shown}" + more[1] + ".",
        n=len(listed),
        shown=", ".join(listed[:MOST_ROUNDED]),
        others=others,
    )


def _problem(line: FileLine, reading: TextReading) -> Problem:
    return Problem(line.line, "valeur", line.address, reading.control, line.text, reading.fr, reading.en, line.extra)


class GetImport:
    """Returns a preview made earlier."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID, import_id: UUID) -> ImportPreview:
        """Return the preview.

        Raises:
            FilingUnknown: no such filing for this caller.
            ImportUnknown: no such preview of it.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, "filing.import", filing)
            return await work.imports.get(filing_id, import_id)


@dataclass(frozen=True, slots=True)
class ErrorFile:
    """A person's file, given back with what is wrong beside each line."""

    content: bytes
    name: str
    """To save it under."""


class GetImportErrorFile:
    """Gives the person's file back as CSV, with what, where and how beside each refused line and their own columns."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID, import_id: UUID, language: str) -> ErrorFile:
        """Return the file, its titles and sentences in the language: `en`, or French for any other.

        Raises:
            FilingUnknown: no such filing for this caller.
            ImportUnknown: no such preview of it.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, "filing.import", filing)
            preview = await work.imports.get(filing_id, import_id)
        form_set = self._form_sets.load(filing.form_set)
        return ErrorFile(
            error_file(preview, form_set, "en" if language == "en" else "fr", filing.verdict),
            f"{PurePath(preview.file_name).stem or 'import'}-anomalies.csv",
        )
