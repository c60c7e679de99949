"""What a line of a form wants, in words, and where the instruction of a line or a control stands (F17).

Addresses are those of the open catalogue, the same on every server and without a host: each server shows its own.
"""

from collections.abc import Iterable, Iterator

from formsets.package import FormSet, Line

Both = tuple[str, str]
"""French and English."""

_TYPES: dict[str, Both] = {
    "M": ("Montant en euros entiers, positif ou nul.", "Amount in whole euros, zero or more."),
    "MS": ("Montant en euros entiers, qui peut être négatif.", "Amount in whole euros, which may be negative."),
    "N": ("Nombre entier, positif ou nul.", "Whole number, zero or more."),
    "NS": ("Nombre entier, qui peut être négatif.", "Whole number, which may be negative."),
    "N2": ("Nombre entier de deux chiffres au plus.", "Whole number of two digits at most."),
    "P": ("Pourcentage, deux décimales au plus.", "Percentage, two decimals at most."),
    "D0": ("Nombre sans décimale.", "Number without decimals."),
    "D1": ("Nombre, une décimale au plus.", "Number, one decimal at most."),
    "D2": ("Nombre, deux décimales au plus.", "Number, two decimals at most."),
    "DATE": ("Date.", "Date."),
    "BOOL": ("Oui ou non.", "Yes or no."),
    "ENUM": ("Une valeur de la liste.", "A value of the list."),
    "SIREN": ("Numéro SIREN, neuf chiffres.", "SIREN number, nine digits."),
    "SIRET": ("Numéro SIRET, quatorze chiffres.", "SIRET number, fourteen digits."),
    "INSEE5": ("Code INSEE de la commune, cinq caractères.", "INSEE code of the municipality, five characters."),
    "CP5": ("Code postal, cinq chiffres.", "Postal code, five digits."),
    "EMAIL": ("Adresse électronique.", "E-mail address."),
    "TEL": ("Numéro de téléphone.", "Telephone number."),
}


def control_instruction(form_set: FormSet, control: str) -> str:
    """Return the address of a control's entry in the catalogue; empty when the form set has no such control."""
    try:
        return f"/help/controls?version={form_set.version}#{form_set.control(control).id}"
    except LookupError:
        return ""


def line_instruction(form_set: FormSet, address: str) -> str:
    """Return the address of the instruction of a cell's line; empty when the form set has no such cell."""
    if not form_set.has_cell(address):
        return ""
    line = form_set.line_of(address).code
    return f"/help/forms/{form_set.form_of(address).code}?version={form_set.version}#{line}"


def line_instructions(form_set: FormSet, addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses of the instructions of the lines of some cells, each once."""
    return tuple(dict.fromkeys(filter(None, (line_instruction(form_set, address) for address in addresses))))


def said_of(form_set: FormSet, line: Line) -> Iterator[Both]:
    """Yield what a line wants, a sentence after the other: its type, its accounts, what is computed, copied or closed."""
    yield _typed(line)
    if line.enum_values:
        values = ", ".join(line.enum_values)
        yield f"Valeurs : {values}.", f"Values: {values}."
    if line.accounts:
        yield f"Comptes : {line.accounts}.", f"Accounts: {line.accounts}."
    if line.alias_of:
        yield f"Donnée commune avec l'ER : {line.alias_of}.", f"Shared with the ER: {line.alias_of}."
    form = form_set.form(line.code.partition(".")[0])
    if line.formula and not line.alias_of:
        columns = f" ({', '.join(form.formula_columns)})" if len(form.columns) > 1 and form.formula_columns else ""
        yield f"Calculée{columns} : {line.formula}.", f"Computed{columns}: {line.formula}."
    for column, expression in form.derived_columns.items():
        yield f"Colonne {column} calculée : {expression}.", f"Column {column} computed: {expression}."
    cells = [f"{line.code}.{column}" for column in form.columns]
    closed = ", ".join(address.rpartition(".")[2] for address in cells if form_set.is_closed(address))
    if closed:
        yield f"Colonne fermée : {closed}.", f"Closed column: {closed}."
    if line.required:
        yield "À remplir obligatoirement (F-31).", "Mandatory (F-31)."
    taken = {old for address in cells if (old := line.last_year_from.get(address.rpartition(".")[2]))}
    if taken:
        cells_of_last_year = ", ".join(sorted(taken))
        yield (
            f"Reprise de l'exercice précédent : {cells_of_last_year}.",
            f"Taken from the previous year: {cells_of_last_year}.",
        )


def _typed(line: Line) -> Both:
    if line.type in _TYPES:
        return _TYPES[line.type]
    longest = line.type.removeprefix("T")
    return f"Texte de {longest} caractères au plus.", f"Text of {longest} characters at most."
