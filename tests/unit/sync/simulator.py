"""A whole federation in one thread, driven by a seed: servers made of the pure sync core, and a network that misbehaves.

Every fault is drawn from the seed: drops, duplicates, reordering, damaged bytes, partitions, crashes in the middle of a
transaction, restores of old backups, clocks that go wrong, bodies that move from one federation to another. ``Node`` is
what the use cases do, with dictionaries in place of tables. A failing seed replays exactly.
"""

import copy
import hmac
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from chassis.errors import Failure
from services.sync.domain.batch import Batch, Item, Withheld
from services.sync.domain.concept import Concept, Nature
from services.sync.domain.entitlement import Membership, MembershipDocument, may_travel, newly_entitled
from services.sync.domain.envelope import (
    MEMBERSHIP,
    MEMBERSHIP_SCHEMA,
    Content,
    Envelope,
    Epoch,
    Kind,
    content_of_fact,
    fact_of_content,
)
from services.sync.domain.errors import BatchRefused, Refusal
from services.sync.domain.fact import Edit, Fact, FactKey, OtherValue, Said, SharedFact, Source, Writer
from services.sync.domain.hlc import START, HybridTime
from services.sync.domain.inbox import Fate, Reception, Settlement
from services.sync.domain.receipt import Receipt
from services.sync.domain.stream import Cursor, EpochNotice, Head, Lanes
from services.sync.domain.version_vector import VersionVector

MINISTRY = "MIN"
YEAR = 2024
CATALOGUE = {
    concept.code: concept
    for concept in (
        Concept("PRD.LOYERS_CONV", Nature.INPUT, has_alias=True),
        Concept("PAT.SURFACE", Nature.INPUT, has_alias=True),
        Concept("INV.AUTRES", Nature.INPUT, has_alias=False),
        Concept("PAT.LOG_GERES", Nature.COMPUTED, has_alias=True),
    )
}
FIRST_EPOCH = Epoch(1, "0")


class Keys:
    """Signer of one server and verifier of all; the secret of a server is its name."""

    def __init__(self, server: str) -> None:
        self._server = server

    def sign(self, content: bytes) -> bytes:
        return hmac.digest(self._server.encode(), content, "sha256")

    def verify(self, server: str, content: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(server.encode(), content, "sha256"), signature)


@dataclass
class Outgoing:
    """One stream as its origin stores it."""

    head: Head
    envelopes: list[Envelope] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=list)

    def append(self, content: Content, entitlement: str, blind: str) -> None:
        self.head, envelope = self.head.appended(content, entitlement=entitlement, blind=blind)
        self.envelopes.append(envelope)
        self.roots.append(self.head.frontier.root)


@dataclass
class State:
    """All that a server keeps on disk."""

    epoch: Epoch
    facts: dict[FactKey, SharedFact] = field(default_factory=dict)
    said: dict[FactKey, frozenset[Said]] = field(default_factory=dict)
    """What was ever written, as the table of versions keeps it."""
    outgoing: dict[str, Outgoing] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    lanes: dict[str, Lanes] = field(default_factory=dict)
    inbox: dict[tuple[str, str, int], tuple[Fate, bytes]] = field(default_factory=dict)
    documents: dict[str, MembershipDocument] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    last: HybridTime = START
    incidents: list[str] = field(default_factory=list)

    def snapshot(self) -> "State":
        """Copy the containers; what they hold never changes."""
        return replace(
            self,
            facts=dict(self.facts),
            said=dict(self.said),
            outgoing={
                peer: Outgoing(out.head, list(out.envelopes), list(out.roots)) for peer, out in self.outgoing.items()
            },
            cursors=dict(self.cursors),
            lanes=dict(self.lanes),
            inbox=dict(self.inbox),
            documents=dict(self.documents),
            receipts=dict(self.receipts),
            incidents=list(self.incidents),
        )


@dataclass(frozen=True)
class Message:
    sender: str
    receiver: str


@dataclass(frozen=True)
class Pull(Message):
    epoch: Epoch
    size: int
    receipt: Receipt | None


