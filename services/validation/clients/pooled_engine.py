"""`PooledEngine`: rules run in worker processes, so that a big filing never holds up the event loop.

Workers are started at the first use, import nothing but the domain, and compile each form set once. A worker that dies
(memory, signal) costs one retry in a fresh pool. The pool has no backlog of its own: who waits, and who goes first, is
said by `turns`. This module is imported by the workers: keep it light.
"""

import asyncio
import ctypes
import gc
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import formsets
from formsets import FormSet, UnknownFormSet
from services.validation.clients.turns import Turns, Waits
from services.validation.domain.adjustment import Softening, adjusted
from services.validation.domain.errors import EngineUnavailable, FormSetUnknown
from services.validation.domain.evaluation import Evaluation, check_cells, evaluation_of
from services.validation.domain.reading import RawCell, TextReading, read_texts
from services.validation.domain.rule_set import RuleSet, compile_rules
from services.validation.domain.verdict import Report
from services.validation.usecases.ports import ToEvaluate

PR_SET_PDEATHSIG = 1
COMPILED = 8
"""Rule sets kept compiled in this process: two form sets of two documents, each as published and as adjusted."""
LOADED = 2
"""Newest form sets that a worker starts with; others are loaded when they are asked for."""
INLINE_TEXTS = 50
"""Reading this many texts costs less than sending them to a worker."""

LONGEST_WAIT_SECONDS = 10.0

_Result = TypeVar("_Result")
Submit = Callable[[ProcessPoolExecutor, asyncio.AbstractEventLoop], asyncio.Future[_Result]]


