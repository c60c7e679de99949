"""How a fact is shown on this server: one value, and beside it the other one when two stand."""

from dataclasses import dataclass

from services.sync.domain.fact import Fact, SharedFact


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact for people: the signed value, else this server's own, else the latest; and what contradicts it."""

    shown: Fact
    other: Fact | None


def view_of(fact: SharedFact, here: str) -> FactView | None:
    """Return the fact as ``here`` shows it, None when nothing was ever written."""
    if not fact.versions:
        return None
    # What was written here comes before what another server put back in our name.
    own = sorted((one for one in fact.versions if one.holder == here), key=lambda one: one.writer == here)
    shown = fact.sealed or (own[-1] if own and fact.is_conflict else fact.versions[-1])
    others = [version for version in fact.versions if version.value != shown.value]
    return FactView(shown, others[-1] if others else None)
