"""The gateway in process, on fakes of its ports: a world of one body, one filing and one partner."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import httpx

from chassis.errors import Failure, NotFound, Unauthenticated, Unavailable
from chassis.identifiers import TimeSortableIdentifiers
from services.gateway.clients.answers import (
    AccountMapping,
    AccountRule,
    Activities,
    Activity,
    Adjustment,
    AdjustmentPreview,
    AffectedFiling,
    AffectedFilings,
    AttachedFile,
    Attachment,
    Campaign,
    CampaignCheck,
    Campaigns,
    CarriedAnswers,
    Cell,
    CellComment,
    CellConflict,
    CellDifference,
    CellEdit,
    CellsToChoose,
    ConfirmedImport,
    Container,
    ControlCount,
    ControlStatus,
    ControlTrial,
    Delivery,
    DeliveryState,
    Document,
    EditStep,
    EditSteps,
    EntryKind,
    ErrorFile,
    Explanation,
    ExportedFile,
    ExportFormat,
    Family,
    FeedEntry,
    FeedPage,
    FetchedDelivery,
    FiledCell,
    Filing,
    FilingCells,
    FilingIdentity,
    Filings,
    Finding,
    FindingPlace,
    FormSetChange,
    FormSetStatus,
    FormSetTrial,
    Formula,
    HeldFile,
    ImportChange,
    ImportChoice,
    ImportEffect,
    ImportPreview,
    ImportProblem,
    Indication,
    Justification,
    Move,
    NewlyFailingControl,
    OpenableDocument,
    OpenedFiling,
    OpenedTrial,
    Origin,
    Passport,
    PreparedSignature,
    PreviousVersion,
    Publication,
    PublicationInForce,
    QueueStatus,
    Receipt,
    ReleaseDecision,
    ReleaseTable,
    ReleaseTerm,
    Report,
    Review,
    ReviewState,
    RuleSet,
    RunState,
    SavedCells,
    ScopeGrant,
    Sentence,
    SeriesPoint,
    SetAsideCell,
    Severity,
    SignedAttachment,
    SignedVersion,
    Standing,
    Step,
    ThreePartMessage,
    TransmittedFiling,
    TransmittedFilings,
    TransmittedFilter,
    TryableFormSet,
    UndoneStep,
    Verdict,
    VerdictChange,
    VerdictCount,
    Verification,
)
from services.gateway.clients.ports import LoginAttempt, LoginRefused, RefreshRefused, Services, Tokens
from services.gateway.clients.shelf import LocalShelf
from services.gateway.web.app import gateway_app
from services.gateway.web.desk import Place, make_desk
from tests.support.clocks import FrozenClock
from tests.support.hosting import DIRECTOR

ORIGIN = "http://127.0.0.1:8080"
FILING_ID = "019aa000-0000-7000-8000-000000000001"
SIREN = "000000018"
NOW = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
DIGEST = "ab" * 32
CONTENT = b'{"cells":{"BA.010.brut":"1234567","ID.030.v":"000000018"},"kind":"harmonia.filing/1"}'


def an_identity(document: Document = Document.ER, **other: object) -> FilingIdentity:
    """Return what the filing of the tests is about."""
    values: dict[str, object] = {
        "filing_id": FILING_ID,
        "body": SIREN,
        "body_name": "OPH de Démonstration",
        "family": Family.OPH,
        "document": document,
        "year": 2024,
        "form_set": "2024.1",
        "departement": "21",
    }
    return FilingIdentity(**{**values, **other})  # type: ignore[arg-type]


MOVES = {
    Step.ENTRY: (Move(Step.ACCOUNTING, "filing.edit"), Move(Step.SIGNATURE, "filing.validate")),
    Step.ACCOUNTING: (Move(Step.SIGNATURE, "filing.validate"), Move(Step.ENTRY, "filing.return", needs_reason=True)),
    Step.SIGNATURE: (Move(Step.ENTRY, "filing.return", needs_reason=True),),
}
"""As `forms` says them."""


def a_filing(identity: FilingIdentity | None = None, **other: object) -> Filing:
    """Return a filing at entry, never signed."""
    values: dict[str, object] = {
        "identity": identity or an_identity(),
        "step": Step.ENTRY,
        "revision": 3,
        "signed_version": 0,
        "opened_by": "Camille Compte",
        "opened_at": NOW,
        "changed_at": NOW,
        "verdict": Verdict.TO_JUSTIFY,
        "receipt_number": "",
        "due_on": "2025-07-01",
        "is_locked": False,
        "filled": 2,
        "fillable": 700,
        "conflicts": (),
    }
    values |= other
    moves = () if values.get("is_trial") else MOVES.get(cast("Step", values["step"]), ())
    return Filing(**{"moves": moves, **values})  # type: ignore[arg-type]


def a_finding(control: str = "A-06", **other: object) -> Finding:
    """Return a failed anomaly about BA.010."""
    values: dict[str, object] = {
        "control": control,
        "severity": Severity.ANOMALY,
        "status": ControlStatus.FAILED,
        "message": Sentence("Montant inattendu.", "Unexpected amount."),
        "detail": ThreePartMessage(
            Sentence("Le brut dépasse le seuil.", "The gross amount is over the threshold."),
            Sentence("Case BA.010.brut.", "Cell BA.010.brut."),
            Sentence("Corrigez ou justifiez.", "Correct or justify."),
        ),
        "cells": ("BA.010.brut",),
        "operands": (Cell("BA.010.brut", "1234567"),),
        "instruction": f"/help/controls?version=2024.1#{control}",
        "line_instructions": ("/help/forms/BA?version=2024.1#BA.010",),
    }
    if other.get("status", ControlStatus.FAILED) is ControlStatus.FAILED:
        values["places"] = (FindingPlace(("BA.010.brut",)),)
    return Finding(**{**values, **other})  # type: ignore[arg-type]


def a_decision(recipient: str = "CDC", **other: object) -> ReleaseDecision:
    """Return a decision that the body may change."""
    values: dict[str, object] = {
        "recipient": recipient,
        "recipient_name": "Caisse des dépôts",
        "is_released": True,
        "rule": "T-13",
        "level": 3,
        "reason": Sentence("Parce que la case est cochée.", "Because the box is ticked."),
        "is_choice": True,
        "is_ticked": True,
        "decided_by": "Dominique Direction",
        "decided_at": NOW,
    }
    return ReleaseDecision(**{**values, **other})  # type: ignore[arg-type]


def a_receipt() -> Receipt:
    """Return a receipt of the first version."""
    term = ReleaseTerm("CDC", True, "T-13", 3, Sentence("Parce que la case est cochée.", "Because ticked."))
    return Receipt(
        *("R-2025-000001", an_identity(), 1, DIGEST, "cd" * 32, "Dominique Direction", NOW),
        *("ADVANCED_SEAL_WITH_CONSENT", 0, "c2sp.org/tlog-proof@v1\n", (term,), "K7QF-29XD"),
    )


def a_previous() -> PreviousVersion:
    """Return the first version, as the second names it."""
    return PreviousVersion(1, "ef" * 32, "R-2025-000001", 41)


def a_signed_attachment() -> SignedAttachment:
    """Return the management report, as a signature covers it."""
    return SignedAttachment("MANAGEMENT_REPORT", "rapport.pdf", 20_480, "ad" * 32)


def a_delivery(**other: object) -> Delivery:
    """Return what the CDC has read."""
    values: dict[str, object] = {
        "recipient": "CDC",
        "recipient_name": "Caisse des dépôts",
        "version": 1,
        "rule": "T-13",
        "state": DeliveryState.DELIVERED,
        "dispatched_at": NOW,
        "delivered_at": NOW,
        "acknowledged_at": None,
        "container_digest": "cd" * 32,
        "standing": Standing.CURRENT,
    }
    return Delivery(**{**values, **other})  # type: ignore[arg-type]


@dataclass
class World:
    """What the fake services know and were asked."""

    filing: Filing = field(default_factory=a_filing)
    cells: tuple[FiledCell, ...] = (
        FiledCell("BA.010.brut", "1234567", 4, Origin.IMPORTED, "Camille Compte", NOW, "sample_oph.csv", 12),
        FiledCell("BA.010.net", "1234567.25", 0, Origin.COMPUTED),
        FiledCell("ID.030.v", SIREN, 1, Origin.TYPED, "Camille Compte", NOW),
    )
    findings: tuple[Finding, ...] = (
        a_finding(),
        a_finding("B-01", severity=Severity.BLOCKING, status=ControlStatus.NOT_EVALUATED, missing=("BA.020.brut",)),
        a_finding("C-01", status=ControlStatus.PASSED),
    )
    verdict: Verdict = Verdict.TO_JUSTIFY
    proposals: tuple[Justification, ...] = ()
    """What was written in earlier years; none said, one about A-06."""
    preview: ImportPreview | None = None
    has_older_steps: bool = False
    undone: tuple[tuple[str, ...], tuple[str, ...]] = (("BA.010.brut",), ("PL.010.n",))
    """What undoing puts back, and what it leaves."""
    decisions: tuple[ReleaseDecision, ...] = (a_decision(), a_decision("PREFET-69", is_released=False, is_choice=False))
    entries: Mapping[str, tuple[FeedEntry, ...]] = field(default_factory=dict)
    deliveries: tuple[Delivery, ...] = field(default_factory=lambda: (a_delivery(),))
    receipt: Receipt = field(default_factory=lambda: a_receipt())
    content: bytes = CONTENT
    obstacles: tuple[Sentence, ...] = ()
    set_aside: tuple[SetAsideCell, ...] = ()
    attached: Attachment = field(default_factory=lambda: an_attachment())
    trial: FormSetTrial = field(default_factory=lambda: a_trial(an_identity()))
    is_applicable: bool = True
    """Whether the form set to publish is that of the campaign's exercices."""
    in_force: PublicationInForce | None = None
    """The publication that gave the campaign its form set."""
    activities_before: str = ""
    """Token of the page before the last activities."""
    transmitted_after: str = ""
    """Token of the page after the first transmitted filings."""
    affected: tuple[AffectedFiling, ...] = ()
    """What the form set to publish would change."""
    publications: tuple[Publication, ...] = ()
    is_break: bool = False
    """Of what is compared: the definition changed in between."""
    has_other_labels: bool = False
    """Of signed versions: their form set is shipped no more."""
    failures: dict[str, Failure | Exception] = field(default_factory=dict)
    """Method → what it raises."""
    asked: list[tuple[str, object]] = field(default_factory=list)
    """Methods called with what they were given, passport first."""

    def note(self, method: str, what: object) -> None:
        """Remember a call, or fail as told."""
        self.asked.append((method, what))
        if method in self.failures:
            raise self.failures[method]

    def calls(self, method: str) -> list[object]:
        """Return what the method was given, call by call."""
        return [what for name, what in self.asked if name == method]


