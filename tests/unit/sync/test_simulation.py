"""The pure core under every misfortune at once: 300 seeds, each replayable by its number."""

import pytest

from services.sync.domain.fact import FactKey
from tests.unit.sync.simulator import CATALOGUE, MINISTRY, YEAR, Federation

SEEDS = 300
STEPS = 120
BLOCK = 50


def run(seed: int) -> Federation:
    federation = Federation(seed)
    for _ in range(STEPS):
        federation.step()
    federation.heal()
    return federation


def check(federation: Federation, seed: int) -> None:
    ministry = federation.nodes[MINISTRY]
    for node in federation.nodes.values():
        assert not node.state.incidents, (seed, node.name, node.state.incidents)
        assert not any(lanes.waiting for lanes in node.state.lanes.values()), (seed, node.name, node.state.lanes)
    for siren, home in federation.home.items():
        for concept in CATALOGUE:
            key = FactKey(siren, YEAR, concept)
            here, there = ministry.fact(key), federation.nodes[home].fact(key)
            assert here.digest() == there.digest(), (seed, key, here, there)
            assert federation.standing(key) <= set(here.versions), (seed, key, "lost")
            values = {version.value for version in federation.standing(key)}
            assert here.is_conflict == there.is_conflict == (len(values) > 1), (seed, key)
    for name, disk in federation.copy_of_disks().items():
        for siren, allowed in federation.ever.items():
            assert name in allowed or siren.encode() + b"c" not in disk, (seed, name, siren)


@pytest.mark.parametrize("start", range(0, SEEDS, BLOCK))
def test_servers_converge_without_loss_duplicate_leak_or_silent_overwrite(start: int) -> None:
    for seed in range(start, start + BLOCK):
        check(run(seed), seed)


def test_the_simulation_does_meet_the_misfortunes_it_is_about() -> None:
    runs = [run(seed) for seed in range(20)]

    assert sum(federation.counts["conflicts"] for federation in runs) > 10
    assert sum(federation.counts["restores"] for federation in runs) > 2
    assert sum(federation.counts["withheld"] for federation in runs) > 0


def test_a_seed_replays_exactly() -> None:
    assert run(7).copy_of_disks() == run(7).copy_of_disks()
