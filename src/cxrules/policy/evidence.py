"""The weight of evidence: points, and the certainty they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cxrules.language.rules import EVIDENTIAL, Claim, Effect, Rule
from cxrules.late import dataclass
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["Evidence", "certainty", "exact_certainty", "list_evidence", "weigh_rule"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one rule, if it fires, says for or against one model.

    Attributes:
        rule: The rule.
        model: The model.
        points: 1 to 3, negative when against.
        source: The article.
        carrier: The strongest of the rule's claims, whose tone sets the points. A claim counts once for a model: of
            several rules with the same carrier, one counts.
        standing: Whether the rule is a standing one.
    """

    rule: str
    model: str
    points: int
    source: str
    carrier: str
    standing: bool

    @property
    def carriage(self) -> tuple[str, int, str, bool]:
        """The key that is equal where several rules bring the same evidence."""
        return self.model, self.points, self.carrier, self.standing


def certainty(points: int) -> float:
    """Return the certainty factor of a sum of points.

    It is `sign(n) * (1 - (4/5) ** |n|)`, rounded once. Adding points is the EMYCIN combination of certainty factors
    (van Melle 1980): `x + y - x*y` for equal signs and `(x + y) / (1 - min(|x|, |y|))` for opposite ones become
    addition under `-log(1 - |cf|)`.

    Returns:
        A number between -1.0 and 1.0.

    Examples:
        >>> certainty(1), certainty(2), certainty(-1), certainty(0)
        (0.2, 0.36, -0.2, 0.0)
    """
    size = abs(points)
    whole: int = 5**size
    # Python's true division rounds the quotient of two ints once, correctly.
    value: float = (whole - 4**size) / whole
    return -value if points < 0 else value


def exact_certainty(points: int) -> Fraction:
    """Return the certainty factor as an exact fraction.

    Examples:
        >>> exact_certainty(2)
        Fraction(9, 25)
    """
    from fractions import Fraction

    sign = (points > 0) - (points < 0)
    return sign * (1 - Fraction(4, 5) ** abs(points))


def weigh_rule(rulebase: RuleBase, rule: Rule, claims: Mapping[str, Claim] | None = None) -> tuple[int, str]:
    """Return the points of a rule's evidence, and the claim that carries them.

    `claims` are those of the rule base unless a question assumes others.

    Returns:
        1 to 3 points, and the id of the strongest claim (the first in id order among equals). Only claims that are
        evidence count, unless the engineer gave a reason to count others.
    """
    own = [(claims or rulebase.claims)[claim] for claim in rule.because]
    if not rule.engineer.evidence:
        own = [claim for claim in own if claim.kind in EVIDENTIAL] or own
    strongest = max(own, key=lambda claim: claim.tone)
    if rule.engineer.points is not None:
        return rule.engineer.points, strongest.id
    if rule.id in rulebase.standing:
        return 1, strongest.id
    return int(strongest.tone), strongest.id


def list_evidence(rulebase: RuleBase) -> tuple[Evidence, ...]:
    """Return everything that the rules of a rule base can say for or against a model, in the order of the rules."""
    found = []
    for rule in rulebase.rules.values():
        signs = {Effect.SUPPORTS: 1, Effect.OPPOSES: -1}
        conclusions = [conclusion for conclusion in rule.then if conclusion.effect in signs]
        if not conclusions:
            continue
        points, carrier = weigh_rule(rulebase, rule)
        source, standing = rulebase.claims[carrier].source, rule.id in rulebase.standing
        found += [
            Evidence(rule.id, conclusion.target, signs[conclusion.effect] * points, source, carrier, standing)
            for conclusion in conclusions
        ]
    return tuple(found)
