"""What stands on every page of a filing: its step, what is left to do, and who can see it now (F35)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import formsets
from chassis.errors import Failure
from services.gateway.clients.answers import (
    Delivery,
    DeliveryState,
    Document,
    Filing,
    FilingIdentity,
    Finding,
    Passport,
    Severity,
    Standing,
    Step,
    Verdict,
)
from services.gateway.web.visit import Visit
from services.gateway.web.wording import Wording

EDITABLE = (Step.ENTRY, Step.ACCOUNTING)
MENDING = {
    Verdict.BLOCKED: "Corriger les contrôles bloquants.",
    Verdict.NOT_EVALUABLE: "Remplir les cases obligatoires : des contrôles n’ont pas pu être évalués.",
    Verdict.TO_JUSTIFY: "Corriger ou justifier les anomalies.",
}
"""What a verdict asks for."""
OWN = {Document.ER: "MIN", Document.QDIS: "FED-"}
"""How the code of the authority of a document begins among the recipients."""
AUTHORITIES = {Document.ER: "le ministère", Document.QDIS: "votre fédération"}

SINCE = {
    Standing.SUSPENDED: "Suspendue depuis le {at}",
    Standing.WITHDRAWN: "Retirée depuis le {at} : plus en vigueur chez ce destinataire",
}
"""What a version is to a recipient that was told so."""


@dataclass(frozen=True, slots=True)
class Link:
    """A sentence that leads somewhere; an empty path leads nowhere."""

    text: str
    path: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A step the person may move the filing to."""

    step: Step
    needs_reason: bool


_MOVES: dict[tuple[Step, Step], str] = {
    (Step.ENTRY, Step.ACCOUNTING): "filing.edit",
    (Step.ENTRY, Step.SIGNATURE): "filing.validate",
    (Step.ACCOUNTING, Step.SIGNATURE): "filing.validate",
    (Step.ACCOUNTING, Step.ENTRY): "filing.return",
    (Step.SIGNATURE, Step.ENTRY): "filing.return",
    (Step.SIGNATURE, Step.ACCOUNTING): "filing.return",
}
"""Buttons to offer; `forms` decides whether the move is made."""


def moves(filing: Filing, passport: Passport) -> list[Move]:
    """Return the moves to offer to this person."""
    return [
        Move(to, needs_reason=to.number < filing.step.number)
        for (at, to), permission in _MOVES.items()
        if at is filing.step and passport.may(permission, filing.identity.body)
    ]


def is_editable(filing: Filing, passport: Passport) -> bool:
    """Tell whether to offer inputs."""
    return filing.step in EDITABLE and not filing.is_locked and passport.may("filing.edit", filing.identity.body)


def left_to_do(filing: Filing, passport: Passport, _: Wording) -> list[Link]:
    """Return what is left to do, the next thing first; each item leads where it is done."""
    at = f"/filings/{filing.identity.filing_id}"
    if filing.is_locked:
        return [Link(_("Attendre : une signature est en cours."))]
    if filing.step not in (*EDITABLE, Step.SIGNATURE):
        return [Link(_("Rien : le dossier est signé et transmis."), f"{at}/receipt")]
    items = []
    if filing.conflicts:
        count = len(filing.conflicts)
        text = _("Choisir entre deux valeurs pour {n} donnée(s) commune(s) en conflit.", n=count)
        items.append(Link(text, f"{at}/cells/{filing.conflicts[0]}"))
    if filing.step in EDITABLE and filing.filled < filing.fillable:
        text = _("Compléter la saisie : {n} case(s) remplie(s) sur {total}.", n=filing.filled, total=filing.fillable)
        items.append(Link(text, f"{at}/forms"))
    items += _about_verdict(filing, at, _)
    items += [Link(_lacking(one, _), _mended_at(one, filing.identity, at)) for one in filing.lacking]
    if filing.step in EDITABLE:
        items.append(Link(_("Passer à l’étape suivante : {step}.", step=_.label(_next(filing.step))), at))
    elif passport.may("filing.sign", filing.identity.body):
        items.append(Link(_("Relire, signer et transmettre."), f"{at}/sign"))
    else:
        items.append(Link(_("Attendre la signature du responsable de l’organisme.")))
    return items


def _lacking(finding: Finding, _: Wording) -> str:
    what, where, how = _.parts(finding.detail)
    sentence = " ".join((what, where, how if finding.severity is Severity.TRANSMISSION else ""))
    return f"{finding.control}{_.colon} {sentence.strip()}"


