"""A draft → the parts of a rule base, from the items that are well-formed. Whether they make sense is checked later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from cxrules.knowledge.conditions import read_conditions
from cxrules.knowledge.draft import Draft, DraftEntry
from cxrules.language.facts import Fact, Kind, Only, Use, Value, Vocabulary
from cxrules.language.ids import id_order, sorted_ids
from cxrules.language.mistakes import KnownNames
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import (
    Claim,
    ClaimKind,
    Conclusion,
    Condition,
    Effect,
    Engineer,
    Impossible,
    Model,
    Named,
    Policy,
    Rule,
    Source,
    Tone,
)
from cxrules.language.semantic_checks import name_sections

__all__ = ["build", "name_all", "settle"]

_Item = TypeVar("_Item")
_NO_POLICY = Policy(0, 0)


def build(draft: Draft, name: str, base: Parts | None = None) -> Parts:
    """Build every well-formed item, on top of those of a base.

    Args:
        draft: The content of the files; mistakes go to its report.
        name: The name of the rule base.
        base: The rule base underneath.
    """
    below = name_sections(base) if base else {}

    def lay(section: str, built: Mapping[str, _Item]) -> dict[str, _Item]:
        """Lay the items on those of the base; what a malformed item was meant to replace is dropped."""
        broken = draft.sections[section].keys() - built.keys()
        return {name: item for name, item in {**below.get(section, {}), **built}.items() if name not in broken}

    facts = lay("facts", {entry.id: _build_fact(entry) for entry in _in_shape(draft, "facts")})
    reader = _PartsReader(draft, facts, {*facts, *draft.sections["facts"]})
    impossible = lay(
        "impossible", {entry.id: reader.build_impossible(entry) for entry in _in_shape(draft, "impossible")}
    )
    policy = draft.single["policy"].form if "policy" in draft.single else None
    texts = {
        section: lay(section, {entry.id: str(entry.form) for entry in _in_shape(draft, section)})
        for section in ("findings", "actions", "warnings")
    }
    return Parts(
        name=name,
        vocabulary=Vocabulary(facts),
        impossible=tuple(impossible[identifier] for identifier in sorted(impossible, key=id_order)),
        sources=lay("sources", {entry.id: _build_source(entry) for entry in _in_shape(draft, "sources")}),
        claims=lay("claims", {entry.id: _build_claim(entry) for entry in _in_shape(draft, "claims")}),
        models=lay("models", {entry.id: _build_model(entry) for entry in _in_shape(draft, "models")}),
        accompaniments=lay("accompaniments", _build_named(draft, "accompaniments")),
        patterns=lay("patterns", _build_named(draft, "patterns")),
        findings=texts["findings"],
        actions=texts["actions"],
        warnings=texts["warnings"],
        rules=lay("rules", {entry.id: reader.build_rule(entry) for entry in _in_shape(draft, "rules")}),
        policy=Policy(policy.minimum_evidence, policy.lead) if policy else base.policy if base else _NO_POLICY,
        serves=lay("serves", {entry.id: tuple(entry.form) for entry in _in_shape(draft, "serves")}),
    )


def settle(parts: Parts) -> Parts:
    """Sort claims by id; while they may contain mistakes, they keep the order of the files."""
    cited: dict[str, Any] = {
        section: {item.id: replace(item, claims=sorted_ids(item.claims)) for item in getattr(parts, section).values()}
        for section in ("models", "accompaniments", "patterns")
    }
    models = cited["models"]
    cited["models"] = {name: replace(model, against=sorted_ids(model.against)) for name, model in models.items()}
    rules = {rule.id: replace(rule, because=sorted_ids(rule.because)) for rule in parts.rules.values()}
    serves = {action: sorted_ids(models) for action, models in parts.serves.items()}
    return replace(parts, rules=rules, serves=serves, **cited)


def name_all(draft: Draft, base: Parts | None) -> KnownNames:
    """Return the names of all items, including malformed ones."""
    below = name_sections(base) if base else {}
    known = {section: {**below.get(section, {}), **entries} for section, entries in draft.sections.items()}
    return KnownNames(known, frozenset(draft.lost))


def _in_shape(draft: Draft, section: str) -> list[DraftEntry]:
    return [entry for entry in draft.sections[section].values() if entry.form is not None]


def _build_named(draft: Draft, section: str) -> dict[str, Named]:
    return {
        entry.id: Named(entry.id, entry.form.name, entry.form.says, tuple(entry.form.claims))
        for entry in _in_shape(draft, section)
    }


def _build_fact(entry: DraftEntry) -> Fact:
    form, kind = entry.form, Kind(entry.form.kind)
    if kind is Kind.FLAG:
        forms = {"true": form.values.true, "false": form.values.false}
    else:
        forms = {} if kind is Kind.PERCENT else form.values
    return Fact(
        name=entry.id,
        kind=kind,
        use=Use(form.use),
        question=form.question,
        topic=form.topic,
        values=tuple(Value(name, value.label, value.says) for name, value in forms.items()),
        says=getattr(form, "says", ""),
        says_empty=getattr(form, "says_empty", ""),
        effort=0 if getattr(form.change, "immutable", False) else form.change.effort,
        only=Only(only) if (only := getattr(form.change, "only", None)) else None,
        section=form.section or "",
        label=form.label or "",
        help=form.help or "",
        asked_if=tuple((premise, tuple(names)) for premise, names in form.asked_if.items()),
    )


def _build_source(entry: DraftEntry) -> Source:
    form = entry.form
    return Source(form.id, form.title, form.author, form.file or "", tuple(form.paragraphs or ()))


def _build_claim(entry: DraftEntry) -> Claim:
    form = entry.form
    return Claim(
        id=form.id,
        source=entry.source[0] if entry.source else form.id.rpartition("-")[0],
        paragraphs=tuple(form.paragraphs),
        says=form.says,
        tone=Tone[form.tone.upper()],
        kind=ClaimKind(form.kind),
        fingerprint=form.fingerprint or "",
        set_aside=form.set_aside or "",
    )


def _build_model(entry: DraftEntry) -> Model:
    form = entry.form
    requires, against = tuple(form.requires), tuple(form.against)
    return Model(entry.id, form.name, form.says, tuple(form.claims), form.kind, requires, against)


class _PartsReader:
    """Builds the items that have conditions."""

    def __init__(self, draft: Draft, facts: Mapping[str, Fact], names: set[str]) -> None:
        self.draft, self.facts, self.names = draft, facts, names

    def build_impossible(self, entry: DraftEntry) -> Impossible:
        # Whether it tests only facts is checked later, like everything else about meaning.
        return Impossible(entry.id, self._conditions(entry), entry.form.reason)  # type: ignore[arg-type]

    def build_rule(self, entry: DraftEntry) -> Rule:
        form = entry.form
        engineer = form.engineer
        weight = engineer.weight if engineer else None
        return Rule(
            id=entry.id,
            because=tuple(form.because),
            rationale=form.rationale,
            when=self._conditions(entry),
            then=tuple(self._conclusions(entry)),
            engineer=Engineer(
                threshold=(engineer.threshold or "") if engineer else "",
                evidence=(engineer.evidence or "") if engineer else "",
                points=weight.points if weight else None,
                points_reason=weight.reason if weight else "",
                reading=(engineer.reading or "") if engineer else "",
            ),
        )

    def _conditions(self, entry: DraftEntry) -> tuple[Condition, ...]:
        def refuse(code: str, path: Sequence[str | int], message: str, hint: str) -> None:
            self.draft.report.add(code, entry.locate("when", *path), message, hint)

        node = entry.node.get("when")
        return read_conditions(node, self.facts, self.names, refuse) if node else ()

    def _conclusions(self, entry: DraftEntry) -> list[Conclusion]:
        found: list[Conclusion] = []
        for index, form in enumerate(entry.form.then):
            effects = {effect: target for effect in Effect if (target := getattr(form, effect.value)) is not None}
            if len(effects) == 1:
                found += [Conclusion(effect, target, tuple(form.over or ())) for effect, target in effects.items()]
            else:
                told = " and ".join(repr(effect.value) for effect in effects) or "none"
                message = f"a conclusion has one effect, not {told}"
                self.draft.report.add("not-one-effect", entry.locate("then", index), message, "begin each with -")
                self.draft.partial.add("rules")
        return found
