"""The parts of a rule base: the content of its files, in id order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from cxrules.language.facts import Vocabulary
from cxrules.language.ids import id_order
from cxrules.language.rules import Claim, Impossible, Model, Named, Policy, Rule, Source
from cxrules.late import dataclass, field

__all__ = ["Parts"]

_Item = TypeVar("_Item")


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a rule base. Every mapping is by id; rules are in id order.

    Attributes:
        name: Its name in records.
        vocabulary: The facts.
        impossible: Conjunctions that are true of no organisation.
        sources: The articles.
        claims: What they say.
        models: Ownership models, in the declared order of preference.
        accompaniments: What accompanies a model without owning CX.
        patterns: States to recognise and argue against.
        findings: What each finding states, as a clause.
        actions: What each action advises, as a sentence.
        warnings: What each warning says, as a sentence.
        rules: The rules.
        policy: The numbers of the decision policy.
        serves: The models that an action serves; an action that is not listed serves all.
    """

    name: str
    vocabulary: Vocabulary
    impossible: tuple[Impossible, ...]
    sources: Mapping[str, Source]
    claims: Mapping[str, Claim]
    models: Mapping[str, Model]
    accompaniments: Mapping[str, Named]
    patterns: Mapping[str, Named]
    findings: Mapping[str, str]
    actions: Mapping[str, str]
    warnings: Mapping[str, str]
    rules: Mapping[str, Rule]
    policy: Policy
    serves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (
            "sources",
            "claims",
            "accompaniments",
            "patterns",
            "findings",
            "actions",
            "warnings",
            "rules",
            "serves",
        ):
            object.__setattr__(self, name, _in_id_order(getattr(self, name)))
        object.__setattr__(self, "models", MappingProxyType(dict(self.models)))


def _in_id_order(items: Mapping[str, _Item]) -> Mapping[str, _Item]:
    return MappingProxyType({key: items[key] for key in sorted(items, key=id_order)})
