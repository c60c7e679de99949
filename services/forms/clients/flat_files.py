"""`SandboxedFlatFiles`: reads each uploaded file in a disposable process with bounded memory and time, without network.

A file that makes the reader crash, hang or eat memory costs one process and one sentence, never the service.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from chassis.errors import ThreeParts, Unavailable, violation
from formsets import FormSet
from formsets.flat_file import REMOVE_THE_REST, FileProblem, file_problem
from services.forms.clients.uploads import PDF
from services.forms.clients.uploads.pool import ReaderGone, ReaderProcesses, ReaderUnwalled
from services.forms.domain.accounts import AccountBalance
from services.forms.domain.attachment import PdfFlaw
from services.forms.domain.errors import ImportRefused
from services.forms.domain.filing import Filing
from services.forms.domain.importing import OwnRow, OwnTable, Problem, Sentences
from services.forms.usecases.ports import FileContent, FileLine

_TOO_MUCH = file_problem(
    "F-29",
    (
        "Le fichier n'a pas pu être lu dans le temps et la mémoire impartis.",
        "The file could not be read within the time and memory allowed.",
    ),
    (
        "Retirez ce qui n'est pas demandé, ou enregistrez-le en CSV.",
        "Remove what is not asked for, or save it as CSV.",
    ),
)


class SandboxedFlatFiles:
    """The flat form in CSV and XLSX (decisions.md 10), balances and FEC (11), and what our exports write."""

    def __init__(self, largest: int, seconds: float) -> None:
        self._largest, self._readers = largest, ReaderProcesses(seconds)
        self.pdfs = SandboxedPdfs(self._readers)
        """The PDFs port, on the same processes."""

    async def read(self, form_set: FormSet, filing: Filing, file_name: str, content: bytes) -> FileContent:
        """Return what the file holds.

        Raises:
            ImportRefused: too large, unreadable, or about another body or year.
            Unavailable: this machine cannot wall a reader in.
        """
        if len(content) > self._largest:
            megabytes = self._largest // 1_000_000
            too_large = (f"Le fichier dépasse {megabytes} Mo.", f"The file is over {megabytes} MB.")
            raise _refused(file_name, file_problem("F-29", too_large, REMOVE_THE_REST))
        question = {"siren": filing.body.siren, "year": filing.year, "file_name": file_name[:200]}
        try:
            answer = await self._readers.ask(form_set.version, question, content)
        except ReaderGone:
            raise _refused(file_name, _TOO_MUCH) from None
        except ReaderUnwalled:
            raise Unavailable("L'import de fichiers n'est pas disponible sur ce serveur.") from None
        if answer["refusal"]:
            control, fr, en = (answer["refusal"][part] for part in ("control", "fr", "en"))
            raise ImportRefused(file_name, violation("content", control, ThreeParts(*fr), ThreeParts(*en)))
        return _content(answer)

    async def warm(self, *versions: str) -> None:
        """Wait until the next file of these form sets need not wait for a process to start."""
        for version in versions:
            await self._readers.warm(version)

    async def close(self) -> None:
        """End the spare processes."""
        await self._readers.close()


class SandboxedPdfs:
    """Looks into each PDF in a process of its own too."""

    def __init__(self, readers: ReaderProcesses) -> None:
        self._readers = readers

    async def flaws(self, content: bytes) -> frozenset[PdfFlaw]:
        """Return what is wrong with a PDF.

        Raises:
            Unavailable: this machine cannot wall a reader in.
        """
        try:
            answer = await self._readers.ask(PDF, {}, content, is_rare=True)
        except ReaderGone:
            return frozenset({PdfFlaw.TOO_HEAVY})
        except ReaderUnwalled:
            raise Unavailable("Les pièces jointes ne sont pas disponibles sur ce serveur.") from None
        return frozenset(map(PdfFlaw, answer.get("flaws", (PdfFlaw.TOO_HEAVY,))))


def _content(answer: Mapping[str, Any]) -> FileContent:
    titles = answer["titles"]
    return FileContent(
        lines=[
            FileLine(line, address, text, _placed(dict(zip(titles[own], texts, strict=True)), sheet))
            for line, address, text, own, texts, sheet in answer["lines"]
        ],
        problems=[_problem(*problem) for problem in answer["problems"]],
        guesses=[(french, english) for french, english in answer["guesses"]],
        accounts=[
            AccountBalance(account, label, Decimal(debit), Decimal(credit), line)
            for account, label, debit, credit, line in answer.get("accounts", ())
        ],
        table=_table(answer) if "rows" in answer else None,
    )


def _table(answer: Mapping[str, Any]) -> OwnTable:
    rows = (OwnRow(account, tuple(texts)) for account, texts in answer["rows"])
    return OwnTable(answer["titles_at"], tuple(rows))


def _refused(file_name: str, problem: FileProblem) -> ImportRefused:
    fr, en = problem.french, problem.english
    told = violation(
        "content", problem.control, ThreeParts(fr.what, fr.where, fr.how), ThreeParts(en.what, en.where, en.how)
    )
    return ImportRefused(file_name, told)


def _problem(
    line: int,
    column: str,
    code: str,
    control: str,
    french: Sequence[str],
    english: Sequence[str],
    text: str,
    extra: Mapping[str, str],
    sheet: str,
) -> Problem:
    return Problem(
        line=line,
        column=column,
        code=code,
        control=control,
        text=text,
        fr=Sentences(*french),
        en=Sentences(*english),
        extra=_placed(extra, sheet),
    )


def _placed(extra: Mapping[str, str], sheet: str) -> Mapping[str, str]:
    """The person's own columns, after the sheet in a workbook: a row number alone does not say which line it is."""
    return {"feuille": sheet, **extra} if sheet else extra
