"""The permissions of the whole product, each with the sentence that an administrator reads in the matrix."""

from enum import StrEnum
from typing import Self


class Permission(StrEnum):
    """One thing that may be done; held on a scope, which is one body (its SIREN) or every body (``*``)."""

    meaning: str
    """What holding it allows, in one French sentence for the administrators of a body."""

    def __new__(cls, code: str, meaning: str) -> Self:
        """Bind the code that travels in passports to its sentence."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    FILING_OPEN = "filing.open", "Initialiser le dossier d'un exercice (étape 0 vers 1)."
    FILING_READ = "filing.read", "Consulter le dossier de l'organisme à toute étape, et ses anomalies."
    FILING_EDIT = "filing.edit", "Saisir et corriger des cellules tant que le dossier n'est pas signé."
    FILING_IMPORT = "filing.import", "Importer un fichier dans le dossier."
    FILING_JUSTIFY = "filing.justify", "Justifier une anomalie que le contrôle laisse à l'appréciation de l'organisme."
    FILING_VALIDATE = "filing.validate", "Faire la validation comptable (étape 2) et passer le dossier au signataire."
    FILING_RETURN = (
        "filing.return",
        "Renvoyer un dossier à la saisie (étape 2, 3 ou 4 vers 1), ou demander son retour de l'étape 5, avec un motif.",
    )
    FILING_REVIEW = (
        "filing.review",
        "Fiabiliser un dossier transmis (étape 4) : avancer la fiabilisation, poser une question, répondre aux justifications, commenter.",
    )
    FILING_CLOSE = (
        "filing.close",
        "Clore un dossier fiabilisé (étape 5), décider d'une demande de retour, archiver (étape 6).",
    )
    RELEASE_READ = "release.read", "Voir qui recevra quoi, et la raison de chaque décision."
    RELEASE_CHOOSE = (
        "release.choose",
        "Cocher ou décocher les destinataires que la règle laisse au choix de l'organisme.",
    )
    FILING_SIGN = "filing.sign", "Signer le dossier figé et le transmettre, après s'être identifié de nouveau."
    RECEIPT_READ = "receipt.read", "Consulter les accusés de réception et leur preuve."
    DELIVERY_READ = "delivery.read", "Suivre les remises aux partenaires."
    FEED_READ = "feed.read", "Lire le flux des dossiers remis à un partenaire, avec son propre identifiant."
    MEMBER_MANAGE = "member.manage", "Créer et désactiver des utilisateurs, donner et retirer leurs rôles."
    STAFF_READ = "staff.read", "Consulter les dossiers de tous les organismes une fois transmis, jamais avant."
    CAMPAIGN_MANAGE = "campaign.manage", "Ouvrir, prolonger et clore une campagne de ce serveur."
