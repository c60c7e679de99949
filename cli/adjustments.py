"""The decisions of an authority on the controls of a campaign, read from a file, so that rules and digests are those of its server.

A server gives the file: `harmonia rules adjustments DOSSIER`, or the page where the authority decides.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

import formsets
from formsets import FormSet
from services.validation.domain.adjustment import WITHDRAWN, Softening, adjusted, effective, obstacle

LARGEST = 4_000_000
"""Bytes of the file."""
_SCHEMA = Path(formsets.__file__).parent / "adjustments.schema.json"


class BadAdjustments(ValueError):
    """The file cannot be used; the sentence goes to the user."""


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What one file decides about one campaign."""

    name: str
    """Of the file, for sentences."""
    document: str
    year: int
    form_set: str
    """Version that the digest is about, empty when the file says none."""
    rule_set: str
    """Digest of the server, empty when the file says none."""
    softenings: tuple[Softening, ...]


def read_adjustments(file: Path) -> Adjustments:
    """Read a file.

    Raises:
        BadAdjustments: it cannot be read, does not follow the schema, or names a control twice.
    """
    try:
        with file.open("rb") as stream:
            content = json.loads(stream.read(LARGEST))
    except OSError as error:
        raise BadAdjustments(f"{file} ne peut pas être lu : {error.strerror}.") from error
    except (ValueError, RecursionError):
        raise BadAdjustments(f"{file} n'est pas un JSON d'ajustements. Reprenez-le auprès du serveur.") from None
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    for wrong in Draft202012Validator(schema).iter_errors(content):
        place = "/".join(map(str, wrong.absolute_path)) or "racine"
        raise BadAdjustments(f"{file} n'est pas un fichier d'ajustements : {place} : {wrong.message[:200]}")
    softenings = tuple((one["control"], one["severity"] or WITHDRAWN) for one in content["adjustments"])
    if len({control for control, _ in softenings}) < len(softenings):
        raise BadAdjustments(f"{file} nomme deux fois un contrôle.")
    named = content.get("form_set", ""), content.get("rule_set", "")
    return Adjustments(file.name, content["document"], content["year"], *named, softenings)


def rules_under(form_set: FormSet, files: Iterable[Adjustments]) -> FormSet:
    """The form set as these decisions leave it, under the digest that the server's reports carry.

    Raises:
        BadAdjustments: a decision that no authority could take, or a digest that differs from the file's.
    """
    softenings: dict[str, str] = {}
    for one in files:
        _require_sound(form_set, one)
        softenings |= dict(one.softenings)
        found = adjusted(form_set, effective(form_set, one.softenings)).digest
        if one.rule_set and one.form_set == form_set.version and found != one.rule_set:
            raise BadAdjustments(
                f"{one.name} annonce l'empreinte {one.rule_set}, ces règles donnent {found}. Le serveur a un autre "
                f"référentiel {form_set.version} : prenez le même."
            )
    return adjusted(form_set, effective(form_set, softenings.items()))


def adjusted_controls(form_set: FormSet) -> list[dict[str, str | None]]:
    """Each control that is not as published, with its severity in force (None: withdrawn) and the official one."""
    in_force = {control.id: control.severity for control in form_set.controls}
    published = formsets.load(form_set.version)
    return [
        {"control": one.id, "severity": in_force.get(one.id), "official": one.severity}
        for one in published.controls
        if in_force.get(one.id) != one.severity
    ]


def _require_sound(form_set: FormSet, adjustments: Adjustments) -> None:
    known = {control.id: control for control in form_set.controls}
    for control, severity in adjustments.softenings:
        wrong = obstacle(known[control], adjustments.document, severity) if control in known else ""
        if wrong:
            raise BadAdjustments(f"{adjustments.name}, {control} : {wrong}")
