"""What is wrong between items: names that lead nowhere, things nobody uses, authors mixed up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from cxrules.errors import Location, suggest
from cxrules.knowledge.builder import Items
from cxrules.knowledge.draft import Draft, Entry
from cxrules.knowledge.reader import Node
from cxrules.language.rules import EVIDENTIAL, Effect, Rule

__all__ = ["check_references", "check_uses"]

_TARGETS: Final = {
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
_WEIGHING: Final = frozenset({Effect.SUPPORTS, Effect.OPPOSES})
_CONCLUDED: Final = (
    (Effect.FINDING, "finding-never-concluded", "no rule concludes the finding {!r}"),
    (Effect.SUPPORTS, "model-never-supported", "no rule supports the model {!r}"),
    (Effect.ACCOMPANIES, "accompaniment-never-concluded", "no rule concludes the accompaniment {!r}"),
    (Effect.RECOGNISES, "pattern-never-concluded", "no rule recognises the pattern {!r}"),
    (Effect.ACTION, "action-never-concluded", "no rule advises the action {!r}"),
    (Effect.WARNING, "warning-never-concluded", "no rule gives the warning {!r}"),
)


def check_references(draft: Draft, items: Items) -> None:
    """Report every name that leads nowhere, and rules whose claims do not carry them."""
    for name, entry in draft.sections["findings"].items():
        if name in draft.sections["facts"]:
            where = draft.sections["facts"][name].at if entry.from_base else entry.at
            draft.report.add(
                "name-clash", where, f"{name!r} is the name of a fact and of a finding", "choose another name"
            )
    _check_claims(draft, items)
    for identifier, model in items.models.items():
        entry = draft.sections["models"][identifier]
        for name in model.requires:
            index = entry.form.requires.index(name)
            _demand(draft, "findings", "finding", name, entry.locate("requires", index))
    for section in ("models", "accompaniments", "patterns"):
        for entry in draft.sections[section].values():
            for index, claim in enumerate(entry.form.claims if entry.form is not None else ()):
                _demand(draft, "claims", "claim", claim, entry.locate("claims", index))
    for rule in items.rules.values():
        _check_rule(draft, items, rule)


def _demand(draft: Draft, section: str, noun: str, name: str, where: Location) -> bool:
    if draft.knows(section, name):
        return True
    known = tuple(draft.sections[section])
    draft.report.add(f"unknown-{noun}", where, f"no such {noun}: {name!r}", suggest(name, known))
    return False


def _check_claims(draft: Draft, items: Items) -> None:
    for claim in items.claims.values():
        entry = draft.sections["claims"][claim.id]
        if entry.source is None or not _demand(draft, "sources", "source", claim.source, entry.source[1]):
            continue
        source = items.sources.get(claim.source)
        for index, paragraph in enumerate(entry.form.paragraphs if source else ()):
            count = len(source.paragraphs) if source else 0
            if paragraph > count:
                message = f"{claim.source} has no paragraph {paragraph}; it has {count}"
                draft.report.add("paragraph-out-of-range", entry.locate("paragraphs", index), message)


def _check_rule(draft: Draft, items: Items, rule: Rule) -> None:
    entry = draft.sections["rules"][rule.id]
    for index, form in enumerate(entry.form.then):
        for effect, (section, noun) in _TARGETS.items():
            if (target := getattr(form, effect.value)) is not None:
                _demand(draft, section, noun, target, entry.locate("then", index, effect.value))
        for place, model in enumerate(form.over or ()):
            where = entry.locate("then", index, "over", place)
            _demand(draft, "models", "model", model, where)
            if model in form.over[:place]:
                draft.report.add("duplicate-value", where, f"{model!r} stands here twice")
    _check_because(draft, items, entry)
    _check_evidence(draft, items, rule, entry)


def _check_because(draft: Draft, items: Items, entry: Entry) -> None:
    first: dict[str, str] = {}
    for index, name in enumerate(entry.form.because):
        where = entry.locate("because", index)
        if not _demand(draft, "claims", "claim", name, where) or name not in items.claims:
            continue
        source = items.claims[name].source
        if first and source not in first:
            message = f"{name} is of another article than {next(iter(first.values()))}"
            draft.report.add("claims-of-two-articles", where, message, "write a rule for each article")
        first.setdefault(source, name)


def _check_evidence(draft: Draft, items: Items, rule: Rule, entry: Entry) -> None:
    weighs = any(conclusion.effect in _WEIGHING for conclusion in rule.then)
    kinds = {items.claims[name].kind for name in rule.because if name in items.claims}
    if (
        not weighs
        or rule.engineer.evidence
        or kinds & EVIDENTIAL
        or any(name not in items.claims for name in rule.because)
    ):
        return
    message = f"claims of the kind {', '.join(sorted(kinds))} are no evidence for or against a model"
    hint = "conclude an action or a warning, or give the reason under engineer: evidence:"
    draft.report.add("not-evidence", entry.locate("because"), message, hint)


def check_uses(draft: Draft, items: Items) -> None:
    """Report what nobody uses or concludes. What comes from a base is its author's affair, findings apart."""
    tested = {name for entry in draft.sections["rules"].values() for name in _tested(entry.node.get("when"))}
    if draft.is_whole("rules"):
        _check_concluded(draft, items)
        for entry in _own(draft, "facts"):
            if entry.id not in tested:
                draft.report.add("fact-unused", entry.at, f"no rule tests the fact {entry.id!r}")
    if draft.is_whole("rules", "models"):
        needed = tested | {name for model in items.models.values() for name in model.requires}
        for entry in _own(draft, "findings"):
            if entry.id not in needed:
                message = f"no rule tests the finding {entry.id!r} and no model requires it"
                draft.report.add("unused-finding", entry.at, message)
    _check_accounts(draft, items)


