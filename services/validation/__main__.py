"""Runs the validation service alone."""

from node.__main__ import app

app(["serve", "validation"])
