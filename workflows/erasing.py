"""Erasing protected texts: the entry that says so comes first, then they go from the vault.

A crash between the two leaves an entry whose texts are still there. Whoever sends the command again
deletes them, and so does a server that starts and `suivi erase`; `suivi check` tells of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from domain import erasure
from domain.entry import Entry, Stamp
from domain.erasure import TextsErased, erase_texts, erasure_id
from domain.refusals import AlreadySo, NotFound, StaleVersion
from workflows.access import Principal, authorise
from workflows.desk import Command, Desk, Taken, attempts_max
from workflows.files import Files
from workflows.log import Log


class Place(NamedTuple):
    """Where an entry stands: its log index, or its stream and its version there."""

    log_index: int | None = None
    stream: UUID | None = None
    version: int | None = None


def erase(
    desk: Desk,
    principal: Principal,
    command: Command,
    place: Place,
    fields: Sequence[str] | None,
    stamp: Stamp,
) -> Taken:
    """Erases texts of one entry, those in `fields` or all: records it, and deletes them."""
    taken: Taken | None = None
    for _ in range(attempts_max - 1):
        with suppress(StaleVersion):  # another erasure of the same entry was faster
            taken = _record(desk, principal, command, place, fields, stamp)
            break
    if taken is None:
        taken = _record(desk, principal, command, place, fields, stamp)
    desk.log.erase(named(taken.entries))
    return taken


def _record(
    desk: Desk,
    principal: Principal,
    command: Command,
    place: Place,
    fields: Sequence[str] | None,
    stamp: Stamp,
) -> Taken:
    if repeated := desk.repeated(command):
        return repeated
    authorise(principal, "erase-texts")
    entry = find(desk.log, principal, place)
    authorise(principal, "erase-texts", entry.addressee)
    id = erasure_id(entry.stream, entry.version)
    before = desk.log.load(id, erasure.fold)
    try:
        event = erase_texts(stamp, entry, fields, before)
    except AlreadySo:
        if before is not None and (left := desk.log.still_there(before.commitments)):
            desk.log.erase(left)
        raise
    version = 1 if before is None else before.version + 1
    return desk.append(command, [Entry(id, version, entry.addressee, event)])


def find(log: Log, principal: Principal, place: Place) -> Entry:
    """The entry at a place; NotFound where there is none, or none for this reader."""
    found: list[Entry] = []
    if place.log_index is not None and place.log_index >= 0:
        found = log.read(place.log_index, 1, place.log_index)
    elif place.stream is not None:
        found = [e for e in log.history([place.stream]) if e.version == place.version]
    seen = [entry for entry in found if principal.scope.sees(entry)]
    if not seen:
        raise NotFound("There is no such entry for this key.")
    return seen[0]


def named(entries: Iterable[Entry]) -> list[str]:
    """The commitments to the texts that these entries say were erased."""
    return [one for e in entries if isinstance(e.event, TextsErased) for one in e.event.commitments]


def erase_again(
    log: Log, files: Files, commitments: Sequence[str], erased_files: Iterable[UUID]
) -> int:
    """Deletes what entries say was erased and is there all the same, as after a crash: texts, and
    files with their names. How many of them there were."""
    left = log.still_there(commitments)
    if left:
        log.erase(left)
    torn = [id for id in erased_files if files.is_there(id) or files.is_named(id)]
    for id in torn:
        files.erase(id)
    return len(left) + len(torn)
