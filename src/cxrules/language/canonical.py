"""The canonical JSON form of a rule base: one text for one meaning, and fast to read.

Everything is in id order, except where order has a meaning: facts, their values and models keep the declared order.
There are no paths, lines or comments. The SHA-256 of this text is the revision of the rule base.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from cxrules.errors import Diagnostic, InvalidKnowledge, Location
from cxrules.language.facts import Fact, Vocabulary
from cxrules.language.ids import id_order, sorted_ids
from cxrules.language.plain import read_fact, read_integer, read_number, read_text, read_texts, write_fact
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import (
    AnyOf,
    Claim,
    ClaimKind,
    Conclusion,
    Condition,
    Effect,
    Engineer,
    FactTest,
    FindingTest,
    Impossible,
    Model,
    Named,
    Operator,
    Policy,
    Rule,
    Source,
    Tone,
)

__all__ = ["FORMAT", "read", "write"]

FORMAT: Final = 1
"""The version of the form. A change that an older reader would misread raises it."""

_Json: TypeAlias = Any  # what json read, not yet checked
_Plain: TypeAlias = dict[str, Any]
_Thing = TypeVar("_Thing")
_NO_ENGINEER = Engineer()


def write(parts: Parts) -> str:
    """Write the canonical form.

    Returns:
        JSON with one item on a line and a final line break.
    """
    sections: dict[str, Any] = {
        "format": FORMAT,
        "name": parts.name,
        "policy": {"minimum_evidence": parts.policy.minimum_evidence, "lead": parts.policy.lead},
        "sources": [_write_source(source) for source in parts.sources.values()],
        "claims": [_write_claim(claim) for claim in parts.claims.values()],
        "facts": {name: write_fact(fact) for name, fact in parts.vocabulary.facts.items()},
        "impossible": [
            {"id": item.id, "when": _write_conditions(item.when), "reason": item.reason}
            for item in sorted(parts.impossible, key=lambda item: id_order(item.id))
        ],
        "models": {name: _write_model(model) for name, model in parts.models.items()},
        "accompaniments": {name: _write_named(named) for name, named in parts.accompaniments.items()},
        "patterns": {name: _write_named(named) for name, named in parts.patterns.items()},
        "findings": dict(parts.findings),
        "actions": dict(parts.actions),
        "warnings": dict(parts.warnings),
        "rules": [_write_rule(rule) for rule in parts.rules.values()],
    }
    if parts.serves:  # left out when empty, so that the form of other rule bases does not change
        sections["serves"] = {action: list(models) for action, models in parts.serves.items()}
    return "{\n" + ",\n".join(f"{_dump(key)}:{_write_section(value)}" for key, value in sections.items()) + "\n}\n"


def read(text: str | bytes, *, trusted: bool = False) -> tuple[Parts, str]:
    """Read the canonical form.

    A trusted text, which a test keeps up to date, is not compared with its own canonical form.

    Returns:
        The parts of the rule base, and its revision: the SHA-256 of the text.

    Raises:
        InvalidKnowledge: If the text is not a rule base, is of another version of the form, is not in canonical form,
            or makes no sense: with every mistake, by its path.
    """
    from hashlib import sha256

    try:
        text = text.decode() if isinstance(text, bytes) else text
        revision = sha256(text.encode()).hexdigest()
        plain = json.loads(text, parse_int=read_integer)
    except (ValueError, RecursionError) as error:
        raise _refuse("not-a-rule-base", f"this is not JSON: {error}") from None
    parts = _build(plain)
    if trusted:
        return parts, revision
    from cxrules.language.semantic_checks import list_diagnostics

    try:
        same = write(parts) == text and _is_normal(parts)
        mistakes = list_diagnostics(parts)
    except (AttributeError, TypeError, ValueError) as error:
        raise _refuse("not-a-rule-base", f"this JSON is not a rule base: {error}") from None
    if mistakes:
        raise InvalidKnowledge(mistakes)
    if not same:
        raise _refuse(
            "not-canonical", "this is a rule base, but not in canonical form", "write it with RuleBase.to_json()"
        )
    return parts, revision


def _is_normal(parts: Parts) -> bool:
    """Whether lists whose order is free are in the order that the loader uses."""
    from cxrules.language.condition_checks import normalise
    from cxrules.language.rules import leaf_tests

    facts = parts.vocabulary.facts
    items = (parts.models, parts.accompaniments, parts.patterns)
    lists = [item.claims for section in items for item in section.values()]
    lists += [*(rule.because for rule in parts.rules.values()), *parts.serves.values()]
    lists += [model.against for model in parts.models.values()]
    conjunctions = [rule.when for rule in parts.rules.values()] + [item.when for item in parts.impossible]
    tests = (test for conditions in conjunctions for test in leaf_tests(conditions))
    return all(ids == sorted_ids(ids) for ids in lists) and all(
        repr(normalise(test, facts[test.fact])) == repr(test)
        for test in tests
        if isinstance(test, FactTest) and test.fact in facts
    )


def _build(plain: _Json) -> Parts:
    if not isinstance(plain, dict) or "format" not in plain:
        raise _refuse("not-a-rule-base", "this JSON is not a rule base")
    if plain["format"] != FORMAT or isinstance(plain["format"], bool):
        raise _refuse(
            "other-format",
            f"this rule base is of version {plain['format']!r} of the form; this cxrules reads version {FORMAT}",
        )
    try:
        return _build_sections(plain)
    except KeyError as error:
        raise _refuse("not-a-rule-base", f"this JSON is not a rule base: {error} is missing or not known") from None
    except (AssertionError, AttributeError, IndexError, RecursionError, TypeError, ValueError) as error:
        raise _refuse("not-a-rule-base", f"this JSON is not a rule base: {error}") from None


def _build_sections(plain: _Plain) -> Parts:
    facts = {name: read_fact(name, fact) for name, fact in plain["facts"].items()}
    return Parts(
        name=read_text(plain["name"]),
        vocabulary=Vocabulary(facts),
        impossible=tuple(
            Impossible(read_text(item["id"]), _read_conditions(item["when"], facts), read_text(item["reason"]))
            for item in plain["impossible"]
        ),
        sources=_by_id(_read_source, plain["sources"]),
        claims=_by_id(_read_claim, plain["claims"]),
        models={name: _read_model(name, model) for name, model in plain["models"].items()},
        accompaniments={name: _read_named(name, named) for name, named in plain["accompaniments"].items()},
        patterns={name: _read_named(name, named) for name, named in plain["patterns"].items()},
        findings={name: read_text(says) for name, says in plain["findings"].items()},
        actions={name: read_text(says) for name, says in plain["actions"].items()},
        warnings={name: read_text(says) for name, says in plain["warnings"].items()},
        serves={name: tuple(read_text(model) for model in models) for name, models in plain.get("serves", {}).items()},
        rules=_by_id(lambda item: _read_rule(item, facts), plain["rules"]),
        policy=Policy(read_number(plain["policy"]["minimum_evidence"]), read_number(plain["policy"]["lead"])),
    )


def _by_id(reader: Callable[[_Plain], _Thing], items: Iterable[_Plain]) -> dict[str, _Thing]:
    return {read_text(item["id"]): reader(item) for item in items}


def _write_source(source: Source) -> _Plain:
    return {
        "id": source.id,
        "title": source.title,
        "author": source.author,
        "file": source.file,
        "paragraphs": source.paragraphs,
    }


def _read_source(plain: _Plain) -> Source:
    return Source(
        read_text(plain["id"]),
        read_text(plain["title"]),
        read_text(plain["author"]),
        read_text(plain["file"]),
        tuple(map(read_number, plain["paragraphs"])),
    )


def _write_claim(claim: Claim) -> _Plain:
    plain = {
        "id": claim.id,
        "source": claim.source,
        "paragraphs": claim.paragraphs,
        "says": claim.says,
        "tone": claim.tone.name.lower(),
        "kind": claim.kind.value,
    }
    plain |= {"fingerprint": claim.fingerprint} if claim.fingerprint else {}
    return plain | ({"set_aside": claim.set_aside} if claim.set_aside else {})


def _read_claim(plain: _Plain) -> Claim:
    return Claim(
        read_text(plain["id"]),
        read_text(plain["source"]),
        tuple(map(read_number, plain["paragraphs"])),
        read_text(plain["says"]),
        Tone[read_text(plain["tone"]).upper()],
        ClaimKind(plain["kind"]),
        read_text(plain.get("fingerprint", "")),
        read_text(plain.get("set_aside", "")),
    )


def _write_named(named: Named) -> _Plain:
    return {"name": named.name, "says": named.says} | ({"claims": named.claims} if named.claims else {})


def _read_named(name: str, plain: _Plain) -> Named:
    return Named(name, read_text(plain["name"]), read_text(plain["says"]), read_texts(plain.get("claims", ())))


def _write_model(model: Model) -> _Plain:
    plain: _Plain = {"name": model.name, "says": model.says}
    if model.claims:
        plain["claims"] = model.claims
    plain["kind"] = model.kind
    if model.requires:
        plain["requires"] = model.requires
    if model.against:
        plain["against"] = model.against
    return plain


def _read_model(name: str, plain: _Plain) -> Model:
    return Model(
        name,
        read_text(plain["name"]),
        read_text(plain["says"]),
        read_texts(plain.get("claims", ())),
        read_text(plain["kind"]),
        read_texts(plain.get("requires", ())),
        read_texts(plain.get("against", ())),
    )


def _write_rule(rule: Rule) -> _Plain:
    plain: _Plain = {
        "id": rule.id,
        "because": rule.because,
        "rationale": rule.rationale,
        "when": _write_conditions(rule.when),
        "then": [
            {conclusion.effect.value: conclusion.target} | ({"over": conclusion.over} if conclusion.over else {})
            for conclusion in rule.then
        ],
    }
    if rule.engineer != _NO_ENGINEER:
        engineer: _Plain = {
            key: text
            for key, text in (
                ("threshold", rule.engineer.threshold),
                ("evidence", rule.engineer.evidence),
                ("reading", rule.engineer.reading),
            )
            if text
        }
        if rule.engineer.points is not None:
            engineer["weight"] = {"points": rule.engineer.points, "reason": rule.engineer.points_reason}
        plain["engineer"] = engineer
    return plain


def _read_rule(plain: _Plain, facts: Mapping[str, Fact]) -> Rule:
    return Rule(
        read_text(plain["id"]),
        read_texts(plain["because"]),
        read_text(plain["rationale"]),
        _read_conditions(plain["when"], facts),
        tuple(map(_read_conclusion, plain["then"])),
        _read_engineer(plain["engineer"]) if "engineer" in plain else _NO_ENGINEER,
    )


def _read_conclusion(plain: _Plain) -> Conclusion:
    effect, target = _first(plain)
    return Conclusion(Effect(effect), read_text(target), read_texts(plain.get("over", ())))


def _read_engineer(plain: _Plain) -> Engineer:
    weight = plain.get("weight")
    return Engineer(
        read_text(plain.get("threshold", "")),
        read_text(plain.get("evidence", "")),
        None if weight is None else read_number(weight["points"]),
        "" if weight is None else read_text(weight["reason"]),
        read_text(plain.get("reading", "")),
    )


def _write_conditions(conditions: Iterable[Condition]) -> list[_Plain]:
    """Write a conjunction as a list, because one fact may be tested twice."""
    return [_write_condition(condition) for condition in conditions]


def _write_condition(condition: Condition) -> _Plain:
    if isinstance(condition, AnyOf):
        return {"any_of": [_write_conditions(alternative) for alternative in condition.alternatives]}
    if isinstance(condition, FindingTest):
        return {condition.finding: True}
    if condition.operator in (Operator.IS, Operator.IN):
        return {condition.fact: condition.operand}
    return {condition.fact: {condition.operator.value: condition.operand}}


def _read_conditions(plain: list[_Plain], facts: Mapping[str, Fact]) -> tuple[Any, ...]:
    return tuple(_read_condition(*_first(condition), facts) for condition in plain)


def _read_condition(name: str, form: _Json, facts: Mapping[str, Fact]) -> Condition:
    if name == "any_of":
        return AnyOf(tuple(_read_conditions(alternative, facts) for alternative in form))
    if form is True and name not in facts:
        return FindingTest(name)
    if isinstance(form, dict):
        operator, operand = _first(form)
        return FactTest(name, Operator(operator), read_texts(operand) if isinstance(operand, list) else operand)
    if isinstance(form, list):
        return FactTest(name, Operator.IN, read_texts(form))
    return FactTest(name, Operator.IS, form)


def _first(plain: _Plain) -> tuple[str, Any]:
    for item in plain.items():
        return item
    raise ValueError("a mapping is empty")


def _dump(value: _Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _write_section(value: _Json) -> str:
    if isinstance(value, list):
        return "[" + ",".join("\n" + _dump(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"\n{_dump(key)}:{_dump(item)}" for key, item in value.items()) + "}"
    return _dump(value)


def _refuse(code: str, message: str, hint: str = "") -> InvalidKnowledge:
    return InvalidKnowledge([Diagnostic(code, Location(), message, hint)])
