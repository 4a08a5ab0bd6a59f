"""The demonstration: `make demo`, or `python -m demo [--port N] [--stay SECONDS] [FILE …]`.

Without files it imports two reviews of an invented State and plays six years of ministry work on
them; with files it imports those and plays nothing. All it does goes through the same two doors as
anybody's work: the command line `suivi`, and GraphQL over HTTP. All it writes lies in
`var/demo/PORT`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from demo import matrices, playing, story
from demo.showing import Stage, show_example, show_files, show_keys
from demo.story import HOLDERS, Holder, Step

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
FORMATS = {".docx": "ohchr-matrix"}
"""Ending of a file's name → the format to import it as."""

ready_seconds_max = 60
columns_max = 100


class Failed(Exception):
    """The demonstration can't go on; the message says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the demonstration; exit codes: 0 done or ended by Ctrl-C, 1 failed, 2 wrong usage."""
    given = _parser().parse_args(arguments)
    console = Console()
    console = Console(width=min(console.width, columns_max) if console.is_terminal else columns_max)
    for ending in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(ending, _interrupt)
    try:
        Demonstration(given, console).run()
    except Failed as failure:
        console.print(f"[bold red]The demo stopped.[/] {escape(str(failure))}", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped before the end.")
        return 130
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Shows the record at work: with an invented State, or with your own files.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="lists to import")
    parser.add_argument("--port", type=_port, default=8000, help="port of the server (8000)")
    parser.add_argument(
        "--stay",
        type=float,
        metavar="SECONDS",
        help="end by itself so long after all is shown (default: at Ctrl-C)",
    )
    yours = parser.add_argument_group("what your files do not say, as for `suivi import`")
    for option in ("--state", "--cycle", "--session", "--document", "--reviewed", "--language"):
        yours.add_argument(option)
    yours.add_argument("--document-date", action="append", metavar="SYMBOL=DATE")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"“{text}” is no port: give a number from 1 to 65535")
    return int(text)


