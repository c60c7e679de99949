"""Runs the auth service alone."""

from node.__main__ import app

app(["serve", "auth"])
