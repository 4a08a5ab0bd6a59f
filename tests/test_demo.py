"""The demonstration: all that it shows is so, and it touches nothing but its own record."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest

from api import command_line
from demo import matrices, playing, showing, story
from tests.server import Server, own_port, running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CURL = re.compile(
    r"^curl -sG (\S+) \\\n  -H 'Authorization: Bearer (\S+)' \\\n"
    r"  --data-urlencode 'query=(.*?)'$",
    re.DOTALL | re.MULTILINE,
)
SECTION = re.compile(r"^(\d  |Also: |What was refused|Have a look)", re.MULTILINE)
run_seconds_max = 300


class Shown:
    """A demonstration that stands: what it printed, and its server."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sections = SECTION.split(text)[2::2]
        self.queries = [Query(*found) for found in CURL.findall(text)]
        self.address = self.queries[0].address
        keys = re.findall(r"^  (suivi_\S+)\n    ([a-z-]+) of ([a-z-]+):", text, re.MULTILINE)
        self.keys = {(role, institution): key for key, role, institution in keys}

    def ask(self, who: tuple[str, str], query: str) -> Any:
        return Query(self.address, self.keys[who], query).answer()["data"]


class Query:
    """A query as it is printed, to be pasted."""

    def __init__(self, address: str, key: str, query: str) -> None:
        self.address, self.key, self.query = address, key, query

    def answer(self) -> Any:
        """The answer, got with curl where there is one, as a reader would."""
        curl = shutil.which("curl")
        if curl is None:
            return httpx.get(
                self.address,
                params={"query": self.query},
                headers={"Authorization": f"Bearer {self.key}"},
                trust_env=False,
                timeout=60,
            ).json()
        pasted = (
            f"curl -sG {self.address} \\\n  -H 'Authorization: Bearer {self.key}' \\\n"
            f"  --data-urlencode 'query={self.query}'"
        )
        done = subprocess.run(
            ["sh", "-c", pasted],
            capture_output=True,
            check=True,
            env={**os.environ, "no_proxy": "127.0.0.1"},
        )
        return httpx.Response(200, content=done.stdout).json()


