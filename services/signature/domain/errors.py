"""This service's failures, by name: each is one of the nine meanings of the chassis, with a stable reason."""

from chassis.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, RuleBroken, Unauthenticated


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


class FilingNotSignable(RuleBroken):
    """Le dépôt ne peut pas être signé : des contrôles bloquants ou à justifier restent ouverts."""

    reason = "FILING_NOT_SIGNABLE"


class RecipientsNotAccepted(RuleBroken):
    """Pour signer, acceptez la liste des destinataires affichée."""

    reason = "RECIPIENTS_NOT_ACCEPTED"


class ManifestMalformed(Invalid):
    """Les octets présentés ne sont pas un manifeste de dépôt."""

    reason = "MANIFEST_MALFORMED"


class NoteMalformed(Invalid):
    """Le point de contrôle du journal n'est pas une note signée lisible."""

    reason = "NOTE_MALFORMED"
