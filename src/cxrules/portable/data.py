"""Answers to data and back: plain data that JSON can hold, with ids where the rule base has the words."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from types import NoneType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from cxrules.builtin.models import OwnershipModel
from cxrules.builtin.naming import as_model
from cxrules.language.rules import Claim, Model, Rule, Source
from cxrules.language.schema_types import MODEL
from cxrules.policy.decision import Decision, Status
from cxrules.portable.basis import Basis
from cxrules.portable.fields import list_fields, own_fields, remember
from cxrules.rulebase import RuleBase

__all__ = ["NO_MODEL", "PARTS", "collect_texts", "list_data", "revive", "to_data"]

PARTS: dict[type[Any], str] = {Rule: "rules", Source: "sources", Claim: "claims", Model: "models"}
"""What the data refers to by id, and the mapping of a rule base that has it."""

DEEPEST = 40
"""How many findings may rest on each other in the data of an answer."""


MANY = 2_000
"""How many findings the data of an answer tells again wherever they stand; beyond them each is told once."""


class _Writing(threading.local):
    """What is being written: whether anything is, how deep it is, and the findings that were told."""

    now = False
    depth = 0
    told: dict[int, Any]  # by identity; held, so that no other finding gets the identity of one that is gone
    count = 0


_writing = _Writing()

NO_MODEL = str(Status.UNDETERMINED)
"""The key, in a mapping by models, of there being none."""


def to_data(value: Any, basis: Basis | None) -> Any:
    """Return a part of an answer as data.

    Args:
        value: The part.
        basis: What the answer rests on, which orders the facts of a decision; None if there is none inside.
    """
    return _writer_of(type(value))(value, basis)


@remember
def _writer_of(kind: Any) -> Callable[[Any, Basis | None], Any]:
    writers: list[tuple[tuple[type[Any], ...], Callable[[Any, Basis | None], Any]]] = [
        ((IntEnum,), lambda value, _: value.name.lower()),
        ((Enum,), lambda value, _: value.value),
        ((str, int, float, NoneType), lambda value, _: value),
        ((Mapping,), _mapping_data),
        (tuple(PARTS), lambda value, _: value.id),
        ((Decision,), _decision_data),
        ((tuple, list), lambda value, basis: [to_data(item, basis) for item in value]),
    ]
    for kinds, writer in writers:
        if issubclass(kind, kinds):
            return writer
    return list_data if own_fields(kind) else lambda value, _: value.model_dump()


def _mapping_data(value: Mapping[Any, Any], basis: Basis | None) -> dict[str, Any]:
    return {NO_MODEL if key is None else str(key): to_data(item, basis) for key, item in value.items()}


def list_data(value: Any, basis: Basis | None) -> dict[str, Any]:
    """Return the fields of a dataclass as data.

    Answers nested too deeply are cut: of the class's `NESTS` nothing is left. JSON readers, pydantic's
    among them, give up at about 200 levels, and Python at 1,000 calls. So are those told before, once there are many:
    where findings rest on several others, which share what they rest on, the ways through them double with each level.
    """
    if _writing.now:
        nests = getattr(type(value), "NESTS", "")
        return _list_nested(value, basis, nests) if nests else _list_fields_data(value, basis)
    _writing.now, _writing.told, _writing.count = True, {}, 0
    try:
        return list_data(value, basis)
    finally:
        _writing.now, _writing.told = False, {}


def _list_nested(value: Any, basis: Basis | None, nests: str) -> dict[str, Any]:
    _writing.count += 1
    if _writing.depth == DEEPEST or (_writing.count > MANY and id(value) in _writing.told):
        return {
            field.name: [] if field.name == nests else to_data(getattr(value, field.attribute), basis)
            for field in list_fields(type(value))
        }
    _writing.told[id(value)] = value
    _writing.depth += 1
    try:
        return _list_fields_data(value, basis)
    finally:
        _writing.depth -= 1


def _list_fields_data(value: Any, basis: Basis | None) -> dict[str, Any]:
    return {field.name: to_data(getattr(value, field.attribute), basis) for field in list_fields(type(value))}


def _decision_data(decision: Decision, basis: Basis | None) -> dict[str, Any]:
    known = decision.known if basis is None else basis.in_order(decision.known)
    return {
        "model": decision.model,
        "status": str(decision.status),
        "reason": None if decision.reason is None else str(decision.reason),
        "certainty": decision.certainty,
        "points": decision.points,
        "runner_up": decision.runner_up,
        "lead": decision.lead,
        "facts": {name: to_data(value, None) for name, value in known.items()},
    }


def revive(hint: Any, data: Any, basis: Basis) -> Any:
    """Return the part of an answer whose data this is.

    Args:
        hint: Its type.
        data: The data, valid for the type.
        basis: What the answer rests on.

    Raises:
        MissingRuleBase: If the part is one of the rule base, and that is not available.
    """
    plain = isinstance(hint, type) and get_origin(hint) is None
    return (_reader_of_class if plain else _reader_of_alias)(hint)(data, basis)


_Reviver: TypeAlias = Callable[[Any, Basis], Any]


@remember
def _reader_of_alias(hint: Any) -> _Reviver:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return lambda data, basis: tuple([revive(*each, basis) for each in zip(arguments, data, strict=True)])
    if origin is tuple:
        return lambda data, basis: tuple([revive(arguments[0], item, basis) for item in data])
    if origin in (Union, types.UnionType):
        inner = [each for each in arguments if each is not NoneType]
        if len(inner) > 1:  # the value of a fact
            return lambda data, _: tuple(data) if isinstance(data, list) else data
        return lambda data, basis: None if data is None else revive(inner[0], data, basis)
    if origin is Annotated:
        named = hint.__metadata__ == (MODEL,)
        return lambda data, basis: as_model(data) if named else revive(arguments[0], data, basis)
    assert issubclass(origin, Mapping)
    return lambda data, basis: {
        None if key == NO_MODEL else key: revive(arguments[1], item, basis) for key, item in data.items()
    }


@remember
def _reader_of_class(kind: Any) -> _Reviver:
    if kind in PARTS:
        return lambda data, basis: getattr(basis.rulebase, PARTS[kind])[data]
    if kind is Decision:
        return _revive_decision
    if issubclass(kind, IntEnum):
        return lambda data, _: kind[data.upper()]
    if issubclass(kind, Enum) and kind is not OwnershipModel:  # a rule base may have models of its own
        return lambda data, _: kind(data)
    if own_fields(kind):
        return lambda data, basis: _revive_fields(kind, data, basis)
    return lambda data, _: kind.revive(data) if hasattr(kind, "revive") else data


def _revive_fields(kind: Any, data: Mapping[str, Any], basis: Basis) -> Any:
    given = {
        field.attribute: revive(field.hint, data[field.name], basis)
        for field in list_fields(kind)
        if field.role == "given"
    }
    return kind(**given, _basis=basis) if hasattr(kind, "revive") else kind(**given)


def _revive_decision(data: Mapping[str, Any], basis: Basis) -> Decision:
    """Decide again: what fired and what follows from it is read off the facts."""
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in data["facts"].items()}
    return basis.judge.decide(known)


def collect_texts(data: Any, rulebase: RuleBase) -> dict[str, dict[str, str]]:
    """Return the words behind every id in some data, by the kind of thing it names."""
    named = _names_in(data, set())
    texts: dict[str, Mapping[str, str]] = {
        "models": {model.id: f"{model.name}: {model.says}" for model in rulebase.models.values()},
        "rules": {rule.id: rule.rationale for rule in rulebase.rules.values()},
        "claims": {claim.id: claim.says for claim in rulebase.claims.values()},
        "sources": {source.id: f"{source.title} ({source.author})" for source in rulebase.sources.values()},
        "findings": rulebase.findings,
        "facts": {fact.name: fact.question for fact in rulebase.vocabulary.facts.values()},
        "accompaniments": {item.id: f"{item.name}: {item.says}" for item in rulebase.accompaniments.values()},
        "patterns": {item.id: f"{item.name}: {item.says}" for item in rulebase.patterns.values()},
    }
    found = {kind: {name: text for name, text in known.items() if name in named} for kind, known in texts.items()}
    return {kind: known for kind, known in found.items() if known}


def _names_in(data: Any, found: set[str]) -> set[str]:
    if isinstance(data, str):
        found.add(data)
    elif isinstance(data, dict):
        found.update(data)
        for item in data.values():
            _names_in(item, found)
    elif isinstance(data, list):
        for item in data:
            _names_in(item, found)
    return found
