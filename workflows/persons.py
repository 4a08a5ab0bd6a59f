"""Persons whom systems name: a system's word that somebody acts is worth something only where
somebody else has said that this person exists."""

from __future__ import annotations

from collections.abc import Callable

from domain.entry import Entry
from domain.person import Person, PersonEvent, fold, person_id
from domain.refusals import Forbidden, StaleVersion, UnknownPerson
from workflows.access import Principal, Role, authorise, speaking
from workflows.desk import Command, Desk, Taken
from workflows.log import Log
from workflows.references import of_addressee


def say(
    desk: Desk,
    principal: Principal,
    command: Command,
    step: str,
    place: tuple[str, str, str],
    act: Callable[[Person | None], PersonEvent],
) -> Taken:
    """Registers or retires a person; `place`: the State, its institution, and the pseudonym.
    Refuses it to a system, which would vouch for whom it invents."""
    if repeated := desk.repeated(command):
        return repeated
    addressee, _, _ = place
    authorise(principal, step, addressee)
    if principal.system is not None and principal.role is not Role.ADMINISTRATOR:
        raise Forbidden(
            "A system does not say which persons there are: register them with a person's key, or "
            "an administrator's."
        )
    of_addressee(addressee)
    id = person_id(*place)
    held = desk.log.load(id, fold)
    event = act(held)
    desk.references.check(addressee, event)
    version = 1 if held is None else held.version + 1
    try:
        return desk.append(command, [Entry(id, version, addressee, event)])
    except StaleVersion:
        if repeated := desk.repeated(command):
            return repeated
        raise


def check_known(log: Log, principal: Principal, person: str) -> None:
    """Refuses a person whom a system names and nobody has registered for its institution, in a
    State that its key names."""
    institution = speaking(principal)
    for addressee in principal.addressees:
        held = log.load(person_id(addressee, institution, person), fold)
        if held is not None and held.registered:
            return
    raise UnknownPerson(
        f"“{person[:80]}” is not registered for {institution}: have a coordinator do so with "
        f"`registerPerson`, or `suivi person register “{person[:80]}” --addressee "
        f"{principal.addressees[0]} --institution {institution}`.",
        field="actor",
    )
