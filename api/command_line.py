"""The command line, `suivi`. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

Results go to standard output, everything else to standard error; `--json` where a program reads.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast
from uuid import UUID

if TYPE_CHECKING:
    from threading import Event
    from types import FrameType

    from api.service import Service
    from api.settings import Settings
    from domain.entry import Authority, Stamp
    from domain.person import Person, PersonEvent
    from workflows.access import Principal
    from workflows.desk import Command

gc_thresholds = (10_000, 10, 10)
"""Objects made before the youngest are looked through for cycles, and how often that is done before
the older ones are, and all."""
switch_seconds = 0.001
"""For how long a thread that computes keeps the interpreter while others wait for it."""

# Help and wrong usage are answered at once: a command imports what it needs when it runs, and what
# the parser offers stands here by name (a test compares it with what there is).
FORMATS = [
    "ohchr-matrix",
    "wg-report",
    "upr-info",
    "uhri",
    "table",
    "answers",
    "assessments",
    "lists",
    "worklist",
]
EXPORTS = ["jsonl", "csv", "xlsx", "ohchr-matrix", "worklist", "ocel", "xes"]
VIEWS = ["recommendations", "search", "figures", "register", "timers", "agenda", "credentials"]
ROLES = ["administrator", "coordinator", "clerk", "focal-point", "auditor", "reader"]

OPERATOR = UUID(int=0)
"""The key id of whoever holds the installation's own command line."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit code. What it writes, its user alone may read."""
    os.umask(0o077)
    given = _parser().parse_args(arguments)
    from api.settings import read_settings

    try:
        settings = read_settings()
        configure_logging(settings.log_format)
        run: Callable[[argparse.Namespace, Settings], int] = given.run
        return run(given, settings)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        return _fail(*reason, as_json=given.json)


def _reason(error: Exception) -> tuple[str, str] | None:
    """The code and the sentence for an error that is no fault of ours, None for any other."""
    from sqlalchemy.exc import SQLAlchemyError

    from domain.entry import UnreadableEntry
    from domain.refusals import Refusal
    from projections.feed import FeedStopped

    match error:
        case Refusal():
            return error.code, error.message
        case FileNotFoundError():
            return "NOT_FOUND", f"There is no file {error.filename}."
        case PermissionError():
            return "FORBIDDEN", f"{error.filename} can't be read or written."
        case OSError():
            what = error.filename or "A file"
            return "UNAVAILABLE", f"{what} can't be read or written: {error.strerror}."
        case FeedStopped() | UnreadableEntry():
            return "DAMAGED", f"{error}. `suivi check` tells all that is wrong."
        case SQLAlchemyError():
            why = getattr(error, "orig", error)
            return (
                "UNAVAILABLE",
                f"The views can't be used: {why}. They may be removed; `suivi rebuild` fills them.",
            )
    return None


def _fail(code: str, message: str, *, as_json: bool) -> int:
    if as_json:
        _print_json({"error": {"code": code, "message": message}})
    else:
        print(f"suivi: {message} [{code}]", file=sys.stderr)
    return 1


def configure_logging(style: str) -> None:
    """Structured lines on standard error: JSON for machines, or readable for people."""
    import logging

    import structlog

    from domain.refusals import InvalidInput

    if style not in ("json", "console"):
        raise InvalidInput("SUIVI_LOG_FORMAT is json or console.")
    renderer = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    told: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    # What libraries and Python itself say goes the same way.
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=told,
        )
    )
    logging.basicConfig(handlers=[others], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*told, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", LossyLines())),
    )


class LossyLines:
    """Standard error, where lines that find no room are lost: whoever logs works on."""

    def write(self, line: str) -> None:
        with suppress(OSError):
            sys.stderr.write(line)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


# --- Commands ------------------------------------------------------------------------------------