def an_import_change(address: str, effect: ImportEffect = ImportEffect.FILL, **other: object) -> ImportChange:
    """Return what an import would do to one cell, as the service tells it."""
    is_written = effect in (ImportEffect.FILL, ImportEffect.REPLACE)
    values: dict[str, object] = {
        "line": 2,
        "text": "5",
        "value": "5",
        "current": "",
        "current_origin": Origin.UNSPECIFIED,
        "is_written": is_written,
        "is_open_to_choice": is_written or effect is ImportEffect.PROTECTED,
    }
    return ImportChange(address, effect=effect, **{**values, **other})  # type: ignore[arg-type]


def a_preview() -> ImportPreview:
    """Return a preview with one line of each kind and one problem."""
    changes = tuple(
        an_import_change(f"BA.1{n}0.brut", effect, line=n, text="1 234,5", value="1234.5")
        for n, effect in enumerate(list(ImportEffect)[1:], start=2)
    )
    message = ThreePartMessage(
        Sentence("Montant ambigu.", "Ambiguous amount."),
        Sentence("Ligne 9, colonne valeur.", "Line 9, column value."),
        Sentence("Écrivez 1234,56.", "Write 1234.56."),
    )
    problem = ImportProblem(9, "valeur", "BA.020.brut", "F-08", message, "1.234,56", {"nature": "x"})
    differs = ThreePartMessage(
        Sentence("Le total du fichier diffère.", "The total of the file differs."),
        Sentence("Le fichier donne 5, le calcul 7.", "The file says 5, the formula gives 7."),
        Sentence("La valeur calculée est retenue.", "The computed value is kept."),
    )
    compared = ImportEffect.COMPARED
    total = an_import_change("BA.010.net", compared, line=30, current="7", control="F-22", message=differs)
    changes = (*changes, total)
    guesses = (Sentence("Encodage Windows-1252.", "Encoding Windows-1252."),)
    return ImportPreview("imp-1", "sample_oph.csv", changes, (problem,), guesses, False, 3)


