"""The failures of this service, by name."""

from collections.abc import Sequence
from datetime import date

from chassis.errors import (
    Conflict,
    Invalid,
    NotFound,
    RuleBroken,
    ThreeParts,
    Unavailable,
    Violation,
    violation,
)


class FilingUnknown(NotFound):
    """There is no such filing, or the caller must not learn that there is: the two answers are the same."""

    reason = "FILING_UNKNOWN"

    def __init__(self, message: str = "Ce dossier n'existe pas.") -> None:
        super().__init__(message)


class BodyUnknown(NotFound):
    """There is no such body, or the caller must not learn that there is."""

    reason = "BODY_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("Cet organisme n'existe pas sur ce serveur.")


class ImportUnknown(NotFound):
    """There is no such import preview of this filing."""

    reason = "IMPORT_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("Cet aperçu d'import n'existe pas.")


class EditStepUnknown(NotFound):
    """There is no such step of this filing."""

    reason = "EDIT_STEP_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("Cette modification n'existe pas dans ce dossier.")


class TrialOnly(RuleBroken):
    """A trial is typed, imported and checked; it is not signed, sent, moved, justified, attached to or exported."""

    reason = "TRIAL_ONLY"

    def __init__(self) -> None:
        super().__init__(
            "Ce dossier est un essai : il se remplit et se contrôle, rien de plus. Il n'est jamais transmis."
        )


class NotATrial(RuleBroken):
    """A real filing is not thrown away."""

    reason = "NOT_A_TRIAL"

    def __init__(self) -> None:
        super().__init__("Seul un essai peut être jeté.")


class FormSetNotOnTrial(RuleBroken):
    """The form set cannot be tried: it is a draft, published, or closed."""

    reason = "FORM_SET_NOT_ON_TRIAL"


class AlreadyUndone(RuleBroken):
    """The step was undone before; undoing that undo brings it back."""

    reason = "ALREADY_UNDONE"

    def __init__(self) -> None:
        super().__init__("Cette modification est déjà annulée. Pour la rétablir, annulez l'annulation.")


class PublicationUnknown(NotFound):
    """There is no such publication of a form set."""

    reason = "PUBLICATION_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("Cette publication n'existe pas.")


class PublicationSuperseded(RuleBroken):
    """Another form set was published since: that publication must be undone first."""

    reason = "PUBLICATION_SUPERSEDED"

    def __init__(self) -> None:
        super().__init__("Un autre référentiel a été publié depuis : annulez d'abord cette publication-là.")


class PublicationNotInForce(RuleBroken):
    """The publication to go on with is not the one that gave the campaign its form set: going on would undo a later decision."""

    reason = "PUBLICATION_NOT_IN_FORCE"

    def __init__(self, campaign: str) -> None:
        fr = ThreeParts(
            "Cette publication n'est pas celle en vigueur : rien n'a été relancé.",
            f"Campagne {campaign}.",
            "Annulez la publication qui l'a remplacée, ou publiez à nouveau ce référentiel en connaissance de cause.",
        )
        en = ThreeParts(
            "This publication is not the one in force: nothing was started again.",
            f"Campaign {campaign}.",
            "Take back the publication that replaced it, or knowingly publish this form set again.",
        )
        super().__init__(str(fr), violations=[violation("publication_id", self.reason, fr, en)])


class PublicationUnderWay(RuleBroken):
    """The campaign is being given a form set, or one is being taken back: one change at a time."""

    reason = "PUBLICATION_UNDER_WAY"

    def __init__(self) -> None:
        super().__init__(
            "Un changement de référentiel de cette campagne est en cours : attendez sa fin, ou annulez-le."
        )


class PublicationLeaseLost(Conflict):
    """Another worker has this publication now, or it is being taken back."""

    reason = "PUBLICATION_LEASE_LOST"

    def __init__(self) -> None:
        super().__init__("Un autre processus a repris cette publication.")


class FormSetNotPublished(RuleBroken):
    """A campaign takes published form sets only."""

    reason = "FORM_SET_NOT_PUBLISHED"


class FormSetNotApplicable(RuleBroken):
    """Exercices of that year are not filed with this form set (F-28)."""

    reason = "FORM_SET_NOT_APPLICABLE"

    def __init__(self, version: str, year: int) -> None:
        fr = ThreeParts(
            f"Un exercice ouvert en {year} ne se dépose pas avec le référentiel {version}.",
            "Contrôle F-28.",
            "Prenez le référentiel de l'exercice, ou demandez expressément la publication malgré tout.",
        )
        en = ThreeParts(
            f"An exercice opened in {year} is not filed with form set {version}.",
            "Control F-28.",
            "Take the form set of the exercice, or ask expressly to publish it all the same.",
        )
        super().__init__(str(fr), violations=[violation("form_set", self.reason, fr, en)])


class FormSetStateRefused(RuleBroken):
    """The form set may not go to that state from where it is."""

    reason = "FORM_SET_STATE_REFUSED"


class FormSetNoLongerShipped(RuleBroken):
    """The form set a version was signed under is shipped no more: a file laid out by another one would not be what was signed."""

    reason = "FORM_SET_NO_LONGER_SHIPPED"

    def __init__(self) -> None:
        super().__init__(
            "Cette version a été signée sous un référentiel qui n'est plus livré ici : son export ne serait pas fidèle. "
            "Téléchargez le conteneur signé, qui fait foi."
        )


class SetAsideUnknown(NotFound):
    """No value of this cell waits for a choice."""

    reason = "SET_ASIDE_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("Aucune valeur mise de côté n'attend un choix pour cette case.")


class CampaignMalformed(Invalid):
    """The campaign as asked for cannot be."""

    reason = "CAMPAIGN_MALFORMED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("La campagne demandée est incorrecte.", violations=violations)