class PooledEngine:
    """The engine port on a pool of processes."""

    def __init__(
        self, workers: int, seconds: float, longest_wait: float = LONGEST_WAIT_SECONDS, waits: Waits | None = None
    ) -> None:
        """Remember the sizes; nothing starts yet.

        Args:
            workers: processes at most.
            seconds: how long one run may take before the caller is told to try again.
            longest_wait: seconds that somebody may be expected to wait for a worker; one more is refused.
            waits: where waiting is shown.
        """
        self._workers, self._seconds = workers, seconds
        self._turns = Turns(workers, longest_wait, time.monotonic, waits)
        self._pool: ProcessPoolExecutor | None = None
        self._compiled: dict[tuple[str, tuple[Softening, ...]], asyncio.Task[RuleSet]] = {}

    async def read(self, form_set: str, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
        """Run the format controls, in a worker when there are many texts."""
        if len(cells) <= INLINE_TEXTS:
            return read_in_worker(form_set, year, cells)
        texts = [(cell.address, cell.text) for cell in cells]
        found = await self._run(lambda pool, loop: loop.run_in_executor(pool, read_bare, form_set, year, texts))
        return [TextReading(*one) for one in found]

    async def evaluate(self, document: ToEvaluate) -> Evaluation:
        """Judge a document in a worker; what nobody waits for goes after what people wait for."""
        return await self._run(
            lambda pool, loop: loop.run_in_executor(pool, evaluate_in_worker, document),
            is_background=document.is_background,
        )

    async def check(self, document: ToEvaluate) -> Report:
        """Compute and check a document in a worker; what nobody waits for goes after what people wait for."""
        return await self._run(
            lambda pool, loop: loop.run_in_executor(pool, check_in_worker, document),
            is_background=document.is_background,
        )

    async def rules(self, form_set: str, softenings: tuple[Softening, ...]) -> RuleSet:
        """Compile in a thread the first time, once for all who wait; the compiled rules stay."""
        key = (form_set, softenings)
        if key not in self._compiled:
            while len(self._compiled) >= COMPILED:
                del self._compiled[next(iter(self._compiled))]
            self._compiled[key] = asyncio.create_task(asyncio.to_thread(rules_of, form_set, softenings))
        try:
            return await asyncio.shield(self._compiled[key])
        except FormSetUnknown:
            self._compiled.pop(key, None)
            raise

    def close(self) -> None:
        """Stop the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    async def _run(self, submit: Submit[_Result], *, is_background: bool = False) -> _Result:
        await self._turns.take(is_background=is_background)
        started = time.monotonic()
        running = asyncio.ensure_future(self._in_a_worker(submit))
        # A worker cannot be interrupted: its place is free when it has ended, not when its caller has left.
        running.add_done_callback(lambda done: self._ended(done, started))
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(running)
        except TimeoutError as error:
            raise EngineUnavailable("Le contrôle du dossier prend trop de temps ; réessayez.") from error

    def _ended(self, done: "asyncio.Future[_Result]", started: float) -> None:
        if not done.cancelled():
            done.exception()  # looked at here: its caller may be gone
        self._turns.give_back(started)

    async def _in_a_worker(self, submit: Submit[_Result]) -> _Result:
        for _ in range(2):
            pool = self._open_pool()
            try:
                return await submit(pool, asyncio.get_running_loop())
            except BrokenProcessPool:
                self._forget(pool)
        raise EngineUnavailable("Les contrôles ne peuvent pas être exécutés pour le moment ; réessayez.")

    def _open_pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Spawned, not forked: gRPC's threads do not survive a fork.
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
            )
        return self._pool

    def _forget(self, broken: ProcessPoolExecutor) -> None:
        if self._pool is broken:
            self._pool = None
        broken.shutdown(wait=False, cancel_futures=True)


def start_worker() -> None:
    """End with the service, and have the form sets of the campaigns under way loaded before the first filing.

    Asks the kernel to end this worker when the service is killed, instead of leaving it to wait for ever (prctl(2)).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for version in formsets.available()[-LOADED:]:
        compile_rules(formsets.load(version))
    # What is loaded by now is as old as the worker: the garbage collector need not walk it again.
    gc.collect()
    gc.freeze()


def read_in_worker(form_set: str, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
    """Read texts in this process.

    Raises:
        FormSetUnknown: this server ships no such version.
    """
    return read_texts(_form_set(form_set), year, cells)


def read_bare(form_set: str, year: int, texts: Sequence[tuple[str, str]]) -> list[tuple[Any, ...]]:
    """Read texts in this process, given and returned as tuples: they cross to it in a tenth of the time of entities.

    Raises:
        FormSetUnknown: this server ships no such version.
    """
    found = read_in_worker(form_set, year, [RawCell(*text) for text in texts])
    return [(one.address, one.value, one.control, one.french, one.english) for one in found]


def evaluate_in_worker(document: ToEvaluate) -> Evaluation:
    """Judge a document in this process.

    Raises:
        FormSetUnknown: this server ships no such version.
        CellsMalformed: a cell is not in the form set or not in written form.
    """
    rules = rules_of(document.form_set, document.softenings)
    return evaluation_of(rules, check_in_worker(document), document.said)


def check_in_worker(document: ToEvaluate) -> Report:
    """Compute and check a document in this process, whose compiled rules stay for the next one.

    Raises:
        FormSetUnknown: this server ships no such version.
        CellsMalformed: a cell is not in the form set or not in written form.
    """
    previous, rules = document.previous, rules_of(document.form_set, document.softenings)
    return check_cells(
        rules,
        document.document,
        document.cells,
        previous=previous.cells if previous else None,
        restated=previous.restated if previous else (),
    )


def rules_of(form_set: str, softenings: tuple[Softening, ...]) -> RuleSet:
    """Return the rules of a form set, adjusted; compiled once a process.

    Raises:
        FormSetUnknown: this server ships no such version.
    """
    return compile_rules(adjusted(_form_set(form_set), softenings))


def _form_set(version: str) -> FormSet:
    try:
        return formsets.load(version)
    except UnknownFormSet as error:
        raise FormSetUnknown(f"Le référentiel {version[:20]} n'est pas livré avec ce serveur.") from error