def a_publication(**other: object) -> Publication:
    """Return the publication of 2025.1 to the ER filings of 2024, in the middle."""
    values: dict[str, object] = {
        "publication_id": "pub-1",
        "document": Document.ER,
        "year": 2024,
        "before": "2024.1",
        "after": "2025.1",
        "author": "Alex Agent",
        "at": NOW,
        "is_undone": False,
        "undone_by": "",
        "state": RunState.RUNNING,
        "done": 412,
        "left": 488,
        "place": 1,
        "estimate_seconds": 61.4,
        "finished_at": None,
        "failure": "",
        "is_superseded": False,
    }
    return Publication(**{**values, **other})  # type: ignore[arg-type]


def a_campaign(**other: object) -> Campaign:
    """Return the ER campaign of 2024."""
    values: dict[str, object] = {
        "document": Document.ER,
        "year": 2024,
        "form_set": "2024.1",
        "opens_on": "2025-04-01",
        "due_on": "2025-07-15",
        "closes_on": "2025-12-31",
        "families": (Family.OPH, Family.ESH),
        "required_attachments": ("DELIBERATION",),
    }
    return Campaign(**{**values, **other})  # type: ignore[arg-type]


def an_attachment() -> Attachment:
    """Return the management report."""
    return Attachment("att-1", "MANAGEMENT_REPORT", "rapport.pdf", DIGEST, 20_480, "Camille Compte", NOW)


