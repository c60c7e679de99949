import pytest

from services.sync.domain.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# Known answers: the eight leaves and roots of the reference implementation of RFC 6962 (certificate-transparency).
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == Frontier().root


def test_a_frontier_knows_the_root_at_every_size() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(70)]
    frontier = Frontier()

    for size, leaf in enumerate(leaves, 1):
        frontier = frontier.appended(leaf)
        assert (frontier.size, frontier.root) == (size, root(leaves[:size]))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_inclusion_is_proven_for_the_true_leaf_only(size: int) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    whole = root(leaves)

    for index in range(size):
        proof = inclusion_proof(index, leaves)
        assert verify_inclusion(leaves[index], index, size, proof, whole)
        assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, whole)
        assert not verify_inclusion(leaves[index], index, size, [*proof, whole], whole)
        assert not verify_inclusion(leaves[index], size, size, proof, whole)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_consistency_is_proven_for_a_true_prefix_only(size: int) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    other = [leaf_hash(b"x"), *leaves[1:]]

    for old in range(1, size + 1):
        proof = consistency_proof(old, leaves)
        assert verify_consistency(old, root(leaves[:old]), size, root(leaves), proof)
        assert not verify_consistency(old, root(other[:old]), size, root(leaves), proof)
        assert not verify_consistency(old, root(leaves[:old]), size, root(other), proof)
        assert not verify_consistency(old, root(leaves[:old]), size, root(leaves), [*proof, EMPTY_ROOT])


def test_a_shrunk_tree_is_consistent_with_nothing() -> None:
    assert not verify_consistency(3, root(LEAVES[:3]), 2, root(LEAVES[:2]), [])
    assert not verify_consistency(2, root(LEAVES[:2]), 3, root(LEAVES[:3]), [])
