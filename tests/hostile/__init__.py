"""Hostile inputs, and the one oracle that judges them all.

An input is a file in `inputs/`: its docstring says what is sent, its function `hostile` gives it as
data (`doors.py`): by which door, as whom, and what is meant. To add an input, add a file; nothing
else. `make test ARGS="-k hostile"` tries them all, and `make endurance` changes them at random too.

What holds for each of them stands in `oracle.py`.
"""