@dataclass
class FakeForms:
    """Forms on the world."""

    world: World
    passport: str

    async def open(self, body: str, document: Document, year: int) -> OpenedFiling:
        self.world.note("open", (self.passport, body, document, year))
        return OpenedFiling(self.world.filing, True)

    async def open_trial(self, body: str, document: Document, year: int, form_set: str) -> OpenedTrial:
        self.world.note("open_trial", (body, document, year, form_set))
        return OpenedTrial(replace(self.world.filing, is_trial=True), True, 3, ("CP.380.n",))

    async def discard_trial(self, filing_id: str, request_id: str) -> None:
        self.world.note("discard_trial", filing_id)

    async def list(self, body: str = "") -> Filings:
        self.world.note("list", (self.passport, body))
        tryable = TryableFormSet(SIREN, "OPH de Démonstration", Document.ER, 2024, "2025.1")
        openable = OpenableDocument(SIREN, "OPH de Démonstration", Document.QDIS, 2024, "2025-07-01")
        return Filings((self.world.filing,), (openable,), (tryable,))

    async def get(self, filing_id: str) -> FilingCells:
        self.world.note("get", (self.passport, filing_id))
        if filing_id != FILING_ID:
            raise NotFound(reason="FILING_UNKNOWN")
        return FilingCells(self.world.filing, self.world.cells)

    async def save(self, filing_id: str, edits: Sequence[CellEdit], request_id: str) -> SavedCells:
        self.world.note("save", (filing_id, tuple(edits), request_id))
        return SavedCells(self.world.filing, (), self.world.findings[:1])

    async def error_file(self, filing_id: str, import_id: str, language: str) -> ErrorFile:
        self.world.note("error_file", (filing_id, import_id, language))
        return ErrorFile(b"\xef\xbb\xbfcode;quoi", "sample_oph-erreurs.csv")

    async def accounts(self, body: str, form_set: str, package: str = "") -> AccountMapping:
        self.world.note("accounts", (body, form_set, package))
        own = AccountRule("20501", "BA.010.brut", "debit")
        said = AccountRule("201", "BA.010.brut", "debit", is_own=False)
        return AccountMapping((own, said), ("Ma compta",))

    async def save_accounts(
        self, body: str, form_set: str, package: str, rules: Sequence[AccountRule], request_id: str
    ) -> AccountMapping:
        self.world.note("save_accounts", (body, form_set, package, tuple(rules)))
        return AccountMapping(tuple(rules))

    async def preview(
        self, filing_id: str, file_name: str, content: bytes, request_id: str, package: str = ""
    ) -> ImportPreview:
        self.world.note("preview", (filing_id, file_name, content, request_id, package))
        return self.world.preview or a_preview()

    async def get_import(self, filing_id: str, import_id: str) -> ImportPreview:
        self.world.note("get_import", (filing_id, import_id))
        return self.world.preview or a_preview()

    async def confirm(
        self,
        filing_id: str,
        import_id: str,
        choice: ImportChoice,
        *,
        accept_partial: bool,
        overwrite_typed: bool,
        request_id: str,
    ) -> ConfirmedImport:
        self.world.note("confirm", (filing_id, import_id, accept_partial, overwrite_typed))
        self.world.note("choice", choice)
        return ConfirmedImport(self.world.filing, 414, 1, choice.left)

    async def check(self, filing_id: str) -> Report:
        self.world.note("check", filing_id)
        return Report(self.world.verdict, self.world.findings, "sha256:" + DIGEST, 3)

    async def justify(self, filing_id: str, explanation: Explanation, request_id: str) -> Verdict:
        self.world.note("justify", (filing_id, explanation))
        return Verdict.REMARKS

    async def move(self, filing_id: str, step: Step, reason: str, request_id: str, cells: Sequence[str] = ()) -> Filing:
        self.world.note("move", (filing_id, step, reason, *cells))
        return replace(self.world.filing, step=step)

    async def history(self, filing_id: str, address: str) -> tuple[FiledCell, ...]:
        self.world.note("history", (filing_id, address))
        return self.world.cells[:1]

    async def resolve(self, filing_id: str, address: str, value: str, request_id: str) -> FiledCell:
        self.world.note("resolve", (filing_id, address, value))
        return self.world.cells[0]

    async def activity(self, filing_id: str, page_token: str = "", page_size: int = 0) -> Activities:
        self.world.note("activity", (filing_id, page_token, page_size))
        told = Sentence("1 case saisie.", "1 cell typed.")
        return Activities((Activity(NOW, "Camille Compte", "CELLS_SAVED", told),), self.world.activities_before)

    async def export(self, filing_id: str, chosen: ExportFormat, version: int = 0) -> ExportedFile:
        self.world.note("export", (filing_id, chosen, version))
        return ExportedFile(b"PK-file", f'ER-2024"\r\nX: y.{chosen.word}', "application/octet-stream")

    async def steps(self, filing_id: str, page_token: str = "", page_size: int = 0) -> EditSteps:
        self.world.note("steps", (filing_id, page_token, page_size))
        said = Sentence("Fichier sample_oph.csv importé.", "File sample_oph.csv imported.")
        if page_token == "step-1":
            said = Sentence("La toute première.", "The very first one.")
            return EditSteps((EditStep("step-0", "CELLS_SAVED", "Camille Compte", NOW, 1, said, False),))
        steps = (
            EditStep("step-2", "FILE_IMPORTED", "Camille Compte", NOW, 414, said, False),
            EditStep("step-1", "CELLS_SAVED", "Camille Compte", NOW, 1, Sentence("1 case.", "1 cell."), True),
        )
        return EditSteps(steps, "step-1" if self.world.has_older_steps else "")

    async def undo(self, filing_id: str, step_id: str, request_id: str) -> UndoneStep:
        self.world.note("undo", (filing_id, step_id))
        return UndoneStep(self.world.filing, *self.world.undone)

    async def carry(self, filing_id: str, request_id: str) -> CarriedAnswers:
        self.world.note("carry", filing_id)
        return CarriedAnswers(self.world.filing, 12, (Cell("PL.010.n", "9"),))

    async def last_year(self, filing_id: str) -> tuple[Cell, ...]:
        self.world.note("last_year", filing_id)
        return (Cell("BA.030.brut", "98765"),)

    async def reopen(self, filing_id: str, reason: str, cells: Sequence[str], request_id: str) -> Filing:
        self.world.note("reopen", (filing_id, reason, tuple(cells)))
        return replace(self.world.filing, step=Step.ENTRY)

    async def signed_version(self, filing_id: str, version: int = 0) -> SignedVersion:
        self.world.note("signed_version", (filing_id, version))
        cells = tuple(Cell(cell.address, cell.value) for cell in self.world.cells)
        return SignedVersion(self.world.filing, version or 2, "2024.1", cells, (2, 1), self.world.has_other_labels)

    async def series(
        self, body: str, document: Document, addresses: Sequence[str], years: int = 0
    ) -> tuple[SeriesPoint, ...]:
        self.world.note("series", (body, document, tuple(addresses), years))
        return (
            SeriesPoint(
                *(2024, "BA.010.brut", "1234567", "Frais d'établissement", "2024.1", False, True),
                has_other_labels=self.world.has_other_labels,
            ),
            SeriesPoint(2025, "BA.010.brut", "1300000", "Frais, nouveau libellé", "2025.1", True, False),
        )

    async def compare(
        self, filing_id: str, version: int, other_filing_id: str, other_version: int
    ) -> tuple[CellDifference, ...]:
        self.world.note("compare", (filing_id, version, other_filing_id, other_version))
        about = "BA.010.brut", "Frais d'établissement", "1234567", ""
        return (CellDifference(*about, self.world.is_break, self.world.has_other_labels),)

    async def form_sets(self) -> tuple[FormSetStatus, ...]:
        self.world.note("form_sets", self.passport)
        return (
            FormSetStatus("2024.1", "PUBLISHED", "", None, True, ("CLOSED",)),
            FormSetStatus("2025.1", "TRIAL", "Alex Agent", NOW, False, ("DRAFT", "PUBLISHED")),
        )

    async def move_form_set(self, form_set: str, state: str) -> None:
        self.world.note("move_form_set", (form_set, state))

    async def affected_filings(
        self, document: Document, year: int, form_set: str, page_token: str = "", page_size: int = 0
    ) -> AffectedFilings:
        self.world.note("affected_filings", (document, year, form_set, page_token, page_size))
        found = [one for one in self.world.affected if one.body > page_token]
        page = tuple(found[: page_size or 2])
        return AffectedFilings(page, page[-1].body if len(page) < len(found) else "")

    async def preview_form_set(
        self, document: Document, year: int, form_set: str, *, is_counted_only: bool = False
    ) -> FormSetChange:
        self.world.note("preview_form_set", (document, year, form_set))
        if is_counted_only:
            return FormSetChange(concerned=2, untouched=3, carried=824)
        return FormSetChange(
            concerned=2,
            untouched=3,
            already=5,
            dropped=4,
            carried=824,
            to_choose=(CellsToChoose("BA.010.brut", "Frais d'établissement", "CLOSED", 2),),
            gained=("BA.999.brut",),
            judged=1,
            changed=1,
            verdicts_before=(VerdictCount(Verdict.CLEAN, 1),),
            verdicts_after=(VerdictCount(Verdict.BLOCKED, 1),),
            newly_failing=(NewlyFailingControl("X-09", 1),),
            recomputed=28,
            is_applicable=self.world.is_applicable,
            in_force=self.world.in_force,
        )

    async def publish_form_set(
        self, document: Document, year: int, form_set: str, *, is_forced: bool = False, publication_id: str = ""
    ) -> str:
        self.world.note("publish_form_set", (document, year, form_set, is_forced, publication_id))
        return "pub-1"

    async def undo_form_set(self, publication_id: str) -> None:
        self.world.note("undo_form_set", publication_id)

    async def publication(self, publication_id: str) -> Publication:
        self.world.note("publication", publication_id)
        found = next((one for one in self.world.publications if one.publication_id == publication_id), None)
        if found is None:
            raise NotFound
        return found

    async def publications(self) -> tuple[Publication, ...]:
        self.world.note("publications", None)
        return self.world.publications

    async def set_aside(self, filing_id: str) -> tuple[SetAsideCell, ...]:
        self.world.note("set_aside", filing_id)
        return self.world.set_aside

    async def choose_set_aside(self, filing_id: str, address: str, keep_as: str, request_id: str) -> Filing:
        self.world.note("choose_set_aside", (filing_id, address, keep_as))
        return self.world.filing

    async def review(
        self, filing_id: str, state: ReviewState, text: str, cells: Sequence[str], request_id: str
    ) -> Filing:
        self.world.note("review", (filing_id, state, text, tuple(cells)))
        return replace(self.world.filing, review=Review(state))

    async def answer_review(self, filing_id: str, text: str, request_id: str) -> Filing:
        self.world.note("answer_review", (filing_id, text))
        return self.world.filing

    async def close(self, filing_id: str, request_id: str) -> Filing:
        self.world.note("close", filing_id)
        return replace(self.world.filing, step=Step.CLOSED)

    async def request_return(self, filing_id: str, reason: str, request_id: str) -> Filing:
        self.world.note("request_return", (filing_id, reason))
        return self.world.filing

    async def decide_return(self, filing_id: str, reason: str, *, is_accepted: bool, request_id: str) -> Filing:
        self.world.note("decide_return", (filing_id, reason, is_accepted))
        return self.world.filing

    async def archive(self, filing_id: str, request_id: str) -> Filing:
        self.world.note("archive", filing_id)
        return replace(self.world.filing, step=Step.ARCHIVED)

    async def comment(
        self, filing_id: str, address: str, text: str, *, is_flagged: bool, is_shared: bool, request_id: str
    ) -> CellComment:
        self.world.note("comment", (filing_id, address, text, is_flagged, is_shared))
        return CellComment("c-2", address, text, "Camille Compte", NOW, is_flagged, is_shared)

    async def comments(self, filing_id: str, address: str = "") -> tuple[CellComment, ...]:
        self.world.note("comments", (filing_id, address))
        return (CellComment("c-1", "BA.010.brut", "À revoir avec le <CAC>.", "Camille Compte", NOW, True),)

    async def campaigns(self) -> Campaigns:
        self.world.note("campaigns", None)
        return Campaigns((a_campaign(),), ("MANAGEMENT_REPORT", "DELIBERATION", "AUDITOR_REPORT"))

    async def plan(self, campaign: Campaign) -> Campaign:
        self.world.note("plan", campaign)
        return campaign

    async def extend(self, document: Document, year: int, body: str, due_on: str, reason: str, request_id: str) -> str:
        self.world.note("extend", (document, year, body, due_on, reason))
        return due_on

    async def attach(self, filing_id: str, kind: str, file_name: str, content: bytes, request_id: str) -> Attachment:
        self.world.note("attach", (filing_id, kind, file_name, content))
        return self.world.attached

    async def attachments(self, filing_id: str) -> tuple[Attachment, ...]:
        self.world.note("attachments", filing_id)
        return (self.world.attached,)

    async def attachment(self, filing_id: str, attachment_id: str) -> AttachedFile:
        self.world.note("attachment", (filing_id, attachment_id))
        return AttachedFile(self.world.attached, b"%PDF-1.7")

    async def transmitted(
        self, wanted: TransmittedFilter, page_token: str = "", page_size: int = 0
    ) -> TransmittedFilings:
        self.world.note("transmitted", (wanted, page_token, page_size))
        return TransmittedFilings((self._sent(),), self.world.transmitted_after)

    async def get_transmitted(self, filing_id: str) -> TransmittedFiling:
        self.world.note("get_transmitted", filing_id)
        signed = Activity(
            NOW, "Dominique Direction", "FILING_SIGNED", Sentence("Version 1 signée.", "Version 1 signed.")
        )
        cells = tuple(Cell(cell.address, cell.value) for cell in self.world.cells)
        return TransmittedFiling(self._sent(), cells, (signed,))

    def _sent(self) -> Filing:
        filing = self.world.filing
        if not filing.signed_version:
            filing = replace(filing, signed_version=1, step=Step.REVIEW, review=Review(ReviewState.WAITING))
        return replace(filing, receipt_number="R-2025-000001")


