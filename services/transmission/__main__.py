"""Runs the transmission service alone."""

from node.__main__ import app

app(["serve", "transmission"])
