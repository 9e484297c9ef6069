"""The base of every answer: frozen data, dumped and described as by pydantic, with small pickles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypedDict, TypeVar, Unpack

from cxrules.arguments import check_count
from cxrules.document import Block, Told, to_plain
from cxrules.errors import MissingRuleBase, no_such
from cxrules.late import dataclass, field
from cxrules.portable.basis import Basis
from cxrules.portable.data import collect_texts, list_data, revive
from cxrules.portable.equality import are_alike, hash_of
from cxrules.portable.fields import hide_fields, list_fields, list_names, published
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema, SchemaSerializer

__all__ = ["Dumpable", "Portable", "travels"]


Selection: TypeAlias = Collection[str] | Mapping[str, Any]
"""A selection of fields, and of parts of them."""


class NoDifference(TypedDict, total=False):
    """The options of pydantic's `model_dump` that make no difference to an answer."""

    context: Any
    by_alias: bool | None
    exclude_unset: bool
    exclude_defaults: bool
    exclude_computed_fields: bool
    round_trip: bool
    warnings: bool | str
    fallback: Callable[[Any], Any] | None
    serialize_as_any: bool
    polymorphic_serialization: bool | None


class _LazySerializer:
    """Builds the serializer of a class when pydantic first asks for it."""

    def __get__(self, _instance: object, _kind: type[Dumpable]) -> SchemaSerializer:
        from cxrules.portable.schema import SERIALIZER

        return SERIALIZER


_Kind = TypeVar("_Kind", bound="type[Dumpable]")


def travels(kind: _Kind) -> _Kind:
    """Replace the annotations of a class of answers by those of its data.

    The MCP SDK makes of a tool's return type a model with the fields that the annotations name, and fills it from the
    attributes of the same names. `fields` knows the types that were written.

    It no longer passes for a dataclass either: without a response model, FastAPI and Flask would take it apart by
    `dataclasses.asdict`, rules and engine included. As with a pydantic model, `dict(answer)` is its data.
    """
    hide_fields(kind)
    kind.__annotations__ = {name: _stand_for(kind, name) for name in (*list_names(kind), "rulebase")}
    return kind


def _stand_for(kind: type[Dumpable], name: str) -> type[Any]:
    """Return a type from which pydantic derives that of a field's data."""

    class FieldData:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
            from cxrules.portable.schema import make_field_schema

            return make_field_schema(kind, name, handler)

    return FieldData


