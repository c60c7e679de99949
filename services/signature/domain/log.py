"""The log of seals: an append-only Merkle tree (RFC 6962) and its signed checkpoints (C2SP tlog-checkpoint).

Entries are digests, so the log reveals nothing. A *node* is a perfect subtree, addressed by (level, index): once
written it never changes, which is why the store may keep nodes in a table without the right to update. Every root and
every proof is a fold over a handful of such nodes; the functions say which ones they need (``*_nodes``), the store
reads them, and the functions fold them.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from services.signature.domain.canonical import Canonical, canonical_bytes
from services.signature.domain.errors import NoteMalformed

Address = tuple[int, int]
"""(level, index) of a perfect subtree: leaves ``index * 2**level`` up to ``(index + 1) * 2**level``."""
Nodes = Mapping[Address, bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()
_ED25519 = b"\x01"
_EM_DASH = "\u2014 "


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf (RFC 6962 §2.1: prefixed by 0, so that no node passes for a leaf)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbours (prefixed by 1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- roots and proofs ----------------------------------------------------------------------------------------------

Span = tuple[int, int]
"""Leaves from the first (included) to the second (excluded)."""


def span_nodes(span: Span) -> tuple[Address, ...]:
    """Return the perfect subtrees that tile a span, left to right; the span starts where such a tile may start."""
    low, high = span
    tiles = []
    while low < high:
        level = (high - low).bit_length() - 1
        tiles.append((level, low >> level))
        low += 1 << level
    return tuple(tiles)


def span_hash(span: Span, nodes: Nodes) -> bytes:
    """Return the Merkle hash of a span from its tiles."""
    tiles = [nodes[address] for address in span_nodes(span)]
    if not tiles:
        return EMPTY_ROOT
    current = tiles.pop()
    while tiles:
        current = node_hash(tiles.pop(), current)
    return current


def root_nodes(size: int) -> tuple[Address, ...]:
    """Return the nodes that the root of a tree of this size is folded from."""
    return span_nodes((0, size))


def root_hash(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree of this size."""
    return span_hash((0, size), nodes)


def inclusion_spans(index: int, size: int) -> tuple[Span, ...]:
    """Return the spans whose hashes prove that the leaf is in the tree of this size, nearest first (RFC 6962 §2.1.1).

    Raises:
        ValueError: the leaf lies outside the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    return tuple(reversed(spans))


def consistency_spans(first: int, second: int) -> tuple[Span, ...]:
    """Return the spans whose hashes prove that the tree of the second size begins with that of the first (§2.1.2).

    Raises:
        ValueError: the sizes are not 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError(f"no proof from {first} to {second}")
    spans: list[Span] = []
    low, high, whole = 0, second, True
    while high - low > first - low:
        middle = low + _split(high - low)
        if first <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low, whole = middle, False
    if not whole:
        spans.append((low, high))
    return tuple(reversed(spans))


def spans_nodes(spans: Iterable[Span]) -> tuple[Address, ...]:
    """Return the nodes that a proof over these spans is folded from."""
    return tuple(address for span in spans for address in span_nodes(span))


def fold(spans: Iterable[Span], nodes: Nodes) -> tuple[bytes, ...]:
    """Return the hashes of the proof."""
    return tuple(span_hash(span, nodes) for span in spans)


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether the proof shows that the leaf stands at this index under this root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    current, position, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            current = node_hash(step, current)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, step)
        position, last = position >> 1, last >> 1
    return last == 0 and current == root


def extends(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the proof shows that the second tree only appended to the first (RFC 9162 §2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not steps:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(width: int) -> int:
    """Return the greatest power of two below the width."""
    return 1 << ((width - 1).bit_length() - 1)


# --- appending -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Growth:
    """What appending one entry changes: nodes to write, the new root, and the proof that the entry is under it."""

    index: int
    nodes: Nodes
    root: bytes
    proof: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Size of the tree with the entry."""
        return self.index + 1


def grow(index: int, entry: bytes, frontier: Nodes) -> Growth:
    """Return what changes when the entry becomes the leaf at this index.

    Args:
        index: size of the tree so far.
        entry: the bytes to log.
        frontier: the nodes named by ``root_nodes(index)``.
    """
    current = leaf_hash(entry)
    written: dict[Address, bytes] = {(0, index): current}
    level = 0
    while index >> level & 1:
        current = node_hash(frontier[level, (index >> level) - 1], current)
        level += 1
        written[level, index >> level] = current
    known = {**frontier, **written}
    size = index + 1
    return Growth(index, written, root_hash(size, known), fold(inclusion_spans(index, size), known))


# --- entries and checkpoints ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What one seal leaves in the log; only its digest is logged, the entry itself travels with the receipt."""

    intent: str
    salted_digest: str
    """SHA-256 of salt and digest of the bytes *B*: a reader of the log cannot guess a filing."""
    signature_digest: str
    certificate_digest: str
    timestamp_digest: str
    """Empty as long as the level is B-B."""
    policy: str
    server: str
    sealed_at: str

    @property
    def fields(self) -> dict[str, Canonical]:
        """The entry as plain values."""
        return asdict(self)

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are logged."""
        return hashlib.sha256(canonical_bytes(self.fields)).digest()


def salted(digest: str, salt: bytes) -> str:
    """Return the SHA-256 of the salt followed by the digest, both as bytes, in hexadecimal."""
    return hashlib.sha256(salt + bytes.fromhex(digest)).hexdigest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log at one size."""

    origin: str
    """Name of the log, unique among the servers."""
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed: origin, size, root, each on its line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_hash(name: str, public_key: bytes) -> bytes:
    """Return the four bytes that name an Ed25519 key in a signed note."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return the text by which others configure trust in this key: ``name+hash+key``."""
    return f"{name}+{key_hash(name, public_key).hex()}+{base64.b64encode(_ED25519 + public_key).decode()}"


def sign_note(checkpoint: Checkpoint, name: str, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return the checkpoint as a C2SP signed note; ``sign`` makes the 64 bytes of an Ed25519 signature."""
    signature = key_hash(name, public_key) + sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n{_EM_DASH}{name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, name: str, public_key: bytes, verify: Callable[[bytes, bytes], bool]) -> Checkpoint:
    """Return the checkpoint of a note that this key signed; signatures of other keys (witnesses) are passed over.

    Raises:
        NoteMalformed: the note cannot be read, or carries no valid signature of this key.
    """
    text, separator, lines = note.rpartition("\n\n")
    text += "\n"
    if not separator or not lines.endswith("\n"):
        raise NoteMalformed
    try:
        mine = [signature for signature in map(_signature_line, lines[:-1].split("\n")) if signature[0] == name]
        matching = [blob[4:] for _, blob in mine if blob[:4] == key_hash(name, public_key)]
        if not matching or not all(verify(text.encode(), signature) for signature in matching):
            raise NoteMalformed(metadata={"key": name})
        origin, size, root = text.split("\n")[:3]
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except (ValueError, binascii.Error) as failure:
        raise NoteMalformed from failure
    if not text.startswith(checkpoint.text):
        raise NoteMalformed(metadata={"cause": "not canonical"})
    return checkpoint


def _signature_line(line: str) -> tuple[str, bytes]:
    if not line.startswith(_EM_DASH):
        raise ValueError("a signature line starts with a dash")
    name, _, blob = line[len(_EM_DASH) :].partition(" ")
    return name, base64.b64decode(blob, validate=True)
