"""Checks of the meaning of a rule base, shared by the files of authors and the canonical form.

The checks examine parts. The loader adds where in a file a mistake is; for the canonical form the path is named.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from cxrules.errors import Diagnostic, Location
from cxrules.language.circles import check_circles, check_premise_circles
from cxrules.language.condition_checks import check_conditions, check_names, check_sets
from cxrules.language.facts import Fact, Kind
from cxrules.language.mistakes import KnownNames, Mistake, Path
from cxrules.language.patterns import CLAIM_ID, DASHED_ID, ELSEWHERE, FINGERPRINT, NAME, SOURCE_ID, TEXT, UNPRINTABLE
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import EVIDENTIAL, Claim, Effect, Impossible, Model, Named, Policy, Rule, Source

__all__ = ["MODEL_KINDS", "TARGETS", "find_mistakes", "list_diagnostics", "name_sections"]

MODEL_KINDS: Final = ("owner", "interim", "fallback", "deferral")

TARGETS: Final = {
    Effect.FINDING: ("findings", "finding"),
    Effect.SUPPORTS: ("models", "model"),
    Effect.OPPOSES: ("models", "model"),
    Effect.EXCLUDES: ("models", "model"),
    Effect.PREFERS: ("models", "model"),
    Effect.ACCOMPANIES: ("accompaniments", "accompaniment"),
    Effect.RECOGNISES: ("patterns", "pattern"),
    Effect.ACTION: ("actions", "action"),
    Effect.WARNING: ("warnings", "warning"),
}
"""The section with the names that each effect may target, and the word for one of them."""

PARAMETERS: Final = frozenset({"engine", "rulebase", "facts", "organisation", "self"})
"""Names of the other parameters of functions that take facts as keywords."""

_YAML_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_AGAINST: Final = frozenset({Effect.OPPOSES, Effect.EXCLUDES})
_WEIGHING: Final = frozenset({Effect.SUPPORTS, Effect.OPPOSES})
_FEWEST: Final = {Kind.ORDERED: 2, Kind.CHOICE: 2, Kind.SET: 1}
_TEMPLATES: Final = {Kind.PERCENT: "{value}", Kind.SET: "{values}"}
_ACTING: Final = re.compile(f"[{UNPRINTABLE}]")


def name_sections(parts: Parts) -> dict[str, Mapping[str, Any]]:
    """Return the items of a rule base by section and id."""
    return {
        "facts": parts.vocabulary.facts,
        "impossible": {item.id: item for item in parts.impossible},
        "sources": parts.sources,
        "claims": parts.claims,
        "models": parts.models,
        "accompaniments": parts.accompaniments,
        "patterns": parts.patterns,
        "findings": parts.findings,
        "actions": parts.actions,
        "warnings": parts.warnings,
        "rules": parts.rules,
        "serves": parts.serves,
    }


def find_mistakes(
    parts: Parts, names: KnownNames | None = None, *, whole: bool = True, own: Callable[[str], bool] = bool
) -> Iterator[Mistake]:
    """Find what is wrong with the meaning of a rule base.

    Args:
        parts: The parts, without what could not be read.
        names: The names that exist; those of the parts when left out.
        whole: Whether every rule is among the parts, so that what no rule concludes can never be concluded.
        own: Whether the current author wrote a rule.
    """
    checker = _PartsChecker(parts, names or KnownNames(name_sections(parts)))
    yield from checker.check_items()
    yield from checker.check_references()
    if whole:
        for rule in parts.rules.values():
            if not rule.then:
                yield Mistake("empty-list", ("rules", rule.id, "then"), "this list needs an element")
        concluded = {target for rule in parts.rules.values() for target in rule.targets(Effect.FINDING)}
        for name in parts.findings:
            if name not in concluded:
                yield Mistake("finding-never-concluded", ("findings", name), f"no rule concludes the finding {name!r}")
    yield from check_circles(parts.rules, own)


def list_diagnostics(parts: Parts) -> list[Diagnostic]:
    """List what is wrong with the meaning of a whole rule base that comes from no file, by its path."""
    return [
        Diagnostic(mistake.code, Location(path=tuple(map(str, mistake.path))), mistake.message, mistake.hint)
        for mistake in (*_check_text(parts.name, ("name",)), *find_mistakes(parts))
    ]


class _PartsChecker:
    def __init__(self, parts: Parts, names: KnownNames) -> None:
        self.parts, self.names, self.facts = parts, names, parts.vocabulary.facts

    # --- what is wrong inside one item

    def check_items(self) -> Iterator[Mistake]:
        parts = self.parts
        for section in ("findings", "actions", "warnings"):
            for name, says in getattr(parts, section).items():
                yield from _check_name(section, name)
                yield from _check_text(says, (section, name))
        for section, items in self._named():
            for item in items:
                yield from _check_named(section, item)
        for fact in self.facts.values():
            yield from _check_fact(fact)
        for source in parts.sources.values():
            yield from _check_source(source)
        for claim in parts.claims.values():
            yield from _check_claim(claim)
        for rule in parts.rules.values():
            yield from _check_rule(rule)
            yield from _check_conclusions(rule)
        yield from _check_policy(parts.policy)

    def _named(self) -> Iterator[tuple[str, Iterable[Named | Model]]]:
        yield "models", self.parts.models.values()
        yield "accompaniments", self.parts.accompaniments.values()
        yield "patterns", self.parts.patterns.values()

    # --- what is wrong between items

    def check_references(self) -> Iterator[Mistake]:
        parts = self.parts
        facts = self.names.known["facts"]
        for name in (name for name in self.names.known["findings"] if name in facts):
            message = f"{name!r} is the name of a fact and of a finding"
            yield Mistake("name-clash", ("findings", name), message, "choose another name")
        yield from _refuse_twice(tuple(each.id for each in parts.impossible), ("impossible",))
        for conjunction in parts.impossible:
            yield from self._check_impossible(conjunction)
        for claim in parts.claims.values():
            yield from self._check_source_of(claim)
        for fact in self.facts.values():
            yield from self._check_premises(fact)
        yield from check_premise_circles(self.facts)
        yield from self._check_models()
        for rule in parts.rules.values():
            yield from self._check_rule(rule)
        yield from self._check_serves()
        yield from check_sets(parts)

    def _check_premises(self, fact: Fact) -> Iterator[Mistake]:
        for premise, values in fact.asked_if:
            here: Path = ("facts", fact.name, "asked_if", premise)
            yield from self.names.demand("facts", "fact", premise, here)
            if premise not in self.facts:
                continue
            if self.facts[premise].kind not in (Kind.ORDERED, Kind.CHOICE):
                message = f"{premise} is a {self.facts[premise].kind}, but a premise is a fact with listed values"
                yield Mistake("wrong-operator", here, message, key=True)
            else:
                yield from check_names(self.facts[premise], values, here)

    def _check_models(self) -> Iterator[Mistake]:
        for model in self.parts.models.values():
            for index, name in enumerate(model.requires):
                yield from self.names.demand("findings", "finding", name, ("models", model.id, "requires", index))
            for index, name in enumerate(model.against):
                yield from self.names.demand("claims", "claim", name, ("models", model.id, "against", index))
        for section, items in self._named():
            for item in items:
                yield from _refuse_twice(item.claims, (section, item.id, "claims"))
                for index, name in enumerate(item.claims):
                    yield from self.names.demand("claims", "claim", name, (section, item.id, "claims", index))

    def _check_serves(self) -> Iterator[Mistake]:
        for action, models in self.parts.serves.items():
            here: Path = ("serves", action)
            yield from self.names.demand("actions", "action", action, here)
            for index, model in enumerate(models):
                yield from self.names.demand("models", "model", model, (*here, index))
            if not models:
                hint = "an action that serves every model is left out"
                yield Mistake("empty-list", here, "this list needs an element", hint)
            yield from _refuse_twice(models, here)

    def _check_impossible(self, conjunction: Impossible) -> Iterator[Mistake]:
        here: Path = ("impossible", conjunction.id)
        yield from _check_pattern(DASHED_ID, conjunction.id, here)
        yield from _check_text(conjunction.reason, (*here, "reason"))
        if not conjunction.when:
            yield Mistake("empty-test", (*here, "when"), "an empty conjunction is true of every organisation")
        yield from check_conditions(conjunction.when, (*here, "when"), self.facts, self.names, impossible=True)

    def _check_source_of(self, claim: Claim) -> Iterator[Mistake]:
        yield from self.names.demand("sources", "source", claim.source, ("claims", claim.id, "source"))
        source = self.parts.sources.get(claim.source)
        if source is None or not (source.file or source.paragraphs):  # no text is kept
            return
        for index, paragraph in enumerate(claim.paragraphs):
            count = len(source.paragraphs)
            if paragraph > count:
                message = f"{claim.source} has no paragraph {paragraph}; it has {count}"
                yield Mistake("paragraph-out-of-range", ("claims", claim.id, "paragraphs", index), message)

    def _check_rule(self, rule: Rule) -> Iterator[Mistake]:
        here: Path = ("rules", rule.id)
        yield from check_conditions(rule.when, (*here, "when"), self.facts, self.names)
        for index, conclusion in enumerate(rule.then):
            section, noun = TARGETS[conclusion.effect]
            where = (*here, "then", index)
            yield from self.names.demand(section, noun, conclusion.target, (*where, conclusion.effect.value))
            for place, model in enumerate(conclusion.over):
                yield from self.names.demand("models", "model", model, (*where, "over", place))
                if model in conclusion.over[:place]:
                    yield Mistake("duplicate-value", (*where, "over", place), f"{model!r} occurs twice here")
        first: dict[str, str] = {}
        for index, name in enumerate(rule.because):
            where = (*here, "because", index)
            yield from self.names.demand("claims", "claim", name, where)
            if name in self.parts.claims:
                source = self.parts.claims[name].source
                if first and source not in first:
                    message = f"{name} is from another article than {next(iter(first.values()))}"
                    yield Mistake("claims-of-two-articles", where, message, "write a rule for each article")
                first.setdefault(source, name)
        yield from self._check_evidence(rule)

    def _check_evidence(self, rule: Rule) -> Iterator[Mistake]:
        if rule.engineer.evidence or not any(conclusion.effect in _WEIGHING for conclusion in rule.then):
            return
        claims = [self.parts.claims.get(name) for name in rule.because]
        kinds = {claim.kind for claim in claims if claim}
        if kinds and None not in claims and not kinds & EVIDENTIAL:
            message = f"claims of the kind {', '.join(sorted(kinds))} are no evidence for or against a model"
            hint = "conclude an action or a warning, or give the reason under engineer: evidence:"
            yield Mistake("not-evidence", ("rules", rule.id, "because"), message, hint)


def _check_fact(fact: Fact) -> Iterator[Mistake]:
    here: Path = ("facts", fact.name)
    if fact.name in PARAMETERS or fact.name == "any_of":
        yield Mistake("reserved-name", here, f"no fact may be called {fact.name!r}", "choose another name")
    yield from _check_name("facts", fact.name)
    for word in ("question", "topic"):
        yield from _check_text(getattr(fact, word), (*here, word))
    yield from _check_values(fact, (*here, "values"))
    if wanted := _TEMPLATES.get(fact.kind):
        yield from _check_text(fact.says, (*here, "says"))
        if wanted not in fact.says or re.search("[{}]", fact.says.replace(wanted, "")):
            message = f"this clause needs {wanted} and no other braces"
            yield Mistake("wrong-template", (*here, "says"), message, f"write {wanted} where it belongs")
    if fact.kind is Kind.SET:
        yield from _check_text(fact.says_empty, (*here, "says_empty"))
    if not 0 <= fact.effort <= 3:
        yield Mistake("value-out-of-range", (*here, "change", "effort"), "an effort is 1, 2 or 3")
    if fact.only and (fact.kind is Kind.CHOICE or fact.immutable):
        message = "this fact has no direction in which to change"
        yield Mistake("unknown-key", (*here, "change", "only"), message, key=True)


def _check_values(fact: Fact, path: Path) -> Iterator[Mistake]:
    for value in fact.values:
        where = (*path, value.name)
        if fact.kind is not Kind.FLAG:
            yield from _check_pattern(NAME, value.name, where, key=True)
            if value.name in _YAML_WORDS:
                message = f"YAML reads {value.name!r} as something else"
                yield Mistake("reserved-name", where, message, "choose another name", key=True)
        yield from _check_text(value.label, (*where, "label"))
        yield from _check_text(value.says, (*where, "says"))
    if fact.kind is Kind.PERCENT and fact.values:
        yield Mistake("percent-with-values", path, "a percentage has no named values", key=True)
    if len(fact.values) < _FEWEST.get(fact.kind, 0) or (fact.kind is Kind.FLAG and fact.names != ("true", "false")):
        yield Mistake("values-missing", path, "a fact of this kind needs other values")


def _check_source(source: Source) -> Iterator[Mistake]:
    here: Path = ("sources", source.id)
    yield from _check_pattern(SOURCE_ID, source.id, here)
    kept = bool(source.file or source.paragraphs)  # file and lines: both or neither
    for word in ("title", "author", "file") if kept else ("title", "author"):
        yield from _check_text(getattr(source, word), (*here, word))
    if kept:
        yield from _check_paragraphs(source.paragraphs, here)
    if re.fullmatch(ELSEWHERE, source.file):
        yield Mistake("file-elsewhere", (*here, "file"), "this is not in the folder of the rule base", "move it there")


def _check_claim(claim: Claim) -> Iterator[Mistake]:
    here: Path = ("claims", claim.id)
    yield from _check_pattern(CLAIM_ID, claim.id, here)
    if claim.id.rpartition("-")[0] != claim.source:
        hint = f"write {claim.source}-… or put it with the claims of its source"
        yield Mistake("claim-of-another-source", here, f"{claim.id!r} is not a claim of {claim.source}", hint)
    yield from _check_paragraphs(claim.paragraphs, here)
    yield from _check_text(claim.says, (*here, "says"))
    if claim.set_aside:
        yield from _check_text(claim.set_aside, (*here, "set_aside"))
    if claim.fingerprint and not re.fullmatch(FINGERPRINT, claim.fingerprint):
        message = "64 hexadecimal digits in small letters are expected here"
        yield Mistake("bad-fingerprint", (*here, "fingerprint"), message)


def _check_paragraphs(paragraphs: tuple[int, ...], here: Path) -> Iterator[Mistake]:
    if not paragraphs:
        yield Mistake("empty-list", (*here, "paragraphs"), "this list needs an element")
    for index, paragraph in enumerate(paragraphs):
        if paragraph < 1:
            yield Mistake("value-out-of-range", (*here, "paragraphs", index), "this number must be at least 1")
    yield from _refuse_twice(paragraphs, (*here, "paragraphs"))


def _check_named(section: str, item: Named | Model) -> Iterator[Mistake]:
    here: Path = (section, item.id)
    yield from _check_name(section, item.id)
    yield from _check_text(item.name, (*here, "name"))
    yield from _check_text(item.says, (*here, "says"))
    if isinstance(item, Model):
        if item.kind not in MODEL_KINDS:
            yield Mistake("unknown-word", (*here, "kind"), f"{item.kind!r} is not one of {', '.join(MODEL_KINDS)}")
        yield from _refuse_twice(item.requires, (*here, "requires"))
        yield from _refuse_twice(item.against, (*here, "against"))


def _check_rule(rule: Rule) -> Iterator[Mistake]:
    here: Path = ("rules", rule.id)
    yield from _check_pattern(DASHED_ID, rule.id, here)
    yield from _check_text(rule.rationale, (*here, "rationale"))
    yield from _refuse_twice(rule.because, (*here, "because"))
    if not rule.because:
        yield Mistake("rule-without-claim", (*here, "because"), "a rule needs a claim behind it")
    for word in ("threshold", "evidence", "reading"):
        if text := getattr(rule.engineer, word):
            yield from _check_text(text, (*here, "engineer", word))
    if rule.engineer.points is not None:
        where = (*here, "engineer", "weight")
        if not 1 <= rule.engineer.points <= 3:
            yield Mistake("value-out-of-range", (*where, "points"), "a weight is 1, 2 or 3")
        yield from _check_text(rule.engineer.points_reason, (*where, "reason"))


def _check_conclusions(rule: Rule) -> Iterator[Mistake]:
    for index, conclusion in enumerate(rule.then):
        where: Path = ("rules", rule.id, "then", index)
        before = rule.then[:index]
        if conclusion.effect is Effect.PREFERS and not conclusion.over:
            message = f"to which models is {conclusion.target!r} preferred?"
            yield Mistake("prefers-without-over", where, message, "add over: [MODEL]")
        elif conclusion.effect is not Effect.PREFERS and conclusion.over:
            yield Mistake("over-without-prefers", (*where, "over"), "only a preference ranks models lower", key=True)
        if conclusion in before:
            yield Mistake("duplicate-value", where, "this conclusion occurs twice here")
        elif any(
            other.target == conclusion.target
            and {other.effect, conclusion.effect} - _AGAINST == {Effect.SUPPORTS}
            and {other.effect, conclusion.effect} & _AGAINST
            for other in before
        ):
            message = f"this rule speaks both for and against {conclusion.target!r}"
            yield Mistake("contradictory-conclusions", where, message)


def _check_policy(policy: Policy) -> Iterator[Mistake]:
    for word in ("minimum_evidence", "lead"):
        if getattr(policy, word) < 0:
            yield Mistake("value-out-of-range", ("policy", "policy", word), "this number must be at least 0")


def _refuse_twice(values: tuple[object, ...], path: Path) -> Iterator[Mistake]:
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Mistake("duplicate-value", (*path, index), f"{value!r} occurs twice here")
        seen.add(value)


def _check_name(section: str, name: str) -> Iterator[Mistake]:
    yield from _check_pattern(NAME, name, (section, name), key=True)
    if keyword.iskeyword(name) or name in _YAML_WORDS or (section == "findings" and name == "any_of"):
        message = f"{name!r} is a word that Python, YAML or a rule reserves"
        yield Mistake("reserved-name", (section, name), message, "choose another name")


def _check_pattern(pattern: str, text: str, path: Path, *, key: bool = False) -> Iterator[Mistake]:
    # A dollar sign lets a line break follow; fullmatch does not.
    if not re.fullmatch(pattern, text):
        yield Mistake("name-not-an-id", path, f"{text!r} is not written as a name here", key=key)


def _check_text(text: str, path: Path) -> Iterator[Mistake]:
    if not re.fullmatch(TEXT, text):
        if acting := _ACTING.search(text):
            message = f"this text contains the control character {acting[0]!r}"
            yield Mistake("control-character", path, message, "write the text on one line")
        else:
            yield Mistake("empty-text", path, "a text is expected here, without spaces around it")
