"""The bound of the bitmap engine: what could still fire once more is known."""

from collections.abc import Iterator
from itertools import islice, product

from hypothesis import given
from hypothesis import strategies as st

from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.facts import FactValue
from cxrules.language.rules import (
    Conclusion,
    Effect,
    FindingTest,
    Model,
    Rule,
    Tone,
)
from cxrules.rulebase import RuleBase
from tests.oracle import OracleEngine
from tests.rulebases import (
    candidate_values,
    make_claim,
    make_rulebase,
    organisations,
    rulebases,
    thresholds,
)


# The bound.
@given(data=st.data())
def test_the_bound_includes_what_every_completion_fires(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=8))
    bitmap, oracle = BitmapEngine(rulebase), OracleEngine(rulebase)
    known = data.draw(organisations(rulebase))
    bound = bitmap.bound(known)
    for completion in islice(completions(rulebase, known), 2_000):
        assert oracle.match(completion) & ~bound == 0
    assert bitmap.match(known) & ~bound == 0
    whole = data.draw(organisations(rulebase, whole=True))
    assert bitmap.bound(whole) == bitmap.match(whole)


def completions(rulebase: RuleBase, known: dict[str, FactValue]) -> Iterator[dict[str, FactValue]]:
    cuts = thresholds(rulebase)
    unknown = [fact for name, fact in rulebase.vocabulary.facts.items() if name not in known]
    for values in product(*(candidate_values(fact, cuts.get(fact.name, ())) for fact in unknown)):
        yield {**known, **{fact.name: value for fact, value in zip(unknown, values, strict=True)}}


def test_the_bound_leaves_out_rules_that_can_never_fire() -> None:
    rule = Rule("only", ("S-1",), "It follows.", (FindingTest("never"),), (Conclusion(Effect.SUPPORTS, "alpha"),))
    models, claims = [Model("alpha", "alpha", "alpha")], [make_claim("S-1", Tone.PLAIN)]
    engine = BitmapEngine(make_rulebase([], [rule], models, claims, findings=["never"]))
    assert engine.bound({}) == 0
