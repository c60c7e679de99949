"""What can go wrong here, by name; each is one of the chassis's nine meanings."""

from chassis.errors import AlreadyExists, Conflict, Exhausted, Forbidden, Invalid, NotFound, RuleBroken, Unauthenticated


class TokenRefused(Unauthenticated):
    """Le jeton d'identité n'est pas valable ; connectez-vous de nouveau."""

    reason = "TOKEN_REFUSED"


class SessionEnded(Unauthenticated):
    """La session est terminée ; connectez-vous de nouveau."""

    reason = "SESSION_ENDED"


class NotAMember(Forbidden):
    """Ce compte n'a aucun droit sur ce serveur."""

    reason = "NOT_A_MEMBER"


class RightsBeyondOwn(Forbidden):
    """On ne donne de rôle que là où l'on gère les utilisateurs."""

    reason = "RIGHTS_BEYOND_OWN"


class OwnRightsUntouchable(Forbidden):
    """Nul ne change ses propres droits ; demandez-le à un autre administrateur."""

    reason = "OWN_RIGHTS_UNTOUCHABLE"


class UnknownMember(NotFound):
    """Aucun utilisateur ne porte cet identifiant."""

    reason = "UNKNOWN_MEMBER"


class UnknownBody(NotFound):
    """Aucun organisme de ce serveur ne porte ce SIREN."""

    reason = "UNKNOWN_BODY"


class UnknownPartner(NotFound):
    """Aucun partenaire ne porte ce code."""

    reason = "UNKNOWN_PARTNER"


class UsernameTaken(AlreadyExists):
    """Ce nom d'utilisateur est déjà pris."""

    reason = "USERNAME_TAKEN"


class PartnerExists(AlreadyExists):
    """Ce partenaire est déjà enregistré."""

    reason = "PARTNER_EXISTS"


class InvalidScope(Invalid):
    """Le périmètre d'un rôle est un SIREN (neuf chiffres) ou « * »."""

    reason = "INVALID_SCOPE"


class InvalidMember(Invalid):
    """La fiche de l'utilisateur est incomplète ou mal formée."""

    reason = "INVALID_MEMBER"


class PasswordRefused(Invalid):
    """Le mot de passe doit compter de 12 à 128 caractères et ne pas contenir le nom d'utilisateur."""

    reason = "PASSWORD_REFUSED"


class RoleOutOfScope(RuleBroken):
    """Ce rôle ne se donne pas sur ce périmètre."""

    reason = "ROLE_OUT_OF_SCOPE"


class RolesIncompatible(RuleBroken):
    """Qui gère les utilisateurs d'un organisme n'y saisit, n'y lit et n'y signe rien : prenez deux comptes."""

    reason = "ROLES_INCOMPATIBLE"


class ProviderNotForProduction(RuleBroken):
    """The embedded identity provider refuses to start in production mode: use Keycloak."""

    reason = "PROVIDER_NOT_FOR_PRODUCTION"


class PassportKeysMissing(RuleBroken):
    """Production needs passport keys that outlive a pod: set AUTH_PASSPORT__KEYS."""

    reason = "PASSPORT_KEYS_MISSING"


class MemberChanged(Conflict):
    """La fiche a changé entre-temps ; rechargez-la."""

    reason = "MEMBER_CHANGED"


class TooManyAttempts(Exhausted):
    """Trop de tentatives ; réessayez plus tard."""

    reason = "TOO_MANY_ATTEMPTS"
