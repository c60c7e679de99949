"""Runs the gateway alone."""

from node.__main__ import app

app(["serve", "gateway"])
