import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signature.clients.software_key.authority import open_or_make
from services.signature.clients.software_key.keys import SoftwareNoteKeys, verify_ed25519
from services.signature.domain import log
from services.signature.domain.errors import NoteMalformed
from tests.support.signature import NOW


def plain_root(leaves):
    """The recursive definition of RFC 6962 §2.1, as the judge."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return log.node_hash(plain_root(leaves[:middle]), plain_root(leaves[middle:]))


def grown(entries):
    nodes, leaves = {}, []
    for index, entry in enumerate(entries):
        growth = log.grow(index, entry, {address: nodes[address] for address in log.root_nodes(index)})
        assert not growth.nodes.keys() & nodes.keys()
        nodes |= growth.nodes
        leaves.append(log.leaf_hash(entry))
    return nodes, leaves


NODES, LEAVES = grown([index.to_bytes(32, "big") for index in range(130)])


@pytest.mark.parametrize("size", range(131))
def test_the_root_is_that_of_the_recursive_definition(size):
    assert log.root_hash(size, NODES) == plain_root(LEAVES[:size])


def test_the_roots_are_those_of_the_certificate_transparency_test_vectors():
    entries = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
    nodes, _ = grown(entries)

    assert log.root_hash(1, nodes).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert log.root_hash(2, nodes).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert log.root_hash(6, nodes).hex() == "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"


@given(st.integers(1, 130), st.data())
def test_a_leaf_is_proven_and_nothing_else_is(size, data):
    index = data.draw(st.integers(0, size - 1))
    root = log.root_hash(size, NODES)
    proof = log.fold(log.inclusion_spans(index, size), NODES)

    assert log.includes(LEAVES[index], index, size, proof, root)
    assert not log.includes(log.leaf_hash(b"other"), index, size, proof, root)
    assert not log.includes(LEAVES[index], index + 1, size, proof, root)
    assert not log.includes(LEAVES[index], index, size, [*proof, root], root)
    assert size == 1 or not log.includes(LEAVES[index], index, size, proof[:-1], root)


@pytest.mark.parametrize("index", [0, 1, 6, 7, 63, 64, 129])
def test_growing_gives_the_new_root_and_the_proof_of_the_new_leaf(index):
    frontier = {address: NODES[address] for address in log.root_nodes(index)}

    growth = log.grow(index, index.to_bytes(32, "big"), frontier)

    assert growth.root == plain_root(LEAVES[: index + 1])
    assert log.includes(LEAVES[index], index, growth.size, growth.proof, growth.root)


@given(st.integers(1, 130), st.data())
def test_growth_is_proven_and_a_rewritten_past_is_not(second, data):
    first = data.draw(st.integers(1, second))
    roots = log.root_hash(first, NODES), log.root_hash(second, NODES)
    proof = log.fold(log.consistency_spans(first, second), NODES)

    assert log.extends(first, roots[0], second, roots[1], proof)
    assert not log.extends(first, log.leaf_hash(b"forged"), second, roots[1], proof)
    assert not log.extends(first, roots[0], second, log.leaf_hash(b"forged"), proof)
    assert not log.extends(first, roots[0], second, roots[1], [*proof, roots[0]])


def test_a_proof_needs_only_a_handful_of_nodes():
    assert len(log.spans_nodes(log.inclusion_spans(77, 130))) <= 16


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index, size):
    with pytest.raises(ValueError, match="is not in a tree"):
        log.inclusion_spans(index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3)])
def test_there_is_no_proof_between_sizes_that_do_not_grow(first, second):
    with pytest.raises(ValueError, match="no proof"):
        log.consistency_spans(first, second)


def test_a_leaf_never_passes_for_a_node():
    left, right = log.leaf_hash(b"a"), log.leaf_hash(b"b")

    assert log.leaf_hash(left + right) != log.node_hash(left, right)


def test_the_entry_reveals_the_filing_to_the_holder_of_the_salt_only():
    digest = "ab" * 32

    assert log.salted(digest, b"s" * 16) == hashlib.sha256(b"s" * 16 + bytes.fromhex(digest)).hexdigest()
    assert log.salted(digest, b"s" * 16) != log.salted(digest, b"t" * 16)


def a_note(tmp_path):
    keys = SoftwareNoteKeys(open_or_make(tmp_path / "keys", "MIN", NOW))
    checkpoint = log.Checkpoint("harmonia/MIN", 130, log.root_hash(130, NODES))
    return log.sign_note(checkpoint, "harmonia/MIN", keys.public_key, keys.sign), keys, checkpoint


def opened(note, keys):
    return log.open_note(
        note, "harmonia/MIN", keys.public_key, lambda payload, s: verify_ed25519(keys.public_key, payload, s)
    )


def test_a_checkpoint_is_signed_and_read_back(tmp_path):
    note, keys, checkpoint = a_note(tmp_path)

    assert opened(note, keys) == checkpoint


def test_signatures_of_witnesses_are_passed_over(tmp_path):
    note, keys, checkpoint = a_note(tmp_path)

    assert opened(note + "— witness AAAAAAAA\n", keys) == checkpoint


@pytest.mark.parametrize(
    "alter",
    [
        lambda note: note.replace("\n130\n", "\n131\n"),
        lambda note: note.replace("\n130\n", "\n0130\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note.rstrip("\n"),
        lambda note: note.replace("— harmonia", "— other"),
        lambda note: note.split("\n\n")[0],
        lambda note: "",
        lambda note: note[:-6] + "AAA=\n",
    ],
)
def test_a_note_that_was_touched_is_refused(tmp_path, alter):
    note, keys, _ = a_note(tmp_path)

    with pytest.raises(NoteMalformed):
        opened(alter(note), keys)


def test_the_key_name_and_the_signature_are_those_of_the_published_example():
    """The example of Go’s own package for signed notes (x/mod sumdb/note), an independent implementation."""
    name, key_hex, blob = ["PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]
    public_key = base64.b64decode(blob)[1:]
    text = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )

    assert log.key_hash(name, public_key).hex() == key_hex == line[:4].hex()
    assert log.verifier_key(name, public_key) == f"{name}+{key_hex}+{blob}"
    assert verify_ed25519(public_key, text, line[4:])
    assert not verify_ed25519(public_key, text + b" ", line[4:])
