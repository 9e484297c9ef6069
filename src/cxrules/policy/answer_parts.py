"""The parts of an answer as objects, data and JSON, each made once for what it depends on, and kept."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from cxrules.language.plain import make_plain
from cxrules.late import dataclass

__all__ = ["Advice", "Part", "keep_part", "make_part", "write_json"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_KEPT = 8192
"""The most parts of one kind that are kept."""


@dataclass(frozen=True, slots=True)
class Advice:
    """An action to take, or a warning to heed.

    Attributes:
        id: Its name in the rule base; for a warning about impossible input, that of the conjunction.
        text: Its text, a sentence.
        claims: The claims behind the rules that conclude it.
    """

    id: str
    text: str
    claims: tuple[str, ...]


class Part(NamedTuple):
    """A part of an answer as an object, as data and as JSON."""

    thing: Any
    data: dict[str, Any]
    written: str

    def copy(self) -> dict[str, Any]:
        """Return a copy of the data, which the caller may change."""
        return {name: value.copy() if type(value) is list else value for name, value in self.data.items()}


def make_part(thing: Any) -> Part:
    """Return a part of an answer in all three forms."""
    from dataclasses import fields

    data = {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}
    return Part(thing, data, write_json(data))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)  # a member of an enum becomes plain text
    return make_plain(value)


def keep_part(kept: dict[_Key, _Value], key: _Key, value: _Value) -> _Value:
    """Keep a value under a key, and return it."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
    return value


def write_json(data: Any) -> str:
    """Return data as JSON."""
    import json

    return json.dumps(data, ensure_ascii=False)
