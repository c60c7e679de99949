"""Format controls F-01 to F-21: what a person or a file wrote in a cell, read as a value or refused with a reason.

Refusals are values, not exceptions: one bad cell leaves the others alone.
"""

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from formsets.package import ControlText, FormSet, UnknownCell
from formsets.reference_lists import ReferenceList
from formsets.values import NUMERIC_TYPES, Value

Origin = Literal["hand", "file"]
"""Typed in a page, or read from a file (where computed cells are given for comparison)."""

LIMIT = Decimal(99_999_999_999)
"""Largest absolute number (F-18)."""

_LONGEST = 1_000
"""Raw texts longer than this are not even looked at for types other than text."""
_LONG_TEXT = 200
"""Text types of this size or more may hold line feeds."""
_EMAIL_LENGTH = 254

_NUMBER = re.compile(r"(?P<sign>[-+]?)(?P<digits>[0-9.,]*[0-9][0-9.,]*)")
_INSEE = re.compile(r"(0[1-9]|1[0-9]|2[AB1-9]|[3-8][0-9]|9[0-5])[0-9]{3}|97[1-6][0-9]{2}")
_EMAIL = re.compile(r"[^@ ]+@[^@ ]+[.][^@ ]{2,}")
_PHONE = re.compile(r"(0|[+]33)[1-9][0-9]{8}")
_FORMULA = re.compile(r"=|[@+\-].*[(|!]", re.DOTALL)
_THOUSANDS = re.compile(r"\s*k\s*€?$|\s*k ?(eur|euros)$", re.IGNORECASE)
_PLAIN_NUMBERS = {
    "M": "0|[1-9][0-9]{0,9}",
    "MS": "0|-?[1-9][0-9]{0,9}",
    "N": "0|[1-9][0-9]{0,6}",
    "NS": "0|-?[1-9][0-9]{0,6}",
    "P": "0|-?[1-9][0-9]{0,9}",
    "D1": "0|-?[1-9][0-9]{0,9}",
    "D2": "0|-?[1-9][0-9]{0,9}",
}
COMMUNES = "communes"
"""Name of the reference list that says which communes there are (F-10)."""

_FRENCH_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
_TRUE = frozenset({"oui", "o", "true", "vrai", "1"})
_FALSE = frozenset({"non", "n", "false", "faux", "0"})
_COMPUTED_TYPES = {"M": "MS", "N": "NS", "N2": "NS", "D0": "D2", "D1": "D2"}
"""A formula may give a sign or two decimals where a person may not; its result is read back from a file."""
_DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell refused by a format control."""

    control: str
    """Official id, `F-01`."""
    address: str
    raw: str
    french: ControlText
    english: ControlText

    def sentence(self, language: str = "fr") -> str:
        """The three parts in one line."""
        return str(self.english if language == "en" else self.french)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a raw text means: a value, nothing (an empty cell), or a problem."""

    value: Value | None = None
    problem: Problem | None = None


class _Refused(Exception):
    """Carries a refusal from the type's reader to `read`: control id, then how to fix it in French and English."""

    def __init__(self, control: str, french: str, english: str) -> None:
        super().__init__(control)
        self.control = control
        self.french = french
        self.english = english


_WHAT = {
    "F-01": ("Montant attendu : nombre entier d'euros, sans décimale.", "A whole number of euros is expected."),
    "F-02": ("Montant signé attendu, en euros entiers.", "A signed whole number of euros is expected."),
    "F-03": ("Nombre entier attendu.", "A whole number is expected."),
    "F-04": ("Nombre décimal attendu.", "A decimal number is expected."),
    "F-05": ("Date invalide.", "This is not a calendar date."),
    "F-06": ("Date hors bornes.", "This date is out of bounds."),
    "F-07": ("Numéro SIREN invalide (clé de contrôle).", "Invalid SIREN number (check digit)."),
    "F-08": ("Numéro SIRET invalide (clé de contrôle).", "Invalid SIRET number (check digit)."),
    "F-10": ("Code commune INSEE inconnu.", "Unknown INSEE commune code."),
    "F-11": ("Code postal invalide.", "Invalid postal code."),
    "F-12": ("Adresse électronique invalide.", "Invalid e-mail address."),
    "F-13": ("Numéro de téléphone invalide.", "Invalid telephone number."),
    "F-14": ("Valeur non autorisée.", "This value is not in the list."),
    "F-15": ("Réponse oui ou non attendue.", "Yes or no is expected."),
    "F-16": ("Texte trop long ou caractère interdit.", "Text too long, or forbidden character."),
    "F-17": ("Une valeur négative n'est pas admise ici.", "A negative value is not allowed here."),
    "F-18": ("Montant hors limites.", "This number is out of bounds."),
    "F-19": ("Cette case n'est pas ouverte à la saisie.", "This cell is closed."),
    "F-20": ("Cette case est calculée.", "This cell is computed."),
    "F-21": ("Valeur N-1 non modifiable.", "The value of the previous year cannot be changed."),
    "F-27": ("Unité non admise : les montants sont en euros.", "Unit not allowed: amounts are in euros."),
}


