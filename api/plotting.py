"""`GET /plots/progress.svg`: the figures of `progress` as a picture that a page can embed."""

from __future__ import annotations

import hashlib
import re

from starlette.requests import Request
from starlette.responses import Response

from api import buckets
from api.authentication import Refused, authenticated
from api.context import Context
from api.lanes import in_lane
from api.plots import COLOURS, LANGUAGES, Bar, Series, bars, words
from api.service import Service
from domain.refusals import InvalidInput
from domain.vocabulary import shipped
from domain.words import Position, Stage
from projections.figures import Dimension, ProgressRow
from projections.recommendations import Where
from workflows.access import ANYBODY, Principal

UNITS = ("paragraphs", "parts", "pairs")
OF = {
    "stage": tuple(stage.value for stage in Stage),
    "position": (Position.SUPPORTED.value, Position.NOTED.value, Position.PENDING.value),
}


SEVERAL = (
    Dimension.INSTITUTION,
    Dimension.THEME,
    Dimension.SDG,
    Dimension.SDG_TARGET,
    Dimension.AFFECTED_PERSONS,
    Dimension.ISSUE,
    Dimension.BUCKET,
)
"""Dimensions of which a recommendation may have several values."""


async def get_plot(request: Request) -> Response:
    """Progress `?by=cycle` (or sdg, theme, institution, …), `&of=stage` or `position`, in
    `&unit=paragraphs`, parts or pairs, of one `&state=` or all, in `&language=`."""
    service: Service = request.app.state.service
    principal = await whoever(request, service)
    given = request.query_params
    try:
        by = Dimension(given.get("by", "cycle"))
    except ValueError as error:
        raise InvalidInput(f"That can't be plotted: {error}.") from None
    cycle, index = (_whole(name, given.get(name)) for name in ("cycle", "logIndex"))
    cycles = None if cycle is None else [cycle]
    of, unit, language = given.get("of", "stage"), given.get("unit", "paragraphs"), "en"
    if of not in OF or unit not in UNITS:
        raise InvalidInput(f"`of` is {' or '.join(OF)}, `unit` one of {', '.join(UNITS)}.")
    if given.get("language") in LANGUAGES:
        language = given["language"]
    state = given.get("state")
    where = Where(addressee=None if state is None else [state], cycle=cycles)

    ration = service.ration(service.settings.long_seconds_max)

    def plotted() -> bytes:
        context = Context(service, principal, ration)
        try:
            reading = context.at(
                log_index=index,
                addressees=None if state is None else [state],
            )
            rows, whole = (
                buckets.progress(reading, dimension, where) for dimension in (by, Dimension.ALL)
            )
        finally:
            context.close()
        return plot(rows, whole, by, of, unit, state, language)

    svg = await in_lane(service.lanes.plots, principal.key, plotted, request, ration)
    tag = f'"{hashlib.sha256(svg).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(svg, media_type="image/svg+xml", headers=headers)


def _whole(name: str, said: str | None) -> int | None:
    """A parameter that is a number, which may not be larger than a store can hold."""
    if said is not None and not re.fullmatch("[0-9]{1,18}", said):
        raise InvalidInput(f"`{name}` is a whole number of 18 digits at most.")
    return None if said is None else int(said)


def plot(
    rows: list[ProgressRow],
    whole: list[ProgressRow],
    by: Dimension,
    of: str,
    unit: str,
    state: str | None,
    language: str,
) -> bytes:
    """Figures as stacked bars, one a row, in one unit; `whole`: those of all together."""
    said = words(language)

    def values(row: ProgressRow) -> tuple[int, ...]:
        return tuple(row.units[UNITS.index(unit)].by[of].get(word, 0) for word in OF[of])

    found = [Bar(_label(row, by, language), values(row)) for row in rows]
    legend = [Series(said[word], COLOURS[word]) for word in OF[of]]
    title = f"{state}: {said['progress']}" if state else said["progress"]
    in_all = values(whole[0]) if whole and by in SEVERAL else None
    return bars(title, unit, found, legend, language, whole=in_all)


def _label(row: ProgressRow, by: Dimension, language: str) -> str:
    """A row's name in the reader's language, where a vocabulary has it."""
    name = {Dimension.SDG: "sdg", Dimension.SDG_TARGET: "sdg", Dimension.ADDRESSEE: "addressee"}
    held = shipped().get(name.get(by, by.value))
    if held is not None:
        versions = [row.version] if row.version in held.versions else list(held.versions)
        for version in versions[-1:]:
            term = held.term(version, row.key)
            if term is not None and term.labels:
                label = term.label(language)
                return f"{row.key} {label}" if by is Dimension.SDG else label
    return row.label or row.key or "—"


async def whoever(request: Request, service: Service) -> Principal:
    """The key's holder; where the installation says so, anybody, who sees what is public."""
    try:
        return await authenticated(request, service)
    except Refused:
        if service.settings.public_plots and "authorization" not in request.headers:
            return ANYBODY
        raise
