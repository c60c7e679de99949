"""Bodies that the story adds: each telling needs one that has not filed yet. Kept, so that a restart provisions them too."""

import json
from dataclasses import asdict
from pathlib import Path

from demo.accounts import Accounts, load_or_make, with_people_of, write
from demo.federation import YEAR, Federation, SampleBody, sample_bodies
from synthetic import synthesise, to_flat_csv

FIRST_SEED = 1000
SEAT = {"ID.080.v": "21000", "ID.090.v": "21231"}
"""Dijon, in the département whose préfet has a feed in the demonstration."""


def all_bodies(federation: Federation) -> tuple[SampleBody, ...]:
    """Return the sample bodies and those that earlier tellings added."""
    path = _file(federation.root)
    added = json.loads(path.read_text()) if path.exists() else []
    return (*sample_bodies(), *(SampleBody(**body) for body in added))


def add_body(federation: Federation) -> tuple[SampleBody, Path, Accounts]:
    """Make one more synthetic OPH with its file and accounts, and remember it.

    Returns:
        The body, the path of its flat file, and all the accounts.
    """
    known = all_bodies(federation)
    filing = synthesise("OPH", FIRST_SEED + len(known), YEAR).with_cells(SEAT)
    body = SampleBody(filing.siren, filing.cells["ID.010.v"], "OPH", "21")
    file = federation.root / "files" / f"oph-{body.siren}.csv"
    file.write_text(to_flat_csv(filing), encoding="utf-8")
    accounts = with_people_of(load_or_make(federation.accounts_file, known), body)
    write(federation.accounts_file, accounts)
    added = [asdict(one) for one in (*known[len(sample_bodies()) :], body)]
    _file(federation.root).write_text(json.dumps(added, ensure_ascii=False))
    return body, file, accounts


def _file(root: Path) -> Path:
    return root / "bodies.json"
