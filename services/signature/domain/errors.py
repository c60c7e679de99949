"""This service's failures, by name: each is one of the nine meanings of the chassis, with a stable reason."""

from collections.abc import Sequence

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    ThreeParts,
    Unauthenticated,
    violation,
)


class FilingUnknown(NotFound):
    """Ce dépôt n'existe pas, ou vous n'y avez pas accès."""

    reason = "FILING_UNKNOWN"


class IntentUnknown(NotFound):
    """Cette demande de signature n'existe pas."""

    reason = "INTENT_UNKNOWN"


class ReceiptUnknown(NotFound):
    """Ce récépissé n'existe pas."""

    reason = "RECEIPT_UNKNOWN"


class IntentExpired(RuleBroken):
    """La demande de signature a expiré : relisez le dépôt, puis signez."""

    reason = "INTENT_EXPIRED"


class DigestChanged(Conflict):
    """Le dépôt ou ses destinataires ont changé depuis que vous l'avez relu : relisez-le, puis signez."""

    reason = "DIGEST_CHANGED"

    def __init__(self, **found: Sequence[str] | str) -> None:
        """Take what changed by its name (`cells`, `recipients`), or the two codes of the digest (`shown`, `present`)."""
        named = {name: one if isinstance(one, str) else ", ".join(one[:20]) for name, one in found.items()}
        changed = named.get("cells") or named.get("recipients")
        told = violation(
            "digest",
            "W-06",
            ThreeParts(
                "Le dossier a changé depuis sa validation.",
                f"Changé : {changed}." if changed else "Le dossier entier.",
                "Relisez le dossier, puis signez la version affichée.",
            ),
            ThreeParts(
                "The filing changed since it was validated.",
                f"Changed: {changed}." if changed else "The whole filing.",
                "Read the filing again, then sign the version shown.",
            ),
        )
        super().__init__(metadata=named, violations=[told])


class ReauthenticationTooOld(Unauthenticated):
    """Pour signer, confirmez votre identité : la dernière preuve a plus de cinq minutes."""

    reason = "REAUTHENTICATION_TOO_OLD"


class AlreadySigned(AlreadyExists):
    """Cette version du dépôt est déjà signée."""

    reason = "ALREADY_SIGNED"


class PreviousUnknown(RuleBroken):
    """La version précédente de ce dépôt n'a pas de récépissé sur ce serveur : une rectification ne peut pas la suivre."""

    reason = "PREVIOUS_UNKNOWN"


class SignatureUnderWay(Conflict):
    """Cette version est en cours de signature : patientez quelques secondes, puis rechargez."""

    reason = "SIGNATURE_UNDER_WAY"


class NotSignatory(Forbidden):
    """Vous n'êtes pas habilité à signer ce dépôt, ou une autre personne a ouvert cette demande."""

    reason = "NOT_SIGNATORY"

    def __init__(self) -> None:
        told = violation(
            "signatory",
            "W-05",
            ThreeParts(
                "Signataire non habilité.",
                "La personne connectée.",
                "Faites signer une personne qui détient le droit « signer » pour cet organisme, sur sa propre demande.",
            ),
            ThreeParts(
                "The signer is not authorised.",
                "The person signed in.",
                "Have it signed by a person who holds the right to sign for this body, on their own request.",
            ),
        )
        super().__init__(violations=[told])


class FilingNotSignable(RuleBroken):
    """Le dépôt ne peut pas être signé : des contrôles bloquants ou à justifier restent ouverts."""

    reason = "FILING_NOT_SIGNABLE"


class RecipientsNotAccepted(RuleBroken):
    """Pour signer, acceptez la liste des destinataires affichée."""

    reason = "RECIPIENTS_NOT_ACCEPTED"

    def __init__(self) -> None:
        told = violation(
            "accepts_recipients",
            "W-09",
            ThreeParts(
                "Destinataires non confirmés.",
                "La case sous la liste des destinataires.",
                "Relisez la liste des destinataires et confirmez-la.",
            ),
            ThreeParts(
                "The recipients are not confirmed.",
                "The box under the list of recipients.",
                "Read the list of recipients and confirm it.",
            ),
        )
        super().__init__(violations=[told])


class ManifestMalformed(Invalid):
    """Les octets présentés ne sont pas un manifeste de dépôt."""

    reason = "MANIFEST_MALFORMED"


class NoteMalformed(Invalid):
    """Le point de contrôle du journal n'est pas une note signée lisible."""

    reason = "NOTE_MALFORMED"
