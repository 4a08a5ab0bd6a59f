"""What a reader may see, as pure data: decided by `workflows`, required by every projection."""

from __future__ import annotations

import msgspec

from domain.entry import Entry, Visibility


class Scope(msgspec.Struct, frozen=True):
    """`addressees`: the States whose record may be read, None for all. `visibilities`: the kinds
    of entries that may be read whoever wrote them. `institution`: whose own confidential entries
    may be read besides."""

    visibilities: frozenset[Visibility]
    institution: str | None = None
    addressees: frozenset[str] | None = None

    def sees(self, entry: Entry) -> bool:
        """True if the reader may see `entry`."""
        return (self.addressees is None or entry.addressee in self.addressees) and (
            entry.stamp.visibility in self.visibilities or self.institution in entry.event.readers
        )

    @property
    def hides_nothing(self) -> bool:
        """True if the reader may see every entry of the States whose record they may read."""
        return len(self.visibilities) == len(Visibility)

    def reads(self, visibility: Visibility, institution: str) -> bool:
        """True if what `institution` wrote with this visibility may be read."""
        return visibility in self.visibilities or institution == self.institution


everything = Scope(visibilities=frozenset(Visibility))
"""The scope of the machine itself: feeds, rebuilds, exports of the whole log."""
