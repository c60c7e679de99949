"""The only list of services: name → how to make it for a stack and a database URL."""

from collections.abc import Callable
from importlib import import_module

from chassis.service import Service
from chassis.stack import Stack

STORED = ("auth", "forms", "validation", "signature", "transmission", "sync")
"""Services with a database schema, in the order in which they start."""
ALL = (*STORED, "gateway")

Make = Callable[[Stack, str], Service]


def make(name: str, stack: Stack, database_url: str) -> Service:
    """Return a service wired for this stack; imports only the service asked for.

    Raises:
        KeyError: no service has this name.
    """
    if name not in ALL:
        raise KeyError(f"unknown service {name!r}; there are {', '.join(ALL)}")
    make_service: Make = import_module(f"services.{name}.service").make_service
    return make_service(stack, database_url)
