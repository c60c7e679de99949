"""One chosen mistake put into a sound filing, so that one chosen control fails.

Where the forms allow it the mistake is offset elsewhere and the chosen control is the only one to fail; some mistakes
(a lost digit, a total typed in a detail line) rightly bring other remarks with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from synthetic.books import working_capital
from synthetic.chance import seeded
from synthetic.filing import Filing
from synthetic.identity import luhn_digit, siren_of


class NoSuchFault(ValueError):
    """No fault makes this control fail on this filing; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """A cell of the faulty filing beside the sound one; None is an empty cell."""

    address: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What was spoilt."""

    control: str
    """Official id of the control that fails."""
    description: str
    """The mistake, in French."""
    changes: tuple[Change, ...]


class _Draft:
    """The cells of a filing while a mistake is made in them; amounts are whole numbers."""

    def __init__(self, filing: Filing, control: str, seed: int) -> None:
        self.filing = filing
        self.control = control
        self.rng = seeded("fault", control, seed)
        self.changes: dict[str, str] = {}

    def text(self, address: str) -> str:
        return self.changes.get(address, self.filing.cells.get(address, ""))

    def amount(self, address: str) -> int:
        return int(self.text(address) or "0")

    def amounts(self, *addresses: str) -> int:
        return sum(self.amount(address) for address in addresses)

    def write(self, address: str, value: str | int) -> None:
        self.changes[address] = str(value)

    def add(self, address: str, amount: int) -> None:
        self.write(address, self.amount(address) + amount)

    def move(self, source: str, target: str, amount: int | None = None) -> None:
        """Take an amount (all of it by default) from one cell to another."""
        moved = self.amount(source) if amount is None else amount
        self.add(source, -moved)
        self.add(target, moved)

    @property
    def dwellings(self) -> int:
        """PL.030, dwellings owned."""
        return self.amounts("PL.010.n", "PL.020.n")

    @property
    def rents(self) -> int:
        """CP.190, rents net of RLS."""
        lines = ("110", "120", "130", "140", "150", "160", "170")
        return self.amounts(*(f"CP.{line}.n" for line in lines)) - self.amount("CP.180.n")

    @property
    def debt(self) -> int:
        """ED.120.fin, long-term rental debt."""
        return self.amounts("ED.120.debut", "ED.120.nouv") - self.amounts("ED.120.remb", "ED.120.ra")

    @property
    def operations(self) -> int:
        """Cost of the operations under way."""
        return self.amounts("QG.010.n", "QG.020.n", "QG.030.n")

    def borrow(self, amount: int) -> None:
        """A new loan left in the bank: every identity still holds."""
        self.add("ED.120.nouv", amount)
        self.add("BP.330.n", amount)
        self.add("BA.820.brut", amount)


_Mistake = Callable[[_Draft], None]

_OFFSET = MappingProxyType(
    {
        "A-01": ("La trésorerie ne boucle pas le bilan.", ("BA.820.brut",), ()),
        "A-02": ("Le bilan N-1 a été ressaisi d'un brouillon.", ("BA.820.n1",), ()),
        "A-03": ("Amortissement sans valeur brute.", ("BA.010.amort", "BA.820.brut"), ()),
        "A-04": ("Terrains nus amortis.", ("BA.110.amort", "BA.820.brut"), ()),
        "A-14": ("Report à nouveau mal recopié.", ("AR.090.n",), ()),
        "X-01": ("Résultat du bilan d'une version antérieure.", ("BP.120.n",), ("BP.100.n",)),
        "X-02": ("Résultat N-1 du bilan d'une version antérieure.", ("BP.120.n1",), ("BP.100.n1",)),
        "X-03": ("Provision réglementée au bilan seulement.", ("BP.170.n",), ("BP.100.n",)),
        "X-04": ("Provision pour risques au bilan seulement.", ("BP.210.n",), ("BP.100.n",)),
        "X-05": ("PGE du bilan non reprise au tableau 7.", ("BP.220.n",), ("BP.100.n",)),
        "X-06": ("Autre provision au bilan seulement.", ("BP.230.n",), ("BP.100.n",)),
        "X-07": ("Dotation PGE gonflée au tableau 7.", ("PR.130.dot",), ("PR.130.debut",)),
        "X-08": ("Reprise PGE gonflée au tableau 7.", ("PR.130.rep", "PR.130.debut"), ()),
        "X-10": ("Dotation sur créances gonflée au tableau 7.", ("PR.170.dot",), ("PR.170.debut",)),
        "X-11": ("Reprise sur créances gonflée au tableau 7.", ("PR.170.rep", "PR.170.debut"), ()),
        "X-12": ("Dotation pour risques gonflée au tableau 7.", ("PR.120.dot",), ("PR.120.debut",)),
        "X-13": ("Dépréciation d'ouverture des créances fausse.", ("PR.170.debut",), ()),
        "X-14": ("Dépréciation d'ouverture des stocks fausse.", ("PR.160.debut",), ()),
        "X-15": ("Emprunt au bilan absent de l'état des dettes.", ("BP.350.n",), ("BP.100.n",)),
        "X-16": ("Dette d'ouverture fausse.", ("ED.120.debut", "ED.120.remb"), ()),
        "X-18": ("La trésorerie ne boucle pas le bilan.", ("BA.820.brut",), ()),
        "X-20": ("Fiche impayés gonflée.", ("IM.020.n",), ()),
        "H-13": ("Augmentation de capital sans trace au bilan.", ("TF.050.n",), ()),
    }
)
"""Control → mistake, cells raised and cells lowered by the same small amount."""

_WRITTEN = MappingProxyType(
    {
        "F-10": ("Code commune inventé.", {"ID.090.v": "21999"}),
        "F-11": ("Code postal à quatre chiffres.", {"ID.080.v": "2100"}),
        "F-12": ("Courriel sans arobase.", {"ID.120.v": "contact.example"}),
        "F-13": ("Téléphone incomplet.", {"ID.110.v": "12"}),
        "F-14": ("Famille inconnue.", {"ID.050.v": "OPHLM"}),
        "A-17": ("Dates d'exercice inversées.", {"ID.160.v": "{next}-01-01"}),
        "A-18": ("Exercice ouvert le 1er avril.", {"ID.160.v": "{year}-04-01"}),
        "A-20": ("Comptes approuvés en juillet.", {"ID.200.v": "{next}-07-12"}),
        "A-21": ("Approbation datée d'avant la remise au commissaire.", {"ID.200.v": "{next}-03-30"}),
        "Q-05": ("Structure de la dette partielle.", {"QE.080.n": "50", "QE.090.n": "10"}),
        "Q-11": ("Taux moyen fantaisiste.", {"QE.120.n": "9.5"}),
        "Q-12": ("Durée résiduelle en trimestres.", {"QE.110.n": "88"}),
        "H-10": ("Âge moyen N-1 trop élevé.", {"PL.170.n1": "75"}),
        "P-25": ("Ratios des deux exercices précédents négatifs.", {"AF.190.n": "-10", "AF.200.n": "-10"}),
    }
)
"""Control → mistake, cells and what is written in them."""


def _wrong_siren(draft: _Draft) -> None:
    siren = draft.text("ID.030.v")
    draft.write("ID.030.v", siren[:-1] + str((int(siren[-1]) + 1) % 10))


def _wrong_siret(draft: _Draft) -> None:
    siret = draft.text("ID.040.v")
    draft.write("ID.040.v", siret[:-1] + str((int(siret[-1]) + 1) % 10))


def _foreign_siret(draft: _Draft) -> None:
    other = siren_of(draft.filing.family, draft.filing.seed + 1) + "0001"
    draft.write("ID.040.v", other + luhn_digit(other))


def _swap_subsidies(draft: _Draft) -> None:
    gross, taken = draft.text("BP.140.n"), draft.text("BP.150.n")
    draft.write("BP.140.n", taken)
    draft.write("BP.150.n", gross)


def _more_than_stock(address: str) -> _Mistake:
    return lambda draft: draft.write(address, draft.dwellings + draft.rng.randint(1, 9))


def _add_dwellings(address: str) -> _Mistake:
    return lambda draft: draft.add(address, draft.rng.randint(2, 9))


def _negative_debt(draft: _Draft) -> None:
    draft.add("ED.150.remb", 10)
    draft.add("ED.160.remb", -10)


def _negative_provision(draft: _Draft) -> None:
    draft.write("PR.150.rep", draft.amounts("PR.150.debut", "PR.150.dot") + 100)


def _few_heads(draft: _Draft) -> None:
    draft.write("EF.080.n", draft.amount("EF.080.n") * 7 // 10)


def _high_rls(draft: _Draft) -> None:
    added = draft.amounts("CP.110.n", "CP.130.n") // 5 - draft.amount("CP.180.n")
    draft.add("CP.180.n", added)
    draft.add("CP.170.n", added)


def _interest_apart(draft: _Draft) -> None:
    draft.add("ED.120.int", draft.amount("CC.730.nr") // 20)


def _unexplained_fund(draft: _Draft) -> None:
    cells = {address: int(value) for address, value in draft.filing.cells.items() if address[:2] in {"BA", "BP"}}
    draft.add("TF.110.n", abs(working_capital(cells)) // 50 + 5_000)


def _subsidies_taken(draft: _Draft) -> None:
    extra = draft.amount("CP.630.n") // 5 + 1
    draft.add("BP.150.n1", extra)
    draft.add("BA.820.n1", -extra)


def _no_depreciation(draft: _Draft) -> None:
    draft.move("CC.510.nr", "CC.520.nr")


def _sales_without_proceeds(draft: _Draft) -> None:
    draft.add("PL.350.n", 2)
    draft.add("PL.320.n", 2)
    draft.move("CP.620.n", "CP.640.n")


def _proceeds_without_value(draft: _Draft) -> None:
    draft.move("CC.820.nr", "CC.830.nr")
    if not draft.amount("CP.620.n"):
        draft.move("CP.640.n", "CP.620.n", draft.amount("CP.640.n") // 2)


def _demolition_without_value(draft: _Draft) -> None:
    draft.move("CC.830.nr", "CC.820.nr")
    draft.add("PL.370.n", 1)
    draft.add("PL.320.n", 1)


def _no_deposits(draft: _Draft) -> None:
    draft.move("BP.370.n", "BP.380.n")


def _nothing_to_spend(draft: _Draft) -> None:
    draft.move("SF.130.n", "QG.040.n")


def _company_line(draft: _Draft) -> None:
    _only(draft, {"OPH"})
    draft.move("BP.100.n", "BP.060.n", 500)


def _oph_line(draft: _Draft) -> None:
    _only(draft, {"ESH", "COOP", "SEM"})
    for column in ("n", "n1"):
        draft.move(f"BP.100.{column}", f"BP.020.{column}", 500)


def _sem_line(draft: _Draft) -> None:
    _only(draft, {"OPH", "ESH", "COOP"})
    draft.move("BP.100.n", "BP.095.n", 500)


def _late_accounts(draft: _Draft) -> None:
    _only(draft, {"OPH"})
    draft.write("ID.190.v", f"{draft.filing.year + 1}-05-20")
    draft.write("ID.200.v", f"{draft.filing.year + 1}-06-20")


def _transfers(draft: _Draft) -> None:
    if draft.filing.year < 2025:
        raise NoSuchFault("F-19 : les transferts de charges sont ouverts avant 2025.")
    draft.move("CP.390.n", "CP.380.n", draft.amount("CP.390.n") // 2)


def _public_accounts(draft: _Draft) -> None:
    if draft.filing.year <= 2020:
        raise NoSuchFault("X-33 ne s'applique qu'aux exercices clos après 2020.")
    draft.write("ID.230.v", "PUBLIC_M31")


def _low_recovery_of_charges(draft: _Draft) -> None:
    draft.move("CP.010.n", "CP.250.n", draft.amount("CP.010.n") * 3 // 10)


def _spreading_without_account(draft: _Draft) -> None:
    draft.write("ID.240.v", "true")
    draft.move("BA.860.brut", "BA.820.brut")


def _sales_without_cost(draft: _Draft) -> None:
    if not draft.amount("CP.020.n"):
        draft.move("CP.250.n", "CP.020.n", draft.amount("CP.250.n") // 2)
    for line in ("010", "040", "050"):
        draft.move(f"CC.{line}.nr", "CC.240.nr")
    draft.move("CP.310.n", "CP.250.n")


def _overspent_operations(draft: _Draft) -> None:
    draft.add("QG.040.n", draft.operations // 20)


def _loans_above_plan(draft: _Draft) -> None:
    draft.write("QG.060.n", draft.amount("SF.140.n") - 1)


def _subsidies_above_plan(draft: _Draft) -> None:
    draft.write("QG.080.n", draft.amount("SF.150.n") - 1)


def _works_above_staff(draft: _Draft) -> None:
    draft.write("QD.020.n", draft.amounts("CC.410.nr", "CC.420.nr", "CC.310.nr") + 1)


def _works_without_staff(draft: _Draft) -> None:
    draft.write("EF.050.n", "0")
    if not draft.amount("QD.020.n"):
        draft.write("QD.020.n", 500)


def _accession_without_stock(draft: _Draft) -> None:
    draft.write("QA.090.v", "true")
    draft.move("CP.020.n", "CP.250.n")
    for line in ("510", "520", "530", "560"):
        draft.move(f"BA.{line}.brut", "BA.820.brut")
        draft.add("BA.820.brut", -draft.amount(f"BA.{line}.amort"))
        draft.write(f"BA.{line}.amort", 0)


def _loans_above_cost(draft: _Draft) -> None:
    draft.write("QG.060.n", draft.operations)


def _jump_of_stock(draft: _Draft) -> None:
    gap = draft.amount("PL.030.n1") * 15 // 100 + 1
    draft.add("PL.030.n1", -gap)
    draft.add("PL.340.n", gap)


def _moved_part(source: str, target: str, percent: int) -> _Mistake:
    return lambda draft: draft.move(source, target, draft.amount(source) * percent // 100)


def _jump_of_debt(draft: _Draft) -> None:
    draft.borrow(draft.debt * 2 // 5)


def _fallen_subsidies(draft: _Draft) -> None:
    gap = draft.amount("BP.140.n") * 13 // 10 - draft.amount("BP.140.n1")
    draft.add("BP.140.n1", gap)
    draft.add("BA.820.n1", gap)


def _jump_of_staff(draft: _Draft) -> None:
    draft.write("EF.020.n1", "0")


def _vacancy(address: str, percent: int) -> _Mistake:
    return lambda draft: draft.write(address, draft.amount("PL.010.n") * percent // 100 + 1)


def _low_collection(draft: _Draft) -> None:
    draft.write("IM.120.n", draft.amount("IM.120.n") * 7 // 10)


def _swollen_receivables(draft: _Draft) -> None:
    added = (draft.rents + draft.amount("CP.010.n")) * 4 // 10
    draft.add("IM.010.n", added)
    draft.add("BA.710.brut", added)
    draft.add("BA.820.brut", -added)


def _to_leases(*lines: str) -> _Mistake:
    def mistake(draft: _Draft) -> None:
        for line in lines:
            draft.move(f"CC.{line}.nr", "CC.160.nr")
        draft.write("QD.020.n", 0)

    return mistake


def _zeros_too_many(address: str, factor: int) -> _Mistake:
    return lambda draft: draft.write(address, draft.amount(address) * factor)


def _refinanced(draft: _Draft) -> None:
    amount = draft.rents * 3 // 2
    draft.add("ED.120.remb", amount)
    draft.add("ED.120.nouv", amount)


def _crushing_debt(draft: _Draft) -> None:
    draft.borrow(draft.debt * 7)


def _large_dwellings(draft: _Draft) -> None:
    draft.write("PL.180.n", draft.dwellings * 120)


def _high_rate(draft: _Draft) -> None:
    draft.write("ED.120.int", draft.amount("ED.120.debut") * 8 // 100)


def _low_impairment(draft: _Draft) -> None:
    closing = draft.amounts("PR.170.debut", "PR.170.dot") - draft.amount("PR.170.rep")
    cut = min(draft.amount("PR.170.debut"), draft.amount("BA.740.amort"), closing * 3 // 4)
    draft.add("PR.170.debut", -cut)
    draft.add("BA.740.amort", -cut)
    draft.add("BA.820.brut", -cut)


def _staff_times(factor: int) -> _Mistake:
    def mistake(draft: _Draft) -> None:
        heads = draft.amount("EF.080.n") * factor
        for column in ("n", "n1"):
            draft.write(f"EF.020.{column}", heads)
            draft.write(f"EF.080.{column}", heads * 2)

    return mistake


def _large_provision(draft: _Draft) -> None:
    draft.move("CC.130.nr", "CC.120.nr", draft.amount("CC.130.nr") - draft.amount("BP.220.n") // 10)


def _potential_of(draft: _Draft) -> int:
    cells = {address: int(value) for address, value in draft.filing.cells.items() if address[:2] in {"BA", "BP"}}
    completed = working_capital(cells) - draft.amount("SF.130.n") + draft.amounts("SF.140.n", "SF.150.n")
    return completed - draft.amounts("BP.210.n", "BP.220.n", "BP.230.n", "BP.370.n")


def _fragile(draft: _Draft) -> None:
    added = _potential_of(draft) + 1_000
    draft.add("SF.130.n", added)
    draft.add("QG.020.n", added)


def _easy_potential(draft: _Draft) -> None:
    added = 9_000 * (draft.dwellings + draft.amount("PL.060.n"))
    for address in ("SF.140.n", "QG.060.n", "QG.020.n", "QG.040.n"):
        draft.add(address, added)


def _vacancy_loss(draft: _Draft) -> None:
    draft.write("VA.080.n", draft.rents // 5)


def _only(draft: _Draft, families: set[str]) -> None:
    if draft.filing.family not in families:
        raise NoSuchFault(f"{draft.control} ne s'applique pas à la famille {draft.filing.family}.")


_MISTAKES: MappingProxyType[str, tuple[str, _Mistake]] = MappingProxyType(
    {
        "F-07": ("Clé du SIREN fausse.", _wrong_siren),
        "F-08": ("Clé du SIRET fausse.", _wrong_siret),
        "F-09": ("SIRET d'un autre organisme.", _foreign_siret),
        "F-19": ("Transferts de charges après 2024.", _transfers),
        "A-05": ("Subventions brutes et inscrites au résultat interverties.", _swap_subsidies),
        "A-06": ("Ventilation par financement fausse.", _add_dwellings("PL.210.n")),
        "A-07": ("Mises en service comptées deux fois.", _add_dwellings("PL.320.n")),
        "A-08": ("Conventionnés au-delà du parc.", _more_than_stock("PL.120.n")),
        "A-09": ("Individuels au-delà du parc.", _more_than_stock("PL.140.n")),
        "A-10": ("QPV au-delà du parc.", _more_than_stock("PL.160.n")),
        "A-11": ("F et G au-delà du parc.", _more_than_stock("PL.190.n")),
        "A-12": ("Vacants au-delà du parc.", _more_than_stock("VA.020.n")),
        "A-13": ("Emménagements au-delà du parc.", _more_than_stock("VA.120.n")),
        "A-15": ("Remboursement sans dette d'ouverture.", _negative_debt),
        "A-16": ("Reprise au-delà de la dépréciation.", _negative_provision),
        "A-19": ("Comptes remis au commissaire le 20 mai.", _late_accounts),
        "A-22": ("Effectif physique oublié en partie.", _few_heads),
        "A-23": ("RLS d'un an et demi.", _high_rls),
        "X-17": ("Intérêts saisis d'après l'échéancier, pas la comptabilité.", _interest_apart),
        "X-19": ("Investissements comptés deux fois.", _unexplained_fund),
        "X-21": ("Compte 139 N-1 faux.", _subsidies_taken),
        "X-23": ("Amortissement locatif sur la ligne des autres immobilisations.", _no_depreciation),
        "X-24": ("Prix de vente des logements en autres produits exceptionnels.", _sales_without_proceeds),
        "X-25": ("Valeur des logements vendus sur la ligne des démolitions.", _proceeds_without_value),
        "X-26": ("Valeur des démolitions sur la ligne des ventes.", _demolition_without_value),
        "X-27": ("Dépôts de garantie sur la ligne des autres dépôts.", _no_deposits),
        "X-28": ("Reste à dépenser porté en dépenses comptabilisées.", _nothing_to_spend),
        "X-29": ("Réserve légale dans un OPH.", _company_line),
        "X-30": ("Dotation dans une société.", _oph_line),
        "X-31": ("Compte 10683 hors SEM.", _sem_line),
        "X-33": ("Régime M31 après 2020.", _public_accounts),
        "X-34": ("Récupération de charges en produits annexes.", _low_recovery_of_charges),
        "X-36": ("Option d'étalement cochée sans compte 481.", _spreading_without_account),
        "X-37": ("Coût des ventes en services extérieurs.", _sales_without_cost),
        "Q-02": ("Dépenses comptabilisées trop élevées.", _overspent_operations),
        "Q-03": ("Emprunts prévus oubliés.", _loans_above_plan),
        "Q-04": ("Subventions prévues oubliées.", _subsidies_above_plan),
        "Q-06": ("Coût de régie égal à toute la masse salariale.", _works_above_staff),
        "Q-07": ("Régie sans effectif.", _works_without_staff),
        "Q-09": ("Accession déclarée sans vente ni stock.", _accession_without_stock),
        "Q-10": ("Plan de vente au-delà du parc.", _more_than_stock("QB.130.n")),
        "Q-13": ("Emprunts prévus égaux au prix de revient.", _loans_above_cost),
        "H-02": ("Acquisition en bloc sans fusion déclarée.", _jump_of_stock),
        "H-03": ("Loyers N-1 en autres produits.", _moved_part("CP.130.n1", "CP.390.n1", 20)),
        "H-04": ("Salaires N-1 en gestion courante.", _moved_part("CC.410.n1", "CC.620.n1", 40)),
        "H-05": ("Taxe foncière N-1 en autres impôts.", _moved_part("CC.320.n1", "CC.330.n1", 30)),
        "H-06": ("Emprunt nouveau de 40 % de la dette.", _jump_of_debt),
        "H-07": ("Subventions N-1 surévaluées.", _fallen_subsidies),
        "H-11": ("Techniciens absents de l'effectif N-1.", _jump_of_staff),
        "P-01": ("Loyers des logements sur la ligne des commerces.", _moved_part("CP.130.n", "CP.140.n", 70)),
        "P-02": ("Vacance saisie en cumul de mois.", _vacancy("VA.020.n", 20)),
        "P-03": ("Encaissements de neuf mois.", _low_collection),
        "P-04": ("Quittancement annuel dans les créances.", _swollen_receivables),
        "P-05": ("Entretien sur la ligne des baux.", _to_leases("120", "130", "140", "150")),
        "P-06": (
            "Charges de structure sur la ligne des baux.",
            _to_leases("410", "420", "240", "180", "170", "200", "060", "020", "110", "210", "220"),
        ),
        "P-07": ("Personnel sur la ligne des baux.", _to_leases("410", "420", "310", "190")),
        "P-08": ("Un zéro de trop à la taxe foncière.", _zeros_too_many("CC.320.nr", 10)),
        "P-09": ("Un zéro de trop à la cotisation CGLLS.", _zeros_too_many("CC.230.nr", 10)),
        "P-10": ("Un zéro de trop aux intérêts.", _zeros_too_many("CC.730.nr", 10)),
        "P-11": ("Refinancement compté en échéances.", _refinanced),
        "P-13": ("Refinancement compté en échéances.", _refinanced),
        "P-14": ("Emprunt d'un autre organisme.", _crushing_debt),
        "P-15": ("Amortissement locatif ventilé ailleurs.", _moved_part("CC.510.nr", "CC.520.nr", 90)),
        "P-18": ("Surface utile au lieu de la surface habitable.", _large_dwellings),
        "P-19": ("Loyers des logements sur la ligne des commerces.", _moved_part("CP.130.n", "CP.140.n", 70)),
        "P-20": ("Intérêts et capital confondus.", _high_rate),
        "P-21": ("Dépréciation des créances minorée.", _low_impairment),
        "P-22": ("Effectifs saisis en personnes et saisonniers.", _staff_times(3)),
        "P-23": ("Effectifs d'un autre périmètre.", _staff_times(12)),
        "P-24": ("Gros entretien en entretien courant.", _large_provision),
        "P-26": ("Opérations engagées au-delà des moyens.", _fragile),
        "P-27": ("Emprunts à encaisser en centimes.", _easy_potential),
        "P-28": ("Perte de loyers surévaluée.", _vacancy_loss),
        "P-29": ("Emménagements de trois ans.", _vacancy("VA.120.n", 30)),
        "P-30": ("Vacance technique en vacance longue.", _vacancy("VA.030.n", 10)),
    }
)

FAULTS = tuple(sorted({*_OFFSET, *_WRITTEN, *_MISTAKES}))
"""Controls that a fault can make fail; some apply to one family or to some years only."""


def with_fault(filing: Filing, control: str | None = None, seed: int = 0) -> tuple[Filing, Fault]:
    """Spoil a copy of a sound filing so that the chosen control fails.

    Args:
        filing: as `synthesise` gave it.
        control: official id, or None for one that applies to this filing, drawn with the seed.
        seed: the same seed spoils the same filing in the same way.

    Raises:
        NoSuchFault: the control has no fault, or does not apply to this family or year.
    """
    if control is None:
        return _any_fault(filing, seed)
    draft = _Draft(filing, control, seed)
    description = _spoil(draft, control)
    faulty = filing.with_cells(draft.changes)
    changes = tuple(
        Change(address, filing.cells.get(address), faulty.cells.get(address))
        for address in draft.changes
        if filing.cells.get(address) != faulty.cells.get(address)
    )
    return faulty, Fault(control, description, changes)


def _any_fault(filing: Filing, seed: int) -> tuple[Filing, Fault]:
    candidates = list(FAULTS)
    seeded("fault", filing.siren, filing.year, seed).shuffle(candidates)
    for control in candidates:
        try:
            return with_fault(filing, control, seed)
        except NoSuchFault:
            continue
    raise NoSuchFault("Aucune faute connue ne s'applique à ce dossier.")


def _spoil(draft: _Draft, control: str) -> str:
    """Make the mistake in the draft and return its description."""
    if control in _OFFSET:
        description, raised, lowered = _OFFSET[control]
        amount = draft.rng.randint(120, 900)
        for address in raised:
            draft.add(address, amount)
        for address in lowered:
            draft.add(address, -amount)
        return description
    if control in _WRITTEN:
        description, values = _WRITTEN[control]
        for address, value in values.items():
            draft.write(address, value.format(year=draft.filing.year, next=draft.filing.year + 1))
        return description
    if control in _MISTAKES:
        description, mistake = _MISTAKES[control]
        mistake(draft)
        return description
    raise NoSuchFault(
        f"Aucune faute ne met en échec {control} : contrôle inconnu, non exécutable, ou vrai par construction. "
        f"Contrôles possibles : {', '.join(FAULTS)}."
    )
