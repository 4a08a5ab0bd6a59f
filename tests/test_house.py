"""The house around the code: locks, licences, doors, and what no committed file may hold."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "workflows", "projections", "api")
LOCKS = ("requirements.lock", "requirements-dev.lock")

# The patterns are written so that they do not find themselves.
NEVER_COMMITTED = {
    "a path of one machine": r"(?<![\w.$}])/(?:work|farm|root|home|Users)/\w",
    "a package index's address": r"(?i)pypi\.org|pythonhosted\.org|registry\.npmjs|/simple/\w"
    r"|index[-_]url\b|find[-_]links\b|trusted[-_]host\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token": r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|github_pat_\w{60}|xox[abpr]-\w{10}"
    r"|eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,})",
    "a password in a URL": r"://[^\s/:@\"'{}<$]+:(?!password@|secret@|…@)[^\s/:@\"'{}<$]+@",
}

# LGPL-3.0: psycopg is imported as it is, unmodified and replaceable, which the licence allows a
# work of any licence to do. Nothing else under a copyleft licence may come in unnoticed.
COPYLEFT_ALLOWED = {"psycopg", "psycopg-binary", "psycopg-pool"}


def ours() -> list[Path]:
    """The files of this repository: committed, or about to be."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git repository: nothing says which files are ours")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def pins(lock: str) -> dict[str, str]:
    """name → version, for everything that the lock holds."""
    text = (ROOT / lock).read_text()
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!-]+)", text, re.M)
    }


def project() -> dict[str, list[Requirement]]:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = [Requirement(line) for line in told["project"]["dependencies"]]
    dev = [Requirement(line) for line in told["dependency-groups"]["dev"]]
    build = [Requirement(line) for line in told["build-system"]["requires"]]
    return {"requirements.lock": runtime, "requirements-dev.lock": [*runtime, *dev, *build]}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_file_by_hash_and_names_no_place(lock):
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[\w])", text.split("\n", 2)[2])
    assert len(entries) == len(pins(lock)) > 20
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert not re.search(r"file:|:/{2}|(?<=\s)[@/]|^-", text, re.M)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_in_step_with_pyproject(lock):
    """If you are here because you changed a dependency: run `make lock`."""
    pinned = pins(lock)
    for wanted in project()[lock]:
        version = pinned.get(canonicalize_name(wanted.name))
        assert version, f"{wanted.name} is in pyproject.toml and not in {lock}: make lock"
        assert wanted.specifier.contains(version), f"{wanted} is not met by {version}: make lock"


def test_what_is_served_is_what_was_tested():
    runtime, dev = (pins(lock) for lock in LOCKS)
    assert runtime.items() <= dev.items()


def test_no_file_holds_a_machine_an_index_or_a_credential():
    found = []
    for path in ours():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture or a document
        for what, pattern in NEVER_COMMITTED.items():
            for hit in re.finditer(pattern, text):
                line = text.count("\n", 0, hit.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line}: {what}: {hit[0]!r}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("open('/ro" + "ot/x')", "a path of one machine"),
        ("see /wo" + "rk/main", "a path of one machine"),
        ("https://py" + "pi.org/simple", "a package index's address"),
        ("--index" + "-url x", "a package index's address"),
        ("-----BEGIN EC PRIV" + "ATE KEY-----", "a private key"),
        ("ghp" + "_" + "a" * 36, "a token"),
        ("postgresql://suivi:hunter2" + "@db/suivi", "a password in a URL"),
    ],
)
def test_the_patterns_find_what_they_are_for(bad, what):
    assert re.search(NEVER_COMMITTED[what], bad)


def test_the_container_files_hold_no_password():
    compose = (ROOT / "docker-compose.yml").read_text()
    secrets = re.findall(r"^ *(\w*(?:PASSWORD|SECRET|TOKEN|KEY)\w*): *(.*)$", compose, re.M)
    assert secrets
    for name, value in secrets:
        assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name} has a default: {value}"
    assert not re.search(r"PASSWORD|SECRET|TOKEN", (ROOT / "Dockerfile").read_text())


def test_every_make_target_that_we_tell_of_exists_and_is_told_in_help():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.M))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.M)
    assert targets == set(phony.split())
    readers = [p for p in ours() if p.suffix == ".md" or p.name in {"run", "Dockerfile"}]
    for path in readers:
        told = set(re.findall(r"(?:^|`|\$ )make ([a-z]+)", path.read_text(), re.M))
        assert told <= targets, f"{path.relative_to(ROOT)} tells of {told - targets}"


def test_no_runtime_licence_asks_more_of_us_than_we_know():
    unknown = {}
    for name in pins("requirements.lock"):
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or Python: its marker says no here
        told = [about.get("License-Expression", ""), about.get("License", "")[:80]]
        told += [c for c in about.get_all("Classifier", []) if c.startswith("License ::")]
        licence = " ".join(told).strip()
        copyleft = re.search(r"\b[AL]?GPL|General Public License|SSPL|Commons Clause", licence)
        if not licence or (copyleft and name not in COPYLEFT_ALLOWED):
            unknown[name] = licence
    assert not unknown


def test_every_direct_dependency_has_its_reason():
    """If you are here because you added a dependency: say in that decision what it is for."""
    text = (ROOT / "docs/decisions/0002-dependencies.md").read_text()
    told = {canonicalize_name(name) for name in re.findall(r"^\| `([\w-]+)", text, re.M)}
    assert told == {canonicalize_name(r.name) for r in project()["requirements-dev.lock"]}


def test_the_domain_imports_the_standard_library_and_msgspec_and_nothing_else():
    allowed = {*sys.stdlib_module_names, "msgspec", "domain"}
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            strange = {name.partition(".")[0] for name in names} - allowed
            assert not strange, f"{path.relative_to(ROOT)}:{node.lineno} imports {strange}"


@pytest.mark.slow
def test_who_may_do_what_is_decided_in_the_workflows():
    """`api` asks for a step, and the workflows refuse it: nothing of it calls `authorise`."""
    for path in sorted((ROOT / "api").glob("**/*.py")):
        imported = {
            f"{node.module}.{name.name}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }
        wrong = [name for name in imported if name.startswith("workflows.access.authorise")]
        assert not wrong, (path.name, wrong)


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_four_packages(tmp_path):
    files = {path.relative_to(ROOT) for path in ours()}
    wanted = {path for path in files if path.parts[0] in PACKAGES}
    for path in [*wanted, Path("pyproject.toml"), Path("LICENSE")]:
        (tmp_path / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / "source" / path)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"),
            *("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", tmp_path, "."),
        ],
        cwd=tmp_path / "source",
        check=True,
    )
    (wheel,) = tmp_path.glob("suivi-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {Path(name) for name in archive.namelist()}
    assert not {str(path) for path in wanted - held}, "name their kind in package-data"
    assert not {path.parts[0] for path in held} - {*PACKAGES, f"{wheel.name[:11]}.dist-info"}
