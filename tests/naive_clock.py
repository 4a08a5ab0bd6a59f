"""A second reader of what the clock did: from plain rows to what it should not have done, without
any code of ours.

It is written from the rules, slowly and plainly. A row is a dict of log_index, stream, version,
topic, recorded_at (microseconds since 1970) and payload (the event as plain JSON). Nothing is
imported but the standard library; keep it so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

Row = dict[str, Any]

FIRED = {
    "recommendation.reminded.v1": "reminder",
    "recommendation.deadline-passed.v1": "passing",
    "recommendation.escalated.v1": "escalation",
}
RESUMED = "recommendation.resumed.v1"
BY_THE_CLOCK = "procedure"
"""The role in which the clock speaks, whoever's command its entries are recorded with."""


class Found(NamedTuple):
    """What the clock did: how many timers of each kind, all that is wrong, and what was due by now
    and was not done."""

    fired: Counter[str]
    wrong: list[str]
    left: list[str]


class Held:
    """A deadline as it stands."""

    def __init__(self, effect: dict[str, Any], since: str) -> None:
        self.since = since
        """what had been due before the clock itself set it; nothing of it can be fired earlier"""
        self.generation: int = effect["generation"]
        self.due: str = effect["due"]
        self.basis: str = effect["basis"]
        self.reminders = [notice["at"] for notice in effect.get("reminders", [])]
        self.escalations = [notice["at"] for notice in effect.get("escalations", [])]
        self.voluntary: bool = effect.get("voluntary", False)
        self.is_paused = self.has_passed = False
        self.reminded = self.escalated = 0

    def next(self) -> tuple[str, str, int] | None:
        """The instant, the kind and the number of what comes next."""
        if self.is_paused:
            return None
        if not self.has_passed and self.reminded < len(self.reminders):
            return self.reminders[self.reminded], "reminder", self.reminded + 1
        if not self.has_passed and not self.voluntary:
            return self.due, "passing", 1
        if self.has_passed and self.escalated < len(self.escalations):
            return self.escalations[self.escalated], "escalation", self.escalated + 1
        return None

    def done(self, kind: str) -> None:
        if kind == "reminder":
            self.reminded += 1
        elif kind == "escalation":
            self.escalated += 1
        else:
            self.has_passed = True


class Case:
    """A recommendation, as far as the clock is concerned."""

    def __init__(self) -> None:
        self.deadlines: dict[str, Held] = {}
        self.tasks: set[str] = set()
        self.rests_until: str | None = None
        self.offers: dict[int, str | None] = {}
        self.lapsed: set[int] = set()
        self.lapsing: set[int] = set()
        """offers that are to lapse with the next rows, because silence has passed"""


def read(rows: Iterable[Row], now: int, lapses: str = "", moves: str = "") -> Found:
    """Reads the rows of a whole log, in order, as of `now` (microseconds since 1970). `lapses` is
    the deadline that lets offers lapse when it passes, `moves` the one that moves the case."""
    cases: dict[str, Case] = {}
    fired: Counter[str] = Counter()
    seen: set[tuple[Any, ...]] = set()
    wrong: list[str] = []
    command, before = "", ""
    for row in rows:
        if not row["topic"].startswith("recommendation."):
            continue
        case = cases.setdefault(row["stream"], Case())
        said = row["payload"]
        stamp = said["stamp"]
        where = f"{row['log_index']}: {row['topic'].split('.')[1]} of {row['stream']}"
        kind = FIRED.get(row["topic"])
        is_lapse = row["topic"] == "recommendation.assignment-lapsed.v1"
        by_the_clock = stamp["speaker"]["role"] == BY_THE_CLOCK
        if case.lapsing and not (is_lapse and by_the_clock):
            wrong.append(f"{where}: silence had passed, and offers did not lapse")
            case.lapsing.clear()
        if row["topic"] == RESUMED and by_the_clock:
            fired["resumption"] += 1
            at = case.rests_until
            if at is None or row["recorded_at"] < _microseconds(at):
                wrong.append(f"{where}: the case was not to rest until now, but until {at}")
            elif stamp["effective"].get("on") != at[:10]:
                wrong.append(f"{where}: not true from the day it was to rest until, {at}")
            else:
                if stamp["command"] == command and at < before:
                    wrong.append(f"{where}: after what was due later, at {before}")
                command, before = stamp["command"], at
        elif by_the_clock and kind is None and not is_lapse:
            wrong.append(f"{where}: this is not for the clock to do")
        if by_the_clock and stamp["speaker"].get("actor"):
            wrong.append(f"{where}: the clock has spoken for a person")
        if kind is not None:
            if not by_the_clock:
                wrong.append(f"{where}: this is for the clock alone to do")
            number = said.get("number", 1)
            key = row["stream"], said["deadline"], said["generation"], kind, number
            held = case.deadlines.get(said["deadline"])
            what = f"{where}: {kind} {number} of {said['deadline']} {said['generation']}"
            if key in seen:
                wrong.append(f"{what}: twice")
            seen.add(key)
            fired[kind] += 1
            if held is None:
                wrong.append(f"{what}: it had been lifted")
            elif held.generation != said["generation"]:
                wrong.append(f"{what}: it was at {held.generation}")
            elif held.is_paused:
                wrong.append(f"{what}: the case was at rest")
            elif (next_ := held.next()) is None or next_[1:] != (kind, number):
                wrong.append(f"{what}: not what was next, which was {next_}")
            else:
                at = next_[0]
                if row["recorded_at"] < _microseconds(at):
                    wrong.append(f"{what}: before it was due, at {at}")
                if stamp["effective"].get("on") != at[:10]:
                    wrong.append(f"{what}: not true from the day it was due, {at}")
                at = max(at, held.since)
                if stamp["command"] == command and at < before:
                    wrong.append(f"{what}: after what was due later, at {before}")
                command, before = stamp["command"], at
                held.done(kind)
                if said["deadline"] == moves and not stamp.get("entered"):
                    wrong.append(f"{what}: it did not move the case")
                if said["deadline"] == lapses and kind == "passing":
                    case.lapsing = {
                        number
                        for number, due in case.offers.items()
                        if (due or held.basis) <= held.basis
                    }
        if row["topic"] == RESUMED:
            case.rests_until = None
        _offers(case, row, where, wrong, by_the_clock)
        _effects(case, row, where, wrong, before if by_the_clock else "")
    left = []
    for stream, case in cases.items():
        if case.lapsing:
            wrong.append(f"{stream}: silence had passed, and offers did not lapse")
        if case.rests_until is not None and _microseconds(case.rests_until) <= now:
            left.append(f"{stream}: it was to rest until {case.rests_until}")
        for name, held in case.deadlines.items():
            next_ = held.next()
            if next_ is not None and _microseconds(next_[0]) <= now:
                left.append(f"{stream}: {next_[1]} {next_[2]} of {name}, due {next_[0]}")
    return Found(fired, wrong, left)


