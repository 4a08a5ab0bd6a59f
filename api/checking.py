"""`suivi check`: reads everything there is and says whether it holds together.

It finds damage and our own faults. It can't find a log that was rewritten whole; that takes a
proof kept elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from api.service import Service
from domain.credential import Credential
from domain.entry import Entry, Protected, UnreadableEntry, protected_texts
from domain.erasure import TextsErased, erasure_id
from domain.refusals import Refusal
from domain.stored_file import StoredFile
from projections import credentials, figures, history, recommendations, search, standing
from projections.audiences import Telling
from projections.feed import FeedStopped, add
from projections.register import SHELVES, written
from workflows.desk import is_kept_as
from workflows.log.mapper import commit, read_payload, sealed
from workflows.log.recorder import CommandSpan

faults_max = 100
batch_texts = 500


class Report(msgspec.Struct):
    """What was read, and every fault that was found."""

    ok: bool = True
    events: int = 0
    streams: int = 0
    commands: int = 0
    protected: int = 0
    erased: int = 0
    files: int = 0
    stray_files: int = 0
    """in the folder of files, and told of by no entry: an upload under way, or broken off"""
    faults: list[str] = []

    def fault(self, text: str) -> None:
        self.ok = False
        if len(self.faults) < faults_max:
            self.faults.append(text)


def check_all(service: Service, tell: Callable[[str, int, int], None]) -> Report:
    """Checks the log (dense, clock never back, versions without gaps, payloads canonical), the
    vault (every text answers its commitment), the uploaded files (what was uploaded, and gone where
    it was erased) and the views (equal to a fold from zero)."""
    report = Report()
    try:
        service.feed.advance()
    except FeedStopped as stopped:
        report.fault(str(stopped))
    with service.views.snapshot() as (connection, held):
        size = service.log.size
        states, torn = _check_log(service, report, size, held, tell)
        _check_files(service, report, states)
        _check_views(report, connection, states, torn)
    return report


def _check_log(
    service: Service, report: Report, size: int, held: int, tell: Callable[[str, int, int], None]
) -> tuple[dict[UUID, Any], set[str]]:
    """What the log's entries add up to as far as the views hold them, and the hexadecimal ids of
    those that can't be told because an entry is damaged."""
    encode = msgspec.json.Encoder(enc_hook=sealed, order="sorted").encode
    versions: dict[UUID, int] = defaultdict(int)
    commands = service.log.recorder.read_commands(size - 1)
    spoken: list[str | None] = []
    states: dict[UUID, Any] = {}
    torn: set[str] = set()
    texts: list[tuple[Entry, Protected]] = []
    missing: list[Entry] = []
    erasures: list[Entry] = []
    at = 0
    for expected, row in enumerate(service.log.rows(stop=size - 1)):
        where = f"log index {row.log_index}"
        if row.log_index != expected:
            report.fault(f"{where}: expected {expected}; the log is not dense")
            break
        if row.recorded_at < at:
            report.fault(f"{where}: recorded earlier than the entry before it")
        at = row.recorded_at
        if row.version != versions[row.stream] + 1:
            report.fault(f"{where}: version {row.version} follows {versions[row.stream]}")
        versions[row.stream] = row.version
        report.events += 1
        try:
            event = read_payload(row.topic, row.payload)
        except UnreadableEntry as problem:
            report.fault(f"{where}: {problem}")
            torn.add(row.stream.hex)
            spoken.append(None)
            continue
        if encode(event) != row.payload:
            report.fault(f"{where}: the payload is not in canonical form")
        spoken.append(event.stamp.command)
        entry = Entry(row.stream, row.version, row.addressee, event, row.log_index, row.recorded_at)
        texts.extend((entry, text) for text in protected_texts(event))
        if isinstance(event, TextsErased):
            erasures.append(entry)
        if len(texts) >= batch_texts:
            missing += _check_vault(service, report, texts)
        told = row.log_index < held and row.stream.hex not in torn
        if told:
            try:
                state, _ = add(entry, states.get(row.stream))
            except Exception as problem:
                report.fault(f"{where}: it does not follow from what was before: {problem}")
                torn.add(row.stream.hex)
                continue
            states[row.stream] = state
        if report.events % 500 == 0:
            tell("checking", report.events, size)
    if report.events != size:
        report.fault(f"the head says {size} events, {report.events} were found")
    missing += _check_vault(service, report, texts)
    _check_erasures(service, report, missing, erasures)
    _check_commands(report, commands, spoken)
    report.streams, report.commands = len(versions), len(commands)
    tell("checking", size, size)
    return {id: state for id, state in states.items() if id.hex not in torn}, torn


