"""A whole synthetic filing, ER and QDIS, as a person of the body would type it; and its flat file."""

import datetime as dt
import itertools
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

import formsets
from formsets import FormSet
from formsets.values import written
from synthetic.books import Exercice
from synthetic.chance import seeded
from synthetic.chart import FIRST_YEAR, HISTORY_OPENS, LAST_YEAR
from synthetic.history import keep_books
from synthetic.identity import FAMILIES, Identity, draw_identity
from synthetic.profile import Profile, draw_profile
from synthetic.statements import Figure, Statements, draw_up

FORM_SET = "2024.1"
"""Package of the exercice 2024, around which bodies are drawn; each filing has the package of its own year."""
SMALLEST, LARGEST = 100, 100_000
"""Dwellings a body may be asked to own."""

_TENTHS = frozenset({"PL.170", "QE.110"})
_HUNDREDTHS = frozenset(
    {"EF.010", "EF.020", "EF.030", "EF.040", "EF.050", "EF.070", "QC.150", "QE.080", "QE.090", "QE.100", "QE.120"}
    | {"QE.130"}
)


class CannotSynthesise(ValueError):
    """No such family, seed, year or size: the sentence says which are accepted."""


@dataclass(frozen=True, slots=True)
class Filing:
    """One body, one exercice. Immutable: `with_cells` gives a changed copy."""

    identity: Identity
    seed: int
    year: int
    cells: Mapping[str, str]
    """Typed cells of both documents: address → written form, in the order of the forms."""

    @property
    def family(self) -> str:
        """OPH, ESH, COOP or SEM."""
        return self.identity.family

    @property
    def siren(self) -> str:
        """Identifier of the body."""
        return self.identity.siren

    @property
    def name(self) -> str:
        """Invented name of the body."""
        return self.identity.name

    @property
    def form_set(self) -> str:
        """Version of the package whose typed cells are filled: that of exercices opened in this year."""
        return form_set_of(self.year)

    def of_document(self, document: str) -> dict[str, str]:
        """The typed cells of the ER or of the QDIS alone."""
        form_set = formsets.load(self.form_set)
        return {address: value for address, value in self.cells.items() if form_set.document_of(address) == document}

    def with_cells(self, changes: Mapping[str, str | None]) -> "Filing":
        """A copy with these cells changed; None empties a cell."""
        cells = {address: value for address, value in {**self.cells, **changes}.items() if value is not None}
        return replace(self, cells=MappingProxyType(cells))


def form_set_of(year: int) -> str:
    """Version with which an exercice that is this calendar year is filed."""
    return formsets.version_for(dt.date(year, 1, 1))


def synthesise(family: str, seed: int, year: int, *, size: int | None = None) -> Filing:
    """A filing on which every executable control that applies passes.

    The same arguments give the same filing on any machine, and two years of a body hold together: the n1 columns of
    one are the n columns of the other, opening balances the closing ones.

    Args:
        family: OPH, ESH, COOP or SEM.
        seed: any integer from 0; bodies of seeds below 25 000 have different SIREN numbers.
        year: exercice, from `FIRST_YEAR` to `LAST_YEAR`.
        size: dwellings owned about 2024, drawn from the quartiles of the family when None.

    Raises:
        CannotSynthesise: an argument is out of these bounds.
    """
    return series(family, seed, (year,), size=size)[0]


def series(family: str, seed: int, years: Iterable[int], *, size: int | None = None) -> list[Filing]:
    """Filings of one body for these exercices, in ascending order; cheaper than one by one.

    Raises:
        CannotSynthesise: see `synthesise`.
    """
    wanted = sorted(set(years))
    _refuse_unknown(family, seed, wanted, size)
    if not wanted:
        return []
    key = f"{family}:{seed}"
    identity = draw_identity(family, seed, seeded(key, "identity"))
    profile = draw_profile(family, seeded(key, "profile"), size)
    history = keep_books(profile, key, wanted[-1])
    statements = _all_statements(profile, history)
    filings = []
    for year in wanted:
        rows = _Rows(identity, profile, key, year, history, statements)
        filings.append(Filing(identity, seed, year, MappingProxyType(rows.fill(formsets.load(form_set_of(year))))))
    return filings


def _refuse_unknown(family: str, seed: int, years: list[int], size: int | None) -> None:
    if family not in FAMILIES:
        raise CannotSynthesise(f"Famille inconnue : « {family} ». Choisir parmi {', '.join(FAMILIES)}.")
    if seed < 0:
        raise CannotSynthesise(f"La graine doit être positive ou nulle : {seed}.")
    for year in years:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CannotSynthesise(f"Exercice hors de portée : {year}. Choisir entre {FIRST_YEAR} et {LAST_YEAR}.")
    if size is not None and not SMALLEST <= size <= LARGEST:
        raise CannotSynthesise(f"Taille hors de portée : {size}. Choisir entre {SMALLEST} et {LARGEST} logements.")