def read(
    form_set: FormSet, address: str, raw: str, year: int, *, origin: Origin = "hand", locked: bool = False
) -> Reading:
    """Read what was written in a cell.

    Args:
        form_set: the package that types the cell.
        address: the cell, with its column.
        raw: the text as typed or as found in a file.
        year: the exercice, which bounds dates (F-06).
        origin: `hand` refuses computed cells (F-20); `file` reads them, so that they can be compared (F-22).
        locked: the cell was prefilled from the previous filing and carries no retreatment flag (F-21).

    Raises:
        UnknownCell: the package has no such cell.
    """
    text = raw.strip()
    try:
        if form_set.is_closed(address):
            _closed(text)
            return Reading()
        _refuse_locked(form_set, address, origin, locked)
        if not text:
            return Reading()
        line = form_set.line_of(address)
        if line.type == "INSEE5":
            return Reading(_commune(text, form_set.lists.get(COMMUNES), year))
        cell_type = line.type if form_set.accepts_input(address) else _COMPUTED_TYPES.get(line.type, line.type)
        return Reading(_typed(cell_type, line.enum_values, text, year))
    except _Refused as refusal:
        return Reading(problem=_problem(form_set, address, raw, refusal))


def computed_cell(form_set: FormSet, address: str, raw: str) -> Problem:
    """Return F-20 about a cell that a formula fills."""
    return _problem(form_set, address, raw, _computed())


def closed_cell(form_set: FormSet, address: str, raw: str) -> Problem:
    """Return F-19 about a cell that takes no value at all."""
    return _problem(form_set, address, raw, _is_closed())


def unknown_cell(form_set: FormSet, address: str) -> Problem:
    """Return F-24 about an address that the package does not have: its line, or the column of a line that is there."""
    code, _, column = address.rpartition(".")
    shown, version = printable(address, 40), form_set.version
    french, english = (form_set.control("F-24").text(language) for language in ("fr", "en"))
    what_fr, what_en = french.what, english.what
    how_fr, how_en = "Corrigez le code, ou retirez la ligne.", "Correct the code, or remove the line."
    if columns := _columns_of(form_set, code.upper()) if column else ():
        listed = ", ".join(columns)
        what_fr, what_en = "Colonne inconnue pour cette ligne.", "This line has no such column."
        how_fr, how_en = f"Colonnes admises : {listed}.", f"Columns allowed: {listed}."
    return Problem(
        "F-24",
        address,
        "",
        ControlText(what_fr, f"« {shown} » n'est pas une case du référentiel {version}.", how_fr),
        ControlText(what_en, f"“{shown}” is not a cell of form set {version}.", how_en),
    )


def _columns_of(form_set: FormSet, code: str) -> tuple[str, ...]:
    """Columns of the form this line belongs to, none when there is no such line."""
    try:
        form_set.line(code)
        return form_set.form(code[:2]).columns
    except UnknownCell:
        return ()


def read_all(
    form_set: FormSet, raws: Mapping[str, str], year: int, *, origin: Origin = "hand"
) -> tuple[dict[str, Value], list[Problem]]:
    """Read many cells at once: the values of those that are filled and right, and what was refused.

    Same outcome as `read` cell by cell; plain whole numbers, nearly all of a filing, take a shorter way.

    Raises:
        UnknownCell: the package has no such cell.
    """
    shortcuts = _shortcuts(form_set)
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for address, raw in raws.items():
        is_plain = shortcuts.get(address)
        if is_plain is not None and is_plain(raw):
            values[address] = Decimal(raw)
            continue
        reading = read(form_set, address, raw, year, origin=origin)
        if reading.problem is not None:
            problems.append(reading.problem)
        elif reading.value is not None:
            values[address] = reading.value
    return values, problems


