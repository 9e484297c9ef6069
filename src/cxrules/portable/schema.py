"""Answers as pydantic sees them: the shape of their data, made from the table of their fields."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import IntEnum
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, Literal, Protocol, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, WithJsonSchema, create_model, model_validator
from pydantic_core import SchemaSerializer, core_schema

from cxrules.builtin.models import OwnershipModel
from cxrules.errors import MissingRuleBase
from cxrules.language.schema_types import MODEL
from cxrules.late import make_lock
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.portable.basis import Basis
from cxrules.portable.data import PARTS, to_data
from cxrules.portable.fields import list_fields, own_fields, remember
from cxrules.portable.unknown_names import find_unknown_names
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema
    from pydantic_core.core_schema import SerializationInfo


class _ModelDump(Protocol):
    def model_dump(self, *, include: object, exclude: object, exclude_none: bool) -> dict[str, Any]: ...


__all__ = [
    "SERIALIZER",
    "ModelData",
    "PlainValue",
    "RuleBaseData",
    "adapter_of",
    "make_core_schema",
    "make_field_schema",
    "make_schema",
    "pick_fields",
    "shape_of",
    "whole_shape",
]

ModelData = Annotated[str, WithJsonSchema({"type": "string", "enum": [str(model) for model in OwnershipModel]})]
"""The name of a model. The schema lists those of the built-in rule base; data of another validates too."""

PlainValue = bool | int | float | str | list[str]
"""The value of a fact, as data."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        """Take data from which whatever is None was left out: `model_dump(exclude_none=True)`."""
        absent = [name for name in _nullable_fields(cls) if name not in data] if isinstance(data, dict) else ()
        return {**data, **dict.fromkeys(absent)} if absent else data


@remember
def _nullable_fields(shape: Any) -> list[str]:
    fields = shape.model_fields
    return [name for name, field in fields.items() if field.is_required() and NoneType in get_args(field.annotation)]


class RuleBaseData(_Data):
    """The rule base that gave the answer."""

    name: str = Field(description="What it is called")
    revision: str = Field(description="The SHA-256 of its canonical form")


class DecisionData(_Data):
    """What the policy makes of some facts."""

    model: ModelData | None = Field(description="The recommended ownership model; null when undetermined")
    status: Status = Field(description="How firmly it stands")
    reason: Reason | None = Field(description="Why no model is recommended; null when one is")
    certainty: float = Field(ge=0, le=1, description="How certain the evidence makes the model")
    points: int = Field(description="The points of the model; 0 without one")
    runner_up: ModelData | None = Field(description="The next candidate; null without one")
    lead: int = Field(description="By how many points the model leads it; its own points without one")
    facts: dict[str, PlainValue] = Field(description="The facts it rests on")


_SHAPES: dict[Any, Any] = {}
_SHAPING = make_lock()


def shape_of(kind: Any) -> Any:
    """Return the pydantic model of the data of an answer, or of a dataclass inside one."""
    with _SHAPING:
        if kind not in _SHAPES:
            # A class may hold itself, as rules hold findings that hold rules: meanwhile it is known by its name.
            _SHAPES[kind] = ForwardRef(_name_shape(kind))
            _SHAPES[kind] = shape = _make_shape(kind)
            if not any(isinstance(other, ForwardRef) for other in _SHAPES.values()):
                shapes = {_name_shape(each): made for each, made in _SHAPES.items()}
                for made in shapes.values():
                    made.model_rebuild(_types_namespace=shapes)
            return shape
        return _SHAPES[kind]


def _name_shape(kind: Any) -> str:
    return f"{kind.__name__}Data"


def _make_shape(kind: Any) -> Any:
    shape: dict[str, Any] = {
        field.name: (_translate(field.hint), Field(description=field.description or None))
        for field in list_fields(kind)
    }
    if hasattr(kind, "revive"):
        about = "The rule base that gave the answer; left out inside another answer"
        shape["rulebase"] = (RuleBaseData | None, Field(default=None, description=about))
    doc = (kind.__doc__ or "").partition("\n\n")[0]
    return create_model(_name_shape(kind), __base__=_Data, __doc__=doc, **shape)


def _translate(hint: Any) -> Any:
    """Return the type of the data that stands for a value of a type."""
    return _translate_class(hint) if isinstance(hint, type) and get_origin(hint) is None else _translate_alias(hint)


def _translate_alias(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        (mark,) = hint.__metadata__
        return ModelData if mark == MODEL else Annotated[arguments[0], Field(ge=mark[0], le=mark[1])]
    if origin in (Union, types.UnionType):
        return Union[tuple(_translate(each) for each in arguments)]  # noqa: UP007 - made at run time
    if origin is tuple:
        first, *others = arguments
        if others == [...]:
            return list[_translate(first)]  # type: ignore[misc] # made at run time
        assert len(set(arguments)) == 1, "JSON has no rows of several types"
        size = len(arguments)
        return Annotated[list[_translate(first)], Field(min_length=size, max_length=size)]  # type: ignore[misc] # likewise
    assert issubclass(origin, Mapping)
    values: Any = dict
    return values[str, _translate(arguments[1])]


def _translate_class(kind: Any) -> Any:
    if kind is OwnershipModel or PARTS.get(kind) == "models":
        return ModelData
    if kind in PARTS:
        return str
    if kind is Decision:
        return DecisionData
    if issubclass(kind, IntEnum):
        names: Any = Literal
        return names[tuple(member.name.lower() for member in kind)]
    return shape_of(kind) if own_fields(kind) or hasattr(kind, "revive") else kind


def make_core_schema(kind: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
    """Make the schema by which pydantic validates and serialises an answer.

    It takes an answer as it is; from the data that `model_dump()` returned it makes a copy, as unpickling does. It
    serialises by `model_dump()`.
    """

    def take(value: Any, read: Any) -> Any:
        return value if isinstance(value, kind) else _revive(kind, read(value))

    take.__name__ = take.__qualname__ = kind.__name__  # what pydantic calls it where it is not valid
    return core_schema.no_info_wrap_validator_function(
        take,
        handler.generate_schema(whole_shape(kind)),
        serialization=core_schema.plain_serializer_function_ser_schema(_dump, info_arg=True),
    )


def make_field_schema(kind: type[Any], name: str, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Make the schema of one field of an answer's data, which takes the attribute and serialises as the data."""
    field = shape_of(kind).model_fields[name]
    hint = RuleBaseData if name == "rulebase" else field.annotation
    about = Field(description=field.description)
    data = handler.generate_schema(Annotated[(hint, *field.metadata, about)])
    return core_schema.no_info_wrap_validator_function(
        lambda value, _: _write_field(value),
        data,
        serialization=core_schema.plain_serializer_function_ser_schema(_write_field),
    )


