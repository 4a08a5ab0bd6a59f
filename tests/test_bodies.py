"""Which body speaks, and which mechanism it belongs to, under every name that documents print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bodies import BODIES, recognise_body
from domain.vocabulary import shipped
from domain.words import Mechanism

TREATY, SPECIAL, REGIONAL = (
    Mechanism.TREATY_BODY,
    Mechanism.SPECIAL_PROCEDURE,
    Mechanism.REGIONAL_BODY,
)
NAMES = [
    (name, body.code) for body in BODIES.values() for name in (body.code, body.name, *body.aliases)
]


def test_no_name_stands_for_two_bodies():
    told = {name: found.code for name, _ in NAMES if (found := recognise_body(name))}
    assert [(name, code) for name, code in NAMES if told[name] != code] == []


def test_every_body_of_the_vocabulary_has_its_mechanism_there_too():
    (version,) = shipped()["body"].versions.values()
    for term in version.terms:
        if term.broader:
            assert BODIES[term.code].mechanism == term.broader
            assert {recognise_body(label.text).code for label in term.labels} == {term.code}


@pytest.mark.parametrize(
    ("printed", "code", "mechanism"),
    [
        ("cedaw", "CEDAW", TREATY),
        ("Human Rights Committee", "CCPR", TREATY),
        ("the Committee on the Rights of the Child (CRC)", "CRC", TREATY),
        ("CRC – Committee on the Rights of the Child", "CRC", TREATY),
        ("Comité des droits de l'homme", "CCPR", TREATY),
        ("Комитет по правам ребёнка", "CRC", TREATY),
        ("CRC-OP-AC", "CRC-OP-AC", TREATY),
        ("CRC/OPSC", "CRC-OP-SC", TREATY),
        ("Committee on Migrant Workers", "CMW", TREATY),
        ("UPR", "UPR", Mechanism.UPR),
        ("UPR – 48th session", "UPR", Mechanism.UPR),
        ("SR Torture", "SR Torture", SPECIAL),
        ("IE  Albinism", "IE Albinism", SPECIAL),
        ("HRC Special Procedures", "HRC Special Procedures", SPECIAL),
        ("Rapporteuse spéciale sur la torture", "Rapporteuse spéciale sur la torture", SPECIAL),
        ("酷刑问题特别报告员", "酷刑问题特别报告员", SPECIAL),
        ("IACHR", "IACHR", REGIONAL),
        ("Corte Interamericana de Derechos Humanos", "IACtHR", REGIONAL),
        ("African Commission on Human and Peoples' Rights", "ACHPR", REGIONAL),
        ("Lanzarote Committee", "Lanzarote-Committee", REGIONAL),
        ("MESECVI", "MESECVI", REGIONAL),
        ("European Court of Human Rights", "ECtHR", REGIONAL),
    ],
)
def test_a_body_is_known_by_its_codes_and_its_names(printed, code, mechanism):
    body = recognise_body(printed)
    assert body is not None
    assert (body.code, body.mechanism) == (code, mechanism)


@pytest.mark.parametrize(
    "printed",
    ["", "Children Ombudsman", "NHRI", "Committee", "CRC (CEDAW)", "Ministry of Justice", "HRC"],
)
def test_a_name_that_tells_no_mechanism_is_none(printed):
    assert recognise_body(printed) is None


@given(st.sampled_from(NAMES), st.sampled_from([str.upper, str.lower, str.title]))
def test_writing_it_otherwise_changes_nothing(known, case):
    name, code = known
    dirty = f"\u200f{case(name)}\u200e".replace(" ", "\u00a0 ").replace("’", "'")
    assert recognise_body(dirty).code == code