@dataclass
class FakeSignatures:
    """Signatures on the world."""

    world: World
    passport: str

    async def prepare(self, filing_id: str) -> PreparedSignature:
        self.world.note("prepare", (self.passport, filing_id))
        intent = "" if self.world.obstacles else "intent-1"
        return PreparedSignature(
            *(intent, self.world.content, DIGEST, "K7QF-29XD", a_receipt().terms, "ADVANCED_SEAL_WITH_CONSENT"),
            self.world.obstacles,
        )

    async def sign(self, intent_id: str, digest: str, *, accepts_recipients: bool, request_id: str) -> Receipt:
        self.world.note("sign", (intent_id, digest, accepts_recipients, request_id))
        return a_receipt()

    async def receipt(self, filing_id: str, version: int = 0) -> Receipt:
        self.world.note("receipt", (filing_id, version))
        return self.world.receipt

    async def container(self, filing_id: str, version: int = 0) -> Container:
        self.world.note("container", (filing_id, version))
        return Container(b"PK-container", 'R-2025"\r\nX: y.asice')

    async def verify(self, container: bytes, held: Sequence[HeldFile] = ()) -> Verification:
        self.world.note("verify", (self.passport, container, *held))
        said = (Sentence("Tout est bon.", "All good."),)
        return Verification(Indication.PASSED, said, b"", "OPH", NOW, a_previous(), (a_signed_attachment(),))


