"""Where every draw comes from: a generator of its own for each thing drawn, named by what it is for."""

import random


def seeded(*parts: str | int) -> random.Random:
    """A generator that depends on these parts alone; the same on every machine and Python version of the 3 line."""
    return random.Random("harmonia:" + ":".join(map(str, parts)))  # noqa: S311 - invented figures, no secret
