"""Checks for what nobody uses or concludes. Items from a base are its author's business."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from cxrules.knowledge.draft import Draft
from cxrules.knowledge.node import Node
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import Effect
from cxrules.language.semantic_checks import TARGETS

__all__ = ["check_uses"]

_CONCLUDED: Final = (
    (Effect.SUPPORTS, "model-never-supported", "no rule supports the model {!r}"),
    (Effect.ACCOMPANIES, "accompaniment-never-concluded", "no rule concludes the accompaniment {!r}"),
    (Effect.RECOGNISES, "pattern-never-concluded", "no rule recognises the pattern {!r}"),
    (Effect.ACTION, "action-never-concluded", "no rule advises the action {!r}"),
    (Effect.WARNING, "warning-never-concluded", "no rule gives the warning {!r}"),
)


def check_uses(draft: Draft, parts: Parts) -> None:
    """Report what the files define and nobody uses or concludes.

    Args:
        draft: The content of the files; mistakes go to its report.
        parts: The parts built from it.
    """
    tested = {name for rule in parts.rules.values() for name in (*rule.facts(), *rule.needs())}
    tested |= {name for entry in draft.sections["rules"].values() for name in _tested(entry.node.get("when"))}
    if draft.is_whole("rules"):
        _check_concluded(draft, parts)
        for entry in draft.sections["facts"].values():
            if entry.id not in tested:
                draft.report.add("fact-unused", entry.at, f"no rule tests the fact {entry.id!r}")
    if draft.is_whole("rules", "models"):
        needed = tested | {name for model in parts.models.values() for name in model.requires}
        for entry in draft.sections["findings"].values():
            if entry.id not in needed:
                message = f"no rule tests the finding {entry.id!r} and no model requires it"
                draft.report.add("unused-finding", entry.at, message)
    _check_accounts(draft, parts)


def _check_concluded(draft: Draft, parts: Parts) -> None:
    targets: dict[Effect, set[str]] = defaultdict(set)
    for rule in parts.rules.values():
        for conclusion in rule.then:
            targets[conclusion.effect].add(conclusion.target)
    for effect, code, message in _CONCLUDED:
        section, _ = TARGETS[effect]
        for entry in draft.sections[section].values():
            if entry.id not in targets[effect]:
                draft.report.add(code, entry.at, message.format(entry.id))


def _check_accounts(draft: Draft, parts: Parts) -> None:
    users: dict[str, str] = {}
    for rule in parts.rules.values():
        users |= dict.fromkeys(rule.because, f"the rule {rule.id!r}")
    for section, noun in (("models", "model"), ("accompaniments", "accompaniment"), ("patterns", "pattern")):
        for item in getattr(parts, section).values():
            users |= dict.fromkeys(item.claims, f"the definition of the {noun} {item.id!r}")
    whole = draft.is_whole("rules", "models", "accompaniments", "patterns")
    for entry in draft.sections["claims"].values():
        if entry.form is None:
            continue
        if entry.form.set_aside and entry.id in users:
            message = f"{entry.id} is set aside, yet {users[entry.id]} rests on it"
            where = entry.locate("set_aside", key=True)
            draft.report.add("claim-set-aside-but-used", where, message, "remove set_aside")
        if whole and not entry.form.set_aside and entry.id not in users:
            hint = "cite it, or say why not under set_aside:"
            draft.report.add("claim-unaccounted", entry.at, f"nothing rests on {entry.id}", hint)


def _tested(node: Node | None) -> Iterator[str]:
    """Return every name that is tested, even in malformed rules."""
    if node is None or not isinstance(node.content, dict):
        return
    for name, form in node.content.items():
        yield name
        if name == "any_of" and isinstance(form.content, list):
            for branch in form.content:
                yield from _tested(branch)
