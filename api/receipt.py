"""An import's receipt as a person reads it."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workflows.importing import Outcome, Positions, Receipt, RowNote

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
    console.print(f"{receipt.rows} rows: {', '.join(_outcomes(receipt))}")
    counted = {name: getattr(receipt, name) for name in _PARAGRAPHS}
    if any(counted[name] != receipt.row_outcomes.get(name, 0) for name in _PARAGRAPHS):
        unit = "steps" if receipt.format == "worklist" else "paragraphs"
        said = ", ".join(f"{n} {name}" for name, n in counted.items() if n)
        console.print(f"{unit}: {said or 'none'}")
    if receipt.missing:
        console.print(f"{receipt.missing} missing")
    _notes(console, "Unreadable", receipt.unreadable_rows, "red", len(receipt.unreadable_rows))
    _notes(console, "Not read", receipt.not_read_rows, "red", len(receipt.not_read_rows))
    _notes(console, "Changed", receipt.changes, "yellow", None if verbose else notes_max)
    _notes(console, "Conflicts, nothing recorded", receipt.conflicts, "red", None)
    _notes(console, "Missing", receipt.missing_rows, "yellow", None if verbose else notes_max)
    _notes(console, "Worth a look", receipt.doubts, "yellow", None if verbose else notes_max)
    if receipt.dry_run:
        console.print("[bold]Dry run:[/bold] nothing was recorded.")
    elif receipt.first is None:
        console.print("Nothing new: nothing was recorded.")
    else:
        last = receipt.first + receipt.events - 1
        console.print(f"Recorded {receipt.events} events at log index {receipt.first} to {last}.")


_PARAGRAPHS = ("new", "changed", "same", "matched", "undecided")
_ALWAYS = (Outcome.NEW, Outcome.CHANGED, Outcome.SAME, Outcome.UNREADABLE)
_SAID = {
    Outcome.NEW: "new",
    Outcome.CHANGED: "changed",
    Outcome.SAME: "same",
    Outcome.MATCHED: "matched",
    Outcome.UNDECIDED: "undecided",
    Outcome.MERGED: "merged",
    Outcome.REPEATED: "repeated word for word",
    Outcome.OTHER_STATES: "of States not asked for",
    Outcome.NOT_READ: "not read",
    Outcome.UNREADABLE: "unreadable",
}
_COLOURS = {Outcome.NEW: "green", Outcome.UNREADABLE: "red", Outcome.NOT_READ: "red"}


def _outcomes(receipt: Receipt) -> list[str]:
    """What came of the rows; the numbers add up to all of them."""
    said = []
    for outcome, word in _SAID.items():
        rows = receipt.row_outcomes.get(outcome, 0)
        always = outcome in _ALWAYS or (outcome is Outcome.MERGED and receipt.layout)
        if rows or always:
            colour = _COLOURS.get(outcome) if rows or outcome is Outcome.NEW else None
            said.append(f"[{colour}]{rows} {word}[/{colour}]" if colour else f"{rows} {word}")
    return said


def _about(receipt: Receipt) -> list[str]:
    whom = receipt.addressee or ("all States" if receipt.format != "worklist" else "worklist")
    if receipt.format not in {"ohchr-matrix", "wg-report"}:
        return [f"[bold]{whom}[/bold]", receipt.format, receipt.language]
    session = f", session {receipt.session}" if receipt.session is not None else ""
    cycle = f"cycle {receipt.cycle}{session}" if receipt.cycle is not None else "no cycle"
    read = f"layout {receipt.layout}" if receipt.format == "ohchr-matrix" else receipt.format
    said = escape(receipt.document or ""), f"{read}, {receipt.language}"
    return [f"[bold]{whom}[/bold]", cycle, *said]


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
