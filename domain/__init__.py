"""What is true: the facts of follow-up, their invariants, and the words they are told in.

Knows the standard library and msgspec, nothing else. Start with `recommendation`.
"""
