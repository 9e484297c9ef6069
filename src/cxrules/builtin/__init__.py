"""The built-in rule base, and what is generated from it: models, typed facts, the organisation model."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cxrules.language.parts import Parts

__all__ = ["BUILTIN", "EXPECTATIONS", "read_builtin"]

BUILTIN: Final = Path(__file__).with_name("builtin.json")
"""The rule base that comes with the package, in canonical form. Generated; a test holds it fresh."""

EXPECTATIONS: Final = Path(__file__).with_name("expectations.json")
"""What is expected of it, and which findings about it are accepted. Generated as well."""


@cache
def read_builtin() -> tuple[Parts, str]:
    """Return the parts of the built-in rule base and its revision, read once for each process.

    Examples:
        >>> parts, revision = read_builtin()
        >>> parts.name
        'cxrules'
    """
    from cxrules.language import canonical

    return canonical.read(BUILTIN.read_bytes(), trusted=True)
