"""`harmonia sample`: write invented filings, sound or with one chosen fault, as flat files. No server is needed."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track

from synthetic import (
    FAULTS,
    CannotSynthesise,
    Filing,
    NoSuchFault,
    series,
    to_flat_csv,
    with_fault,
)

WRITTEN = 0
"""Exit code: every file is written."""
REFUSED = 2
"""Exit code: an argument is wrong, or a file cannot be written."""

MOST_BODIES = 10_000
"""Bodies in one run."""
ANY_FAULT = "?"
"""Value of `--fault` that lets the seed choose the control."""

_SHOWN_PROGRESS = 20
"""Files from which a progress bar is shown: above a second on a slow machine."""


class _Refused(Exception):
    """An argument that cannot be served; its sentence goes to the user."""


def sample_command(
    family: str,
    seed: int,
    year: int,
    fault: str | None = None,
    output: Path | None = None,
    years: int = 1,
    count: int = 1,
    size: int | None = None,
    typed_only: bool = False,
) -> int:
    """Write one filing to a file or the standard output, or several into a folder; return the exit code (0 or 2).

    Args:
        family: OPH, ESH, COOP or SEM, in any case.
        seed: of the first body; the next ones take the next seeds.
        year: the last exercice.
        fault: official id of the control to fail in the last exercice of each body, or `?` for any.
        output: a file for one filing, a folder for several; the standard output when None.
        years: consecutive exercices of each body, ending with `year`.
        count: bodies.
        size: dwellings of each body about 2024, drawn when None.
        typed_only: leave the computed cells out.
    """
    try:
        _write(family.upper(), seed, year, fault, output, years, count, size, typed_only)
    except (_Refused, CannotSynthesise, NoSuchFault) as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except OSError as error:
        print(f"{error.filename or output} ne peut pas être écrit : {error.strerror}.", file=sys.stderr)
        return REFUSED
    return WRITTEN


def _write(
    family: str,
    seed: int,
    year: int,
    fault: str | None,
    output: Path | None,
    years: int,
    count: int,
    size: int | None,
    typed_only: bool,
) -> None:
    if years < 1:
        raise _Refused(f"Le nombre d'exercices doit être d'au moins 1 : {years}.")
    if not 1 <= count <= MOST_BODIES:
        raise _Refused(f"Le nombre d'organismes doit aller de 1 à {MOST_BODIES} : {count}.")
    control = None if fault in {None, ANY_FAULT} else str(fault).upper()
    if control is not None and control not in FAULTS:
        raise _Refused(f"Aucune faute ne met en échec {control}. Contrôles possibles : {', '.join(FAULTS)}.")
    filings = _filings(
        family, seed, range(year - years + 1, year + 1), count, size, is_spoilt=bool(fault), fault=control
    )
    if years == count == 1:
        _write_one(next(filings), output, typed_only)
        return
    if output is None:
        raise _Refused("Plusieurs dossiers : indiquer le répertoire de sortie avec -o.")
    if output.exists() and not output.is_dir():
        raise _Refused(f"{output} est un fichier ; plusieurs dossiers demandent un répertoire.")
    number = years * count
    console = Console(stderr=True)
    for filing in track(
        filings, "Rédaction des dossiers", number, console=console, disable=number < _SHOWN_PROGRESS, transient=True
    ):
        output.mkdir(parents=True, exist_ok=True)
        name = f"{filing.family.lower()}-{filing.siren}-{filing.year}.csv"
        (output / name).write_text(to_flat_csv(filing, not typed_only), encoding="utf-8", newline="")
    console.print(f"{number} dossiers écrits dans {output}.", highlight=False)


def _filings(
    family: str, seed: int, years: range, count: int, size: int | None, *, is_spoilt: bool, fault: str | None
) -> Iterator[Filing]:
    for body in range(seed, seed + count):
        *earlier, last = series(family, body, years, size=size)
        yield from earlier
        if is_spoilt:
            last, injected = with_fault(last, fault, body)
            print(f"{last.siren} {last.year} : {injected.control}, {injected.description}", file=sys.stderr)
        yield last


def _write_one(filing: Filing, output: Path | None, typed_only: bool) -> None:
    text = to_flat_csv(filing, not typed_only)
    if output is None:
        sys.stdout.write(text)
        return
    if output.is_dir():
        output = output / f"{filing.family.lower()}-{filing.siren}-{filing.year}.csv"
    if not output.parent.is_dir():
        raise _Refused(f"Le répertoire {output.parent} n'existe pas.")
    output.write_text(text, encoding="utf-8", newline="")
