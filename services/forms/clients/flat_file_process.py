"""The disposable process that reads one uploaded file: walls itself in, reads, answers, ends; and what it is forked from.

Started with a descriptor to be asked on and seconds of processor time, it loads form sets and forks a reader for each
version that it is asked for, given two pipes. A reader writes one line of JSON when its walls stand, reads one line of
JSON (the question) and the file, and answers in JSON. What forks never holds a file.
"""

import codecs
import functools
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import formsets
from formsets import ControlText, FormSet
from formsets.flat_file import REMOVE_THE_REST, FileProblem, FlatFile, check_subject, file_problem, picking
from services.forms.clients.uploads import PDF
from services.forms.clients.uploads.balances import Balance
from services.forms.clients.uploads.reading import read_upload
from services.forms.clients.uploads.refusal import FileRefused
from services.forms.clients.uploads.walls import leave, raise_walls

MOST_GUESSES = 200
MOST_EXTRAS = 30
"""The user's own columns given back, the first ones."""
LONGEST_EXTRA = 500
"""Characters of one of them."""
MOST_KEPT = 5_000_000
"""Characters of the rows of a balance or a FEC that are given back whole."""
MOST_REHEARSED = 1_200
"""Lines: a whole document."""

ONLY_REFUSED = (
    "Fichier trop long pour être rendu entier : le fichier d'erreurs n'a que ses lignes refusées ; corrigez le vôtre.",
    "File too long to be given back whole: the error file has only its refused lines; correct your own.",
)