@dataclass(frozen=True)
class Answer(Message):
    items: tuple[bytes | Withheld, ...]
    batch: Batch


@dataclass(frozen=True)
class Announcement(Message):
    """Answer to a pull from an epoch that has ended."""

    notice: EpochNotice


@dataclass(frozen=True)
class RecoveryCall(Message):
    notice: EpochNotice
    restored: tuple[int, int]
    """Ordinal of the epoch and size of the stream that the backup held."""


@dataclass(frozen=True)
class RecoveryAnswer(Message):
    epoch: Epoch
    """The epoch the peer now knows."""
    envelopes: tuple[bytes, ...]


class Node:
    """One server: the use cases of the sync service over dictionaries."""

    def __init__(self, name: str, peers: Iterable[str], rng: random.Random, now: Callable[[], int]) -> None:
        self.name, self.peers, self.rng, self._now = name, list(peers), rng, now
        self.skew_ms = 0
        self.keys = Keys(name)
        self.state = State(FIRST_EPOCH)
        self.recovering: dict[str, tuple[int, int]] = {}
        for peer in self.peers:
            self.state.outgoing[peer] = Outgoing(Head(name, FIRST_EPOCH, peer))
            self.state.cursors[peer] = Cursor(peer, FIRST_EPOCH, name)
            self.state.lanes[peer] = Lanes()
            federation = peer if self.is_ministry else name
            self.state.documents[federation] = MembershipDocument(MINISTRY, federation, 0)

    @property
    def is_ministry(self) -> bool:
        return self.name == MINISTRY

    @property
    def writer(self) -> Writer:
        return Writer(self.name, self.is_ministry)

    def now_ms(self) -> int:
        return self._now() + self.skew_ms

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def fact(self, key: FactKey) -> SharedFact:
        return self.state.facts.get(key, SharedFact(key))

    def document(self, peer: str) -> MembershipDocument:
        return self.state.documents[peer if self.is_ministry else self.name]

    def holds(self, siren: str) -> bool:
        return any(self.document(peer).has_member(siren, YEAR) for peer in self.peers)

    def stamp(self) -> HybridTime:
        self.state.last = self.state.last.next(self.now_ms())
        return self.state.last

    # -- local changes -------------------------------------------------------
    def publish(self, before: SharedFact, after: SharedFact) -> list[Fact]:
        """Keep a changed fact and send its new versions to whoever is entitled."""
        self.state.facts[after.key] = after
        new = [version for version in after.versions if version not in before.versions]
        for version in new:
            self.remember(version)
            for peer in self.peers:
                self.append(peer, version)
        return new

    def remember(self, version: Fact) -> None:
        if not version.is_put_back:
            said = self.state.said.get(version.key, frozenset())
            self.state.said[version.key] = said | {(version.origin, version.value, version.author)}

    def append(self, peer: str, version: Fact) -> None:
        document = self.document(peer)
        content = content_of_fact(version)
        if may_travel(document, CATALOGUE, self.name, peer, content):
            self.state.outgoing[peer].append(content, document.digest(), f"{self.rng.getrandbits(64):x}")

    def backfill(self, peer: str, keys: Iterable[FactKey]) -> None:
        for key in sorted(keys):
            for version in self.fact(key).versions:
                self.append(peer, version)

    def state_membership(self, federation: str, members: Iterable[Membership]) -> None:
        """At the ministry: replace a federation's document, send it, then send what it newly opens."""
        old = self.state.documents[federation]
        new = MembershipDocument(MINISTRY, federation, old.version + 1, frozenset({"OPH"}), tuple(sorted(members)))
        self.state.documents[federation] = new
        self.send_membership(federation)
        self.backfill(federation, newly_entitled(old, new, self.state.facts))

    def send_membership(self, federation: str) -> None:
        document = self.state.documents[federation]
        content = Content(
            Kind.MEMBERSHIP,
            "",
            MEMBERSHIP,
            "",
            f"membership/{document.version}",
            VersionVector(((MINISTRY, max(document.version, 1)),)),
            self.stamp(),
            "sync",
            MEMBERSHIP_SCHEMA,
            document.to_bytes(),
        )
        self.state.outgoing[federation].append(content, document.digest(), f"{self.rng.getrandbits(64):x}")

    # -- serving -------------------------------------------------------------
    def on_pull(self, pull: Pull) -> list[Message]:
        if self.recovering:
            return []
        if pull.epoch != self.state.epoch:
            return [Announcement(self.name, pull.sender, self.notice())]
        out = self.state.outgoing[pull.sender]
        receipt = pull.receipt
        if receipt and receipt.size:
            root = out.roots[receipt.size - 1] if receipt.size <= len(out.roots) else None
            if receipt.is_proof(
                identity=pull.sender, origin=self.name, epoch=self.state.epoch, root=root, verifier=self.keys
            ):
                self.state.receipts[pull.sender] = receipt
        size = pull.size
        rows = out.envelopes[size : size + self.rng.choice((1, 3, 500))]
        items: list[Item] = []
        for envelope in rows:
            open_ = may_travel(self.document(pull.sender), CATALOGUE, self.name, pull.sender, envelope.content)
            items.append(envelope if open_ else Withheld(envelope.seq, envelope.leaf))
        end = min(size, len(out.roots)) + len(rows)
        root = out.roots[end - 1] if end else out.head.__class__(self.name, self.state.epoch, pull.sender).frontier.root
        batch = out.head.batch(items, size=end, root=root, now=self.now(), signer=self.keys)
        wire = tuple(item if isinstance(item, Withheld) else item.to_bytes() for item in items)
        return [Answer(self.name, pull.sender, wire, replace(batch, items=()))]

    # -- receiving -----------------------------------------------------------
    def pull(self, origin: str) -> Pull:
        cursor = self.state.cursors[origin]
        receipt = Receipt(self.name, origin, cursor.epoch, cursor.size, cursor.frontier.root, self.now())
        return Pull(self.name, origin, cursor.epoch, cursor.size, receipt.signed(self.keys))

    def on_answer(self, answer: Answer) -> None:
        if self.recovering:
            return
        origin = answer.sender
        cursor = self.state.cursors[origin]
        try:
            items = tuple(item if isinstance(item, Withheld) else Envelope.from_bytes(item) for item in answer.items)
            batch = replace(answer.batch, items=items)
            after = cursor.accept(batch, identity=origin, verifier=self.keys, now=self.now())
        except BatchRefused as refused:
            if refused.refusal is Refusal.FORKED:
                self.state.cursors[origin] = cursor.frozen()
                self.state.incidents.append(f"FORKED {origin}")
            return
        except Failure:
            return
        self.state.cursors[origin] = after
        for item in batch.items if after.size > cursor.size else ():
            self.take(origin, item)

    def take(self, origin: str, item: Item) -> None:
        key = (origin, self.state.cursors[origin].epoch.to_text(), item.seq)
        if key in self.state.inbox:
            raise AssertionError(f"{self.name} applied {key} twice")
        reception = Reception(self.name, origin, self.document(origin), CATALOGUE, self.state.said)
        if isinstance(item, Withheld):
            self.state.inbox[key] = (Fate.WITHHELD, b"")
            return
        if not reception.admits(item):
            self.state.inbox[key] = (Fate.DROPPED, b"")
            return
        if item.content.kind is Kind.MEMBERSHIP:
            old, new = reception.document, reception.succeed(item)
            self.state.documents[self.name] = new
            self.state.inbox[key] = (Fate.APPLIED, item.to_bytes())
            self.backfill(origin, newly_entitled(old, new, self.state.facts))
            return
        settlement = self.settle(reception, item, is_lane_parked=self.state.lanes[origin].is_parked(item.content.body))
        self.state.inbox[key] = (settlement.fate, item.to_bytes())
        if settlement.fate is Fate.PARKED:
            self.state.lanes[origin] = self.state.lanes[origin].parked(item.content.body, item.seq)

    def settle(self, reception: Reception, item: Envelope, *, is_lane_parked: bool) -> Settlement:
        held = self.fact(fact_of_content(item.content).key)
        settlement = reception.settle(item, held, now_ms=self.now_ms(), is_lane_parked=is_lane_parked)
        if settlement.fact is not None:
            self.state.facts[settlement.fact.key] = settlement.fact
            self.remember(fact_of_content(item.content))
        return settlement

    def retry_lanes(self) -> None:
        """Try again what is parked, oldest first, body by body."""
        for origin, lanes in list(self.state.lanes.items()):
            epoch = self.state.cursors[origin].epoch.to_text()
            for body, _ in lanes.waiting:
                rest, numbers = self.state.lanes[origin].released(body)
                for seq in numbers:
                    fate, content = self.state.inbox[origin, epoch, seq]
                    item = Envelope.from_bytes(content)
                    reception = Reception(self.name, origin, self.document(origin), CATALOGUE, self.state.said)
                    settlement = self.settle(reception, item, is_lane_parked=rest.is_parked(body))
                    fate = settlement.fate
                    self.state.inbox[origin, epoch, seq] = (fate, b"" if fate is Fate.DROPPED else content)
                    if fate is Fate.PARKED:
                        rest = rest.parked(body, seq)
                self.state.lanes[origin] = rest

    # -- restoring -----------------------------------------------------------
    def restore(self, backup: State) -> None:
        self.state = backup.snapshot()
        held = {peer: (self.state.epoch.ordinal, out.head.size) for peer, out in self.state.outgoing.items()}
        self.begin_epoch(self.state.epoch.ordinal + 1, held)

    def begin_epoch(self, ordinal: int, held: dict[str, tuple[int, int]]) -> None:
        self.state.epoch = Epoch(ordinal, f"{self.rng.getrandbits(32):x}")
        self.recovering = dict(held)
        self.asked = dict(held)

    def notice(self) -> EpochNotice:
        notice = EpochNotice(self.name, self.state.epoch, None)
        return replace(notice, signature=self.keys.sign(notice.signed_bytes()))

    def recovery_calls(self) -> list[Message]:
        return [RecoveryCall(self.name, peer, self.notice(), held) for peer, held in self.recovering.items()]

    def on_recovery_call(self, call: RecoveryCall) -> list[Message]:
        if self.recovering and self.name > call.sender:
            return []  # both restored at once: one goes first
        held = [
            content
            for (origin, epoch, seq), (fate, content) in sorted(
                self.state.inbox.items(), key=lambda row: (Epoch.from_text(row[0][1]).ordinal, row[0][2])
            )
            if origin == call.sender
            and (Epoch.from_text(epoch).ordinal, seq) > call.restored
            and fate in (Fate.APPLIED, Fate.PARKED)
        ]
        self.follow(call.notice, call.sender)
        return [RecoveryAnswer(self.name, call.sender, self.state.cursors[call.sender].epoch, tuple(held))]

    def follow(self, notice: EpochNotice, origin: str) -> None:
        """Go on with the origin's next incarnation, and tell it again all that it may have forgotten of us."""
        cursor = self.state.cursors[origin]
        try:
            renewed = cursor.renewed(notice, identity=origin, verifier=self.keys)
        except BatchRefused:
            return
        if renewed.epoch != cursor.epoch:
            self.retry_lanes()
            self.state.cursors[origin] = renewed
            self.state.lanes[origin] = Lanes()
            if not self.recovering:
                self.backfill(origin, self.state.facts)

    def on_recovery_answer(self, answer: RecoveryAnswer) -> bool:
        """Take back what a peer holds of ours; True when the last peer has answered."""
        if answer.sender not in self.recovering:
            return False
        if answer.epoch != self.state.epoch:
            if answer.epoch.ordinal >= self.state.epoch.ordinal:
                self.begin_epoch(answer.epoch.ordinal + 1, self.asked)
            return False
        for content in answer.envelopes:
            envelope = Envelope.from_bytes(content)
            if envelope.content.kind is Kind.MEMBERSHIP:
                document = MembershipDocument.from_bytes(envelope.content.payload)
                held = self.state.documents[document.federation]
                self.state.documents[document.federation] = held.successor(document, MINISTRY)
            else:
                version = fact_of_content(envelope.content)
                self.remember(version)
                self.state.facts[version.key] = self.fact(version.key).merged(version)[0]
        del self.recovering[answer.sender]
        if self.recovering:
            return False
        for peer in self.peers:
            self.state.outgoing[peer] = Outgoing(Head(self.name, self.state.epoch, peer))
            if self.is_ministry:
                self.send_membership(peer)
            self.backfill(peer, self.state.facts)
        return True


