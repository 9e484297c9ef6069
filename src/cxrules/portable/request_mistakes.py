"""What is wrong with a request, as pydantic finds it: in plain words, with what was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from cxrules.errors import SHOWN, InvalidOrganisation, Location, find_almost, show_value, suggest

__all__ = ["read_whole", "tell_mistakes"]

_FACTS: Final = "facts"
_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping of facts",
    "greater_than_equal": "a number from {ge}",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "less_than_equal": "a number up to {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_attributes_type": "a mapping of facts",
    "string_type": "text",
    "too_long": "a list of at most {max_length}",
}
"""What is expected where pydantic finds something else."""


def read_whole(given: object) -> object:
    """Return a whole number that is written with a point as the integer it is, and anything else as it is.

    JSON has one kind of number, and some clients write 2 as 2.0.

    Examples:
        >>> read_whole(2.0), read_whole(2.5), read_whole("2")
        (2, 2.5, '2')
    """
    return int(given) if isinstance(given, float) and given.is_integer() else given


def tell_mistakes(
    mistakes: Sequence[Mapping[str, Any]], fields: Collection[str], facts: Collection[str], noun: str
) -> list[str]:
    """Describe every mistake: where it is, what is wrong, and what was probably meant.

    A missing field is not mentioned if an unknown one was probably meant for it.

    Args:
        mistakes: The mistakes, in the form of `ValidationError.errors()`.
        fields: The fields that a request may have.
        facts: The facts that exist, which belong in the field `facts`.
        noun: The word for a field, such as "argument".
    """
    hints = {
        mistake["loc"]: _hint_at_field(mistake["loc"][-1], fields, facts) if at < SHOWN else ("", "")
        for at, mistake in enumerate(mistakes)
        if mistake["type"] == "extra_forbidden"
    }
    meant = {field for field, _ in hints.values()}
    lines = []
    for mistake in mistakes:
        kind, place = mistake["type"], mistake["loc"]
        where = str(Location(path=tuple(map(str, place))))
        lead = f"{where}: " if where else ""
        if kind == "extra_forbidden":
            lines.append(f"{lead}no such {noun}; {hints[place][1]}".rstrip("; "))
        elif kind == "missing" and not place:
            lines.append(f"the body is empty; an object with {_join(fields)} is expected")
        elif kind == "missing" and place[-1] not in meant:
            lines.append(f"{lead}this {noun} is missing")
        elif kind == "json_invalid":
            lines.append(f"the body is not JSON: {mistake['ctx']['error']}, at character {where}")
        elif kind == "value_error":
            lines += _quote(mistake["ctx"]["error"], lead)
        elif kind != "missing":
            lines.append(f"{lead}{_say_expected(mistake, fields)}")
    return lines


def _hint_at_field(name: object, fields: Collection[str], facts: Collection[str]) -> tuple[str, str]:
    """Return the field that was meant by an unknown name, or an empty text, and the suggestion."""
    known = tuple(fields)
    hint = suggest(name, known)
    if _FACTS in fields and not hint.startswith("did you mean"):
        if name in facts:
            return _FACTS, f"move it under {_FACTS!r}"
        if fact := find_almost(str(name), facts):
            return _FACTS, f"did you mean {fact!r}, under {_FACTS!r}?"
    return next((field for field in known if hint == f"did you mean {field!r}?"), ""), hint


def _quote(error: Exception, lead: str) -> list[str]:
    """Return what our own check says, with a line for each mistake in facts."""
    if not isinstance(error, InvalidOrganisation):
        return [f"{lead}{error}"]
    within = lead.removesuffix(": ")
    return [f"{within}.{told}" if told.location.path else f"{lead}{told}" for told in error.diagnostics]


def _say_expected(mistake: Mapping[str, Any], fields: Collection[str]) -> str:
    if not mistake["loc"]:
        shown = show_value(mistake["input"])
        hint = "; send it as application/json" if isinstance(mistake["input"], bytes) else ""
        return f"an object with {_join(fields)} is expected, not {shown}{hint}"
    expected = _EXPECTED.get(mistake["type"], "").format_map(mistake.get("ctx", {}))
    # Our own mistakes in a list all come with the whole list, so that showing it each time would take too long.
    return f"{expected} is expected, not {show_value(mistake['input'])}" if expected else str(mistake["msg"])


def _join(fields: Collection[str]) -> str:
    return ", ".join(map(repr, fields))
