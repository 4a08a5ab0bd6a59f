"""Files whose type holds what a header may not, or that would run in a browser."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    made = [
        "text/html",
        "image/svg+xml",
        "x" * 5_000,
        "",
        ";",
        "text/html;charset=utf-7",
        "a/b\x7f",
        "é".encode().decode("latin-1"),
        "multipart/form-data; boundary=" + "x" * 5_000,
    ]
    return [
        Request(
            means="201 400",
            path="/files?addressee=SVN&name=a",
            method="PUT",
            body=b"x",
            headers={"Content-Type": one},
            events=1,
        )
        for one in made
    ]