class NoCampaign(RuleBroken):
    """No campaign is open for this document, year and family on this server."""

    reason = "NO_CAMPAIGN"


class CampaignClosed(RuleBroken):
    """The last day to fill and sign is over; the violation says which, and whom to ask, in both languages."""

    reason = "CAMPAIGN_CLOSED"

    def __init__(self, document: str, year: int, last_day: date, *, is_correction: bool) -> None:
        whom = _AUTHORITIES[document]
        fr = ThreeParts(
            f"{'Les corrections' if is_correction else 'La saisie'} du {document} {year} "
            f"{'sont closes' if is_correction else 'est close'} depuis le {last_day:%d/%m/%Y}.",
            "Rien n'y est plus saisi, importé ni signé.",
            f"Demandez une prolongation {whom[0]}.",
        )
        en = ThreeParts(
            f"{'Corrections' if is_correction else 'Entry'} of the {document} {year} closed after {last_day.isoformat()}.",
            "Nothing is typed, imported or signed any more.",
            f"Ask {whom[1]} for an extension.",
        )
        told = [violation("last_day", self.reason, fr, en)]
        super().__init__(str(fr), metadata={"last_day": last_day.isoformat()}, violations=told)


class CampaignNotOpen(RuleBroken):
    """The first day to fill and sign is to come; the violation says which, in both languages."""

    reason = "CAMPAIGN_NOT_OPEN"

    def __init__(self, document: str, year: int, first_day: date) -> None:
        fr = ThreeParts(
            f"La saisie du {document} {year} ouvre le {first_day:%d/%m/%Y} : la campagne a été déplacée.",
            "Rien n'y est saisi, importé ni signé avant.",
            "Revenez ce jour-là ; ce qui est déjà saisi est gardé.",
        )
        en = ThreeParts(
            f"Entry of the {document} {year} opens on {first_day.isoformat()}: the campaign was moved.",
            "Nothing is typed, imported or signed before.",
            "Come back that day; what was typed already is kept.",
        )
        told = [violation("first_day", self.reason, fr, en)]
        super().__init__(str(fr), metadata={"first_day": first_day.isoformat()}, violations=told)


_AUTHORITIES = {"ER": ("au ministère", "the ministry"), "QDIS": ("à votre fédération", "your federation")}
"""Whom to ask for more time, by document."""


class CellsRefused(Invalid):
    """At least one cell is malformed; nothing was saved."""

    reason = "CELLS_REFUSED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        count = len(violations)
        sentence = "Une case est refusée" if count == 1 else f"{count} cases sont refusées"
        super().__init__(f"{sentence} : rien n'a été enregistré.", violations=violations)


class CellsChanged(Conflict):
    """Somebody changed a cell meanwhile; the violations say which, with the present value."""

    reason = "CELLS_CHANGED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        cells = ", ".join(violation.field for violation in violations[:10])
        more = f", et {len(violations) - 10} de plus" if len(violations) > 10 else ""
        super().__init__(
            f"Modifié entre-temps par quelqu'un d'autre : {cells}{more}. Rien n'a été enregistré.",
            violations=violations,
        )


class FilingNotEditable(RuleBroken):
    """The filing is past the steps at which it may be edited, or is being signed."""

    reason = "FILING_NOT_EDITABLE"


class StepRefused(RuleBroken):
    """The filing may not go to that step from where it is."""

    reason = "STEP_REFUSED"


class ReasonMissing(Invalid):
    """Going back needs a reason."""

    reason = "REASON_MISSING"


class FilingNotReady(RuleBroken):
    """Something stands in the way of signing; the violations say what."""

    reason = "FILING_NOT_READY"


class SignatureUnderWay(Unavailable):
    """The filing is being signed: what comes from another server waits until that is done, and is sent again."""

    reason = "SIGNATURE_UNDER_WAY"


class LockHeld(RuleBroken):
    """Another signature of this filing is under way."""

    reason = "LOCK_HELD"


class ImportRefused(Invalid):
    """The file as a whole cannot be read or does not concern this filing."""

    reason = "IMPORT_REFUSED"

    def __init__(self, file_name: str, refused: Violation) -> None:
        super().__init__(f"« {file_name} » est refusé : rien n'a été importé.", violations=[refused])


class ImportHasProblems(RuleBroken):
    """Some lines are refused and partial import was not asked for."""

    reason = "IMPORT_HAS_PROBLEMS"


class ImportChoiceRefused(Invalid):
    """What is taken or left out of an import is not in its preview, cannot be written, or is both."""

    reason = "IMPORT_CHOICE_REFUSED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("Le choix des cases à importer est refusé : rien n'a été importé.", violations=violations)


class ImportStale(Conflict):
    """The filing changed since the preview in cells that the import would write; the violations say which."""

    reason = "IMPORT_STALE"


class NotAFinding(Invalid):
    """This control does not fail, or its severity needs no justification."""

    reason = "NOT_A_FINDING"


class NoConflict(RuleBroken):
    """This cell has no conflict to resolve, or the value is neither of the two."""

    reason = "NO_CONFLICT"


class CommentRefused(Invalid):
    """The comment is too long, or says and changes nothing."""

    reason = "COMMENT_REFUSED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("Le commentaire n'est pas enregistré.", violations=violations)


class AttachmentRefused(Invalid):
    """The file cannot be attached: no sound PDF, too large, encrypted, more in it than pages, a virus, not scanned, of no known kind, or one too many."""

    reason = "ATTACHMENT_REFUSED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("La pièce n'est pas jointe.", violations=violations)


class AttachmentUnknown(NotFound):
    """There is no such attachment of this filing."""

    reason = "ATTACHMENT_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("Cette pièce jointe n'existe pas.")
