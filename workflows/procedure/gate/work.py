"""How much the gate may do on one definition: counted, bounded, and ended when the server ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized

from domain.refusals import Unavailable

work_max = 3_000_000
"""Conditions asked; the UPR's procedure takes a tenth of it. A limit in work, not in seconds, gives
the same answer on every machine."""

step_work = 10
"""A step that is taken costs about as much as so many conditions."""

asked_every = 10_000


class TooLarge(Exception):
    """A definition needs more work than the gate may do. `domains`: the values of facts that would
    have to be combined, where it is that."""

    def __init__(self, domains: Mapping[str, Sized] | None = None) -> None:
        super().__init__()
        self.domains = domains or {}

    def __str__(self) -> str:
        if not self.domains:
            return (
                f"It takes more than {work_max:,} conditions to look at all of it: use fewer facts "
                "in one region, or regions that ask for fewer of one another's states."
            )
        told = ", ".join(
            f"{name} ({len(values)})"
            for name, values in sorted(self.domains.items(), key=lambda one: -len(one[1]))[:8]
        )
        return (
            "The values that conditions tell apart can be combined in too many ways to look at "
            f"all: {told}. Compare with fewer values, or read fewer facts in one region."
        )


def stopped() -> Unavailable:
    """What is refused because the server ends before the answer is there."""
    return Unavailable("The server is being stopped; ask again in a while.")


class Work:
    """What was done on one definition. Raises TooLarge beyond `work_max`; raises Unavailable soon
    after `ending` says so."""

    def __init__(self, ending: Callable[[], bool] = lambda: False) -> None:
        self.done = 0
        self._ending = ending
        self._ask_at = asked_every

    def spend(self, amount: int = 1) -> None:
        """Counts some work before it is done."""
        self.done += amount
        if self.done > work_max:
            raise TooLarge
        if self.done >= self._ask_at:
            self._ask_at = self.done + asked_every
            if self._ending():
                raise stopped()
