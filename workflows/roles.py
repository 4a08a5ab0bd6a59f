"""In what roles keys speak.

An **administrator** grants keys; a **coordinator** is the national mechanism itself; a **clerk**
imports documents and enters what others have said; a **focal point** works for one institution on
what it is assigned; an **auditor** reads everything but other people's drafts; a **reader** reads
what is public.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """In what role a key speaks."""

    ADMINISTRATOR = "administrator"
    """grants keys"""
    COORDINATOR = "coordinator"
    """acts for the national mechanism and may take every step for a State"""
    CLERK = "clerk"
    """imports documents and enters statements of others"""
    FOCAL_POINT = "focal-point"
    """works for one institution on its assignments"""
    AUDITOR = "auditor"
    """reads everything except drafts of others"""
    READER = "reader"
    """reads what is public"""


A, C, K, F = (
    frozenset((role,))
    for role in (Role.ADMINISTRATOR, Role.COORDINATOR, Role.CLERK, Role.FOCAL_POINT)
)
"""The roles that write, each alone: `C | K` is either of two."""
