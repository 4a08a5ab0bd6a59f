"""The view of words: which recommendations a query finds, in every language.

What counts as a word is ours (`projections.tokens`), equal on both stores; the inverted index is
the store's own: FTS5 in SQLite, a `tsvector` under GIN in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic

from sqlalchemy import Connection, String, TextualSelect, bindparam, func, select, text

from domain.recommendation import Recommendation
from projections import writing
from projections.tokens import index_tokens, query_tokens
from projections.views import search_document as document
from projections.writing import Change

addressees_max = 20
quiet_seconds_max = 1.0
words_bytes_max = 1_000_000
"""A `tsvector` has room for a mebibyte of words; beyond that it mixes them up without a word."""


def tokens(r: Recommendation) -> list[str]:
    """What a recommendation is found by: its names, and its texts in every language as far as
    there is room, the one it came in first."""
    found: set[str] = set()
    room = words_bytes_max
    for piece in _pieces(r):
        for token in sorted(piece - found):
            room -= len(token.encode())
            if room < 0:
                return sorted(found)
            found.add(token)
    return sorted(found)


def _pieces(r: Recommendation) -> Iterator[set[str]]:
    yield {_of(r.addressee)}
    for alias in r.aliases:
        yield index_tokens(f"{alias.value} {alias.paragraph or ''}", "")
    for language, wording in r.texts.items():
        for part in wording.parts:
            yield index_tokens(part.text, language)


def _of(addressee: str) -> str:
    """Stands among the words for whom they are addressed to, so that a search in one record costs
    what that record has. No query makes it: in a run of Han there are no other letters."""
    return "国" + "".join(filter(str.isalnum, addressee.casefold()))


# --- Writing -------------------------------------------------------------------------------------


def store(connection: Connection, changes: Sequence[Change]) -> None:
    """Indexes anew what has new words."""
    words: dict[str, list[str]] = {}
    heard = monotonic()
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Recommendation) and (
            before is None or before.texts != after.texts or before.aliases != after.aliases
        ):
            words[change.row] = tokens(after)
            if monotonic() - heard > quiet_seconds_max:
                writing.stir(connection)
                heard = monotonic()
    if not words:
        return
    old = _numbers(connection, list(words))
    following = connection.execute(select(func.coalesce(func.max(document.c.number), 0))).scalar()
    new = {id: int(following or 0) + i for i, id in enumerate(words.keys() - old.keys(), start=1)}
    writing.insert(connection, document, [(number, id) for id, number in new.items()])
    numbered = [(number, words[id]) for id, number in {**old, **new}.items()]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(
            "DELETE FROM search_text WHERE rowid = ?", [(number,) for number in old.values()]
        ) if old else None
        connection.exec_driver_sql(
            "INSERT INTO search_text (rowid, tokens) VALUES (?, ?)",
            [(number, " ".join(found)) for number, found in numbered],
        )
    else:
        connection.exec_driver_sql(
            "INSERT INTO search_text (number, tokens) VALUES (%s, array_to_tsvector(%s))"
            " ON CONFLICT (number) DO UPDATE SET tokens = excluded.tokens",
            numbered,
        )


def _numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for i in range(0, len(ids), 500):
        query = select(document.c.recommendation, document.c.number).where(
            document.c.recommendation.in_(ids[i : i + 500])
        )
        found.update((id, number) for id, number in connection.execute(query))
    return found


def dump(connection: Connection) -> dict[str, str]:
    """The words of every recommendation, by id: to compare views with one another."""
    on_sqlite = connection.dialect.name == "sqlite"
    query = (
        "SELECT d.recommendation, t.tokens FROM search_document d JOIN search_text t"
        " ON t.rowid = d.number"
        if on_sqlite
        else "SELECT d.recommendation, array_to_string(tsvector_to_array(t.tokens), ' ')"
        " FROM search_document d JOIN search_text t ON t.number = d.number"
    )
    return {id: " ".join(sorted(words.split())) for id, words in connection.execute(text(query))}


# --- Asking --------------------------------------------------------------------------------------


def found(
    connection: Connection, query: str, addressees: Sequence[str] | None = None
) -> TextualSelect:
    """The rows of the recommendations that have every word of a query, in one form or another.
    `addressees`: to which the search may be narrowed."""
    asked = query_tokens(query)
    if addressees and len(addressees) <= addressees_max:
        asked.append(frozenset(map(_of, addressees)))
    if connection.dialect.name == "sqlite":
        words = " AND ".join(
            "(" + " OR ".join(f'"{word}"' for word in sorted(forms)) + ")" for forms in asked
        )
        statement = (
            "SELECT d.recommendation FROM search_text JOIN search_document d"
            " ON d.number = search_text.rowid WHERE search_text MATCH :words"
        )
    else:
        words = " & ".join(
            "(" + " | ".join(f"'{word}'" for word in sorted(forms)) + ")" for forms in asked
        )
        statement = (
            "SELECT d.recommendation FROM search_text t JOIN search_document d"
            " ON d.number = t.number WHERE t.tokens @@ CAST(:words AS tsquery)"
        )
    return text(statement).bindparams(bindparam("words", words)).columns(recommendation=String)
