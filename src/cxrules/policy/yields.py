"""What fired rules yield: the evidence that counts, claims and targets, read for all of them in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxrules.engines import mask_of
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.bytewise import BitNames, Union
from cxrules.policy.decider import Decider

__all__ = ["Targets", "Yields"]


class Targets:
    """The targets of one effect, and where they are among the bits of what rules yield.

    Attributes:
        names: The targets, in id order.
        rules: For each the rules that conclude it.
    """

    __slots__ = ("_mask", "_start", "_texts", "names", "rules")

    def __init__(self, rules: Mapping[str, int], start: int) -> None:
        self.names, self.rules = tuple(rules), tuple(rules.values())
        self._start, self._mask = start, (1 << len(rules)) - 1
        self._texts = BitNames(self.names)

    def bits(self, found: int) -> int:
        """Return those in what some rules yield, as bits."""
        return found >> self._start & self._mask

    def read(self, found: int) -> tuple[str, ...]:
        """Return those in what some rules yield."""
        return self._texts.read(found >> self._start & self._mask)

    def write(self, found: int) -> str:
        """Return those in what some rules yield as a JSON array."""
        return self._texts.write(found >> self._start & self._mask)


class Yields:
    """What the rules of one policy yield, together in one int.

    Its lowest bits are the rules and, above them, the evidence that several rules share; then come the claims, then the
    targets of each effect. One pass over the fired rules reads all of it, and each kind is cut out of what was read.

    Attributes:
        targets: The targets of each effect.
    """

    def __init__(self, decider: Decider) -> None:
        rulebase = decider.rulebase
        index = {rule: place for place, rule in enumerate(rulebase.rule_ids)}
        self._size = len(index) + len(decider.shared)
        self._counted = (1 << self._size) - 1
        self._weaker = tuple([(stronger, ~bit) for _, stronger, bit in decider.shared if stronger])
        self._claims = (1 << len(rulebase.claims)) - 1
        behind: dict[str, list[int]] = {claim: [] for claim in rulebase.claims}
        for rule in rulebase.rules.values():
            for claim in set(rule.because):
                behind[claim].append(index[rule.id])
        columns = [1 << place for place in range(len(index))]
        columns += [rules for rules, _, _ in sorted(decider.shared, key=lambda each: each.bit)]
        columns += map(mask_of, behind.values())
        self.targets: dict[Effect, Targets] = {}
        for effect in Effect:
            rules = {target: found for (its, target), found in decider.concluding.items() if its is effect}
            masks = {target: decider.mask(rules[target]) for target in sorted_ids(rules)}
            self.targets[effect] = Targets(masks, len(columns))
            columns += masks.values()
        self._union = Union(_transpose(columns, len(index)))

    def __call__(self, rules: int) -> int:
        """Return what some rules yield."""
        return self._union(rules)

    def evidence(self, found: int, fired: int) -> int:
        """Return what counts of the evidence: that of `Decider.count`, cut out of what the fired rules yield."""
        bits = found & self._counted
        for stronger, others in self._weaker:
            if fired & stronger:
                bits &= others
        return bits

    def claims(self, found: int) -> int:
        """Return the claims, as bits in their order, in what some rules yield."""
        return found >> self._size & self._claims


def _transpose(columns: Sequence[int], count: int) -> list[int]:
    """Return for each rule the bits of the columns that it is in."""
    found = [0] * count
    for place, rules in enumerate(columns):
        left = rules
        while left:
            rule = left.bit_length() - 1
            found[rule] |= 1 << place
            left ^= 1 << rule
    return found
