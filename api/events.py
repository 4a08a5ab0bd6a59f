"""Events in GraphQL: a small type each, with what the event says itself. Together they are one
union, in which a field of one name has one type."""

from __future__ import annotations

from inspect import get_annotations
from typing import Annotated, Any, Union

import strawberry

from api.derive import event_type
from domain.aggregates import BY_EVENT
from domain.entry import Event

SHOWN_AS = {
    ("AssignmentHandedOver", "to"): "to_institution",
    ("CompetenceTransferred", "to"): "to_institution",
    ("Continued", "cycle"): "into_cycle",
    ("Corrected", "parts"): "right_parts",
    ("Corrected", "text"): "right_text",
    ("Covered", "report"): "progress_report",
    ("DeadlinePassed", "to"): "recipients",
    ("DefinitionAdopted", "adopted"): "adopted_definition",
    ("DefinitionAdoptedForCases", "adopted"): "adopted_definition",
    ("Escalated", "to"): "recipients",
    ("FileStored", "name"): "file_name",
    ("IncidentRaised", "deadline"): "timer_deadline",
    ("InstitutionMerged", "into"): "into_institution",
    ("InstitutionRegistered", "kind"): "institution_kind",
    ("InstitutionSplit", "into"): "into_institutions",
    ("Linked", "to"): "to_recommendation",
    ("MatchMade", "to"): "matched_to",
    ("MatchProposed", "answer"): "row_answer",
    ("MatchProposed", "text"): "row_text",
    ("MeasureEntryStruck", "strikes"): "strikes_entry",
    ("MeasureProposed", "kind"): "measure_kind",
    ("MeasureProposed", "preventive"): "is_preventive",
    ("MeasureRevised", "kind"): "new_measure_kind",
    ("MeasureRevised", "preventive"): "now_preventive",
    ("ProgressDrafted", "report"): "redrafts",
    ("Reminded", "to"): "recipients",
    ("Renumbered", "paragraph"): "new_paragraph",
    ("Renumbered", "symbol"): "new_symbol",
    ("ReportRedrafted", "covers"): "new_covers",
    ("ReportRedrafted", "narrative"): "new_narrative",
    ("ReportRedrafted", "title"): "new_title",
    ("Reported", "report"): "report_kind",
    ("ReviewDocumentAdded", "document"): "review_document",
    ("SetBack", "since"): "since_version",
    ("StateCommented", "comment"): "state_comment",
    ("StepApproved", "words"): "approved_words",
    ("Suspended", "until"): "rests_until",
    ("TaskDelegated", "to"): "to_person",
    ("VocabularyPublished", "terms"): "vocabulary_terms",
    ("VocabularyPublished", "title"): "vocabulary_title",
}
"""Fields of events that are shown under another name than they are stored under: in other events
their own name has another type, or may be null. A test finds the next."""


def shown_by(event: type[Event]) -> type[Event]:
    """The event whose type shows an event: itself, or the one of which it is the same under a topic
    of another aggregate, as `measure.suspended.v1` is of `recommendation.suspended.v1`."""
    for base in event.__mro__[1:]:
        if base in BY_EVENT and not get_annotations(event):
            return shown_by(base)
    return event


SHOWN_BY = {event: shown_by(event) for event in BY_EVENT}

TYPES: dict[str, Any] = {
    event.__name__: event_type(event, SHOWN_AS)
    for event in sorted(set(SHOWN_BY.values()), key=lambda event: event.__name__)
}
"""The type of every event, by its name."""

UNION = "HistoryEvent"

HistoryEvent: Any = Annotated[
    Union[tuple(TYPES.values())],  # noqa: UP007
    strawberry.union(
        UNION,
        description="An event with its own fields; `HistoryEntry` has what all of them share.",
    ),
]


def name_of(event: Event) -> str:
    """The name of the type that shows an event."""
    return SHOWN_BY[type(event)].__name__
