"""The `harmonia` command: a client of the servers' web interface, and tools that need no server."""
