"""The view of credentials: whose key is this?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from domain.credential import Credential
from projections.views import credential as table

_read = msgspec.json.Decoder(Credential).decode

COLUMNS = tuple(column.name for column in table.columns)


def columns(held: Credential) -> tuple[Any, ...]:
    """The row of a credential, in the order of `COLUMNS`."""
    return held.id.hex, held.sha256, msgspec.json.encode(held)


def states(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Credential]:
    """Some credentials by id: for the feed."""
    wanted = [id.hex for id in ids]
    found = connection.execute(select(table.c.state).where(table.c.id.in_(wanted)))
    return {held.id: held for held in (_read(blob) for (blob,) in found)}


def by_digest(connection: Connection, sha256: str) -> Credential | None:
    """The credential whose key has this SHA-256, None if there is none or it was revoked."""
    found = connection.execute(select(table.c.state).where(table.c.sha256 == sha256)).first()
    held = _read(found[0]) if found else None
    return None if held is None or held.revoked else held


def all_credentials(connection: Connection) -> list[Credential]:
    """Every credential ever granted."""
    return [
        _read(blob) for (blob,) in connection.execute(select(table.c.state).order_by(table.c.id))
    ]
