"""Runs the sync service alone."""

from node.__main__ import app

app(["serve", "sync"])
