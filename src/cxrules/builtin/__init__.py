"""The built-in rule base, and what is generated from it: models, typed facts, the organisation model."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cxrules.language.parts import Parts

__all__ = ["BUILTIN", "EXPECTATIONS", "read_builtin", "read_data"]

BUILTIN: Final = Path(__file__).with_name("builtin.json")
"""The rule base that comes with the package, in canonical form. Generated; a test holds it fresh."""

EXPECTATIONS: Final = Path(__file__).with_name("expectations.json")
"""What is expected of it, and which findings about it are accepted. Generated as well."""


def read_data(path: Path) -> bytes:
    """Return what a file of this package holds, also where the package is imported from a zip."""
    loader: Any = globals()["__loader__"]
    content: bytes = loader.get_data(str(path))
    return content


@cache
def read_builtin() -> tuple[Parts, str]:
    """Return the parts of the built-in rule base and its revision, read once for each process.

    Examples:
        >>> parts, revision = read_builtin()
        >>> parts.name
        'cxrules'
    """
    from cxrules.language import canonical

    return canonical.read(read_data(BUILTIN), trusted=True)
