"""Reference lists of a package: codes that somebody else publishes, each in force from one year to another.

A list is kept packed, as its file has it: thirty-five thousand commune codes are 180 kB of text, and a form asks one of
them. As objects they would be four megabytes in each worker.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIX = 2
"""Leading characters by which the codes of a list are grouped."""


@dataclass(frozen=True, slots=True)
class Successor:
    """What a code that ended became part of."""

    code: str
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceList:
    """The codes of one list."""

    name: str
    """As expressions name it: `communes`."""
    source: str
    """Who publishes it, and by what way it came here."""
    licence: str
    first_year: int
    """The list is known as it stood on 1 January of each year from this one…"""
    last_year: int
    """… to this one."""
    since: Mapping[str, int]
    """Code → first year, for those that were not there in the first one."""
    until: Mapping[str, int]
    """Code → last year, for those that are not there in the last one."""
    labels: Mapping[str, str]
    """Successor → its name."""
    _ended: Mapping[str, str] = field(repr=False)
    """Successor → the codes that are part of it in the last year, also those that ended before the first year."""
    _codes: Mapping[str, str] = field(repr=False)
    """Prefix → rest of each code, sorted, a space before and after each."""

    def __len__(self) -> int:
        """Codes that are or were in force."""
        return sum(rest.count(" ") - 1 for rest in self._codes.values())

    def __contains__(self, code: object) -> bool:
        """Whether the code is or was in force in one of the years."""
        if not isinstance(code, str) or " " in code:
            return False
        return f" {code[PREFIX:]} " in self._codes.get(code[:PREFIX], "")

    def __iter__(self) -> Iterator[str]:
        """Every code that is or was in force, in order."""
        for prefix, rest in self._codes.items():
            yield from (prefix + tail for tail in rest.split())

    def in_force(self, code: str, year: int) -> bool:
        """Whether the code was in force on 1 January of an exercice's year or on the day after its end.

        What merges does so on a 1 January: a filing is made in the year that follows its exercice, when the body already
        has the code of today, while that of the exercice is right as well. A year before the first one known, or after the
        last, is answered as that one.
        """
        if code not in self:
            return False
        starts, ends = (min(max(one, self.first_year), self.last_year) for one in (year, year + 1))
        return self.since.get(code, self.first_year) <= ends and self.until.get(code, self.last_year) >= starts

    def successor_of(self, code: str) -> Successor | None:
        """What a code that ended is part of today, None when that is not known or it did not end."""
        into = next((into for into, ended in self._ended.items() if code in ended.split()), None)
        return Successor(into, self.labels[into]) if into is not None else None

    def successors(self) -> dict[str, str]:
        """Code that ended → the code that it is part of."""
        return {code: into for into, ended in self._ended.items() for code in ended.split()}


def reference_list(name: str, raw: Mapping[str, Any]) -> ReferenceList:
    """The list of its file's content (`lists.json`), which follows `package.schema.json`."""
    return ReferenceList(
        name=name,
        source=raw["source"],
        licence=raw["licence"],
        first_year=raw["first_year"],
        last_year=raw["last_year"],
        since=raw["since"],
        until=raw["until"],
        labels=raw["labels"],
        _ended=raw["ended"],
        _codes={prefix: f" {rest} " for prefix, rest in raw["codes"].items()},
    )


def of_years(raw: Mapping[str, Any], first_year: int, last_year: int) -> dict[str, Any]:
    """The content of a list for some of its years: what began later is left out, what ended before is no more in force.

    Raises:
        ValueError: the list is not known for these years.
    """
    if not raw["first_year"] <= first_year <= last_year <= raw["last_year"]:
        raise ValueError(f"The list is known from {raw['first_year']} to {raw['last_year']}.")
    since = {code: year for code, year in raw["since"].items() if year > first_year}
    until = {code: year for code, year in raw["until"].items() if year < last_year}
    whole = reference_list("", raw)
    kept = [
        code for code in whole if since.get(code, first_year) <= last_year and until.get(code, last_year) >= first_year
    ]
    there = frozenset(kept)
    in_force = there - until.keys()
    return {
        **raw,
        "first_year": first_year,
        "last_year": last_year,
        "codes": packed(kept),
        "since": {code: year for code, year in since.items() if code in there},
        "until": {code: year for code, year in until.items() if code in there},
        "labels": {into: label for into, label in raw["labels"].items() if into in in_force},
        "ended": {into: codes for into, codes in raw["ended"].items() if into in in_force},
    }


def packed(codes: list[str]) -> dict[str, str]:
    """Codes as a file has them: prefix → the rest of each, sorted, separated by a space."""
    grouped: dict[str, list[str]] = {}
    for code in sorted(codes):
        grouped.setdefault(code[:PREFIX], []).append(code[PREFIX:])
    return {prefix: " ".join(rest) for prefix, rest in grouped.items()}
