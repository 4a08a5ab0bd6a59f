"""Files for a State that there is not, by who may not, empty, and with words for other words."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    made = [
        ("", "coordinator"),
        ("addressee=", "coordinator"),
        ("addressee=XXX", "coordinator"),
        ("addressee=SVN", "reader"),
        ("addressee=SVN", "kenya"),
        ("addressee=%00", "coordinator"),
        ("addressee=SVN&visibility=x", "coordinator"),
        ("addressee=SVN&addressee=KEN&visibility=" + "x" * 9_000, "coordinator"),
    ]
    return [
        *(
            Request(means="400 403 404", who=who, path=f"/files?{said}", method="PUT", body=b"x")
            for said, who in made[1:]
        ),
        Request(means="400", path="/files?addressee=SVN", method="PUT"),
    ]
