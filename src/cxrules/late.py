"""What is made when it is first used: frozen dataclasses, and the locks behind which things are made once.

The standard library writes the methods of a dataclass as text and compiles it where the class is defined, and loads
`inspect`, `ast` and `tokenize` for that. Some thirty such classes are defined on the way to the first answer, which
does not use most of them. They take `dataclass` from here: the class exists at once, and the standard library adds its
methods when one of them is first looked up.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "field", "make_lock"]

_Class = TypeVar("_Class", bound=type[Any])


def make_lock() -> RLock:
    """Return a lock that a process holds while it forks, so that it is free in the child.

    A child that is forked while another thread holds a lock gets the lock and not the thread, and would wait for ever.
    Where one lock is taken inside another, the inner one must be made first, as it is if its module lies below:
    `os.register_at_fork` takes the locks in the opposite order.
    """
    lock = RLock()
    if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


_MAKING = make_lock()


class _LateField:
    """The arguments of `field()`."""

    __slots__ = ("how",)

    def __init__(self, **how: Any) -> None:
        self.how = how


class _Late:
    """A placeholder for an attribute that is made from a class, until it is looked up."""

    __slots__ = ("_name", "_recipe")

    def __init__(self, recipe: _Recipe, name: str) -> None:
        self._recipe = recipe
        self._name = name

    def __get__(self, instance: object, kind: type[Any] | None = None) -> Any:
        made = self._recipe.make()[self._name]
        return made.__get__(instance, kind) if hasattr(made, "__get__") else made


class _Recipe:
    """A class as it was written, and the options with which the standard library is to complete it."""

    __slots__ = ("_how", "_kind", "_made", "_names", "_written")

    def __init__(self, kind: type[Any], how: dict[str, Any]) -> None:
        written = {name: thing for name, thing in vars(kind).items() if name not in _OF_EVERY_CLASS}
        self._written: dict[str, Any] = {
            **written,
            "__annotations__": kind.__annotations__,
            "__qualname__": kind.__qualname__,
        }
        self._how = how
        self._made: dict[str, Any] = {}
        names = [*_ALWAYS]
        names += _REPR if how.get("repr", True) else ()
        names += _STATE if how.get("slots") else ()
        names += _EQUALITY if how.get("eq", True) else ()
        # Where a class writes `__eq__` and no hash, Python itself has written None for it.
        self._names = [name for name in names if written.get(name) is None]
        self._kind: Any = self._with_slots(kind) if how.get("slots") else _with_defaults(kind)
        for name in self._names:
            setattr(self._kind, name, _Late(self, name))

    @property
    def kind(self) -> type[Any]:
        """The class."""
        kind: type[Any] = self._kind
        return kind

    def _with_slots(self, kind: type[Any]) -> type[Any]:
        fields = tuple(kind.__annotations__)
        own = {name: thing for name, thing in self._written.items() if name not in fields}
        return type(kind.__name__, kind.__bases__, {**own, "__slots__": fields})

    def make(self) -> dict[str, Any]:
        """Have the attribute made on a class of the same name and bases, and take it over."""
        with _MAKING:
            if not self._made:
                import dataclasses

                own = {
                    name: dataclasses.field(**thing.how) if isinstance(thing, _LateField) else thing
                    for name, thing in self._written.items()
                }
                again = type(self._kind.__name__, self._kind.__bases__, own)
                twin: Any = dataclasses.dataclass(**self._how)(again)
                made = {name: vars(twin)[name] for name in self._names}
                made |= _refuse_changes(self._kind, frozenset(made["__dataclass_fields__"]))
                for name, thing in made.items():
                    setattr(self._kind, name, thing)
                self._made = made
            return self._made


def _with_defaults(kind: type[Any]) -> type[Any]:
    for name, thing in list(vars(kind).items()):
        if isinstance(thing, _LateField):
            if "default" in thing.how:
                setattr(kind, name, thing.how["default"])
            else:
                delattr(kind, name)
    return kind


_OF_EVERY_CLASS = ("__dict__", "__weakref__")
_ALWAYS: tuple[str, ...] = (
    "__dataclass_fields__",
    "__dataclass_params__",
    "__match_args__",
    "__init__",
    "__setattr__",
    "__delattr__",
)
_ALWAYS += ("__replace__",) if sys.version_info >= (3, 13) else ()
_REPR = ("__repr__",)
_STATE = ("__getstate__", "__setstate__")
_EQUALITY = ("__eq__", "__hash__")


def _refuse_changes(kind: type[Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return the method that refuses to change a field; the standard library's knows only the class it was made for."""
    from dataclasses import FrozenInstanceError

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807 - it will be one
        if type(self) is kind or name in fields:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(kind, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807 - as above
        if type(self) is kind or name in fields:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(kind, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


def _define(*, frozen: bool, **how: Any) -> Callable[[_Class], _Class]:
    if not frozen:
        raise TypeError("only frozen dataclasses are made late")

    def define(kind: Any) -> Any:
        return _Recipe(kind, {"frozen": True, **how}).kind

    return define


if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:
    dataclass, field = _define, _LateField
