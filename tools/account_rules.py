"""Account prefixes as data (decisions.md 11), read from the prose of the regulation: `164 (reste, hors 1649)`.

What cannot be decided by prefix (`628 (subdivision)`) is kept as it is written, for the mapping that a body saves. Only the
lines that a trial balance can fill have rules: those of the balance sheet and of the income statement without a formula.
`formsets/source/accounts.json` says by hand what the prose does not.
"""

import re
from collections.abc import Mapping
from typing import Any

Raw = dict[str, Any]

FORMS = {"BA": ("brut", "debit"), "BP": ("n", "credit"), "CC": ("nr", "debit"), "CP": ("n", "credit")}
"""Form → the column that a trial balance fills, and the side on which its accounts normally stand."""

_ACCOUNT = re.compile(r"[0-9]{2,6}")
_VAGUE = ("subdivision",)
_PART = re.compile(
    r"\s*(?P<account>[0-9]{2,6})\s*(?P<how>débiteur|créditeur)?\s*(?:\((?P<note>[^)]*)\))?\s*(?P<but>hors .*)?"
)
_ALLOWANCES = {"2": ("28", "29"), "3": ("39",), "4": ("49",), "5": ("59",)}
"""First digit of an asset account → where its depreciation is booked: 2813 depreciates 213."""
_NEVER_DEPRECIATED = ("16", "47", "48")


def account_rules(forms: list[Raw], written: Mapping[str, Raw]) -> list[Raw]:
    """One rule a cell that a trial balance fills, or that it would fill if the accounts said how.

    Args:
        forms: the forms of the package.
        written: line → what is said by hand about it.
    """
    rules = []
    for form in forms:
        if form["code"] not in FORMS:
            continue
        column, side = FORMS[form["code"]]
        for line in form["lines"]:
            if line["formula"] or not line["accounts"]:
                continue
            rule = {**_read(line, column, side), **_own_part(written.get(line["code"], {}))}
            rules.append(rule)
            if form["code"] == "BA":
                rules += _depreciation(rule, written.get(line["code"], {}))
    _make_conditional(rules)
    return rules


def _own_part(written: Raw) -> Raw:
    return {key: value for key, value in written.items() if key != "amort"}


def _read(line: Raw, column: str, side: str) -> Raw:
    rule: Raw = {
        "line": line["code"],
        "column": column,
        "side": side,
        "include": [],
        "exclude": [],
        "rest": [],
        "conditional": [],
        "undecided": [],
    }
    last = ""
    for part in re.split(r",(?![^(]*\))", line["accounts"]):
        found = _PART.fullmatch(part)
        if found:
            last = _sort(rule, part.strip(), found)
        elif part.strip().startswith("hors ") and last:
            rule["exclude"] += _ACCOUNT.findall(part)
        else:
            rule["undecided"].append(part.strip())
    return rule


def _sort(rule: Raw, part: str, found: re.Match[str]) -> str:
    """Put one part of the prose where it belongs; returns its account."""
    account, note = found["account"], found["note"] or ""
    if any(word in note for word in _VAGUE):
        rule["undecided"].append(part)
        return account
    if "hors" in note:
        rule["exclude"] += _ACCOUNT.findall(note.partition("hors")[2])
    if found["but"]:
        rule["exclude"] += _ACCOUNT.findall(found["but"])
    if found["how"]:
        rule["conditional"].append(account)
    elif "reste" in note:
        rule["rest"].append(account)
    else:
        rule["include"].append(account)
    return account


def _depreciation(rule: Raw, written: Raw) -> list[Raw]:
    """The rule of column amort of the same line, when its accounts can be depreciated."""
    amort = {**rule, "column": "amort", "side": "credit", "conditional": [], "undecided": []}
    for key in ("include", "exclude", "rest"):
        amort[key] = [
            head + account[1:] for account in rule[key] for head in _heads(account) if not account.startswith(head)
        ]
    amort["include"] += [head + account[1:] for account in rule["conditional"] for head in _heads(account)]
    amort |= written.get("amort", {})
    return [amort] if amort["include"] or amort["rest"] else []


def _heads(account: str) -> tuple[str, ...]:
    return () if account.startswith(_NEVER_DEPRECIATED) else _ALLOWANCES.get(account[0], ())


def _make_conditional(rules: list[Raw]) -> None:
    """An account that both sides of the balance sheet claim goes to the side on which its balance stands."""
    claims: dict[str, set[str]] = {}
    for rule in rules:
        for account in (*rule["include"], *rule["rest"], *rule["conditional"]):
            claims.setdefault(account, set()).add(rule["side"])
    for rule in rules:
        for key in ("include", "rest"):
            shared = [account for account in rule[key] if len(claims[account]) > 1]
            rule[key] = [account for account in rule[key] if account not in shared]
            rule["conditional"] += shared
