"""The stack a process belongs to: what every service of it is told at start."""

from dataclasses import dataclass, field
from pathlib import Path

from chassis.clock import Clock, SystemClock
from chassis.identifiers import Identifiers, TimeSortableIdentifiers


@dataclass(frozen=True, slots=True)
class Stack:
    """One server of the federation, as its own services see it."""

    name: str
    """For example `MIN` or `FED-OPH`; also the trust domain of its certificates."""
    data_folder: Path
    """Where this process may keep files (keys, sockets); one sub-folder a service."""
    redis_url: str = ""
    """Redis for hints, rate limits and web sessions; losing it loses nothing."""
    is_production: bool = False
    """True refuses development secrets, accounts and providers."""
    clock: Clock = field(default_factory=SystemClock)
    identifiers: Identifiers = field(default_factory=lambda: TimeSortableIdentifiers(SystemClock()))

    def folder(self, service: str) -> Path:
        """Return the service's own folder, made if need be, readable by its owner only."""
        path = self.data_folder / service
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path