def _write_field(value: Any) -> Any:
    if isinstance(value, RuleBase):
        return {"name": value.name, "revision": value.revision}
    return to_data(value, None)


@remember
def whole_shape(kind: Any) -> Any:
    """Return the pydantic model of the data of an answer with what may be asked for besides."""
    shape = shape_of(kind)
    texts = "The words behind the ids, by kind and id, where they were asked for"
    about = "The rule base that gave the answer"
    more: dict[str, Any] = {"rulebase": (RuleBaseData, Field(description=about))}
    more["texts"] = (dict[str, dict[str, str]] | None, Field(default=None, description=texts))
    if kind.NAMED:
        name = "The name of the decision, that of its log record and span, where it was asked for"
        more["id"] = (str | None, Field(default=None, description=name))
    return create_model(kind.__name__, __base__=shape, __doc__=shape.__doc__, **more)


def _dump(answer: _ModelDump, info: SerializationInfo[Any]) -> dict[str, Any]:
    return answer.model_dump(include=info.include, exclude=info.exclude, exclude_none=info.exclude_none)


def pick_fields(
    kind: Any, data: dict[str, Any], include: object, exclude: object, *, exclude_none: bool
) -> dict[str, Any]:
    """Return what is wanted of the data of an answer; the options are those of `model_dump`.

    Raises:
        TypeError: If a selection is neither a set nor a mapping.
    """
    if exclude_none:
        # Only the shape knows the fields from the keys of a mapping, where None is a value: a fact to be unknown.
        shaped = whole_shape(kind).model_validate(data)
        data = shaped.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    chosen: dict[str, Any] = _PLAIN.to_python(
        data, include=_read_selection("include", include), exclude=_read_selection("exclude", exclude)
    )
    return chosen


def _read_selection(option: str, wanted: object) -> Any:
    """Return a selection as pydantic takes it, which overlooks any other."""
    if wanted is None or wanted is ... or isinstance(wanted, bool):
        return wanted
    if isinstance(wanted, Mapping):
        return {key: _read_selection(option, part) for key, part in wanted.items()}
    if isinstance(wanted, Collection) and not isinstance(wanted, str | bytes):
        return set(wanted)
    raise TypeError(f"{option} is a set of fields, or a mapping of fields to what is meant of each, not {wanted!r}")


def _revive(kind: Any, plain: BaseModel) -> Any:
    data = plain.model_dump(mode="json", exclude={"texts"})
    base = Basis(None, data["rulebase"]["name"], data["rulebase"]["revision"])
    with suppress(MissingRuleBase):  # what it names cannot be held to a rule base that is elsewhere
        unknown = find_unknown_names(data, base.rulebase)
        if unknown:
            raise ValueError("; ".join(unknown))
    try:
        return kind.revive(data)
    except MissingRuleBase:
        raise
    except LookupError as error:
        raise ValueError(f"the rule base of the answer has no {error}") from None


def make_schema(kind: Any, **how: Any) -> dict[str, Any]:
    """Return the JSON Schema of the data of an answer."""
    schema: dict[str, Any] = whole_shape(kind).model_json_schema(**how)
    return schema


@remember
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Return what validates an answer."""
    return TypeAdapter(kind, config=ConfigDict(title=kind.__name__))


_PLAIN = SchemaSerializer(core_schema.any_schema())

SERIALIZER = SchemaSerializer(
    core_schema.any_schema(serialization=core_schema.plain_serializer_function_ser_schema(_dump, info_arg=True))
)
"""What serialises an answer wherever pydantic meets one, expected or not."""
