"""F8: several people save, import and undo at once, at random; no value that was accepted is lost, over gRPC and PostgreSQL."""

import asyncio
import random
from collections import Counter
from itertools import count

import pytest
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation_pb

from chassis.errors import Conflict, RuleBroken

PEOPLE = ("director", "accountant", "colleague")
ACTS = 14
"""Of each person."""
CELLS = ["BA.010.brut", "BA.010.amort", "BA.020.brut", "BA.020.amort", "BP.180.n", "BP.220.n"]
"""Few, so that people meet; the first four feed the same totals."""


class Schedule:
    """What everybody did to one filing, each value written by nobody else, and what they were answered."""

    def __init__(self, running, filing_id: str, seed: int) -> None:
        self.running, self.filing_id, self.seed = running, filing_id, seed
        self.values = map(str, count(1_001))
        self.saved: dict[tuple[str, str], int] = {}
        """Cell and accepted value → version that its author had seen."""
        self.imported: list[tuple[str, str]] = []
        self.refused: list[tuple[str, str]] = []
        self.put_back: list[str] = []
        self.reasons: set[str] = set()
        """Why something was refused."""

    async def run(self) -> None:
        """Everybody at once."""
        await asyncio.gather(*(self._person(name) for name in PEOPLE))

    async def _person(self, name: str) -> None:
        rng = random.Random(f"{self.seed} {name}")
        seen: dict[str, int] = {}
        for _ in range(ACTS):
            act = rng.choices([self._save, self._import, self._undo, self._look], [8, 2, 2, 2])[0]
            await act(name, rng, seen)

    async def _look(self, name: str, rng: random.Random, seen: dict[str, int]) -> None:
        _, cells = await self.running.read(self.filing_id)
        seen.update({address: cells[address].version for address in CELLS if address in cells})

    async def _save(self, name: str, rng: random.Random, seen: dict[str, int]) -> None:
        edits = [(address, next(self.values), seen.get(address, 0)) for address in rng.sample(CELLS, rng.randint(1, 3))]
        try:
            answer = await self.running.save(self.filing_id, *edits, by=name)
        except Conflict as refusal:
            self.reasons.add(refusal.code)
            self.refused += [(address, value) for address, value, _ in edits]
            if rng.random() < 0.7:  # the others type on without looking
                await self._look(name, rng, seen)
            return
        self.saved |= {(address, value): version for address, value, version in edits}
        seen.update({cell.address: cell.version for cell in answer.cells if cell.address in CELLS})

    async def _import(self, name: str, rng: random.Random, seen: dict[str, int]) -> None:
        lines = [(address, next(self.values)) for address in rng.sample(CELLS, rng.randint(1, 3))]
        rows = [";".join([*address.rsplit(".", 1), value]) for address, value in lines]
        preview = await self.running.preview(self.filing_id, "\n".join(["code;colonne;valeur", *rows]).encode())
        request = pb.ConfirmImportRequest(
            request_id=self.running.request_id(),
            filing_id=self.filing_id,
            import_id=preview.import_id,
            overwrite_typed=True,
        )
        try:
            with self.running.by(name):
                answer = await self.running.stub.ConfirmImport(request)
        except Conflict as refusal:
            self.reasons.add(refusal.code)
            self.refused += lines
            return
        assert answer.written == len(lines)
        self.imported += lines

    async def _undo(self, name: str, rng: random.Random, seen: dict[str, int]) -> None:
        with self.running.by(name):
            listed = await self.running.stub.ListSteps(pb.ListStepsRequest(filing_id=self.filing_id))
            steps = [step for step in listed.steps if not step.is_undone]
            if not steps:
                return
            request = pb.UndoStepRequest(
                request_id=self.running.request_id(), filing_id=self.filing_id, step_id=rng.choice(steps[:3]).step_id
            )
            try:
                self.put_back += (await self.running.stub.UndoStep(request)).restored
            except RuleBroken as refusal:
                self.reasons.add(refusal.code)


async def histories(running, filing_id: str) -> dict[str, list[pb.FiledCell]]:
    """Every version of each cell, oldest first."""
    found = {}
    with running.by("reader"):
        for address in CELLS:
            request = pb.GetCellHistoryRequest(filing_id=filing_id, address=address)
            found[address] = [*reversed((await running.stub.GetCellHistory(request)).versions)]
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_random_concurrent_changes_lose_no_accepted_value(running, seed):
    filing_id = await running.open()
    done = Schedule(running, filing_id, seed)

    await done.run()

    assert all([done.saved, done.refused]), "the schedule proves nothing"
    assert done.reasons <= {"CELLS_CHANGED", "IMPORT_STALE", "ALREADY_UNDONE"}
    _, present = await running.read(filing_id)
    kept = await histories(running, filing_id)
    for address, versions in kept.items():
        assert [one.version for one in versions] == list(range(1, len(versions) + 1)), address
        if versions:
            last = present[address]
            assert (last.value, last.version) == (versions[-1].value, versions[-1].version)
    by_undo = [one for versions in kept.values() for one in versions if one.put_back_by or not one.value]
    assert Counter(one.address for one in by_undo) == Counter(done.put_back)
    written = {
        (one.address, one.value): one.version
        for versions in kept.values()
        for one in versions
        if one.value and not one.put_back_by
    }
    assert written.keys() == {*done.saved, *done.imported}
    assert written.keys().isdisjoint(done.refused)
    assert {place: written[place] - 1 for place in done.saved} == done.saved, "somebody replaced what they had not seen"
    assert {a: c.value for a, c in present.items() if c.value and c.origin == pb.ORIGIN_COMPUTED} == (
        await computed_afresh(running, present)
    )


async def computed_afresh(running, present: dict[str, pb.FiledCell]) -> dict[str, str]:
    """The computed cells as an evaluation that remembers nothing gives them."""
    request = validation_pb.EvaluateFilingRequest(
        form_set="2024.1",
        document=types.DOCUMENT_ER,
        cells=[
            types.Cell(address=one.address, value=one.value)
            for one in present.values()
            if one.value and one.origin != pb.ORIGIN_COMPUTED
        ],
    )
    return {one.address: one.value for one in (await running.validation.EvaluateFiling(request)).computed}