class Demonstration:
    """One run: a fresh record, imports, a server, work over HTTP, and what is shown of it."""

    def __init__(self, given: argparse.Namespace, console: Console) -> None:
        self.given = given
        self.console = console
        self.port: int = given.port
        self.folder = ROOT / "var" / "demo" / str(self.port)
        self.keys: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        # Settings and keys of another installation on this machine are not for us.
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SUIVI_")},
            "SUIVI_DATABASE_URL": f"sqlite:///{self.folder / 'suivi.db'}",
            "SUIVI_PUBLIC_PLOTS": "true",
            # Its story is older than its deadlines: they would all pass at once.
            "SUIVI_SERVE_TIMERS": "false",
            "COLUMNS": str(console.width),
        }
        script = Path(sys.executable).with_name("suivi")
        self._suivi = [str(script)]
        if not script.exists():
            self._suivi = [sys.executable, "-m", "api.command_line"]
            paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            self._environment["PYTHONPATH"] = os.pathsep.join(paths)

    def run(self) -> None:
        """The whole of it, in order."""
        self._port_is_free()
        files: list[Path] = self.given.files
        self._readable(files)
        self._fresh()
        receipts = self._import_files(files) if files else self._import_example()
        self._heading("Keys and server")
        names = ("mechanism", "auditor", "reader") if files else tuple(HOLDERS)
        for name in names:
            self._grant(HOLDERS[name])
        self.console.print(f"… and so on: {len(names)} keys.")
        with self._server() as server:
            stage = Stage(self.console, self.address, self.keys, self.ask, self.save)
            if files:
                self._introduce(names)
                show_files(stage, receipts)
            else:
                self._register()
                refusals = self._play()
                self._introduce(tuple(n for n in HOLDERS if n != story.ENDED))
                show_example(stage, receipts, refusals)
            self._stay(server)

    # -- before anything is written

    def _port_is_free(self) -> None:
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind((HOST, self.port))
            except PermissionError:
                raise Failed(
                    f"Port {self.port} is not for you. Choose one above 1023: make demo PORT=8001"
                ) from None
            except OSError:
                other = self.port + 1 if self.port < 65535 else 8001
                raise Failed(
                    f"Port {self.port} is taken, perhaps by another demo. "
                    f"Choose another: make demo PORT={other}"
                ) from None

    def _readable(self, files: list[Path]) -> None:
        for file in files:
            if not file.is_file():
                raise Failed(f"There is no file {file}.")
            if file.suffix.lower() not in FORMATS:
                known = ", ".join(f"{ending} ({name})" for ending, name in FORMATS.items())
                raise Failed(f"{file.name} is of no kind that the demo imports: {known}.")

    def _fresh(self) -> None:
        shown = self.folder.relative_to(ROOT)
        again = self.folder.exists()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.console.print(
            f"[bold]Suivi[/], a demonstration. The record is new and lies in [bold]{shown}[/]"
            + (
                "; that of the last demo on this port is gone."
                if again
                else ", and nothing is written elsewhere."
            ),
            highlight=False,
        )

    # -- importing

    def _import_example(self) -> list[dict[str, Any]]:
        state = matrices.DEMONSTRATION
        receipts = []
        for review in state.reviews:
            file = self.folder / review.file_name
            matrices.write_matrix(
                file,
                matrices.rows_of(review),
                generation=review.generation,
                state_name=state.state,
                cycle=review.cycle,
                session=review.session,
            )
            dates = story.DOCUMENTS[review.cycle].items()
            options = ["--state", state.code, "--cycle", str(review.cycle)]
            options += ["--reviewed", story.REVIEWED[review.cycle]]
            for symbol, on in dates:
                options += ["--document-date", f"{symbol}={on}"]
            options += ["--actor", "p-tamm", "--institution", "nmirf"]
            options += ["--authority", story.DECREE]
            self._heading(
                f"Importing cycle {review.cycle} of the {state.state} ({state.code}), an invented "
                "State"
            )
            self._import(file, options)
            # The same file once more records nothing, and its receipt is for programs.
            receipts.append(self._receipt(file, options))
            self.console.print(
                f"Imported once more: {receipts[-1]['same']} same, {receipts[-1]['new']} new, "
                "nothing recorded.",
                highlight=False,
            )
        return receipts

    def _import_files(self, files: list[Path]) -> list[dict[str, Any]]:
        given = vars(self.given)
        options: list[str] = []
        for name in ("state", "cycle", "session", "document", "reviewed", "language"):
            if given[name] is not None:
                options += [f"--{name}", given[name]]
        for dated in self.given.document_date or ():
            options += ["--document-date", dated]
        receipts = [self._receipt(file, [*options, "--dry-run"]) for file in files]
        for file in files:
            self._heading(f"Importing {file.name}")
            self._import(file, options)
        return receipts

    def _import(self, file: Path, options: list[str]) -> None:
        command = ["import", str(file), "--format", FORMATS[file.suffix.lower()], *options]
        self._show_command(command)
        self.console.file.flush()
        done = subprocess.run([*self._suivi, *command], env=self._environment, check=False)
        if done.returncode:
            raise Failed(f"The import of {file.name} failed.")

    def _receipt(self, file: Path, options: list[str]) -> dict[str, Any]:
        command = ["import", str(file), "--format", FORMATS[file.suffix.lower()], *options]
        try:
            return self._json(command)
        except Failed as failure:
            option = re.search(r"give .*?(--[a-z-]+ [A-Za-z0-9/]+)", str(failure))
            again = ""
            if option and self.given.files:
                again = f'\nSay it like this: make demo DATA="{option[1]} {file}"'
            raise Failed(f"{file.name}: {failure}{again}") from None

    # -- keys

    def _grant(self, holder: Holder) -> None:
        command = ["key", "create", "--role", holder.role, "--institution", holder.institution]
        if holder.role in ("clerk", "focal-point") or (not self.given.files and holder.system):
            command += ["--addressee", story.STATE]
        # Nobody invents persons and decrees for a record of one's own files.
        for option, value, told in (
            ("--system", holder.system, True),
            ("--actor", holder.actor, not self.given.files),
            ("--authority", holder.authority, not self.given.files),
        ):
            if value and told:
                command += [option, value]
        for code in holder.represents:
            command += ["--represents", code]
        if holder.role == "coordinator":
            self._show_command(command)
        granted = self._json(command)
        self.keys[holder.name], self._ids[holder.name] = granted["key"], granted["id"]

    def _register(self) -> None:
        """Persons whom the mechanism's system names as acting."""
        of = ["--addressee", story.STATE, "--institution", HOLDERS["mechanism"].institution]
        for person in story.PERSONS:
            command = ["person", "register", person, *of]
            self._show_command(command)
            done = subprocess.run([*self._suivi, *command], env=self._environment, check=False)
            if done.returncode:
                raise Failed(f"{person} was not registered.")

    def _introduce(self, names: tuple[str, ...]) -> None:
        show_keys(self.console, self.address, {name: self.keys[name] for name in names})

    # -- the server

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/graphql"

    @contextmanager
    def _server(self) -> Iterator[subprocess.Popen[bytes]]:
        command = ["serve", "--host", HOST, "--port", str(self.port)]
        self._show_command(command)
        log = self.folder / "server.log"
        with log.open("wb") as lines:
            # In a session of its own: Ctrl-C is for us, and we end it by its id.
            server = subprocess.Popen(
                [*self._suivi, *command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(server, log)
            yield server
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _wait_until_ready(self, server: subprocess.Popen[bytes], log: Path) -> None:
        until = time.monotonic() + ready_seconds_max
        while time.monotonic() < until:
            if server.poll() is not None:
                raise Failed(_told("The server ended at once.", log))
            asked = http.client.HTTPConnection(HOST, self.port, timeout=5)
            try:
                asked.request("GET", "/health/ready")
                if asked.getresponse().status == 200:
                    self.console.print(
                        f"Ready. The server's log is {log.relative_to(ROOT)}.", highlight=False
                    )
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                asked.close()
            time.sleep(0.1)
        raise Failed(_told(f"The server was not ready after {ready_seconds_max} seconds.", log))

    def _stay(self, server: subprocess.Popen[bytes]) -> None:
        stay: float | None = self.given.stay
        how = "until Ctrl-C" if stay is None else f"for {stay:g} seconds"
        self.console.print()
        self.console.print(f"[bold]The server stays up {how}[/] at {self.address}", highlight=False)
        self.console.file.flush()
        try:
            server.wait(stay)
        except subprocess.TimeoutExpired:
            pass
        except KeyboardInterrupt:
            self.console.print()
        else:
            raise Failed(_told("The server ended by itself.", self.folder / "server.log"))
        self.console.print("The server is ended; the record stays until the next demo on its port.")

    # -- the work

    def _play(self) -> list[playing.Refusal]:
        self._heading("Six years of ministry work, over GraphQL")
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) if console.is_terminal else nullcontext() as bar:
            task = bar.add_task("2020", total=len(story.STORY)) if bar else None

            def tell(done: int, step: Step) -> None:
                if bar is not None and task is not None:
                    bar.update(task, completed=done, description=step.on[:4])

            try:
                refusals = playing.play(self.ask, self.put, tell)
            except playing.Astray as refused:
                raise Failed(f"The story went otherwise than written: {refused}") from None
        self._json(["key", "revoke", self._ids[story.ENDED]])
        taken = len(story.STORY) - len(refusals)
        self.console.print(
            f"{taken} steps taken, {len(refusals)} refused as they should be. The key of the "
            "ministry that ended is revoked.",
            highlight=False,
        )
        return refusals

    def ask(self, who: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Sends a GraphQL request with a holder's key and gives the data."""
        asked = json.dumps({"query": query, "variables": variables}).encode()
        response = json.loads(self._send("POST", "/graphql", self.keys[who], asked))
        if "errors" in response:
            raise Failed(f"The server refused: {response['errors'][0]['message']}")
        data: dict[str, Any] = response["data"]
        return data

    def put(self, who: str, file: story.File) -> str:
        """Uploads a file with a holder's key and gives its UUID."""
        where = f"/files?addressee={story.STATE}&visibility=public&name={quote(file.name)}"
        body = self._send("PUT", where, self.keys[who], file.body, file.media_type)
        id: str = json.loads(body)["id"]
        return id

    def save(self, path: str, name: str) -> str:
        """Gets what the server shows to everybody into a file beside the record; its path."""
        place = self.folder / name
        place.write_bytes(self._send("GET", path))
        return str(place.relative_to(ROOT))

    def _send(
        self,
        method: str,
        path: str,
        key: str | None = None,
        body: bytes | None = None,
        media_type: str = "application/json",
    ) -> bytes:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        headers = {"Content-Type": media_type} if body else {}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        try:
            connection.request(method, path, body, headers)
            answered = connection.getresponse()
            read = answered.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"The server does not answer: {error}") from None
        finally:
            connection.close()
        if answered.status >= 300:
            raise Failed(f"The server answered {method} {path} with {answered.status}: {read!r}")
        return read

    # -- the command line

    def _json(self, command: list[str]) -> dict[str, Any]:
        done = subprocess.run(
            [*self._suivi, *command, "--json"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise Failed(done.stderr.strip() or f"suivi {command[0]} gave no answer.") from None
        if done.returncode:
            raise Failed(answer.get("error", {}).get("message", f"suivi {command[0]} failed."))
        return answer

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{escape(text)}[/]", align="left", style="dim")

    def _show_command(self, command: list[str]) -> None:
        shown = [str(Path(c).relative_to(ROOT)) if c.startswith(f"{ROOT}/") else c for c in command]
        lines = [""]
        for word in (shlex.quote(part) for part in ["$ suivi", *shown]):
            word = "$ suivi" if word == "'$ suivi'" else word
            if len(lines[-1]) + len(word) > columns_max - 4:
                lines[-1] += " \\"
                lines.append("   ")
            lines[-1] += f" {word}" if lines[-1] else word
        self.console.print(Text("\n".join(lines), style="cyan"), soft_wrap=True)


def _told(what: str, log: Path) -> str:
    last = log.read_text(errors="replace").splitlines()[-5:]
    return "\n".join([what, *last])


if __name__ == "__main__":
    sys.exit(main())
