"""Six years of follow-up in the Republic of Arvenia, which does not exist: who did what, when, by
what authority. `demo.playing` plays it through the API, step by step in this order.

A step's version, and the ids that later steps refer to, follow from the steps before it. So every
step is the same request each time it is sent, and playing the story again records nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

STATE = "XAA"
CYCLE_3 = "A/HRC/44/90"
CYCLE_4 = "A/HRC/60/90"

REVIEWED = {3: "2020-01-22", 4: "2025-05-02"}
"""Cycle → the day of the review, when its recommendations were made."""

DOCUMENTS = {
    3: {CYCLE_3: "2020-03-20", f"{CYCLE_3}/Add.1": "2020-06-15"},
    4: {CYCLE_4: "2025-07-04", f"{CYCLE_4}/Add.1": "2025-09-08"},
}
"""Cycle → its documents and their dates, which no matrix carries."""

MID_TERM = "Mid-term report of Arvenia, third cycle"
DISPUTED = (CYCLE_3, "119.10")
"""Where the State, its national institution and a committee disagree."""
DRAFT_ONLY = "not for publication"
"""Words of the draft on the disputed recommendation that stays a draft."""
EARLIER, LATER = (CYCLE_3, "119.1"), (CYCLE_4, "133.7")
"""One text through two cycles."""
CHANGED_MIND = (CYCLE_3, "119.38")
"""Noted in the addendum, supported at mid-term."""
SHARED = (CYCLE_4, "133.52")
"""Made by several States."""
ADOPTED = "2025-09-26"
"""The day the Council adopted the outcome of the fourth cycle."""
LATE = (CYCLE_4, "133.16")
"""Supported in a second addendum, which was published before that day and recorded long after."""
SPLIT = "moj"
"""The ministry that is split; its open assignments wait for a decision each."""
HANDED_OVER = (CYCLE_4, "133.17")
"""The one that is decided."""

REVIEW, INSTITUTION, REPORT, MEASURE = "Review", "Institution", "ProgressReport", "Measure"
"""What a step may be about besides a paragraph: with a cycle, a code, or a name of ours."""
INSPECTED, EXPLAINED = (MEASURE, "9.1"), (MEASURE, "9.2")
"""A measure that is overdue, and one that is done."""
SHELTERED, TRAINED = (MEASURE, "9.3"), (MEASURE, "9.4")
"""One that goes on, and one that waits for an approval."""
PROCEDURE = Path(__file__).with_name("measure.yaml")
"""The State's own procedure for measures."""
REPORTED = (REPORT, "work")
"""One report about several recommendations, with its evidence."""


class Holder(msgspec.Struct, frozen=True):
    """Whom a key is granted to; a system names the person it acts for in every request."""

    name: str
    role: str
    institution: str
    about: str
    authority: str
    actor: str | None = None
    system: str | None = None
    represents: tuple[str, ...] = ()


DECREE = "Decree 12/2019 on the national mechanism"
PERSONS = ("p-selin", "p-okoro")
"""Who works for the national mechanism: its system names them."""
HOLDERS = {
    holder.name: holder
    for holder in (
        Holder(
            "mechanism",
            "coordinator",
            "nmirf",
            "the national mechanism's own system",
            DECREE,
            system="follow-up-desk",
            represents=("cabinet",),
        ),
        Holder("clerk", "clerk", "nmirf", "enters what others have said", DECREE, actor="p-tamm"),
        Holder(
            "justice",
            "focal-point",
            "moj",
            "Ministry of Justice",
            "Minister's order 4/2020",
            actor="p-reyes",
        ),
        Holder(
            "social",
            "focal-point",
            "mlsa",
            "Ministry of Labour and Social Affairs",
            "Minister's order 2/2023",
            actor="p-hadley",
        ),
        Holder(
            "labour",
            "focal-point",
            "mol",
            "Ministry of Labour, until it went on in another",
            "Minister's order 9/2020",
            actor="p-hadley",
        ),
        Holder(
            "auditor",
            "auditor",
            "audit-office",
            "reads all but other people's drafts",
            "Audit Act, section 7",
            actor="p-voss",
        ),
        Holder("reader", "reader", "public", "reads what is public", "Access to Information Act"),
    )
}

ENDED = "labour"
"""Whose key ends with the institution."""


