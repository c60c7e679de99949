"""Merkle tree hashes, inclusion and consistency proofs of RFC 6962 §2.1, over SHA-256."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of one leaf; the 0x00 prefix keeps a leaf from posing as a node."""
    return sha256(b"\x00" + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the tree hash of these leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    middle = _split(len(leaves))
    return _node(root(leaves[:middle]), root(leaves[middle:]))


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a growing tree: all that is needed to append and to know the root, in log₂(size) hashes."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()
    """Roots of the perfect subtrees, widest first; one for each bit set in ``size``."""

    def appended(self, leaf: bytes) -> "Frontier":
        """Return the frontier after one more leaf hash."""
        peaks = [*self.peaks, leaf]
        size = self.size
        while size & 1:
            right = peaks.pop()
            peaks.append(_node(peaks.pop(), right))
            size >>= 1
        return Frontier(self.size + 1, tuple(peaks))

    def to_bytes(self) -> bytes:
        """Return the peaks one after the other; with the size they are the whole frontier."""
        return b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, size: int, peaks: bytes) -> "Frontier":
        """Read back what ``to_bytes`` gave.

        Raises:
            ValueError: not one peak for each bit of ``size``.
        """
        if len(peaks) != 32 * size.bit_count():
            raise ValueError("not the peaks of a tree of this size")
        return cls(size, tuple(peaks[at : at + 32] for at in range(0, len(peaks), 32)))

    @property
    def root(self) -> bytes:
        """The tree hash at this size."""
        if not self.peaks:
            return EMPTY_ROOT
        result = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            result = _node(peak, result)
        return result


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the path that proves leaf ``index`` (from 0) to be in the tree of ``leaves``."""
    if len(leaves) < 2:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*inclusion_proof(index, leaves[:middle]), root(leaves[middle:])]
    return [*inclusion_proof(index - middle, leaves[middle:]), root(leaves[:middle])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Tell whether ``proof`` leads from the leaf at ``index`` to the ``expected`` root of a tree of ``size``."""
    if not 0 <= index < size:
        return False
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = _node(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = _node(result, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and result == expected


def consistency_proof(old_size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the proof that the tree of the first ``old_size`` leaves is a prefix of this one."""

    def walk(old: int, part: Sequence[bytes], *, whole: bool) -> list[bytes]:
        if old == len(part):
            return [] if whole else [root(part)]
        middle = _split(len(part))
        if old <= middle:
            return [*walk(old, part[:middle], whole=whole), root(part[middle:])]
        return [*walk(old - middle, part[middle:], whole=False), root(part[:middle])]

    return walk(old_size, leaves, whole=True) if 0 < old_size < len(leaves) else []


def verify_consistency(old_size: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the tree of ``size`` with ``new_root`` extends that of ``old_size`` with ``old_root``."""
    if old_size > size or (old_size == size and (proof or old_root != new_root)):
        return False
    if old_size in (0, size):
        return not proof
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = _node(sibling, old), _node(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = _node(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
