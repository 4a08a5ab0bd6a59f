"""Measured, not believed: `python -m benchmarks`. What each figure means: README.md beside this."""