@dataclass
class FakeReleases:
    """Releases on the world; the passport `partner:CDC` reads the feed of CDC."""

    world: World
    passport: str

    async def table(self, identity: FilingIdentity, simulate_recipient: str = "") -> ReleaseTable:
        self.world.note("table", simulate_recipient)
        decisions = tuple(
            replace(d, is_released=not d.is_released, is_ticked=not d.is_ticked)
            if d.recipient == simulate_recipient
            else d
            for d in self.world.decisions
        )
        return ReleaseTable(decisions, DIGEST)

    async def tick(
        self, identity: FilingIdentity, recipient: str, *, is_ticked: bool, request_id: str
    ) -> ReleaseDecision:
        self.world.note("tick", (recipient, is_ticked))
        return a_decision(recipient, is_ticked=is_ticked)

    async def deliveries(self, identity: FilingIdentity) -> tuple[Delivery, ...]:
        self.world.note("deliveries", identity.filing_id)
        return self.world.deliveries

    async def feed(self, after: int, limit: int, document: Document) -> FeedPage:
        self.world.note("feed", (self.passport, after, limit, document))
        mine = [e for e in self.world.entries.get(self.passport.removeprefix("partner:"), ()) if e.sequence > after]
        return FeedPage(tuple(mine), mine[-1].sequence if mine else after, True)

    async def fetch(self, delivery_id: str, *, accepts_suspended: bool = False) -> FetchedDelivery:
        self.world.note("fetch", (self.passport, delivery_id, accepts_suspended))
        return FetchedDelivery(b"PK-container", self._mine(delivery_id))

    async def acknowledge(self, delivery_id: str) -> FeedEntry:
        self.world.note("acknowledge", (self.passport, delivery_id))
        return self._mine(delivery_id)

    def _mine(self, delivery_id: str) -> FeedEntry:
        for entry in self.world.entries.get(self.passport.removeprefix("partner:"), ()):
            if entry.delivery_id == delivery_id:
                return entry
        raise NotFound("Rien à cette adresse.")


def a_justification(**other: object) -> Justification:
    """Return what the body wrote about A-06 for 2023, not answered."""
    values: dict[str, object] = {
        "control": "A-06",
        "text": "Le brut suit la cession de 2023.",
        "author": "Camille Compte",
        "written_at": NOW,
        "number": 7,
        "year": 2023,
    }
    return Justification(**{**values, **other})  # type: ignore[arg-type]


