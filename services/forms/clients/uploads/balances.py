"""Reads a trial balance (account, label, debit, credit) or a FEC, in text or in a workbook, as one amount an account.

The FEC is the file of accounting entries of article A47 A-1 of the Livre des procédures fiscales: 18 columns between
tabs or pipes, `Montant` and `Sens` in place of `Debit` and `Credit` in some. Which cell an account feeds is decided
elsewhere (`formsets.accounts`); here nothing but sums, and every row left out is said.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from formsets.encodings import SAVE_AS_UTF8, UnknownEncoding, decoded
from formsets.flat_file import MOST_PROBLEMS, REMOVE_THE_REST, FileProblem, file_problem, lines_of, unlisted
from formsets.formats import printable
from formsets.spreadsheet_text import restored
from services.forms.clients.uploads.refusal import FileRefused

MOST_ACCOUNTS = 20_000
MOST_LINES = 500_000
MOST_ROWS = MOST_ACCOUNTS
"""Of a file whose rows are given back, as a balance of as many accounts has."""
MOST_HEADER_ROWS = 30
FEC_COLUMNS = (
    *("journalcode", "journallib", "ecriturenum", "ecrituredate", "comptenum", "comptelib", "compauxnum", "compauxlib"),
    *("pieceref", "piecedate", "ecriturelib", "debit", "credit", "ecriturelet", "datelet", "validdate"),
    *("montantdevise", "idevise"),
)

_ACCOUNT = re.compile(r"[1-9][0-9]{0,19}[0-9A-Za-z]{0,20}")
_AMOUNT = re.compile(r"(-?)([0-9]{1,18})(?:[.,](?![0-9]{3}$)([0-9]{1,2})0*)?")
_NAMED = re.compile(r"([0-9]{9})FEC([0-9]{8})", re.IGNORECASE)
_DASHES = str.maketrans("\u2212\u2013\u2010\u2011", "----")
_NAMES = {
    "account": {
        "compte",
        "no compte",
        "n compte",
        "n de compte",
        "numero compte",
        "numero de compte",
        "comptenum",
        "account",
    },
    "label": {"libelle", "intitule", "comptelib", "label", "libelle compte", "intitule du compte"},
    "net_debit": {"solde debit", "solde debiteur", "soldes debiteurs"},
    "net_credit": {"solde credit", "solde crediteur", "soldes crediteurs"},
    "debit": {"debit", "total debit", "mouvements debit", "mouvement debit", "cumul debit"},
    "credit": {"credit", "total credit", "mouvements credit", "mouvement credit", "cumul credit"},
    "net": {"solde", "balance"},
    "amount": {"montant"},
    "side": {"sens"},
    "date": {"ecrituredate"},
}


@dataclass(slots=True)
class AccountSum:
    """The entries or balances of one account, added up."""

    account: str
    label: str
    line: int
    """First line it stands on."""
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)


@dataclass(slots=True)
class ReadRow:
    """One row of the file, whatever came of it."""

    texts: Sequence[str]
    account: str = ""
    """That it was counted under; empty for a row that was not."""


@dataclass(slots=True)
class Balance:
    """What a file gives, account by account."""

    kind: str
    """`balance` or `fec`."""
    accounts: dict[str, AccountSum] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)
    guesses: list[tuple[str, str]] = field(default_factory=list)
    siren: str | None = None
    """Of the name of the file, when it says so (FEC)."""
    year: int | None = None
    """Of the last entry (FEC)."""
    titles_at: int = 0
    """Which of the rows names the columns."""
    counted: frozenset[int] = frozenset()
    """Places of the columns without which the file would read otherwise."""
    rows: list[ReadRow] = field(default_factory=list)
    """Every row of the file from its first line, to be given back; none of a file over `MOST_ROWS`."""


def is_balance(content: bytes) -> bool:
    """Whether a text names the columns of a balance or a FEC in its first lines."""
    head = content[:16_384]
    text = head.decode("utf-8", "ignore") if _is_utf8(head) else head.decode("cp1252", "replace")
    return _separator(lines_of(text)) is not None


def names_balance(titles: Iterable[str]) -> bool:
    """Whether these are the titles of a balance or a FEC."""
    named = list(titles)
    if not _mention_account("\n".join(named)):
        return False
    found = _columns(named)
    sides = ({"debit", "credit"}, {"net_debit", "net_credit"}, {"net"}, {"amount", "side"})
    return "account" in found and any(side <= found.keys() for side in sides)


def read_balance(content: bytes, file_name: str) -> Balance:
    """Read a balance or a FEC written as text.

    Raises:
        FileRefused: no known encoding, too long, or nothing to read.
    """
    try:
        text, encoding = decoded(content)
    except UnknownEncoding as error:
        raise FileRefused("F-23", error.what, SAVE_AS_UTF8) from None
    lines = lines_of(text)
    if len(lines) > MOST_LINES:
        too_long = (f"Le fichier dépasse {MOST_LINES} lignes.", f"The file is over {MOST_LINES} lines.")
        raise FileRefused("F-29", too_long, REMOVE_THE_REST)
    separator = _separator(lines)
    if separator is None:
        raise FileRefused(
            "F-24",
            (
                "La ligne des titres (compte, débit, crédit) manque.",
                "The line of titles (account, debit, credit) is missing.",
            ),
            ("Ajoutez-la en première ligne.", "Add it as the first line."),
        )
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False)
    found = read_table(_numbered(rows), file_name)
    if encoding != "utf-8":
        found.guesses.insert(
            0,
            (
                f"Le fichier a été lu en {encoding} et converti en UTF-8.",
                f"The file was read as {encoding} and converted to UTF-8.",
            ),
        )
    return found


def read_table(rows: Iterable[tuple[int, Sequence[str]]], file_name: str) -> Balance:
    """Read the rows of a balance or a FEC, its titles among the first ones.

    Raises:
        FileRefused: too many accounts, or none.
    """
    remaining = iter(rows)
    before: list[ReadRow] = []
    titles: Sequence[str] = []
    for _, row in remaining:
        before.append(ReadRow(row))
        if names_balance(row):
            titles = row
            break
    columns = _columns(titles)
    named = [_plain(title) for title in titles]
    is_fec = {"journalcode", "ecriturenum"} <= set(named)
    found = Balance("fec" if is_fec else "balance")
    found.titles_at, found.rows = len(before) - 1, before
    found.counted = frozenset([*columns.values(), *(at for at, name in enumerate(named) if name in FEC_COLUMNS)])
    sums = _Sums(found, columns, [title.strip() for title in titles])
    for number, row in remaining:
        account = sums.add(number, row)
        if number <= MOST_ROWS:
            found.rows.append(ReadRow(row, account))
        elif found.rows:
            found.rows = []
    sums.close()
    if is_fec:
        _read_name(found, file_name)
        _say_what_is_missing(found, titles)
    if not found.accounts and not found.problems:
        none = ("Le fichier ne contient aucun compte.", "The file holds no account.")
        raise FileRefused("F-24", none, ("Exportez-le de nouveau.", "Export it again."))
    return found


def amount_of(text: str) -> Decimal | None:
    """The amount that a text writes, None when it is not one or could be read in two ways.

    Decimal comma or point, blanks of any kind, brackets or any minus sign for negative amounts; empty is zero.
    """
    compact = "".join(text.translate(_DASHES).split()).removesuffix("€")
    if not compact:
        return Decimal(0)
    if compact.startswith("(") and compact.endswith(")") and compact[1:2] != "-":
        compact = "-" + compact[1:-1]
    found = _AMOUNT.fullmatch(compact)
    if found is None:
        return None
    return Decimal(f"{found[1]}{found[2]}.{found[3] or '0'}")


class _Sums:
    """Adds rows up, account by account."""

    def __init__(self, found: Balance, columns: Mapping[str, int], titles: Sequence[str]) -> None:
        self._found, self._columns, self._titles = found, columns, titles
        pair = ("net_debit", "net_credit") if {"net_debit", "net_credit"} <= columns.keys() else ("debit", "credit")
        self._pair = pair if set(pair) <= columns.keys() else ()
        self._left: list[int] = []
        self._unlisted = 0

    def add(self, number: int, row: Sequence[str]) -> str:
        """Add one row; return the account that it counts for, empty when it is left out or refused."""
        if not any(text.strip() for text in row):
            return ""
        account = "".join(self._text(row, "account").split())
        if not _ACCOUNT.fullmatch(account):
            self._left.append(number)
            return ""
        sides = self._sides(row)
        if sides is None:
            self._refuse(number, account, row)
            return ""
        if account not in self._found.accounts:
            if len(self._found.accounts) >= MOST_ACCOUNTS:
                many = (f"Le fichier dépasse {MOST_ACCOUNTS} comptes.", f"The file is over {MOST_ACCOUNTS} accounts.")
                raise FileRefused("F-29", many, REMOVE_THE_REST)
            self._found.accounts[account] = AccountSum(account, self._text(row, "label").strip()[:120], number)
        entry = self._found.accounts[account]
        entry.debit += sides[0]
        entry.credit += sides[1]
        self._note_year(row)
        return account

    def close(self) -> None:
        """Take subtotals out, and say what was decided."""
        found = self._found
        read = [self._titles[self._columns[name]] for name in ("account", *self._pair) if name in self._columns]
        if not self._pair:
            read += [self._titles[self._columns[name]] for name in ("amount", "side", "net") if name in self._columns]
        kind = ("FEC", "FEC") if found.kind == "fec" else ("balance générale", "trial balance")
        columns = ", ".join(printable(title, 30) for title in read)
        found.guesses.append(
            (f"Fichier lu comme {kind[0]} ; colonnes : {columns}.", f"Read as a {kind[1]}; columns: {columns}.")
        )
        subtotals = _subtotals(found.accounts) if found.kind == "balance" else []
        for account in subtotals:
            del found.accounts[account]
        self._say(subtotals, "comptes de sous-total, laissés", "subtotal accounts, left out")
        self._say([str(n) for n in self._left], "lignes sans compte, laissées", "lines without an account, left out")
        debit = sum((a.debit for a in found.accounts.values()), Decimal(0))
        credit = sum((a.credit for a in found.accounts.values()), Decimal(0))
        if debit != credit:
            found.guesses.append(
                (
                    f"Débits et crédits diffèrent de {debit - credit} €.",
                    f"Debits and credits differ by €{debit - credit}.",
                )
            )
        if self._unlisted:
            found.problems.append(unlisted(self._unlisted))

    def _sides(self, row: Sequence[str]) -> tuple[Decimal, Decimal] | None:
        if self._pair:
            debit, credit = (amount_of(self._text(row, name)) for name in self._pair)
            return None if debit is None or credit is None else (debit, credit)
        if "net" in self._columns:
            net = amount_of(self._text(row, "net"))
            return None if net is None else (net, Decimal(0))
        amount, side = amount_of(self._text(row, "amount")), _plain(self._text(row, "side"))
        if amount is None or side not in {"d", "c", "+1", "-1", "debit", "credit"}:
            return None
        return (amount, Decimal(0)) if side in {"d", "+1", "debit"} else (Decimal(0), amount)

    def _refuse(self, number: int, account: str, row: Sequence[str]) -> None:
        found = self._found
        if len(found.problems) >= MOST_PROBLEMS:
            self._unlisted += 1
            return
        names = self._pair or tuple(name for name in ("amount", "side", "net") if name in self._columns)
        raw = " / ".join(self._text(row, name).strip() for name in names)[:200]
        shown = printable(raw, 40)
        found.problems.append(
            file_problem(
                "F-02",
                (
                    "Le montant ne se lit pas d'une seule façon.",
                    "The amount cannot be read in one way only.",
                ),
                (
                    "Écrivez 1234,56, sans séparateur de milliers.",
                    "Write 1234.56, without a thousands mark.",
                ),
                (f"Compte {account} : « {shown} ».", f"Account {account}: “{shown}”."),
                line=number,
                code=account,
                raw=raw,
                extra={title: text for title, text in zip(self._titles, row, strict=False) if title},
            )
        )

    def _text(self, row: Sequence[str], name: str) -> str:
        at = self._columns.get(name, -1)
        return restored(row[at]) if 0 <= at < len(row) else ""

    def _note_year(self, row: Sequence[str]) -> None:
        digits = re.sub(r"[^0-9]", "", self._text(row, "date"))
        if len(digits) == 8:
            year = int(digits[:4]) if digits[:2] in {"19", "20"} else int(digits[4:])
            self._found.year = max(self._found.year or 0, year)

    def _say(self, what: Sequence[str], french: str, english: str) -> None:
        if what:
            listed = ", ".join(what[:10]) + ("…" if len(what) > 10 else "")
            self._found.guesses.append((f"{len(what)} {french} : {listed}.", f"{len(what)} {english}: {listed}."))


def _subtotals(accounts: Mapping[str, AccountSum]) -> list[str]:
    """Accounts that repeat the sum of the longer ones that begin like them: `60` above `601000` and `602000`."""
    found: list[str] = []
    ordered = sorted(accounts)
    for at, account in enumerate(ordered):
        below = []
        for other in ordered[at + 1 :]:
            if not other.startswith(account):
                break
            below.append(accounts[other])
        leaves = [
            b for b in below if not any(o.account != b.account and o.account.startswith(b.account) for o in below)
        ]
        own = accounts[account]
        if leaves and own.debit - own.credit == sum((leaf.debit - leaf.credit for leaf in leaves), Decimal(0)):
            found.append(account)
    return found


def _read_name(found: Balance, file_name: str) -> None:
    if named := _NAMED.search(file_name):
        found.siren, found.year = named[1], int(named[2][:4])


def _say_what_is_missing(found: Balance, titles: Sequence[str]) -> None:
    present = {_plain(title) for title in titles} | ({"debit", "credit"} if "montant" in map(_plain, titles) else set())
    if missing := [name for name in FEC_COLUMNS if name not in present]:
        listed = ", ".join(missing)
        found.guesses.append(
            (
                f"Colonnes de la norme FEC absentes, non utilisées : {listed}.",
                f"FEC columns absent, not used: {listed}.",
            )
        )


def _separator(lines: Sequence[str]) -> str | None:
    """What stands between the titles of a balance or a FEC, None when no line is such titles."""
    found = (s for line in lines[:MOST_HEADER_ROWS] for s in (";", "\t", "|", ",") if names_balance(line.split(s, 100)))
    return next(found, None)


def _columns(titles: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, title in enumerate(titles):
        plain = _plain(title)
        for name, known in _NAMES.items():
            if plain in known and name not in found:
                found[name] = at
    return found


def _mention_account(text: str) -> bool:
    """Whether a text holds what each title of the account column holds, whatever stands around it: said at once of most."""
    bare = unicodedata.normalize("NFKD", text).lower()
    if not bare.isascii():
        bare = "".join(c for c in bare if not unicodedata.combining(c) and c != "°")
    return "compt" in bare or "account" in bare


def _plain(title: str) -> str:
    """Lower case, without accents, marks and doubled blanks: `N° de compte` and `n de compte` are one."""
    if len(title) > 60:
        return ""
    bare = unicodedata.normalize("NFKD", title.strip().strip('"\ufeff')).lower()
    kept = "".join(c if c.isalnum() or c in "+-" else " " for c in bare if not unicodedata.combining(c) and c != "°")
    return " ".join(kept.split())


def _numbered(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            row = []
        yield number, row
        number += 1


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return True
