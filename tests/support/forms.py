"""Builders of filings and cells, and the forms service's use cases wired on fakes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import formsets
from chassis.errors import NotFound, ThreeParts, violation
from chassis.identity import Caller
from formsets import FormSet
from formsets.flat_file import check_subject, read_flat_file
from formsets.workflow import APPROVED_ON
from services.forms.clients.uploads.pdfs import flaws_of
from services.forms.domain.addressing import place_of
from services.forms.domain.attachment import PdfFlaw, Scan, ScanAnswer
from services.forms.domain.campaign import Campaign
from services.forms.domain.cell import Cell, Origin, OtherValue, Source
from services.forms.domain.errors import ImportRefused
from services.forms.domain.evaluation import Evaluation, Explanation, Finding, Justification, Place, PreviousYear
from services.forms.domain.filing import Body, Document, Filing, Verdict
from services.forms.domain.importing import NOTHING_SAID, Problem, Sentences
from services.forms.domain.sharing import ReceivedFact
from services.forms.domain.undoing import EditStep
from services.forms.service import wire
from services.forms.usecases import UseCases
from services.forms.usecases.ports import FileContent, FileLine, RawText, TextReading
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.evaluation import Evaluation as EngineEvaluation
from services.validation.domain.evaluation import Finding as EngineFinding
from services.validation.domain.evaluation import Place as EnginePlace
from services.validation.domain.evaluation import check_cells, difference_of, evaluation_of, recheck_cells
from services.validation.domain.justification import Justification as EngineJustification
from services.validation.domain.justification import ReasonCode, digest_of
from services.validation.domain.reading import RawCell, read_texts
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.verdict import Report
from tests.support.clocks import FrozenClock
from tests.support.forms_store import InMemoryStore
from tests.support.hosting import a_caller, a_stack

NOON = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
SIREN = "000000018"
FILING_ID = UUID("0197aaaa-0000-7000-8000-000000000001")
FORM_SET = "2024.1"

# Addresses of form set 2024.1 that tests use, by what they are.
AMOUNT = "BA.010.brut"
"""An amount of the ER that is not shared."""
TOTALLED = "BA.010.net"
"""Computed from `AMOUNT`."""
CLOSED = "CC.010.rec"
SHARED, ALIAS = "BP.180.n", "QE.140.n"
"""A shared amount that travels both ways, and its alias in the QDIS."""
OTHER_SHARED, OTHER_ALIAS = "BP.220.n", "QF.050.n"
ONE_WAY = "CC.020.nr"
"""A shared input that travels to the federation only."""
GIVEN = "BA.400.amort"
"""A computed concept: given to the federation."""
QDIS_ONLY = "QA.100.v"


def a_form_set() -> FormSet:
    """The form package that the tests use."""
    return formsets.load(FORM_SET)


def concept_of(address: str) -> str:
    """Code of the concept behind a cell."""
    concept = a_form_set().concept_of(address)
    assert concept is not None
    return concept.code


def a_body(**changes: Any) -> Body:
    """The sample OPH."""
    return replace(Body(SIREN, "OPH de l'exemple", "OPH", "21"), **changes)


def a_filing(**changes: Any) -> Filing:
    """An ER 2024 that was just opened."""
    filing = Filing(FILING_ID, a_body(), Document.ER, 2024, FORM_SET, "Camille Compte", NOON, NOON, date(2025, 7, 15))
    return replace(filing, **changes)


def a_source(author: str = "Camille Compte", origin: Origin = Origin.TYPED, **changes: Any) -> Source:
    """Typed by Camille at noon."""
    return replace(Source(origin, author, NOON), **changes)


def a_cell(address: str = AMOUNT, value: str = "100", version: int = 1, **changes: Any) -> Cell:
    """A typed cell; `origin` and `author` go to its source."""
    source = a_source(changes.pop("author", "Camille Compte"), changes.pop("origin", Origin.TYPED))
    return replace(Cell(address, value, version, source), **changes)


def begun(document: Document = Document.ER, approved_on: str = "2025-06-01") -> list[Cell]:
    """One cell emptied again in each form, and the approval of the accounts: what W-01 and W-04 ask of a filing."""
    form_set, first = a_form_set(), {}
    for address in form_set.cells(document):
        place = place_of(form_set, document, address)
        if place.refusal is None:
            first.setdefault(address[:2], place.address)
    approval = [a_cell(APPROVED_ON, approved_on)] if document is Document.ER else []
    return [a_cell(address, "") for address in first.values()] + approval


def an_other_value(value: str = "7", server: str = "FED-OPH") -> OtherValue:
    """What another server holds."""
    return OtherValue(value, server, "Dominique Distant", NOON)


def a_campaign(document: Document = Document.ER, **changes: Any) -> Campaign:
    """The campaign for 2024, under way on the day of the tests."""
    campaign = Campaign(
        document,
        2024,
        FORM_SET,
        date(2025, 4, 1),
        date(2025, 7, 15),
        date(2025, 12, 31),
        frozenset({"OPH", "ESH", "COOP", "SEM"}),
    )
    return replace(campaign, **changes)


def a_fact(address: str = SHARED, value: str = "7", **changes: Any) -> ReceivedFact:
    """A fact that the federation gives."""
    fact = ReceivedFact(
        changes.pop("concept", None) or concept_of(address),
        address,
        value,
        "FED-OPH",
        "Dominique Distant",
        NOON,
        is_computed=False,
        is_provisional=False,
        is_sealed=False,
    )
    return replace(fact, **changes)


def a_finding(control: str = "A-06", severity: str = "A", status: str = "failed", **changes: Any) -> Finding:
    """A control that fails on `AMOUNT`."""
    sentences = Sentences("Écart.", "Bilan.", "Corrigez ou justifiez.")
    finding = Finding(
        control, severity, status, ("Écart.", "Gap."), sentences, sentences, (AMOUNT,), (), {AMOUNT: "100"}
    )
    return replace(finding, **changes)


class EngineControls:
    """The controls port on the real engine, in process; justifications are kept in a list."""

    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self.justifications: dict[tuple[UUID, str, str], AnsweredJustification] = {}
        self.requests: list[str] = []
        self.reports: dict[str, tuple[PreviousYear | None, Report]] = {}

    async def read(self, form_set: str, year: int, texts: Sequence[RawText]) -> list[TextReading]:
        readings = read_texts(formsets.load(form_set), year, [RawCell(text.address, text.text) for text in texts])
        return [
            TextReading(
                one.address,
                one.value,
                one.control,
                Sentences(one.french.what, one.french.where, one.french.how) if one.french else NOTHING_SAID,
                Sentences(one.english.what, one.english.where, one.english.how) if one.english else NOTHING_SAID,
            )
            for one in readings
        ]

    async def evaluate(
        self,
        filing: Filing,
        inputs: Mapping[str, str],
        given: Mapping[str, str],
        previous: PreviousYear | None = None,
    ) -> Evaluation:
        rules = compile_rules(formsets.load(filing.form_set))
        report = check_cells(
            rules,
            str(filing.document),  # type: ignore[arg-type]
            {**inputs, **given},
            previous.cells if previous else None,
            previous.restated if previous else (),
        )
        return self._answer(evaluation_of(rules, report, self._justified(filing)), previous, report)

    async def recheck(
        self, filing: Filing, changed: Mapping[str, str], previous: PreviousYear | None, about: Collection[str]
    ) -> Evaluation | None:
        beside, before = self.reports[filing.report]
        rules = compile_rules(formsets.load(filing.form_set))
        if beside != previous or before.rule_set != rules.digest:
            return None
        report = recheck_cells(rules, before, changed)
        found = difference_of(rules, before, report, self._justified(filing))
        return self._answer(found.about({*about, *found.computed}) if about else found, previous, report)

    def _justified(self, filing: Filing) -> list[AnsweredJustification]:
        return [one for (filing_id, *_), one in self.justifications.items() if filing_id == filing.id]

    def _answer(self, found: EngineEvaluation, previous: PreviousYear | None, report: Report) -> Evaluation:
        report_id = str(len(self.reports) + 1)
        self.reports[report_id] = (previous, report)
        findings = tuple(_finding(finding) for finding in found.findings)
        return Evaluation(found.computed, findings, Verdict(str(found.verdict)), found.rule_set, report_id)

    async def justify(
        self, request_id: str, filing: Filing, explanation: Explanation, author: str, operands: Mapping[str, str]
    ) -> Justification:
        self.requests.append(request_id)
        about = filing.id, filing.body.siren, filing.year, explanation.control, explanation.text, author
        at = explanation.cell, ReasonCode(explanation.reason)
        kept = EngineJustification(*about, self._clock.now(), digest_of(operands), *at)
        number = len(self.justifications) + 1
        self.justifications[filing.id, explanation.control, explanation.cell] = AnsweredJustification(number, kept)
        return _justification(AnsweredJustification(number, kept))


def _finding(found: EngineFinding) -> Finding:
    return Finding(
        found.control,
        found.severity,
        found.status,
        (found.french.what, found.english.what),
        Sentences(found.french.what, found.french.where, found.french.how),
        Sentences(found.english.what, found.english.where, found.english.how),
        found.cells,
        found.missing,
        dict(found.operands),
        tuple(map(_place, found.places)),
        found.is_justified,
        found.instruction,
        found.line_instructions,
    )


def _place(found: EnginePlace) -> Place:
    operands = tuple(address for address, _ in found.operands)
    return Place(found.cells, operands, _justification(found.justification) if found.justification else None)


def _justification(kept: AnsweredJustification) -> Justification:
    one = kept.justification
    about = one.control, one.text, one.author, one.written_at, one.operands_digest
    return Justification(*about, kept.number, cell=one.cell, reason=one.reason.value)


class CannedControls:
    """The controls port with an answer chosen by the test: every text reads as itself, every filing has this report."""

    def __init__(self, verdict: Verdict = Verdict.CLEAN, *findings: Finding) -> None:
        self.verdict, self.findings, self.rule_set = verdict, findings, "rules-1"
        self.computed: dict[str, str] = {}
        self.evaluated = 0

    async def read(self, form_set: str, year: int, texts: Sequence[RawText]) -> list[TextReading]:
        return [TextReading(text.address, text.text) for text in texts]

    async def evaluate(
        self,
        filing: Filing,
        inputs: Mapping[str, str],
        given: Mapping[str, str],
        previous: PreviousYear | None = None,
    ) -> Evaluation:
        self.evaluated += 1
        return Evaluation(dict(self.computed), self.findings, self.verdict, self.rule_set)

    async def recheck(
        self, filing: Filing, changed: Mapping[str, str], previous: PreviousYear | None, about: Collection[str]
    ) -> Evaluation | None:
        return None

    async def justify(
        self, request_id: str, filing: Filing, explanation: Explanation, author: str, operands: Mapping[str, str]
    ) -> Justification:
        raise NotImplementedError("the canned report has nothing to justify")


class RecordingFacts:
    """The facts port: what sync knows, and what it was asked to resolve."""

    def __init__(self, *known: ReceivedFact) -> None:
        self.facts = list(known)
        self.resolved: list[tuple[str, str, str]] = []

    async def known(self, siren: str, year: int) -> list[ReceivedFact]:
        return list(self.facts)

    async def resolve(self, request_id: str, filing: Filing, concept: str, value: str, author: str) -> None:
        self.resolved.append((concept, value, author))


class InMemoryBodies:
    """The bodies port; the caller may read the bodies on which they hold any right."""

    def __init__(self, *bodies: Body) -> None:
        self.bodies = {body.siren: body for body in bodies}

    async def get(self, siren: str) -> Body:
        if siren not in self.bodies:
            raise NotFound
        return self.bodies[siren]

    async def of_caller(self, caller: Caller) -> list[Body]:
        return [body for siren, body in self.bodies.items() if "*" in caller.grants or siren in caller.grants]


class InlineFlatFiles:
    """The flat file reader, in process."""

    async def read(self, form_set: FormSet, filing: Filing, file_name: str, content: bytes) -> FileContent:
        file = read_flat_file(content, form_set)
        fatal = next((p for p in file.problems if p.is_fatal), None)
        fatal = fatal or check_subject(file, filing.body.siren, filing.year)
        if fatal is not None:
            fr, en = (ThreeParts(one.what, one.where, one.how) for one in (fatal.french, fatal.english))
            raise ImportRefused(file_name, violation("content", fatal.control, fr, en))
        return FileContent(
            [FileLine(e.line_number, e.address, e.raw, e.extra) for e in file.entries],
            [
                Problem(
                    p.line,
                    p.column,
                    p.code,
                    p.control,
                    p.raw,
                    *(Sentences(one.what, one.where, one.how) for one in (p.french, p.english)),
                )
                for p in file.problems
            ],
            [(guess.message_fr, guess.message_en) for guess in file.guesses],
        )


class InlinePdfs:
    """Looks into PDFs, in process."""

    async def flaws(self, content: bytes) -> Collection[PdfFlaw]:
        return flaws_of(content)


class CannedScanner:
    """Says of each file what the test told it to; keeps what it was asked about."""

    def __init__(self, *answers: Scan) -> None:
        self.answers, self.asked = list(answers), list[bytes]()

    async def scan(self, content: bytes) -> Scan:
        self.asked.append(content)
        return self.answers.pop(0) if self.answers else Scan(ScanAnswer.CLEAN)


class CountingIdentifiers:
    """Identifiers 1, 2, 3…"""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


@dataclass
class Forms:
    """The forms service on fakes, with handles on each of them."""

    controls: EngineControls | CannedControls
    clock: FrozenClock
    store: InMemoryStore = field(default_factory=InMemoryStore)
    facts: RecordingFacts = field(default_factory=RecordingFacts)
    bodies: InMemoryBodies = field(default_factory=lambda: InMemoryBodies(a_body()))
    caller: Caller = field(default_factory=a_caller)
    scanner: CannedScanner | None = None
    use: UseCases = field(init=False)

    def __post_init__(self) -> None:
        stack = replace(a_stack(clock=self.clock), identifiers=CountingIdentifiers())
        self.use = wire(
            self.store,
            self.controls,
            self.facts,
            self.bodies,
            InlineFlatFiles(),
            InlinePdfs(),
            formsets,
            stack,  # type: ignore[arg-type]
            scanner=self.scanner,
        )

    async def keep(self, filing: Filing, *cells: Cell) -> Filing:
        """Put a filing with cells in the store."""
        async with self.store() as work:
            await work.filings.add(filing)
            await work.cells.save(filing.id, cells)
            await work.commit()
        return filing

    async def evaluated(self, filing: Filing, *cells: Cell) -> Filing:
        """Put a filing in the store as the controls judge it."""
        given = {cell.address: cell.value for cell in cells}
        report = await self.controls.evaluate(filing, given, {})
        filing = replace(filing, verdict=report.verdict, rule_set=report.rule_set)
        async with self.store() as work:
            await work.filings.add(filing)
            await work.cells.save(filing.id, cells)
            await work.cells.move_computed(filing.id, report.computed)
            await work.commit()
        return filing

    @property
    def filing(self) -> Filing:
        """The only filing that is kept."""
        (filing,) = self.store.kept.filings.values()
        return filing

    def cell(self, address: str = AMOUNT) -> Cell:
        """A present cell of the only filing."""
        return self.store.kept.cells[self.filing.id][address]

    @property
    def last_step(self) -> EditStep:
        """The newest change that can be undone."""
        return list(self.store.kept.steps.values())[-1]

    def values(self) -> dict[str, str]:
        """The filled cells of the only filing."""
        cells = self.store.kept.cells.get(self.filing.id, {})
        return {address: cell.value for address, cell in cells.items() if cell.value}

    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [activity.kind for activity in self.store.kept.activities]


def a_forms(make: Callable[[FrozenClock], EngineControls | CannedControls] | None = None, **parts: Any) -> Forms:
    """The forms service on fakes, the real engine in process unless a test wants canned answers."""
    clock = FrozenClock(NOON + timedelta(hours=1))
    return Forms(controls=make(clock) if make else EngineControls(clock), clock=clock, **parts)
