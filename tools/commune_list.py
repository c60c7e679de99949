"""Make `formsets/source/communes.json`, the official geographic code of several years, from published packages.

Usage: python tools/commune_list.py YEAR=TARBALL …, each tarball as `npm pack @etalab/decoupage-administratif@VERSION`
leaves it. The README of that package tells its version for each year: 2021 1.1.1, 2022 2.3.1, 2023 3.1.1, 2024 4.1.0,
2025 5.3.0, 2026 6.0.0. Same tarballs, same bytes.
"""

import json
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from formsets.reference_lists import packed

LIST = Path(__file__).resolve().parent.parent / "formsets" / "source" / "communes.json"
SOURCE = (
    "INSEE, Code officiel géographique, au 1er janvier de chaque année ; paquets npm @etalab/decoupage-administratif"
)
LICENCE = "Licence Ouverte 2.0 (Etalab)"

_IN_FORCE = frozenset({"commune-actuelle", "arrondissement-municipal"})
"""The code of a municipal arrondissement is what SIRENE says of a seat in Paris, Lyon or Marseille."""

Commune = Mapping[str, Any]


def read(tarball: Path) -> list[Commune]:
    """The communes of one year, with their parts and the codes that they took in."""
    with tarfile.open(tarball) as archive:
        member = archive.extractfile("package/data/communes.json")
        if member is None:
            raise ValueError(f"{tarball.name} holds no communes.")
        found: list[Commune] = json.load(member)
    return found


def build(years: Mapping[int, list[Commune]]) -> dict[str, Any]:
    """The list over these years.

    Raises:
        ValueError: a code went and came back, which a first and a last year cannot say.
    """
    ordered = sorted(years)
    there = {year: {one["code"] for one in years[year] if _is_taken(one)} for year in ordered}
    since: dict[str, int] = {}
    until: dict[str, int] = {}
    every = sorted(set().union(*there.values()))
    for code in every:
        present = [year for year in ordered if code in there[year]]
        if present != [year for year in ordered if present[0] <= year <= present[-1]]:
            raise ValueError(f"{code} is there in {present}.")
        if present[0] != ordered[0]:
            since[code] = present[0]
        if present[-1] != ordered[-1]:
            until[code] = present[-1]
    return {
        "source": SOURCE,
        "licence": LICENCE,
        "first_year": ordered[0],
        "last_year": ordered[-1],
        "codes": packed(every),
        "since": since,
        "until": until,
        **_successors(years[ordered[-1]]),
    }


def _is_taken(commune: Commune) -> bool:
    """The communes that F-10 takes: 971 to 976 overseas, no territory beyond."""
    code = commune["code"]
    return commune["type"] in _IN_FORCE and (code[:2] not in {"97", "98"} or "971" <= code[:3] <= "976")


def _successors(communes: list[Commune]) -> dict[str, dict[str, str]]:
    """Communes of today in which others ended, with their name and those codes: what they list, and their own parts."""
    today = {one["code"]: one["nom"] for one in communes if _is_taken(one)}
    into = {former: one["code"] for one in communes if _is_taken(one) for former in one.get("anciensCodes", ())}
    # What the list says of a part itself wins: it is of today, while former codes are those of any time.
    into |= {one["code"]: one["chefLieu"] for one in communes if "chefLieu" in one and one["code"] not in today}
    grouped: dict[str, list[str]] = {}
    for former, code in sorted(into.items()):
        if code in today and former not in today:
            grouped.setdefault(code, []).append(former)
    return {
        "labels": {code: today[code] for code in sorted(grouped)},
        "ended": {code: " ".join(grouped[code]) for code in sorted(grouped)},
    }


def main(arguments: list[str]) -> int:
    """Write the list."""
    years = {int(year): read(Path(tarball)) for year, _, tarball in (one.partition("=") for one in arguments)}
    if not years:
        print(__doc__)
        return 2
    content = build(years)
    LIST.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{LIST.name}: {sum(rest.count(' ') + 1 for rest in content['codes'].values())} codes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
