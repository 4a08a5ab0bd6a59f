"""Two hundred connections at once, each with a key that nobody holds."""

from __future__ import annotations

from tests.hostile.doors import Raw
from tests.hostile.record import Known


def hostile(known: Known) -> Raw:
    ask = b"GET /graphql?query={logIndex} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer suivi_x\r\nConnection: close\r\n\r\n"
    return Raw(means="401 429 DIFFERENT", who=None, pieces=[ask], connections=200)