def _all_statements(profile: Profile, history: list[Exercice]) -> dict[int, Statements]:
    drawn: dict[int, Statements] = {}
    ratios = [Decimal(0), Decimal(0)]
    for previous, exercice in itertools.pairwise(history):
        statement = draw_up(exercice, previous, profile.is_spreading_interest, (ratios[-1], ratios[-2]))
        ratios.append(statement.ratio)
        drawn[exercice.year] = statement
    return drawn


class _Rows:
    """Reads each typed cell of a year from the books of that year and of the two before."""

    def __init__(
        self,
        identity: Identity,
        profile: Profile,
        key: str,
        year: int,
        history: list[Exercice],
        statements: dict[int, Statements],
    ) -> None:
        self._profile = profile
        last = year - HISTORY_OPENS
        self._now, self._before = history[last].own, history[last - 1].own
        self._statements = {"n1": statements[year - 1].figures, "n2": statements[year - 2].figures}
        self._last_ratios = statements[year].figures
        self._texts = self._write_texts(identity, profile, year, seeded(key, year, "texts"))

    def fill(self, form_set: FormSet) -> dict[str, str]:
        cells = {}
        for address in form_set.cells():
            if form_set.is_computed(address) or form_set.is_closed(address):
                continue
            value = self._read(address, form_set.cell_type(address))
            if value is not None:
                cells[address] = value
        return cells

    def _read(self, address: str, cell_type: str) -> str | None:
        line, _, column = address.rpartition(".")
        form = line[:2]
        if column == "v":
            return self._texts.get(line)
        if form == "AF":
            source = self._last_ratios if column == "n" else self._statements[column]
            return _figure(source[line], cell_type)
        if form == "SF" and column == "n1":
            return _figure(self._statements["n1"][line], cell_type)
        return _scaled(line, self._amount(address, line, column))

    def _amount(self, address: str, line: str, column: str) -> int:
        if column != "n1":
            return self._now[address]
        if line[:2] == "BA":
            return self._before[f"{line}.brut"] - self._before[f"{line}.amort"]
        if line[:2] == "CC":
            return self._before[f"{line}.nr"] + self._before.get(f"{line}.rec", 0)
        return self._before[f"{line}.n"]

    @staticmethod
    def _write_texts(identity: Identity, profile: Profile, year: int, rng: random.Random) -> dict[str, str]:
        is_public = profile.has_public_accounts and year <= 2020
        return {
            "ID.010": identity.name,
            "ID.020": identity.short_name,
            "ID.030": identity.siren,
            "ID.040": identity.siret,
            "ID.050": identity.family,
            "ID.060": identity.federal_code,
            "ID.070": identity.address,
            "ID.080": identity.postcode,
            "ID.090": identity.commune,
            "ID.110": identity.phone,
            "ID.120": identity.email,
            "ID.130": identity.chair,
            "ID.140": identity.director,
            "ID.150": identity.accountant,
            "ID.160": f"{year}-01-01",
            "ID.170": f"{year}-12-31",
            "ID.190": f"{year + 1}-04-{rng.randint(10, 30):02d}",
            "ID.200": f"{year + 1}-06-{rng.randint(4, 28):02d}",
            "ID.210": identity.auditor,
            "ID.220": "RESERVES" if rng.random() < 0.08 else "SANS_RESERVE",
            "ID.230": "PUBLIC_M31" if is_public else "COMMERCE",
            "ID.240": _boolean(profile.is_spreading_interest),
            "ID.250": identity.parent,
            "ID.270": "harmonia sample",
            "QA.060": identity.accountant,
            "QA.070": identity.email.replace("contact@", "comptabilite@"),
            "QA.080": "true",
            "QA.090": _boolean(profile.accession > 0),
            "QA.100": identity.area,
            "QA.110": "false",
        }


def _boolean(truth: bool) -> str:
    return "true" if truth else "false"


def _scaled(line: str, amount: int) -> str:
    digits = 1 if line in _TENTHS else 2 if line in _HUNDREDTHS else 0
    if not digits:
        return str(amount)
    return written(Decimal(amount).scaleb(-digits))


def _figure(figure: Figure, cell_type: str) -> str:
    return _boolean(figure) if isinstance(figure, bool) else written(Decimal(figure), cell_type)
