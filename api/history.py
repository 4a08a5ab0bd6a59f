"""History in GraphQL: entries, which have much in common, each with its event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Union, get_args
from uuid import UUID

import strawberry
from strawberry import Info

from api.derive import enum_type, global_id, struct_type
from api.events import HistoryEvent
from api.pages import Connection, connection, cut, page_info
from domain.aggregates import BY_EVENT
from domain.effects import AnyEffect
from domain.entry import (
    Authority,
    Basis,
    Entry,
    Precision,
    Source,
    Visibility,
    protected_texts,
    texts_by_field,
)
from domain.recommendation import Recommendation

history_entries_max = 1_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

AuthorityType: Any = struct_type(Authority)
SourceType: Any = struct_type(Source)
EffectType: Any = Annotated[
    Union[tuple(struct_type(effect) for effect in get_args(AnyEffect))],  # noqa: UP007
    strawberry.union("Effect", description="What an entry led to besides states."),
]


def instant(microseconds: int) -> datetime:
    """A recording time as an instant in UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=microseconds)


@strawberry.type(
    description="One entry of the record: what happened, on both clocks, and who said so. "
    "Entries are only ever added.",
)
class HistoryEntry:
    @strawberry.field(description="The event, with its own fields.")
    def event(root: Entry) -> HistoryEvent:
        return root.event

    @strawberry.field(
        description="The name under which the event is stored: of what it is about, of what "
        "happened, and the version of its form, as in `recommendation.suspended.v1`."
    )
    def topic(root: Entry) -> str:
        return root.event.topic

    @strawberry.field(description="Its place in the log: dense, gapless, counted from 0.")
    def log_index(root: Entry) -> int:
        assert root.log_index is not None
        return root.log_index

    @strawberry.field(description="When this system learned it.")
    def recorded_at(root: Entry) -> datetime:
        return instant(root.recorded_at or 0)

    @strawberry.field(description="When it was true: a day, month or year; null: unknown.")
    def effective_on(root: Entry) -> str | None:
        return root.stamp.effective.on

    @strawberry.field(description="How exactly the effective date is known; null: not at all.")
    def effective_precision(root: Entry) -> enum_type(Precision) | None:  # type: ignore[valid-type]
        return root.stamp.effective.precision

    @strawberry.field(description="How the effective date is known.")
    def effective_basis(root: Entry) -> enum_type(Basis):  # type: ignore[valid-type]
        return root.stamp.effective.basis

    @strawberry.field(
        description="The recommendation it is about; null where it is about something else."
    )
    def recommendation_id(root: Entry) -> strawberry.ID | None:
        about = BY_EVENT[type(root.event)].state is Recommendation
        return global_id(root.stream) if about else None

    @strawberry.field(description="What it is about, for `node`; null for grants of keys.")
    def subject_id(root: Entry) -> strawberry.ID | None:
        about = BY_EVENT[type(root.event)]
        return global_id(root.stream, about.name) if about.by_id else None

    @strawberry.field(description="The version of what it is about, after it.")
    def version(root: Entry) -> int:
        return root.version

    @strawberry.field(description="The State or other addressee whose record it belongs to.")
    def addressee(root: Entry) -> str:
        return root.addressee

    @strawberry.field(description="The person who spoke, by pseudonym; null: a system alone.")
    def actor(root: Entry) -> str | None:
        return root.stamp.speaker.actor

    @strawberry.field(description="The system that spoke, or spoke for the actor; null: none.")
    def system(root: Entry) -> str | None:
        return root.stamp.speaker.system

    @strawberry.field(description="Role of the speaker; `procedure`: the clock acted.")
    def role(root: Entry) -> str:
        return root.stamp.speaker.role

    @strawberry.field(description="Code of the institution that the speaker works for.")
    def institution(root: Entry) -> str:
        return root.stamp.speaker.institution

    @strawberry.field(description="Code or name of the one on whose behalf it was said.")
    def on_behalf_of(root: Entry) -> str:
        return root.stamp.speaker.on_behalf_of

    @strawberry.field(description="By what right the speaker spoke.")
    def authority(root: Entry) -> AuthorityType:
        return root.stamp.speaker.authority

    @strawberry.field(description="The authority by which the key was granted; null: `authority`.")
    def granted_by(root: Entry) -> AuthorityType | None:
        return root.stamp.speaker.granted_by

    @strawberry.field(
        description="By what authority it was recorded as history, outside the procedure; null: as "
        "a step of it."
    )
    def as_history(root: Entry) -> AuthorityType | None:
        return root.stamp.history

    @strawberry.field(description="The document it was taken from; null: none.")
    def source(root: Entry) -> SourceType | None:
        return root.stamp.source

    @strawberry.field(description="Who may read it.")
    def visibility(root: Entry) -> enum_type(Visibility):  # type: ignore[valid-type]
        return root.stamp.visibility

    @strawberry.field(
        description="Codes of institutions that may read it besides the one that spoke."
    )
    def readers(root: Entry) -> list[str]:
        return list(root.stamp.readers)

    @strawberry.field(description="The part of the paragraph it is about; null: the whole.")
    def part(root: Entry) -> str | None:
        return root.stamp.part

    @strawberry.field(description="Why; null where no reason was given, or it is not there.")
    def reason(root: Entry) -> str | None:
        return root.stamp.reason.text if root.stamp.reason else None

    @strawberry.field(description="The commitment to the reason; it stays when that is erased.")
    def reason_commitment(root: Entry) -> str | None:
        return root.stamp.reason.commitment if root.stamp.reason else None

    @strawberry.field(
        description="The entries that erased texts of it, oldest first: when, by whom and why."
    )
    def erased_by(root: Entry, info: Info[Any, None]) -> list[HistoryEntry]:
        by = (text.erased_by for text in protected_texts(root.event))
        found = {e.log_index or 0: e for e in by if e is not None and info.context.scope.sees(e)}
        return [found[index] for index in sorted(found)]  # type: ignore[misc]

    @strawberry.field(
        description="Fields whose texts are not there though no entry erased them: they were lost."
    )
    def missing_texts(root: Entry) -> list[str]:
        texts = texts_by_field(root.event).items()
        return [field for field, text in texts if text.missing and text.erased_by is None]

    @strawberry.field(description="The id of the command that recorded it.")
    def command_id(root: Entry) -> str:
        return root.stamp.command

    @strawberry.field(description="The log index of the entry that led to it; null: none.")
    def cause(root: Entry) -> int | None:
        return root.stamp.cause

    @strawberry.field(
        description="The run that recorded it with others, such as an import; null: none."
    )
    def batch(root: Entry) -> UUID | None:
        return root.stamp.batch

    @strawberry.field(description="SHA-256 of the procedure that decided what follows; null: none.")
    def definition(root: Entry) -> str | None:
        return root.stamp.definition

    @strawberry.field(description="The states of the procedure it left.")
    def left(root: Entry) -> list[str]:
        return list(root.stamp.left)

    @strawberry.field(description="The states of the procedure it entered.")
    def entered(root: Entry) -> list[str]:
        return list(root.stamp.entered)

    @strawberry.field(
        description="What else it led to: deadlines set or lifted, tasks opened or ended. "
        "Effects on a deadline or a task are hidden where the entry that began it is hidden."
    )
    def effects(root: Entry, info: Info[Any, None]) -> list[EffectType]:
        return list(info.context.effects.of(root))


def history_page(
    entries: Sequence[Entry],
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[HistoryEntry]:
    """A page of the history of one thing, oldest first; a cursor is a version."""
    page = cut(
        [(entry.version, entry) for entry in entries],
        history_entries_max,
        history_entries_max,
        first=first,
        after=after,
        last=last,
        before=before,
    )
    cursors = [str(version) for version, _ in page.items]
    return connection(
        zip(cursors, (entry for _, entry in page.items), strict=True),  # type: ignore[misc]
        lambda: len(entries),
        page_info(cursors, after, has_next=page.has_next, has_previous=page.has_previous),
    )
