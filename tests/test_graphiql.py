"""GraphiQL in a real browser: it comes from our server whole, and works with a key."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import browser
from tests.server import running

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


def test_the_editor_is_shown_and_answers_and_asks_no_other_host(
    chromium: str, sqlite_url: str, tmp_path: Path
) -> None:
    with running(sqlite_url) as server, browser.page(chromium, tmp_path / "profile") as page:
        page.open(f"{server.url}/")
        assert "Put your key into Headers" in page.wait_for(SHOWN)
        assert page.evaluate("document.title") == "Suivi · GraphiQL"

        page.wait_for(f"document.querySelector({HEADERS!r})?.CodeMirror.getValue()")
        key = server.keys["auditor"]
        page.type_into(HEADERS, f'{{"Authorization": "Bearer {key}"}}')
        page.evaluate("document.querySelector('.graphiql-execute-button').click()")
        assert '"totalCount": 0' in page.wait_for(ANSWER)

        # The schema came with the key, and the answer is still there.
        page.evaluate("document.querySelector('[aria-label*=\"Documentation Explorer\"]').click()")
        page.wait_for("document.body.innerText.includes('Root Types')")
        assert '"totalCount": 0' in page.evaluate(ANSWER)

        hosts = {urlsplit(request).netloc for request in page.requests} - {""}
        assert hosts == {urlsplit(server.url).netloc}
        assert page.errors == []


def test_a_key_that_is_unknown_is_told_so(chromium: str, sqlite_url: str, tmp_path: Path) -> None:
    with running(sqlite_url) as server, browser.page(chromium, tmp_path / "profile") as page:
        page.open(f"{server.url}/graphql")
        page.wait_for(f"document.querySelector({HEADERS!r})?.CodeMirror.getValue()")
        page.type_into(HEADERS, '{"Authorization": "Bearer suivi_unknown"}')
        page.evaluate("document.querySelector('.graphiql-execute-button').click()")
        assert "unknown or revoked" in page.wait_for(ANSWER)
