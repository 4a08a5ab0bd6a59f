"""What can be taken away and brought back: lists, the matrix, worklists, plots; and words found."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook

from api.conditions import names
from projections.recommendations import Where
from tests.server import STORES, Server, running, store
from tests.test_register_api import imported, upload
from tests.test_worklist import saved_again
from workflows.ohchr_matrix import read_matrix

POSITION = {"organ": "ADDENDUM", "instrument": "A/HRC/59/15/Add.1", "printed": "Supported"}
TEXTS = {
    "zh": "采取措施保护妇女的人权",
    "ar": "اتخاذ تدابير لحماية حقوق الإنسان للمرأة",
    "en": "Take measures against torture",
}


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with store(request, tmp_path_factory) as url, running(url) as served:
        for language, text in TEXTS.items():
            states = ["France", "Chile"]
            parts = [{"text": text, "recommendingStates": states}]
            id = served.receive(language=language, parts=parts, session="48")
            served.step("coordinator", "acceptRecommendation", id, **POSITION)
            goal = {"vocabulary": "sdg", "version": "2015", "code": "5", "label": "Equality"}
            served.step("coordinator", "classifyRecommendation", id, terms=[goal])
            said = {"institution": "justice", "effectiveOn": "2025-01-01"}
            served.step("coordinator", "offerAssignment", id, **said)
        yield served


def got(server: Server, path: str, who: str = "coordinator", **params: Any) -> Any:
    return server.client.get(path, params=params, headers=server.headers(who))


@pytest.mark.parametrize(
    ("query", "language"),
    [("人权", "zh"), ("妇女", "zh"), ("حقوق الإنسان", "ar"), ("المرأة", "ar"), ("tortures", "en")],
)
def test_a_query_finds_what_it_should_in_its_language(server: Server, query: str, language: str):
    asked = "query($s: String!) { recommendations(search: $s) { totalCount nodes { text } } }"
    found = server.ask("reader", asked, s=query)["recommendations"]
    assert [node["text"] for node in found["nodes"]] == [TEXTS[language]]
    last = server.ask("reader", "{ logIndex }")["logIndex"]
    then = "query($s: String!, $i: Int!) { recommendations(search: $s, asOf: {logIndex: $i}) "
    back = server.ask("reader", then + "{ totalCount } }", s=query, i=last)
    assert back["recommendations"]["totalCount"] == 1


def test_figures_by_cells_and_one_by_one_are_the_same(server: Server):
    asked = """query($w: RecommendationWhere) { progress(by: SDG, where: $w) { key label version
        paragraphs { total open supported noted pending positions { value count } assignments
        { value count } implementation { value count } reporting { value count }
        stages { value count } atStage(stage: ACCEPTED) }
        parts { total } pairs { total } grades { grade } } }"""
    cells = server.ask("reader", asked, w={"addressee": ["SVN"]})["progress"]
    slowly = server.ask("reader", asked, w={"addressee": ["SVN"], "sdg": ["5"]})["progress"]
    assert cells == slowly
    assert [(row["key"], row["pairs"]["total"]) for row in cells] == [("5", 6)]
    for by in ("ALL", "CYCLE", "THEME", "INSTITUTION", "MONTH", "ADDRESSEE", "BODY"):
        query = f"{{ progress(by: {by}, mergeDuplicates: false) {{ key paragraphs {{ total }} }} }}"
        assert server.ask("auditor", query)["progress"] is not None


@pytest.mark.parametrize(
    "as_of", ["{}", '{logIndex: 1, recordedAt: "2025-01-01T00:00:00Z"}', "{logIndex: null}"]
)
def test_one_standpoint_is_named_and_no_more(server: Server, as_of: str):
    assert (
        "errors" in server.post("reader", f"{{ reviews(asOf: {as_of}) {{ totalCount }} }}").json()
    )


@pytest.mark.parametrize(
    "said", ["asOf: {logIndex: 999999}", 'effectiveOn: "2025"', 'effectiveOn: "soon"']
)
def test_a_standpoint_that_is_none_is_refused(server: Server, said: str):
    error = server.refused("reader", f"{{ reviews({said}) {{ totalCount }} }}")
    assert error["extensions"]["code"] == "INVALID_INPUT"


def test_one_looks_back_by_the_recording_clock(server: Server):
    asked = """query($t: DateTime!) { recommendations(asOf: {recordedAt: $t}) { totalCount }
        events(first: 5, asOf: {recordedAt: $t}) { nodes { logIndex } }
        overdue: recommendations(where: {overdue: true}, effectiveOn: "2025-02-01")
        { totalCount } }"""
    now = server.ask("reader", asked, t="2099-01-01T00:00:00Z")
    assert now["recommendations"]["totalCount"] == 3
    assert server.ask("reader", asked, t="1999-01-01T00:00:00Z")["recommendations"] == {
        "totalCount": 0
    }
    assert now["overdue"]["totalCount"] == 0


def test_lists_are_taken_away_as_tables(server: Server):
    answer = got(server, "/exports/csv", state="SVN", cycle="4")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["position"] for row in rows] == ["supported"] * 3
    assert {row["text"] for row in rows} == set(TEXTS.values())
    assert got(server, "/exports/xlsx", logIndex="3").content[:2] == b"PK"
    assert got(server, "/exports/csv", "reader", search="torture").text.count("\r\n") == 2


def test_an_export_leaves_no_file_behind_however_its_reader_goes(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    here = {"headers": server.headers("coordinator")}
    for format in ("csv", "xlsx", "ocel", "xes"):
        path = f"/exports/{format}"
        whole = server.client.get(path, **here)
        head = server.client.head(path, **here)
        assert (head.status_code, head.content) == (200, b"")
        if format == "csv":
            assert head.headers["content-length"] == str(len(whole.content))
        with server.client.stream("GET", path, **here):
            pass  # hung up before the body was read
    refused = server.client.get("/exports/ohchr-matrix", **here)
    assert refused.status_code == 400
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module", params=STORES)
def varied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Recommendations in different conditions, to two States."""
    with store(request, tmp_path_factory) as url, running(url) as served:
        one, two, three, four, *_ = [served.receive(cycle=3 + n % 2) for n in range(5)]
        served.receive(addressee="HRV")
        served.receive(mechanism="TREATY_BODY", body="CRC", cycle=None)
        served.step("coordinator", "acceptRecommendation", one, **POSITION)
        served.step("coordinator", "noteRecommendation", two, **POSITION)
        said = {"institution": "justice", "answerDue": "2025-06-01"}
        for id in (one, three):
            served.step("coordinator", "offerAssignment", id, **said)
        theme = {"vocabulary": "theme", "version": "2025", "label": "Women's rights"}
        served.step("coordinator", "classifyRecommendation", four, terms=[theme])
        yield served


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    ({}, {}, 7),
    ({"position": "supported"}, {"position": ["SUPPORTED"]}, 1),
    ({"position": ["supported", "NOTED"]}, {"position": ["SUPPORTED", "NOTED"]}, 2),
    ({"overdue": "true"}, {"overdue": True}, 2),
    ({"overdue": "true", "position": "pending"}, {"overdue": True, "position": ["PENDING"]}, 1),
    ({"overdue": "false", "state": "SVN"}, {"overdue": False, "addressee": ["SVN"]}, 4),
    ({"addressee": ["SVN", "HRV"], "cycle": "3"}, {"cycle": [3]}, 3),
    ({"mechanism": "treaty-body"}, {"mechanism": ["TREATY_BODY"]}, 1),
    ({"theme": "women's rights"}, {"theme": ["women's rights"]}, 1),
    ({"recommendingState": "FRA", "cycle": "4"}, {"recommendingState": ["FRA"], "cycle": [4]}, 3),
    ({"institution": "justice"}, {"institution": ["justice"]}, 2),
    ({"undecided": "false"}, {"undecided": False}, 2),
    ({"open": "false"}, {"open": False}, 0),
]