@dataclass
class Faults:
    """How likely each misfortune is."""

    drop: float = 0.1
    duplicate: float = 0.15
    damage: float = 0.03
    max_delay: int = 12


class Federation:
    """The servers, the network between them, and the truth that only an observer of everything knows."""

    def __init__(self, seed: int, *, federations: int = 3, bodies: int = 3) -> None:
        self.rng = random.Random(seed)
        self.time_ms = 1_700_000_000_000
        names = [f"FED-{letter}" for letter in "ABCD"[:federations]]
        self.federations = names
        self.nodes = {MINISTRY: self._node(MINISTRY, names)} | {name: self._node(name, [MINISTRY]) for name in names}
        self.queue: list[tuple[int, int, Message]] = []
        self.partitioned: set[frozenset[str]] = set()
        self.backups: dict[str, State] = {}
        self.faults = Faults()
        self.bodies = [f"{100000000 + n}" for n in range(bodies)]
        self.home = {siren: self.rng.choice(names) for siren in self.bodies}
        self.ever: dict[str, set[str]] = {siren: {MINISTRY, home} for siren, home in self.home.items()}
        self.truth: dict[FactKey, list[Fact]] = {}
        self.doubtful: dict[FactKey, list[Fact]] = {}
        """Written just before a backup was restored, held by no peer: lost, unless a message was still under way."""
        self.sequence = 0
        self.restates = False
        self.counts = {"conflicts": 0, "restores": 0, "refused": 0, "withheld": 0}
        for name in names:
            self._state_membership(name)

    def _node(self, name: str, peers: list[str]) -> Node:
        return Node(name, peers, self.rng, lambda: self.time_ms)

    def _state_membership(self, federation: str) -> None:
        members = [Membership(siren, "OPH", 2020) for siren in self.bodies if self.home[siren] == federation]
        self.nodes[MINISTRY].state_membership(federation, members)

    # -- network -------------------------------------------------------------
    def send(self, message: Message) -> None:
        self._watch(message)
        for _ in range(2 if self.rng.random() < self.faults.duplicate else 1):
            if self.rng.random() >= self.faults.drop:
                self.sequence += 1
                due = self.time_ms + self.rng.randrange(1, 1 + self.faults.max_delay) * 10
                self.queue.append((due, self.sequence, message))

    def _watch(self, message: Message) -> None:
        """No batch of the ministry may carry a body that the addressee does not have at this instant."""
        if isinstance(message, Answer) and message.sender == MINISTRY:
            document = self.nodes[MINISTRY].document(message.receiver)
            for item in message.items:
                self.counts["withheld"] += isinstance(item, Withheld)
                if not isinstance(item, Withheld):
                    for siren in self.bodies:
                        is_told = siren.encode() in item and b'"kind":"fact"' in item
                        assert not is_told or document.has_member(siren, YEAR), f"{siren} leaks to {message.receiver}"

    def deliver_due(self) -> None:
        due = sorted(entry for entry in self.queue if entry[0] <= self.time_ms)
        self.queue = [entry for entry in self.queue if entry[0] > self.time_ms]
        for _, _, message in due:
            if frozenset((message.sender, message.receiver)) not in self.partitioned:
                self._deliver(self._damaged(message))

    def _damaged(self, message: Message) -> Message:
        if not isinstance(message, Answer) or not message.items or self.rng.random() >= self.faults.damage:
            return message
        place = self.rng.randrange(len(message.items))
        item = message.items[place]
        if isinstance(item, Withheld):
            wrong: bytes | Withheld = Withheld(item.seq, bytes(32))
        else:
            at = self.rng.randrange(len(item))
            wrong = item[:at] + bytes([item[at] ^ (1 << self.rng.randrange(8))]) + item[at + 1 :]
        return replace(message, items=(*message.items[:place], wrong, *message.items[place + 1 :]))

    def _deliver(self, message: Message) -> None:
        node = self.nodes[message.receiver]
        crashes = self.faults.drop > 0 and self.rng.random() < 0.03
        before = (node.state.snapshot(), dict(node.recovering)) if crashes else None
        replies: list[Message] = []
        if isinstance(message, Pull):
            replies = node.on_pull(message)
        elif isinstance(message, Answer):
            node.on_answer(message)
        elif isinstance(message, Announcement):
            if not node.recovering:
                node.follow(message.notice, message.sender)
        elif isinstance(message, RecoveryCall):
            replies = node.on_recovery_call(message)
        elif isinstance(message, RecoveryAnswer) and node.on_recovery_answer(message) and node.is_ministry:
            self.restates = True
        if before:  # killed before the commit: nothing was stored, nothing was answered
            node.state, node.recovering = before
            self.restates = False
            return
        if self.restates:
            self.restates = False
            for federation in self.federations:
                self._state_membership(federation)
        for reply in replies:
            self.send(reply)

    # -- life ----------------------------------------------------------------
    def step(self) -> None:
        """One random thing happens, then time passes."""
        action = self.rng.choices(
            (self._write, self._pull, self._choose, self._take_back, self._seal, self._partition, self._backup, self._restore,
             self._move, self._skew),
            (60, 40, 6, 3, 2, 4, 3, 1, 2, 1),
        )[0]  # fmt: skip
        action()
        self.time_ms += self.rng.randrange(5, 40)
        self.deliver_due()

    def _any_node(self) -> Node:
        return self.nodes[self.rng.choice(list(self.nodes))]

    def _place(self) -> tuple[Node, FactKey] | None:
        node = self._any_node()
        held = [siren for siren in self.bodies if node.holds(siren)]
        if node.recovering or not held:
            return None
        return node, FactKey(self.rng.choice(held), YEAR, self.rng.choice(list(CATALOGUE)))

    def _record(self, versions: Iterable[Fact]) -> None:
        for version in versions:
            self.truth.setdefault(version.key, []).append(version)

    def _write(self) -> None:
        place = self._place()
        if place is None:
            return
        node, key = place
        concept = CATALOGUE[key.concept]
        self.sequence += 1
        value = f"{key.siren}c{self.sequence}" if self.rng.random() < 0.8 else f"{key.siren}same"
        source = Source.COMPUTED if concept.nature is Nature.COMPUTED else Source.TYPED
        before = node.fact(key)
        try:
            after, _ = before.changed(Edit(value, source, "u1"), concept=concept, writer=node.writer, now=node.stamp())
        except Failure:
            self.counts["refused"] += 1
            return
        self._record(node.publish(before, after))

    def _choose(self) -> None:
        node = self._any_node()
        clashes = [
            fact for _, fact in sorted(node.state.facts.items()) if fact.is_conflict and node.holds(fact.key.siren)
        ]
        if node.recovering or not clashes:
            return
        self.counts["conflicts"] += 1
        fact = self.rng.choice(clashes)
        chosen = self.rng.choice(fact.versions).vector
        try:
            after = fact.resolved(chosen, fact.context, author="u2", writer=node.writer, now=node.stamp())
        except Failure:
            return
        self._record(node.publish(fact, after))

    def _take_back(self) -> None:
        """A person of the body takes a choice back, as far as anybody can still tell that there was one."""
        place = self._place()
        if place is None:
            return
        node, key = place
        fact = node.fact(key)
        others = [one for one in sorted(node.state.said.get(key, ()), key=str) if one[0] != node.name]
        if fact.current is None or not others:
            return
        server, value, author = self.rng.choice(others)
        other = OtherValue(value, server, author, self.rng.choice(self.truth[key]).hlc)
        edit = Edit(fact.current.value, Source.TYPED, "u4", fact.context)
        try:
            after, _ = fact.taken_back(
                edit, other, concept=CATALOGUE[key.concept], writer=node.writer, now=node.stamp()
            )
        except Failure:
            return
        self._record(node.publish(fact, after))

    def _seal(self) -> None:
        node = self.nodes[MINISTRY]
        siren = self.rng.choice(self.bodies)
        if node.recovering:
            return
        reopens = self.rng.random() < 0.6
        for key, fact in sorted(node.state.facts.items()):
            if key.siren != siren or not (fact.current or fact.sealed):
                continue
            signed = fact.current or fact.sealed
            assert signed is not None
            edit = Edit(signed.value, signed.source, "u3", base=signed.vector)
            if reopens:
                after, _ = fact.reopened(author="u3", writer=node.writer, now=node.stamp())
            else:
                after, _ = fact.sealed_as(edit, writer=node.writer, now=node.stamp())
            self._record(node.publish(fact, after))

    def _pull(self) -> None:
        for node in self.nodes.values():
            for message in node.recovery_calls() if node.recovering else [node.pull(peer) for peer in node.peers]:
                self.send(message)
            node.retry_lanes()

    def _partition(self) -> None:
        pair = frozenset((MINISTRY, self.rng.choice(self.federations)))
        self.partitioned ^= {pair}

    def _backup(self) -> None:
        node = self._any_node()
        if not node.recovering:
            self.backups[node.name] = node.state.snapshot()

    def _restore(self) -> None:
        node = self._any_node()
        if node.name not in self.backups:
            return
        self.counts["restores"] += 1
        node.restore(self.backups[node.name])
        for key, versions in self.truth.items():
            kept = [v for v in versions if any(_covers(other.fact(key), v) for other in self.nodes.values())]
            self.doubtful.setdefault(key, []).extend(v for v in versions if v not in kept)
            self.truth[key] = kept

    def _move(self) -> None:
        ministry = self.nodes[MINISTRY]
        if ministry.recovering:
            return
        siren = self.rng.choice(self.bodies)
        old, new = self.home[siren], self.rng.choice(self.federations)
        self.home[siren] = new
        self.ever[siren].add(new)
        self._state_membership(old)
        if new != old:
            self._state_membership(new)

    def _skew(self) -> None:
        self._any_node().skew_ms = self.rng.choice((0, 0, -3_600_000, 30_000, 90_000))

    # -- afterwards ----------------------------------------------------------
    def heal(self) -> None:
        """All links up, all clocks right, nobody writes: run until nothing moves any more."""
        self.faults = Faults(drop=0.0, duplicate=0.0, damage=0.0, max_delay=1)
        self.partitioned.clear()
        for node in self.nodes.values():
            node.skew_ms = 0
        self.time_ms += 10_000_000
        quiet = 0
        for _ in range(400):
            before = [(node.state.epoch, tuple(node.state.cursors.values())) for node in self.nodes.values()]
            self._pull()
            self.time_ms += 20
            while self.queue:
                self.time_ms += 20
                self.deliver_due()
            after = [(node.state.epoch, tuple(node.state.cursors.values())) for node in self.nodes.values()]
            quiet = quiet + 1 if after == before else 0
            if quiet == 3:
                return
        raise AssertionError("the federation does not come to rest")

    def standing(self, key: FactKey) -> set[Fact]:
        """The versions that nothing has replaced: what the ministry and the body's own federation must both hold.

        What a former federation wrote after the body had left it, and nobody was entitled to, does not count.
        """
        parties = (MINISTRY, self.home[key.siren])
        held = self.nodes[MINISTRY].fact(key)
        written = [v for v in self.truth.get(key, []) if v.origin in parties or _covers(held, v)]
        written += [v for v in self.doubtful.get(key, []) if v in held.versions]
        return {v for v in written if not any(other.vector.dominates(v.vector) for other in written)}

    def copy_of_disks(self) -> dict[str, bytes]:
        """Everything each server stores, as one heap of bytes to search for canaries."""
        return {name: repr(copy.copy(node.state)).encode() for name, node in self.nodes.items()}


def _covers(fact: SharedFact, version: Fact) -> bool:
    return version in fact.versions or any(held.vector.dominates(version.vector) for held in fact.versions)


__all__ = ["CATALOGUE", "MINISTRY", "YEAR", "Federation", "Keys", "Node"]
