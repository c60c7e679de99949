"""The disposable process that reads one uploaded file: loads a form set, walls itself in, reads, answers, ends.

Arguments: version of the form set, seconds of processor time. It writes one line of JSON when its walls stand, reads one
line of JSON (the question) and the file from standard input, and answers in JSON.
"""

import codecs
import gc
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import formsets
from formsets import FormSet
from formsets.flat_file import FileProblem, FlatFile, check_subject
from services.forms.clients.uploads.balances import Balance
from services.forms.clients.uploads.reading import read_upload
from services.forms.clients.uploads.refusal import FileRefused
from services.forms.clients.uploads.walls import leave, raise_walls

MOST_GUESSES = 200
MOST_EXTRAS = 30
"""The user's own columns given back, the first ones."""
LONGEST_EXTRA = 500
"""Characters of one of them."""


def answer(form_set: FormSet, question: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Return what a file holds, or why it is refused, as plain JSON values."""
    try:
        found = read_upload(form_set, content, question.get("file_name", ""))
    except FileRefused as refused:
        return _refusal(refused.french, refused.english)
    if isinstance(found, Balance):
        subject = FlatFile(siren=found.siren, year=found.year)
        fatal = check_subject(subject, question["siren"], question["year"])
        return _refusal(fatal.message_fr, fatal.message_en) if fatal else _balance(found)
    fatal = next((p for p in found.problems if p.is_fatal), None) or check_subject(
        found, question["siren"], question["year"]
    )
    return _refusal(fatal.message_fr, fatal.message_en) if fatal else _content(found)


def _refusal(french: str, english: str) -> dict[str, Any]:
    return {"refusal": {"fr": french, "en": english}}


def _content(file: FlatFile) -> dict[str, Any]:
    guesses = [(guess.message_fr, guess.message_en) for guess in file.guesses[:MOST_GUESSES]]
    if len(file.guesses) > MOST_GUESSES:
        more = len(file.guesses) - MOST_GUESSES
        guesses.append((f"{more} autres remarques ne sont pas listées.", f"{more} more remarks are not listed."))
    return {
        "refusal": None,
        "lines": [(e.line_number, e.address, e.raw, _echo(e.extra), e.sheet) for e in file.entries],
        "problems": [_problem(problem) for problem in file.problems],
        "guesses": guesses,
    }


def _balance(found: Balance) -> dict[str, Any]:
    return {
        "refusal": None,
        "lines": [],
        "problems": [_problem(problem) for problem in found.problems],
        "guesses": found.guesses[:MOST_GUESSES],
        "accounts": [(a.account, a.label, str(a.debit), str(a.credit), a.line) for a in found.accounts.values()],
    }


def _problem(problem: FileProblem) -> tuple[Any, ...]:
    return (
        problem.line,
        problem.column,
        problem.code,
        problem.control,
        problem.message_fr,
        problem.message_en,
        problem.raw,
        _echo(problem.extra),
        problem.sheet,
    )


def _echo(extra: Mapping[str, str]) -> dict[str, str]:
    if len(extra) <= 1:
        return {name: text[:LONGEST_EXTRA] for name, text in extra.items()}
    named: Iterable[tuple[str, str]] = list(extra.items())[:MOST_EXTRAS]
    return {name[:60]: text[:LONGEST_EXTRA] for name, text in named if name}


def _warm_up(form_set: FormSet) -> None:
    """Run what every reading runs, so that a spare has its indexes built and its code warm."""
    lines = "".join(f"{';'.join(address.rsplit('.', 1))};x;a;b\n" for address in form_set.cells()[:300])
    json.dumps(answer(form_set, {"siren": "", "year": 0}, f"code;colonne;valeur;c;d\n{lines}".encode()))


def main() -> None:
    """Read one file."""
    version, seconds = sys.argv[1:3]
    form_set = formsets.load(version)
    _warm_up(form_set)
    "warm".encode("utf-8-sig")
    for encoding in ("utf-8-sig", "cp1252", "iso-8859-15", "cp437"):
        codecs.lookup(encoding)  # loaded on first use otherwise, and no file opens by then
    gc.freeze()
    gc.disable()
    sys.stdout.write(json.dumps({"walls": raise_walls(int(seconds))}) + "\n")
    sys.stdout.flush()
    question = json.loads(sys.stdin.buffer.readline())
    try:
        text = json.dumps(answer(form_set, question, sys.stdin.buffer.read()))
    except MemoryError:
        text = json.dumps(
            _refusal(
                "Le fichier demande trop de mémoire. Retirez ce qui n'est pas demandé.",
                "The file asks for too much memory. Remove what is not asked for.",
            )
        )
    sys.stdout.write(text + "\n")
    leave()


if __name__ == "__main__":
    main()