@pytest.mark.parametrize(("params", "where", "count"), CONDITIONS)
def test_lists_and_histories_are_taken_away_by_the_conditions_of_lists(
    varied: Server, params: dict[str, Any], where: dict[str, Any], count: int
):
    query = """query($w: RecommendationWhere) { recommendations(where: $w, first: 200) {
        nodes { paragraph } } }"""
    found = varied.ask("coordinator", query, w=where)["recommendations"]["nodes"]
    answer = got(varied, "/exports/csv", **params)
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert [row["paragraph"] for row in rows] == [one["paragraph"] for one in found]
    assert len(found) == count
    assert got(varied, "/exports/xes", **params).text.count("<trace") == count
    objects = got(varied, "/exports/ocel", **params).json()["objects"]
    assert sum(one["type"] == "recommendation" for one in objects) == count
    assert got(varied, "/exports/xlsx", **params).content[:2] == b"PK"


def test_a_worklist_holds_what_meets_further_conditions(varied: Server, tmp_path: Path):
    for params, paragraphs in (({}, 2), ({"position": "pending"}, 1)):
        answer = got(varied, "/exports/worklist", "justice", institution="justice", **params)
        path = tmp_path / "worklist.xlsx"
        path.write_bytes(answer.content)
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("Worklist").to_python()
        assert sum(str(row[0]).startswith("140.") for row in sheet) == paragraphs


