"""Invented bodies whose filings hold together, for the demo, the tests, the benchmarks and `harmonia sample`.

Pure: no clock, no global randomness, no file. The same family, seed and year give the same filing everywhere. Nothing
about a real body, and no rule of the controls, belongs here: the controls are the form package's, the verdict is the
engine's.
"""

from synthetic.chart import FIRST_YEAR, LAST_YEAR
from synthetic.fault import FAULTS, Change, Fault, NoSuchFault, with_fault
from synthetic.filing import FORM_SET, CannotSynthesise, Filing, series, synthesise
from synthetic.flat_file import SEPARATORS, computed_cells, to_flat_csv
from synthetic.identity import FAMILIES, Identity

__all__ = [
    "FAMILIES",
    "FAULTS",
    "FIRST_YEAR",
    "FORM_SET",
    "LAST_YEAR",
    "SEPARATORS",
    "CannotSynthesise",
    "Change",
    "Fault",
    "Filing",
    "Identity",
    "NoSuchFault",
    "computed_cells",
    "series",
    "synthesise",
    "to_flat_csv",
    "with_fault",
]
