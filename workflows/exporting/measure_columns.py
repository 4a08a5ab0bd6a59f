"""The columns of a list of measures."""

from __future__ import annotations

from domain.measure import Measure
from domain.words import Capacity
from workflows.exporting.columns import Column
from workflows.list_cells import join


def _responsible(m: Measure, capacity: Capacity) -> str:
    return join(r.institution for r in m.current if r.capacity is capacity)


COLUMNS: tuple[Column[Measure], ...] = (
    Column("id", 38, lambda m, _: str(m.id)),
    Column("version", 8, lambda m, _: str(m.version)),
    Column("addressee", 10, lambda m, _: m.addressee),
    Column("plan", 14, lambda m, _: m.plan or ""),
    Column("code", 10, lambda m, _: m.code),
    Column("kind", 14, lambda m, _: m.kind.value),
    Column("preventive", 10, lambda m, _: "yes" if m.preventive else ""),
    Column("title", 60, lambda m, reading: m.text(reading.language).title),
    Column("description", 70, lambda m, reading: m.text(reading.language).description or ""),
    Column("text_language", 8, lambda m, reading: m.text(reading.language).language),
    Column("status", 12, lambda m, _: m.status.value),
    Column("starts", 12, lambda m, _: m.starts or ""),
    Column("ends", 12, lambda m, _: m.ends or ""),
    Column("due", 12, lambda m, _: m.due or ""),
    Column("lead", 20, lambda m, _: _responsible(m, Capacity.LEAD)),
    Column("supporting", 20, lambda m, _: _responsible(m, Capacity.SUPPORTING)),
    Column(
        "recommendations",
        40,
        lambda m, _: join(f"{k.to}{f' (part {k.part})' if k.part else ''}" for k in m.links),
    ),
)
"""In order. Programs read them: names are added at the end, never changed."""