def due_after_rest(
    due: str, stopped: str, resumed: str, is_worked: Callable[[date], bool] | None
) -> str:
    """When something is due whose clock stood still from one day to another, counted day by day:
    in working days where `is_worked` tells them, else in days."""
    if resumed <= stopped:
        return due
    left, day = 0, date.fromisoformat(stopped)
    while day < date.fromisoformat(due):
        day += timedelta(days=1)
        if is_worked is None or is_worked(day):
            left += 1
    day = date.fromisoformat(resumed)
    while left:
        day += timedelta(days=1)
        if is_worked is None or is_worked(day):
            left -= 1
    return day.isoformat()


def _offers(case: Case, row: Row, where: str, wrong: list[str], by_the_clock: bool) -> None:
    """Which offers wait for an answer."""
    said = row["payload"]
    name = row["topic"].split(".")[1]
    if name == "assignment-offered":
        case.offers[row["version"]] = said.get("answer_due")
    elif name == "assignment-lapsed":
        if said["assignment"] in case.lapsed:
            wrong.append(f"{where}: the offer had lapsed before")
        if by_the_clock and said["assignment"] not in case.lapsing:
            wrong.append(f"{where}: nothing that had passed let this offer lapse")
        case.lapsed.add(said["assignment"])
        case.lapsing.discard(said["assignment"])
    if name in {f"assignment-{w}" for w in ("lapsed", "accepted", "declined", "ended")}:
        case.offers.pop(said["assignment"], None)


def _effects(case: Case, row: Row, where: str, wrong: list[str], since: str) -> None:
    """What the row says has come of it."""
    set_here: set[str] = set()
    for effect in row["payload"]["stamp"].get("effects", []):
        what, name = effect["effect"], effect.get("deadline", "")
        held = case.deadlines.get(name)
        if what == "deadline-set":
            if name in set_here or effect["generation"] != row["version"]:
                wrong.append(f"{where}: {name} is set twice, or not by this entry")
            set_here.add(name)
            case.deadlines[name] = Held(effect, since)
        elif what in ("deadline-lifted", "deadline-paused"):
            if held is None or held.generation != effect["generation"]:
                wrong.append(f"{where}: {what} of {name}, which did not stand")
            elif what == "deadline-paused" and (held.is_paused or held.has_passed):
                wrong.append(f"{where}: {name} is paused, which did not run")
            if what == "deadline-lifted":
                case.deadlines.pop(name, None)
            elif held is not None:
                held.is_paused = True
        elif what == "rest-until":
            case.rests_until = effect["at"]
        elif what == "task-opened":
            if effect["task"] in case.tasks:
                wrong.append(f"{where}: the task {effect['task']} was there already")
            case.tasks.add(effect["task"])
        elif what == "task-ended":
            if effect["task"] not in case.tasks:
                wrong.append(f"{where}: there was no task {effect['task']}")
            case.tasks.discard(effect["task"])


def _microseconds(instant: str) -> int:
    at = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return int(at.timestamp()) * 1_000_000
