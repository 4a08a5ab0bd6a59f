"""The bench keeps what it measured, part by part."""

from __future__ import annotations

from pathlib import Path

from benchmarks.__main__ import BEGIN, END, HERE, PARTS, Part, keep, kept, write_readme
from benchmarks.measuring import one_ratio


def part(name: str, ours: float) -> Part:
    ratio = one_ratio(name, "sqlite", "a case", "a peer", ours, 100.0)
    return Part(taken_on="2026-11-28", machine="2 cores", quick=True, rounds=3, ratios=[ratio])


def test_measuring_one_part_again_keeps_the_results_of_the_others(tmp_path: Path) -> None:
    file, readme = tmp_path / "results.json", tmp_path / "README.md"
    keep(file, {"http": part("http", 50.0), "append": part("append", 80.0)})
    keep(file, {"append": part("append", 90.0)})
    assert {name: one.ratios[0].ratio for name, one in kept(file).items()} == {
        "append": 0.9,
        "http": 0.5,
    }
    readme.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n")
    write_readme(readme, kept(file))
    written = readme.read_text()
    assert written.startswith("Before\n")
    assert written.endswith("\nAfter\n")
    assert written.index("### append") < written.index("### http")
    assert "old" not in written


def test_the_results_in_the_repository_are_of_parts_that_there_are() -> None:
    assert 0 < len(kept(HERE / "results.json")) <= len(PARTS)