class Ref(msgspec.Struct, frozen=True):
    """The version of the entry that an earlier step recorded under this name."""

    name: str


class File(msgspec.Struct, frozen=True):
    """A file that is uploaded before the step that names it."""

    name: str
    media_type: str
    body: bytes


class Step(msgspec.Struct, frozen=True):
    """One request: whose key, which mutation, about what, with which fields. `at` is the symbol
    and number of a paragraph, or a kind (`INSTITUTION` …) and a name.

    `keep` names the entry for later steps. `refused`: the code it must be refused with.
    `stale`: how many versions behind the sender is.
    """

    who: str
    mutation: str
    at: tuple[str, str]
    on: str
    fields: dict[str, Any]
    keep: str | None = None
    refused: str | None = None
    stale: int = 0


INSPECTIONS = File(
    "inspections-2025.csv",
    "text/csv",
    b"province,farms inspected,lodgings inspected\nNorth,41,18\nCoast,29,33\nHills,64,7\n",
)


def _story() -> tuple[Step, ...]:
    steps: list[Step] = []

    def take(
        who: str,
        mutation: str,
        at: tuple[str, str],
        on: str,
        *,
        keep: str | None = None,
        refused: str | None = None,
        stale: int = 0,
        **fields: Any,
    ) -> None:
        steps.append(Step(who, mutation, at, on, fields, keep, refused, stale))

    def of(cycle: str, paragraph: str) -> tuple[str, str]:
        return cycle, paragraph

    secretary: dict[str, Any] = {"actor": "p-selin"}
    deputy: dict[str, Any] = {"actor": "p-okoro"}

    def decision(reference: str, scope: str | None = None) -> dict[str, Any]:
        return {"kind": "DECISION", "reference": reference, "scope": scope}

    cabinet = secretary | {
        "onBehalfOf": "cabinet",
        "authority": decision("Cabinet decision 31/2020", "third cycle"),
    }
    cabinet_4 = secretary | {
        "onBehalfOf": "cabinet",
        "authority": decision("Cabinet decision 88/2025", "fourth cycle"),
    }

    def register(code: str, since: str, act: str, *names: str) -> None:
        take(
            "mechanism",
            "registerInstitution",
            (INSTITUTION, code),
            since,
            code=code,
            kind="MINISTRY",
            names=[
                {"language": language, "text": name}
                for language, name in zip(("en", "fr", "es"), names, strict=True)
            ],
            authority=decision(act),
            **secretary,
        )

    # -- 2020: the ministries, by their names in three languages. The cabinet shares the work out;
    #    what is noted is shared out as well.
    organisation = "Government Organisation Act of 2012"
    justice = ("Ministry of Justice", "Ministère de la justice", "Ministerio de Justicia")
    labour = ("Ministry of Labour", "Ministère du travail", "Ministerio de Trabajo")
    register(SPLIT, "2012-01-01", organisation, *justice)
    register("mol", "2012-01-01", organisation, *labour)
    decreed = "Decree 31/2020"
    for paragraph, to in (
        ("119.1", "moj"),
        ("119.2", "moj"),
        ("119.10", "moj"),
        ("119.11", "moj"),
        ("119.12", "moj"),
        ("119.13", "moj"),
        ("119.14", "moj"),
        ("119.7", "moj"),
        ("119.38", "moj"),
        ("119.31", "mol"),
        ("119.34", "mol"),
        ("118.5", "moj"),
    ):
        take(
            "mechanism",
            "assignRecommendation",
            of(CYCLE_3, paragraph),
            "2020-09-01",
            keep=f"lead {paragraph}",
            institution=to,
            instrument=decreed,
            **cabinet,
        )
    # Shelters need the other ministry as well: it is asked, and agrees.
    take(
        "mechanism",
        "offerAssignment",
        EARLIER,
        "2020-09-14",
        keep="support",
        institution="mol",
        capacity="SUPPORTING",
        answerDue="2020-10-15",
        reason="Shelters are paid from the budget for social assistance.",
        **deputy,
    )
    take(
        "labour",
        "acceptAssignment",
        EARLIER,
        "2020-10-02",
        assignment=Ref("support"),
    )
    # Apprenticeships are offered to the wrong ministry, which says so.
    take(
        "mechanism",
        "offerAssignment",
        of(CYCLE_3, "119.35"),
        "2020-09-14",
        keep="wrong",
        institution="moj",
        answerDue="2020-10-15",
        **deputy,
    )
    take(
        "justice",
        "declineAssignment",
        of(CYCLE_3, "119.35"),
        "2020-09-21",
        assignment=Ref("wrong"),
        reason="Apprenticeships are the competence of the Ministry of Labour (Labour Code, 14).",
    )
    take(
        "mechanism",
        "offerAssignment",
        of(CYCLE_3, "119.35"),
        "2020-09-28",
        keep="right",
        institution="mol",
        answerDue="2020-10-31",
        **deputy,
    )
    take(
        "labour",
        "acceptAssignment",
        of(CYCLE_3, "119.35"),
        "2020-10-05",
        assignment=Ref("right"),
    )

    # -- 2021: a corrigendum, plans, first progress.
    take(
        "clerk",
        "correctRecommendation",
        of(CYCLE_3, "119.13"),
        "2021-01-18",
        correction="CORRIGENDUM",
        language="en",
        parts=[
            {
                "text": "Shorten the length of court proceedings and clear the backlog of civil "
                "and administrative cases"
            }
        ],
        source={"document": f"{CYCLE_3}/Corr.1", "paragraph": "119.13"},
        reason="The corrigendum adds “and administrative”.",
    )
    take(
        "justice",
        "planImplementation",
        EARLIER,
        "2021-02-10",
        measures="A bill on domestic violence by the end of 2021; two shelters a year.",
        plan="National Action Plan 2021–2025, chapter 4",
        starts="2021-03",
        ends="2025-12",
    )
    take(
        "justice",
        "planImplementation",
        DISPUTED,
        "2021-02-10",
        measures="Electronic monitoring, and probation officers in all nine districts.",
        plan="National Action Plan 2021–2025, chapter 6",
        starts="2021-04",
        ends="2024-12",
    )
    take(
        "labour",
        "planImplementation",
        of(CYCLE_3, "119.34"),
        "2021-03-03",
        measures="Forty more inspectors; cash support to 6,000 families in harvest months.",
        plan="National Action Plan 2021–2025, chapter 9",
        starts="2021-06",
        ends="2024-10",
    )
    law = (
        "The Act against Domestic Violence is in force since 1 November. Three provinces of seven "
    )
    take(
        "justice",
        "reportProgress",
        EARLIER,
        "2021-11-22",
        keep="progress",
        narrative=law + "have a shelter; the fourth has lost its site.",
        periodFrom="2021-03",
        periodTo="2021-11",
    )
    take(
        "mechanism",
        "clearProgress",
        EARLIER,
        "2021-12-01",
        report=Ref("progress"),
        **deputy,
    )
    # The clearance has come between: the ministry has not seen it, and is told.
    take(
        "justice",
        "reportProgress",
        EARLIER,
        "2021-12-01",
        refused="STALE_VERSION",
        stale=1,
        narrative="The fourth province has found another site.",
    )
    take(
        "mechanism",
        "publishProgress",
        EARLIER,
        "2021-12-10",
        report=Ref("progress"),
        narrative=law + "have a shelter.",
        periodFrom="2021-03",
        periodTo="2021-11",
        authority=decision("Minutes of the mechanism, 9 December 2021, item 3"),
        **secretary,
    )

    # -- 2022: the voluntary mid-term report; a noted recommendation is supported after all.
    take(
        "clerk",
        "acceptRecommendation",
        CHANGED_MIND,
        "2022-11-30",
        organ="MID_TERM_REPORT",
        instrument=MID_TERM,
        comment="A bill on civilian service is before parliament.",
        source={"document": MID_TERM, "paragraph": "41"},
        onBehalfOf="government",
        authority=decision("Cabinet decision 70/2022", "mid-term report"),
        reason="Parliament asked for it in its resolution of 3 October 2022.",
    )
    for paragraph, place in (
        ("119.1", "12"),
        ("119.10", "18"),
        ("119.34", "27"),
        ("119.38", "41"),
        ("118.5", "5"),
    ):
        take(
            "clerk",
            "reportRecommendation",
            of(CYCLE_3, paragraph),
            "2022-11-30",
            report="MID_TERM",
            document=MID_TERM,
            source={"document": MID_TERM, "paragraph": place},
            onBehalfOf="government",
            authority=decision("Cabinet decision 70/2022", "mid-term report"),
        )

    # -- 2023: the Ministry of Labour goes on in another; its open assignments go over one by one.
    register(
        "mlsa",
        "2023-03-01",
        "Government Organisation Act, section 22",
        "Ministry of Labour and Social Affairs",
        "Ministère du travail et des affaires sociales",
        "Ministerio de Trabajo y Asuntos Sociales",
    )
    take(
        "mechanism",
        "mergeInstitution",
        (INSTITUTION, "mol"),
        "2023-03-01",
        into="mlsa",
        authority=decision("Government Organisation Act, section 22"),
        **secretary,
    )
    for paragraph, name in (
        ("119.1", "support"),
        ("119.31", "lead 119.31"),
        ("119.34", "lead 119.34"),
        ("119.35", "right"),
    ):
        take(
            "mechanism",
            "handOverAssignment",
            of(CYCLE_3, paragraph),
            "2023-03-01",
            assignment=Ref(name),
            to="mlsa",
            instrument="Government Organisation Act, section 22",
            reason="The Ministry of Labour is now the Ministry of Labour and Social Affairs.",
            authority=decision("Government Organisation Act, section 22"),
            **secretary,
        )

    # -- 2023 and 2024: three judgements of one recommendation, and a draft that stays one.
    take(
        "justice",
        "declareImplemented",
        DISPUTED,
        "2023-05-15",
        statement="Both prisons are below their capacity since April.",
        authority=decision("Minister's note 118/2023"),
    )
    take(
        "clerk",
        "assessRecommendation",
        DISPUTED,
        "2023-12-10",
        assessorKind="NHRI",
        assessor="Office of the Public Advocate",
        scheme="common",
        schemeVersion="1",
        grade="partly-implemented",
        finding="One prison is below its capacity; the other holds 118 for every 100 places.",
        source={"document": "Public Advocate, Annual report 2023", "paragraph": "p. 64"},
    )
    take(
        "clerk",
        "assessRecommendation",
        DISPUTED,
        "2024-03-28",
        assessorKind="TREATY_BODY",
        assessor="Human Rights Committee",
        scheme="hrc-follow-up",
        schemeVersion="2017",
        grade="C",
        finding="The information does not show that alternatives to detention are used more.",
        source={"document": "CCPR/C/XAA/FU/3", "paragraph": "14"},
    )
    take(
        "justice",
        "reportProgress",
        DISPUTED,
        "2024-06-03",
        keep="draft",
        narrative=f"Draft, {DRAFT_ONLY}: the April figures left out 212 people held on remand.",
        periodFrom="2023-05",
        periodTo="2024-05",
    )
    take(
        "auditor",
        "declareImplemented",
        DISPUTED,
        "2024-06-04",
        refused="FORBIDDEN",
        statement="The audit office is satisfied.",
    )
    harvest = "Inspections have doubled; 5,100 families received support in harvest months."
    take(
        "social",
        "reportProgress",
        of(CYCLE_3, "119.34"),
        "2024-09-30",
        keep="harvest",
        narrative=harvest,
        periodFrom="2023-10",
        periodTo="2024-09",
    )
    take(
        "mechanism",
        "clearProgress",
        of(CYCLE_3, "119.34"),
        "2024-10-07",
        report=Ref("harvest"),
        **deputy,
    )
    take(
        "mechanism",
        "publishProgress",
        of(CYCLE_3, "119.34"),
        "2024-10-14",
        report=Ref("harvest"),
        narrative=harvest,
        periodFrom="2023-10",
        periodTo="2024-09",
        **secretary,
    )
    take(
        "justice",
        "declareImplemented",
        of(CYCLE_3, "118.5"),
        "2021-06-01",
        statement="The National Action Plan 2021–2025 was adopted, with a timetable.",
    )
    take(
        "mechanism",
        "closeRecommendation",
        of(CYCLE_3, "118.5"),
        "2024-12-16",
        closing="CARRIED_OUT",
        reason="The plan was adopted in 2021 and its timetable published; nobody disputes it.",
        authority=decision("Minutes of the mechanism, 16 December 2024, item 2"),
        **secretary,
    )

    # -- 2025 and 2026: the Council adopts the outcome of the fourth cycle, and its texts are joined
    #    to the third's, case by case.
    take(
        "clerk",
        "adoptReview",
        (REVIEW, "4"),
        ADOPTED,
        councilSession="60",
        decision="A/HRC/DEC/60/190",
    )
    links: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("133.7", "BROADENS", "119.1", {}),
        ("133.17", "BROADENS", "119.10", {}),
        ("133.31", "SUCCEEDS", "119.38", {}),
        ("132.8", "SUCCEEDS", "118.5", {}),
        ("133.2", "REPEATS", "119.5", {"how": "SIMILARITY", "confidence": 93}),
        ("133.24", "BROADENS", "119.7", {"how": "SIMILARITY", "confidence": 88}),
    )
    for later, relation, earlier, how in links:
        take(
            "clerk",
            "linkRecommendation",
            of(CYCLE_4, later),
            "2025-10-06",
            type=relation,
            to=of(CYCLE_3, earlier),
            **how,
        )
    take(
        "mechanism",
        "closeRecommendation",
        EARLIER,
        "2025-11-10",
        closing="SUCCEEDED",
        reason="The law is in force; what is left to do is in paragraph 133.7 of the fourth cycle.",
        **cabinet_4,
    )
    take(
        "mechanism",
        "continueRecommendation",
        DISPUTED,
        "2025-11-10",
        cycle=4,
        reason="Disputed; it goes on under its own number beside paragraph 133.17.",
        **cabinet_4,
    )
    for paragraph, to in (
        ("133.7", "moj"),
        ("133.17", "moj"),
        ("133.31", "moj"),
        ("132.8", "moj"),
        ("133.14", "mlsa"),
        ("133.46", "mlsa"),
    ):
        take(
            "mechanism",
            "assignRecommendation",
            of(CYCLE_4, paragraph),
            "2025-12-01",
            keep=f"lead {paragraph}",
            institution=to,
            instrument="Decree 88/2025",
            **cabinet_4,
        )
    take(
        "justice",
        "planImplementation",
        LATER,
        "2026-02-02",
        measures="An amendment on digital abuse; shelters in all seven provinces.",
        plan="National Action Plan 2026–2030, chapter 4",
        starts="2026-03",
        ends="2029-12",
    )

    # -- 2026: one report about two paragraphs of this cycle and one of the last, with evidence.
    inspected = "134 farms and 58 lodgings were inspected in 2025; eleven farmers were fined."
    take(
        "social",
        "draftReport",
        REPORTED,
        "2026-02-16",
        title="Work on the land, 2025",
        recommendations=[of(CYCLE_4, "133.14"), of(CYCLE_4, "133.46"), of(CYCLE_3, "119.34")],
        narrative=inspected,
        periodFrom="2025-01",
        periodTo="2025-12",
    )
    take("social", "attachEvidence", REPORTED, "2026-02-16", file=INSPECTIONS)
    take("mechanism", "clearReport", REPORTED, "2026-02-23", **deputy)
    take("mechanism", "publishReport", REPORTED, "2026-03-02", narrative=inspected, **secretary)
    # Now it is for all, as the report is.
    take("mechanism", "attachEvidence", REPORTED, "2026-03-02", file=INSPECTIONS, **secretary)

    # -- Measures of the new action plan, under the State's own procedure: an official of the
    #    mechanism and a ministry approve what is adopted. One is late, one is done, one waits.
    decided = "Cabinet decision 9/2026"
    adopting: dict[str, Any] = {"step": "adopt-measure", "data": {"instrument": decided}}

    def propose(
        who: str, at: tuple[str, str], kind: str, starts: str, ends: str, *titles: str
    ) -> None:
        take(
            who,
            "proposeMeasure",
            at,
            "2026-01-19",
            code=at[1],
            plan="nap-2026",
            kind=kind,
            texts=[
                {"language": language, "title": title}
                for language, title in zip(("en", "fr"), titles, strict=True)
            ],
            starts=starts,
            ends=ends,
        )

    def adopt(at: tuple[str, str], lead: str, *supporting: str) -> None:
        take("mechanism", "approveStep", at, "2026-01-26", **adopting, **deputy)
        take("justice", "approveStep", at, "2026-01-28", **adopting)
        take("mechanism", "adoptMeasure", at, "2026-02-02", instrument=decided, **cabinet_4)
        take(
            "mechanism",
            "assignMeasure",
            at,
            "2026-02-02",
            lead=lead,
            supporting=list(supporting),
            instrument=decided,
            **cabinet_4,
        )

    propose(
        *("social", INSPECTED, "SERVICE", "2026-03", "2026-06"),
        "Inspect every farm that houses workers",
        "Inspecter chaque ferme qui loge des travailleurs",
    )
    propose(
        *("justice", EXPLAINED, "AWARENESS", "2026-02", "2026-12"),
        "Explain the Act against Domestic Violence in easy language",
        "Expliquer la loi contre la violence domestique en langage facile",
    )
    propose(
        *("social", SHELTERED, "SERVICE", "2026-03", "2029-12"),
        "Open a shelter in each of the seven provinces",
        "Ouvrir un refuge dans chacune des sept provinces",
    )
    propose(
        *("justice", TRAINED, "TRAINING", "2027", "2028"),
        "Train prosecutors on forced labour",
        "Former les procureurs au travail forcé",
    )
    for who, at, paragraph_of, why in (
        ("social", INSPECTED, of(CYCLE_4, "133.14"), "Inspections find the children who work."),
        ("social", INSPECTED, of(CYCLE_4, "133.46"), "Lodgings are part of what is inspected."),
        ("social", INSPECTED, of(CYCLE_3, "119.34"), "It goes on with what began then."),
        ("justice", EXPLAINED, LATER, "Women who know the law can call on it."),
        ("social", SHELTERED, LATER, "Three provinces of seven have a shelter."),
        ("justice", TRAINED, of(CYCLE_4, "133.46"), "Cases are found and do not reach a court."),
    ):
        take(who, "linkMeasure", at, "2026-01-19", to=paragraph_of, rationale=why)
    adopt(INSPECTED, "mlsa", "moj")
    adopt(EXPLAINED, "moj")
    adopt(SHELTERED, "mlsa")
    take("mechanism", "approveStep", TRAINED, "2026-01-26", **adopting, **deputy)
    take(
        "mechanism",
        "adoptMeasure",
        TRAINED,
        "2026-02-02",
        refused="FOUR_EYES",
        instrument=decided,
        **cabinet_4,
    )
    take("justice", "startMeasure", EXPLAINED, "2026-02-09")
    take("social", "startMeasure", INSPECTED, "2026-03-16")
    take("social", "startMeasure", SHELTERED, "2026-03-16")
    take(
        "justice",
        "completeMeasure",
        EXPLAINED,
        "2026-03-23",
        statement="The brochure lies in every police station and court, in four languages.",
    )
    take(
        "social",
        "delayMeasure",
        INSPECTED,
        "2026-07-06",
        reason="Two of three inspectors left; the posts are advertised.",
    )

    # -- The Ministry of Justice is split: each of its open assignments wants a decision.
    act = "Government Organisation Act of 2026"
    register(
        "moc",
        "2026-04-01",
        act,
        "Ministry of Courts",
        "Ministère des tribunaux",
        "Ministerio de los Tribunales",
    )
    register(
        "mpp",
        "2026-04-01",
        act,
        "Ministry of Prisons and Probation",
        "Ministère des prisons et de la probation",
        "Ministerio de Prisiones y Libertad Vigilada",
    )
    take(
        "mechanism",
        "splitInstitution",
        (INSTITUTION, SPLIT),
        "2026-04-01",
        into=["moc", "mpp"],
        authority=decision(act),
        **secretary,
    )
    take(
        "mechanism",
        "handOverAssignment",
        HANDED_OVER,
        "2026-04-13",
        assignment=Ref("lead 133.17"),
        to="mpp",
        instrument="Decree 40/2026",
        reason="Prisons are the new ministry's.",
        **cabinet_4,
    )

    # -- A second addendum was published before the adoption; it comes to the mechanism only now.
    take(
        "clerk",
        "acceptRecommendation",
        LATE,
        "2025-09-19",
        organ="ADDENDUM",
        instrument=f"{CYCLE_4}/Add.2",
        comment="A bill on juvenile justice raises the age to 16.",
        source={"document": f"{CYCLE_4}/Add.2", "paragraph": "4"},
        onBehalfOf="government",
        authority=decision("Cabinet decision 71/2025", "second addendum"),
        reason="The second addendum reached the mechanism only in May 2026.",
    )
    return tuple(steps)


STORY = _story()
