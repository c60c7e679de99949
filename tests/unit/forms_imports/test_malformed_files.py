"""Each of more than 600 malformed files gets an answer in French, in time, and none takes the reader down."""

import time

import pytest

import formsets
from services.forms.clients.flat_file_process import answer
from tests.corpus.malformed_files import malformed_files

QUESTION = {"siren": "000000018", "year": 2024}
SLOWEST = 10
PARTS = 8


def test_the_corpus_has_more_than_500_files_and_is_the_same_each_time():
    first, second = ([(f.kind, f.content) for f in malformed_files()] for _ in range(2))

    assert len(first) > 600
    assert first == second


@pytest.mark.parametrize("part", range(PARTS))
def test_every_file_gets_an_answer_in_three_parts_in_french_and_in_english(part):
    form_set = formsets.load("2024.1")
    for number, file in enumerate(malformed_files()):
        if number % PARTS != part:
            continue
        began = time.perf_counter()
        found = answer(form_set, {**QUESTION, "file_name": file.name}, file.content)

        assert time.perf_counter() - began < SLOWEST, file.kind
        refusal = found["refusal"]
        told = [(refusal["fr"], refusal["en"])] if refusal else [(p[4], p[5]) for p in found["problems"]]
        assert not refusal or refusal["control"].startswith("F-"), file.kind
        for french, english in told:
            assert all(part.strip().endswith((".", "!")) for part in (*french, *english)), (file.kind, french, english)
            assert (french[0], french[2]) != (english[0], english[2]), (file.kind, french)
        assert refusal or found["lines"] or found["problems"] or found["guesses"], file.kind
