"""The story of one stack passes in both shapes: one process, and one process a service over mutual TLS."""

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
