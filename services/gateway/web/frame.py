"""What stands on every page of a filing: its step, what is left to do, and who can see it now (F35)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import formsets
from chassis.clock import day_in_paris
from chassis.errors import Failure
from services.gateway.clients.answers import (
    Delivery,
    DeliveryState,
    Document,
    Filing,
    FilingIdentity,
    Finding,
    Move,
    Passport,
    ReviewState,
    Severity,
    Standing,
    Step,
    Verdict,
)
from services.gateway.web.form_view import shown_at
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
OVER = {
    Step.REVIEW: "Rien : le dossier est signé et transmis.",
    Step.CLOSED: "Rien : le dossier est clôturé.",
    Step.ARCHIVED: "Rien : le dossier est archivé, en lecture seule.",
}
"""What is left to do after the signature, when nobody asks anything."""
MOST_CELLS = 20
AUTHORITIES = {Document.ER: "le ministère", Document.QDIS: "votre fédération"}
ASKED_FOR_TIME = {Document.ER: "au ministère", Document.QDIS: "à votre fédération"}

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
    is_done: bool = False
    """True for a sentence that says that nothing is left to do."""


def moves(filing: Filing, passport: Passport) -> list[Move]:
    """Return the moves to offer to this person; one that passes a step by makes the move to that step too."""
    held = [move for move in filing.moves if passport.may(move.permission, filing.identity.body)]
    lacking = [move.step.number for move in filing.moves if move not in held]
    now = filing.step.number
    return [move for move in held if not any(now < step < move.step.number for step in lacking)]


def is_editable(visit: Visit, filing: Filing) -> bool:
    """Tell whether to offer inputs."""
    today = day_in_paris(visit.desk.clock.now())
    is_in_time = not is_over(filing, today) and not is_to_come(filing, today)
    return filing.step in EDITABLE and not filing.is_locked and is_in_time and visit.may("filing.edit", filing)


def is_over(filing: Filing, today: date) -> bool:
    """Tell whether the last day to fill and sign the filing has passed."""
    return bool(filing.last_day) and today.isoformat() > filing.last_day


def is_to_come(filing: Filing, today: date) -> bool:
    """Tell whether the first day to fill and sign the filing is to come."""
    return today.isoformat() < filing.first_day


def why_read_only(visit: Visit, filing: Filing) -> Link | None:
    """Return why nothing is typed, imported or chosen now, leading where that changes; None where it is."""
    _, at, today = visit.wording, f"/filings/{filing.identity.filing_id}", day_in_paris(visit.desk.clock.now())
    if is_editable(visit, filing):
        return None
    if filing.is_locked:
        return Link(_("Une signature est en cours : rien n’est modifié avant qu’elle aboutisse ou s’abandonne."))
    if is_over(filing, today):
        return Link(
            _(
                "La campagne est close : son dernier jour était le {day}. Voyez ce qui reste à faire.",
                day=_.day(filing.last_day),
            )
        )
    if is_to_come(filing, today):
        return Link(_("La campagne n’ouvre que le {day}.", day=_.day(filing.first_day)))
    if filing.step in EDITABLE:
        return Link(
            _("Vous n’avez pas le droit de saisir dans ce dossier : demandez-le à l’administrateur de votre organisme.")
        )
    if filing.step is Step.SIGNATURE:
        return _sent_back(filing, visit.passport, at, _)
    return Link(_("Le dossier est signé."))


def _sent_back(filing: Filing, passport: Passport, at: str, _: Wording) -> Link:
    """Return how a filing at the signatory goes back to entry: by this person, or by whom they must ask."""
    if any(move.step is Step.ENTRY for move in moves(filing, passport)):
        text = _("Renvoyer le dossier à l’étape 1, avec la raison : ce qui suit se fait aux étapes 1 et 2 seulement.")
        return Link(text, f"{at}#moves")
    text = "Demander à un comptable ou à un directeur de l’organisme de renvoyer le dossier à l’étape 1 : ce qui suit se fait aux étapes 1 et 2 seulement."
    return Link(_(text))


def left_to_do(filing: Filing, passport: Passport, today: date, _: Wording) -> list[Link]:
    """Return what is left to do, the next thing first; each item leads where it is done."""
    at = f"/filings/{filing.identity.filing_id}"
    if filing.is_locked:
        return [Link(_("Attendre : une signature est en cours."))]
    if filing.step in OVER:
        return _after_signature(filing, passport, at, _)
    if is_over(filing, today):
        authority = _(ASKED_FOR_TIME.get(filing.identity.document, "au ministère"))
        sentence = "Demander une prolongation {authority} : rien n’est plus saisi, importé ni signé depuis le {day}."
        return [Link(_(sentence, authority=authority, day=_.day(filing.last_day)), at)]
    if is_to_come(filing, today):
        sentence = "Attendre l’ouverture de la campagne : rien n’est saisi, importé ni signé avant le {day}."
        return [Link(_(sentence, day=_.day(filing.first_day)), at)]
    items = _to_review(filing, at, _)
    if filing.step is Step.SIGNATURE and _needs_editing(filing):
        items.append(_sent_back(filing, passport, at, _))
    if filing.conflicts:
        count = len(filing.conflicts)
        text = _("Choisir entre deux valeurs pour {n} donnée(s) commune(s) en conflit.", n=count)
        items.append(Link(text, f"{at}/cells/{filing.conflicts[0]}"))
    if filing.set_aside:
        text = _("Choisir pour {n} valeur(s) mise(s) de côté par un changement de référentiel.", n=filing.set_aside)
        items.append(Link(text, f"{at}/set-aside"))
    if filing.step in EDITABLE and filing.filled < filing.fillable:
        text = _("Compléter la saisie : {n} case(s) remplie(s) sur {total}.", n=filing.filled, total=filing.fillable)
        items.append(Link(text, f"{at}/forms"))
    items += _about_verdict(filing, at, _)
    if filing.is_trial:
        return [*items, Link(_("Rien d’autre : un essai n’est ni signé ni transmis."))]
    items += [Link(_lacking(one, _), _mended_at(one, filing.identity, at)) for one in filing.lacking]
    if filing.step in EDITABLE:
        items.append(Link(_("Passer à l’étape suivante : {step}.", step=_.label(_next(filing.step))), at))
    elif passport.may("filing.sign", filing.identity.body):
        items.append(Link(_("Relire, signer et transmettre."), f"{at}/sign"))
    else:
        items.append(Link(_("Attendre la signature du responsable de l’organisme.")))
    return items


def _needs_editing(filing: Filing) -> bool:
    """Tell whether something that stands in the way of signing is mended in cells, choices or justifications."""
    in_cells = (one for one in filing.lacking if one.severity is Severity.TRANSMISSION and one.cells)
    return bool(filing.conflicts or filing.set_aside or filing.verdict in MENDING or any(in_cells))


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


def _after_signature(filing: Filing, passport: Passport, at: str, _: Wording) -> list[Link]:
    if filing.review and filing.review.state is ReviewState.ASKED and filing.step is Step.REVIEW:
        may_answer = passport.may("filing.justify", filing.identity.body)
        asks = "Répondre à la question de l’autorité : {question}" if may_answer else "L’autorité demande : {question}"
        return [Link(_(asks, question=filing.review.question), f"{at}#review"), *_to_review(filing, at, _)]
    if filing.return_request and filing.return_request.is_pending:
        return [Link(_("Attendre la décision de l’autorité sur votre demande de retour à l’étape 4."), f"{at}#return")]
    return [Link(_(OVER[filing.step]), f"{at}/receipt", is_done=True)]


def _to_review(filing: Filing, at: str, _: Wording) -> list[Link]:
    """Return the cells that somebody asked to look at again, the first of them when they are many."""
    if not filing.to_review:
        return []
    identity = filing.identity
    form_set = formsets.load(identity.form_set)
    links = []
    for cell in filing.to_review[:MOST_CELLS]:
        known_as = shown_at(form_set, identity.document.code, cell.address)
        text = _("Revoir {cell} : {reason} ({author})", cell=known_as, reason=cell.reason, author=cell.author)
        links.append(Link(text, f"{at}/cells/{known_as}"))
    more = len(filing.to_review) - MOST_CELLS
    return [*links, Link(_("Revoir encore {n} case(s).", n=more))] if more > 0 else links


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
    if filing.is_trial:
        return _("Essai visible par {team}, et personne d’autre. Il n’est jamais signé ni transmis.", team=team)
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
    _, identity, today = visit.wording, filing.identity, day_in_paris(visit.desk.clock.now())
    return {
        "filing": filing,
        "identity": identity,
        "title": title_of(filing, _),
        "tabs": _tabs(visit, filing, tab),
        "left": left_to_do(filing, visit.passport, today, _),
        "is_over": is_over(filing, today),
        "is_to_come": is_to_come(filing, today),
        "visible": who_sees(filing, await deliveries_of(visit, filing), _),
        "is_editable": is_editable(visit, filing),
        "at": f"/filings/{identity.filing_id}",
    }


def title_of(filing: Filing, _: Wording) -> str:
    """Return what a filing is called; a trial says so first."""
    identity = filing.identity
    title = f"{identity.document.code} {identity.year} — {identity.body_name or identity.body}"
    return f"{_('ESSAI')} {identity.form_set} — {title}" if filing.is_trial else title


def _tabs(visit: Visit, filing: Filing, tab: str) -> list[Link]:
    _, at = visit.wording, f"/filings/{filing.identity.filing_id}"
    offered = [
        ("", "Synthèse", True),
        ("forms", "Formulaires", True),
        ("import", "Import", is_editable(visit, filing) and visit.may("filing.import", filing)),
        ("attachments", "Pièces jointes", not filing.is_trial),
        ("remarks", "Contrôles", True),
        ("release", "Destinataires", visit.may("release.read", filing) and not filing.is_trial),
        ("sign", "Signature", filing.step is Step.SIGNATURE and visit.may("filing.sign", filing)),
        ("receipt", "Récépissé", bool(filing.signed_version) and visit.may("receipt.read", filing)),
        ("years", "Exercices et versions", True),
        ("history", "Historique", True),
    ]
    return [Link(_(text), f"{at}/{name}".rstrip("/"), name == tab) for name, text, is_shown in offered if is_shown]
