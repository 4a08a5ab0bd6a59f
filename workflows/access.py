"""Who may do what, as the rows of `step_table.py` say, and the scope a reader gets from it."""

from __future__ import annotations

import hashlib
from typing import Protocol
from uuid import UUID

import msgspec

from domain.aggregates import BY_STATE
from domain.casework import Case
from domain.casework.held import TaskHeld
from domain.effects import Whose
from domain.entry import Authority, AuthorityKind, Speaker, Visibility
from domain.recommendation import Recommendation
from domain.refusals import Forbidden, InvalidInput
from domain.scope import Scope
from workflows.roles import C, F, K
from workflows.roles import Role as Role
from workflows.step_table import STEPS

WRITING = C | K | F
"""The roles that may take a step of a State's own procedure, if that says so."""

ENTERING = C | K
"""The roles that enter what others have said."""

_RANK = {kind: rank for rank, kind in enumerate(AuthorityKind)}
"""How far an authority goes: a mandate furthest, a delegation least."""

SEES: dict[Role, frozenset[Visibility]] = {
    Role.ADMINISTRATOR: frozenset((Visibility.PUBLIC,)),
    Role.COORDINATOR: frozenset(Visibility),
    Role.CLERK: frozenset((Visibility.PUBLIC, Visibility.INTERNAL)),
    Role.FOCAL_POINT: frozenset((Visibility.PUBLIC, Visibility.INTERNAL)),
    Role.AUDITOR: frozenset((Visibility.PUBLIC, Visibility.INTERNAL)),
    Role.READER: frozenset((Visibility.PUBLIC,)),
}
"""Role → what it reads besides its own institution's confidential entries."""


class Principal(msgspec.Struct, frozen=True):
    """Whoever a key belongs to. A person's key names the `actor`; a system's key names the
    `system`, and each request may name the person it acts for. `addressees`: the States whose
    record it is for, none: all. `institution` is a code of theirs, and so are those that it
    `represents` besides."""

    key: UUID
    role: Role
    institution: str
    authority: Authority
    actor: str | None = None
    system: str | None = None
    addressees: tuple[str, ...] = ()
    represents: tuple[str, ...] = ()

    @property
    def holder(self) -> str:
        """Whom the key speaks for, whichever key it is, as 64 digits of a hash: the system or the
        person, of which institution, for which States."""
        said = [self.actor, self.system, self.institution, sorted(set(self.addressees))]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()

    @property
    def speaks_for(self) -> str | None:
        """The code of the institution whose rights this principal has, in the States it names. A
        code means nothing outside a State, so whoever names none speaks for no institution."""
        return self.institution if self.addressees else None

    @property
    def scope(self) -> Scope:
        """What this principal may read."""
        sees = SEES[self.role]
        if self.role is Role.FOCAL_POINT and self.speaks_for is None:
            sees = SEES[Role.READER]
        return Scope(
            visibilities=sees,
            institution=self.speaks_for if self.role in WRITING else None,
            addressees=frozenset(self.addressees) if self.addressees else None,
        )

    def speaker(
        self,
        actor: str | None = None,
        on_behalf_of: str | None = None,
        authority: Authority | None = None,
        *,
        cites: bool = False,
    ) -> Speaker:
        """Who speaks in a request. Only a system may name the person it acts for. Refuses what the
        key does not represent, and a higher authority than its own; `cites`: the request says
        where it is said, so that whoever enters what others have said may enter it."""
        if actor is not None and self.system is None and actor != self.actor:
            raise InvalidInput(
                "A person's key speaks for that person; leave `actor` out.", field="actor"
            )
        if on_behalf_of is not None:
            self._represent(on_behalf_of, cites)
        if authority is not None and _RANK[authority.kind] < _RANK[self.authority.kind]:
            raise Forbidden(
                f"This key speaks by {self.authority.kind} (“{self.authority.reference}”), and "
                f"{authority.kind} is more: leave `authority` out, or have a key granted by it.",
                field="authority",
            )
        return Speaker(
            actor=actor or self.actor,
            system=self.system,
            role=self.role.value,
            institution=self.institution,
            on_behalf_of=on_behalf_of or self.institution,
            authority=authority or self.authority,
            granted_by=None if authority in (None, self.authority) else self.authority,
        )

    def _represent(self, institution: str, cites: bool) -> None:
        if institution in (self.institution, *self.represents):
            return
        enters = self.role in ENTERING
        if enters and cites:
            return
        cite = f" Or say in `source` where {institution} has said it." if enters else ""
        raise Forbidden(
            f"This key speaks for {self.institution} and not for “{institution}”: leave "
            f"`onBehalfOf` out, or have a key granted with --represents “{institution}”.{cite}",
            field="onBehalfOf",
        )


ANYBODY = Principal(
    key=UUID(int=0),
    role=Role.READER,
    institution="anybody",
    authority=Authority(kind=AuthorityKind.MANDATE, reference="reads what is public"),
    system="anybody",
)
"""Whoever asks without a key, where the installation shows something to everybody."""


EVERY_STATE = ""
"""The addressee of what belongs to no State in particular, such as a vocabulary."""


class Readable(Protocol):
    """What has readers: those of its visibility, and the institution that wrote it."""

    addressee: str
    visibility: Visibility
    institution: str


