"""The view of words: which cases a query finds, in every language.

What counts as a word is ours (`projections.tokens`), equal on both stores; the inverted index is
the store's own: FTS5 in SQLite, a `tsvector` under GIN in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic

from sqlalchemy import Connection, String, TextualSelect, bindparam, func, select, text

from domain.casework import Case
from projections import writing
from projections.tables import search_document as document
from projections.tokens import index_tokens, query_tokens
from projections.writing import Change

addressees_max = 20
quiet_seconds_max = 1.0
rows_at_once = 1_000

words_bytes_max = 1_000_000
"""A `tsvector` has room for a mebibyte of words; beyond that it mixes them up without a word."""


def tokens(case: Case) -> list[str]:
    """What a case is found by, as far as there is room."""
    found: set[str] = set()
    room = words_bytes_max
    for piece in _pieces(case):
        for token in sorted(piece - found):
            room -= len(token.encode())
            if room < 0:
                return sorted(found)
            found.add(token)
    return sorted(found)


def _pieces(case: Case) -> Iterator[set[str]]:
    yield {_of(case.addressee)}
    for language, words in case.words():
        yield index_tokens(words, language)


def _has_new_words(before: Case | None, after: Case) -> bool:
    return [*after.words()] != ([] if before is None else [*before.words()])


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
        if isinstance(after, Case) and _has_new_words(before, after):
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
        writing.each(
            connection,
            "INSERT INTO search_text (number, tokens) VALUES (%s, array_to_tsvector(%s))"
            " ON CONFLICT (number) DO UPDATE SET tokens = excluded.tokens",
            numbered,
        )


def _numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for i in range(0, len(ids), 500):
        query = select(document.c.owner, document.c.number).where(
            document.c.owner.in_(ids[i : i + 500])
        )
        found.update((id, number) for id, number in connection.execute(query))
    return found


def indexed(connection: Connection) -> Iterator[tuple[str, int, int]]:
    """What each case is found by, in the order of their rows: id, a digest of the words
    that are kept, and of those that the index holds. Digests are this process's own."""
    kept: dict[str, int] = {}
    held: dict[str, int] = {}
    if connection.dialect.name == "sqlite":
        ids = dict(connection.execute(select(document.c.number, document.c.owner)).all())
        databases = connection.exec_driver_sql("PRAGMA database_list").scalars(1).all()
        schema = "search" if "search" in databases else "main"
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE temp.search_word"
            f" USING fts5vocab({schema}, search_text, instance)"
        )
        words = connection.exec_driver_sql("SELECT doc, term FROM temp.search_word")
        for number, word in words.yield_per(rows_at_once):
            id = ids.get(number, f"the text {number}")
            held[id] = held.get(id, 0) + hash(word)
        connection.exec_driver_sql("DROP TABLE temp.search_word")
        texts = connection.exec_driver_sql("SELECT rowid, tokens FROM search_text")
        for number, tokens_ in texts.yield_per(rows_at_once):
            id = ids.get(number, f"the text {number}")
            kept[id] = sum(map(hash, tokens_.split()))
    else:
        query = (
            "SELECT d.owner, t.number, tsvector_to_array(t.tokens)"
            " FROM search_document d FULL JOIN search_text t ON t.number = d.number"
        )
        piecemeal = {"yield_per": rows_at_once}
        found = connection.exec_driver_sql(query, execution_options=piecemeal)
        for id, number, tokens_ in found:
            id = id or f"the text {number}"
            kept[id] = held[id] = sum(map(hash, tokens_ or ()))
    for id in sorted(kept.keys() | held.keys()):
        yield id, kept.get(id, 0), held.get(id, 0)


# --- Asking --------------------------------------------------------------------------------------


def found(
    connection: Connection, query: str, addressees: Sequence[str] | None = None
) -> TextualSelect:
    """The rows of the cases that have every word of a query, in one form or another.
    `addressees`: to which the search may be narrowed."""
    asked = query_tokens(query)
    if addressees and len(addressees) <= addressees_max:
        asked.append(frozenset(map(_of, addressees)))
    if connection.dialect.name == "sqlite":
        words = " AND ".join(
            "(" + " OR ".join(f'"{word}"' for word in sorted(forms)) + ")" for forms in asked
        )
        statement = (
            "SELECT d.owner FROM search_text JOIN search_document d"
            " ON d.number = search_text.rowid WHERE search_text MATCH :words"
        )
    else:
        words = " & ".join(
            "(" + " | ".join(f"'{word}'" for word in sorted(forms)) + ")" for forms in asked
        )
        statement = (
            "SELECT d.owner FROM search_text t JOIN search_document d"
            " ON d.number = t.number WHERE t.tokens @@ CAST(:words AS tsquery)"
        )
    return text(statement).bindparams(bindparam("words", words)).columns(owner=String)