def import_file(given: argparse.Namespace, settings: Settings) -> int:
    """suivi import: a file becomes recommendations."""
    from workflows.importing import Format, Import, Options
    from workflows.importing.receipt import read_document_dates

    options = Options(
        state=given.state,
        all_states=given.all_states,
        cycle=given.cycle,
        session=given.session,
        document=given.document,
        reviewed=given.reviewed,
        document_dates=read_document_dates(given.document_date),
        language=given.language,
        as_history=given.as_history,
    )
    file: Path = given.file
    if not file.is_file():
        raise FileNotFoundError(2, "no such file", str(file))
    with _service(settings) as service:
        role = "coordinator" if given.as_history else "clerk"
        principal = _principal(given, service, role)
        importing = Import(service.desk, service, principal)
        with _bar(quiet=given.json) as tell:
            receipt = importing.run(
                file,
                options,
                format=Format(given.format),
                dry_run=given.dry_run,
                progress=tell,
            )
        service.feed.advance()
    if given.json:
        _print_json(receipt)
    else:
        from rich.console import Console

        from api.receipt import show

        show(receipt, Console(), verbose=given.dry_run)
    return 0


def serve(given: argparse.Namespace, settings: Settings) -> int:
    """suivi serve: answers over HTTP until it is told to stop."""
    with loading():
        import uvicorn

        from api.app import create_app
        from api.bulkhead import Bulkhead
        from api.connections import bounded
        from api.service import Service

        service = Service(settings)
    bulkhead = None
    if settings.bulkhead and Bulkhead.is_possible():
        bulkhead = Bulkhead(service.feed.wake)
    # Whoever answers waits for the interpreter once for each thread that computes.
    sys.setswitchinterval(switch_seconds)

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # What takes long ends now, so that all others can end in time.
            service.stop()
            if bulkhead is not None:
                bulkhead.stop()
            super().handle_exit(sig, frame)

    server = Server(
        uvicorn.Config(
            create_app(service, bulkhead),
            http=bounded(settings),
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=settings.idle_connection_seconds_max,
            host=given.host,
            port=given.port,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    try:
        server.run()
    except SystemExit as ended:
        # uvicorn has said why it could not start; its exit codes are not ours.
        return 1 if ended.code else 0
    except KeyboardInterrupt:
        return 0
    if not server.started:
        return 1
    return 0


@contextmanager
def loading() -> Iterator[None]:
    """While a server loads what it keeps, nothing of it is looked through for cycles: that would
    take a third of the start. Nor is it later, which would hold up everybody for tenths of a
    second."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.set_threshold(*gc_thresholds)
        gc.enable()


def feed(given: argparse.Namespace, settings: Settings) -> int:
    """suivi feed: keeps the views up to the log, apart from the server, until it is stopped."""
    told = None if given.once else _told_to_end()
    with _service(settings) as service:
        if told is None:
            service.feed.advance()
        else:
            service.feed.start()
            told.wait()
    return 0


def work(given: argparse.Namespace, settings: Settings) -> int:
    """suivi worker: fires deadlines and reminders when they are due, until it is stopped."""
    import signal

    import structlog

    with _service(settings) as service:
        if given.once:
            fired = service.worker.catch_up()
            if given.json:
                _print_json({"fired": fired})
            else:
                print(f"Fired {fired:,}.")
            return 0
        for signalled in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signalled, lambda *_: service.worker.stop())
        log_line = structlog.get_logger("suivi.worker")
        service.worker.run(lambda fired: log_line.info("fired", timers=fired))
    return 0


def _told_to_end() -> Event:
    """Set when this process is told to end, from now on."""
    import signal
    from threading import Event

    told = Event()
    for signalled in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signalled, lambda *_: told.set())
    return told


def rebuild(given: argparse.Namespace, settings: Settings) -> int:
    """suivi rebuild: fills views anew beside the running ones, then switches."""
    names = given.view or VIEWS
    with _service(settings, also_older=True) as service, _bar(quiet=given.json) as tell:
        made = service.feed.rebuild(lambda done, total: tell("rebuilding", done, total), names)
        with service.views.snapshot() as (_, held):
            pass
    if given.json:
        _print_json({"generations": made.numbers, "events": held})
    else:
        current = ", ".join(f"{name} {number}" for name, number in made.numbers.items())
        print(f"Rebuilt from {held:,} events; current generations: {current}.")
    return 0


def export(given: argparse.Namespace, settings: Settings) -> int:
    """suivi export: the log as JSON Lines, or what the record says: list, matrix, worklist."""
    import shutil
    import tempfile

    from api.conditions import read_where
    from api.context import Context
    from api.exports import Asked, Export, conditions_of, write
    from domain.refusals import InvalidInput
    from workflows.exporting import json_lines

    where = read_where(conditions_of(given.of), _conditions(given))
    asked = Asked(of=given.of, where=where, language=given.language)
    if given.format == "jsonl" and given.where:
        raise InvalidInput("The log is exported whole; `--where` is for all other formats.")
    with _service(settings) as service:
        if given.format == "jsonl":
            with _output(given.output) as out:
                out.writelines(json_lines(service.log))
            return 0
        service.feed.advance()
        context = Context(service, _principal(given, service, "coordinator"))
        try:
            reading = asked.reading(context, given.log_index)
            with tempfile.TemporaryDirectory() as folder:
                place = given.output or Path(folder) / "export"
                write(reading, Export(given.format), asked, place)
                if given.output is None:
                    with place.open("rb") as file:
                        shutil.copyfileobj(file, sys.stdout.buffer)
        finally:
            context.close()
    return 0


def _conditions(given: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The conditions of an export: what `--where` says, and the options that say the same."""
    from domain.refusals import InvalidInput

    for name, value in (
        ("addressee", given.state),
        ("cycle", given.cycle),
        ("institution", given.institution),
    ):
        if value is not None:
            yield name, str(value)
    for said in given.where:
        name, is_one, value = said.partition("=")
        if not is_one:
            raise InvalidInput(f"“{said[:40]}” is no condition: write --where position=noted.")
        yield name, value


def show_schema(given: argparse.Namespace, settings: Settings) -> int:
    """suivi schema: the GraphQL schema, or its fragment on events; the JSON Schema of what steps
    carry, or of procedures."""
    if given.steps:
        from workflows.steps import schemas

        text = schemas()
    elif given.procedures:
        from workflows.procedure import schema as procedures

        text = procedures.written()
    else:
        from api import sdl

        text = sdl.fragment() if given.fragment else sdl.sdl()
    with _output(given.output) as out:
        out.write(text.encode())
    return 0


def check(given: argparse.Namespace, settings: Settings) -> int:
    """suivi check: reads everything and says whether it holds together."""
    from api.checking import check_all, opened

    with opened(settings) as parts, _bar(quiet=given.json) as tell:
        report = check_all(parts, tell)
    if given.json:
        _print_json(report)
    else:
        for fault in report.faults:
            print(f"✗ {fault}")
        print(
            f"{report.events:,} events, {report.streams:,} streams, {report.commands:,} commands, "
            f"{report.protected:,} protected texts ({report.erased:,} erased), "
            f"{report.files:,} files: "
            + ("all hold." if report.ok else f"{len(report.faults)} faults.")
        )
        if report.stray_files:
            print(f"{report.stray_files:,} files in the folder belong to no entry.")
        for name, behind in report.behind.items():
            print(f"The view {name} is {behind:,} entries behind the log.")
        if report.rebuild:
            which = " ".join(f"--view {name}" for name in report.rebuild)
            print(f"`suivi rebuild {which}` makes the views anew.")
    return 0 if report.ok else 1


def erase(given: argparse.Namespace, settings: Settings) -> int:
    """suivi erase: deletes again what entries say was erased."""
    with _service(settings) as service:
        done = service.erase_again()
    if given.json:
        _print_json({"deleted": done})
    else:
        print(f"{done:,} texts and files were still there and are deleted.")
    return 0


def definition_check(given: argparse.Namespace, settings: Settings) -> int:
    """suivi definition check: says whether a procedure is sound, and where it is not."""
    from workflows.procedure.definition import Unsound
    from workflows.procedure.gate import Fault, Report, check

    try:
        report = check(_definition(given.file))
    except Unsound as fault:
        report = Report(False, "", (Fault(fault.code, str(fault), fault.where),))
    return _tell(report, as_json=given.json)


def _tell(report: Any, *, as_json: bool) -> int:
    if as_json:
        _print_json(report)
    else:
        for sign, some in (("✗", report.faults), ("⚠", report.warnings)):
            for found in some:
                print(f"{sign} {found.where}: {found.message} [{found.code}]")
                for line in found.trace:
                    print(f"    {line}")
        print(f"Sound: {report.hash}" if report.ok else f"{len(report.faults)} faults.")
    return 0 if report.ok else 1


def definition_publish(given: argparse.Namespace, settings: Settings) -> int:
    """suivi definition publish: publishes a State's own procedure, and adopts it if told to."""
    from contextlib import suppress
    from uuid import uuid4

    from domain.entry import Stamp
    from domain.refusals import AlreadySo
    from workflows import publishing
    from workflows.desk import Command

    source = given.file.read_bytes()
    with _service(settings) as service:
        desk, principal = service.desk, _principal(given, service, "coordinator")
        examined = publishing.examine(desk.procedures, given.state, source)
        if examined.definition is None or not examined.report.ok:
            return _tell(examined.report, as_json=given.json)
        sha256 = examined.report.hash

        def commanded(step: str) -> tuple[Command, Stamp]:
            command = Command.of(uuid4().hex, principal, [step, given.state, sha256])
            return command, Stamp(command=command.id, speaker=principal.speaker())

        with suppress(AlreadySo):
            command, stamp = commanded("publish-definition")
            publishing.publish(desk, principal, command, stamp, given.state, lambda: examined)
        if given.adopt:
            with suppress(AlreadySo):
                command, stamp = commanded("adopt-definition")
                publishing.adopt(desk, principal, command, stamp, given.state, sha256)
        service.feed.advance()
    if given.json:
        said_json = {"hash": sha256, "name": examined.definition.name, "adopted": given.adopt}
        _print_json(said_json)
    else:
        what = "Published and adopted" if given.adopt else "Published"
        print(f"{what} for {given.state}: {examined.definition.name} {sha256}")
    return 0


def replay(given: argparse.Namespace, settings: Settings) -> int:
    """suivi replay --check: decides every step again, and lists what would come out differently."""
    from api.checking import opened
    from workflows.desk import Desk
    from workflows.procedure.replay import replay as run

    with opened(settings) as parts, _bar(quiet=given.json) as tell:
        size, done = parts.log.size, 0

        def count(entries: int) -> None:
            nonlocal done
            done += entries
            tell("replaying", done, size)

        procedures = Desk(parts.log).procedures
        found = run(procedures, parts.log.read_streams(size - 1), count)
    if given.json:
        _print_json(found)
    else:
        for d in found.differences:
            now = _led(d.now_left, d.now_entered)
            why = f"the procedure {d.pinned} is not known here" if d.unknown else f"now {now}"
            print(f"✗ {d.log_index}: {d.step}: {_led(d.left, d.entered)}; {why}")
        print(
            f"{found.steps:,} steps on {found.recommendations:,} recommendations: "
            + ("all come out the same." if found.ok else f"{found.different:,} differ.")
        )
        if found.past_four_eyes:
            some = ", ".join(map(str, found.past_four_eyes_at[:10]))
            print(
                f"{found.past_four_eyes:,} entries of imports took a step that four eyes look at; "
                f"the first at log index {some}."
            )
        if found.past_procedure:
            some = ", ".join(map(str, found.past_procedure_at[:10]))
            print(
                f"{found.past_procedure:,} entries of imports took a step that was not open, and "
                f"do not say that they are history; the first at log index {some}."
            )
        if found.history:
            print(f"{found.history:,} entries are recorded as history, and are no steps:")
        for h in found.as_history:
            day = h.effective_on or "an unknown day"
            by = f"{h.authority.kind.value} “{h.authority.reference}”"
            print(f"  {h.log_index}: {h.step} of {day}, by {h.institution} ({h.role}), {by}")
    return 0 if found.ok else 1


def _led(left: Sequence[str], entered: Sequence[str]) -> str:
    return f"{', '.join(left) or '–'} → {', '.join(entered) or '–'}"


def definition_diagram(given: argparse.Namespace, settings: Settings) -> int:
    """suivi definition diagram: a procedure as Mermaid, SVG or SCXML."""
    from domain.refusals import InvalidInput
    from workflows.procedure.compiled import Compiled
    from workflows.procedure.definition import Unsound
    from workflows.procedure.drawing import svg
    from workflows.procedure.pictures import mermaid, scxml

    try:
        definition = _definition(given.file)
        compiled = Compiled(definition)
        if given.format == "mermaid":
            drawn = mermaid(definition, given.language)
        elif given.format == "svg":
            drawn = svg(definition, given.language)
        else:
            drawn = scxml(compiled)
    except Unsound as fault:
        raise InvalidInput(f"{fault.where}: {fault}", reason=fault.code) from None
    with _output(given.output) as out:
        out.write(drawn.encode())
    return 0


def _definition(file: Path) -> Any:
    from workflows.procedure.shipped import read, shipped

    def find(name: str) -> Any:
        known = shipped()
        found = known.get(name) or next((c for c in known.values() if c.hash == name), None)
        return found and found.definition

    return read(file.read_bytes(), find)


def key_create(given: argparse.Namespace, settings: Settings) -> int:
    """suivi key create: grants a key, shown this once."""
    from workflows.keys import create_key

    with _service(settings) as service:
        id, key = create_key(
            service.log,
            role=given.role,
            institution=given.institution,
            actor=given.actor,
            system=given.system,
            authority=_authority(given.authority),
            addressees=tuple(given.addressee),
            represents=tuple(given.represents),
        )
    if given.json:
        _print_json({"id": id, "key": key})
    else:
        print(f"{key}\n\nKey {id} for the role {given.role}. It is shown this once; keep it safe.")
    return 0


def key_revoke(given: argparse.Namespace, settings: Settings) -> int:
    """suivi key revoke: a key stops working."""
    from workflows.keys import revoke_key

    with _service(settings) as service:
        revoke_key(service.log, given.id)
    if given.json:
        _print_json({"id": given.id})
    else:
        print(f"Revoked {given.id}.")
    return 0


def key_list(given: argparse.Namespace, settings: Settings) -> int:
    """suivi key list: every key ever granted, without the keys themselves."""
    import msgspec

    from projections.credentials import all_credentials

    with _service(settings) as service:
        service.feed.advance()
        with service.views.snapshot() as (connection, _):
            held = all_credentials(connection)
    if given.json:
        shown = [{"id": c.id, "revoked": c.revoked, **msgspec.to_builtins(c.holder)} for c in held]
        _print_json(shown)
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "role", "institution", "represents", "actor or system", "revoked", box=None)
    for c in held:
        who = c.holder.actor or c.holder.system or ""
        revoked = "revoked" if c.revoked else ""
        others = ", ".join(c.holder.represents)
        table.add_row(str(c.id), c.holder.role, c.holder.institution, others, who, revoked)
    Console().print(table)
    return 0


def person_register(given: argparse.Namespace, settings: Settings) -> int:
    """suivi person register: systems of an institution may name this person."""
    from domain.person import register

    return _say_of_person(
        given,
        settings,
        "register-person",
        lambda held, stamp: register(stamp, held, given.institution, given.person),
    )


def person_retire(given: argparse.Namespace, settings: Settings) -> int:
    """suivi person retire: systems name this person no more."""
    from domain.refusals import NotFound

    def act(held: Person | None, stamp: Stamp) -> PersonEvent:
        if held is None:
            raise NotFound("Nobody has registered this person; `suivi person list` shows them.")
        return held.retire(stamp)

    return _say_of_person(given, settings, "retire-person", act)


def _say_of_person(
    given: argparse.Namespace,
    settings: Settings,
    step: str,
    act: Callable[[Person | None, Stamp], PersonEvent],
) -> int:
    from uuid import uuid4

    from domain.entry import Stamp
    from workflows.desk import Command
    from workflows.persons import say
    from workflows.visibility import bounds

    place = given.addressee, given.institution, given.person
    with _service(settings) as service:
        operator = argparse.Namespace(institution=None)
        principal = _principal(operator, service, "administrator")
        command = Command.of(f"{step}:{uuid4()}", principal, place)
        speaker = principal.speaker()
        stamp = Stamp(command=command.id, speaker=speaker, visibility=bounds(step).usual)
        say(service.desk, principal, command, step, place, lambda held: act(held, stamp))
    done = {"register-person": "Registered", "retire-person": "Retired"}[step]
    print(f"{done} {given.person} of {given.institution} in {given.addressee}.")
    return 0


def person_list(given: argparse.Namespace, settings: Settings) -> int:
    """suivi person list: every person ever registered, by pseudonym."""
    from domain.entry import Visibility
    from domain.scope import Scope
    from projections import register

    everything = Scope(visibilities=frozenset(Visibility))
    with _service(settings) as service:
        service.feed.advance()
        with service.views.snapshot() as (connection, _):
            held = [p for page in register.persons.pages(connection, everything) for p in page]
    rows = [(p.addressee, p.institution, p.person, p.registered) for p in held]
    if given.json:
        names = ("addressee", "institution", "person", "registered")
        _print_json([dict(zip(names, row, strict=True)) for row in rows])
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("addressee", "institution", "person", "retired", box=None)
    for *named, registered in rows:
        table.add_row(*map(str, named), "" if registered else "retired")
    Console().print(table)
    return 0


def show_settings(given: argparse.Namespace, settings: Settings) -> int:
    """suivi settings: every setting, its default and what it does."""
    from api.settings import describe

    if given.markdown:
        print("| variable | default | what it does |\n|---|---|---|")
        for name, default, help in describe():
            print(f"| `{name}` | `{default}` | {help} |")
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("variable", "default", "what it does", box=None)
    for row in describe():
        table.add_row(*row)
    Console().print(table)
    return 0


# --- The parser ----------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="suivi",
        description="The record of human-rights recommendations: received, followed up, proved.",
        epilog="The log is where SUIVI_DATABASE_URL says; `suivi settings` lists all settings.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: Any, help: str, to: Any = commands) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = to.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        command.add_argument("--json", action="store_true", help="print JSON, for programs")
        return command

    c = add("import", import_file, "Import a file of recommendations.")
    c.add_argument("file", type=Path, metavar="FILE", help="the file, as it was published")
    c.add_argument("--format", choices=FORMATS, required=True, help="what the file is")
    whom = c.add_mutually_exclusive_group()
    whom.add_argument("--state", metavar="SVN", help="whom it addresses, as ISO 3166 code")
    whom.add_argument("--all-states", action="store_true", help="all States the file addresses")
    c.add_argument("--cycle", type=int, help="the review cycle")
    c.add_argument("--session", type=int, help="the session of the Working Group")
    c.add_argument("--document", metavar="SYMBOL", help="the report's symbol, as A/HRC/43/15")
    c.add_argument("--reviewed", type=_date, metavar="DATE", help="the day of the review")
    c.add_argument(
        "--document-date",
        type=_document_date,
        action="append",
        default=[],
        metavar="SYMBOL=DATE",
        help="the date of a document; positions get theirs from it (repeatable)",
    )
    c.add_argument("--language", default="en", help="language of the file (default: en)")
    c.add_argument("--dry-run", action="store_true", help="record nothing, show what would change")
    c.add_argument("--actor", help="pseudonym of the person who imports")
    c.add_argument("--institution", default="operator", help="the institution that imports")
    c.add_argument("--authority", help="by what decision or mandate")
    c.add_argument(
        "--as-history",
        type=_as_history,
        metavar="KIND=REFERENCE",
        help="record as history what the procedure would not let pass, by this authority: "
        'decision="Cabinet decision 12 of 2020"; needs the role coordinator',
    )

    c = add("serve", serve, "Answer over HTTP.")
    c.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    c.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")

    c = add("feed", feed, "Keep the views up to the log, apart from the server.")
    c.add_argument("--once", action="store_true", help="bring them up to date once, and end")

    c = add("worker", work, "Fire deadlines and reminders when they are due; several may run.")
    c.add_argument("--once", action="store_true", help="fire all that is due now, and end")

    c = add("rebuild", rebuild, "Rebuild the views from the log, beside the running ones.")
    c.add_argument("--view", action="append", choices=VIEWS, help="only this view (repeatable)")

    c = add("export", export, "Export the log, or what the record says.")
    c.add_argument("--format", choices=EXPORTS, default="jsonl", help="default: jsonl, the log")
    c.add_argument(
        "--of",
        metavar="CASE",
        default="recommendation",
        help="whose list: an aggregate that is a case, such as measure (default: recommendation)",
    )
    c.add_argument("--state", metavar="SVN", help="only what is of this State")
    c.add_argument("--cycle", type=int, help="only recommendations of this review cycle")
    c.add_argument("--institution", help="only what is assigned to this institution")
    c.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only what meets a condition of lists, such as overdue=true (repeatable)",
    )
    c.add_argument("--language", default="en", help="language of the texts (default: en)")
    c.add_argument("--log-index", type=int, metavar="N", help="as the record stood at this index")
    c.add_argument(
        "--output", type=Path, metavar="FILE", help="where to (default: standard output)"
    )

    c = add("schema", show_schema, "Print the GraphQL schema.")
    instead = c.add_mutually_exclusive_group()
    instead.add_argument(
        "--steps", action="store_true", help="the JSON Schema of each step's data instead"
    )
    instead.add_argument(
        "--fragment",
        action="store_true",
        help="the fragment that asks for every field of every event instead",
    )
    instead.add_argument(
        "--procedures", action="store_true", help="the JSON Schema of procedures' files instead"
    )
    c.add_argument(
        "--output", type=Path, metavar="FILE", help="where to (default: standard output)"
    )

    add("check", check, "Check the log, the vault and the views against one another.")
    add("erase", erase, "Delete what entries say was erased and is still there.")
    c = add("replay", replay, "Decide every step ever taken again, and compare.")
    c.add_argument("--check", action="store_true", required=True, help="list what would differ")
    c = add("settings", show_settings, "List all settings.")
    c.add_argument("--markdown", action="store_true", help="as the table in docs/settings.md")

    definition = commands.add_parser("definition", help="Check, publish and draw procedures.")
    definitions = definition.add_subparsers(title="commands", metavar="COMMAND", required=True)
    c = add("check", definition_check, "Say whether a procedure is sound.", definitions)
    c.add_argument("file", type=Path, metavar="FILE", help="the definition or overlay")
    c = add("publish", definition_publish, "Publish a State's own procedure.", definitions)
    c.add_argument("file", type=Path, metavar="FILE", help="the definition or overlay")
    c.add_argument("--state", required=True, metavar="SVN", help="the State whose procedure it is")
    c.add_argument("--adopt", action="store_true", help="and let what arrives start under it")
    c.add_argument("--actor", help="pseudonym of the person who publishes")
    c.add_argument("--institution", default="operator", help="the institution that publishes")
    c.add_argument("--authority", help="by what decision or mandate")
    c = add("diagram", definition_diagram, "Draw a procedure.", definitions)
    c.add_argument("file", type=Path, metavar="FILE", help="the definition or overlay")
    c.add_argument("--format", choices=["mermaid", "svg", "scxml"], default="mermaid")
    c.add_argument("--language", default="en", help="language of the labels (default: en)")
    c.add_argument(
        "--output", type=Path, metavar="FILE", help="where to (default: standard output)"
    )

    key = commands.add_parser("key", help="Grant, revoke and list keys.")
    keys = key.add_subparsers(title="commands", metavar="COMMAND", required=True)
    c = add("create", key_create, "Grant a key; it is shown once.", keys)
    c.add_argument("--role", required=True, choices=ROLES)
    c.add_argument("--institution", default="operator", help="the institution it speaks for")
    c.add_argument("--actor", help="pseudonym of the person it is for")
    c.add_argument("--system", help="name of the system it is for, which names persons itself")
    c.add_argument("--authority", help="by what decision or mandate it is granted")
    c.add_argument("--addressee", action="append", default=[], help="only for this State's record")
    c.add_argument(
        "--represents",
        action="append",
        default=[],
        metavar="CODE",
        help="an institution on whose behalf it may speak besides its own",
    )
    c = add("revoke", key_revoke, "Revoke a key.", keys)
    c.add_argument("id", type=UUID, help="the key's id, from `suivi key list`")
    add("list", key_list, "List all keys ever granted.", keys)

    person = commands.add_parser("person", help="Say whom systems may name as acting.")
    persons = person.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command, help in (
        ("register", person_register, "Systems of an institution may name this person."),
        ("retire", person_retire, "Systems name this person no more."),
    ):
        c = add(name, command, help, persons)
        c.add_argument("person", help="the pseudonym")
        c.add_argument("--addressee", required=True, metavar="SVN", help="the State")
        c.add_argument("--institution", required=True, help="the institution's code")
    add("list", person_list, "List all persons ever registered.", persons)
    return parser


