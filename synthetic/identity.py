"""Who an invented body is: name, SIREN, seat, people. Nothing here belongs to a real person or body.

SIREN numbers start with 000 and pass the Luhn check: believed never attributed (domain.md 15). Telephone numbers lie in
the 01 99 00 range kept for fiction, mail addresses under `.example` (RFC 2606). Communes are real ones, since an INSEE
code that does not exist is refused (F-10).
"""

import random
import unicodedata
from dataclasses import dataclass

FAMILIES = ("OPH", "ESH", "COOP", "SEM")
"""The four families, in the order of the federations' servers."""

_SAMPLE_NUMBER = 1
"""000000018, the body of `sample_oph.csv`."""
_NUMBERS = 99_998
_STRIDE = 7_919

_COMMUNES = (
    ("21231", "21000"),
    ("69123", "69003"),
    ("59350", "59000"),
    ("44109", "44000"),
    ("33063", "33000"),
    ("31555", "31000"),
    ("35238", "35000"),
    ("67482", "67000"),
    ("34172", "34000"),
    ("38185", "38000"),
    ("76540", "76000"),
    ("45234", "45000"),
    ("57463", "57000"),
    ("63113", "63000"),
    ("87085", "87000"),
    ("14118", "14000"),
    ("51454", "51100"),
    ("49007", "49000"),
    ("66136", "66000"),
    ("2A004", "20000"),
    ("94028", "94000"),
    ("93008", "93000"),
    ("78646", "78000"),
    ("97411", "97400"),
)
_PLACES = (
    "Val d'Orvance",
    "Pays de Brême",
    "Haute-Lirande",
    "Rives de Soulne",
    "Plaine d'Avrelles",
    "Coteaux de Marvigne",
    "Bassin d'Estrande",
    "Terres d'Ombelle",
    "Côte de Varnes",
    "Plateau de Joulives",
    "Deux Vernes",
    "Vallée de Tirelle",
)
_NAMES = {
    "OPH": ("Office public de l'habitat {place}", "{place} Habitat"),
    "ESH": ("Société anonyme d'HLM {place}", "Logis {place}"),
    "COOP": ("Société coopérative d'HLM {place}", "Coop {place}"),
    "SEM": ("Société d'économie mixte {place}", "SEM {place}"),
}
_PARENTS = {
    "OPH": "Communauté d'agglomération {place}",
    "ESH": "Groupe Solvarenne",
    "COOP": "Union coopérative {place}",
    "SEM": "Ville fictive de {place}",
}
_FIRST_NAMES = ("Camille", "Dominique", "Claude", "Maxime", "Alix", "Sacha", "Lou", "Noor", "Eden", "Swann", "Yaël")
_LAST_NAMES = (
    "Varenne",
    "Dutrillon",
    "Escoubet",
    "Marvoisin",
    "Lebrumet",
    "Tasseroy",
    "Quentelin",
    "Arzannec",
    "Polvert",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The facts of form ID that do not change from year to year."""

    family: str
    siren: str
    siret: str
    name: str
    short_name: str
    federal_code: str
    address: str
    postcode: str
    commune: str
    phone: str
    email: str
    chair: str
    director: str
    accountant: str
    parent: str
    auditor: str

    @property
    def area(self) -> str:
        """IDF, PROVINCE or DROM, from the commune of the seat."""
        if self.commune.startswith("97"):
            return "DROM"
        return "IDF" if self.commune[:2] in {"75", "77", "78", "91", "92", "93", "94", "95"} else "PROVINCE"


def luhn_digit(digits: str) -> str:
    """The digit that, put behind these, makes the Luhn sum a multiple of ten."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def siren_of(family: str, seed: int) -> str:
    """The body's SIREN: a bijection, so that bodies of different family or seed differ for seeds below 25 000.

    Beyond that the 99 998 numbers that start with 000 are used again.
    """
    number = _SAMPLE_NUMBER + 1 + (4 * seed + FAMILIES.index(family)) * _STRIDE % _NUMBERS
    body = f"000{number:05d}"
    return body + luhn_digit(body)


def draw_identity(family: str, seed: int, rng: random.Random) -> Identity:
    """Invent the body of this family and seed."""
    siren = siren_of(family, seed)
    establishment = siren + "0001"
    commune, postcode = rng.choice(_COMMUNES)
    place = rng.choice(_PLACES)
    name, short_name = _NAMES[family]
    domain = _slug(f"{family} {place}")
    return Identity(
        family=family,
        siren=siren,
        siret=establishment + luhn_digit(establishment),
        name=name.format(place=place),
        short_name=short_name.format(place=place),
        federal_code=f"{family}-{siren[3:8]}",
        address=f"{rng.randint(1, 120)} rue de l'Exemple",
        postcode=postcode,
        commune=commune,
        phone=f"019900{rng.randint(0, 9999):04d}",
        email=f"contact@{domain}.example",
        chair=_person(rng),
        director=_person(rng),
        accountant=_person(rng),
        parent=_PARENTS[family].format(place=place),
        auditor=f"Cabinet {rng.choice(_LAST_NAMES)} et associés",
    )


def _person(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())
