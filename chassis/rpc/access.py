"""Reads from descriptors who may call a method and which fields are secret."""

from dataclasses import dataclass

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from harmonia.options.v1 import options_pb2

REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call one method: exactly one of the four ways is set."""

    permission: str = ""
    other_permissions: tuple[str, ...] = ()
    """Those that open the same door to other people."""
    is_internal: bool = False
    is_peer: bool = False
    is_public: bool = False


class MethodWithoutAccess(RuntimeError):
    """A method says not who may call it; the process refuses to start."""


def access_of_service(full_name: str) -> dict[str, Access]:
    """Return `/package.Service/Method` → access for every method of a service.

    Raises:
        MethodWithoutAccess: a method carries no access option.
    """
    service: ServiceDescriptor = descriptor_pool.Default().FindServiceByName(full_name)
    table = {}
    for method in service.methods:
        option = method.GetOptions().Extensions[options_pb2.access]
        way = option.WhichOneof("way")
        if way is None or not getattr(option, way):
            raise MethodWithoutAccess(f"{full_name}.{method.name} has no (harmonia.options.v1.access)")
        table[f"/{full_name}/{method.name}"] = Access(
            permission=option.permission,
            other_permissions=tuple(option.or_permission),
            is_internal=option.internal,
            is_peer=option.peer,
            is_public=option.public,
        )
    return table


def portrait(message: Message) -> dict[str, object]:
    """Return a message as plain values for a log, with sensitive fields redacted and long values cut."""
    seen: dict[str, object] = {}
    for field, value in message.ListFields():
        if field.GetOptions().Extensions[options_pb2.sensitive]:
            seen[field.name] = REDACTED
        elif isinstance(value, Message):
            seen[field.name] = portrait(value)
        elif field.is_repeated:
            seen[field.name] = f"[{len(value)}]"
        elif isinstance(value, bytes):
            seen[field.name] = f"<{len(value)} bytes>"
        else:
            seen[field.name] = value[:100] if isinstance(value, str) else value
    return seen
