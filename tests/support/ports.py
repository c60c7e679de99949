"""Ports to listen on in tests: what one test is about to bind, no other takes meanwhile."""

import socket
from contextlib import suppress

_LOWEST, _COUNT = 20_000, 12_000
"""Below 32768: from there on the kernel takes ports for outgoing connections, and tests beside one another make many."""
_given: set[int] = set()


def free_port() -> int:
    """Return a port of this machine that nobody listens on and that this process was not given before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = _LOWEST + int(probe.getsockname()[1]) % _COUNT
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
