"""Filling the balance sheet and the income statement from a trial balance, by account prefix (decisions.md 11).

The longest prefix wins; what the body saved wins over the package at equal length. Nothing is guessed in silence: each
account comes back with the cell it went to, or as unmapped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from formsets.package import FormSet

Side = Literal["debit", "credit"]

_EURO = Decimal(1)
_PREFIX = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class AccountRule:
    """The accounts whose balances make one cell."""

    line: str
    column: str
    side: Side
    """The side that counts positively: `debit` gives debit − credit."""
    include: tuple[str, ...] = ()
    """Prefixes taken."""
    exclude: tuple[str, ...] = ()
    """Longer prefixes that are not taken."""
    rest: tuple[str, ...] = ()
    """Prefixes of which the line takes what no other line takes."""
    conditional: tuple[str, ...] = ()
    """Prefixes taken only when the account's balance stands on this side."""
    undecided: tuple[str, ...] = ()
    """What the regulation says of accounts that no prefix tells: `628 (subdivision)`. The body's own mapping decides."""

    @property
    def cell(self) -> str:
        """The cell filled."""
        return f"{self.line}.{self.column}"


@dataclass(frozen=True, slots=True)
class AccountDecision:
    """Where the balance of one account went, and by which prefix."""

    account: str
    amount: Decimal
    """As counted in the cell."""
    cell: str
    prefix: str
    is_own: bool
    """By the body's own mapping."""
    alternatives: tuple[str, ...] = ()
    """Cells that the regulation fills with an unnamed subdivision of the same account: worth a look, worth a mapping."""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """An account that no line takes."""

    account: str
    balance: Decimal
    """Debit − credit."""
    alternatives: tuple[str, ...] = ()
    """Cells that would take it if the body's mapping said so."""


@dataclass(frozen=True, slots=True)
class AccountFilling:
    """What a trial balance gives."""

    cells: Mapping[str, Decimal]
    """Cell → whole euros, rounded half up once the accounts are added."""
    unmapped: tuple[Unmapped, ...]
    decisions: tuple[AccountDecision, ...]
    rounded: Mapping[str, Decimal] = field(default_factory=dict)
    """Cell → its sum before rounding, where there are cents."""


@dataclass(frozen=True, slots=True)
class _Claim:
    prefix: str
    rule: AccountRule
    is_own: bool
    is_rest: bool
    is_conditional: bool

    @property
    def rank(self) -> tuple[int, bool, bool]:
        return (len(self.prefix), self.is_own, not self.is_rest)


def fill(
    form_set: "FormSet",
    balance: Iterable[tuple[str, Decimal, Decimal]],
    own_rules: Sequence[AccountRule] = (),
) -> AccountFilling:
    """Fill cells from a trial balance.

    Args:
        form_set: the package whose `accounts` say which line takes which prefix.
        balance: account, debit, credit, in euros; totals or balances alike, since only the difference counts. An
            account given several times is added up.
        own_rules: the mapping that the body saved for its accounting package.
    """
    claims = _claims(form_set.accounts, own_rules)
    vague = _vague(form_set.accounts)
    totals: dict[str, Decimal] = {}
    unmapped: list[Unmapped] = []
    decisions: list[AccountDecision] = []
    for account, difference in _balances(balance).items():
        alternatives = _alternatives(account, vague)
        claim = _winning(account, difference, claims)
        if claim is None:
            unmapped.append(Unmapped(account, difference, alternatives))
            continue
        amount = difference if claim.rule.side == "debit" else -difference
        cell = claim.rule.cell
        totals[cell] = totals.get(cell, Decimal(0)) + amount
        others = () if claim.is_own else tuple(other for other in alternatives if other != cell)
        decisions.append(AccountDecision(account, amount, cell, claim.prefix, claim.is_own, others))
    cells = {cell: totals[cell].quantize(_EURO, ROUND_HALF_UP) for cell in form_set.cells() if cell in totals}
    rounded = {cell: totals[cell] for cell, whole in cells.items() if totals[cell] != whole}
    return AccountFilling(cells, tuple(unmapped), tuple(decisions), rounded)


def _balances(balance: Iterable[tuple[str, Decimal, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for account, debit, credit in balance:
        name = "".join(account.split())
        found[name] = found.get(name, Decimal(0)) + debit - credit
    return {account: difference for account, difference in sorted(found.items()) if difference}


def _claims(rules: Sequence[AccountRule], own: Sequence[AccountRule]) -> dict[str, list[_Claim]]:
    claims: dict[str, list[_Claim]] = {}
    for is_own, some in ((False, rules), (True, own)):
        for rule in some:
            for prefixes, is_rest, is_conditional in (
                (rule.include, False, False),
                (rule.rest, True, False),
                (rule.conditional, False, True),
            ):
                for prefix in prefixes:
                    claims.setdefault(prefix, []).append(_Claim(prefix, rule, is_own, is_rest, is_conditional))
    return claims


def _winning(account: str, difference: Decimal, claims: Mapping[str, list[_Claim]]) -> _Claim | None:
    side = "debit" if difference > 0 else "credit"
    candidates = [
        claim
        for end in range(len(account), 0, -1)
        for claim in claims.get(account[:end], ())
        if not account.startswith(claim.rule.exclude or ("\0",))
        and (not claim.is_conditional or claim.rule.side == side)
    ]
    return max(candidates, key=lambda claim: claim.rank, default=None)


def _vague(rules: Sequence[AccountRule]) -> list[tuple[str, str]]:
    """(prefix, cell) of what the regulation leaves to an unnamed subdivision."""
    return [(prefix, rule.cell) for rule in rules for text in rule.undecided for prefix in _PREFIX.findall(text)[:1]]


def _alternatives(account: str, vague: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(cell for prefix, cell in vague if account.startswith(prefix))
