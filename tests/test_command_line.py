"""The command line, as a person and as a program use it: exit codes, output, files.

Most commands run in this process, which takes a tenth of the time. What only a process shows is
asked of one: that it starts, that signals and pipes end it, and what may not be written.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import pty
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import pytest
import structlog
from sqlalchemy.engine import make_url

from api import command_line
from api.exports import Export
from api.service import Service
from api.settings import Settings
from domain.entry import Authority, AuthorityKind, Protected, Stamp
from domain.recommendation import assignment
from domain.recommendation.elements import Alias
from domain.words import Capacity
from projections.tables import VIEWS
from projections.views import Views
from tests import stores
from tests.generated_uhri import write_uhri
from tests.server import ROOT, SUIVI, process, until
from tests.test_importing import CYCLE_3, REPORT, ROWS, matrix, row
from tests.test_own_procedures import CABINET
from tests.test_wg_report import written
from tests.test_worklist import saved_again
from workflows.access import Principal, Role
from workflows.desk import Command
from workflows.importing import Format
from workflows.ohchr_matrix import read_matrix

OK, FAILED, USAGE = 0, 1, 2


class Shell:
    """A shell with a store of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SUIVI_")
        } | {"SUIVI_DATABASE_URL": url}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command, in this process."""
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.StringIO()
        handlers = logging.root.handlers[:]
        rights = os.umask(0o022)
        with (
            patch.dict(os.environ, self.environment | environment, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                code = command_line.main(list(arguments))
            except SystemExit as usage:
                code = int(str(usage.code))
            finally:
                os.umask(rights)
                logging.captureWarnings(False)
                logging.root.handlers[:] = handlers
                structlog.reset_defaults()
        printed = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(arguments, code, printed, err.getvalue())

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, in a process of its own."""
        return subprocess.run(
            [*SUIVI, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == OK, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json"))

    def fails(self, *arguments: str, code: int = FAILED, **environment: str) -> str:
        done = self.run(*arguments, **environment)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stderr

    def file(self, content: bytes, name: str = "matrix.docx") -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)


@pytest.fixture
def shell(sqlite_url: str, tmp_path: Path) -> Shell:
    return Shell(sqlite_url, tmp_path)


def test_what_commands_write_their_user_alone_may_read(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        shell = Shell(f"sqlite:///{tmp_path}/new/suivi.db", tmp_path)
        imported(shell)
        shell.ok("export", "--format", "csv", "--output", str(tmp_path / "new" / "list.csv"))
        made = [tmp_path / "new", *(tmp_path / "new").rglob("*")]
    finally:
        os.umask(before)
    assert len(made) > 8
    open_to_others = [path.name for path in made if path.stat().st_mode & 0o077]
    assert open_to_others == []


def imported(shell: Shell) -> None:
    shell.ok("import", shell.file(matrix(ROWS)), "--format", "ohchr-matrix")


# --- import --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_issues_own_import_command_gives_the_addendums_count(
    shell: Shell, test_data: Path
) -> None:
    arguments = (
        *("import", str(test_data / CYCLE_3), "--format", "ohchr-matrix"),
        *("--state", "SVN", "--cycle", "3", "--session", "34", "--document", "A/HRC/43/15"),
        *("--reviewed", "2019-11-12", "--document-date", "A/HRC/43/15/Add.1=2020-02-19"),
        *("--language", "en"),
    )
    dry = shell.json(*arguments, "--dry-run")
    assert (dry["new"], dry["first"]) == (215, None)
    receipt = shell.json(*arguments)
    assert receipt["positions"] == {"supported": 182, "noted": 33, "pending": 0}
    counts = ("rows", "paragraphs", "parts", "pairs", "new", "changed", "same", "unreadable")
    assert [receipt[name] for name in counts] == [215, 215, 219, 223, 215, 0, 0, 0]
    assert receipt["format"] == "ohchr-matrix"
    assert shell.json(*arguments)["same"] == 215


def test_a_working_groups_report_comes_in_by_command(shell: Shell) -> None:
    content = written(
        "140. The recommendations below enjoy the support of Slovenia:",
        "140.1 Ratify the Convention (Chile).",
    )
    about = ("--state", "SVN", "--session", "49")
    told = shell.ok("import", shell.file(content), "--format", "wg-report", *about)
    assert "wg-report, en" in told
    assert "1 new, 0 changed, 0 same" in told


def test_a_person_reads_the_receipt_in_its_units(shell: Shell) -> None:
    told = shell.ok("import", shell.file(matrix(ROWS)), "--format", "ohchr-matrix")
    assert "pairs (paragraph and State)" in told
    assert "3 new, 0 changed, 0 same" in told


def test_an_import_speaks_for_the_holder_of_a_key(shell: Shell) -> None:
    key = shell.json("key", "create", "--role", "clerk", "--actor", "p-tamm")["key"]
    file = shell.file(matrix(ROWS))
    done = shell.run("import", file, "--format", "ohchr-matrix", SUIVI_KEY=key)
    assert done.returncode == OK, done.stderr
    lines = [json.loads(line) for line in shell.ok("export").splitlines()]
    assert {line["payload"]["stamp"]["speaker"].get("actor") for line in lines[1:]} == {"p-tamm"}
    reader = shell.json("key", "create", "--role", "reader")["key"]
    refused = shell.fails("import", file, "--format", "ohchr-matrix", SUIVI_KEY=reader)
    assert "[FORBIDDEN]" in refused


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("none.docx", None, "There is no file"),
        ("matrix.pdf", b"%PDF-1.7", ".docx"),
        ("matrix.docx", b"PK\x03\x04 torn", ""),
    ],
)
def test_a_file_that_can_not_be_imported_is_refused_in_a_sentence(
    shell: Shell, name: str, content: bytes | None, hint: str
) -> None:
    file = str(shell.folder / name) if content is None else shell.file(content, name)
    told = shell.fails("import", file, "--format", "ohchr-matrix")
    assert hint in told
    assert told.count("\n") == 1