@contextmanager
def demonstration(*arguments: str, environment: Mapping[str, str]) -> Iterator[Shown]:
    """Runs the demonstration until its server stands, and ends it by Ctrl-C."""
    port = own_port()
    with subprocess.Popen(
        [sys.executable, "-m", "demo", "--port", str(port), *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        too_late = Timer(run_seconds_max, started.terminate)
        too_late.start()
        try:
            assert started.stdout is not None
            lines = []
            for line in started.stdout:
                lines.append(line.rstrip())
                if line.startswith("The server stays up"):
                    break
            text = "\n".join(lines)
            assert "stays up" in lines[-1], text
            yield Shown(text)
            started.send_signal(signal.SIGINT)
            assert "The server is ended" in started.stdout.read()
            assert started.wait(60) == 0
            with socket.socket() as door:
                assert door.connect_ex(("127.0.0.1", port)) != 0, "the server still answers"
        finally:
            too_late.cancel()
            started.terminate()
            started.wait(60)
            shutil.rmtree(ROOT / "var" / "demo" / str(port), ignore_errors=True)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A demonstration that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=run_seconds_max,
        check=False,
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """An environment in which another record is set, which is no business of the demo's."""
    return {**os.environ, "SUIVI_DATABASE_URL": f"sqlite:///{tmp_path / 'mine.db'}"}


# --- The invented State --------------------------------------------------------------------------


def test_all_that_it_shows_is_so(elsewhere: dict[str, str], tmp_path: Path) -> None:
    with demonstration(environment=elsewhere) as shown:
        look, adoption, split, disagreement, measures, counts, lineage, *more = shown.sections
        report, picture, refusals = more
        assert "127.0.0.1" in look
        assert len(shown.keys) == 6
        assert max(map(len, shown.text.splitlines())) <= 100
        what_was_known_and_what_was_true_are_told_apart(shown, adoption)
        what_the_split_left_is_listed_until_it_is_decided(shown, split)
        the_draft_is_for_its_ministry_alone(shown, disagreement)
        a_measure_is_late_one_is_done_and_one_waits(shown, measures)
        the_counts_agree(shown, counts)
        the_text_is_followed_both_ways(shown, lineage)
        the_evidence_comes_back_as_it_was_uploaded(shown, report)
        the_picture_is_there_for_everybody(shown, picture)
        what_was_refused_left_no_trace(shown, refusals)
        the_example_for_auditors_answers_as_it_says(shown)
    assert list(tmp_path.iterdir()) == []


def what_was_known_and_what_was_true_are_told_apart(shown: Shown, told: str) -> None:
    answer = shown.queries[0].answer()["data"]
    (review,) = shown.ask(
        ("auditor", "audit-office"),
        '{ reviews(addressee: "XAA", cycle: 4) { nodes { adopted { on } logIndex } } }',
    )["reviews"]["nodes"]
    assert review["adopted"]["on"] == story.ADOPTED
    assert f"{{logIndex: {review['logIndex']}}}" in told
    # The addendum is of a day before the adoption, and was recorded last of all.
    first, late = answer["true"]["positions"]
    assert (first["answer"], late["answer"]) == ("NOTED", "SUPPORTED")
    assert first["effectiveOn"] < late["effectiveOn"] < story.ADOPTED
    assert first["logIndex"] < review["logIndex"] < late["logIndex"]
    assert answer["known"] == {"position": "NOTED", "positions": [first]}
    assert answer["true"] == answer["now"] == {"position": "SUPPORTED", "positions": [first, late]}
    known, true, now = (answer[f"{name}InAll"]["totalCount"] for name in ("known", "true", "now"))
    assert (known, true, now) == (matrices.CYCLE_4.supported, known + 1, known + 1)
    assert re.search(rf": known +noted +{known} +noted {first['effectiveOn']}\n", told)
    for when in (": true", ": now"):
        assert re.search(rf"{when} +supported +{true} +noted ", told)


def the_example_for_auditors_answers_as_it_says(shown: Shown) -> None:
    page = (ROOT / "docs" / "auditing.md").read_text()
    (query,) = re.findall(r"```graphql\n(.*?)```", page, re.DOTALL)
    answer = shown.ask(("auditor", "audit-office"), query)
    told = ", ".join(f"`{answer[name]['position']}`" for name in ("known", "true", "both"))
    assert f"gives {told}:" in " ".join(page.split())


def what_the_split_left_is_listed_until_it_is_decided(shown: Shown, told: str) -> None:
    answer = shown.queries[1].answer()["data"]
    left, now = (
        {(node["cycle"], node["paragraph"]) for node in answer[name]["nodes"]}
        for name in ("left", "now")
    )
    assert left - now == {(4, story.HANDED_OVER[1])}
    assert now < left
    # Nothing else is listed than what the ministry led on that day and nobody had closed.
    led = {
        step.at
        for step in story.STORY
        if step.mutation == "assignRecommendation" and step.fields["institution"] == story.SPLIT
    }
    closed = {step.at for step in story.STORY if step.mutation == "closeRecommendation"}
    cycles = {story.CYCLE_3: 3, story.CYCLE_4: 4}
    assert left == {(cycles[symbol], paragraph) for symbol, paragraph in led - closed}
    assert f"left {len(left)} assignments to nobody" in told.replace("\n", " ")
    assert f"{len(now)} still wait" in told.replace("\n", " ")
    held = {
        i["code"]: (i["status"], i["successorCodes"], i["orphanedCount"])
        for i in answer["institutions"]["nodes"]
    }
    assert held[story.SPLIT] == ("SPLIT", ["moc", "mpp"], len(now))
    assert held["mol"] == ("MERGED", ["mlsa"], 0)
    for institution in answer["institutions"]["nodes"]:
        assert in_words(institution["name"], told)
    over, after = answer["decided"]["assignments"]
    assert (over["institutionCode"], over["status"]) == ("moj", "HANDED_OVER")
    assert (after["institutionCode"], after["status"]) == ("mpp", "ASSIGNED")


def the_evidence_comes_back_as_it_was_uploaded(shown: Shown, told: str) -> None:
    (report,) = shown.queries[7].answer()["data"]["progressReports"]["nodes"]
    assert report["status"] == "PUBLISHED"
    covered = {(one["symbol"], one["paragraph"]) for one in report["covers"]["nodes"]}
    assert len(covered) == 3
    assert all(
        f"{paragraph} of {symbol}" in told.replace("\n", " ") for symbol, paragraph in covered
    )
    (held,) = report["evidence"]
    address, key = re.findall(r"^curl -s (\S+) .*\n.*Bearer (\S+)'", told, re.M)[-1]
    assert address.endswith(held["file"]["url"])
    got = httpx.get(address, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    assert got.content == story.INSPECTIONS.body
    assert story.INSPECTIONS.name in got.headers["Content-Disposition"]
    assert httpx.get(address, trust_env=False).status_code == 401


def the_picture_is_there_for_everybody(shown: Shown, told: str) -> None:
    address, place = re.findall(r"^  (\S+)$", told, re.MULTILINE)
    got = httpx.get(address, trust_env=False)
    assert got.headers["Content-Type"].startswith("image/svg+xml")
    assert (ROOT / place).read_bytes() == got.content
    figures = shown.ask(
        ("reader", "public"),
        "{ progress(by: CYCLE) { key paragraphs { total accepted: atStage(stage: ACCEPTED) } } }",
    )["progress"]
    assert [row["key"] for row in figures] == ["3", "4"]
    for row in figures:
        count = row["paragraphs"]
        said = rf"\b{row['key']}: {count['total']} \(Received 0, Accepted {count['accepted']}, "
        assert re.search(said, got.text)


def a_measure_is_late_one_is_done_and_one_waits(shown: Shown, told: str) -> None:
    answer = shown.queries[4].answer()["data"]
    status = {node["code"]: node["status"] for node in answer["measures"]["nodes"]}
    assert status == {
        story.INSPECTED[1]: "DELAYED",
        story.EXPLAINED[1]: "COMPLETED",
        story.SHELTERED[1]: "UNDER_WAY",
        story.TRAINED[1]: "PROPOSED",
    }
    assert [node["code"] for node in answer["late"]["nodes"]] == [story.INSPECTED[1]]
    assert "The clock recorded: deadline passed" in " ".join(told.split())
    assert "2029-09-30 mlsa is reminded of 9.3" in " ".join(told.split())
    assert "2 of 2 others have approved it (1 have)" in " ".join(told.split())
    trail = shown.ask(
        ("auditor", "audit-office"),
        """{ measures(where: {addressee: ["XAA"]}) { nodes { code history { nodes { actor
            event { ... on StepApproved { step } } } } } } }""",
    )["measures"]["nodes"]
    approved = {
        node["code"]: {e["actor"] for e in node["history"]["nodes"] if e["event"].get("step")}
        for node in trail
    }
    assert approved[story.INSPECTED[1]] == {"p-okoro", "p-reyes"}
    assert approved[story.TRAINED[1]] == {"p-okoro"}


def the_counts_agree(shown: Shown, told: str) -> None:
    answer = shown.queries[5].answer()["data"]
    for cycle, figures in ((3, matrices.CYCLE_3), (4, matrices.CYCLE_4)):
        # The receipt that the import printed, then the table.
        assert re.search(
            rf"^paragraphs +{figures.paragraphs} +{figures.supported} +{figures.noted} +0$",
            shown.text,
            re.MULTILINE,
        )
        assert re.search(rf"^pairs \(paragraph and State\) +{figures.pairs} ", shown.text, re.M)
        for unit, documents, name in (
            ("supported in all", figures.supported, f"supported{cycle}"),
            ("noted in all", figures.noted, f"noted{cycle}"),
            ("paragraphs", figures.paragraphs, f"all{cycle}"),
        ):
            now = answer[name]["totalCount"]
            assert re.search(rf"{unit} +{documents} +{documents} +{now}\n", told), (unit, cycle)
        assert re.search(rf"pairs of paragraph and State +{figures.pairs} +{figures.pairs}\n", told)
        nodes = shown.ask(
            ("reader", "public"),
            f"{{ recommendations(where: {{cycle: {cycle}}}, first: 100) "
            "{ nodes { parts { recommenders { code } } } } }",
        )["recommendations"]["nodes"]
        pairs = sum(
            len({state["code"] for part in node["parts"] for state in part["recommenders"]})
            for node in nodes
        )
        assert (len(nodes), pairs) == (figures.paragraphs, figures.pairs)
    # One answer was changed at mid-term and one by a second addendum; the first ones stay.
    assert answer["supported3"]["totalCount"] == matrices.CYCLE_3.supported + 1
    assert answer["noted3"]["totalCount"] == matrices.CYCLE_3.noted - 1
    assert answer["supported4"]["totalCount"] == matrices.CYCLE_4.supported + 1
    assert answer["noted4"]["totalCount"] == matrices.CYCLE_4.noted - 1
    for name, dates in (
        ("midTerm", ("2020-06-15", "2022-11-30")),
        ("late", ("2025-09-08", "2025-09-19")),
    ):
        positions = [(p["answer"], p["effectiveOn"]) for p in answer[name]["positions"]]
        assert positions == list(zip(("NOTED", "SUPPORTED"), dates, strict=True))
        assert all(date in told for date in dates)
    for state in answer["shared"]["parts"][0]["recommenders"]:
        assert state["printed"] in told


def the_draft_is_for_its_ministry_alone(shown: Shown, told: str) -> None:
    read_by_auditor, read_by_ministry = (query.answer() for query in shown.queries[2:4])
    found = read_by_auditor["data"]["recommendation"]
    assert [(a["assessorKind"], a["common"]) for a in found["assessments"]] == [
        ("STATE", "IMPLEMENTED"),
        ("NHRI", "PARTLY_IMPLEMENTED"),
        ("TREATY_BODY", "NOT_IMPLEMENTED"),
    ]
    for assessment in found["assessments"]:
        assert in_words(assessment["finding"]["text"], told)
        assert assessment["effectiveOn"] in told
    assert story.DRAFT_ONLY not in str(read_by_auditor)
    assert story.DRAFT_ONLY in str(read_by_ministry)
    before_ministry, _, after = told.partition("With the ministry's own key")
    assert "Reports the auditor reads: mid-term (published)." in before_ministry
    assert story.DRAFT_ONLY not in before_ministry
    assert "progress (drafted)." in after
    assert story.DRAFT_ONLY in after

    # The last page of the feed shows what was said, like any other.
    query = """{ events(first: 500) { nodes {
        event { ... on ProgressDrafted { narrative { text } } } } } }"""
    who_reads_it = {who for who in shown.keys if story.DRAFT_ONLY in str(shown.ask(who, query))}
    assert who_reads_it == {("focal-point", "moj"), ("coordinator", "nmirf")}


def the_text_is_followed_both_ways(shown: Shown, told: str) -> None:
    later = shown.queries[6].answer()["data"]["recommendation"]
    (link,) = later["lineage"]
    earlier = link["recommendation"]
    assert (link["type"], link["direction"]) == ("BROADENS", "EARLIER")
    assert (earlier["symbol"], earlier["paragraph"]) == story.EARLIER
    assert [back["direction"] for back in earlier["lineage"]] == ["LATER"]
    for entry in (*earlier["history"]["nodes"], *later["history"]["nodes"]):
        assert entry["effectiveOn"] in told
        assert entry["recordedAt"][:10] in told
        assert f" {entry['logIndex']} " in told.replace("\n", " \n ")
        for said in (
            entry["actor"],
            entry["system"],
            entry["role"],
            entry["institution"],
            entry["onBehalfOf"],
            entry["authority"]["reference"],
            entry["reason"],
        ):
            assert in_words(showing.shortened(said or ""), told), entry
    assert "broadens the earlier 119.1" in told


def what_was_refused_left_no_trace(shown: Shown, told: str) -> None:
    nodes = shown.ask(
        ("coordinator", "nmirf"), "{ events(after: 320, first: 500) { nodes { commandId } } }"
    )["events"]["nodes"]
    recorded = {node["commandId"] for node in nodes if re.match(r"demo-\d", node["commandId"])}
    assert recorded == {
        f"demo-{number:03}"
        for number, step in enumerate(story.STORY, start=1)
        if step.refused is None
    }
    for code in ("STALE_VERSION", "FORBIDDEN", "FOUR_EYES"):
        assert code in told
    for before, after in re.findall(r"was (\d+) before and (\d+)", told.replace("\n", " ")):
        assert before == after


def in_words(said: str | None, told: str) -> bool:
    """True if all words of a text that may be wrapped were told."""
    return all(word in told for word in (said or "").split())


def test_playing_the_story_again_records_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUIVI_DATABASE_URL", sqlite_url)
    matrices.main([str(tmp_path)])
    for review in matrices.DEMONSTRATION.reviews:
        file = str(tmp_path / review.file_name)
        assert command_line.main(["import", file, "--format=ohchr-matrix", "--state=XAA"]) == 0
    with running(sqlite_url) as server:
        for name, holder in story.HOLDERS.items():
            server.grant(
                name,
                holder.role,
                holder.institution,
                actor=holder.actor,
                system=holder.system,
                addressees=(story.STATE,),
                represents=holder.represents,
            )
        server.register("nmirf", *story.PERSONS, addressee=story.STATE)
        ask = asking(server)
        put = putting(server)
        refusals = playing.play(ask, put)
        size = server.size()
        assert [refusal.code for refusal in refusals] == ["STALE_VERSION", "FORBIDDEN", "FOUR_EYES"]
        assert all(r.log_index == r.log_index_after for r in refusals)
        playing.play(ask, put)
        assert server.size() == size


def asking(server: Server) -> playing.Ask:
    def ask(who: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        data: dict[str, Any] = server.ask(who, query, **(variables or {}))
        return data

    return ask


def putting(server: Server) -> playing.Put:
    def put(who: str, file: story.File) -> str:
        answer = server.client.put(
            "/files",
            params={"addressee": story.STATE, "name": file.name},
            content=file.body,
            headers=server.headers(who, **{"Content-Type": file.media_type}),
        )
        assert answer.status_code == 201
        id: str = answer.json()["id"]
        return id

    return put


# --- One's own files -----------------------------------------------------------------------------


def no_work_is_invented(shown: Shown, paragraphs: tuple[int, int, int]) -> None:
    """What a record of one's own file shows; paragraphs: all, supported, noted."""
    counts, history = (query.answer()["data"] for query in shown.queries)
    units = ("all", "supported", "noted")
    assert tuple(counts[unit]["totalCount"] for unit in units) == paragraphs
    for unit, number in zip(units, paragraphs, strict=True):
        assert re.search(rf"^{unit} +{number} +{number} *$", shown.text, re.MULTILINE)
    told = history["recommendation"]["history"]["nodes"]
    types = [entry["event"]["__typename"] for entry in told]
    assert types[:2] == ["Received", "PositionTaken"]
    assert set(types[2:]) <= {"Classified"}
    assert set(shown.keys) == {
        ("coordinator", "nmirf"),
        ("auditor", "audit-office"),
        ("reader", "public"),
    }
    # Nobody's decree is invented for a record of one's own files.
    assert story.DECREE not in shown.text


# The test below holds the fact in `make check`, on an invented matrix; that this file is imported
# with these numbers, tests/test_importing.py holds.
@pytest.mark.endurance(only=True)
def test_a_real_matrix_is_imported_and_no_work_is_invented(
    test_data: Path, elsewhere: dict[str, str]
) -> None:
    file = test_data / "ohchr" / "UPR20__Slovenia_ThematicListRecommendations_E.docx"
    if not file.is_file():
        pytest.skip(f"there is no {file.name}")
    with demonstration(str(file), environment=elsewhere) as shown:
        no_work_is_invented(shown, (163, 142, 21))
        assert re.search(r"^pairs \(paragraph and State\) +180 +155 +25", shown.text, re.M)


def test_a_file_that_does_not_say_its_state_is_refused_with_the_option_that_helps(
    elsewhere: dict[str, str], tmp_path: Path
) -> None:
    matrices.main([str(tmp_path)])
    file = tmp_path / matrices.DEMONSTRATION.reviews[1].file_name
    port = str(own_port())
    refused = run("--port", port, str(file))
    shutil.rmtree(ROOT / "var" / "demo" / port, ignore_errors=True)
    assert refused.returncode == 1
    assert f'make demo DATA="--state SVN {file}"' in refused.stdout.replace("\n", "")
    with demonstration("--state", "XAA", str(file), environment=elsewhere) as shown:
        figures = matrices.CYCLE_4
        no_work_is_invented(shown, (figures.paragraphs, figures.supported, figures.noted))


# Ctrl-C, by which the others are ended in `make check`, takes the same way out.
@pytest.mark.endurance(only=True)
def test_a_demonstration_ends_by_itself_once_it_has_stayed_as_long_as_was_asked(
    tmp_path: Path,
) -> None:
    matrices.main([str(tmp_path)])
    file = tmp_path / matrices.DEMONSTRATION.reviews[1].file_name
    port = str(own_port())
    try:
        done = run("--port", port, "--stay", "0", "--state", "XAA", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        shutil.rmtree(ROOT / "var" / "demo" / port, ignore_errors=True)


def test_a_port_that_is_taken_is_said_and_nothing_is_written() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stdout
    assert "make demo PORT=" in refused.stdout
    assert not (ROOT / "var" / "demo" / str(port)).exists()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["/nowhere/matrix.docx"], 1, "There is no file /nowhere/matrix.docx"),
        ([str(ROOT / "README.md")], 1, "is of no kind that the demo imports"),
        (["--port", "0"], 2, "give a number from 1 to 65535"),
        (["--port", "many"], 2, "give a number from 1 to 65535"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], code: int, told: str) -> None:
    if "--port" not in arguments:
        arguments = ["--port", str(own_port()), *arguments]
    refused = run(*arguments)
    assert refused.returncode == code
    assert told in refused.stdout + refused.stderr