def _mended_at(finding: Finding, identity: FilingIdentity, at: str) -> str:
    """Return the page where what lacks is given: the cell that the control looks at, else the attachments (W-03)."""
    form_set, cell = formsets.load(identity.form_set), next(iter(finding.cells), "")
    if finding.severity is not Severity.TRANSMISSION:
        return f"{at}/remarks"
    if not form_set.has_cell(cell):
        return f"{at}/attachments"
    return f"{at}/forms/{form_set.form_of(cell).code}#cell-{cell}"


def _about_verdict(filing: Filing, at: str, _: Wording) -> list[Link]:
    sentence = MENDING.get(filing.verdict)
    return [Link(_(sentence), f"{at}/remarks")] if sentence else []


def _next(step: Step) -> Step:
    return Step.ACCOUNTING if step is Step.ENTRY else Step.SIGNATURE


def who_sees(filing: Filing, deliveries: Sequence[Delivery], _: Wording) -> str:
    """Return the sentence that says who can read this filing now, and when others will."""
    name = filing.identity.body_name or filing.identity.body
    authority = _(AUTHORITIES.get(filing.identity.document, "le ministère"))
    team = _("les utilisateurs de {name}", name=name)
    if not filing.signed_version:
        return _(
            "Visible par {team}, et personne d’autre. Ni {authority} ni aucun partenaire ne le voit avant la signature.",
            team=team,
            authority=authority,
        )
    receivers = _names(
        d.recipient_name or d.recipient
        for d in deliveries
        if d.state is not DeliveryState.SUPERSEDED
        and d.standing not in (Standing.REPLACED, Standing.WITHDRAWN)
        and not d.recipient.startswith(OWN.get(filing.identity.document, "MIN"))
    )
    sentence = _(
        "Version {n} signée, visible par {team}, par {authority}",
        n=filing.signed_version,
        team=team,
        authority=authority,
    )
    seen = (sentence + _(" et par : {names}", names=receivers) if receivers else sentence) + "."
    if filing.reopened_at is None:
        return seen
    return f"{seen} " + _("La rectification en cours n’est visible que par {team}.", team=team)


def standing_of(delivery: Delivery, _: Wording) -> str:
    """Return what the version is to its recipient, since when, and whether the recipient confirmed the notice."""
    since = {Standing.SUSPENDED: delivery.suspended_at, Standing.WITHDRAWN: delivery.withdrawn_at}
    if delivery.standing is Standing.UNSPECIFIED:
        return "—"
    if delivery.standing not in since:
        return _.label(delivery.standing)
    text = _(SINCE[delivery.standing], at=_.moment(since[delivery.standing]))
    confirmed = delivery.notice_acknowledged_at
    told = (
        _("avis pris en compte le {at}", at=_.moment(confirmed)) if confirmed else _("avis pas encore pris en compte")
    )
    return f"{text} ({told})"


def _names(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


async def deliveries_of(visit: Visit, filing: Filing) -> tuple[Delivery, ...]:
    """Return who received the filing; nothing when it is not signed, or when that cannot be told now."""
    if not filing.signed_version or not visit.may("delivery.read", filing):
        return ()
    try:
        return await visit.services.releases.deliveries(filing.identity)
    except Failure:
        return ()


async def framed(visit: Visit, filing: Filing, tab: str) -> dict[str, Any]:
    """Return what the frame of a filing's page shows."""
    _, identity = visit.wording, filing.identity
    return {
        "filing": filing,
        "identity": identity,
        "title": f"{identity.document.code} {identity.year} — {identity.body_name or identity.body}",
        "tabs": _tabs(visit, filing, tab),
        "left": left_to_do(filing, visit.passport, _),
        "visible": who_sees(filing, await deliveries_of(visit, filing), _),
        "is_editable": is_editable(filing, visit.passport),
        "at": f"/filings/{identity.filing_id}",
    }


def _tabs(visit: Visit, filing: Filing, tab: str) -> list[Link]:
    _, at = visit.wording, f"/filings/{filing.identity.filing_id}"
    offered = [
        ("", "Synthèse", True),
        ("forms", "Formulaires", True),
        ("import", "Import", is_editable(filing, visit.passport) and visit.may("filing.import", filing)),
        ("attachments", "Pièces jointes", True),
        ("remarks", "Contrôles", True),
        ("release", "Destinataires", visit.may("release.read", filing)),
        ("sign", "Signature", filing.step is Step.SIGNATURE and visit.may("filing.sign", filing)),
        ("receipt", "Récépissé", bool(filing.signed_version) and visit.may("receipt.read", filing)),
        ("years", "Exercices et versions", True),
        ("history", "Historique", True),
    ]
    return [Link(_(text), f"{at}/{name}".rstrip("/"), name == tab) for name, text, is_shown in offered if is_shown]