def test_a_program_reads_refusals_as_json(shell: Shell) -> None:
    done = shell.run("import", "none.docx", "--format", "ohchr-matrix", "--json")
    assert done.returncode == FAILED
    assert json.loads(done.stdout)["error"]["code"] == "NOT_FOUND"


HEAVY = "domain workflows projections msgspec sqlalchemy structlog rich strawberry eventsourcing"

LOADED = """
import atexit, sys
atexit.register(lambda: print("loaded:", *sys.modules, file=sys.stderr))
from api.command_line import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (OK, ("--help",)),
        (OK, ("check", "--help")),
        (OK, ("import", "--help")),
        (OK, ("key", "create", "--help")),
        (USAGE, ()),
        (USAGE, ("definition", "draw")),
        (USAGE, ("rebuild", "--view", "none")),
        (USAGE, ("key", "create", "--role", "king")),
    ],
)
def test_help_and_wrong_usage_load_nothing_that_takes_time(
    code: int, arguments: tuple[str, ...]
) -> None:
    done, modules = loaded_by(*arguments)
    assert done.returncode == code, done.stderr
    assert "usage: " in done.stdout + done.stderr
    assert "api.command_line" in modules
    assert {name.partition(".")[0] for name in modules} & set(HEAVY.split()) == set()


def loaded_by(
    *arguments: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """A command in a process of its own, and the modules that it has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, set(done.stderr.rpartition("loaded:")[2].split())


SERVING = {"strawberry", "graphql", "uvicorn"}
FILES = {"workflows.importing", "workflows.exporting", "docx", "python_calamine", "xlsxwriter"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (("settings",), {"sqlalchemy", "eventsourcing", "projections", "workflows"}),
        (("schema", "--steps"), {"sqlalchemy", "projections"}),
        (("key", "list"), FILES),
        (("check",), FILES),
    ],
)
def test_a_command_loads_nothing_of_what_others_do(
    shell: Shell, arguments: tuple[str, ...], unused: set[str]
) -> None:
    done, modules = loaded_by(*arguments, SUIVI_DATABASE_URL=stores.copied(shell.url))
    assert done.returncode == OK, done.stderr.partition("loaded:")[0]
    assert "api.command_line" in modules
    assert modules & (SERVING | unused) == set()


def test_what_the_parser_offers_is_what_there_is() -> None:
    assert list(Format) == command_line.FORMATS
    assert ["jsonl", *Export] == command_line.EXPORTS
    assert list(VIEWS) == command_line.VIEWS
    assert list(Role) == command_line.ROLES


