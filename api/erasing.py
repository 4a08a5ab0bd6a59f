"""Erasing in GraphQL: `eraseTexts`."""

from __future__ import annotations

import strawberry
from strawberry import Info

from api.context import Context
from api.derive import read_stream
from api.register_mutations import RegisterPayload, answer
from api.steps import EntryInput, circumstances, command
from domain.entry import Visibility
from domain.refusals import InvalidInput
from workflows.desk import Taken
from workflows.erasing import Place, erase


@strawberry.input(description="An entry, by its log index or by what it is about, and its texts.")
class EraseTextsInput(EntryInput):
    log_index: int | None = strawberry.field(
        default=None, description="The entry, by its place in the log."
    )
    of: strawberry.ID | None = strawberry.field(
        default=None, description="The aggregate of the entry, if no log index names the entry."
    )
    version: int | None = strawberry.field(
        default=None, description="The entry's version of what it is about."
    )
    fields: list[str] | None = strawberry.field(
        default=None,
        description="The texts, by field, as in `reason`, `narrative` or `data.1.words`; all of "
        "the entry, if not given.",
    )


@strawberry.type
class ErasureMutation:
    @strawberry.mutation(
        description="Erases texts of one entry: reasons, comments, narratives, findings. Needs a "
        "reason. That there was a text stays, with its commitment."
    )
    def erase_texts(self, info: Info[Context, None], input: EraseTextsInput) -> RegisterPayload:
        context = info.context

        def take() -> Taken:
            return erase(
                context.service.desk,
                context.principal,
                command(context, "erase-texts", input),
                _place(input),
                input.fields,
                circumstances(context, input, Visibility.PUBLIC),
            )

        return answer(context, input, take)


def _place(input: EraseTextsInput) -> Place:
    if input.log_index is not None and input.of is None and input.version is None:
        return Place(input.log_index)
    if input.log_index is None and input.of is not None and input.version is not None:
        return Place(None, read_stream(input.of), input.version)
    raise InvalidInput("Name the entry by `logIndex`, or by `of` and `version`.")