class Dumpable(Told):
    """Base of what can be data as a pydantic model can: `model_dump`, JSON, a schema, and pydantic's hooks."""

    __slots__ = ()

    NAMED: ClassVar[bool] = False
    """Whether answers of the class have an `id`."""

    __pydantic_serializer__ = _LazySerializer()

    def model_dump(
        self,
        *,
        mode: str = "python",
        include: Selection | None = None,
        exclude: Selection | None = None,
        exclude_none: bool = False,
        texts: bool = False,
        id: bool = False,  # noqa: A002 - the name of the field
        **others: Unpack[NoDifference],
    ) -> dict[str, Any]:
        """Return everything in the answer as data that JSON can hold.

        Args:
            mode: As on a pydantic model. The data is the same in either mode.
            include: What to keep: a set of fields, or a mapping of fields to what to keep of each, as on a pydantic
                model; all when left out.
            exclude: What to leave out, in the same form.
            exclude_none: Whether to leave out fields that are None, also within parts.
            texts: Whether to add, under `texts`, the text behind every id.
            id: Whether to add the `id` of a recommendation. It is random, so data of the same facts then differ.
            others: The other options of pydantic's method. They make no difference, because there are no aliases or
                defaults and nothing is unset.

        Raises:
            TypeError: If there is no such option, or a selection is neither a set nor a mapping.
        """
        if mode not in ("python", "json"):
            raise no_such("mode", mode, ("json", "python"))
        for option in others.keys() - NoDifference.__annotations__.keys():
            raise TypeError(f"model_dump() takes no argument {option!r}")
        name = self._own_name() if id else None
        data = self._data_of()
        if name is not None:
            data["id"] = name
        if texts:
            data["texts"] = collect_texts(data, self.rulebase)
        if include is None and exclude is None and not exclude_none:
            return data
        from cxrules.portable.schema import pick_fields

        return pick_fields(type(self), data, include, exclude, exclude_none=exclude_none)

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        ensure_ascii: bool = False,
        **how: Any,
    ) -> str:
        """Return everything in the answer as JSON.

        Args:
            indent: Spaces for each level; None for one line.
            ensure_ascii: Whether to escape every letter outside ASCII.
            how: As for `model_dump`.
        """
        import json

        if indent is not None:
            indent = check_count("indent", indent, 0)
        return json.dumps(self.model_dump(**how), ensure_ascii=ensure_ascii, indent=indent)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Return every field of the data with its value, so that `dict(answer)` is what `model_dump()` returns."""
        return iter(self.model_dump().items())

    @classmethod
    def model_json_schema(cls, **how: Any) -> dict[str, Any]:
        """Return the JSON Schema of `model_dump()`.

        Args:
            how: As for pydantic's method of that name, such as `ref_template`.
        """
        from cxrules.portable.schema import make_schema

        return make_schema(cls, **how)

    @classmethod
    def model_validate(cls, data: object, **how: Any) -> Self:
        """Return the answer whose data this is, or the answer itself.

        Args:
            data: What `model_dump()` returned, with or without what is None.
            how: As for pydantic's method of that name, such as `strict`.

        Raises:
            pydantic.ValidationError: If this is not the data of such an answer.
            MissingRuleBase: If it speaks of rules, and the rule base of its revision is not available.
        """
        from cxrules.portable.schema import adapter_of

        answer: Self = adapter_of(cls).validate_python(data, **how)
        return answer

    @classmethod
    def model_validate_json(cls, text: str | bytes, **how: Any) -> Self:
        """Return the answer whose JSON this is.

        Args:
            text: What `model_dump_json()` returned.
            how: As for pydantic's method of that name.

        Raises:
            pydantic.ValidationError: If this is not the JSON of such an answer.
            MissingRuleBase: If it speaks of rules, and the rule base of its revision is not available.
        """
        from cxrules.portable.schema import adapter_of

        answer: Self = adapter_of(cls).validate_json(text, **how)
        return answer

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        from cxrules.portable.schema import make_core_schema

        return make_core_schema(cls, handler)

    @classmethod
    def revive(cls, data: Mapping[str, Any]) -> Self:
        """Return the answer whose data this is, unchecked."""
        raise NotImplementedError

    @published
    def rulebase(self) -> RuleBase:
        """The rule base that gave it.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        raise NotImplementedError

    def explain(self) -> str:
        """Explain it in words."""
        return to_plain(self.tell())

    def _show(self, form: Callable[[Iterable[Block]], str]) -> str | None:
        try:
            return super()._show(form)
        except MissingRuleBase:  # a copy without a rule base shows its `repr`
            return None

    def _data_of(self) -> dict[str, Any]:
        raise NotImplementedError

    def _own_name(self) -> str:
        raise TypeError(f"only a recommendation has an id, not {type(self).__name__}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Portable(Dumpable):
    """An answer, or a part of one that can be used by itself: frozen, with its fields as its data.

    A copy, whether pickled or made from data, carries no rule base: its data stays readable, and what needs the rule
    base works once that of its revision is available.
    """

    DERIVED: ClassVar[tuple[str, ...]] = ()
    """Properties that are part of the data."""

    _basis: Basis = field(repr=False)

    @published
    def rulebase(self) -> RuleBase:
        """The rule base that gave it.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self._basis.rulebase

    @property
    def revision(self) -> str:
        """The revision of that rule base."""
        return self._basis.revision

    def attach(self, rulebase: RuleBase) -> Self:
        """Return the same answer with its rule base attached.

        Raises:
            MissingRuleBase: If the rule base is of another revision.
        """
        attached = object.__new__(type(self))
        vars(attached).update(vars(self), _basis=self._basis.attached(rulebase))
        return attached

    @classmethod
    def revive(cls, data: Mapping[str, Any]) -> Self:
        """Return the answer whose data this is, unchecked."""
        base = data["rulebase"]
        answer: Self = revive(cls, data, Basis(None, base["name"], base["revision"]))
        return answer

    def _data_of(self) -> dict[str, Any]:
        basis = self._basis
        data = list_data(self, basis)
        data["rulebase"] = {"name": basis.name, "revision": basis.revision}
        return data

    def __repr__(self) -> str:
        fields = ((each.name, getattr(self, each.attribute)) for each in list_fields(type(self)))
        shown = (f"{name}={_shorten(value)}" for name, value in fields if value not in ((), None))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return are_alike(self, other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        from cxrules.portable.packing import pack, unpack

        return (unpack, (type(self), pack(self, Portable)))


def _shorten(value: Any) -> str:
    """Return a short form of a field: what is many by its number, what has a name by its name."""
    if isinstance(value, str):
        return repr(str(value))
    if value is None or isinstance(value, bool | int):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, Collection):
        return f"<{len(value)}>"
    for name in ("rule", "finding", "fact", "model", "id"):
        named = getattr(value, name, None)
        if named is not None:
            return repr(str(getattr(named, "id", named)))
    return f"<{type(value).__name__}>"
