"""Keeps U+0000 out of every text of every request: no database and no person has a use for it."""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis.errors import Invalid, Violation, malformed
from chassis.rpc.wrapping import Call, CallInterceptor, Proceed

NUL = "\x00"


class TextInterceptor(CallInterceptor):
    """Refuses a request that has such a text, naming it, before anything reads it."""

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Look at the texts only when there is such a byte at all, which a request of ours hardly ever has."""
        if b"\x00" in call.request.SerializeToString() and (field := field_with_nul(call.request)):
            raise Invalid("Un texte contient un caractère interdit.", violations=[_forbidden(field)])
        return await proceed()


def field_with_nul(message: Message) -> str:
    """Return the path of the first text with U+0000, or the address of its cell where it has one; empty for none."""
    found = _first(message, "")
    if found is None:
        return ""
    path, owner = found
    address = str(getattr(owner, "address", ""))
    return address if address and NUL not in address else path


def _first(message: Message, prefix: str) -> tuple[str, Message] | None:
    """The path of the first such text, and the message that holds it."""
    for field, value in message.ListFields():
        path = prefix + field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            texts = [text for entry in value.items() for text in entry if isinstance(text, str)]
        elif field.message_type is not None:
            inner = (
                [(f"{path}[{at}].", one) for at, one in enumerate(value)]
                if field.is_repeated
                else [(f"{path}.", value)]
            )
            if found := next((found for place, one in inner if (found := _first(one, place))), None):
                return found
            continue
        elif field.type == FieldDescriptor.TYPE_STRING:
            texts = list(value) if field.is_repeated else [value]
        else:
            continue
        if any(NUL in text for text in texts):
            return path, message
    return None


def _forbidden(field: str) -> Violation:
    what = ("Caractère interdit (U+0000).", "Forbidden character (U+0000).")
    return malformed(field, "FORBIDDEN_CHARACTER", what, ("Retirez ce caractère invisible.", "Remove this character."))
