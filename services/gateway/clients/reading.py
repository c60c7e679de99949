"""Reads a message of the wire into the answer of the same shape: fields meet by name, enumerations by the end of theirs."""

import types
import typing
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar, cast

from google.protobuf.message import Message

from chassis.rpc.words import words_of

Answer = TypeVar("Answer")


def read(message: Message, answer: type[Answer]) -> Answer:
    """Return the answer that the message holds; what the answer does not name is left behind.

    Raises:
        KeyError: the answer names a field that the contract does not have.
    """
    known = message.DESCRIPTOR.fields_by_name
    values = {name: _value(message, known[name], wanted) for name, wanted in _shape(cast("Any", answer))}
    return answer(**values)


@lru_cache(maxsize=128)
def _shape(answer: Any) -> tuple[tuple[str, Any], ...]:
    hints = typing.get_type_hints(answer)
    return tuple((field.name, hints[field.name]) for field in fields(answer))


def _value(message: Message, field: Any, wanted: Any) -> Any:
    value = getattr(message, field.name)
    if typing.get_origin(wanted) is tuple:
        return tuple(_one(item, field, typing.get_args(wanted)[0]) for item in value)
    if typing.get_origin(wanted) is dict:
        return dict(value)
    if isinstance(wanted, types.UnionType):
        present = message.HasField(field.name)
        return _one(value, field, typing.get_args(wanted)[0]) if present else None
    return _one(value, field, wanted)


def _one(value: Any, field: Any, wanted: Any) -> Any:
    if wanted is datetime:
        return value.ToDatetime(tzinfo=UTC)
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        # A word newer than this gateway is no reason to fail.
        name = words_of(field.enum_type).get(value, "unspecified")
        return wanted(name if name in set(wanted) else "unspecified")
    if wanted is str and field.enum_type:
        return words_of(field.enum_type).get(value, "unspecified")
    if isinstance(value, Message):
        return read(value, wanted)
    return value
