"""The view of credentials: whose key is this?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from domain.credential import Credential
from projections import writing
from projections.tables import credential as table
from projections.views import undamaged
from projections.writing import Change

_read = undamaged("credentials", msgspec.json.Decoder(Credential).decode)


def columns(held: Credential) -> tuple[Any, ...]:
    """The row of a credential, in the order of `COLUMNS`."""
    return held.id.hex, held.sha256, msgspec.json.encode(held)


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes the rows of what changed."""
    mine = [c.after for c in changes if isinstance(c.after, Credential)]
    writing.put(connection, table, [columns(held) for held in mine])


def ids_by_digest(connection: Connection) -> dict[str, UUID]:
    """The id of every credential ever granted, by the SHA-256 of its key."""
    query = select(table.c.sha256, table.c.id)
    return {digest: UUID(hex=id) for digest, id in connection.execute(query)}


def all_credentials(connection: Connection) -> list[Credential]:
    """Every credential ever granted."""
    return [
        _read(blob) for (blob,) in connection.execute(select(table.c.state).order_by(table.c.id))
    ]
