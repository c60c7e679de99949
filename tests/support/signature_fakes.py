"""Fakes of the signature service's ports: storage in memory with transactions, neighbours that say what they are told."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from chassis.errors import Conflict
from services.signature.clients.asic.container import AsicContainers
from services.signature.domain.events import FilingSigned
from services.signature.domain.intent import IntentState, SigningIntent
from services.signature.domain.log import Growth, Nodes
from services.signature.domain.receipt import Receipt
from services.signature.usecases.ports import (
    FilingIdentity,
    FrozenFiling,
    Keys,
    Lock,
    Release,
    Sealed,
    Verdict,
)
from tests.support.signature import a_manifest, an_attachment


@dataclass
class Kept:
    """What is committed."""

    intents: dict[UUID, SigningIntent] = field(default_factory=dict)
    contents: dict[UUID, bytes] = field(default_factory=dict)
    receipts: dict[UUID, Receipt] = field(default_factory=dict)
    containers: dict[UUID, bytes] = field(default_factory=dict)
    counters: dict[tuple[str, int], int] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)
    events: list[FilingSigned] = field(default_factory=list)


class InMemorySignatures:
    """Opens units of work on one memory; ``fail_at`` names a method of a repository that raises once."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.locks: dict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.fail_at = ""

    def __call__(self) -> "InMemoryUnit":
        return InMemoryUnit(self)

    def trip(self, name: str) -> None:
        """Fail if this is the method that must."""
        if self.fail_at == name:
            self.fail_at = ""
            raise ConnectionError(f"the database went away at {name}")


class InMemoryUnit:
    """One transaction: works on a copy, which replaces the original at commit."""

    def __init__(self, store: InMemorySignatures) -> None:
        self._store = store
        self._held: list[asyncio.Lock] = []
        self._events: list[FilingSigned] = []

    async def __aenter__(self) -> Self:
        self.intents = self.receipts = self.log = self  # type: ignore[assignment]
        self._kept = deepcopy(self._store.kept)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lock in self._held:
            lock.release()

    def announce(self, event: FilingSigned) -> None:
        self._events.append(event)

    async def commit(self) -> None:
        self._store.trip("commit")
        settled = [
            (intent.filing_id, intent.filing_version, intent.role)
            for intent in self._kept.intents.values()
            if intent.state is not IntentState.PREPARED
        ]
        if len(set(settled)) != len(settled):
            raise Conflict
        self._kept.events += self._events
        self._store.kept = self._kept

    # --- intents

    async def add(self, *args: Any) -> None:
        """Both repositories' ``add``: an intent with its bytes, or a receipt with its container."""
        if isinstance(args[0], SigningIntent):
            self._kept.intents[args[0].id], self._kept.contents[args[0].id] = args
            return
        self._store.trip("receipt")
        self._kept.receipts[args[0].intent_id], self._kept.containers[args[0].intent_id] = args

    async def find(self, intent_id: UUID) -> SigningIntent | None:
        return self._kept.intents.get(intent_id)

    async def locked(self, intent_id: UUID) -> SigningIntent | None:
        lock = self._store.locks[intent_id]
        await lock.acquire()
        self._held.append(lock)
        self._kept = deepcopy(self._store.kept)
        return self._kept.intents.get(intent_id)

    async def content(self, intent_id: UUID) -> bytes:
        return self._kept.contents[intent_id]

    async def save(self, intent: SigningIntent) -> None:
        self._store.trip(intent.state.value)
        self._kept.intents[intent.id] = intent

    async def settled(self, filing_id: str, version: int, role: str) -> SigningIntent | None:
        wanted = (filing_id, version, role)
        found = (i for i in self._kept.intents.values() if i.state is not IntentState.PREPARED)
        return next((i for i in found if (i.filing_id, i.filing_version, i.role) == wanted), None)

    async def reusable(self, intent: SigningIntent, since: datetime) -> SigningIntent | None:
        like = replace(intent, id=UUID(int=0), created_at=since)
        found = (i for i in self._kept.intents.values() if i.created_at >= since)
        return next((i for i in found if replace(i, id=UUID(int=0), created_at=since) == like), None)

    async def unfinished(self, before: datetime) -> Sequence[UUID]:
        committed = (i for i in self._kept.intents.values() if i.state is IntentState.COMMITTED)
        return [i.id for i in committed if i.committed_at and i.committed_at < before]

    async def forget(self, before: datetime) -> int:
        old = [i.id for i in self._kept.intents.values() if i.state is IntentState.PREPARED and i.created_at < before]
        for intent_id in old:
            del self._kept.intents[intent_id], self._kept.contents[intent_id]
        return len(old)

    # --- receipts

    async def next_sequence(self, document: str, year: int) -> int:
        self._store.trip("number")
        self._kept.counters[document, year] = self._kept.counters.get((document, year), 0) + 1
        return self._kept.counters[document, year]

    async def of_intent(self, intent_id: UUID) -> Receipt | None:
        return self._kept.receipts.get(intent_id)

    async def of_filing(self, filing_id: str, version: int) -> Receipt | None:
        found = [r for r in self._kept.receipts.values() if r.filing_id == filing_id]
        found = [r for r in found if version in (0, r.filing_version)]
        return max(found, key=lambda receipt: receipt.filing_version, default=None)

    async def container(self, intent_id: UUID) -> bytes:
        return self._kept.containers[intent_id]

    # --- log

    async def reserve(self) -> int:
        self._store.trip("log")
        return len(self._kept.entries)

    async def nodes(self, addresses: Sequence[tuple[int, int]]) -> Nodes:
        return {address: self._kept.nodes[address] for address in addresses}

    async def append(self, growth: Growth, entry: bytes, checkpoint: str, at: datetime) -> None:
        self._kept.entries.append(entry)
        self._kept.nodes.update(growth.nodes)
        self._kept.checkpoints.append(checkpoint)

    async def checkpoint(self) -> str | None:
        return self._kept.checkpoints[-1] if self._kept.checkpoints else None


