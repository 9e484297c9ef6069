"""The policy as masks of rules: what each model needs, what speaks for and against it, and what puts it aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from cxrules.engines import mask_of
from cxrules.language.rules import Effect
from cxrules.policy.evidence import Evidence
from cxrules.rulebase import RuleBase

__all__ = ["Ledger", "Ledgers", "Shared", "enter_evidence", "open_ledgers", "share_carriers"]


class Shared(NamedTuple):
    """Rules whose evidence the same claim carries: together they set one bit, so that the claim counts once."""

    rules: int
    stronger: int
    bit: int


class Ledger(NamedTuple):
    """The masks that decide one model. Points are kept in binary: `*_one` counts once, `*_two` twice."""

    model: str
    excluders: int
    required: tuple[int, ...]
    shared: tuple[Shared, ...]
    for_one: int
    for_two: int
    against_one: int
    against_two: int
    firm_one: int
    firm_two: int


class Ledgers(NamedTuple):
    """The policy of a rule base.

    Attributes:
        models: What decides each model, in the declared order.
        concluders: For each finding the rules that conclude it.
        shared: The evidence that several rules share, of all models.
        preferences: For each rule that prefers a model, that and the models it puts behind.
        minimum_evidence: The firm points that a candidate needs.
        lead: The points by which the first must lead the second.
    """

    models: tuple[Ledger, ...]
    concluders: Mapping[str, int]
    shared: tuple[Shared, ...]
    preferences: tuple[tuple[str, str, tuple[str, ...]], ...]
    minimum_evidence: int
    lead: int

    @classmethod
    def restore(cls, plain: Any) -> Self:
        """Return the same, of tuples and numbers."""
        models, concluders, shared, *others = plain
        ledgers = [
            Ledger(model, excluders, required, tuple([Shared(*each) for each in own]), *masks)
            for model, excluders, required, own, *masks in models
        ]
        return cls(tuple(ledgers), concluders, tuple([Shared(*each) for each in shared]), *others)


def open_ledgers(
    rulebase: RuleBase,
    index: Mapping[str, int],
    items: Iterable[tuple[int, Evidence]],
    shared: tuple[Shared, ...],
) -> Ledgers:
    """Compile the policy of a rule base, whose evidence has these bits."""
    concluders = {name: mask_of(index[rule] for rule in rules) for name, rules in rulebase.concluders.items()}
    excluders: dict[str, list[int]] = defaultdict(list)
    preferences = []
    for rule in rulebase.rules.values():
        for conclusion in rule.then:
            if conclusion.effect is Effect.EXCLUDES:
                excluders[conclusion.target].append(index[rule.id])
            elif conclusion.effect is Effect.PREFERS:
                preferences.append((rule.id, conclusion.target, conclusion.over))
    models = []
    for name, model in rulebase.models.items():
        required = tuple([concluders[finding] for finding in model.requires])
        ledger = Ledger(name, mask_of(excluders[name]), required, (), *[0] * 6)
        models.append(enter_evidence(ledger, items, shared))
    policy = rulebase.policy
    return Ledgers(tuple(models), concluders, shared, tuple(preferences), policy.minimum_evidence, policy.lead)


def enter_evidence(ledger: Ledger, items: Iterable[tuple[int, Evidence]], shared: tuple[Shared, ...]) -> Ledger:
    """Return a ledger with the evidence for and against its model."""
    bits = for_one = for_two = against_one = against_two = firm_one = firm_two = 0
    for bit, evidence in items:
        if evidence.model != ledger.model:
            continue
        bits |= bit
        one, two = bit * (evidence.points & 1), bit * (abs(evidence.points) >> 1)
        if evidence.points < 0:
            against_one |= one
            against_two |= two
            continue
        for_one |= one
        for_two |= two
        if not evidence.standing:
            firm_one |= one
            firm_two |= two
    own = tuple(each for each in shared if each.bit & bits)
    return Ledger(
        ledger.model,
        ledger.excluders,
        ledger.required,
        own,
        for_one,
        for_two,
        against_one,
        against_two,
        firm_one,
        firm_two,
    )


def share_carriers(
    evidence: Iterable[Evidence], index: Mapping[str, int]
) -> tuple[tuple[tuple[int, Evidence], ...], tuple[Shared, ...]]:
    """Assign a bit to every item of evidence: that of its rule, or one beyond the rules where rules share a carrier.

    Of fired rules with the same carrier, for the same side of the same model, the strongest counts.
    """
    groups: dict[tuple[str, bool, str], list[Evidence]] = defaultdict(list)
    for item in evidence:
        groups[item.model, item.points > 0, item.carrier].append(item)
    items: list[tuple[int, Evidence]] = []
    shared: list[Shared] = []
    following = 1 << len(index)
    for group in groups.values():
        if len(group) == 1:
            items.append((1 << index[group[0].rule], group[0]))
            continue
        # Standing evidence is not firm support, so it ranks below firm evidence of the same strength.
        ranks = sorted({(-abs(item.points), item.standing) for item in group})
        stronger = 0
        for rank in ranks:
            level = [item for item in group if (-abs(item.points), item.standing) == rank]
            rules = mask_of(index[item.rule] for item in level)
            items.append((following, level[0]))
            shared.append(Shared(rules, stronger, following))
            stronger |= rules
            following <<= 1
    return tuple(items), tuple(shared)
