"""An import's receipt as a person reads it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workflows.importing import Positions, Receipt, RowNote

notes_max = 20


def show(receipt: Receipt, console: Console, *, verbose: bool) -> None:
    """Prints a receipt: what it is about, the counts in their units, and what needs a look."""
    console.print(" · ".join(_about(receipt)))
    if receipt.inferred:
        console.print(f"[dim]taken from the file: {', '.join(receipt.inferred)}[/dim]")
    table = Table("unit", "all", "supported", "noted", "pending", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for unit, all_, positions in (
        ("paragraphs", receipt.paragraphs, receipt.positions),
        ("parts (texts)", receipt.parts, receipt.parts_by_position),
        ("pairs (paragraph and State)", receipt.pairs, receipt.pairs_by_position),
    ):
        table.add_row(unit, str(all_), *_numbers(positions))
    for document, positions in receipt.positions_by_document.items():
        all_ = positions.supported + positions.noted + positions.pending
        table.add_row(f"  by {escape(document)}", str(all_), *_numbers(positions))
    console.print(table)
    also = "".join(
        f", {getattr(receipt, name)} {said}"
        for name, said in _ALSO
        if getattr(receipt, name) or (name == "merged" and receipt.layout)
    )
    console.print(
        f"{receipt.rows} rows: [green]{receipt.new} new[/green], {receipt.changed} changed, "
        f"{receipt.same} same{also}, "
        + (f"[red]{receipt.unreadable} unreadable[/red]" if receipt.unreadable else "0 unreadable")
    )
    _notes(console, "Unreadable", receipt.unreadable_rows, "red", len(receipt.unreadable_rows))
    _notes(console, "Not read", receipt.not_read_rows, "red", len(receipt.not_read_rows))
    _notes(console, "Changed", receipt.changes, "yellow", None if verbose else notes_max)
    _notes(console, "Conflicts, not taken", receipt.conflicts, "red", None)
    _notes(console, "Missing", receipt.missing_rows, "yellow", None if verbose else notes_max)
    _notes(console, "Worth a look", receipt.doubts, "yellow", None if verbose else notes_max)
    if receipt.dry_run:
        console.print("[bold]Dry run:[/bold] nothing was recorded.")
    elif receipt.first is None:
        console.print("Nothing new: nothing was recorded.")
    else:
        last = receipt.first + receipt.events - 1
        console.print(f"Recorded {receipt.events} events at log index {receipt.first} to {last}.")


_ALSO = (
    ("merged", "merged"),
    ("repeated", "repeated word for word"),
    ("not_read", "not read"),
    ("matched", "matched"),
    ("undecided", "undecided"),
    ("missing", "missing"),
    ("other_states", "of States not asked for"),
)


def _about(receipt: Receipt) -> list[str]:
    whom = receipt.addressee or ("all States" if receipt.format != "worklist" else "worklist")
    if receipt.format != "ohchr-matrix":
        return [f"[bold]{whom}[/bold]", receipt.format, receipt.language]
    session = f", session {receipt.session}" if receipt.session is not None else ""
    cycle = f"cycle {receipt.cycle}{session}" if receipt.cycle is not None else "no cycle"
    layout = f"layout {receipt.layout}, {receipt.language}"
    return [f"[bold]{whom}[/bold]", cycle, escape(receipt.document or ""), layout]


def _numbers(positions: Positions) -> tuple[str, str, str]:
    return str(positions.supported), str(positions.noted), str(positions.pending)


def _notes(
    console: Console, title: str, notes: list[RowNote], colour: str, limit: int | None
) -> None:
    if not notes:
        return
    console.print(f"[{colour}]{title}:[/{colour}]")
    for note in notes[:limit]:
        printed = f" “{escape(note.printed[:60])}”" if note.printed else ""
        console.print(f"  row {note.row}: {escape(note.message)}{printed}", highlight=False)
    if limit is not None and len(notes) > limit:
        console.print(f"  … and {len(notes) - limit} more: --json lists all")
