"""History: the entries of the log as a reader may see them, protected texts filled in."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from uuid import UUID

from domain.effects import AnyEffect
from domain.entry import Entry, protected_texts
from domain.erasure import TextsErased, erasure_id
from domain.refusals import InvalidInput
from domain.scope import Scope
from domain.stored_file import FileErased, FileStored
from projections.audiences import Telling
from projections.reading import ReadableLog
from projections.standpoints import counts

feed_page_max = 500
_scan_max = 5_000


def histories(
    log: ReadableLog, scope: Scope, streams: Sequence[UUID], stop: int, day: str | None = None
) -> dict[UUID, list[Entry]]:
    """The histories of some recommendations up to and with log index `stop`, oldest first; where a
    `day` is given, of what counts on it."""
    found = without_texts(log, scope, streams, stop, day)
    reveal(log, (entry for entries in found.values() for entry in entries))
    return found


def without_texts(
    log: ReadableLog, scope: Scope, streams: Sequence[UUID], stop: int, day: str | None = None
) -> dict[UUID, list[Entry]]:
    """The same of anything, for those who ask what happened: protected texts stay in the vault."""
    found: dict[UUID, list[Entry]] = {stream: [] for stream in streams}
    for entry in log.history(streams, stop):
        if scope.sees(entry) and counts(entry, day):
            found[entry.stream].append(entry)
    return found


def effects_told(
    log: ReadableLog, scope: Scope, streams: Sequence[UUID]
) -> dict[tuple[UUID, int], tuple[AnyEffect, ...]]:
    """What the entries of some cases led to, by stream and version, as a reader is told of it: what
    becomes of a deadline or a task is hidden with the entry that it began with."""
    tellings: defaultdict[UUID, Telling] = defaultdict(Telling)
    found: dict[tuple[UUID, int], tuple[AnyEffect, ...]] = {}
    for entry in log.history(streams):
        telling = tellings[entry.stream]
        heard = telling.add(entry)
        if any(audience.has(scope) for audience in heard):
            (one,) = (one for audience, one in telling if audience.has(scope))
            found[entry.stream, entry.version] = one.effects
    return found


def feed(
    log: ReadableLog, scope: Scope, after: int | None, first: int, stop: int
) -> tuple[list[Entry], int, bool]:
    """Entries after a log index that this reader may see, the index read up to (the next `after`,
    even where the last entries are not for this reader), and whether there may be more."""
    if not 1 <= first <= feed_page_max:
        raise InvalidInput(f"A page of the feed has between 1 and {feed_page_max} entries.")
    if after is not None and after < -1:
        raise InvalidInput("`after` is a log index: 0 or more, or null for the beginning.")
    start = 0 if after is None else after + 1
    end = start - 1
    found: list[Entry] = []
    scanned = 0
    while len(found) < first and scanned < _scan_max:
        batch = log.read(start, feed_page_max, stop)
        if not batch:
            stop = end
            break
        for entry in batch:
            scanned += 1
            end = start = entry.log_index or 0
            if scope.sees(entry):
                found.append(entry)
                if len(found) == first:
                    break
        start += 1
    reveal(log, found)
    return found, end, end < stop


def mark(log: ReadableLog, index: int) -> str | None:
    """What tells the entry at a log index from the one that another log has there, or this one
    after it was restored and went on: 16 digits of a hash; None where there is no entry."""
    if index < 0 or not (found := log.read(index, 1, index)):
        return None
    (entry,) = found
    said = f"{index} {entry.stream.hex} {entry.version} {entry.recorded_at}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def reveal(log: ReadableLog, entries: Iterable[Entry]) -> None:
    """Fills in the protected texts of entries, all in one read. Where some are missing, those that
    an entry says were erased are told by it, and its own texts filled in too."""
    shown = list(entries)
    while shown:
        texts = [protected_texts(entry.event) for entry in shown]
        log.reveal(chain.from_iterable(texts))
        torn = [e for e, own in zip(shown, texts, strict=True) if any(t.missing for t in own)]
        shown = _erasing(log, torn)


def _erasing(log: ReadableLog, torn: Sequence[Entry]) -> list[Entry]:
    """Tells of missing texts which entry says that they were erased; gives these entries."""
    erasures = {erasure_id(entry.stream, entry.version) for entry in torn}
    files = {entry.stream for entry in torn if isinstance(entry.event, FileStored)}
    by: dict[str, Entry] = {}
    whole: dict[UUID, Entry] = {}
    for entry in log.history([*erasures, *files]) if torn else ():
        if isinstance(entry.event, TextsErased):
            by.update(dict.fromkeys(entry.event.commitments, entry))
        elif isinstance(entry.event, FileErased):
            whole[entry.stream] = entry
    found: dict[int, Entry] = {}
    for entry in torn:
        file = whole.get(entry.stream) if isinstance(entry.event, FileStored) else None
        for text in protected_texts(entry.event):
            if text.missing and (erasing := by.get(text.commitment or "", file)):
                text.erased_by = erasing
                found[erasing.log_index or 0] = erasing
    return list(found.values())
