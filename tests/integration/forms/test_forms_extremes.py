"""No number and no text that a message can hold makes the services fail: each is answered, or refused with a reason."""

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from harmonia.options.v1 import options_pb2

from chassis.errors import Failure, Invalid
from chassis.rpc.failures import InternalFailure
from tests.support.forms import AMOUNT, SIREN

SERVICES = {"stub": "harmonia.forms.v1.FormsService", "validation": "harmonia.validation.v1.ValidationService"}
NUMBERS = {
    FieldDescriptor.TYPE_INT32: (-1, -(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-1, -(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_ENUM: (77,),
    FieldDescriptor.TYPE_DOUBLE: (float("nan"), float("inf"), -1.0),
}
TEXTS = ("a\x00b", "\x00", "x" * 200_000)
METHODS = [
    (stub, method.name)
    for stub, service in SERVICES.items()
    for method in descriptor_pool.Default().FindServiceByName(service).methods
]


def method_of(stub, name):
    return descriptor_pool.Default().FindServiceByName(SERVICES[stub]).methods_by_name[name]


def sensible(message, filing_id):
    """Fill what a request cannot do without, so that an extreme meets the code behind the first look."""
    values = {
        "filing_id": filing_id,
        "body": SIREN,
        "siren": SIREN,
        "document": 1,
        "year": 2024,
        "form_set": "2024.1",
        "address": AMOUNT,
        "control": "A-03",
        "step": 2,
        "severity": 4,
    }
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None and not field.is_repeated and field.name in values:
            setattr(message, field.name, values[field.name])
        elif field.message_type is not None and not field.message_type.full_name.startswith("google."):
            if field.message_type.GetOptions().map_entry:
                continue
            inner = getattr(message, field.name)
            sensible(inner.add() if field.is_repeated else inner, filing_id)
            if not field.is_repeated:
                inner.SetInParent()


def extremes(message):
    """Yield once for each extreme of each field, with the message holding it."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp":
            for seconds in (-(2**63), 2**63 - 1):
                getattr(message, field.name).seconds = seconds
                yield "seconds", seconds
            message.ClearField(field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            value = getattr(message, field.name)
            for inner in value if field.is_repeated else [value]:
                yield from extremes(inner)
        elif field.message_type is None and field.name != "filing_id":
            yield from set_to_extremes(message, field)


def set_to_extremes(message, field):
    texts = TEXTS if field.type == FieldDescriptor.TYPE_STRING else ()
    before = list(getattr(message, field.name)) if field.is_repeated else getattr(message, field.name)
    for extreme in NUMBERS.get(field.type, texts):
        message.ClearField(field.name)
        if field.is_repeated:
            getattr(message, field.name).append(extreme)
        else:
            setattr(message, field.name, extreme)
        yield field.name, extreme
    message.ClearField(field.name)
    if field.is_repeated:
        getattr(message, field.name).extend(before)
    else:
        setattr(message, field.name, before)


def callers(method):
    access = method.GetOptions().Extensions[options_pb2.access]
    return [None] if access.internal else ["director", "officer"]


@pytest.mark.parametrize(("stub", "name"), METHODS, ids=[name for _, name in METHODS])
async def test_extremes_are_answered_or_refused_never_a_fault(running, stub, name):
    filing_id = await running.open()
    method = method_of(stub, name)
    request = message_factory.GetMessageClass(method.input_type)()
    sensible(request, filing_id)
    faults, untold = [], []

    for field, extreme in extremes(request):
        for caller in callers(method):
            try:
                if caller is None:
                    await getattr(getattr(running, stub), name)(request)
                else:
                    with running.by(caller):
                        await getattr(getattr(running, stub), name)(request)
            except InternalFailure:
                faults.append((caller, field, extreme if not isinstance(extreme, str) else extreme[:5]))
            except Invalid as refused:
                untold += [(field, one) for one in refused.violations if "\x00" in str(extreme) and not one.en]
            except Failure:
                pass

    assert faults == []
    assert untold == []