def _check_commands(report: Report, commands: list[CommandSpan], spoken: list[str | None]) -> None:
    """Each entry was recorded by one command, by that which it says; `spoken` has these ids, None
    where an entry can't be read."""
    by: list[int] = [0] * len(spoken)
    for command in commands:
        mine = range(command.first, command.first + command.count)
        if mine.stop > len(spoken):
            report.fault(f"log index {mine.start}: its command has recorded more than there is")
        for index in mine[: len(spoken) - mine.start]:
            by[index] += 1
            said = spoken[index]
            if said is not None and not is_kept_as(said, command.kept):
                report.fault(f"log index {index}: another command has recorded it than it says")
    for index, times in enumerate(by):
        if times != 1:
            many = "no command has" if times == 0 else "more than one command has"
            report.fault(f"log index {index}: {many} recorded it")


def _check_vault(
    service: Service, report: Report, texts: list[tuple[Entry, Protected]]
) -> list[Entry]:
    """Compares texts with what was committed to; gives the entries of those that are missing."""
    committed = [(entry, bytes.fromhex(text.commitment or "")) for entry, text in texts]
    vault = service.log.recorder.open_vault(list({commitment for _, commitment in committed}))
    missing: dict[int, Entry] = {}
    for entry, commitment in committed:
        row = vault.get(commitment)
        if row is None:
            missing[entry.log_index or 0] = entry
        elif commit(row.salt, row.content) != commitment:
            where = f"log index {entry.log_index}"
            report.fault(f"{where}: a protected text is not the one committed to")
    report.protected += len(texts)
    texts.clear()
    return list(missing.values())


def _check_erasures(
    service: Service, report: Report, missing: list[Entry], erasures: list[Entry]
) -> None:
    """What is missing was erased by an entry, and what an entry erased is missing."""
    for start in range(0, len(missing), batch_texts):
        some = missing[start : start + batch_texts]
        history.reveal(service.log, some)
        for entry in some:
            for text in protected_texts(entry.event):
                report.erased += text.missing and text.erased_by is not None
                if text.missing and text.erased_by is None:
                    report.fault(
                        f"log index {entry.log_index}: a protected text is missing from the vault, "
                        "and no entry says that it was erased"
                    )
    for erasure in erasures:
        assert isinstance(erasure.event, TextsErased)
        said = erasure.event
        of = next((e for e in service.log.read(said.erased_entry, 1, said.erased_entry)), None)
        texts = {text.commitment for text in protected_texts(of.event)} if of else set()
        if (
            of is None
            or (of.stream, of.version) != (said.erased_stream, said.erased_version)
            or not texts.issuperset(said.commitments)
            or erasure.stream != erasure_id(of.stream, of.version)
        ):
            report.fault(f"log index {erasure.log_index}: what it erased is not where it says")
        if service.log.still_there(said.commitments):
            report.fault(
                f"log index {said.erased_entry}: erased by entry {erasure.log_index}, and the text "
                "is still there: run `suivi erase`"
            )


def _check_files(service: Service, report: Report, states: dict[UUID, Any]) -> None:
    files = [state for state in states.values() if isinstance(state, StoredFile)]
    for held in files:
        if held.erased:
            if service.files.is_there(held.id):
                report.fault(f"file {held.id}: it was erased, and its bytes are still there")
            if service.files.is_named(held.id):
                report.fault(f"file {held.id}: it was erased, and its name is still there")
            continue
        try:
            service.files.path(held.id)
        except Refusal as refusal:
            report.fault(f"file {held.id}: {refusal.message}")
    report.files = len(files)
    report.stray_files = len(service.files.strays(states.keys()))


def _check_views(
    report: Report, connection: Connection, states: dict[UUID, Any], torn: set[str]
) -> None:
    """Compares every view with what the log adds up to."""

    def compare(view: str, written: dict[str, Any], held: dict[str, Any]) -> None:
        for id in sorted(written.keys() | held.keys()):
            if id[:32] not in torn and written.get(id) != held.get(id):
                report.fault(f"{view} {id}: the view differs from its history")

    def of(type_: type) -> list[Any]:
        return [state for state in states.values() if isinstance(state, type_)]

    mine = {
        audience.row(one.state.id): (one.state, audience)
        for telling in of(Telling)
        for audience, one in telling
        if one.state is not None
    }
    compare(
        "recommendation",
        {row: recommendations.written(r) for row, (r, _) in mine.items()},
        dict(recommendations.dump(connection)),
    )
    compare(
        "words of",
        {row: " ".join(search.tokens(r)) for row, (r, _) in mine.items()},
        search.dump(connection),
    )
    for shelf in SHELVES:
        compare(
            shelf.table.name,
            {state.id.hex: written(state) for state in of(shelf.type)},
            shelf.dump(connection),
        )
    compare(
        "key",
        {held.id.hex: msgspec.json.encode(held) for held in of(Credential)},
        credentials.dump(connection),
    )
    if not torn and figures.counted(mine.values()) != figures.dump(connection):
        report.fault("figures: the view's cells are not what the record adds up to")
    if not torn and standing.counted(mine.values()) != standing.dump(connection):
        report.fault("figures: the view does not count how many stand where as the record does")