@functools.lru_cache(maxsize=16)
def _shortcuts(form_set: FormSet) -> dict[str, Callable[[str], object]]:
    """Open numeric cell → whether a text is a whole number that its type takes as it is."""
    patterns = {name: re.compile(pattern).fullmatch for name, pattern in _PLAIN_NUMBERS.items()}
    return {
        address: patterns[form_set.cell_type(address)]
        for address in form_set.cells()
        if form_set.accepts_input(address) and form_set.cell_type(address) in patterns
    }


def luhn(digits: str) -> bool:
    """Whether the Luhn sum is a multiple of ten (SIREN, SIRET)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        number = ord(character) - 48
        if position % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


def luhn_siret(digits: str) -> bool:
    """Luhn on the fourteen digits and on the first nine; La Poste: digit sum multiple of five (F-08)."""
    if digits.startswith("356000000"):
        return luhn(digits) or sum(map(int, digits)) % 5 == 0
    return luhn(digits) and luhn(digits[:9])


def printable(text: str, longest: int) -> str:
    """A text fit for a message: cut, and without characters that a terminal or a page would obey."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(character if character.isprintable() else "�" for character in cut)


def _problem(form_set: FormSet, address: str, raw: str, refusal: _Refused) -> Problem:
    what_fr, what_en = _WHAT[refusal.control]
    shown = printable(raw.strip(), 40)
    label = form_set.label(address)
    return Problem(
        refusal.control,
        address,
        raw,
        ControlText(what_fr, f"Case {address} ({label}) : « {shown} ».", refusal.french),
        ControlText(what_en, f"Cell {address} ({label}): “{shown}”.", refusal.english),
    )


def _refuse_locked(form_set: FormSet, address: str, origin: Origin, locked: bool) -> None:
    if origin == "hand" and not form_set.accepts_input(address):
        raise _computed()
    if locked:
        raise _Refused(
            "F-21", "Demandez un retraitement, avec un commentaire.", "Ask for a restatement, with a comment."
        )


def _computed() -> _Refused:
    return _Refused("F-20", "Modifiez les cases dont elle dépend.", "Change the cells it depends on.")


def _typed(cell_type: str, enum_values: tuple[str, ...], text: str, year: int) -> Value:
    if cell_type == "ENUM":
        return _enumeration(text, enum_values)
    if cell_type == "DATE":
        return _date(text, year)
    return _reader(cell_type)(text, cell_type)


def _closed(text: str) -> None:
    # A zero is accepted and not stored (decisions.md 9).
    if not text or re.fullmatch(r"0+([.,]0+)?", text):
        return
    raise _is_closed()


def _is_closed() -> _Refused:
    return _Refused("F-19", "Laissez cette case vide.", "Leave this cell empty.")


def _reader(cell_type: str) -> Callable[[str, str], Value]:
    if cell_type in NUMERIC_TYPES:
        return _number
    return _READERS.get(cell_type, _text)


def _number(text: str, cell_type: str) -> Value:
    control = _number_control(cell_type)
    if len(text) > _LONGEST:
        raise _Refused(control, "Écrivez un nombre.", "Write a number.")
    if _THOUSANDS.search(text):
        raise _Refused("F-27", "Convertissez les milliers d'euros en euros.", "Convert thousands of euros to euros.")
    compact = "".join(text.translate(_DASHES).split())
    if compact.startswith("(") and compact.endswith(")") and compact[1:2] not in {"-", "+"}:
        compact = "-" + compact[1:-1]
    found = _NUMBER.fullmatch(compact)
    if not found or found["sign"] == "+":
        raise _not_a_number(compact, control, cell_type)
    whole, decimals = _split(found["digits"], control, cell_type)
    if found["sign"] and cell_type in {"M", "N", "N2"}:
        raise _Refused("F-17", f"Écrivez {whole or '0'}, sans signe.", f"Write {whole or '0'}, without a sign.")
    value = Decimal(f"{whole or '0'}.{decimals or '0'}")
    if value > LIMIT:
        raise _Refused("F-18", "Au plus 99 999 999 999.", "At most 99 999 999 999.")
    if cell_type[0] == "N" and len(whole.lstrip("0")) > (2 if cell_type == "N2" else 7):
        raise _Refused("F-03", "Le nombre a trop de chiffres.", "The number has too many digits.")
    return _plain(-value if found["sign"] else value)


