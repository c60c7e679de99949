"""Runs the forms service alone."""

from node.__main__ import app

app(["serve", "forms"])
