"""What a file may record on a case: history, and no decision that a State leaves to people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from domain.words import Position
from tests.given import stamp
from tests.test_importing import Office
from workflows import publishing
from workflows.access import Role
from workflows.desk import Command
from workflows.importing import Format, Receipt
from workflows.procedure import replay

FOUR_EYES = """
format: suivi-overlay/1
name: careful
extends: upr
labels: {en: Careful}
for: {mechanisms: [upr]}
operations:
  - {op: four-eyes, step: take-position, approvals: {needed: 1, of: [{role: coordinator}]}}
"""
COORDINATORS = """
format: suivi-overlay/1
name: coordinators
extends: upr
labels: {en: Coordinators}
for: {mechanisms: [upr]}
operations:
  - {op: restrict, step: take-position, roles: [coordinator]}
"""
ROWS = """addressee,symbol,paragraph,text,recommending_states,session,position,published,themes
XAA,A/HRC/90/12,50.1,Build schools in the north,Norway,34,supported,2020-02-19,Right to education
XAA,A/HRC/90/12,50.2,Train teachers,Chad,34,,2020-02-19,
"""
ANSWERS = """symbol,paragraph,position,date,source
A/HRC/90/12,50.1,supported,2020-02-19,A/HRC/90/12/Add.1
"""


def adopt(office: Office, text: str, state: str = "XAA") -> None:
    """Lets a State receive under a procedure of its own."""
    desk, by = office.service.desk, office.clerk
    examined = publishing.examine(desk.procedures, state, text.encode())
    assert examined.definition is not None
    assert examined.report.ok, examined.report.faults
    said = stamp("p")
    publishing.publish(desk, by, Command.of("p", by, "p"), said, state, lambda: examined)
    hash = examined.definition.hash
    publishing.adopt(desk, by, Command.of("a", by, "a"), stamp("a"), state, hash)


@pytest.fixture
def office(sqlite_url: str) -> Iterator[Office]:
    opened = Office(sqlite_url, Role.COORDINATOR)
    yield opened
    opened.service.close()


def brought(office: Office, folder: Path, text: str, format: Format = Format.TABLE) -> Receipt:
    file = folder / "rows.csv"
    file.write_text(text)
    said = {"state": "XAA", "document": "A/HRC/90/12"} if format is Format.ANSWERS else {}
    return office.bring(file, format=format, **(said or {"all_states": True}))


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.CLERK])
def test_a_file_takes_no_position_that_four_eyes_look_at(
    office: Office, tmp_path: Path, role: Role
) -> None:
    adopt(office, FOUR_EYES)
    office.clerk = msgspec.structs.replace(office.clerk, role=role)
    receipt = brought(office, tmp_path, ROWS)
    assert (receipt.new, receipt.rows) == (2, 2)
    (conflict,) = receipt.conflicts
    assert (conflict.row, conflict.reason) == (2, "needs-decision")
    assert "four eyes" in conflict.message
    held = office.find("50.1", "A/HRC/90/12", "XAA")
    assert held.position is Position.PENDING
    assert [t.term.label for t in held.terms] == ["Right to education"], "the rest is recorded"
    size = office.service.log.size
    again = brought(office, tmp_path, ROWS)
    assert (again.same, [c.reason for c in again.conflicts]) == (2, ["needs-decision"])
    answers = brought(office, tmp_path, ANSWERS, Format.ANSWERS)
    assert [c.reason for c in answers.conflicts] == ["needs-decision"]
    assert office.service.log.size == size, "nothing is recorded of it"


def test_a_file_takes_no_position_that_is_left_to_another_role(
    office: Office, tmp_path: Path
) -> None:
    adopt(office, COORDINATORS)
    coordinator = office.clerk
    office.clerk = msgspec.structs.replace(coordinator, role=Role.CLERK)
    receipt = brought(office, tmp_path, ROWS)
    (conflict,) = receipt.conflicts
    assert "coordinator" in conflict.message
    assert office.find("50.1", "A/HRC/90/12", "XAA").position is Position.PENDING
    office.clerk = coordinator
    receipt = brought(office, tmp_path, ROWS)
    assert (receipt.changed, receipt.conflicts) == (1, [])
    assert office.find("50.1", "A/HRC/90/12", "XAA").position is Position.SUPPORTED


def test_what_files_recorded_is_decided_again_the_same(office: Office, tmp_path: Path) -> None:
    adopt(office, FOUR_EYES)
    brought(office, tmp_path, ROWS)
    log, procedures = office.service.log, office.service.desk.procedures
    found = replay.replay(procedures, log.read_streams(log.size - 1))
    assert (found.ok, found.past_four_eyes) == (True, 0)


IDENTIFYING = COORDINATORS.replace("step: take-position", "step: identify")
UPR_INFO = """To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session
Slovenia,EEG,EU,Build schools in the north,Norway,,,Accepted,5,Education,34
"""


def test_a_row_is_matched_by_the_same_door(office: Office, tmp_path: Path) -> None:
    adopt(office, IDENTIFYING, "SVN")
    coordinator = office.clerk
    office.clerk = msgspec.structs.replace(coordinator, role=Role.CLERK)
    brought(office, tmp_path, ROWS.replace("XAA", "SVN"))
    file = tmp_path / "upr-info.csv"
    file.write_text(UPR_INFO)
    size = office.service.log.size
    receipt = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert [c.reason for c in receipt.conflicts] == ["needs-decision"]
    assert (receipt.matched, receipt.undecided) == (0, 1)
    assert office.events(size) == [], "the row waits for a person"
    held = office.find("50.1", "A/HRC/90/12", "SVN")
    assert [a.scheme for a in held.aliases] == ["un"]


def test_what_arrives_has_its_sources_name_whoever_names_other_cases(
    office: Office, tmp_path: Path
) -> None:
    adopt(office, IDENTIFYING, "SVN")
    office.clerk = msgspec.structs.replace(office.clerk, role=Role.CLERK)
    file = tmp_path / "upr-info.csv"
    file.write_text(UPR_INFO)
    assert office.bring(file, format=Format.UPR_INFO, state="SVN").new == 1
    again = office.bring(file, format=Format.UPR_INFO, state="SVN")
    assert (again.new, again.same) == (0, 1)