def _plain(value: Decimal) -> Decimal:
    """One representation per number, so that 48.0 and 48 are the same bytes."""
    value = value.normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def _number_control(cell_type: str) -> str:
    if cell_type == "M":
        return "F-01"
    if cell_type == "MS":
        return "F-02"
    return "F-03" if cell_type[0] == "N" else "F-04"


def _places(cell_type: str) -> int:
    return {"D1": 1, "D2": 2, "P": 2}.get(cell_type, 0)


def _split(digits: str, control: str, cell_type: str) -> tuple[str, str]:
    """Whole and decimal digits; refuses any mark that could be read in two ways."""
    marks = [character for character in digits if character in ".,"]
    if not marks:
        return digits, ""
    whole, _, decimals = digits.rpartition(marks[-1])
    if len(marks) > 1 or (len(decimals) == 3 and whole and whole != "0" and len(whole) <= 3):
        raise _two_readings(digits, control)
    if len(decimals) > _places(cell_type) or not decimals:
        allowed = _places(cell_type)
        french = f"Au plus {allowed} décimale(s)." if allowed else "Écrivez un nombre entier, sans décimale."
        english = f"At most {allowed} decimal(s)." if allowed else "Write a whole number, without decimals."
        raise _Refused(control, french, english)
    return whole, decimals


def _two_readings(digits: str, control: str) -> _Refused:
    thousands = re.sub(r"[.,]", "", digits)
    last = max(digits.rfind("."), digits.rfind(","))
    decimal = re.sub(r"[.,]", "", digits[:last]) + "," + digits[last + 1 :]
    marks = [character for character in digits if character in ".,"]
    if len(marks) > 1 and len(set(marks)) == 1:
        return _Refused(control, f"Écrivez {thousands}, sans séparateur de milliers.", f"Write {thousands}.")
    first, second = (decimal, thousands) if len(marks) > 1 else (thousands, decimal)
    return _Refused(
        control,
        f"Deux lectures sont possibles : {first} ou {second}. Écrivez celle que vous voulez, sans séparateur de milliers.",
        f"Two readings are possible: {first.replace(',', '.')} or {second.replace(',', '.')}. "
        "Write the one you mean, without a thousands mark.",
    )


def _not_a_number(compact: str, control: str, cell_type: str) -> _Refused:
    if _FORMULA.match(compact):
        return _Refused(control, "Remplacez la formule par son résultat.", "Replace the formula by its result.")
    if _places(cell_type):
        return _Refused(control, "Écrivez un nombre, par exemple 12,5.", "Write a number, for instance 12.5.")
    return _Refused(control, "Écrivez un nombre entier, par exemple 1234.", "Write a whole number, such as 1234.")


def _date(text: str, year: int) -> dt.date:
    if found := _FRENCH_DATE.fullmatch(text):
        day, month, in_year = map(int, found.groups())
    elif found := _ISO_DATE.fullmatch(text):
        in_year, month, day = map(int, found.groups())
    else:
        raise _Refused("F-05", "Écrivez JJ/MM/AAAA, par exemple 31/12/2024.", "Write DD/MM/YYYY or YYYY-MM-DD.")
    try:
        date = dt.date(in_year, month, day)
    except ValueError:
        raise _Refused("F-05", "Ce jour n'existe pas au calendrier.", "No such day in the calendar.") from None
    if not dt.date(1900, 1, 1) <= date <= dt.date(year + 2, 12, 31):
        raise _Refused(
            "F-06",
            f"Donnez une date entre le 01/01/1900 et le 31/12/{year + 2}.",
            f"Give a date between 1900-01-01 and {year + 2}-12-31.",
        )
    return date


def _enumeration(text: str, values: tuple[str, ...]) -> str:
    if text in values:
        return text
    listed = ", ".join(values)
    raise _Refused("F-14", f"Valeurs admises : {listed}.", f"Allowed values: {listed}.")


def _boolean(text: str, _: str) -> bool:
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise _Refused("F-15", "Répondez oui ou non.", "Answer oui (yes) or non (no).")