def test_an_export_knows_every_condition_of_lists_by_its_name_in_graphql(server: Server):
    asked = '{ __type(name: "RecommendationWhere") { inputFields { name } } }'
    fields = server.ask("reader", asked)["__type"]["inputFields"]
    known = names(Where)
    assert {*known} == {"search", *(field["name"] for field in fields)}
    refused = got(server, "/exports/csv", colour="red").json()["errors"][0]["message"]
    assert all(name in refused for name in (*known, "state", "logIndex"))


def test_the_matrix_names_no_institution_that_the_reader_may_not_see(
    sqlite_url: str, tmp_path: Path
):
    with running(sqlite_url) as server:
        id = server.receive()
        server.step("coordinator", "acceptRecommendation", id, **POSITION)
        for institution, visibility in (("justice", "CONFIDENTIAL"), ("labour", "PUBLIC")):
            said = {"institution": institution, "visibility": visibility}
            server.step("coordinator", "assignRecommendation", id, **said)
        for who, told in (("reader", "labour"), ("coordinator", "justice; labour")):
            place = tmp_path / f"{who}.docx"
            answer = got(server, "/exports/ohchr-matrix", who, state="SVN", cycle="4", layout="3")
            assert answer.status_code == 200, answer.text
            place.write_bytes(answer.content)
            assert read_matrix(place).rows[0].comment == f"Responsible: {told}."


def test_the_matrix_is_taken_away_with_its_last_column(server: Server, tmp_path: Path):
    answer = got(server, "/exports/ohchr-matrix", state="SVN", cycle="4", layout="3")
    assert answer.status_code == 200, answer.text
    matrix = read_matrix(answer.content)
    assert [row.position for row in matrix.rows] == ["supported"] * 3


@pytest.mark.parametrize(
    ("format", "params", "status"),
    [
        ("pdf", {}, 400),
        ("csv", {"colour": "red"}, 400),
        ("csv", {"cycle": "four"}, 400),
        ("csv", {"position": "red"}, 400),
        ("csv", {"overdue": "yes"}, 400),
        ("csv", {"review": "x"}, 400),
        ("csv", {"overdue": ["true", "false"]}, 400),
        ("csv", {"theme": ["x"] * 201}, 400),
        ("csv", {"theme": "\0"}, 400),
        ("worklist", {"institution": ["justice", "labour"]}, 400),
        ("ohchr-matrix", {"state": "SVN", "cycle": "4", "position": "noted"}, 400),
        ("ohchr-matrix", {"state": "SVN", "cycle": "4", "layout": "5"}, 400),
        ("worklist", {}, 400),
        ("ohchr-matrix", {}, 400),
        ("ohchr-matrix", {"state": "FRA", "cycle": "9"}, 404),
    ],
)
def test_what_can_not_be_exported_is_refused_with_a_code(
    server: Server, format: str, params: dict[str, Any], status: int
):
    answer = got(server, f"/exports/{format}", **params)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"]
    assert server.client.get(f"/exports/{format}").status_code == 401


def test_a_plot_shows_the_figures_and_is_not_sent_twice(server: Server):
    for params in ({"by": "sdg", "of": "position", "language": "ar"}, {"state": "SVN"}, {}):
        answer = got(server, "/plots/progress.svg", **params)
        assert answer.headers["content-type"].startswith("image/svg+xml")
        svg = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
        assert svg.tag.endswith("svg")
    again = server.client.get(
        "/plots/progress.svg",
        headers=server.headers("coordinator", **{"If-None-Match": answer.headers["etag"]}),
    )
    assert again.status_code == 304
    numbers = ("x", "-1", "²", "9" * 30, "9" * 5_000)
    for wrong in (
        *({"by": "moon"}, {"of": "x"}, {"unit": "x"}),
        *({name: number} for name in ("logIndex", "cycle") for number in numbers),
    ):
        assert got(server, "/plots/progress.svg", **wrong).status_code == 400
    assert server.client.get("/plots/progress.svg").status_code == 401


def test_a_plot_may_be_public(tmp_path: Path):
    with running(f"sqlite:///{tmp_path / 'suivi.db'}", public_plots=True) as server:
        server.receive()
        answer = server.client.get("/plots/progress.svg", params={"logIndex": "0"})
        assert answer.status_code == 200


def test_a_worklist_goes_out_and_comes_back_untouched(server: Server):
    answer = got(server, "/exports/worklist", "justice", institution="justice")
    assert answer.status_code == 200
    id = upload(server, answer.content, name="worklist.xlsx")["id"]
    job = imported(server, "justice", file=id, format="WORKLIST", state=None)
    assert (job["status"], job["receipt"]["rows"], job["receipt"]["new"]) == ("COMPLETED", 3, 0)
    other = imported(server, "labour", file=id, format="WORKLIST", state=None)
    assert (other["status"], other["code"]) == ("FAILED", "FORBIDDEN")


