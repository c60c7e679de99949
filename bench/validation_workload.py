"""The workload of V1 and V3: 5,000 amounts, 1,000 rules `|total − sum of five| ≤ 1`, and the peers that run the same.

The floor is what a programmer would write by hand for exactly these rules: a regular expression, a Decimal, a compiled
function a rule. It has no third outcome, no message, no document, no graph.
"""

import hashlib
import random
import re
import statistics
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from formsets import Control, ControlText, Form, FormSet, Line

CELLS = 5_000
RULES = 1_000
TERMS = 5
WRONG = 0.03


def form_set(rules: int = RULES) -> FormSet:
    """Five forms of a thousand lines of one column, and the generated rules."""
    forms = tuple(_form(code) for code in ("AA", "AB", "AC", "AD", "AE"))
    controls = tuple(control(index, cells) for index, cells in enumerate(operands(rules)))
    digest = hashlib.sha256(repr((forms, controls)).encode()).hexdigest()
    return FormSet("bench", digest, forms, (), controls, (), frozenset())


def operands(rules: int = RULES) -> list[tuple[str, ...]]:
    """For each rule its total and its five terms, spread over the four thousand other cells.

    Beyond a thousand rules the cells are asked about again, so that the same share of rules fails.
    """
    terms = [f"{form}.{line:03}.n" for form in ("AA", "AB", "AC", "AD") for line in range(1_000)]
    return [
        (f"AE.{index:03}.n", *(terms[(index * 7 + offset * 811) % len(terms)] for offset in range(TERMS)))
        for index in (number % 1_000 for number in range(rules))
    ]


def raw_cells(seed: int = 7) -> dict[str, str]:
    """What a file holds: five thousand texts, three totals in a hundred being wrong."""
    generator = random.Random(seed)
    cells = {
        f"{form}.{line:03}.n": str(generator.randrange(10**7))
        for form in ("AA", "AB", "AC", "AD", "AE")
        for line in range(1_000)
    }
    for total, *terms in operands():
        wrong = 1_000 if generator.random() < WRONG else 0
        cells[total] = str(sum(int(cells[term]) for term in terms) + wrong)
    return cells


def floor(cells: Mapping[str, str]) -> Callable[[], list[bool]]:
    """The hand-written run: format, then one compiled function a rule."""
    is_amount = re.compile("[0-9]{1,12}").fullmatch
    one = Decimal(1)
    functions = [
        eval(  # the same text a programmer would type, a thousand times
            f"lambda c: abs(c[{total!r}] - ({' + '.join(f'c[{term!r}]' for term in terms)})) <= one",
            {"one": one, "abs": abs},
        )
        for total, *terms in operands()
    ]

    def run() -> list[bool]:
        values = {}
        for address, raw in cells.items():
            if not is_amount(raw):
                raise ValueError(address)
            values[address] = Decimal(raw)
        return [function(values) for function in functions]

    return run


def cel(cells: Mapping[str, str]) -> Callable[[], list[Any]]:
    """The same rules in cel-python, each given its six cells; compiled beforehand, format not counted."""
    import celpy

    environment = celpy.Environment()
    names = ("total", "a", "b", "c", "d", "e")
    text = "total - (a + b + c + d + e) <= 1 && total - (a + b + c + d + e) >= -1"
    programs = [environment.program(environment.compile(text)) for _ in range(RULES)]
    contexts = [
        {name: celpy.celtypes.IntType(int(cells[address])) for name, address in zip(names, cell, strict=True)}
        for cell in operands()
    ]

    def run() -> list[Any]:
        return [program.evaluate(context) for program, context in zip(programs, contexts, strict=True)]

    return run


def cel_rust(cells: Mapping[str, str]) -> dict[str, Any]:
    """The same rules for an engine of CEL in another process: a text and the values of its six cells for each."""
    names = ("total", "a", "b", "c", "d", "e")
    text = "total - (a + b + c + d + e) <= 1 && total - (a + b + c + d + e) >= -1"
    contexts = [{name: int(cells[address]) for name, address in zip(names, cell, strict=True)} for cell in operands()]
    return {"texts": [text] * RULES, "contexts": contexts}


def medians(
    rounds: int,
    timed: Mapping[str, Callable[[], float]] = MappingProxyType({}),
    **candidates: tuple[Callable[[], object], int],
) -> dict[str, float]:
    """Median milliseconds of each candidate, all run in turn in each round; each may repeat inside a round.

    Those in `timed` run elsewhere and say themselves how many milliseconds they took.
    """
    times: dict[str, list[float]] = {name: [] for name in (*candidates, *timed)}
    for run, _ in candidates.values():
        run()
    for ask in timed.values():
        ask()
    for index in range(rounds):
        ordered = list(candidates.items())
        for name, (run, repeats) in ordered if index % 2 else reversed(ordered):
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            times[name].append((time.perf_counter() - start) * 1_000 / repeats)
        for name, ask in timed.items():
            times[name].append(ask())
    return {name: statistics.median(found) for name, found in times.items()}


def _form(code: str) -> Form:
    lines = tuple(
        Line(
            f"{code}.{n:03}",
            f"Ligne {n}",
            "M",
            "",
            "",
            None,
            False,
            MappingProxyType({}),
            None,
            None,
            None,
            False,
            (),
            False,
        )
        for n in range(1_000)
    )
    return Form(code, code, "ER", ("n",), "n", ("n",), MappingProxyType({}), (), lines)


def control(index: int, cells: tuple[str, ...]) -> Control:
    """The rule that a total is the sum of its terms, give or take one."""
    total, *terms = cells
    message = f"Le total {total} diffère de la somme de ses termes."
    texts = MappingProxyType({"fr": ControlText(message, total, "Rendez-les égaux.")})
    return Control(f"G-{index:04}", "A", f"EQ({total},{'+'.join(terms)},1)", "", message, "ER", texts)
