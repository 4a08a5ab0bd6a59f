"""The record that hostile inputs meet: of realistic size, made once, the same on every run.

Two thousand recommendations: half to one State with long histories, half to 193 States as an import
brings them. Some are joined to one another in a dense net, some bear confidential remarks, and the
State has a procedure of its own under which others were received.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import Any
from uuid import UUID

import msgspec

from api.derive import global_id
from api.service import Service
from api.settings import Settings
from benchmarks.record import a_record, a_speaker, a_world
from domain.casework import steps
from domain.entry import Entry, Protected, Stamp, Visibility
from domain.recommendation import fold, lineage
from domain.words import AssertedHow, LinkType
from tests.server import HOLDERS, OF_A_STATE, STATES, running
from tests.test_own_procedures import CABINET, adopted, published
from workflows.keys import create_key
from workflows.procedure import SHIPPED

HALF = 1_000
JOINED = 64
LINKS = 8
"""How many others each of the net is joined to, where there are as many before it."""
CONFIDENTIAL = 20
APPENDED_AT_ONCE = 2_000
SECRET = "for nobody's eyes but ours"

FORMULAS = ("=cmd|' /C calc'!A0", "+cmd", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1")
"""Texts of one recommendation to Kenya, which spreadsheets would run as formulas."""

WHO: dict[str, tuple[str, str, tuple[str, ...]]] = {
    **{name: (*held, STATES if name in OF_A_STATE else ()) for name, held in HOLDERS.items()},
    "kenya": ("coordinator", "mfa", ("KEN",)),
    "bystander": ("reader", "public", ()),
}
"""Who holds a key: role, institution, the States it is for. The bystander is who must not wait."""


class Known(msgspec.Struct, frozen=True):
    """What an input may name of the record. Ids are opaque, as readers are given them.

    `joined`: the last of the net, with the most others behind it. `cases`: open ones of one State
    that a coordinator may plan, by UUID, with their versions. `foreign`: of another State than
    Kenya. `confidential`: bears a remark that a reader may not see.
    """

    keys: dict[str, str]
    joined: str
    some: str
    foreign: str
    confidential: str
    own: str
    cases: dict[str, int]
    symbol: str
    paragraph: str
    cursor: str
    size: int


def make(url: str) -> Known:
    """Makes the record in an empty store; what of it can be named."""
    service = Service(Settings(database_url=url))
    try:
        entries = chain(a_record(HALF), a_world(HALF))
        first = list(islice(entries, APPENDED_AT_ONCE))
        by_id: dict[UUID, list[Entry]] = {}
        while first:
            service.log.append(f"import-{first[0].stream}", bytes(32), first)
            for entry in first:
                by_id.setdefault(entry.stream, []).append(entry)
            first = list(islice(entries, APPENDED_AT_ONCE))
        lives = list(by_id.values())
        net, secret = lives[:JOINED], lives[JOINED : JOINED + CONFIDENTIAL]
        service.log.append("a-net", bytes(32), _joined(net))
        service.log.append("remarks", bytes(32), [_remarked(life) for life in secret])
        cases = _cases(lives[JOINED + CONFIDENTIAL :])
        keys = {}
        for name, (role, institution, addressees) in WHO.items():
            more: dict[str, Any] = {"actor": f"p-{name}", "system": None, "authority": None}
            keys[name] = create_key(
                service.log, role=role, institution=institution, addressees=addressees, **more
            )[1]
        service.feed.advance()
    finally:
        service.close()
    with running(url) as server:
        adopted(server, published(server, CABINET))
        server.grant("kenyan", "focal-point", "justice", addressees=("KEN",))
        formulas = [{"text": text, "recommendingStates": [text]} for text in FORMULAS]
        assigned = server.receive(parts=formulas, addressee="KEN", symbol=FORMULAS[0])
        said = {"institution": "justice", "instrument": FORMULAS[0]}
        server.step("coordinator", "assignRecommendation", assigned, **said)
        server.step("kenyan", "planImplementation", assigned, measures=FORMULAS[0])
        own = [server.receive() for _ in range(5)][-1]
        page = server.ask("reader", LISTED)["recommendations"]
        size = server.size()
    received = lives[0][0].event
    return Known(
        keys=keys,
        joined=global_id(net[-1][0].stream),
        some=global_id(lives[HALF // 2][0].stream),
        foreign=global_id(lives[HALF // 2][0].stream),
        confidential=global_id(secret[0][0].stream),
        own=own,
        cases=cases,
        symbol=received.symbol or "",
        paragraph=received.paragraph or "",
        cursor=page["pageInfo"]["endCursor"],
        size=size,
    )


LISTED = """{ recommendations(first: 3, where: {addressee: ["SVN"]}) {
    nodes { id } pageInfo { endCursor } } }"""


def _stamp(command: str, **more: Any) -> Stamp:
    return Stamp(command=command, speaker=a_speaker("foreign-affairs"), **more)


def _joined(net: list[list[Entry]]) -> list[Entry]:
    """Each joined to those before it."""
    entries = []
    for n, life in enumerate(net):
        r = fold(life)
        assert r is not None
        for before in net[max(0, n - LINKS) : n]:
            event = lineage.link(
                r, _stamp("a-net"), LinkType.SUCCEEDS, before[0].stream, AssertedHow.PERSON
            )
            entries.append(SHIPPED.enter(r, "link", event))
    return entries


def _remarked(life: list[Entry]) -> Entry:
    r = fold(life)
    assert r is not None
    stamp = _stamp("remarks", visibility=Visibility.CONFIDENTIAL)
    return SHIPPED.enter(r, "remark", steps.remark(r, stamp, Protected(SECRET)))


def _cases(lives: list[list[Entry]]) -> dict[str, int]:
    """Those that are open and assigned."""
    cases = {}
    for life in lives:
        r = fold(life)
        assert r is not None
        if r.addressee == "SVN" and r.closed is None and r.standing:
            cases[str(r.id)] = r.version
    return cases
