"""Files whose names lead out, do not decode, hold lines, or are huge."""

from __future__ import annotations

from tests.hostile.doors import Request
from tests.hostile.record import Known


def hostile(known: Known) -> list[Request]:
    made = {
        "name=..%2F..%2Fetc%2Fpasswd": "",
        "name=%00": "",
        "name=%ff": "",
        "name=" + "x" * 10_000: "",
        "name=%0d%0aSet-Cookie:%20a=b": "",
        "a=1": "attachment; filename*=UTF-8''%ff%fe",
        "a=2": "attachment; filename*=" + "x" * 5_000,
        "a=3": 'attachment; filename="' + "\\\\" * 2_000,
        "a=4": "; " * 5_000,
        "a=5": "attachment; filename*0=a; filename*1=b; filename*99999999=c",
        "name=%E2%80%AEfdp.exe": "",
        "name=": "",
        "a=6": "attachment; filename*=''''",
        "a=7": "attachment; filename*=utf-7''+AAA-",
        "a=8": "attachment; filename*=idna''x",
        "a=9": "attachment; filename*=rot13''x",
        "a=10": "attachment; filename*=zip''x",
    }
    return [
        Request(
            means="201 400 431",
            path=f"/files?addressee=SVN&{said}",
            method="PUT",
            body=b"x",
            headers={"Content-Disposition": header} if header else {},
            events=1,
        )
        for said, header in made.items()
    ]