@dataclass
class FakeValidations:
    """Validations on the world."""

    world: World
    passport: str

    async def propose(self, body: str, year: int, controls: Sequence[str]) -> tuple[Justification, ...]:
        self.world.note("propose", (body, year, tuple(controls)))
        proposals = self.world.proposals or (a_justification(),)
        return tuple(one for one in proposals if one.control in controls)

    async def review(self, filing_id: str) -> tuple[Justification, ...]:
        self.world.note("review", filing_id)
        return (
            a_justification(),
            a_justification(control="A-07", number=8, answer="Bien vu.", is_accepted=True, answered_by="Alix Agent"),
        )

    async def answer(
        self, filing_id: str, control: str, number: int, *, is_accepted: bool, text: str, request_id: str
    ) -> Justification:
        self.world.note("answer", (filing_id, control, number, is_accepted, text))
        return a_justification(control=control, answer=text, is_accepted=is_accepted, answered_by="Alix Agent")

    async def adjustments(self, document: Document, year: int) -> tuple[Adjustment, ...]:
        self.world.note("adjustments", (document, year))
        return (an_adjustment(), replace(an_adjustment(), control="Q-02", authority="FED-ESH", applies_here=False))

    async def formula(self, form_set: str, address: str) -> Formula:
        self.world.note("formula", (form_set, address))
        return Formula("brut-amort", ("BA.010.brut", "BA.010.amort"))

    async def rules(self, form_set: str, document: Document, year: int) -> RuleSet:
        self.world.note("rules", (form_set, document, year))
        return RuleSet("ab" * 32, "cd" * 32, (replace(an_adjustment(), author=""),))

    async def adjust(self, adjustment: Adjustment, request_id: str) -> str:
        self.world.note("adjust", adjustment)
        return "run-1"

    async def try_adjustment(self, adjustment: Adjustment, tried_on: int, request_id: str) -> str:
        self.world.note("try_adjustment", (adjustment, tried_on))
        return "run-2"

    async def check_campaign(self, document: Document, year: int, request_id: str, form_set: str = "") -> str:
        self.world.note("check_campaign", (document, year, form_set))
        return "run-4" if form_set else "run-3"

    async def runs(self) -> tuple[QueueStatus, ...]:
        return tuple([await self.queue(name) for name in ("run-1", "run-2")])

    async def queue(self, run_id: str) -> QueueStatus:
        self.world.note("queue", run_id)
        decision = an_adjustment()
        if run_id == "run-1":
            return QueueStatus("run-1", "rejudge", RunState.WAITING, 3, 42.4, 0, NOW, None, None, "", 0, None, decision)
        if run_id == "run-3":
            over = "run-3", "check", RunState.DONE, 0, 0.0, 9, NOW, NOW, NOW, "", 0, None
            sentence = Sentence("L’actif égale le passif.", "Assets equal liabilities.")
            controls = (ControlCount("A-06", Severity.ANOMALY, sentence, 5, 2, 1),)
            check = CampaignCheck(8, 1, (VerdictCount(Verdict.TO_JUSTIFY, 5),), controls)
            return QueueStatus(*over, check=check)
        if run_id == "run-4":
            over = "run-4", "trial", RunState.DONE, 0, 0.0, 9, NOW, NOW, NOW, "", 4, None
            return QueueStatus(*over, trial=self.world.trial, document=Document.ER, year=2024, form_set="2025.1")
        example = VerdictChange(an_identity(), Verdict.TO_JUSTIFY, Verdict.REMARKS)
        found = AdjustmentPreview(120, 4, 1, 9, (example,), 12.5, 12.25)
        return QueueStatus("run-2", "preview", RunState.DONE, 0, 0.0, 121, NOW, NOW, NOW, "", 0, found, decision, 2023)


def a_trial(*examples: FilingIdentity) -> FormSetTrial:
    """Return what a form set would change for nine filings: the sign of A-08 was turned."""
    sentence = Sentence(
        "Les logements conventionnés font partie du parc.", "Housing under agreement is part of the stock."
    )
    wrong = ControlTrial("A-08", Severity.ANOMALY, sentence, 1, 7, 6, 0, 0, examples)
    before, after = ((VerdictCount(Verdict.CLEAN, 5),), (VerdictCount(Verdict.TO_JUSTIFY, 8),))
    return FormSetTrial(8, 1, 4, 12, before, after, (wrong,), 12.5, 1_013.25)


def an_adjustment() -> Adjustment:
    """Return A-06 made a remark for the ER of 2024."""
    reason = "Seuil revu avec les fédérations."
    return Adjustment("2024.1", Document.ER, 2024, "A-06", Severity.REMARK, False, reason, "Alix Agent", NOW)


def an_entry(sequence: int = 1, **other: object) -> FeedEntry:
    """Return a feed entry of the filing, a signed version unless told otherwise."""
    entry = FeedEntry(
        *(sequence, f"delivery-{sequence}", an_identity(), 1, "cd" * 32, DIGEST, "R-2025-000001", NOW, NOW, "T-13"),
        *("", DeliveryState.AVAILABLE, EntryKind.RELEASE, 0, "", Standing.CURRENT),
    )
    return replace(entry, **other)  # type: ignore[arg-type]


