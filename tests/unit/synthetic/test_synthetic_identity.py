import re

from formsets.formats import luhn
from synthetic.chance import seeded
from synthetic.identity import FAMILIES, draw_identity, luhn_digit, siren_of


def test_numbers_pass_the_luhn_check_and_start_with_three_zeros() -> None:
    for family in FAMILIES:
        for seed in range(50):
            identity = draw_identity(family, seed, seeded(family, seed))
            assert luhn(identity.siren)
            assert luhn(identity.siret)
            assert re.fullmatch("000[0-9]{6}", identity.siren)
            assert identity.siret.startswith(identity.siren)


def test_no_two_bodies_share_a_siren_nor_take_the_sample_one() -> None:
    numbers = [siren_of(family, seed) for family in FAMILIES for seed in range(20_000)]
    assert len(set(numbers)) == len(numbers)
    assert "000000018" not in numbers


def test_the_luhn_digit_completes_a_known_number() -> None:
    assert luhn_digit("00000001") == "8"


def test_addresses_and_telephones_are_reserved_for_fiction() -> None:
    identity = draw_identity("COOP", 1, seeded("x"))
    assert identity.email.endswith(".example")
    assert re.fullmatch("019900[0-9]{4}", identity.phone)


def test_the_area_follows_the_commune() -> None:
    areas = {draw_identity("OPH", seed, seeded(seed)).area for seed in range(80)}
    assert areas == {"IDF", "PROVINCE", "DROM"}
