"""The bodies that speak to States: their codes, their names, and the mechanism each belongs to.

One table, `bodies.json`: the Universal Periodic Review, the treaty bodies with their protocols, the
bodies of regional systems. Committees of the International Labour Organization watch over treaties
and stand with the treaty bodies. The special procedures are too many and change too often for a
list: they are known by what they are called ("SR Torture", "Working Group on …"), and each keeps
its name as it is printed.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from domain.names import folded, without_articles
from domain.words import Mechanism

body_chars_max = 500


class Body(msgspec.Struct, frozen=True):
    """`code`: what the record calls it; `aliases`: other names in documents, in six languages."""

    code: str
    name: str
    mechanism: Mechanism
    aliases: tuple[str, ...] = ()


def recognise_body(printed: str) -> Body | None:
    """The body that a printed name or code stands for, or None where it tells no mechanism.

    A code beside a name ("Committee on the Rights of the Child (CRC)", "CRC – Committee …") counts
    if both are of one body. A special procedure has its printed name as its code."""
    if not printed or len(printed) > body_chars_max:
        return None
    return _recognise(printed)


@lru_cache(maxsize=4096)
def _recognise(printed: str) -> Body | None:
    if found := _by_name().get(_key(printed)):
        return found
    beside = {_by_name().get(_key(piece)) for piece in _BESIDE.split(printed) if _key(piece)}
    if len(beside) == 1 and (found := beside.pop()):
        return found
    name = folded(printed)
    if _REVIEW.match(name):
        return BODIES["UPR"]
    if _PROCEDURE.search(name):
        line = " ".join(printed.split())
        return Body(code=line, name=line, mechanism=Mechanism.SPECIAL_PROCEDURE)
    return None


_BESIDE = re.compile(r"[()（）\[\]:：]|\s[-–—]\s")
_REVIEW = re.compile(r"(?:upr|epu|упо) ")
_PROCEDURE = re.compile(
    r"^(?:(?:sr|wg[a-z]*|ie|srsg|rsg|hrc special procedures?)\b|(?:un )?(?:special procedures?"
    r"|special rap|special representative of the secretary|representative of the secretary"
    r"|working gr|independent ex|rapporteu(?:r|se) specia|groupe de travail|experte? independant"
    r"|procedures? speciales?|relator(?:a|ia)? especial|grupo de trabajo|expert[oa] independiente"
    r"|procedimientos? especial|специальн\w+ докладчик|рабочая группа|независимый эксперт"
    r"|специальные процедуры))"
    r"|^(?:المقرر|المقرره) الخاص|^الفريق العامل|^(?:الخبير|الخبيره) المستقل|^الاجراءات الخاصه"
    r"|特别报告员$|工作组$|独立专家$|^特别程序$"
)


def _key(name: str) -> str:
    return without_articles(folded(name))


_read_table = msgspec.json.Decoder(list[Body]).decode

BODIES: dict[str, Body] = {
    body.code: body for body in _read_table(Path(__file__).with_name("bodies.json").read_bytes())
}
"""The whole table, by code."""


@cache
def _by_name() -> dict[str, Body]:
    return {
        _key(name): body
        for body in BODIES.values()
        for name in (body.code, body.name, *body.aliases)
    }
