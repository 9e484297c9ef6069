"""Rule bases on which the engines are compared."""

import pytest

from cxrules.engines import Engine, create_engine
from cxrules.language.facts import Kind
from cxrules.language.rules import (
    AnyOf,
    Conclusion,
    Condition,
    Effect,
    FactTest,
    FindingTest,
    Model,
    Operator,
    Rule,
    Tone,
)
from cxrules.rulebase import RuleBase
from tests.rulebases import (
    make_claim,
    make_fact,
    make_rulebase,
)


def why_not_experta() -> str:
    try:
        create_engine("experta", by_hand())
    except Exception as error:  # noqa: BLE001 - any exception is the reason
        return f"experta does not run here: {error!r}"
    return ""


def by_hand() -> RuleBase:
    """A rule base with every kind of test, four strata and an `any_of` over findings."""
    facts = [
        make_fact("stage", Kind.ORDERED, ["none", "early", "late"]),
        make_fact("trade", Kind.CHOICE, ["shop", "bank"]),
        make_fact("told", Kind.FLAG),
        make_fact("share", Kind.PERCENT),
        make_fact("parts", Kind.SET, ["x", "y", "z"]),
    ]
    late, shop = FactTest("stage", Operator.AT_LEAST, "early"), FactTest("trade", Operator.IN, ("shop", "bank"))
    x_or_y, not_z = FactTest("parts", Operator.INCLUDES_ANY, ("x", "y")), FactTest("parts", Operator.LACKS_ALL, ("z",))
    low, high = FactTest("share", Operator.BELOW, 20), FactTest("share", Operator.AT_LEAST, 60)
    told, not_told = FactTest("told", Operator.IS, True), FactTest("told", Operator.IS, False)
    one, two, three = FindingTest("one"), FindingTest("two"), FindingTest("three")
    alpha, beta = Conclusion(Effect.SUPPORTS, "alpha"), Conclusion(Effect.SUPPORTS, "beta")
    rules: dict[str, tuple[tuple[Condition, ...], Conclusion]] = {
        "a-one": ((late, x_or_y), Conclusion(Effect.FINDING, "one")),
        "b-two": ((one, AnyOf(((low,), (high, told)))), Conclusion(Effect.FINDING, "two")),
        "c-three": ((AnyOf(((two, shop), (not_told, not_z))),), Conclusion(Effect.FINDING, "three")),
        "d-alpha": ((three,), alpha),
        "e-beta": (
            (FactTest("parts", Operator.INCLUDES_ALL, ("x", "z")), FactTest("stage", Operator.IS, "late")),
            beta,
        ),
        "f-beta": ((FactTest("stage", Operator.AT_MOST, "early"), high), beta),
        "g-standing": ((), beta),
    }
    return make_rulebase(
        facts,
        [Rule(name, ("S-1",), "It follows.", when, (then,)) for name, (when, then) in rules.items()],
        [Model("alpha", "alpha", "alpha"), Model("beta", "beta", "beta")],
        [make_claim("S-1", Tone.PLAIN)],
    )


NO_EXPERTA = why_not_experta()
needs_experta = pytest.mark.skipif(bool(NO_EXPERTA), reason=NO_EXPERTA or "it runs")


def names(engine: Engine, fired: int) -> set[str]:
    return {rule for bit, rule in enumerate(engine.rulebase.rule_ids) if fired >> bit & 1}
