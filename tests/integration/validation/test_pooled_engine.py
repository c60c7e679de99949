import asyncio
import os
import signal
from collections.abc import Coroutine
from dataclasses import replace

import pytest

from services.validation.clients.pooled_engine import PooledEngine
from services.validation.domain.errors import CellsMalformed, EngineUnavailable, FormSetUnknown
from services.validation.domain.reading import RawCell
from services.validation.usecases.ports import ToEvaluate
from tests.support.pathological import Judged, judge_pathological

DOCUMENT = ToEvaluate("2024.1", "ER", {"BA.010.brut": "5"})


async def test_a_worker_that_dies_costs_a_retry_and_nothing_else() -> None:
    engine = PooledEngine(1, 30)
    try:
        await engine.evaluate(DOCUMENT)
        assert engine._pool is not None
        for process in engine._pool._processes.values():
            os.kill(process.pid, signal.SIGKILL)

        found = await engine.evaluate(DOCUMENT)

        assert found.computed["BA.900.net"] == "5"
    finally:
        engine.close()


async def test_failures_come_back_from_a_worker_as_themselves() -> None:
    engine = PooledEngine(1, 30)
    try:
        with pytest.raises(CellsMalformed) as caught:
            await engine.evaluate(ToEvaluate("2024.1", "ER", {"BA.010.brut": "x"}))
        with pytest.raises(FormSetUnknown):
            await engine.read("1999.9", 2024, [RawCell("BA.010.brut", "1")] * 51)
        assert [violation.field for violation in caught.value.violations] == ["BA.010.brut"]
    finally:
        engine.close()


async def test_a_run_that_takes_too_long_is_given_up() -> None:
    engine = PooledEngine(1, 0.001)
    try:
        with pytest.raises(EngineUnavailable):
            await engine.evaluate(DOCUMENT)
    finally:
        engine.close()


async def test_a_campaign_in_the_workers_delays_a_save_by_one_filing() -> None:
    engine = PooledEngine(1, 30)
    ended: list[str] = []
    one_more = asyncio.Event()

    async def judge(name: str, *, is_background: bool) -> None:
        await engine.evaluate(replace(DOCUMENT, is_background=is_background))
        ended.append(name)
        one_more.set()

    try:
        await engine.evaluate(DOCUMENT)
        campaign = [asyncio.create_task(judge("campaign", is_background=True)) for _ in range(120)]
        for _ in range(3):
            one_more.clear()
            await one_more.wait()
            before = len(ended)
            await judge("save", is_background=False)
            assert ended[before:].index("save") <= 1
        await asyncio.gather(*campaign)
        assert len(ended) == 123
    finally:
        engine.close()


def pathological(engine: PooledEngine, times: int = 1) -> Coroutine[None, None, Judged]:
    """Judge a filing whose form set has a rule that is stopped by its budget, in a worker as any other filing."""
    return engine._run(lambda pool, loop: loop.run_in_executor(pool, judge_pathological, times))


async def test_a_rule_stopped_by_its_budget_holds_the_only_worker_for_less_than_a_second() -> None:
    engine = PooledEngine(1, 120)
    try:
        await asyncio.gather(engine.evaluate(DOCUMENT), pathological(engine))
        costly = asyncio.create_task(pathological(engine))
        await asyncio.sleep(0)
        assert engine._turns.expected_wait > 0, "it has the worker"

        other = await engine.evaluate(DOCUMENT)

        judged = await costly
        assert judged.outcomes == [("not_evaluated", "budget"), ("passed", "")]
        assert judged.seconds < 1
        assert other.computed["BA.900.net"] == "5"
    finally:
        engine.close()


async def test_other_filings_are_answered_while_a_worker_runs_into_the_budget_of_a_rule() -> None:
    engine = PooledEngine(2, 120)
    try:
        processes: set[int] = set()
        async with asyncio.timeout(120):
            while len(processes) < 2:  # both workers have started, and compiled the rules
                both = await asyncio.gather(pathological(engine), pathological(engine))
                processes |= {judged.process for judged in both}
        costly = asyncio.create_task(pathological(engine, times=30))

        others = [await engine.evaluate(DOCUMENT) for _ in range(3)]

        assert not costly.done()
        assert [other.computed["BA.900.net"] for other in others] == ["5"] * 3
        assert (await costly).outcomes == [("not_evaluated", "budget"), ("passed", "")]
    finally:
        engine.close()


async def test_a_worker_whose_caller_left_is_busy_until_it_has_ended() -> None:
    engine = PooledEngine(1, 30)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(engine.evaluate(DOCUMENT), 0.001)
        assert engine._turns.expected_wait > 0

        await engine.evaluate(DOCUMENT)
        await asyncio.sleep(0)

        assert engine._turns.expected_wait == 0
    finally:
        engine.close()


async def test_nothing_starts_before_it_is_used() -> None:
    engine = PooledEngine(1, 30)

    readings = await engine.read("2024.1", 2024, [RawCell("BA.010.brut", "1")])

    assert readings[0].value == "1"
    assert engine._pool is None
    engine.close()
