"""Conditions and organisations in the notation in which authors write them."""

from __future__ import annotations

from collections.abc import Mapping

from cxrules.language.facts import FactValue, write_number
from cxrules.language.rules import AnyOf, Condition, FindingTest, Operator

__all__ = ["write_condition", "write_conditions", "write_value"]


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


def write_condition(condition: Condition) -> str:
    """Write a condition as it stands under `when`.

    Examples:
        >>> from cxrules.language.rules import FactTest
        >>> write_condition(FactTest("budget", Operator.BELOW, 20))
        'budget: {below: 20}'
    """
    if isinstance(condition, FindingTest):
        return f"{condition.finding}: true"
    if isinstance(condition, AnyOf):
        return "any_of: [" + ", ".join("{" + write_conditions(branch) + "}" for branch in condition.alternatives) + "]"
    operand = write_value(condition.operand)
    if condition.operator in (Operator.IS, Operator.IN):
        return f"{condition.fact}: {operand}"
    return f"{condition.fact}: {{{condition.operator}: {operand}}}"


def write_conditions(conditions: tuple[Condition, ...]) -> str:
    """Write a conjunction on one line."""
    return ", ".join(map(write_condition, conditions))


def write_facts(known: Mapping[str, FactValue], indent: str = "") -> str:
    """Write an organisation as YAML, one fact on a line; nothing known is an empty mapping."""
    if not known:
        return f"{indent}{{}}\n"
    return "".join(f"{indent}{name}: {_quoted(value)}\n" for name, value in known.items())


def _quoted(value: FactValue) -> str:
    written = write_value(value)
    # A name that YAML would read as something other than text.
    if isinstance(value, str) and written in ("yes", "no", "on", "off", "true", "false", "null", "y", "n"):
        return f'"{written}"'
    return written
