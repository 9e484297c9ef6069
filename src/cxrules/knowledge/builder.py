"""A draft → the items of a rule base. What is wrong inside one item is found here."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, Final

from cxrules.knowledge.conditions import ConditionReader
from cxrules.knowledge.draft import Draft, Entry
from cxrules.language.facts import Fact, Kind, Only, Use, Value, Vocabulary
from cxrules.language.ids import id_order, sorted_ids
from cxrules.language.parts import Parts
from cxrules.language.rules import (
    Claim,
    ClaimKind,
    Conclusion,
    Effect,
    Engineer,
    FactTest,
    Impossible,
    Model,
    Named,
    Policy,
    Rule,
    Source,
    Tone,
)

__all__ = ["Items", "assemble", "build_items"]

PARAMETERS: Final = frozenset({"engine", "rulebase", "facts", "organisation", "self"})
"""Names of parameters that take facts as keywords beside them."""

_YAML_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_AGAINST: Final = frozenset({Effect.OPPOSES, Effect.EXCLUDES})


@dataclass(frozen=True, slots=True)
class Items:
    """The items that are in order, by id."""

    facts: Mapping[str, Fact]
    impossible: Mapping[str, Impossible]
    sources: Mapping[str, Source]
    claims: Mapping[str, Claim]
    models: Mapping[str, Model]
    rules: Mapping[str, Rule]


def build_items(draft: Draft) -> Items:
    """Build every item that is in shape."""
    for section in ("findings", "models", "accompaniments", "patterns", "actions", "warnings"):
        for entry in draft.sections[section].values():
            _refuse_reserved(entry, draft)
    facts = {entry.id: _build_fact(entry, draft) for entry in _in_shape(draft, "facts")}
    return Items(
        facts=facts,
        impossible={entry.id: _build_impossible(entry, draft, facts) for entry in _in_shape(draft, "impossible")},
        sources={entry.id: _build_source(entry, draft) for entry in _in_shape(draft, "sources")},
        claims={entry.id: _build_claim(entry, draft) for entry in _in_shape(draft, "claims")},
        models={entry.id: _build_model(entry, draft) for entry in _in_shape(draft, "models")},
        rules={entry.id: _build_rule(entry, draft, facts) for entry in _in_shape(draft, "rules")},
    )


def assemble(name: str, draft: Draft, items: Items) -> Parts:
    """Put the items of a draft without mistakes together."""
    texts = {
        section: {entry.id: str(entry.form) for entry in draft.sections[section].values()}
        for section in ("findings", "actions", "warnings")
    }
    policy = draft.single["policy"].form
    return Parts(
        name=name,
        vocabulary=Vocabulary(items.facts),
        impossible=tuple(items.impossible[identifier] for identifier in sorted(items.impossible, key=id_order)),
        sources=items.sources,
        claims=items.claims,
        models=items.models,
        accompaniments=_name_all(draft, "accompaniments"),
        patterns=_name_all(draft, "patterns"),
        findings=texts["findings"],
        actions=texts["actions"],
        warnings=texts["warnings"],
        rules=items.rules,
        policy=Policy(policy.minimum_evidence, policy.lead),
    )


def _in_shape(draft: Draft, section: str) -> list[Entry]:
    return [entry for entry in draft.sections[section].values() if entry.form is not None]


def _name_all(draft: Draft, section: str) -> dict[str, Named]:
    return {
        entry.id: Named(entry.id, entry.form.name, entry.form.says, sorted_ids(entry.form.claims))
        for entry in draft.sections[section].values()
    }


def _refuse_reserved(entry: Entry, draft: Draft) -> None:
    if keyword.iskeyword(entry.id) or entry.id in _YAML_WORDS or (entry.section == "findings" and entry.id == "any_of"):
        message = f"{entry.id!r} is a word that Python, YAML or a rule needs for itself"
        draft.report.add("reserved-name", entry.at, message, "choose another name")


def _refuse_twice(entry: Entry, draft: Draft, key: str, values: Sequence[Any]) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            draft.report.add("duplicate-value", entry.locate(key, index), f"{value!r} stands here twice")


def _build_fact(entry: Entry, draft: Draft) -> Fact:
    form, kind = entry.form, Kind(entry.form.kind)
    if entry.id in PARAMETERS or entry.id == "any_of":
        draft.report.add("reserved-name", entry.at, f"no fact may be called {entry.id!r}", "choose another name")
    _refuse_reserved(entry, draft)
    if kind is Kind.FLAG:
        forms = {"true": form.values.true, "false": form.values.false}
    else:
        forms = {} if kind is Kind.PERCENT else form.values
        for name in forms:
            if name in _YAML_WORDS:
                where = entry.locate("values", name, key=True)
                draft.report.add(
                    "reserved-name", where, f"YAML reads {name!r} as something else", "choose another name"
                )
    if kind in (Kind.PERCENT, Kind.SET):
        _check_template(entry, draft, "value" if kind is Kind.PERCENT else "values")
    immutable = getattr(form.change, "immutable", False)
    return Fact(
        name=entry.id,
        kind=kind,
        use=Use(form.use),
        question=form.question,
        topic=form.topic,
        values=tuple(Value(name, value.label, value.says) for name, value in forms.items()),
        says=getattr(form, "says", ""),
        says_empty=getattr(form, "says_empty", ""),
        effort=0 if immutable else form.change.effort,
        only=Only(only) if (only := getattr(form.change, "only", None)) else None,
    )


def _check_template(entry: Entry, draft: Draft, wanted: str) -> None:
    try:
        fields = [
            (name, spec, conversion)
            for _, name, spec, conversion in Formatter().parse(entry.form.says)
            if name is not None
        ]
    except ValueError:
        fields = []
    if not fields or any(found != (wanted, "", None) for found in fields):
        hint = f"write {{{wanted}}} where it belongs"
        draft.report.add(
            "wrong-template", entry.locate("says"), f"this clause needs {{{wanted}}} and no other braces", hint
        )


def _build_impossible(entry: Entry, draft: Draft, facts: Mapping[str, Fact]) -> Impossible:
    tests = ConditionReader(draft, facts, entry).read()
    return Impossible(entry.id, tuple(test for test in tests if isinstance(test, FactTest)), entry.form.reason)


def _build_source(entry: Entry, draft: Draft) -> Source:
    form = entry.form
    _refuse_twice(entry, draft, "paragraphs", form.paragraphs)
    return Source(form.id, form.title, form.author, form.file, tuple(form.paragraphs))


def _build_claim(entry: Entry, draft: Draft) -> Claim:
    form = entry.form
    source = entry.source[0] if entry.source else form.id.rpartition("-")[0]
    _refuse_twice(entry, draft, "paragraphs", form.paragraphs)
    if form.id.rpartition("-")[0] != source:
        hint = f"write {source}-… or put it with the claims of its source"
        draft.report.add("claim-of-another-source", entry.at, f"{form.id!r} is no claim of {source}", hint)
    return Claim(
        id=form.id,
        source=source,
        paragraphs=tuple(form.paragraphs),
        says=form.says,
        tone=Tone[form.tone.upper()],
        kind=ClaimKind(form.kind),
        fingerprint=form.fingerprint,
        set_aside=form.set_aside or "",
    )


def _build_model(entry: Entry, draft: Draft) -> Model:
    form = entry.form
    _refuse_twice(entry, draft, "requires", form.requires)
    return Model(entry.id, form.name, form.says, sorted_ids(form.claims), form.kind, tuple(form.requires))


def _build_rule(entry: Entry, draft: Draft, facts: Mapping[str, Fact]) -> Rule:
    form = entry.form
    _refuse_twice(entry, draft, "because", form.because)
    engineer = form.engineer
    weight = engineer.weight if engineer else None
    return Rule(
        id=entry.id,
        because=sorted_ids(form.because),
        rationale=form.rationale,
        when=ConditionReader(draft, facts, entry).read(),
        then=tuple(_build_conclusions(entry, draft)),
        engineer=Engineer(
            threshold=(engineer.threshold or "") if engineer else "",
            evidence=(engineer.evidence or "") if engineer else "",
            points=weight.points if weight else None,
            points_reason=weight.reason if weight else "",
        ),
    )


def _build_conclusions(entry: Entry, draft: Draft) -> list[Conclusion]:
    found: list[Conclusion] = []
    for index, form in enumerate(entry.form.then):
        effects = {effect: target for effect in Effect if (target := getattr(form, effect.value)) is not None}
        where = entry.locate("then", index)
        if len(effects) != 1:
            told = " and ".join(repr(effect.value) for effect in effects) or "none"
            draft.report.add("not-one-effect", where, f"a conclusion has one effect, not {told}", "begin each with -")
            draft.partial.add("rules")
            continue
        effect, target = next(iter(effects.items()))
        if effect is Effect.PREFERS and form.over is None:
            draft.report.add(
                "prefers-without-over", where, f"which models is {target!r} preferred to?", "add over: [MODEL]"
            )
        elif effect is not Effect.PREFERS and form.over is not None:
            place = entry.locate("then", index, "over", key=True)
            draft.report.add("over-without-prefers", place, "only a preference puts models behind")
        conclusion = Conclusion(effect, target, tuple(form.over or ()) if effect is Effect.PREFERS else ())
        if conclusion in found:
            draft.report.add("duplicate-value", where, "this conclusion stands here twice")
        elif effect is not Effect.PREFERS:
            _refuse_contradiction(entry, draft, index, found, conclusion)
        found.append(conclusion)
    return found


def _refuse_contradiction(
    entry: Entry, draft: Draft, index: int, before: list[Conclusion], conclusion: Conclusion
) -> None:
    if conclusion.effect is Effect.SUPPORTS:
        opposite = _AGAINST
    elif conclusion.effect in _AGAINST:
        opposite = frozenset({Effect.SUPPORTS})
    else:
        return
    if any(other.target == conclusion.target and other.effect in opposite for other in before):
        message = f"this rule speaks both for and against {conclusion.target!r}"
        draft.report.add("contradictory-conclusions", entry.locate("then", index), message)