HISTORY = """query($id: ID!) { recommendation(id: $id) { stage
    history { nodes { event { __typename } visibility } } } }"""


def filled_in(server: Server, folder: Path, cells: dict[str, dict[str, Any]]) -> str:
    """Uploads the worklist of justice as a person filled it in, by paragraph; gives the file."""
    path = folder / "worklist.xlsx"
    path.write_bytes(got(server, "/exports/worklist", "justice", institution="justice").content)
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("Worklist").to_python()
    rows = {str(row[0]): number for number, row in enumerate(sheet, 1)}
    said = {(rows[p], heading): v for p, fields in cells.items() for heading, v in fields.items()}
    return str(upload(server, saved_again(path, said), name="worklist.xlsx")["id"])


def test_a_worklist_that_was_sorted_in_between_says_nothing_new(sqlite_url: str, tmp_path: Path):
    with running(sqlite_url) as server:
        for paragraph in ("140.1", "140.2"):
            id = server.receive(paragraph=paragraph)
            server.step("coordinator", "acceptRecommendation", id, **POSITION)
            server.step("coordinator", "offerAssignment", id, institution="justice")
        said = {"Answer": "accept", "Measures planned": "a bill"}
        asked = {"format": "WORKLIST", "state": None}
        file = filled_in(server, tmp_path, {"140.1": said, "140.2": said})
        assert imported(server, "justice", file=file, **asked)["receipt"]["new"] == 4
        kept = tmp_path / "kept.xlsx"
        kept.write_bytes(
            server.client.get(f"/files/{file}", headers=server.headers("justice")).content
        )
        again = upload(server, saved_again(kept, {}, backwards=True), name="again.xlsx")["id"]
        size = server.size()
        receipt = imported(server, "justice", file=again, **asked)["receipt"]
        assert (receipt["new"], receipt["same"], receipt["conflicts"]) == (0, 4, [])
        assert server.size() == size


def test_a_worklist_filled_in_offline_becomes_steps_and_lists_what_came_in_between(
    database_url: str, tmp_path: Path
):
    with running(database_url) as server:
        ids = {}
        for paragraph in ("140.1", "140.2", "140.3"):
            id = ids[paragraph] = server.receive(paragraph=paragraph)
            server.step("coordinator", "acceptRecommendation", id, **POSITION)
            said = {"institution": "justice", "effectiveOn": "2025-01-01"}
            server.step("coordinator", "offerAssignment", id, **said)
        file = filled_in(
            server,
            tmp_path,
            {
                "140.1": {"Answer": "accept", "Measures planned": "a bill", "Progress": "drafted"},
                "140.2": {"Answer": "decline", "Reason": "not ours"},
                "140.3": {"Answer": "accept", "Planned to": "soon"},
            },
        )
        term = {"vocabulary": "sdg", "version": "2015", "code": "16", "label": "Justice"}
        server.step("coordinator", "classifyRecommendation", ids["140.2"], terms=[term])
        size = server.size()
        asked = {"file": file, "format": "WORKLIST", "state": None}
        preview = imported(server, "justice", dryRun=True, **asked)["receipt"]
        assert server.size() == size
        receipt = imported(server, "justice", **asked)["receipt"]
        for said in (preview, receipt):
            assert (said["new"], said["same"], said["unreadable"]) == (3, 0, 1)
            (conflict,) = said["conflicts"]
            assert conflict["reason"] == "stale-version"
            assert said["unreadable_rows"][0]["reason"] == "date-unreadable"
        told = server.ask("justice", HISTORY, id=ids["140.1"])["recommendation"]
        steps = [(e["event"]["__typename"], e["visibility"]) for e in told["history"]["nodes"][-3:]]
        assert steps == [
            ("AssignmentAccepted", "PUBLIC"),
            ("Planned", "PUBLIC"),
            ("ProgressDrafted", "CONFIDENTIAL"),
        ]
        for id in (ids["140.2"], ids["140.3"]):
            untouched = server.ask("justice", HISTORY, id=id)["recommendation"]["history"]["nodes"]
            assert "AssignmentAccepted" not in {e["event"]["__typename"] for e in untouched}
        size = server.size()
        for dry in (True, False):
            again = imported(server, "justice", dryRun=dry, **asked)["receipt"]
            assert (again["new"], again["same"], len(again["conflicts"])) == (0, 3, 1)
        assert server.size() == size, "a second run has nothing to say"