@pytest.mark.slow
def test_a_command_is_a_process_with_an_exit_code(shell: Shell) -> None:
    done = shell.process("key", "create", "--role", "reader", "--json")
    assert (done.returncode, done.stderr) == (OK, "")
    refused = shell.process("key", "revoke", "00000000-0000-0000-0000-000000000001")
    assert (refused.returncode, refused.stdout) == (FAILED, "")
    assert refused.stderr.startswith("suivi: ")
    listed = json.loads(shell.process("key", "list", "--json").stdout)
    assert [key["id"] for key in listed] == [json.loads(done.stdout)["id"]]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("import",),
        ("import", "x.docx", "--format", "pdf"),
        ("import", "x.docx", "--format", "ohchr-matrix", "--reviewed", "12.11.2019"),
        ("import", "x.docx", "--format", "ohchr-matrix", "--document-date", "2019-11-12"),
        ("key", "create", "--role", "king"),
        ("key", "revoke", "mine"),
        ("unknown",),
    ],
)
def test_wrong_usage_is_exit_code_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert "usage:" in shell.fails(*arguments, code=USAGE)


@pytest.mark.slow
def test_a_progress_bar_is_shown_on_a_terminal_only(shell: Shell) -> None:
    file = shell.file(matrix(ROWS))
    arguments = [*SUIVI, "import", file, "--format", "ohchr-matrix", "--dry-run"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        arguments, cwd=ROOT, env=shell.environment, stderr=theirs, stdout=subprocess.DEVNULL
    ) as run:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        run.wait()
    os.close(ours)
    assert b"comparing" in shown
    assert shell.run(*arguments[3:]).stderr == ""


# --- keys ----------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_listed_without_itself(shell: Shell) -> None:
    named = ("--institution", "court-of-audit", "--represents", "parliament")
    made = shell.json("key", "create", "--role", "auditor", *named)
    assert set(made) == {"id", "key"}
    (listed,) = shell.json("key", "list")
    assert (listed["id"], listed["institution"], listed["revoked"]) == (
        made["id"],
        "court-of-audit",
        False,
    )
    assert listed["represents"] == ["parliament"]
    assert "parliament" in (told := shell.ok("key", "list"))
    assert made["key"] not in told
    shell.ok("key", "revoke", made["id"])
    assert shell.json("key", "list")[0]["revoked"] is True
    assert "[ALREADY_SO]" in shell.fails("key", "revoke", made["id"])


def test_a_person_is_registered_retired_and_listed(shell: Shell) -> None:
    shell.ok("key", "create", "--role", "clerk", "--institution", "archive", "--addressee", "SVN")
    of = ("--addressee", "SVN", "--institution", "archive")
    assert "Registered p-7" in shell.ok("person", "register", "p-7", *of)
    assert "[ALREADY_SO]" in shell.fails("person", "register", "p-7", *of)
    shell.ok("person", "register", "p-8", *of)
    assert "Retired p-7" in shell.ok("person", "retire", "p-7", *of)
    assert [(p["person"], p["registered"]) for p in shell.json("person", "list")] == [
        ("p-7", False),
        ("p-8", True),
    ]
    assert "retired" in shell.ok("person", "list")
    assert "suivi person list" in shell.fails("person", "retire", "p-9", *of)
    of = ("--addressee", "SVN", "--institution", "nobodys")
    assert "[UNKNOWN_INSTITUTION]" in shell.fails("person", "register", "p-7", *of)


def test_revoking_an_unknown_key_is_refused(shell: Shell) -> None:
    told = shell.fails("key", "revoke", "00000000-0000-0000-0000-000000000001")
    assert "suivi key list" in told


# --- the store -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["mysql://localhost/x", "nonsense", "sqlite://", "postgresql+psycopg://u@127.0.0.1:1/x"]
)
def test_a_store_that_can_not_be_opened_is_refused_in_a_sentence(shell: Shell, url: str) -> None:
    told = shell.fails("check", SUIVI_DATABASE_URL=url)
    assert "SUIVI_DATABASE_URL" in told or "[UNAVAILABLE]" in told


def test_a_password_is_never_printed(shell: Shell) -> None:
    secret = "hid" + "den"
    url = f"postgresql+psycopg://u:{secret}@127.0.0.1:1/x"
    assert secret not in shell.fails("check", SUIVI_DATABASE_URL=url)


