"""Suites of others that we run: where they come from, and what of them. None is committed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import time
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec

from tests.scxml import Session, chart, read
from workflows.procedure.compiled import Compiled
from workflows.procedure.definition import Definition

SCXML = "python-statemachine==3.2.2"
SCXML_SHA256 = "5968c5e07a537f7531b8b1d0a0d5067a3452c88941fa0ac6c244870d48f78325"
"""A source distribution that has W3C's tests of SCXML, their expressions written in Python
(BSD-3-Clause; tests/scxml/w3c)."""

pm4py_seconds_max = 240
"""How long pm4py may take to install; it weighs half a gigabyte."""

XSTATE, LINTED = (Path(__file__).parent / name for name in ("xstate", "linted"))

_IN = re.compile(r"In\('([^']+)'\)")

EXTERNAL = {"test552": "its data lies in another file"}
"""Tests of the mandatory part, beside those of <invoke>, that are left out, and why."""


class NotThere(Exception):
    """A suite can't be had on this machine; says why."""


def scxml_documents(folder: Path) -> list[Path]:
    """W3C's mandatory tests, downloaded into a folder."""
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{SCXML} --hash=sha256:{SCXML_SHA256}\n")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    # What builds it comes ready-made; it alone is wanted as source.
    command += ["--no-deps", "--no-binary", SCXML.partition("==")[0], "--require-hashes"]
    command += ["--dest", str(folder)]
    done = subprocess.run(
        [*command, "--requirement", str(requirement)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotThere(f"{SCXML} can't be downloaded: {done.stderr.strip()[-200:]}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (tests,) = folder.glob("*/tests/scxml/w3c/mandatory")
    return sorted(p for p in tests.glob("*.scxml") if "sub" not in p.name)


def installed(files: Path, folder: Path) -> None:
    """Packages of npm and what runs them, installed into a folder from their lock."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotThere(f"tests/{files.name} needs node and npm, which are not on this machine")
    for file in files.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotThere(f"tests/{files.name} can't be installed: {done.stderr.strip()[-200:]}")


@cache
def invokes(path: Path) -> bool:
    """True if a document starts others, which a procedure does not."""
    return any(element.tag == "invoke" for element in read(path).iter())


def passes(path: Path) -> bool:
    """True if a document ends in its state `pass`."""
    return Session(read(path)).to_its_end().active == ("pass",)


def needs_data(path: Path) -> bool:
    """True if a document has data, expressions or things sent, which only the tests' data model
    makes runnable: the rest is what the kernel runs by itself."""
    own = {"scxml", "state", "parallel", "final", "history", "initial", "transition", "log"}
    own |= {"onentry", "onexit", "raise"}

    def is_own(element: ElementTree.Element) -> bool:
        guard = element.get("cond")
        return element.tag in own and (guard is None or guard.startswith("In("))

    root = read(path)
    chart(root)
    return not all(map(is_own, root.iter()))


def as_definition(path: Path) -> Compiled | None:
    """A document as a procedure of the definition language; None where it asks for more than that
    has: actions (writing a log apart), data, events of its own, several targets."""
    own = {"scxml", "state", "parallel", "final", "history", "transition", "onentry", "log"}
    root = read(path)

    def is_own(element: ElementTree.Element) -> bool:
        guard = element.get("cond")
        return (
            element.tag in own
            and element.get("event") is None
            and (guard is None or _IN.fullmatch(guard) is not None)
            and all(len((element.get(name) or "").split()) < 2 for name in ("target", "initial"))
        )

    if not all(map(is_own, root.iter())):
        return None
    label = {"en": "…"}

    def move(element: ElementTree.Element) -> dict[str, str]:
        found = {"to": element.get("target") or ""}
        if guard := element.get("cond"):
            found["when"] = _IN.sub(r"at \1", guard)
        return found

    def state(element: ElementTree.Element) -> dict[str, Any]:
        found: dict[str, Any] = {"id": element.get("id"), "labels": label}
        kind = element.tag if element.get("type") != "deep" else "deep-history"
        if kind != "state":
            found["kind"] = kind
        moves = [move(child) for child in element if child.tag == "transition"]
        if element.tag == "history":
            return {**found, "initial": moves[0]["to"]}
        within = [state(child) for child in element if child.tag in (*own, "") and child.get("id")]
        initial = {"initial": element.get("initial")} if element.get("initial") else {}
        return {**found, **initial, "states": within, "moves": moves}

    root.tag = "state"
    root.set("id", "whole")
    said = {
        "format": "suivi-procedure/1",
        "name": "document",
        "labels": label,
        "for": {},
        "states": [state(root)],
        "ends": ["pass"],
        "steps": [],
    }
    return Compiled(msgspec.convert(said, Definition))


def passes_as_definition(procedure: Compiled) -> bool:
    """True if a document comes to its state `pass` as a procedure."""
    return "pass" in procedure.begin({}).entered


def pm4py(folder: Path) -> Path:
    """The Python of an environment of its own that has pm4py. It is AGPL: nothing of ours imports
    it, and it runs in processes of its own."""
    lock = Path(__file__).with_name("pm4py") / "requirements.lock"
    python = folder / "bin" / "python"
    made = [
        [sys.executable, "-m", "venv", str(folder)],
        [
            *(str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"),
            *("install", "-qq", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
            *("--requirement", str(lock)),
        ],
    ]
    ends = time.monotonic() + pm4py_seconds_max
    for command in made:
        try:
            left = ends - time.monotonic()
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=left
            )
        except subprocess.TimeoutExpired:
            raise NotThere(f"pm4py took over {pm4py_seconds_max} seconds to install") from None
        if done.returncode:
            raise NotThere(f"pm4py can't be installed: {done.stderr.strip()[-200:]}")
    return python