def may_read(principal: Principal, it: Readable) -> bool:
    """True if the principal may read something of a State's record; what is for every State is read
    whichever States a key names."""
    scope = principal.scope
    here = scope.addressees is None or it.addressee in (*scope.addressees, EVERY_STATE)
    return here and scope.reads(it.visibility, it.institution)


def speaking(principal: Principal) -> str:
    """The institution that a principal speaks for; refuses one that speaks for none."""
    if principal.speaks_for is None:
        raise Forbidden(
            f"This key names no State, so “{principal.institution}” means no institution: have one "
            "granted that names it, with --addressee SVN."
        )
    return principal.speaks_for


def authorise(
    principal: Principal,
    step: str,
    addressee: str | None = None,
    roles: frozenset[Role] | None = None,
) -> None:
    """Refuses a step the role may never take, or one for a State the key is not for. `addressee`:
    whose record the step changes; `EVERY_STATE` where it changes something for all of them; None
    where that is asked row by row. `roles`: those that may take it, where a procedure says so."""
    may = STEPS[step].may if roles is None else roles
    if principal.role not in may:
        allowed = ", ".join(sorted(role.value for role in may))
        raise Forbidden(f"The role {principal.role.value} may not {step}; open to: {allowed}.")
    if principal.role is Role.FOCAL_POINT or (step in STEPS and STEPS[step].among_persons):
        speaking(principal)
    if addressee is not None and principal.addressees and addressee not in principal.addressees:
        mine = ", ".join(principal.addressees)
        raise Forbidden(
            f"The step {step} changes something for every State; this key is for {mine} alone."
            if addressee == EVERY_STATE
            else f"This key is not for {addressee}; it is for {mine}."
        )


def authorise_on(
    principal: Principal,
    step: str,
    r: Case,
    assignment: int | None = None,
    roles: frozenset[Role] | None = None,
) -> None:
    """Refuses a step on a case that the principal may not take there. A focal point answers its
    own institution's offers and works on what its institution is assigned."""
    authorise(principal, step, r.addressee, roles)
    if not principal.scope.reads(r.visibility, r.institution):
        raise Forbidden(f"This {BY_STATE[type(r)].word} is not for this key.")
    if principal.role is not Role.FOCAL_POINT:
        return
    if assignment is not None and isinstance(r, Recommendation):
        mine = r.assignment(assignment).institution == principal.speaks_for
    else:
        mine = speaking(principal) in r.concerned(Whose.ASSIGNED)
    if not mine:
        raise Forbidden(
            f"{principal.institution} is not assigned to this {BY_STATE[type(r)].word}; "
            f"a focal point may {step} only where its institution is."
        )


def may_take(
    principal: Principal, step: str, r: Case, roles: frozenset[Role] | None = None
) -> bool:
    """True if the principal may take a step on `r`: on one of the assignments it may be about,
    where a step is about one."""
    about = STEPS[step].assignment if step in STEPS else None
    assignments = (
        [a.id for a in r.assignments if a.status is about]
        if about is not None and isinstance(r, Recommendation)
        else [None]
    )
    for assignment in assignments or [None]:
        try:
            authorise_on(principal, step, r, assignment, roles)
        except Forbidden:
            continue
        return True
    return False


def authorise_beside(principal: Principal, step: str, r: Case) -> None:
    """Refuses what is no step of a procedure, where the role or the key may not do it, or not here;
    whose task it is, and who sits where approvals are given, is asked of the case."""
    authorise(principal, step, r.addressee)
    if not principal.scope.reads(r.visibility, r.institution):
        raise Forbidden(f"This {BY_STATE[type(r)].word} is not for this key.")
    bound = STEPS[step].where_concerned and principal.role is Role.FOCAL_POINT
    if bound and not is_concerned(principal, r):
        raise Forbidden(f"{principal.institution} has nothing to do with this.")


def is_concerned(principal: Principal, r: Case) -> bool:
    """True if the principal's institution is assigned to it, or was offered it."""
    return any(principal.speaks_for in r.concerned(whose) for whose in Whose)


def may_do(principal: Principal, task: TaskHeld, r: Case) -> bool:
    """True if a task is for this principal: by role, and by institution where it is somebody's."""
    mine = task.whose is Whose.COORDINATOR or principal.speaks_for in r.concerned(task.whose)
    return mine and principal.role.value in task.roles


def absences_of(principal: Principal, addressee: str) -> str:
    """The institution whose absences a principal may know: its own; refuses one that declares
    none."""
    authorise(principal, "declare-absence", addressee)
    return speaking(principal)


def authorise_task(principal: Principal, r: Case, task: str) -> None:
    """Refuses a task, by its name, that is somebody else's."""
    if not may_do(principal, r.task(task), r):
        raise Forbidden(f"The task “{task[:80]}” is not for this key.")


def authorise_release(principal: Principal, r: Case, task: str, institution: str) -> None:
    """Refuses that a claim of an institution is released by another; a coordinator may always."""
    if principal.role is Role.COORDINATOR:
        return
    if institution != principal.speaks_for:
        raise Forbidden(f"Only a coordinator releases what {institution} has claimed.")
    authorise_task(principal, r, task)


def authorise_draft(principal: Principal, r: Case, report: int | None) -> None:
    """Refuses that a progress report is drafted again by another institution than its own."""
    for draft in r.progress if isinstance(r, Recommendation) else ():
        if draft.id == report and draft.institution != principal.speaks_for:
            raise Forbidden(f"Progress report {report} is drafted again only by its institution.")
