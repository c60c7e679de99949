"""How the accounts of a body fill its filing: what the form set says, what the body saved over it, what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chassis.errors import Invalid, Violation
from formsets import FormSet
from formsets.accounts import AccountRule, Side, fill
from formsets.values import written

MOST_RULES = 2_000
LONGEST_PACKAGE = 60
"""Characters of the name that a body gives its accounting package."""
LONGEST_PREFIX = 20

_SIDES: Mapping[str, Side] = {"debit": "debit", "credit": "credit"}


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One account of a trial balance, or the sum of its entries."""

    account: str
    label: str
    debit: Decimal
    credit: Decimal
    line: int
    """Line of the file, from 1."""


@dataclass(frozen=True, slots=True)
class MappedPrefix:
    """Accounts that begin so go to this cell."""

    prefix: str
    address: str
    side: str
    """The side that counts positively, `debit` or `credit`."""
    is_own: bool = True
    """Saved by the body, not said by the form set."""


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """What a body saved for one accounting package and form set; it wins over the form set at equal length."""

    siren: str
    form_set: str
    package: str
    """A name the body chose; empty for its default."""
    prefixes: tuple[MappedPrefix, ...]
    saved_by: str
    saved_at: datetime

    def fitting(self, form_set: FormSet) -> tuple[MappedPrefix, ...]:
        """Return the rules that a form set can take: all of its own, and those of another one whose cell it still has."""
        return tuple(one for one in self.prefixes if not _refusal(form_set, one, set()))


@dataclass(frozen=True, slots=True)
class AccountFeed:
    """Where the balance of one account goes, or that no cell takes it."""

    account: str
    label: str
    line: int
    amount: str
    """Written form, as counted in the cell; debit − credit when no cell takes it."""
    address: str
    """Empty when no cell takes it."""
    prefix: str = ""
    is_own: bool = False
    alternatives: tuple[str, ...] = ()
    """Cells that the regulation fills from an unnamed subdivision of the same account: the body's mapping decides."""


def feed(
    form_set: FormSet, balances: Sequence[AccountBalance], own: Iterable[MappedPrefix]
) -> tuple[dict[str, Decimal], list[AccountFeed]]:
    """Return the cells that these accounts fill, in whole euros, and where each account went.

    Accounts that no cell takes come first: they are what somebody has to decide about.

    Args:
        form_set: says which line takes which accounts (decisions.md 11).
        balances: the accounts.
        own: what the body saved.
    """
    filling = fill(form_set, [(b.account, b.debit, b.credit) for b in balances], [_rule(one) for one in own])
    known = {balance.account: balance for balance in balances}
    feeds = [
        AccountFeed(
            one.account,
            known[one.account].label,
            known[one.account].line,
            written(one.amount),
            one.cell,
            one.prefix,
            one.is_own,
            one.alternatives,
        )
        for one in filling.decisions
    ]
    feeds += [
        AccountFeed(
            one.account,
            known[one.account].label,
            known[one.account].line,
            written(one.balance),
            "",
            alternatives=one.alternatives,
        )
        for one in filling.unmapped
    ]
    return dict(filling.cells), sorted(feeds, key=lambda one: (bool(one.address), one.account))


def rounded(cells: Mapping[str, Decimal], feeds: Iterable[AccountFeed]) -> dict[str, Decimal]:
    """Return the cells whose accounts do not add up to whole euros, with what they do add up to."""
    exact: dict[str, Decimal] = {}
    for one in feeds:
        if one.address:
            exact[one.address] = exact.get(one.address, Decimal(0)) + Decimal(one.amount)
    return {address: exact[address] for address, amount in cells.items() if exact[address] != amount}


def prefixes_of(form_set: FormSet, own: Iterable[MappedPrefix]) -> list[MappedPrefix]:
    """Return every prefix in force, longest first, the body's own before the form set's of the same length."""
    said = [
        MappedPrefix(prefix, rule.cell, rule.side, is_own=False)
        for rule in form_set.accounts
        for prefix in (*rule.include, *rule.rest, *rule.conditional)
    ]
    return sorted([*own, *said], key=lambda one: (-len(one.prefix), not one.is_own, one.prefix, one.address))


def require_sound(form_set: FormSet, package: str, prefixes: Sequence[MappedPrefix]) -> None:
    """Refuse a mapping that could not be applied.

    Raises:
        Invalid: unknown or computed cell, prefix that is not digits, given twice, or too many.
    """
    violations = []
    if len(package) > LONGEST_PACKAGE or not package.isprintable():
        violations.append(Violation("package", f"Au plus {LONGEST_PACKAGE} caractères.", "PACKAGE_NAME"))
    if len(prefixes) > MOST_RULES:
        violations.append(Violation("rules", f"Au plus {MOST_RULES} règles.", "TOO_MANY_RULES"))
    seen: set[str] = set()
    for at, one in enumerate(prefixes[:MOST_RULES]):
        sentence = _refusal(form_set, one, seen)
        seen.add(one.prefix)
        if sentence:
            violations.append(Violation(f"rules[{at}]", sentence, "ACCOUNT_RULE"))
    if violations:
        raise Invalid(violations=violations)


def _refusal(form_set: FormSet, one: MappedPrefix, seen: set[str]) -> str:
    if not (one.prefix.isascii() and one.prefix.isdigit() and len(one.prefix) <= LONGEST_PREFIX):
        return "Un préfixe de compte s'écrit avec des chiffres."
    if one.prefix in seen:
        return f"Le préfixe {one.prefix} est donné deux fois."
    if one.side not in _SIDES:
        return "Le sens est « debit » ou « credit »."
    if not form_set.has_cell(one.address) or form_set.cell_type(one.address) not in {"M", "MS"}:
        return f"{one.address} n'est pas une case en euros de ce référentiel."
    if not form_set.accepts_input(one.address):
        return f"{one.address} est calculée ou fermée : choisissez une case à saisir."
    return ""


def _rule(one: MappedPrefix) -> AccountRule:
    line, _, column = one.address.rpartition(".")
    return AccountRule(line, column, _SIDES[one.side], include=(one.prefix,))
