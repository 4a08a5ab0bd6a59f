"""The record that is measured: made through the domain's own commands, the same on every run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random
from typing import Any

from domain.addressees import addressees
from domain.casework import CaseEvent
from domain.entry import (
    Authority,
    AuthorityKind,
    Basis,
    Effective,
    Entry,
    Protected,
    Source,
    Speaker,
    Stamp,
    Visibility,
)
from domain.recommendation import (
    Recommendation,
    assignment,
    fold,
    implementation,
    names,
    position,
    progress,
    receive,
    reporting,
    wording,
)
from domain.recommendation.assignment import AssignmentDecreed
from domain.recommendation.elements import Part, PartText, Recommender, Term, Text
from domain.recommendation.terms import classify
from domain.words import (
    Answer,
    AssertedHow,
    AssessorKind,
    Capacity,
    CorrectionKind,
    Kind,
    Mechanism,
    Organ,
    ReportKind,
    TextStatus,
)
from workflows.procedure import SHIPPED

WORDS = """
strengthen the legal framework to prevent and combat all forms of violence against women
and children ensure effective access to justice for victims continue efforts towards
ratification of the optional protocol adopt a comprehensive national plan of action in
consultation with civil society and provide adequate resources for its implementation
including in rural areas
""".split()
MINISTRIES = ("justice", "interior", "health", "education", "labour", "foreign-affairs")
STATES = ("AUT", "BRA", "CAN", "DEU", "EGY", "FRA", "GHA", "HND", "IND", "JPN", "KEN", "LUX")
THEMES = ("Women's rights", "Children", "Access to justice", "Health", "Education", "Torture")


def a_speaker(ministry: str) -> Speaker:
    return Speaker(
        role="coordinator",
        institution=ministry,
        on_behalf_of=ministry,
        authority=Authority(
            kind=AuthorityKind.DECISION, reference="Decree 12/2024", since="2024-02-01"
        ),
        actor="p-0001",
    )


def an_assignment() -> AssignmentDecreed:
    """One event of middling size, without protected texts."""
    stamp = Stamp(
        command="assign-0001",
        speaker=a_speaker("foreign-affairs"),
        effective=Effective(on="2024-03-05", basis=Basis.STATED),
        source=Source(document="A/HRC/43/13", paragraph="139.12", language="en"),
        definition="0" * 64,
        left=("assignment.unassigned",),
        entered=("assignment.assigned",),
    )
    return AssignmentDecreed(
        stamp=stamp,
        assignee="justice",
        capacity=Capacity.LEAD,
        instrument="Government decision 44/2024",
    )


def a_record(recommendations: int, seed: int = 7) -> list[Entry]:
    """The entries of so many recommendations, some ten each, in the order in which they would be
    recorded: documents of 200 arrive one after another, follow-up runs on beside them."""
    return list(a_long_record(recommendations, seed))


def a_long_record(recommendations: int, seed: int = 7) -> Iterator[Entry]:
    """The same, entry by entry: what is held is what goes on at one time, not all of it."""
    random = Random(seed)
    coming: list[tuple[float, int, Entry]] = []
    made = 0
    for n in range(recommendations):
        at = float(n // 200)
        while coming and coming[0][0] < at:
            yield heapq.heappop(coming)[2]
        for entry in a_life(random, n):
            heapq.heappush(coming, (at, made, entry))
            made += 1
            at += random.expovariate(2.0)
    while coming:
        yield heapq.heappop(coming)[2]


def a_life(random: Random, n: int) -> Iterator[Entry]:
    """The entries of one recommendation."""
    symbol, paragraph = f"A/HRC/{20 + n // 200}/{3 + n // 2000}", f"{130 + n % 7}.{n % 200 + 1}"
    year = 2012 + n // 1_000
    upr = random.random() < 0.7
    lead, other = random.sample(MINISTRIES, 2)
    parts = tuple(
        Part(
            id=str(i + 1),
            recommenders=tuple(
                Recommender(printed=code.title(), code=code)
                for code in random.sample(STATES, random.randint(1, 3))
            )
            if upr
            else (),
        )
        for i in range(1 if random.random() < 0.8 else 2)
    )

    def words(count: int) -> str:
        return " ".join(random.choices(WORDS, k=count)).capitalize()

    def stamp(ministry: str = "foreign-affairs", **more: Any) -> Stamp:
        month, day = random.randint(1, 12), random.randint(1, 28)
        return Stamp(
            command=f"c-{n}-{random.getrandbits(48):012x}",
            speaker=a_speaker(ministry),
            effective=Effective(on=f"{year}-{month:02d}-{day:02d}", basis=Basis.STATED),
            **more,
        )

    def text(language: str, status: TextStatus) -> Text:
        said = tuple(PartText(part=part.id, text=words(random.randint(15, 45))) for part in parts)
        return Text(language=language, status=status, parts=said)

    source = Source(document=symbol, paragraph=paragraph, language="en", row=n % 200 + 1)
    id, received = receive(
        stamp(source=source),
        addressee="SVN",
        kind=Kind.RECOMMENDATION,
        mechanism=Mechanism.UPR if upr else Mechanism.TREATY_BODY,
        body="UPR" if upr else "CEDAW",
        text=text("en", TextStatus.OFFICIAL),
        parts=parts,
        symbol=symbol,
        paragraph=paragraph,
        cycle=2 + n // 2_500 if upr else None,
    )
    first = SHIPPED.opening(id, "SVN", received)
    yield first
    r = fold([first])
    assert r is not None

    def step(name: str, act: Callable[[Recommendation], CaseEvent]) -> Entry:
        return SHIPPED.enter(r, name, act(r))

    terms = [
        Term(vocabulary="theme", version="2024", label=label)
        for label in random.sample(THEMES, random.randint(1, 3))
    ]
    goal = f"{random.randint(1, 17)}.{random.randint(1, 9)}"
    terms.append(Term(vocabulary="sdg", version="2015", label=f"SDG {goal}", code=goal))
    yield step("classify", lambda r: classify(r, stamp(source=source), terms, AssertedHow.SOURCE))
    if random.random() < 0.6:
        translated = text("sl", TextStatus.TRANSLATION)
        yield step("add-text", lambda r: wording.add_text(r, stamp(), translated))
    if upr:
        answer = Answer.SUPPORTED if random.random() < 0.8 else Answer.NOTED
        yield step(
            "take-position",
            lambda r: position.take(
                r,
                stamp(source=source, reason=Protected(words(12))),
                answer,
                organ=Organ.ADDENDUM,
                instrument=f"{symbol}/Add.1",
            ),
        )
    if random.random() < 0.1:
        yield step("identify", lambda r: names.identify(r, stamp(), "national", f"SVN-{n:05d}"))
    yield step(
        "decree-assignment",
        lambda r: assignment.decree(r, stamp(), lead, Capacity.LEAD, "Government decision 44"),
    )
    if random.random() < 0.5:
        yield step(
            "offer-assignment",
            lambda r: assignment.offer(
                r, stamp(visibility=Visibility.INTERNAL), other, Capacity.SUPPORTING
            ),
        )
        offered = r.assignments[-1].id
        yield step("accept-assignment", lambda r: assignment.accept(r, stamp(other), offered))
    yield step(
        "plan", lambda r: implementation.plan(r, stamp(lead), Protected(words(40)), "National plan")
    )
    for _ in range(random.randint(0, 2)):
        yield step("draft-progress", lambda r: progress.draft(r, stamp(lead), Protected(words(60))))
        yield step("clear-progress", lambda r: progress.clear(r, stamp(), r.progress[-1].id))
        yield step(
            "publish-progress",
            lambda r: progress.publish(r, stamp(), r.progress[-1].id, Protected(words(60))),
        )
    if random.random() < 0.5:
        yield step(
            "assess",
            lambda r: implementation.assess(
                r,
                stamp(source=Source(document="UPR Info mid-term assessment")),
                AssessorKind.UPR_INFO,
                "UPR Info",
                "upr-info",
                "1",
                "partially-implemented",
            ),
        )
    if random.random() < 0.1:
        corrected = text("en", TextStatus.OFFICIAL)
        yield step(
            "correct",
            lambda r: wording.correct(
                r,
                stamp(reason=Protected("A typing error.")),
                CorrectionKind.CLERICAL,
                text=corrected,
            ),
        )
    if random.random() < 0.4:
        yield step(
            "report",
            lambda r: reporting.report(r, stamp(), ReportKind.NATIONAL, f"{symbol}/Report"),
        )


# --- The record of the whole world ---------------------------------------------------------------

ONE = "SVN"
ONE_HAS = 400
"""Recommendations to one State, as many in a small record as in a large one: what is asked of it
then costs more only if the size of the record around it costs something."""
RARE, COMMON = "quarantine", "women"
RARE_ONES = 10
BODIES = ("CAT", "CCPR", "CED", "CEDAW", "CERD", "CESCR", "CMW", "CRC", "CRPD", "SPT")
MANY_STATES = tuple(known.code for known in addressees()[:193] if known.code != ONE)
MANY_THEMES = tuple(
    f"{'ABCDEF'[n % 6]}{n // 6 + 1} Theme of the list, number {n}" for n in range(60)
)
PERSONS = tuple(f"Persons affected, group {n}" for n in range(16))


def _vocabulary() -> tuple[list[str], list[float]]:
    """Some thousands of words, each half as frequent as one of half its rank."""
    random = Random(11)
    syllables = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "io", "u", "an", "er")]
    invented = {"".join(random.choices(syllables, k=random.randint(2, 4))) for _ in range(6_000)}
    words = [*dict.fromkeys(WORDS), *sorted(invented)]
    return words, list(accumulate(1 / rank for rank in range(3, len(words) + 3)))


def a_world(recommendations: int, seed: int = 7) -> Iterator[Entry]:
    """The entries of so many recommendations to 193 States as an import brings them, some three
    each: `ONE` has `ONE_HAS` of them and `RARE` is said in `RARE_ONES`, at every size."""
    random = Random(seed)
    words, weights = _vocabulary()
    for n in range(recommendations):
        is_one = n * ONE_HAS // recommendations != (n + 1) * ONE_HAS // recommendations
        is_rare = n * RARE_ONES // recommendations != (n + 1) * RARE_ONES // recommendations
        said = random.choices(words, cum_weights=weights, k=random.randint(25, 60))
        yield from an_arrival(
            random,
            n,
            ONE if is_one else random.choice(MANY_STATES),
            " ".join([*said, RARE] if is_rare else said).capitalize(),
        )


def an_arrival(random: Random, n: int, addressee: str, said: str) -> Iterator[Entry]:
    """The entries of one recommendation that an import brings; one in five is assigned too, one
    in ten assessed."""
    upr = random.random() < 0.4
    cycle = random.randint(1, 4)
    body = "UPR" if upr else random.choice(BODIES)
    document = random.randint(1, 9)
    symbol = (
        f"A/HRC/{10 * cycle + document}/{n % 20}" if upr else f"{body}/C/{addressee}/CO/{cycle}"
    )
    paragraph = f"{100 + document}.{n}" if upr else str(n + 5)
    source = Source(document=symbol, paragraph=paragraph, language="en", row=n)
    on = f"{2008 + random.randint(0, 17)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"

    def stamp() -> Stamp:
        return Stamp(
            command=f"import-{n}",
            speaker=a_speaker("foreign-affairs"),
            effective=Effective(on=on, basis=Basis.STATED),
            source=source,
        )

    recommenders = tuple(
        Recommender(printed=code.title(), code=code)
        for code in random.sample(MANY_STATES, random.randint(1, 2) if upr else 0)
    )
    id, received = receive(
        stamp(),
        addressee=addressee,
        kind=Kind.RECOMMENDATION if upr or random.random() < 0.75 else Kind.CONCERN,
        mechanism=Mechanism.UPR if upr else Mechanism.TREATY_BODY,
        body=body,
        text=Text(
            language="en", status=TextStatus.OFFICIAL, parts=(PartText(part="1", text=said),)
        ),
        parts=(Part(id="1", recommenders=recommenders),),
        symbol=symbol,
        paragraph=paragraph,
        cycle=cycle,
    )
    first = SHIPPED.opening(id, addressee, received)
    yield first
    r = fold([first])
    assert r is not None
    labels = [("theme", label) for label in random.sample(MANY_THEMES, random.randint(1, 4))]
    labels += [("affected-persons", p) for p in random.sample(PERSONS, random.randint(0, 2))]
    terms = [Term(vocabulary=v, version="2019", label=label) for v, label in labels]
    for _ in range(random.randint(0, 2)):
        goal = f"{random.randint(1, 17)}.{random.randint(1, 9)}"
        terms.append(Term(vocabulary="sdg", version="2015", label=f"Target {goal}", code=goal))
    yield SHIPPED.enter(r, "classify", classify(r, stamp(), terms, AssertedHow.SOURCE))
    if upr:
        answer = Answer.SUPPORTED if random.random() < 0.8 else Answer.NOTED
        event = position.take(
            r, stamp(), answer, organ=Organ.ADDENDUM, instrument=f"{symbol}/Add.1"
        )
        yield SHIPPED.enter(r, "take-position", event)
    if random.random() < 0.2:
        lead = random.choice(MINISTRIES)
        decreed = assignment.decree(r, stamp(), lead, Capacity.LEAD, "Government decision 44")
        yield SHIPPED.enter(r, "decree-assignment", decreed)
    if random.random() < 0.1:
        grade = random.choice(("fully-implemented", "partially-implemented", "not-implemented"))
        found = implementation.assess(
            r, stamp(), AssessorKind.UPR_INFO, "UPR Info", "upr-info", "1", grade
        )
        yield SHIPPED.enter(r, "assess", found)
