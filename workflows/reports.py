"""Steps on progress reports that reach the recommendations they cover: all of it is recorded, or
nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID, uuid4

from msgspec import Meta

from domain import stored_file
from domain.entry import Entry, Event, Protected, RecommendationId, Stamp, apart
from domain.progress_report import (
    EvidenceAttached,
    ProgressReport,
    ReportCleared,
    ReportDrafted,
    ReportRedrafted,
    covers_max,
    draft_report,
)
from domain.recommendation import wording
from domain.refusals import InvalidInput, NotFound
from domain.words import CorrectionKind
from workflows.access import Principal
from workflows.desk import Desk


def covered(
    desk: Desk, principal: Principal, ids: Sequence[UUID], addressee: str
) -> list[RecommendationId]:
    """The recommendations that a report is to cover; refuses those that are not for this reader,
    and those of another State."""
    if len(ids) > covers_max:
        raise InvalidInput(f"A report covers {covers_max:,} at most.")
    found = desk.load_all(ids, principal) if ids else []
    if any(r.addressee != addressee for r in found):
        raise InvalidInput("A report covers recommendations to one addressee.")
    return [RecommendationId(r.id) for r in found]


Covered = Annotated[
    Sequence[RecommendationId], Meta(description="The ids of those that it covers.")
]


def draft(
    desk: Desk,
    principal: Principal,
    stamp: Stamp,
    addressee: str,
    title: Annotated[str, Meta(description="Its heading, which readers see in lists.")],
    recommendations: Covered,
    narrative: Protected,
    period_from: str | None = None,
    period_to: str | None = None,
) -> tuple[UUID, ReportDrafted]:
    """Drafts a progress report about one or many recommendations."""
    return draft_report(
        stamp,
        id=uuid4(),
        title=title,
        covers=covered(desk, principal, recommendations, addressee),
        narrative=narrative,
        period_from=period_from,
        period_to=period_to,
    )


def redraft(
    desk: Desk,
    principal: Principal,
    report: ProgressReport,
    stamp: Stamp,
    title: Annotated[str | None, Meta(description="Its heading; it stays, if not given.")] = None,
    recommendations: Annotated[
        Sequence[RecommendationId] | None,
        Meta(description="The ids of those that it covers; they stay, if not given."),
    ] = None,
    narrative: Protected | None = None,
    period_from: str | None = None,
    period_to: str | None = None,
) -> ReportRedrafted:
    """Drafts an unpublished report again."""
    covers = (
        None
        if recommendations is None
        else covered(desk, principal, recommendations, report.addressee)
    )
    return report.redraft(
        stamp,
        title=title,
        covers=covers,
        narrative=narrative,
        period_from=period_from,
        period_to=period_to,
    )


def clear(desk: Desk, principal: Principal, report: ProgressReport, stamp: Stamp) -> ReportCleared:
    """Clears a drafted report for publication.

    The four eyes of each recommendation that it covers are asked for."""
    held, _ = desk.ready(report.covers, principal, stamp.command)
    for one in held.values():
        desk.looked_at(one, report, ("clear-progress",), stamp.speaker)
    return report.clear(stamp)


def publish(
    desk: Desk,
    principal: Principal,
    report: ProgressReport,
    stamp: Stamp,
    narrative: Annotated[Protected, Meta(description="The words to publish.")],
    title: Annotated[str | None, Meta(description="Its heading; it stays, if not given.")] = None,
) -> list[Entry | Event]:
    """Publishes a cleared report. Each recommendation it covers says so."""
    published = report.publish(stamp, narrative, title=title)
    held, fired = desk.ready(report.covers, principal, stamp.command)
    covers = [desk.publish_on(r, report, apart(stamp), narrative.text) for r in held.values()]
    return [published, *fired, *covers]


def withdraw(
    desk: Desk, principal: Principal, report: ProgressReport, stamp: Stamp
) -> list[Entry | Event]:
    """Withdraws a report; why? What it covered no longer counts as reported on by it."""
    made: list[Entry | Event] = [report.withdraw(stamp)]
    held, fired = desk.ready(report.covers, principal, stamp.command)
    made += fired
    for r in held.values():
        for cover in r.covers:
            if cover.report == report.id and r.stands(cover.version):
                why = CorrectionKind.ENTERED_IN_ERROR
                struck = wording.strike(r, apart(stamp), why, cover.version)
                made.append(desk.procedures.enter(r, "strike", struck))
    return made


def attach(
    desk: Desk,
    principal: Principal,
    report: ProgressReport,
    stamp: Stamp,
    file: UUID,
    about: RecommendationId | None,
) -> EvidenceAttached:
    """Attaches a stored file of the same State as evidence."""
    held = desk.read(file, stored_file.fold, principal)
    if held.erased or held.addressee != report.addressee:
        raise NotFound("There is no such file of this State.")
    return report.attach_evidence(stamp, file, about)