def test_a_folder_that_can_not_be_written_is_refused_in_a_sentence(shell: Shell) -> None:
    blocked = shell.folder / "file"
    blocked.write_text("no folder")
    shell.fails("check", SUIVI_DATABASE_URL=f"sqlite:///{blocked}/suivi.db")


def test_check_finds_a_sound_record_sound(shell: Shell) -> None:
    imported(shell)
    report = shell.json("check")
    assert (report["ok"], report["events"], report["faults"]) == (True, 14, [])


EVENT = "log_event SET payload = CAST(replace(CAST(payload AS TEXT)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            f"UPDATE {EVENT}, 'Ratify', 'Reject') AS BLOB) WHERE log_index = 4",
            "view recommendations",
        ),
        (f"UPDATE {EVENT}, '{{', '{{ ') AS BLOB) WHERE log_index = 5", "canonical"),
        (f"UPDATE {EVENT}, '}}', '') AS BLOB) WHERE log_index = 8", "log index 8"),
        ("DELETE FROM log_event WHERE log_index = 13", "head says 14"),
        ("DELETE FROM log_event WHERE log_index = 3", "not dense"),
        ("UPDATE log_event SET recorded_at = 1 WHERE log_index = 5", "earlier"),
        ("DELETE FROM log_command", "command"),
    ],
)
def test_check_finds_damage_and_says_where(shell: Shell, damage: str, found: str) -> None:
    imported(shell)
    with closing(sqlite3.connect(shell.url.removeprefix("sqlite:///"))) as file, file:
        assert file.execute(damage).rowcount >= 1
    done = shell.run("check", "--json")
    assert done.returncode == FAILED
    report = json.loads(done.stdout)
    assert any(found in fault for fault in report["faults"]), report["faults"]


def database(shell: Shell) -> Path:
    return Path(shell.url.removeprefix("sqlite:///"))


def damaged(shell: Shell, damage: str) -> None:
    with closing(sqlite3.connect(database(shell))) as file, file:
        assert file.execute(damage).rowcount >= 1


def without_views(shell: Shell) -> None:
    for file in database(shell).parent.glob("suivi-*"):
        file.unlink()


@pytest.mark.parametrize("table", ["standing SET cases", "figure SET paragraphs"])
def test_check_finds_that_a_view_counts_otherwise_than_the_record(shell: Shell, table: str) -> None:
    imported(shell)
    assert shell.json("check")["ok"] is True
    (file,) = database(shell).parent.glob("suivi-figures-*.db")
    with closing(sqlite3.connect(file)) as view, view:
        assert view.execute(f"UPDATE {table} = 99").rowcount >= 1
    done = shell.run("check", "--json")
    assert done.returncode == FAILED
    faults = json.loads(done.stdout)["faults"]
    assert faults
    assert all(fault.startswith("view figures, table ") for fault in faults)


FOCAL_POINT = ("key", "create", "--role", "focal-point", "--addressee", "SVN", "--institution")
TORN = "UPDATE log_event SET payload = substr(payload, 1, 40) WHERE log_index = 8"


def test_check_finds_damage_that_the_views_have_not_met_yet(shell: Shell) -> None:
    imported(shell)
    damaged(shell, TORN)
    without_views(shell)
    done = shell.run("check", "--json")
    assert done.returncode == FAILED
    report = json.loads(done.stdout)
    assert report["events"] == 14
    assert {fault.split(":")[0] for fault in report["faults"]} >= {"log index 8"}


def test_check_goes_on_after_a_recommendation_that_lost_its_beginning(shell: Shell) -> None:
    imported(shell)
    damaged(shell, TORN.replace("= 8", "= 4"))
    report = json.loads(shell.run("check", "--json").stdout)
    assert (report["ok"], report["events"]) == (False, 14)
    assert all("log index 4" in fault or "command" in fault for fault in report["faults"])


def test_check_finds_a_protected_text_that_was_changed_or_is_gone(
    shell: Shell,
) -> None:
    imported(shell)
    shell.ok(*FOCAL_POINT, "justice")
    offered_to_justice(shell, reason=Protected("they asked for it"))
    assert shell.json("check")["protected"] == 1
    damaged(shell, "UPDATE vault SET content = 'something else'")
    done = shell.run("check", "--json")
    assert done.returncode == FAILED
    (fault,) = json.loads(done.stdout)["faults"]
    assert fault == "log index 15: a protected text is not the one committed to"
    damaged(shell, "DELETE FROM vault")
    done = shell.run("check", "--json")
    assert done.returncode == FAILED
    report = json.loads(done.stdout)
    (fault,) = report["faults"]
    assert fault.startswith("log index 15: a protected text is missing from the vault")
    assert report["erased"] == 0


