"""Which keys there are: kept at hand, so that an unknown one costs microseconds.

The digests are read anew when an unknown key comes, for another process may have granted it a
moment ago; but only so many times a second, whoever floods the server with unknown ones.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from uuid import UUID

from api.door import Rate
from workflows import keys

readings_per_second_max = 5
readings_at_once_max = 50
"""Of digests for unknown keys, when there was none for ten seconds."""

_SHAPE = re.compile(rf"{keys.KEY_PREFIX}[\w-]{{43}}", re.ASCII)


class KnownKeys:
    """The ids of keys by digest, those revoked included: the log says what became of them. `read`
    gives them as of now."""

    def __init__(self, read: Callable[[], Mapping[str, UUID]]) -> None:
        self._read = read
        self._known: Mapping[str, UUID] = {}
        self._rate = Rate(readings_per_second_max, burst=readings_at_once_max)
        self._door = threading.Lock()

    def known(self, key: str) -> UUID | None:
        """The id of a key that was granted and was met before. It reads nothing."""
        return self._known.get(keys.digest(key))

    def may_be(self, key: str) -> bool:
        """True if a key that is not known may have been granted, and it is not too soon to look."""
        return _SHAPE.fullmatch(key) is not None and not self._rate.wait(None)

    def find(self, key: str) -> UUID | None:
        """The id of a key that was granted; None if there is none."""
        digest = keys.digest(key)
        if digest not in self._known:
            with self._door:
                if digest not in self._known:
                    self._known = self._read()
        return self._known.get(digest)
