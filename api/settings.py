"""Every setting: its environment variable, default and help, in one place.

Limits bear their unit last. `suivi settings` prints this table.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from domain.refusals import InvalidInput

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How one process of Suivi runs. Each field is read from `SUIVI_` and its name in capitals."""

    database_url: Annotated[
        str,
        Meta(
            description="Where the log is: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."
        ),
    ] = "sqlite:///var/suivi.db"
    log_format: Annotated[
        str, Meta(description="How log lines are written to standard error: json or console.")
    ] = "json"
    bulkhead: Annotated[
        bool,
        Meta(
            description="Whether `suivi serve` answers what takes long in a process of its own, "
            "which yields the processor to the one that answers everything else."
        ),
    ] = True
    bulkhead_nice: Annotated[
        int,
        Meta(
            ge=0,
            le=19,
            description="By how much it yields the processor, as `nice` counts; 19 leaves it only "
            "the time that no other process wants.",
        ),
    ] = 19
    query_threads: Annotated[
        int, Meta(ge=1, le=64, description="How many queries run at once.")
    ] = 2
    large_threads: Annotated[
        int,
        Meta(ge=1, le=64, description="How many queries that may answer with much run at once."),
    ] = 1
    mutation_threads: Annotated[
        int, Meta(ge=1, le=128, description="How many mutations run at once; they commit together.")
    ] = 16
    waiting_requests_max: Annotated[
        int, Meta(ge=1, description="How many requests may wait for a thread; more get 503.")
    ] = 256
    waiting_requests_per_key_max: Annotated[
        int,
        Meta(
            ge=1,
            description="How many of them may be of one key; more get 429, `BUSY`.",
        ),
    ] = 128
    key_requests_per_second_max: Annotated[
        float,
        Meta(
            gt=0,
            description="How many requests a second one key may send, over ten seconds; more are "
            "told 429, `BUSY`.",
        ),
    ] = 500.0
    key_body_bytes_per_second_max: Annotated[
        float,
        Meta(
            gt=0,
            description="How many bytes a second one key may send in bodies of GraphQL, over ten "
            "seconds; more get 429, `BUSY`.",
        ),
    ] = 250_000.0
    key_requests_at_once_max: Annotated[
        int,
        Meta(ge=1, description="How many requests of one key may be under way; more get 429."),
    ] = 200
    address_requests_per_second_max: Annotated[
        float,
        Meta(
            gt=0,
            description="How many requests a second may come from one address, over ten seconds; "
            "more get 429.",
        ),
    ] = 1_000.0
    address_requests_at_once_max: Annotated[
        int,
        Meta(
            ge=1,
            description="How many requests of one address may be under way; more get 429.",
        ),
    ] = 400
    unknown_keys_per_second_max: Annotated[
        float,
        Meta(
            gt=0,
            description="How many requests a second without a valid key may come from one address, "
            "over a minute; more get 429, valid keys are not.",
        ),
    ] = 1.0
    trust_forwarded_for: Annotated[
        bool,
        Meta(
            description="Whether the last address in X-Forwarded-For is the client's: true only "
            "behind a proxy that sets it."
        ),
    ] = False
    connections_max: Annotated[
        int, Meta(ge=1, description="How many connections may be open; more are closed at once.")
    ] = 2_000
    address_connections_max: Annotated[
        int,
        Meta(
            ge=1,
            description="How many of them one address may have open; no limit where "
            "X-Forwarded-For is trusted.",
        ),
    ] = 500
    header_bytes_max: Annotated[
        int, Meta(ge=1_000, description="How large the headers of a request may be.")
    ] = 65_536
    header_seconds_max: Annotated[
        float,
        Meta(gt=0, description="Within how long the headers of a request must be there."),
    ] = 10.0
    body_seconds_max: Annotated[
        float,
        Meta(
            gt=0,
            description="For how long a client may send less than a kilobyte a second of a body, "
            "or read nothing of an answer.",
        ),
    ] = 30.0
    idle_connection_seconds_max: Annotated[
        int, Meta(ge=1, description="For how long a connection is kept open without a request.")
    ] = 5
    query_seconds_max: Annotated[
        float, Meta(gt=0, description="How long a query may run; then it gets `TIMED_OUT`.")
    ] = 20.0
    long_seconds_max: Annotated[
        float,
        Meta(gt=0, description="How long a look back, a plot or a question what-if may run."),
    ] = 30.0
    export_seconds_max: Annotated[
        float, Meta(gt=0, description="How long making an export may take.")
    ] = 600.0
    request_rows_max: Annotated[
        int,
        Meta(
            ge=1_000,
            description="How many rows of views and entries of the log one request may read, "
            "exports apart.",
        ),
    ] = 1_000_000
    answer_objects_max: Annotated[
        int, Meta(ge=100, description="How many objects the answer to a GraphQL request may have.")
    ] = 20_000
    request_bytes_max: Annotated[
        int, Meta(ge=1_000, description="How large the body of a request may be.")
    ] = 1_000_000
    request_values_max: Annotated[
        int,
        Meta(
            ge=1_000,
            description="How many values the variables of a request may have, those within one "
            "another counted.",
        ),
    ] = 25_000
    query_chars_max: Annotated[
        int,
        Meta(
            ge=100,
            description="How many characters a GraphQL document may have; texts go into variables.",
        ),
    ] = 100_000
    query_tokens_max: Annotated[
        int, Meta(ge=10, description="How many tokens a GraphQL document may have.")
    ] = 4_000
    query_depth_max: Annotated[
        int, Meta(ge=3, description="How deep a GraphQL document may nest.")
    ] = 15
    query_fields_max: Annotated[
        int,
        Meta(
            ge=10,
            description="How many fields a GraphQL document may select, fragments spread out.",
        ),
    ] = 1_000
    disk_free_bytes_min: Annotated[
        int,
        Meta(
            ge=0,
            description="How much room the disks of the record and of the files must have; with "
            "less the server is not ready.",
        ),
    ] = 50_000_000
    views_behind_entries_max: Annotated[
        int,
        Meta(
            ge=0,
            description="How many entries the views may be behind the log; with more the server is "
            "not ready.",
        ),
    ] = 10_000
    files_folder: Annotated[
        str,
        Meta(
            description="Where uploaded files lie; if not given, in a folder beside the SQLite log,"
            " or in var/files."
        ),
    ] = ""
    file_bytes_max: Annotated[
        int, Meta(ge=1_000, le=1_000_000_000, description="How large an uploaded file may be.")
    ] = 500_000_000
    files_bytes_max: Annotated[
        int, Meta(ge=1_000, description="How much all uploaded files may take together.")
    ] = 100_000_000_000
    key_files_bytes_max: Annotated[
        int, Meta(ge=1_000, description="How much the files that one key has uploaded may take.")
    ] = 20_000_000_000
    public_plots: Annotated[
        bool,
        Meta(
            description="Whether plots of what is public may be seen without a key, so that a page"
            " can embed them."
        ),
    ] = False
    serve_timers: Annotated[
        bool,
        Meta(
            description="Whether `suivi serve` also fires deadlines and reminders that are due; "
            "without it `suivi worker` does."
        ),
    ] = True
    timers_lease_seconds: Annotated[
        float,
        Meta(
            ge=0.1,
            le=3_600,
            description="For how long a worker keeps others off the cases it fires timers of; what "
            "it can't finish is another's after that.",
        ),
    ] = 60.0
    bulk_items_max: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="How many steps one request may take (`takeSteps`, `decideCases`).",
        ),
    ] = 500
    as_of_events_max: Annotated[
        int,
        Meta(
            ge=1_000,
            description="How many entries a look back (`asOf`, `effectiveOn`) may be made of, and "
            "how many those of one request may fold; more are refused with the advice to name an "
            "addressee.",
        ),
    ] = 500_000
    as_of_standpoints_max: Annotated[
        int,
        Meta(
            ge=1,
            description="At how many standpoints (a log index, a day, the addressees named) one "
            "request may look back.",
        ),
    ] = 100
    as_of_memory_bytes_max: Annotated[
        int,
        Meta(
            ge=1_000_000,
            description="How much memory standpoints may take that are kept for the next look "
            "back.",
        ),
    ] = 128_000_000
    as_of_threads: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="How many requests look back at once, each of another key; they hold no "
            "thread of plain queries.",
        ),
    ] = 2
    what_if_threads: Annotated[
        int, Meta(ge=1, le=64, description="How many questions what-if are answered at once.")
    ] = 1
    export_threads: Annotated[
        int, Meta(ge=1, le=64, description="How many exports are made at once.")
    ] = 1
    plot_threads: Annotated[
        int, Meta(ge=1, le=64, description="How many plots are made at once.")
    ] = 1
    upload_threads: Annotated[
        int, Meta(ge=1, le=64, description="How many files are written and read at once.")
    ] = 4
    as_of_waiting_requests_max: Annotated[
        int,
        Meta(
            ge=1,
            description="How many requests that look back may wait, and as many of each other kind "
            "that takes long; more get 503, `BUSY`.",
        ),
    ] = 64
    as_of_waiting_requests_per_key_max: Annotated[
        int,
        Meta(
            ge=1,
            description="How many of them may be of one key, which wait for one another; more are "
            "told 429, `BUSY`.",
        ),
    ] = 16
    wait_seconds_max: Annotated[
        float,
        Meta(
            ge=0,
            description="How long a mutation waits for its result to be readable; after that it "
            "succeeds with its log index and no object.",
        ),
    ] = 5.0


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings an environment gives; refuses what is not understood, naming the variable."""
    environment = os.environ if environment is None else environment
    given: dict[str, Any] = {
        name: environment[variable(name)]
        for name in Settings.__struct_fields__
        if environment.get(variable(name))
    }
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`")
        raise InvalidInput(f"{variable(name) if name else 'A setting'}: {message}.") from None


def files_folder(settings: Settings, log: URL) -> Path:
    """Where uploaded files lie."""
    if settings.files_folder:
        return Path(settings.files_folder)
    if log.get_backend_name() == "sqlite":
        place = Path(log.database or "")
        return place.with_name(f"{place.stem}-files")
    return Path("var/files")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"SUIVI_{name.upper()}"


def describe() -> list[tuple[str, str, str]]:
    """Variable, default and help of every setting, in order."""
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    return [
        (
            variable(field.name),
            str(field.default),
            (field.type.extra_json_schema or {}).get("description", "")
            if isinstance(field.type, msgspec.inspect.Metadata)
            else "",
        )
        for field in info.fields
    ]
