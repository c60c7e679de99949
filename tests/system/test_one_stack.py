"""The story of one stack, a correction included, passes in both shapes: one process, and one process a service over mutual TLS."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.support.stacks import RunningStack, one_process, one_process_a_service
from tests.support.story import Story, Told

Shape = Callable[[Path], AbstractAsyncContextManager[RunningStack]]


@pytest.mark.slow
@pytest.mark.parametrize("shape", [one_process, one_process_a_service], ids=["together", "apart"])
async def test_a_figure_travels_from_a_file_to_a_partner(shape: Shape, private_folder: Path) -> None:
    async with shape(private_folder) as stack, stack.peers() as peers:
        told = await Story(stack, peers).tell()

    assert_story(told)


def assert_story(told: Told) -> None:
    assert told.imported == 670
    assert told.refused_code == "F-03"
    assert told.finding == "A-08"
    assert told.verdict_after == "VERDICT_REMARKS"
    assert told.receipt.digest == told.content_digest
    assert told.repeated == told.receipt
    number = told.receipt.number
    assert told.readers == {"CDC": [number], "CGLLS": [], "PREFET-21": [number], "PREFET-69": []}
    assert told.stranger_sees == "nothing"
    assert (told.correction.previous.version, told.correction.previous.digest) == (1, told.receipt.digest)
    assert told.told == {
        "CDC": ["release 1: withdrawn", "suspension 1: withdrawn", "withdrawal 1: withdrawn"],
        "PREFET-21": ["release 1: replaced", "suspension 1: replaced", "release 2: current"],
    }
