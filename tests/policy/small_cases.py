"""Rule bases for small cases, one line for each rule."""

from collections.abc import Sequence
from fractions import Fraction

from cxrules.language.facts import Kind
from cxrules.language.rules import (
    AnyOf,
    ClaimKind,
    Conclusion,
    Condition,
    Effect,
    Engineer,
    FactTest,
    FindingTest,
    Model,
    Operator,
    Policy,
    Rule,
    Tone,
)
from cxrules.rulebase import RuleBase
from tests.rulebases import make_claim, make_fact, make_rulebase


# Small cases. A rule is written `CLAIMS: WHEN -> THEN`. Claims are hedged, A-2 and A-5 plain, A-3 and A-6
# emphatic, A-8 an emphatic statistic; so for B. A word under WHEN is a flag that is true, `?word` a finding, `a|b` an
# alternative. THEN: `+m` supports, `-m` opposes, `!m` excludes, `m>n` prefers, `=word` concludes. The claims may be
# preceded by `reason` (the engineer's, for counting other claims) and `weigh3` (the engineer's points).
def read_rule(number: int, text: str) -> Rule:
    head, _, body = text.partition(":")
    *engineers, claims = head.split()
    when, _, then = body.partition("->")
    engineer = Engineer(
        evidence="a reason" if "reason" in engineers else "",
        points=next((int(word[-1]) for word in engineers if word.startswith("weigh")), None),
    )
    conditions = tuple(read_condition(word) for word in when.split())
    conclusions = tuple(read_conclusion(word) for word in then.split())
    return Rule(f"r-{number}", tuple(claims.split(",")), "It follows.", conditions, conclusions, engineer)


def read_condition(word: str) -> Condition:
    if "|" in word:
        return AnyOf(tuple((read_test(part),) for part in word.split("|")))
    return read_test(word)


def read_test(word: str) -> FactTest | FindingTest:
    return FindingTest(word[1:]) if word[0] == "?" else FactTest(word, Operator.IS, True)


def read_conclusion(word: str) -> Conclusion:
    if ">" in word:
        first, _, others = word.partition(">")
        return Conclusion(Effect.PREFERS, first, tuple(others.split(",")))
    effects = {"+": Effect.SUPPORTS, "-": Effect.OPPOSES, "!": Effect.EXCLUDES, "=": Effect.FINDING}
    return Conclusion(effects[word[0]], word[1:])


def small_rulebase(rules: Sequence[str], requires: dict[str, tuple[str, ...]], policy: Policy) -> RuleBase:
    tones = [Tone.HEDGED, Tone.PLAIN, Tone.EMPHATIC]
    claims = [
        make_claim(f"{source}-{number}", tones[(number - 1) % 3] if number < 8 else Tone.EMPHATIC, kind)
        for source in "AB"
        for number in range(1, 9)
        for kind in [ClaimKind.STATISTIC if number == 8 else ClaimKind.RULE_FOR]
    ]
    return make_rulebase(
        [make_fact(name, Kind.FLAG) for name in "abcd"],
        [read_rule(number, text) for number, text in enumerate(rules, 1)],
        [Model(name, name, name, requires=requires.get(name, ())) for name in ("alpha", "beta", "gamma")],
        claims,
        findings={finding for needed in requires.values() for finding in needed},
        policy=policy,
    )


# Certainty.
def combine(one: Fraction, other: Fraction) -> Fraction:
    """The certainty-factor combination of EMYCIN (van Melle)."""
    if one >= 0 and other >= 0:
        return one + other - one * other
    if one <= 0 and other <= 0:
        return one + other + one * other
    return (one + other) / (1 - min(abs(one), abs(other)))
