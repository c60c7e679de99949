"""Runs the signature service alone."""

from node.__main__ import app

app(["serve", "signature"])
