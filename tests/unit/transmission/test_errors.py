"""Another partner, an unknown partner and nothing at all must look exactly alike."""

from services.transmission.domain.errors import NothingThere, UnknownDelivery, UnknownPartner


def test_an_unknown_partner_looks_exactly_like_nothing_there() -> None:
    seen = {
        (failure.reason, failure.code, failure.message, str(failure), str(failure.metadata), failure.violations)
        for failure in (NothingThere(), UnknownPartner(), UnknownDelivery())
    }

    assert len(seen) == 1
