"""F19: the examples of the catalogue get from the server, over gRPC, what they get without one."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

import formsets
from formsets.values import parse, written
from services.validation.domain.examples import outcome
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.verdict import REQUIRED_CELL
from services.validation.service import make_service
from tests.support.form_sets import sample_cells
from tests.support.hosting import FakePassports, a_stack, hosting, until_ready
from tests.support.postgres import TestDatabase

EXAMPLES = [
    pytest.param(version, control.id, kind, id=f"{control.id}-{kind}-{version}")
    for version in formsets.available()
    for control in formsets.load(version).controls
    for kind in ("passing", "failing")
]
DOCUMENTS: Mapping[str, types.Document] = {"ER": types.DOCUMENT_ER, "QDIS": types.DOCUMENT_QDIS}
STATUSES = {
    pb.CONTROL_STATUS_PASSED: "passed",
    pb.CONTROL_STATUS_FAILED: "failed",
    pb.CONTROL_STATUS_NOT_EVALUATED: "not_evaluated",
}


def example_of(version: str, control: str, kind: str) -> Mapping[str, Any]:
    return formsets.load(version).examples[control][kind]


def is_of_a_filing(version: str, control: str, kind: str) -> bool:
    """Whether the example is cells of one document: what EvaluateFiling is asked about."""
    form_set = formsets.load(version)
    is_run = form_set.control(control).expression is not None
    return is_run and "cells" in example_of(version, control, kind) and form_set.control(control).document in DOCUMENTS


def is_a_text(version: str, control: str, kind: str) -> bool:
    """Whether the example is one text in one cell that a person may fill: what ReadCells is asked about."""
    example = example_of(version, control, kind)
    if "text" not in example or "locked" in example or control == REQUIRED_CELL:
        return False
    return not formsets.load(version).is_computed(example["address"])


OF_A_FILING = [one for one in EXAMPLES if is_of_a_filing(*one.values)]
TEXTS = [one for one in EXAMPLES if is_a_text(*one.values)]


@pytest.fixture(scope="module")
async def server(database: TestDatabase) -> AsyncIterator[pb_grpc.ValidationServiceStub]:
    service = make_service(a_stack(), database.fresh("validation"))
    async with hosting(a_stack(), [service], FakePassports(), "forms") as (peers, hosted):
        await until_ready(hosted)
        yield pb_grpc.ValidationServiceStub(peers.channel("validation"))


def as_filed(version: str, control: str, kind: str) -> tuple[dict[str, str], bool]:
    """The cells of an example, and whether they are all of it.

    An example gives the operands of its control, computed ones too, which a filing computes: those that a person types
    are then typed over the worked example, so that every operand has a value.
    """
    form_set = formsets.load(version)
    document, cells = form_set.control(control).document, example_of(version, control, kind)["cells"]
    computed = {a for a in cells if form_set.is_computed(a) and form_set.document_of(a) == document}
    if not computed:
        return dict(cells), True
    around = {a: written(value) for a, value in {**sample_cells("saisie"), **sample_cells("calcul")}.items()}
    return {a: text for a, text in {**around, **cells}.items() if a not in computed}, False


@pytest.mark.parametrize(("version", "control", "kind"), OF_A_FILING)
async def test_an_example_is_judged_by_the_server_as_without_it(
    server: pb_grpc.ValidationServiceStub, version: str, control: str, kind: str
) -> None:
    form_set, example = formsets.load(version), example_of(version, control, kind)
    document, rules = form_set.control(control).document, compile_rules(form_set)
    assert document in DOCUMENTS
    cells, is_whole = as_filed(version, control, kind)
    previous = example.get("previous")
    request = pb.EvaluateFilingRequest(
        form_set=version,
        document=DOCUMENTS[document],
        cells=[types.Cell(address=address, value=text) for address, text in cells.items()],
        has_previous=previous is not None,
        previous=[types.Cell(address=address, value=text) for address, text in (previous or {}).items()],
        restated=example.get("restated", ()),
    )

    answer = await server.EvaluateFiling(request)

    typed, typed_before = (
        {address: parse(text, form_set.cell_type(address)) for address, text in (some or {}).items()}
        for some in (cells, previous)
    )
    alone = rules.check(
        typed,
        document,  # type: ignore[arg-type]
        previous=None if previous is None else typed_before,
        restated=example.get("restated", ()),
    )
    found = {one.control: STATUSES[one.status] for one in answer.findings if one.control != REQUIRED_CELL}
    assert pb.Verdict.Name(answer.verdict) == f"VERDICT_{alone.verdict.name}"
    assert answer.rule_set == form_set.digest
    assert found == {one.id: one.status for one in alone.controls}
    if is_whole:
        assert found[control] == outcome(rules, control, example) == f"{kind.removesuffix('ing')}ed"
    else:
        assert found[control] != "not_evaluated"


@pytest.mark.parametrize(("version", "control", "kind"), TEXTS)
async def test_a_text_is_read_by_the_server_as_without_it(
    server: pb_grpc.ValidationServiceStub, version: str, control: str, kind: str
) -> None:
    example = example_of(version, control, kind)
    cell = pb.RawCell(address=example["address"], text=example["text"])
    request = pb.ReadCellsRequest(form_set=version, year=example.get("year", 2024), cells=[cell])

    (reading,) = (await server.ReadCells(request)).readings

    refused = outcome(compile_rules(formsets.load(version)), control, example) == "failed"
    assert reading.control == (example.get("refused_by", control) if refused else "")


def test_every_control_with_an_expression_is_judged_here_but_those_of_a_file_of_both_documents() -> None:
    for version in formsets.available():
        form_set = formsets.load(version)
        judged = {one.values[1] for one in [*OF_A_FILING, *TEXTS] if one.values[0] == version}
        of_both = {control.id for control in form_set.controls if control.document == "whole"}
        assert of_both == {"P-26", "Q-08", "Q-09"}, "no server holds both documents as one"
        assert {control.id for control in form_set.controls if control.expression} - of_both <= judged
