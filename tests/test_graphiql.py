"""GraphiQL in a real browser: it comes from our server whole, and works with a key."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn

from api.app import create_app
from api.service import Service
from api.settings import Settings
from tests import browser
from workflows.keys import create_key

ANSWER = "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()"
SHOWN = "document.querySelector('.graphiql-query-editor .CodeMirror')?.CodeMirror.getValue()"
HEADERS = ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror"


@pytest.fixture
def chromium() -> str:
    """Where Chromium is; a machine without one skips."""
    found = browser.find()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(browser.NAMES)} is on PATH")
    return found


@pytest.fixture
def served(sqlite_url: str) -> Iterator[tuple[str, str]]:
    """The address of a server of ours, and an auditor's key."""
    service = Service(Settings(database_url=sqlite_url))
    _, key = create_key(
        service.log,
        role="auditor",
        institution="audit-office",
        actor=None,
        system=None,
        authority=None,
    )
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="warning"))
        running = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        running.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}", key
        finally:
            server.should_exit = True
            running.join(30)


def test_the_editor_is_shown_and_answers_and_asks_no_other_host(
    chromium: str, served: tuple[str, str], tmp_path: Path
) -> None:
    address, key = served
    with browser.page(chromium, tmp_path / "profile") as page:
        page.open(f"{address}/")
        assert "Put your key into Headers" in page.wait_for(SHOWN)
        assert page.evaluate("document.title") == "Suivi · GraphiQL"

        page.wait_for(f"document.querySelector({HEADERS!r})?.CodeMirror.getValue()")
        page.type_into(HEADERS, f'{{"Authorization": "Bearer {key}"}}')
        page.evaluate("document.querySelector('.graphiql-execute-button').click()")
        assert '"totalCount": 0' in page.wait_for(ANSWER)

        # The schema came with the key, and the answer is still there.
        page.evaluate("document.querySelector('[aria-label*=\"Documentation Explorer\"]').click()")
        page.wait_for("document.body.innerText.includes('Root Types')")
        assert '"totalCount": 0' in page.evaluate(ANSWER)

        hosts = {urlsplit(request).netloc for request in page.requests} - {""}
        assert hosts == {urlsplit(address).netloc}
        assert page.errors == []


def test_a_key_that_is_unknown_is_told_so(
    chromium: str, served: tuple[str, str], tmp_path: Path
) -> None:
    address, _ = served
    with browser.page(chromium, tmp_path / "profile") as page:
        page.open(f"{address}/graphql")
        page.wait_for(f"document.querySelector({HEADERS!r})?.CodeMirror.getValue()")
        page.type_into(HEADERS, '{"Authorization": "Bearer suivi_unknown"}')
        page.evaluate("document.querySelector('.graphiql-execute-button').click()")
        assert "unknown or revoked" in page.wait_for(ANSWER)
