"""A file like the export of the UHRI, of any size, with the dirt that real ones have.

Texts are put together from the words below; no record is a real one. The same arguments give the
same bytes. About 1,400 bytes a record: 260,000 make some 370 MB.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from domain.addressees import addressees

SHARES = {
    "upr": 0.34,
    "special-procedure": 0.12,
    "concern": 0.25,
    "number-in-text": 0.55,
    "tags": 0.06,
    "nbsp": 0.05,
    "several-countries": 0.01,
    "no-country": 0.002,
    "unknown-country": 0.001,
    "unknown-body": 0.0005,
    "repeated": 0.0005,
    "no-dash": 0.1,
}
"""How large a part of the records is so; "concern" of those outside the UPR."""

_TREATY = "CAT CCPR CED CEDAW CERD CESCR CMW CRC CRPD SPT".split()
_PROCEDURES = ("SR Torture", "SR Health", "SR Housing", "WG Detention", "IE Debt", "WG Business")
_OPENINGS = (
    "Take all the measures that are needed to",
    "Step up its efforts to",
    "Adopt without delay the legislation required to",
    "Set aside sufficient human, technical and financial resources to",
    "Continue, together with civil society, to",
    "Consider further steps, in law and in practice, to",
    "Draw up a strategy with a timetable in order to",
    "Ensure, at the national and at the local level, that its authorities",
)
_VERBS = (
    "protect",
    "guarantee the rights of",
    "collect disaggregated data on",
    "prevent discrimination against",
    "improve access to justice for",
    "provide remedies to",
    "raise awareness of the situation of",
    "consult regularly with",
)
_WHOM = (
    "children in alternative care",
    "women and girls in rural areas",
    "persons with disabilities",
    "migrant workers and members of their families",
    "persons deprived of their liberty",
    "older persons who live alone",
    "indigenous peoples on their lands",
    "journalists and human rights defenders",
    "Roma and other minorities",
    "asylum seekers at the borders",
)
_HOW = (
    "and publish each year what has been achieved",
    "and train judges, prosecutors and police officers accordingly",
    "with an independent mechanism that receives complaints",
    "in line with the international standards that bind the State party",
    "and allocate a budget line for it in every region",
    "while making sure that no one is left behind",
    "and report on it in the next periodic report",
    "in cooperation with the national human rights institution",
)
_THEMES = (
    "Right to education",
    "Conditions of detention",
    "Administration of justice & fair trial",
    "Gender-based violence",
    "A12 Acceptance of international norms",
    "A41 Institutions & policies",
    "Human rights education, trainings & awareness raising",
    "Right to an adequate standard of living - general",
    "Equality & non-discrimination",
    "Data collection, statistics & indicators",
    "Freedom of opinion and expression & access to information",
    "Right to health",
)
_GROUPS = ("Children", "Women & girls", "Persons with disabilities", "Migrants", "Older persons")
_SDGS = (
    "16 - PEACE, JUSTICE AND STRONG INSTITUTIONS",
    "16.2 - End abuse, exploitation, trafficking and all forms of violence against children",
    "5 - GENDER EQUALITY",
    "5.1 - End all forms of discrimination against all women and girls everywhere",
    "4.1 - Ensure that all girls and boys complete primary and secondary education",
    "10.3 - Ensure equal opportunity and reduce inequalities of outcome",
)
_REGIONS = ("Africa", "Asia-Pacific", "Eastern Europe", "Latin America", "Western Europe")
_CYCLE_SESSIONS = ((1, 1, 12), (2, 13, 26), (3, 27, 40), (4, 41, 48))


def write_uhri(path: Path, records: int, seed: int = 1, states: int = 193) -> None:
    """Writes `records` records, addressed to `states` of the addressees the domain knows."""
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.write(b"[")
        for number, record in enumerate(generated(records, seed, states)):
            file.write(b",\n" if number else b"\n")
            file.write(encode(record))
        file.write(b"\n]\n")


def generated(records: int, seed: int = 1, states: int = 193) -> Iterator[dict[str, Any]]:
    """The records themselves."""
    chance = random.Random(seed)
    names = [known.name for known in addressees()][:states]
    previous: dict[str, Any] | None = None
    for _ in range(records):
        if previous is None or chance.random() >= SHARES["repeated"]:
            previous = _record(chance, names)
        yield previous


def _record(chance: random.Random, names: list[str]) -> dict[str, Any]:
    def happens(what: str) -> bool:
        return chance.random() < SHARES[what]

    pick = chance.choice
    upr = happens("upr")
    procedure = not upr and happens("special-procedure")
    body = "UPR" if upr else pick(_PROCEDURES) if procedure else pick(_TREATY)
    if happens("unknown-body"):
        body = "Committee of the Moon"
    country = pick(names)
    countries = [country]
    if happens("several-countries"):
        countries.append(pick(names))
    elif happens("no-country"):
        countries = [" "]
    elif happens("unknown-country"):
        countries = ["Republic of Nowhere"]
    document, year = chance.randrange(1, 90), chance.randrange(2008, 2026)
    cycle, first, last = pick(_CYCLE_SESSIONS)
    dash = "" if happens("no-dash") else "- "
    symbol = f"A/HRC/{document}/{chance.randrange(1, 20)}"
    if not upr and not procedure:
        symbol = f"{body}/C/{country[:3].upper()}/CO/{document % 9 + 1}"
    id = f"{chance.getrandbits(128):032x}"
    concern = not upr and happens("concern")
    return {
        "AnnotationId": f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}",
        "AnnotationType": dash + ("Concerns/Observations" if concern else "Recommendations"),
        "DocumentId": f"{chance.getrandbits(32):08x}-0000-4000-8000-{document:012d}",
        "Symbol": symbol,
        "Body": f"{dash}{body}",
        "Countries": [dash + name for name in countries],
        "Regions": [dash + pick(_REGIONS)],
        "Text": _text(chance, upr),
        "Themes": [dash + pick(_THEMES) for _ in range(chance.randrange(1, 5))],
        "AffectedPersons": [dash + pick(_GROUPS) for _ in range(chance.randrange(3))],
        "Sdgs": [dash + pick(_SDGS) for _ in range(chance.randrange(4))],
        "PublicationDate": f"{year}-{document % 12 + 1:02d}-{document % 28 + 1:02d}T00:00:00",
        "PublicationDateOnUhri": f"{year}-12-31T00:00:00",
        "UprCycle": f"Cycle {cycle}" if upr else None,
        "UprSession": [f"{dash}{chance.randrange(first, last + 1)}"] if upr else [],
        "UprPositions": [dash + pick(("Supported", "Supported", "Noted"))] if upr else [],
        "UprRecommendingCountry": [dash + pick(names)] if upr else [],
        "UprRecommendingRegions": [dash + pick(_REGIONS)] if upr else [],
    }


def _text(chance: random.Random, upr: bool) -> str:
    pick = chance.choice
    sentences = [
        f"{pick(_OPENINGS)} {pick(_VERBS)} {pick(_WHOM)} {pick(_HOW)}, {pick(_HOW)}"
        for _ in range(2 if upr else chance.randrange(3, 6))
    ]
    text = ". ".join(sentences) + "."
    if chance.random() < SHARES["number-in-text"]:
        number = chance.randrange(5, 200)
        text = f"{number}.{chance.randrange(1, 300)} {text}" if upr else f"{number}. {text}"
    if chance.random() < SHARES["tags"]:
        text = f"<p>{text}<br/></p>"
    if chance.random() < SHARES["nbsp"]:
        text = text.replace(" ", "&nbsp;", 3)
    return f"- {text}" if chance.random() < 0.3 else text