def offered_to_justice(shell: Shell, **said: Any) -> None:
    """The coordinator offers the first recommendation to the ministry of justice."""
    service = Service(Settings(database_url=shell.url))
    try:
        (id,) = service.find_aliases(
            [("SVN", Alias(scheme="un", value=REPORT, paragraph="115.1"))]
        ).values()
        coordinator = Principal(
            key=UUID(int=9),
            role=Role.COORDINATOR,
            institution="mfa",
            authority=Authority(kind=AuthorityKind.MANDATE, reference="Decree 1"),
            actor="p-1",
        )
        service.desk.take(
            coordinator,
            Command.of("offer", coordinator, "offer"),
            id,
            "offer-assignment",
            Stamp(command="offer", speaker=coordinator.speaker(), **said),
            lambda r, stamp: assignment.offer(r, stamp, "justice", Capacity.LEAD),
            expected_version=None,
        )
    finally:
        service.close()


@pytest.mark.parametrize("command", ["rebuild", "key list", "import"])
def test_a_damaged_record_is_named_in_a_sentence(shell: Shell, command: str) -> None:
    imported(shell)
    damaged(shell, TORN)
    without_views(shell)
    arguments = command.split()
    if command == "import":
        arguments += [shell.file(matrix(ROWS)), "--format", "ohchr-matrix"]
    told = shell.fails(*arguments).splitlines()[-1]
    assert "[DAMAGED]" in told or "[UNAVAILABLE]" in told


def test_views_that_were_dropped_are_filled_again(shell: Shell) -> None:
    imported(shell)
    before = shell.json("check")
    without_views(shell)
    shell.ok("feed", "--once")
    assert shell.json("check") == before
    database(shell).with_name("suivi-search-1.db").unlink()
    shell.ok("feed", "--once")
    assert shell.json("check") == before


