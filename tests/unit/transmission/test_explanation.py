"""Every (filing, recipient) pair has a whole sentence in both languages that agrees with the answer (F20)."""

from datetime import date
from itertools import product

import pytest

from services.transmission.domain.decision import Finding
from services.transmission.domain.explanation import label_fr
from services.transmission.domain.recipient import FEDERATION_OF
from tests.support.transmission import a_decision

RECIPIENTS = ["MIN", *FEDERATION_OF.values(), "CDC", "CGLLS", "ANCOLS", "PREFET-21", "PREFET-69", "XYZ"]
DAYS = [date(2008, 4, 2), date(2012, 1, 1), date(2025, 7, 1), date(2000, 1, 1)]


@pytest.mark.parametrize(
    ("recipient", "document", "family", "on"), list(product(RECIPIENTS, ["ER", "QDIS"], FEDERATION_OF, DAYS))
)
def test_every_pair_is_explained_completely(recipient: str, document: str, family: str, on: date) -> None:
    decision = a_decision(recipient, document, family, on=on)

    for sentence, refusal in ((decision.reason_fr, " ne reçoit pas "), (decision.reason_en, " does not receive ")):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert (refusal in sentence) is not decision.is_allowed
        assert (decision.rule or "") in sentence
        assert "None" not in sentence
    asked = [layer for layer in decision.layers if layer.finding is not Finding.NOT_NEEDED]
    assert decision.level is asked[-1].level


def test_the_sentences_read_as_people_speak() -> None:
    assert a_decision("CDC").reason_fr == (
        "La Caisse des dépôts reçoit l’ER : depuis le 1er janvier 2017 la règle T-13 laisse le choix à l’organisme, "
        "le ministère a ouvert l’ER de la famille OPH à la Caisse des dépôts, "
        "une convention est en vigueur depuis le 1er janvier 2020, et l’organisme a coché la case."
    )
    assert a_decision("CGLLS").reason_fr == (
        "La CGLLS ne reçoit pas l’ER : depuis le 1er janvier 2017 la règle T-14 laisse le choix à l’organisme, "
        "le ministère a ouvert l’ER de la famille OPH à la CGLLS, "
        "mais aucune convention n’est en vigueur au 1er juillet 2025."
    )
    assert a_decision("PREFET-21", "QDIS").reason_fr == (
        "Le préfet du département 21 ne reçoit pas le QDIS : depuis le 1er janvier 2017 la règle T-24 laisse le choix "
        "à l’organisme, mais la fédération des OPH n’a pas ouvert le QDIS de la famille OPH "
        "au préfet du département 21."
    )
    assert a_decision("FED-COOP", family="COOP").reason_fr == (
        "La fédération des coopératives ne reçoit pas l’ER : depuis le 1er janvier 2017 la règle T-04 s’en remet "
        "aux statuts de la fédération des coopératives, qui ne le prévoient pas."
    )
    assert a_decision("CDC").reason_en == (
        "The Caisse des dépôts receives the ER: since 2017-01-01 rule T-13 leaves the choice to the body, "
        "the ministry opened the ER of family OPH to the Caisse des dépôts, "
        "an agreement is in force since 2020-01-01, and the body ticked the box."
    )


@pytest.mark.parametrize(
    ("code", "label"),
    [("MIN", "Ministère"), ("ANCOLS", "ANCOLS"), ("PREFET-21", "Préfet du département 21"), ("X", "Destinataire X")],
)
def test_a_label_has_no_article(code: str, label: str) -> None:
    assert label_fr(code) == label
