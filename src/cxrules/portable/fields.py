"""The fields of an answer: one table for each class, read off the class itself.

A field is a public field of the dataclass, a property that the class names in `FIELDS` or `DERIVED`, or a private field
whose metadata give it a name in the data. Its type is its annotation; its description is in the docstring.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_type_hints

from cxrules.late import dataclass

if TYPE_CHECKING:
    import dataclasses

    published = property
else:

    class published(property):  # noqa: N801 - a decorator
        """A property that only an instance has.

        What makes a model of a class, as the MCP SDK does of a tool's return type, takes a class attribute for the
        field's default.
        """

        def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
            if instance is None:
                raise AttributeError(f"{self.fget.__name__!r} is there once something is answered")
            return super().__get__(instance, owner)


__all__ = [
    "Field",
    "Role",
    "hide_fields",
    "inside_others",
    "list_fields",
    "list_names",
    "own_fields",
    "published",
    "published_as",
    "remember",
]

_Class = TypeVar("_Class", bound=type[Any])
_Result = TypeVar("_Result")

Role: TypeAlias = Literal["given", "derived"]

_ENTRY = r"(?m)^ {4}(\w+): (.+(?:\n {5,}\S.*)*)"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an answer as data.

    Attributes:
        name: Its key in the data.
        attribute: The attribute it is read from, which the constructor takes where it is given.
        hint: Its type.
        description: What it is.
        role: Whether the constructor takes it, or it follows from the others.
        optional: Whether the constructor has a default for it.
    """

    name: str
    attribute: str
    hint: Any
    description: str
    role: Role
    optional: bool


def remember(function: Callable[[Any], _Result]) -> Callable[[Any], _Result]:
    """Return a function of a type that keeps what it has found; to a type checker not every type can be a key."""
    return cache(function)


_INNER: list[Any] = []


def inside_others(kind: _Class) -> _Class:
    """Mark the class of answer that is nested in others which leave its type open with a type variable."""
    _INNER[:] = [kind]
    return kind


def published_as(name: str) -> dict[str, str]:
    """Return the metadata of a private dataclass field that is part of the data under another name."""
    return {"published_as": name}


class _NoFields:
    """Stands where a dataclass keeps its fields, and has none to show."""

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        raise AttributeError("an answer is no dataclass; its data is what `model_dump` returns")


_HIDDEN: dict[type[Any], tuple[dataclasses.Field[Any], ...]] = {}


def hide_fields(kind: type[Any]) -> None:
    """Keep it from others that a class is a dataclass; `own_fields` knows."""
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        _HIDDEN[kind] = dataclasses.fields(kind)
        kind.__dataclass_fields__ = _NoFields()  # what `hasattr` takes for nothing


def own_fields(kind: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of a dataclass, hidden or not; none of another class."""
    hidden = _HIDDEN.get(kind)
    if hidden or not hasattr(kind, "__dataclass_fields__"):
        return hidden or ()
    import dataclasses

    return dataclasses.fields(kind)


@remember
def list_fields(kind: Any) -> tuple[Field, ...]:
    """Return the fields of a class of answers, or of a dataclass inside one, in the order of the data."""
    from inspect import getdoc

    found = []
    hints = _read_hints(kind)
    described = _descriptions(kind)
    for name, field in _given(kind).items():
        optional = field.default is not field.default_factory  # both are MISSING where there is no default
        description = described.get(name, described.get(field.name, ""))
        hint = _INNER[0] if isinstance(hints[field.name], TypeVar) else hints[field.name]
        found.append(Field(name, field.name, hint, description, "given", optional))
    for name in _derived(kind):
        getter = vars(kind)[name].fget
        hint = get_type_hints(getter, include_extras=True)["return"]
        found.append(Field(name, name, hint, (getdoc(getter) or "").partition("\n\n")[0], "derived", optional=False))
    return tuple(found)


def list_names(kind: Any) -> tuple[str, ...]:
    """Return the names of those fields; their types need not be known yet."""
    return (*_given(kind), *_derived(kind))


def _given(kind: Any) -> dict[str, dataclasses.Field[Any]]:
    named = {field.metadata.get("published_as", field.name): field for field in own_fields(kind)}
    return {name: field for name, field in named.items() if not name.startswith("_")}


def _derived(kind: Any) -> tuple[str, ...]:
    return (*getattr(kind, "FIELDS", ()), *getattr(kind, "DERIVED", ()))


def _read_hints(kind: Any) -> dict[str, Any]:
    """Return the types of the fields of a dataclass as it was written; its annotations may be those of its data."""
    written = SimpleNamespace(__annotations__={field.name: field.type for field in _given(kind).values()})
    return get_type_hints(written, vars(sys.modules[kind.__module__]), include_extras=True)


def _descriptions(kind: type[Any]) -> dict[str, str]:
    """Return what the `Attributes:` section of a docstring says of each."""
    import re
    from textwrap import dedent

    section = dedent(kind.__doc__ or "").partition("Attributes:\n")[2]
    return {name: " ".join(text.split()) for name, text in re.findall(_ENTRY, _undent(section))}


def _undent(section: str) -> str:
    from textwrap import dedent

    body = section.partition("\n\n")[0]
    return "\n".join("    " + line for line in dedent(body).splitlines())
