"""Values and organisations in the notation in which authors write them."""

from __future__ import annotations

from collections.abc import Mapping

from cxrules.language.facts import FactValue, write_number

__all__ = ["write_facts", "write_value"]


def write_value(value: FactValue | None) -> str:
    """Write a value as YAML.

    Examples:
        >>> write_value(("retention", "loyalty")), write_value(True), write_value(None)
        ('[retention, loyalty]', 'true', 'unknown')
    """
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]"
    return value if isinstance(value, str) else write_number(value)


def write_facts(known: Mapping[str, FactValue], indent: str = "") -> str:
    """Write an organisation as YAML, one fact on each line; if nothing is known, as an empty mapping."""
    if not known:
        return f"{indent}{{}}\n"
    return "".join(f"{indent}{name}: {_quoted(value)}\n" for name, value in known.items())


def _quoted(value: FactValue) -> str:
    written = write_value(value)
    # A name that YAML would read as something other than text.
    if isinstance(value, str) and written in ("yes", "no", "on", "off", "true", "false", "null", "y", "n"):
        return f'"{written}"'
    return written
