"""`SandboxedFlatFiles`: reads each uploaded file in a disposable process with bounded memory and time, without network.

A file that makes the reader crash, hang or eat memory costs one process and one sentence, never the service.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from formsets import FormSet
from services.forms.domain.errors import ImportRefused
from services.forms.domain.filing import Filing
from services.forms.domain.importing import Problem, Sentences
from services.forms.usecases.ports import FileContent, FileLine

READERS = 2
"""Files read at the same time; more wait for their turn, so that a rush of uploads does not take the machine's memory."""
GRACE_SECONDS = 5.0
"""Wall clock beyond the processor time, for a machine under load."""


class SandboxedFlatFiles:
    """The flat form in CSV (decisions.md 10)."""

    def __init__(self, largest: int, seconds: float) -> None:
        self._largest, self._seconds = largest, seconds
        self._turns = asyncio.Semaphore(READERS)

    async def read(self, form_set: FormSet, filing: Filing, file_name: str, content: bytes) -> FileContent:
        """Return what the file holds.

        Raises:
            ImportRefused: too large, unreadable, or about another body or year.
        """
        if len(content) > self._largest:
            megabytes = self._largest // 1_000_000
            raise ImportRefused(f"« {file_name} » dépasse {megabytes} Mo. Retirez ce qui n'est pas demandé.")
        async with self._turns:
            answer = await self._run(content, form_set.version, filing.body.siren, filing.year)
        if answer is None:
            raise ImportRefused(f"« {file_name} » n'a pas pu être lu dans le temps et la mémoire impartis.")
        if answer["refusal"]:
            raise ImportRefused(
                f"« {file_name} » : {answer['refusal']['fr']}", metadata={"en": answer["refusal"]["en"]}
            )
        return _content(answer)

    async def _run(self, content: bytes, version: str, siren: str, year: int) -> dict[str, Any] | None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.forms.clients.flat_file_process",
            version,
            siren,
            str(year),
            str(int(self._seconds)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            async with asyncio.timeout(self._seconds + GRACE_SECONDS):
                output, _ = await process.communicate(content)
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                # Late, or nobody waits any more.
                process.kill()
                await process.wait()
        if process.returncode != 0:
            return None
        answer: dict[str, Any] = json.loads(output)
        return answer


def _content(answer: Mapping[str, Any]) -> FileContent:
    return FileContent(
        lines=[FileLine(line["line"], line["address"], line["text"], line["extra"]) for line in answer["lines"]],
        problems=[_problem(problem) for problem in answer["problems"]],
        guesses=[(guess["fr"], guess["en"]) for guess in answer["guesses"]],
    )


def _problem(problem: Mapping[str, Any]) -> Problem:
    line, column = problem["line"], problem["column"]
    where = (
        f"Ligne {line}" + (f", colonne {column}" if column else ""),
        f"Line {line}" + (f", column {column}" if column else ""),
    )
    return Problem(
        line=line,
        column=column,
        code=problem["code"],
        control=problem["control"],
        text="",
        fr=Sentences(problem["fr"], where[0], ""),
        en=Sentences(problem["en"], where[1], ""),
    )
