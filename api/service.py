"""The composition root: the parts of one running Suivi, put together in one place."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from api.settings import Settings
from domain.credential import Credential
from domain.events import (
    Alias,
)
from domain.refusals import Refusal
from projections import credentials, recommendations
from projections.feed import Feed
from projections.views import Views
from workflows import keys
from workflows.access import Principal
from workflows.desk import Desk
from workflows.log import Log


class Service:
    """The log, the views fed from it, and the desk that writes to it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Log(settings.database_url)
        self.views = Views(self.log.url)
        self.feed = Feed(self.log, self.views)
        self.desk = Desk(self.log)
        if not self.views.is_of_this_shape():
            self.feed.rebuild()

    def principal(self, key: str) -> Principal | None:
        """Whom a key belongs to, None if it is unknown or revoked."""
        held = self._credential(key)
        if held is None:
            # It may have been granted a moment ago, by another process.
            self.feed.advance()
            held = self._credential(key)
        return None if held is None else keys.principal_of(held)

    def _credential(self, key: str) -> Credential | None:
        with self.views.snapshot() as (connection, _):
            return credentials.by_digest(connection, keys.digest(key))

    def find_aliases(
        self, addressee: str, aliases: Sequence[Alias]
    ) -> dict[tuple[str, str, str], UUID]:
        """Which recommendations of an addressee go by these aliases, as of now."""
        self.feed.advance()
        with self.views.snapshot() as (connection, _):
            return recommendations.find_aliases(connection, addressee, aliases)

    def unready(self) -> str | None:
        """Why the service can't answer, None when it can."""
        if self.feed.stopped is not None:
            return str(self.feed.stopped)
        try:
            behind = self.log.size
            with self.views.snapshot() as (_, held):
                behind -= held
        except (Refusal, OSError) as error:
            return str(error)
        return f"the views are {behind} entries behind" if behind > 10_000 else None

    def close(self) -> None:
        """Stops the feed and closes every connection."""
        self.feed.stop()
        self.views.close()
        self.log.close()
