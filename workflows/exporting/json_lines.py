"""The log as JSON Lines: one event a line, readable by anybody without us.

Each line is an object of log_index, stream, version, topic, addressee, recorded_at (RFC 3339, UTC)
and the payload exactly as it is stored. Protected texts are not in it, only their commitments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from workflows.log import Log

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def json_lines(log: Log, stop: int | None = None) -> Iterator[bytes]:
    """Every event up to and with log index `stop`, in the order of the log, a line each."""
    for row in log.rows(stop=stop):
        at = (_EPOCH + timedelta(microseconds=row.recorded_at)).isoformat(timespec="microseconds")
        line = {
            "log_index": row.log_index,
            "stream": row.stream,
            "version": row.version,
            "topic": row.topic,
            "addressee": row.addressee,
            "recorded_at": at.replace("+00:00", "Z"),
            "payload": msgspec.Raw(row.payload),
        }
        yield msgspec.json.encode(line) + b"\n"
