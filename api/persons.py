"""Persons in GraphQL: those of an institution whom a system may name."""

from __future__ import annotations

from collections.abc import Callable

import strawberry
from strawberry.types import Info

from api.context import Context
from api.register_mutations import RegisterPayload, answer
from api.steps import EntryInput, circumstances, command
from domain import person
from domain.entry import Stamp
from domain.person import Person, PersonEvent
from domain.refusals import NotFound
from workflows import persons
from workflows.desk import Taken
from workflows.visibility import bounds


@strawberry.input
class PersonInput(EntryInput):
    addressee: str = strawberry.field(description="The State whose institution it is.")
    institution: str = strawberry.field(description="Its code.")
    person: str = strawberry.field(description="The person, by pseudonym.")


@strawberry.type
class PersonMutation:
    @strawberry.mutation(
        description="A person works for an institution: its systems may name this person as acting."
    )
    def register_person(self, info: Info[Context, None], input: PersonInput) -> RegisterPayload:
        def act(held: Person | None, stamp: Stamp) -> PersonEvent:
            return person.register(stamp, held, input.institution, input.person)

        return _say(info.context, "register-person", input, act)

    @strawberry.mutation(
        description="A person works for an institution no more: no system names this person now. "
        "Steps of the person stay valid."
    )
    def retire_person(self, info: Info[Context, None], input: PersonInput) -> RegisterPayload:
        def act(held: Person | None, stamp: Stamp) -> PersonEvent:
            if held is None:
                raise NotFound("Nobody has registered this person; ask for `persons`.")
            return held.retire(stamp)

        return _say(info.context, "retire-person", input, act)


def _say(
    context: Context,
    step: str,
    input: PersonInput,
    act: Callable[[Person | None, Stamp], PersonEvent],
) -> RegisterPayload:
    def take() -> Taken:
        stamp = circumstances(context, input, bounds(step).usual)
        return persons.say(
            context.service.desk,
            context.principal,
            command(context, step, input),
            step,
            (input.addressee, input.institution, input.person),
            lambda held: act(held, stamp),
        )

    return answer(context, input, take)
