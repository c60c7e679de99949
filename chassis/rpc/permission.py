"""Lets a call in only by the way its contract names (`harmonia.options.v1.access`); the default is refusal."""

from collections.abc import Mapping

from google.protobuf.message import Message

from chassis.errors import Forbidden, Unauthenticated
from chassis.identity import Caller
from chassis.rpc.access import Access
from chassis.rpc.identity import caller
from chassis.rpc.wrapping import Call, CallInterceptor, Proceed

OPEN_PREFIXES = ("/grpc.health.v1.Health/",)
"""The health protocol carries no options; probes must reach it."""


def admit(access: Access | None, who: Caller) -> None:
    """Let the caller pass, or refuse.

    Raises:
        Unauthenticated: nobody is proven and the method is not public.
        Forbidden: the caller lacks the permission, or is not of the kind the method is for.
    """
    if access is None:
        raise Forbidden("Méthode inconnue.")
    if access.is_public:
        return
    if access.is_peer:
        allowed = bool(who.peer)
    elif access.is_internal:
        allowed = who.is_service
    else:
        if not who.grants and not who.peer:
            raise Unauthenticated("Connexion requise.")
        allowed = any(who.may_somewhere(one) for one in (access.permission, *access.other_permissions))
    if not allowed:
        needed = {"permission": access.permission} if access.permission else {}
        raise Forbidden("Vous n'avez pas le droit de faire cette opération.", metadata=needed)


class PermissionInterceptor(CallInterceptor):
    """Checks the way in of every method; which body it is about, the use case checks."""

    def __init__(self, table: Mapping[str, Access]) -> None:
        self._table = table

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Admit the caller, then run the method."""
        if not call.method.startswith(OPEN_PREFIXES):
            admit(self._table.get(call.method), caller())
        return await proceed()