class CountingSeals:
    """Real containers over a real key; counts the uses of the key and may be told to die at one."""

    def __init__(self, containers: AsicContainers, keys: Keys) -> None:
        self._containers, self._keys = containers, keys
        self.uses = 0
        self.dies_before_use = False
        self.dies_after_use = False

    @property
    def key_id(self) -> str:
        return self._keys.key_id

    async def seal(self, files: Mapping[str, bytes], signing_time: datetime) -> Sealed:
        if self.dies_before_use:
            raise ConnectionAbortedError("killed before the key was used")
        self.uses += 1
        sealed = self._containers.seal(files, self._keys, signing_time)
        await asyncio.sleep(0)
        if self.dies_after_use:
            raise ConnectionAbortedError("killed after the key was used")
        return sealed

    async def verify(self, container: bytes, now: datetime) -> Verdict:
        return self._containers.verify(container, now)


class PlayedFilings:
    """Stands for `forms`: one filing, which a test may change, and its lock."""

    def __init__(self, frozen: FrozenFiling | None = None) -> None:
        self.frozen = frozen or a_frozen_filing()
        self.locked_by: str = ""
        self.changed: tuple[str, ...] = ()
        self.refusal: Exception | None = None

    async def freeze(self, filing_id: str) -> FrozenFiling:
        if self.refusal:
            raise self.refusal
        return self.frozen

    async def lock(self, intent: SigningIntent) -> Lock:
        if self.changed:
            return Lock(is_held=False, changed=self.changed)
        self.locked_by = str(intent.id)
        return Lock(is_held=True)


class PlayedReleases:
    """Stands for `transmission`: answers the terms of the moment."""

    def __init__(self) -> None:
        manifest = a_manifest()
        self.release = Release(manifest.matrix_digest, manifest.release_terms)

    async def decide(self, filing: FilingIdentity) -> Release:
        return self.release


class NoLabels:
    """Knows no wording."""

    def of(self, version: str, digest: str) -> Mapping[str, str]:
        return {}


def a_frozen_filing(**changes: Any) -> FrozenFiling:
    """Return the small ER as `forms` freezes it."""
    manifest = a_manifest()
    facts: dict[str, Any] = {
        "identity": FilingIdentity(
            manifest.filing_id,
            manifest.body,
            manifest.body_name,
            manifest.family,
            manifest.departement,
            manifest.document,
            manifest.year,
            manifest.form_set_version,
        ),
        "version": 1,
        "revision": 12,
        "form_set_digest": manifest.form_set_digest,
        "rule_set": manifest.rule_set_digest,
        "outcome": "clean",
        "justifications": {},
        "cells": manifest.cells,
        "attachments": (an_attachment(),),
    }
    return FrozenFiling(**facts | changes)