def _siren(text: str, _: str) -> str:
    digits = "".join(text.split())
    if re.fullmatch("[0-9]{9}", digits) and luhn(digits):
        return digits
    raise _Refused("F-07", "Donnez les neuf chiffres du SIREN.", "Give the nine digits of the SIREN.")


def _siret(text: str, _: str) -> str:
    digits = "".join(text.split())
    if re.fullmatch("[0-9]{14}", digits) and luhn_siret(digits):
        return digits
    raise _Refused("F-08", "Donnez les quatorze chiffres du SIRET.", "Give the fourteen digits of the SIRET.")


def _commune(text: str, communes: ReferenceList | None, year: int) -> str:
    if not _INSEE.fullmatch(text):
        raise _Refused("F-10", "Donnez le code INSEE à cinq caractères.", "Give the five characters of the INSEE code.")
    if communes is None or communes.in_force(text, year):
        return text
    raise _no_commune(text, communes, year)


def _no_commune(text: str, communes: ReferenceList, year: int) -> _Refused:
    """Why a code is none of a commune of that year: one to come, one that is part of another, one that never was."""
    since, until = communes.since.get(text, communes.first_year), communes.until.get(text)
    if text in communes and since > year:
        return _Refused(
            "F-10",
            f"Ce code n'existe que depuis le 1er janvier {since} : donnez celui de {year}.",
            f"This code exists since 1 January {since} only: give the one of {year}.",
        )
    today = communes.successor_of(text)
    if today is not None and communes.in_force(today.code, year):
        when_fr, when_en = (
            (f" depuis le 1er janvier {until + 1}", f" since 1 January {until + 1}") if until else ("", "")
        )
        return _Refused(
            "F-10",
            f"Cette ancienne commune fait partie de {today.label}{when_fr} : donnez {today.code}.",
            f"This former commune is part of {today.label}{when_en}: give {today.code}.",
        )
    if today is not None or text in communes:
        return _Refused(
            "F-10",
            "C'est le code d'une ancienne commune : donnez celui de la commune dont elle fait partie.",
            "This is the code of a former commune: give the one of the commune that it is part of.",
        )
    known = min(max(year, communes.first_year), communes.last_year)
    return _Refused(
        "F-10",
        f"Aucune commune n'a ce code en {known} ; le code INSEE n'est pas le code postal.",
        f"No commune has this code in {known}; the INSEE code is not the postal code.",
    )


def _postal_code(text: str, _: str) -> str:
    if re.fullmatch("[0-9]{5}", text):
        return text
    raise _Refused("F-11", "Donnez cinq chiffres.", "Give five digits.")


def _email(text: str, _: str) -> str:
    if len(text) <= _EMAIL_LENGTH and _EMAIL.fullmatch(text) and text.isprintable():
        return text
    raise _Refused("F-12", "Écrivez nom@domaine.fr, 254 caractères au plus.", "Write name@domain.fr, 254 at most.")


def _telephone(text: str, _: str) -> str:
    digits = re.sub(r"[\s.\-/()]", "", text[:_LONGEST])
    if _PHONE.fullmatch(digits):
        return digits
    raise _Refused("F-13", "Écrivez 0102030405 ou +33102030405.", "Write 0102030405 or +33102030405.")


def _text(text: str, cell_type: str) -> str:
    longest = int(cell_type[1:])
    if len(text) > 4 * longest:
        raise _Refused("F-16", f"Au plus {longest} caractères.", f"At most {longest} characters.")
    normal = unicodedata.normalize("NFC", text)
    if len(normal) > longest:
        raise _Refused("F-16", f"Au plus {longest} caractères.", f"At most {longest} characters.")
    for character in normal:
        if character == "\n" and longest >= _LONG_TEXT:
            continue
        if character in _BIDI or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise _Refused("F-16", "Retirez les caractères invisibles.", "Remove the invisible characters.")
    if _FORMULA.match(normal):
        raise _Refused("F-16", "Une formule n'est pas un texte.", "A formula is not a text.")
    return normal


_READERS: dict[str, Callable[[str, str], Value]] = {
    "BOOL": _boolean,
    "SIREN": _siren,
    "SIRET": _siret,
    "CP5": _postal_code,
    "EMAIL": _email,
    "TEL": _telephone,
}