def _date(text: str) -> str:
    from domain.entry import is_date

    if not is_date(text):
        raise argparse.ArgumentTypeError(f"“{text}” is not a date: write 2019-11-12")
    return text


def _as_history(text: str) -> Authority:
    from domain.entry import Authority, AuthorityKind

    kind, _, reference = text.partition("=")
    kinds = [known.value for known in AuthorityKind]
    if kind not in kinds or not reference.strip():
        raise argparse.ArgumentTypeError(f"write {'|'.join(kinds)}=REFERENCE, as decision=12/2020")
    return Authority(kind=AuthorityKind(kind), reference=reference.strip())


def _document_date(text: str) -> tuple[str, str]:
    symbol, _, on = text.rpartition("=")
    if not symbol:
        raise argparse.ArgumentTypeError("write SYMBOL=DATE, as A/HRC/43/15/Add.1=2020-02-19")
    return symbol, _date(on)


def _authority(reference: str | None) -> Authority | None:
    from domain.entry import Authority, AuthorityKind

    return Authority(kind=AuthorityKind.DECISION, reference=reference) if reference else None


def _principal(given: argparse.Namespace, service: Service, role: str = "clerk") -> Principal:
    """Who acts: the holder of SUIVI_KEY, else the operator of this installation, in a role."""
    from domain.entry import Authority, AuthorityKind
    from domain.refusals import InvalidInput
    from workflows.access import Principal, Role

    key = os.environ.get("SUIVI_KEY")
    if key:
        principal = service.principal(key)
        if principal is None:
            raise InvalidInput("The key in SUIVI_KEY is unknown or revoked.")
        return principal
    return Principal(
        key=OPERATOR,
        role=Role(role),
        institution=given.institution or "operator",
        authority=_authority(getattr(given, "authority", None))
        or Authority(kind=AuthorityKind.MANDATE, reference="holds the installation"),
        actor=getattr(given, "actor", None),
        system="suivi",
    )


@contextmanager
def _service(settings: Settings, *, also_older: bool = False) -> Iterator[Service]:
    """The service, `also_older`: where the log is older than its views, too."""
    from api.service import Service

    service = Service(settings)
    try:
        if not also_older:
            service.serve_no_older_log()
        yield service
    finally:
        service.close()


def _print_json(value: Any) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())


@contextmanager
def _output(path: Path | None) -> Iterator[Any]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with path.open("wb") as file:
        yield file


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on standard error; none where a program reads or nobody looks."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield tell


if __name__ == "__main__":
    sys.exit(main())
