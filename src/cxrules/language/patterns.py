"""The patterns of ids and texts, used by the schemas of files and for input from elsewhere."""

from __future__ import annotations

from typing import Final

__all__ = ["CLAIM_ID", "DASHED_ID", "ELSEWHERE", "FINGERPRINT", "NAME", "SOURCE_ID", "TEXT", "UNPRINTABLE"]

UNPRINTABLE: Final = r"\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069"
"""Characters that act instead of being displayed: controls, line separators, changes of direction."""

TEXT: Final = rf"^[^\s{UNPRINTABLE}](?:[^{UNPRINTABLE}]*[^\s{UNPRINTABLE}])?$"
NAME: Final = r"^[a-z][a-z0-9_]*$"
DASHED_ID: Final = r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$"
SOURCE_ID: Final = r"^[A-Z][0-9]+$"
CLAIM_ID: Final = r"^[A-Z][0-9]+-[0-9]+[a-z]?$"
ELSEWHERE: Final = r"(?s:(?:.*[/\\])?\.\.(?:[/\\].*)?|[/\\].*|[^/\\]*:.*)"
"""A path that leads out of a folder: through `..`, from a root, or on a drive."""

FINGERPRINT: Final = r"^[0-9a-f]{64}$"