def _check_concluded(draft: Draft, items: Items) -> None:
    targets: dict[Effect, set[str]] = defaultdict(set)
    for rule in items.rules.values():
        for conclusion in rule.then:
            targets[conclusion.effect].add(conclusion.target)
    for effect, code, message in _CONCLUDED:
        section, _ = _TARGETS[effect]
        for entry in draft.sections[section].values():
            if entry.id not in targets[effect] and (not entry.from_base or effect is Effect.FINDING):
                draft.report.add(code, entry.at, message.format(entry.id))


def _check_accounts(draft: Draft, items: Items) -> None:
    users: dict[str, str] = {}
    for rule in items.rules.values():
        users |= dict.fromkeys(rule.because, f"the rule {rule.id!r}")
    for section, noun in (("models", "model"), ("accompaniments", "accompaniment"), ("patterns", "pattern")):
        for entry in draft.sections[section].values():
            claims = entry.form.claims if entry.form is not None else ()
            users |= dict.fromkeys(claims, f"the definition of the {noun} {entry.id!r}")
    whole = draft.is_whole("rules", "models", "accompaniments", "patterns")
    for entry in draft.sections["claims"].values():
        claim = items.claims.get(entry.id)
        if claim is None:
            continue
        if claim.set_aside and entry.id in users:
            message = f"{entry.id} is set aside, yet {users[entry.id]} rests on it"
            where = entry.locate("set_aside", key=True)
            draft.report.add("claim-set-aside-but-used", where, message, "remove set_aside")
        if whole and not entry.from_base and not claim.set_aside and entry.id not in users:
            hint = "cite it, or say why not under set_aside:"
            draft.report.add("claim-unaccounted", entry.at, f"nothing rests on {entry.id}", hint)


def _tested(node: Node | None) -> Iterator[str]:
    """Return every name that is tested, also where the test is out of order."""
    if node is None or not isinstance(node.content, dict):
        return
    for name, form in node.content.items():
        yield name
        if name == "any_of" and isinstance(form.content, list):
            for branch in form.content:
                yield from _tested(branch)


def _own(draft: Draft, section: str) -> Iterator[Entry]:
    return (entry for entry in draft.sections[section].values() if not entry.from_base)