@dataclass
class FakePassportOffice:
    """The auth service: tokens and partners that it knows."""

    clock: FrozenClock
    persons: dict[str, Passport] = field(default_factory=dict)
    partners: dict[tuple[str, str], str] = field(default_factory=dict)
    opened: int = 0

    async def of_person(self, access_token: str) -> Passport:
        self.opened += 1
        if access_token not in self.persons:
            raise Unauthenticated(reason="TOKEN_REFUSED")
        return replace(self.persons[access_token], expires_at=self.clock.now() + timedelta(minutes=5))

    async def of_partner(self, client_id: str, client_secret: str) -> Passport:
        self.opened += 1
        partner = self.partners.get((client_id, client_secret))
        if partner is None:
            raise Unauthenticated("Identifiant ou secret incorrect.", reason="TOKEN_REFUSED")
        return Passport(f"partner:{partner}", self.clock.now() + timedelta(minutes=5), partner, partner, (), partner)


@dataclass
class FakeProvider:
    """An identity provider that says yes to the code `good`."""

    clock: FrozenClock
    refreshed: int = 0
    is_over: bool = False
    is_away: bool = False

    async def start(self, browser: str, way_back: str, *, proves_again: bool) -> tuple[str, LoginAttempt]:
        prompt = "&prompt=login" if proves_again else ""
        attempt = LoginAttempt(f"state-{self.clock.now().timestamp()}", "n", "v", browser, way_back, 0.0)
        return f"https://id.example/auth?state={attempt.state}{prompt}", attempt

    async def finish(self, attempt: LoginAttempt, answer: Mapping[str, str]) -> Tokens:
        if answer.get("code") != "good":
            raise LoginRefused
        return Tokens("access-director", "refresh-0", "id-token")

    async def refresh(self, refresh_token: str) -> Tokens:
        if self.is_away:
            raise Unavailable
        if self.is_over:
            raise RefreshRefused
        self.refreshed += 1
        return Tokens("access-director", f"refresh-{self.refreshed}", "id-token")

    async def logout_url(self, id_token: str) -> str:
        return f"https://id.example/logout?id_token_hint={id_token}"


def a_passport(permissions: Sequence[str] = DIRECTOR, scope: str = SIREN, **other: object) -> Passport:
    """Return a person's passport."""
    values: dict[str, object] = {
        "token": "passport-director",
        "expires_at": NOW + timedelta(minutes=5),
        "subject": "dominique",
        "name": "Dominique Direction",
        "grants": (ScopeGrant(scope, tuple(permissions), "OPH de Démonstration"),),
        "authenticated_at": NOW,
    }
    return Passport(**{**values, **other})  # type: ignore[arg-type]


@dataclass
class Browser:
    """A browser at the gateway, with the world behind it."""

    http: httpx.AsyncClient
    world: World
    clock: FrozenClock
    office: FakePassportOffice
    provider: FakeProvider
    csrf: str = ""

    async def sign_in(self) -> None:
        """Go through the identity provider and come back."""
        sent = await self.http.get("/auth/login")
        state = sent.headers["location"].partition("state=")[2].partition("&")[0]
        self.keep(sent)
        self.keep(await self.http.get("/auth/callback", params={"state": state, "code": "good"}))
        page = await self.http.get("/")
        self.csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]

    def keep(self, response: httpx.Response) -> None:
        """Keep Secure cookies as browsers do on a loopback address, which http.cookiejar does not."""
        cookies = dict(pair.partition("=")[::2] for pair in self.http.headers.get("cookie", "").split("; ") if pair)
        for header in response.headers.get_list("set-cookie"):
            name, _, rest = header.partition("=")
            value = rest.partition(";")[0].strip('"')
            if "Max-Age=0" in header:
                cookies.pop(name, None)
            else:
                cookies[name] = value
        self.http.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())

    async def get(self, path: str, **options: object) -> httpx.Response:
        """Open a page."""
        return await self.http.get(path, **options)  # type: ignore[arg-type]

    async def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> httpx.Response:
        """Send a page's form, with its secret and from our origin."""
        sent = {"csrf": self.csrf, **(fields or {})}
        return await self.http.post(path, data=sent, headers={"origin": ORIGIN, **headers})


@asynccontextmanager
async def a_browser(world: World | None = None, *, largest_upload: int = 20_000_000) -> AsyncIterator[Browser]:
    """Serve the gateway in process."""
    world, clock = world or World(), FrozenClock()
    office = FakePassportOffice(
        clock, {"access-director": a_passport(), "access-api": a_passport(token="passport-api")}, {("cdc", "s3"): "CDC"}
    )
    provider = FakeProvider(clock)

    def acting_for(passport: str) -> Services:
        return Services(
            FakeForms(world, passport),
            FakeSignatures(world, passport),
            FakeReleases(world, passport),
            FakeValidations(world, passport),
        )

    desk = make_desk(
        Place("MIN", ORIGIN, "https://id.example/realms/harmonia", largest_upload),
        acting_for,
        office,
        provider,
        LocalShelf(clock),
        clock,
        TimeSortableIdentifiers(clock),
    )
    transport = httpx.ASGITransport(gateway_app(desk))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Browser(http, world, clock, office, provider)


def in_conflict() -> FiledCell:
    """Return a cell with two values."""
    other = CellConflict("99", "FED-OPH", "Sacha Saisie", NOW)
    return FiledCell("PL.010.n", "12", 2, Origin.TYPED, "Camille Compte", NOW, conflict=other)
