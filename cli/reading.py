"""Reads for `harmonia check` whatever the service imports, with its very readers, against the form set of the file's exercice."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import formsets
from chassis.errors import Invalid
from formsets import FormSet
from formsets.flat_file import LARGEST, TOO_LARGE, Entry, FlatFile, Guess
from services.forms.clients.uploads.balances import Balance
from services.forms.clients.uploads.reading import read_upload
from services.forms.clients.uploads.refusal import FileRefused
from services.forms.domain.accounts import AccountBalance, MappedPrefix, require_sound
from services.forms.usecases.ports import FileContent
from services.forms.usecases.preview_import import filled

OTHER_VERSION = "F-28"
"""The control of a file that says it follows another version."""
LARGEST_MAPPING = 4_000_000
"""Bytes of a file of account rules."""


class BadMapping(ValueError):
    """The file of account rules cannot be used; the sentence goes to the user."""


def read_file(
    content: bytes, file_name: str, version: str | None, own: Sequence[MappedPrefix] = ()
) -> tuple[FormSet, FlatFile]:
    """Read a file with the version asked for, or else with that of the year in which its exercice opens.

    Args:
        content: the file.
        file_name: which tells the body and the exercice of a FEC.
        version: of the form set; None: that of the file.
        own: rules of the body for the accounts of a balance or a FEC.

    Raises:
        UnknownFormSet: there is no such version.
        BadMapping: an account rule cannot be applied.
    """
    form_set = formsets.load(version or formsets.available()[-1])
    file = _read_with(form_set, content, file_name, own)
    if version is not None:
        return form_set, file
    if any(problem.control == OTHER_VERSION for problem in file.problems):
        older = [formsets.load(known) for known in reversed(formsets.available()[:-1])]
        readings = ((other, _read_with(other, content, file_name, own)) for other in older)
        return next((reading for reading in readings if not reading[1].is_refused), (form_set, file))
    if file.opening_year is None:
        return form_set, file
    applying = formsets.version_for(dt.date(max(file.opening_year, 1), 1, 1))
    if applying == form_set.version:
        return form_set, file
    return formsets.load(applying), _read_with(formsets.load(applying), content, file_name, own)


def read_mapping(file: Path) -> list[MappedPrefix]:
    """Read the body's own rules for accounts, as `harmonia mapping DOSSIER --json` prints them.

    Raises:
        BadMapping: it cannot be read or is not that.
    """
    try:
        with file.open("rb") as stream:
            content = json.loads(stream.read(LARGEST_MAPPING))
        rules = content["rules"] if isinstance(content, dict) else content
        return [_rule(rule) for rule in rules if rule.get("is_own", True)]
    except OSError as error:
        raise BadMapping(f"{file} ne peut pas être lu : {error.strerror}.") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadMapping(
            f"{file} n'est pas une correspondance de comptes. Reprenez-la : harmonia mapping DOSSIER --json."
        ) from None


def _rule(rule: dict[str, Any]) -> MappedPrefix:
    return MappedPrefix(str(rule["prefix"]), str(rule["address"]), str(rule.get("side", "debit")))


def _read_with(form_set: FormSet, content: bytes, file_name: str, own: Sequence[MappedPrefix]) -> FlatFile:
    if len(content) > LARGEST:
        return FlatFile(problems=(TOO_LARGE,))
    try:
        found = read_upload(form_set, content, file_name)
    except FileRefused as refused:
        return FlatFile(problems=(refused.problem,))
    return _filled(form_set, found, own) if isinstance(found, Balance) else found


def _filled(form_set: FormSet, balance: Balance, own: Sequence[MappedPrefix]) -> FlatFile:
    """The cells that accounts fill, as the lines of a file."""
    try:
        require_sound(form_set, "", own)
    except Invalid as invalid:
        told = " ".join(f"{one.field} : {one.description}" for one in invalid.violations)
        raise BadMapping(f"La correspondance des comptes ne s'applique pas. {told}") from invalid
    accounts = [AccountBalance(a.account, a.label, a.debit, a.credit, a.line) for a in balance.accounts.values()]
    content, _ = filled(form_set, FileContent([], [], balance.guesses, accounts), own)
    return FlatFile(
        entries=tuple(Entry(line.line, line.address, line.text) for line in content.lines),
        problems=tuple(balance.problems),
        guesses=tuple(Guess("accounts", "", french, english) for french, english in content.guesses),
        siren=balance.siren,
        year=balance.year,
        opening_year=balance.year,
    )
