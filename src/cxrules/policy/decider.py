"""Fired rules → decision: the evidence is weighed and the policy applied, in code that no engine knows.

The policy is lexicographic, because authors state gates and orders, not only weights: exclusions, requirements, minimum
evidence, preferences, points, and last the declared order of models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from cxrules.engines import mask_of
from cxrules.language.facts import Facts
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.bytewise import BitNames
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.policy.evidence import Evidence, list_evidence
from cxrules.policy.ledgers import Ledger, Ledgers, Shared, enter_evidence, open_ledgers, share_carriers
from cxrules.rulebase import RuleBase

__all__ = ["Decider"]


class Decider:
    """Weighs fired rules and applies the policy. Immutable after it is built."""

    def __init__(self, rulebase: RuleBase) -> None:
        self.rulebase = rulebase
        self._names = BitNames(rulebase.rule_ids)
        self._index = {rule: bit for bit, rule in enumerate(rulebase.rule_ids)}
        compiled = rulebase.compiled.get("policy")
        self.ledgers, self._concluders, self.shared, self.preferences, self._minimum, self._lead = (
            open_ledgers(rulebase, self._index, *self._carriage) if compiled is None else Ledgers.restore(compiled)
        )
        self.preferences_by_bit = tuple([(self.mask([entry[0]]), entry) for entry in self.preferences])
        self.preferring = self.mask(rule for rule, _, _ in self.preferences)
        self._always_shared = tuple([(rules, bit) for rules, stronger, bit in self.shared if not stronger])
        self._weaker_shared = tuple([each for each in self.shared if each[1]])
        self.numbered = tuple(enumerate(self.ledgers))
        self._excluders = tuple(ledger.excluders for ledger in self.ledgers)

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """What every rule can say for or against a model, in the order of the rules."""
        return list_evidence(self.rulebase)

    @cached_property
    def items(self) -> tuple[tuple[int, Evidence], ...]:
        """The evidence with the bit of each: that of its rule, or one beyond the rules where rules share a carrier."""
        return self._carriage[0]

    @cached_property
    def _carriage(self) -> tuple[tuple[tuple[int, Evidence], ...], tuple[Shared, ...]]:
        return share_carriers(self.evidence, self._index)

    def reweigh(self, models: Collection[str], evidence: Iterable[Evidence]) -> list[tuple[int, Ledger]]:
        """Return the ledgers of some models, as `candidates` takes them, with this evidence alone."""
        items, shared = share_carriers(evidence, self._index)
        return [
            (position, enter_evidence(ledger, items, shared))
            for position, ledger in self.numbered
            if ledger.model in models
        ]

    def mask(self, rules: Iterable[str]) -> int:
        """Return the bits of some rules."""
        return mask_of(map(self._index.__getitem__, rules))

    def has(self, fired: int, rule: str) -> bool:
        """Return whether a rule is among the fired ones."""
        return bool(fired >> self._index[rule] & 1)

    def names(self, fired: int) -> tuple[str, ...]:
        """Return the ids of fired rules, in id order."""
        return self._names.read(fired)

    def findings(self, fired: int) -> tuple[str, ...]:
        """Return the findings that fired rules establish, in id order."""
        return tuple([name for name, concluders in self._concluders.items() if fired & concluders])

    def count(self, fired: int) -> int:
        """Return the fired rules plus, above them, the bits of evidence that several rules share."""
        bits = fired
        for rules, bit in self._always_shared:
            if fired & rules:
                bits |= bit
        for rules, stronger, bit in self._weaker_shared:
            if fired & rules and not fired & stronger:
                bits |= bit
        return bits

    def weigh(self, bits: int) -> dict[str, int]:
        """Return the points of every model."""
        return {
            model: _sum_points(bits, for_one, for_two, against_one, against_two)
            for model, _, _, _, for_one, for_two, against_one, against_two, _, _ in self.ledgers
        }

    def firm(self, bits: int) -> dict[str, int]:
        """Return for every model its supporting points from rules that are not standing."""
        return {ledger.model: _sum_points(bits, ledger.firm_one, ledger.firm_two, 0, 0) for ledger in self.ledgers}

    def points(self, model: str, fired: int) -> int:
        """Return the points of one model."""
        return self.weigh(self.count(fired))[model]

    @cached_property
    def concluding(self) -> dict[tuple[Effect, str], list[str]]:
        """The rules that conclude something, in id order, by effect and target."""
        found: dict[tuple[Effect, str], list[str]] = {}
        for rule in self.rulebase.rules.values():
            for concluded in dict.fromkeys((conclusion.effect, conclusion.target) for conclusion in rule.then):
                found.setdefault(concluded, []).append(rule.id)
        return found

    @cached_property
    def bearing(self) -> tuple[int, ...]:
        """For each model the rules that bear on its candidacy: evidence, exclusions and requirements."""
        found = []
        for model, ledger in zip(self.rulebase.models, self.ledgers, strict=True):
            bits = ledger.excluders | self.mask(item.rule for item in self.evidence if item.model == model)
            for concluders in ledger.required:
                bits |= concluders
            found.append(bits)
        return tuple(found)

    @cached_property
    def acting(self) -> tuple[tuple[str, int], ...]:
        """Every action, in id order, and the rules that advise it."""
        rules = {target: found for (effect, target), found in self.concluding.items() if effect is Effect.ACTION}
        return tuple([(action, self.mask(rules[action])) for action in sorted_ids(rules)])

    @cached_property
    def bearing_of(self) -> tuple[tuple[int, ...], ...]:
        """For each rule the positions of the models on whose candidacy it bears."""
        places = tuple(enumerate(self.bearing))
        return tuple(
            [tuple([place for place, rules in places if rules >> bit & 1]) for bit in range(len(self.rulebase.rules))]
        )

    @cached_property
    def choosing(self) -> int:
        """The rules that bear on a candidacy or prefer a model."""
        rules = self.preferring
        for bearing in self.bearing:
            rules |= bearing
        return rules

    @cached_property
    def below(self) -> tuple[int, ...]:
        """For each rule the rules that conclude the findings it needs."""
        rulebase = self.rulebase
        return tuple(
            [
                self.mask(below for need in rule.needs() for below in rulebase.concluders[need])
                for rule in rulebase.rules.values()
            ]
        )

    @cached_property
    def _needing(self) -> int:
        return sum(1 << bit for bit, below in enumerate(self.below) if below)

    def rest(self, fired: int, rules: int) -> int:
        """Return rules together with the fired rules behind the findings they rest on."""
        below, needing = self.below, self._needing
        done, waiting = 0, rules & needing
        while waiting:
            done |= waiting
            while waiting:
                lowest = waiting & -waiting
                rules |= below[lowest.bit_length() - 1] & fired
                waiting ^= lowest
            waiting = rules & needing & ~done
        return rules

    @cached_property
    def carried(self) -> Mapping[tuple[str, int, str, bool], list[Evidence]]:
        """The evidence grouped by everything but its rule."""
        found: dict[tuple[str, int, str, bool], list[Evidence]] = defaultdict(list)
        for item in self.evidence:
            found[item.carriage].append(item)
        return found

    @cached_property
    def twins(self) -> Mapping[int, list[int]]:
        """For the bit of each rule that shares a claim, the groups of rules whose evidence on one side it carries."""
        groups: dict[tuple[str, bool, str], set[int]] = defaultdict(set)
        for item in self.evidence:
            groups[item.model, item.points > 0, item.carrier].add(self._index[item.rule])
        found: dict[int, list[int]] = defaultdict(list)
        for bits in groups.values():
            if len(bits) > 1:
                rules = mask_of(bits)
                for bit in bits:
                    found[bit].append(rules)
        return dict(found)

    def candidates(self, fired: int, ledgers: Sequence[tuple[int, Ledger]] | None = None) -> list[tuple[int, int]]:
        """Return the models that pass exclusions, requirements and minimum evidence, in the declared order.

        If ledgers are given, with their positions, only their models are examined.

        Returns:
            For each candidate its points and its position among the models.
        """
        minimum = self._minimum
        found = []
        for position, ledger in self.numbered if ledgers is None else ledgers:
            _, excluders, required, shared, for_one, for_two, against_one, against_two, firm_one, firm_two = ledger
            if fired & excluders:
                continue
            for concluders in required:
                if not fired & concluders:
                    break
            else:
                bits = fired
                for rules, stronger, bit in shared:
                    if fired & rules and not fired & stronger:
                        bits |= bit
                if (bits & firm_one).bit_count() + 2 * (bits & firm_two).bit_count() >= minimum:
                    points = (
                        (bits & for_one).bit_count()
                        + 2 * (bits & for_two).bit_count()
                        - (bits & against_one).bit_count()
                        - 2 * (bits & against_two).bit_count()
                    )
                    if points > 0:
                        found.append((points, position))
        return found

    def set_aside(self, fired: int, candidates: Iterable[str]) -> dict[str, list[str]]:
        """Return the candidates that a preference sets aside, each with the rules that do."""
        running = set(candidates)
        aside: dict[str, list[str]] = {}
        if fired & self.preferring:
            for bit, (rule, preferred, over) in self.preferences_by_bit:
                if fired & bit and preferred in running:
                    for model in over:
                        if model in running:
                            aside.setdefault(model, []).append(rule)
        return aside

    def decide(self, known: Facts, fired: int) -> Decision:
        """Apply the policy."""
        return self.choose(known, fired, self.candidates(fired))

    def choose(self, known: Facts, fired: int, candidates: list[tuple[int, int]]) -> Decision:
        """Apply the rest of the policy to the candidates."""
        if not candidates:
            return Decision(known, fired, None, Status.UNDETERMINED, self._reason(known, fired), 0, None, 0)
        if len(candidates) > 1:
            if fired & self.preferring:
                names = self._names_of(candidates)
                aside = self.set_aside(fired, names)
                candidates = [entry for entry, name in zip(candidates, names, strict=True) if name not in aside]
            # The declared order decides among equals: the sort is stable.
            candidates.sort(key=_by_points)
        points, first = candidates[0]
        model = self.ledgers[first].model
        if len(candidates) == 1:
            return Decision(known, fired, model, Status.RECOMMENDED, None, points, None, points)
        second_points, second = candidates[1]
        lead = points - second_points
        status = Status.CONTESTED if lead < self._lead else Status.RECOMMENDED
        return Decision(known, fired, model, status, None, points, self.ledgers[second].model, lead)

    def excluded(self, fired: int) -> tuple[bool, ...]:
        """Return for each model, in the declared order, whether a fired rule rules it out."""
        return tuple([bool(fired & excluders) for excluders in self._excluders])

    def missing(self, fired: int, model: str) -> tuple[str, ...]:
        """Return the requirements of a model that are not established."""
        return tuple([name for name in self.rulebase.models[model].requires if not fired & self._concluders[name]])

    def excluders(self, fired: int, model: str) -> tuple[str, ...]:
        """Return the fired rules that rule a model out."""
        return self.names(fired & self._excluders[list(self.rulebase.models).index(model)])

    def _names_of(self, candidates: list[tuple[int, int]]) -> list[str]:
        return [self.ledgers[position].model for _, position in candidates]

    def _reason(self, known: Facts, fired: int) -> Reason:
        if not known:
            return Reason.NOTHING_KNOWN
        return Reason.ALL_EXCLUDED if all(self.excluded(fired)) else Reason.TOO_LITTLE


def _sum_points(bits: int, for_one: int, for_two: int, against_one: int, against_two: int) -> int:
    """Return the sum of evidence whose points are kept as binary masks."""
    return (
        (bits & for_one).bit_count()
        + 2 * (bits & for_two).bit_count()
        - (bits & against_one).bit_count()
        - 2 * (bits & against_two).bit_count()
    )


def _by_points(candidate: tuple[int, int]) -> int:
    return -candidate[0]