def test_a_record_that_may_not_be_written_is_refused_in_a_sentence(shell: Shell) -> None:
    imported(shell)
    drop = ("--bounding-set=-dac_override", "--inh-caps=-dac_override")
    as_anybody = ["setpriv", *drop] if os.geteuid() == 0 else []
    if as_anybody and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not there to forbid it")
    folder = database(shell).parent
    for file in [*folder.iterdir(), folder]:
        file.chmod(file.stat().st_mode & ~0o222)
    try:
        done = subprocess.run(
            [*as_anybody, *SUIVI, "key", "create", "--role", "reader"],
            cwd=ROOT,
            env=shell.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        folder.chmod(0o755)
    assert done.returncode == FAILED
    assert "readonly" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_that_can_not_be_written_is_refused_in_a_sentence(shell: Shell) -> None:
    assert str(shell.folder) in shell.fails("export", "--output", str(shell.folder))
    assert "There is no" in shell.fails("export", "--output", str(shell.folder / "no" / "file"))


@pytest.mark.parametrize(
    ("name", "value"), [("SUIVI_QUERY_THREADS", "many"), ("SUIVI_LOG_FORMAT", "xml")]
)
def test_a_wrong_setting_is_refused_by_its_name(shell: Shell, name: str, value: str) -> None:
    assert name in shell.fails("check", **{name: value})


def test_a_key_is_not_granted_for_an_addressee_nobody_knows(shell: Shell) -> None:
    assert "svn" in shell.fails("key", "create", "--role", "reader", "--addressee", "svn")
    shell.ok("key", "create", "--role", "reader", "--addressee", "SVN")
    (listed,) = shell.json("key", "list")
    assert listed["addressees"] == ["SVN"]


def test_export_is_one_event_a_line_in_the_order_of_the_log(shell: Shell) -> None:
    imported(shell)
    lines = [json.loads(line) for line in shell.ok("export", "--format", "jsonl").splitlines()]
    assert [line["log_index"] for line in lines] == list(range(14))
    assert set(lines[0]) == {
        "log_index",
        "stream",
        "version",
        "topic",
        "addressee",
        "recorded_at",
        "payload",
    }


@pytest.mark.slow
def test_export_ends_quietly_when_its_reader_has_seen_enough(shell: Shell) -> None:
    many = [row(f"115.{number}") for number in range(1, 200)]  # more than a pipe holds
    shell.ok("import", shell.file(matrix(many)), "--format", "ohchr-matrix")
    command = f"{' '.join(SUIVI)} export | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=shell.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_export_and_schema_write_into_a_file(shell: Shell) -> None:
    imported(shell)
    for command in ("export", "schema"):
        target = shell.folder / command
        shell.ok(command, "--output", str(target))
        assert target.read_text() == shell.ok(command)


# --- other sources, and exports ------------------------------------------------------------------


@pytest.mark.slow
def test_every_source_is_imported_by_the_same_command_with_the_same_receipt(shell: Shell) -> None:
    heading = "To,To-Rgrp,To-Org,Text,From,From-Rgrp,From-Org,Response,Action,Issue,Session"
    row = "{},EEG,EU,Ratify the convention,Chile,,,Accepted,5,Treaties,7"
    lines = [heading, row.format("Slovenia"), row.format("Slovenia"), row.format("Ghana")]
    write_uhri(shell.folder / "uhri.json", 40)
    table = "addressee,symbol,paragraph,text\nSVN,A/HRC/59/15,6.1,Train judges\nNowhere,X/1,2,No\n"
    files = {
        "upr-info": shell.file("\n".join(lines).encode(), "upr.csv"),
        "uhri": str(shell.folder / "uhri.json"),
        "table": shell.file(table.encode(), "list.csv"),
    }
    refused = shell.fails("import", files["upr-info"], "--format", "upr-info")
    assert "--all-states" in refused
    for format, rows in (("upr-info", 3), ("uhri", 40), ("table", 2)):
        arguments = ("import", files[format], "--format", format, "--all-states")
        dry = shell.json(*arguments, "--dry-run")
        receipt = shell.json(*arguments)
        assert set(receipt) == set(shell.json(*arguments)), "one receipt for all"
        assert (receipt["format"], receipt["rows"]) == (format, rows)
        assert receipt["new"] == dry["new"] > 0
        assert (dry["events"], shell.json(*arguments)["events"]) == (0, 0)
    one = shell.json("import", files["upr-info"], "--format", "upr-info", "--state", "SVN")
    assert (one["same"], one["repeated"], one["other_states"]) == (1, 1, 1)
    told = shell.ok("import", files["table"], "--format", "table", "--dry-run")
    assert "addressee-not-recognised" in told or "Nowhere" in told
    assert shell.json("check")["ok"] is True


def test_a_worklist_is_exported_filled_in_and_imported_with_the_institutions_key(
    shell: Shell,
) -> None:
    imported(shell)
    justice, labour = (shell.json(*FOCAL_POINT, name)["key"] for name in ("justice", "labour"))
    offered_to_justice(shell)
    path = shell.folder / "worklist.xlsx"
    shell.ok("export", "--format", "worklist", "--institution", "justice", "--output", str(path))
    filled = saved_again(path, {(2, "Answer"): "accept", (2, "Measures planned"): "a bill"})
    arguments = ("import", shell.file(filled, "filled.xlsx"), "--format", "worklist")
    assert "[FORBIDDEN]" in shell.fails(*arguments, SUIVI_KEY=labour)
    done = shell.run(*arguments, "--json", SUIVI_KEY=justice)
    receipt = json.loads(done.stdout)
    assert (receipt["new"], receipt["conflicts"]) == (2, [])
    again = shell.run(*arguments, SUIVI_KEY=justice)
    assert "Nothing new" in again.stdout, again.stderr


def test_lists_and_the_matrix_are_exported_now_and_as_they_were(shell: Shell) -> None:
    imported(shell)
    rows = list(csv.DictReader(io.StringIO(shell.ok("export", "--format", "csv").lstrip("\ufeff"))))
    assert [row["paragraph"] for row in rows] == ["115.1", "115.2", "115.10"]
    before = shell.ok("export", "--format", "csv", "--log-index", "4")
    assert len(before.splitlines()) < len(rows) + 1
    for format in ("xlsx", "ohchr-matrix"):
        target = shell.folder / format
        which = ("--state", "SVN", "--cycle", "2")
        shell.ok("export", "--format", format, *which, "--output", str(target))
        assert target.read_bytes()[:2] == b"PK"
    read = read_matrix((shell.folder / "ohchr-matrix").read_bytes(), language="en")
    assert [row.paragraph for row in read.rows] == ["115.1", "115.2", "115.10"]
    assert "[INVALID_INPUT]" in shell.fails("export", "--format", "ohchr-matrix")
    assert "[INVALID_INPUT]" in shell.fails("export", "--format", "worklist")


def test_an_export_takes_the_conditions_of_lists(shell: Shell) -> None:
    imported(shell)

    def paragraphs(*said: str) -> list[str]:
        conditions = [part for one in said for part in ("--where", one)]
        written = shell.ok("export", "--format", "csv", *conditions).lstrip("\ufeff")
        return [row["paragraph"] for row in csv.DictReader(io.StringIO(written))]

    every = ["115.1", "115.2", "115.10"]
    assert paragraphs("addressee=SVN", "mechanism=upr") == every
    assert paragraphs("addressee=HRV") == []
    assert paragraphs("position=supported") + paragraphs("position=noted") != []
    assert sorted(paragraphs("position=supported", "position=noted", "position=pending")) == sorted(
        every
    )
    for said, hint in (
        ("colour=red", "recommendingState"),
        ("position=red", "by-part"),
        ("position", "--where position=noted"),
        ("overdue=maybe", "neither true nor false"),
    ):
        told = shell.fails("export", "--format", "csv", "--where", said)
        assert "[INVALID_INPUT]" in told
        assert hint in told
    assert "exported whole" in shell.fails("export", "--where", "position=noted")


def test_histories_are_exported_to_a_file_or_to_whoever_reads_on(shell: Shell) -> None:
    imported(shell)
    for format in ("ocel", "xes"):
        target = shell.folder / f"history.{format}"
        shell.ok("export", "--format", format, "--output", str(target))
        assert shell.ok("export", "--format", format) == target.read_text()
    log = json.loads(shell.ok("export", "--format", "ocel", "--log-index", "4"))
    assert max(int(event["id"].removeprefix("e")) for event in log["events"]) <= 4
    assert log["events"]


@pytest.mark.slow
def test_a_feed_apart_from_the_server_fills_the_views_and_ends_when_told(shell: Shell) -> None:
    imported(shell)
    without_views(shell)
    shell.ok("feed", "--once")
    assert heads(shell) == {14}
    with subprocess.Popen(
        [*SUIVI, "feed"], cwd=ROOT, env=shell.environment, stderr=subprocess.PIPE
    ) as running:
        try:
            shell.ok("key", "create", "--role", "reader")
            until(lambda: heads(shell) == {15})
        finally:
            running.terminate()
        assert running.wait(timeout=20) == OK
        assert running.stderr is not None
        assert b"Traceback" not in running.stderr.read()


def heads(shell: Shell) -> set[int]:
    """How many entries each view holds."""
    views = Views(make_url(shell.url))
    try:
        with views.current().engine.connect() as connection:
            return set(views.current().heads(connection).values())
    finally:
        views.close()


@pytest.mark.parametrize("command", ["check", "export", "key list"])
def test_a_file_that_is_no_database_is_named_in_a_sentence(shell: Shell, command: str) -> None:
    database(shell).write_bytes(b"this is no database at all, and long enough to be looked at" * 40)
    told = shell.fails(*command.split())
    assert "[UNAVAILABLE]" in told
    assert "suivi.db" in told
    assert told.count("\n") == 1


PROFILE = str(ROOT / "workflows" / "procedure" / "profiles" / "treaty-body.yaml")


def test_a_procedure_is_checked_and_drawn(shell: Shell) -> None:
    report = shell.json("definition", "check", PROFILE)
    assert (report["ok"], report["faults"]) == (True, [])
    assert report["hash"] in shell.ok("definition", "check", PROFILE)
    assert shell.ok("definition", "diagram", PROFILE).startswith("stateDiagram-v2")
    assert "Ouvert" in shell.ok("definition", "diagram", PROFILE, "--language", "fr")
    assert "<parallel" in shell.ok("definition", "diagram", PROFILE, "--format", "scxml")
    assert shell.ok("definition", "diagram", PROFILE, "--format", "svg").startswith("<svg")


def test_an_unsound_procedure_is_named_with_its_faults(shell: Shell) -> None:
    plain = "format: suivi-overlay/1\nname: x\nextends: treaty-body\nlabels: {en: X}\nfor: {}\n"
    harder = "operations: [{op: require, step: plan, when: at record.closed}]\n"
    file = shell.file((plain + harder).encode(), "x.yaml")
    done = shell.run("definition", "check", file, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (FAILED, False)
    assert [fault["code"] for fault in report["faults"]] == ["never-open"]
    done = shell.run("definition", "check", file)
    assert "✗ $.steps" in done.stdout
    wrong = shell.file(b"name: [", "wrong.yaml")
    (fault,) = json.loads(shell.run("definition", "check", wrong, "--json").stdout)["faults"]
    assert fault["code"] == "no-definition"
    assert "neither YAML nor JSON" in shell.fails("definition", "diagram", wrong)
    shell.fails("definition", "check", "none.yaml")


@pytest.mark.slow
def test_a_states_own_procedure_is_published_adopted_and_imported_under(shell: Shell) -> None:
    own = shell.file(CABINET.encode(), "cabinet.yaml")
    told = shell.ok("definition", "publish", own, "--state", "SVN")
    assert told.startswith("Published for SVN: with-cabinet ")
    said = shell.json("definition", "publish", own, "--state", "SVN", "--adopt")
    assert said == {"hash": told.split()[-1], "name": "with-cabinet", "adopted": True}
    size = shell.json("check")["events"]
    assert shell.json("definition", "publish", own, "--state", "SVN", "--adopt") == said
    assert shell.json("check")["events"] == size, "what is there already is not recorded again"
    imported(shell)
    log = [json.loads(line) for line in shell.ok("export").splitlines()]
    stamps = [e["payload"]["stamp"] for e in log if e["topic"].startswith("recommendation.")]
    assert {stamp["definition"] for stamp in stamps} == {said["hash"]}
    found = shell.json("replay", "--check")
    assert (found["ok"], found["recommendations"], found["steps"]) == (True, 3, len(stamps))
    assert "all come out the same" in shell.ok("replay", "--check")
    broken = shell.file(CABINET.replace("planned", "plan").encode(), "broken.yaml")
    report = shell.run("definition", "publish", broken, "--state", "SVN", "--json")
    assert json.loads(report.stdout)["ok"] is False
    assert report.returncode == FAILED


def test_a_replay_that_comes_out_differently_is_a_failure(shell: Shell) -> None:
    imported(shell)
    with closing(sqlite3.connect(database(shell))) as connection, connection:
        changed = connection.execute(
            "UPDATE log_event SET payload = CAST(replace(CAST(payload AS TEXT), "
            "'position.supported', 'position.noted') AS BLOB)"
        ).rowcount
    assert changed
    done = shell.run("replay", "--check", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (FAILED, False)
    first = found["differences"][0]
    assert (first["step"], first["now_entered"]) == ("take-position", ["position.supported"])
    assert "take-position" in shell.run("replay", "--check").stdout


def test_settings_are_listed(shell: Shell) -> None:
    assert "SUIVI_DATABASE_URL" in shell.ok("settings")


@pytest.mark.slow
def test_views_are_rebuilt_while_a_server_runs_and_it_goes_on(shell: Shell) -> None:
    imported(shell)
    key = shell.json("key", "create", "--role", "reader")["key"]
    query = {"query": "{ logIndex recommendations { totalCount } }"}
    with process(shell.url, shell.folder / "log", bulkhead=False) as (server, _):
        headers = {"Authorization": f"Bearer {key}"}

        def answer() -> Any:
            return httpx.post(f"{server.url}/graphql", json=query, headers=headers).json()["data"]

        assert answer()["recommendations"]["totalCount"] == 3
        assert shell.json("rebuild", "--view", "search") == {
            "generations": {"search": 2},
            "events": 15,
        }
        made = shell.json("rebuild")["generations"]
        assert (made["search"], made["recommendations"]) == (3, 2)
        assert answer()["recommendations"]["totalCount"] == 3
        shell.ok("key", "create", "--role", "reader")
        until(lambda: answer()["logIndex"] == 15)


@pytest.mark.slow
def test_a_server_that_can_not_have_its_port_says_so(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = shell.run("serve", "--port", port, SUIVI_BULKHEAD="false")
        assert done.returncode == FAILED
        assert "address already in use" in done.stderr