def answer(form_set: FormSet, question: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Return what a file holds, or why it is refused, as plain JSON values."""
    try:
        found = read_upload(form_set, content, question.get("file_name", ""))
    except FileRefused as refused:
        return _refusal(refused.problem)
    if isinstance(found, Balance):
        subject = FlatFile(siren=found.siren, year=found.year)
        fatal = check_subject(subject, question["siren"], question["year"])
        return _refusal(fatal) if fatal else _balance(found)
    fatal = next((p for p in found.problems if p.is_fatal), None) or check_subject(
        found, question["siren"], question["year"]
    )
    return _refusal(fatal) if fatal else _content(found)


def _refusal(problem: FileProblem) -> dict[str, Any]:
    return {
        "refusal": {"control": problem.control, "fr": _parts(problem.french), "en": _parts(problem.english)},
    }


def _parts(text: ControlText) -> tuple[str, str, str]:
    return text.what, text.where, text.how


def _content(file: FlatFile) -> dict[str, Any]:
    guesses = [(guess.message_fr, guess.message_en) for guess in file.guesses[:MOST_GUESSES]]
    if len(file.guesses) > MOST_GUESSES:
        more = len(file.guesses) - MOST_GUESSES
        guesses.append((f"{more} autres remarques ne sont pas listées.", f"{more} more remarks are not listed."))
    own = _Own()
    return {
        "refusal": None,
        "lines": [(e.line_number, e.address, e.raw, *own.columns(e.titles, e.own), e.sheet) for e in file.entries],
        "titles": own.titles,
        "problems": [_problem(problem) for problem in file.problems],
        "guesses": guesses,
    }


def _balance(found: Balance) -> dict[str, Any]:
    rows = _rows(found)
    guesses = found.guesses[:MOST_GUESSES]
    if not rows:
        guesses.append(ONLY_REFUSED)
    return {
        "refusal": None,
        "lines": [],
        "titles": [],
        "problems": [_problem(problem) for problem in found.problems],
        "guesses": guesses,
        "accounts": [(a.account, a.label, str(a.debit), str(a.credit), a.line) for a in found.accounts.values()],
        "rows": rows,
        "titles_at": found.titles_at,
    }


def _rows(found: Balance) -> list[tuple[str, list[str]]]:
    """Account and texts of every row, none when that is too much: a part of a balance would read as another balance."""
    others = sorted(at for at in found.counted if at >= MOST_EXTRAS)
    rows, size = [], 0
    for row in found.rows:
        texts = [*row.texts[:MOST_EXTRAS], *(row.texts[at] for at in others if at < len(row.texts))]
        texts = [text[:LONGEST_EXTRA] for text in texts]
        size += sum(map(len, texts))
        if size > MOST_KEPT:
            return []
        rows.append((row.account, texts))
    return rows


def _problem(problem: FileProblem) -> tuple[Any, ...]:
    return (
        problem.line,
        problem.column,
        problem.code,
        problem.control,
        _parts(problem.french),
        _parts(problem.english),
        problem.raw,
        _echo(problem.extra),
        problem.sheet,
    )


class _Own:
    """The user's own columns, their titles said once: they are most of a large answer."""

    def __init__(self) -> None:
        self.titles: list[list[str]] = []
        """What the columns of a line may be called; a line says which of these it follows."""
        self._known: dict[tuple[str, ...], tuple[int, Callable[[Sequence[str]], tuple[str, ...]]]] = {}

    def columns(self, titles: tuple[str, ...], own: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        """Which titles, and the text under each."""
        if titles not in self._known:
            kept = {name: at for at, name in enumerate(titles)} if len(titles) <= 1 else _shortened(titles)
            self._known[titles] = (len(self.titles), picking(kept.values()))
            self.titles.append(list(kept))
        number, pick = self._known[titles]
        texts = pick(own)
        if len("".join(texts)) > LONGEST_EXTRA:
            texts = tuple([text[:LONGEST_EXTRA] for text in texts])
        return number, texts


def _shortened(names: Sequence[str]) -> dict[str, int]:
    """Title as given back → which column it is."""
    return {name[:60]: at for at, name in enumerate(names[:MOST_EXTRAS]) if name}


def _echo(extra: Mapping[str, str]) -> dict[str, str]:
    own = _Own()
    number, texts = own.columns(tuple(extra), tuple(extra.values()))
    return dict(zip(own.titles[number], texts, strict=True))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a file, with what it needs loaded."""

    answer: Callable[[Mapping[str, Any], bytes], dict[str, Any]]
    rehearse: Callable[[int], None]
    """Reads something of its own, at most so many lines of it."""


@functools.cache
def _loaded(version: str) -> _Reading:
    """What reads files of a form set, its indexes built, or PDFs; what reading needs has been used once, so that it is there."""
    reading = _of_pdfs() if version == PDF else _of_form_set(formsets.load(version))
    reading.rehearse(100)
    "warm".encode("utf-8-sig")
    for encoding in ("utf-8-sig", "cp1252", "iso-8859-15", "cp437"):
        codecs.lookup(encoding)  # loaded on first use otherwise, and no file opens by then
    gc.freeze()
    return reading


def _of_form_set(form_set: FormSet) -> _Reading:
    return _Reading(functools.partial(answer, form_set), functools.partial(_rehearse, form_set))


def _of_pdfs() -> _Reading:
    # Some fifty megabytes that nobody needs before the first attachment.
    from services.forms.clients.uploads import pdfs

    return _Reading(pdfs.answer, lambda _: pdfs.rehearse())


def _rehearse(form_set: FormSet, most: int) -> None:
    lines = "".join(f"{';'.join(address.rsplit('.', 1))};x;a;b;c;d\n" for address in form_set.cells()[:most])
    json.dumps(answer(form_set, {"siren": "", "year": 0}, f"code;colonne;valeur;c;d;e;f\n{lines}".encode()))


def _read_one(reading: _Reading, seconds: int, *, is_spare: bool) -> None:
    """Raise the walls, then read one file from standard input and answer on standard output."""
    walls = raise_walls(seconds)
    if is_spare:
        # It gets its own copy of the memory that reading writes to while nobody waits: a third of a reading.
        reading.rehearse(MOST_REHEARSED)
    sys.stdout.write(json.dumps({"walls": walls}) + "\n")
    sys.stdout.flush()
    question = json.loads(sys.stdin.buffer.readline())
    try:
        text = json.dumps(reading.answer(question, sys.stdin.buffer.read()))
    except MemoryError:
        text = json.dumps(
            _refusal(
                file_problem(
                    "F-29",
                    ("Le fichier demande trop de mémoire.", "The file asks for too much memory."),
                    REMOVE_THE_REST,
                )
            )
        )
    sys.stdout.write(text + "\n")
    leave()


def main() -> None:
    """Fork a reader each time that the service asks for one, until it closes its end."""
    gc.disable()
    control, seconds = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a reader that has ended
    while True:
        asked, pipes, *_ = socket.recv_fds(control, 100, 2)
        if not asked:
            break
        version, is_spare = json.loads(asked)
        reading = _loaded(version)
        reader = os.fork()
        if not reader:
            try:
                control.close()
                for ours, pipe in enumerate(pipes):
                    os.dup2(pipe, ours)
                    os.close(pipe)
                _read_one(reading, seconds, is_spare=is_spare)
            finally:
                os._exit(1)
        handle = os.pidfd_open(reader)
        socket.send_fds(control, [str(reader).encode()], [handle])
        for opened in (handle, *pipes):
            os.close(opened)
    with suppress(ChildProcessError):
        os.wait()  # returns when none is left, so that nobody else has to bury them


if __name__ == "__main__":
    main()
