"""Small rule bases for brute force: many organisations get a model, and small changes lead to another."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations, product

from hypothesis import settings
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.language.facts import Fact, Facts, FactValue, Kind, Only
from cxrules.language.regions import list_tests
from cxrules.language.rules import (
    Conclusion,
    Condition,
    Effect,
    FactTest,
    FindingTest,
    Impossible,
    Model,
    Operand,
    Operator,
    Policy,
    Rule,
    Tone,
)
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.search.possibilities import possibilities_of
from tests.rulebases import (
    candidate_values,
    drawn_once,
    facts,
    make_claim,
    make_rulebase,
    organisations,
    rulebases,
    thresholds,
)

HALF = settings(max_examples=settings().max_examples // 2)
MANY = settings(max_examples=4 * settings().max_examples)
MODELS = ("model_0", "model_1", "model_2")


@st.composite
def likely_tests(draw: st.DrawFn, fact: Fact) -> FactTest:
    """A test that about half of the values pass."""
    operand: Operand
    match fact.kind:
        case Kind.FLAG:
            operator, operand = Operator.IS, draw(st.booleans())
        case Kind.PERCENT:
            operator = draw(st.sampled_from([Operator.BELOW, Operator.AT_LEAST]))
            operand = draw(st.sampled_from([20, 50.5]))
        case Kind.ORDERED:
            operator = draw(st.sampled_from([Operator.AT_LEAST, Operator.AT_MOST]))
            operand = draw(st.sampled_from(fact.names))
        case Kind.CHOICE:
            operator = Operator.IN
            operand = tuple(sorted(draw(st.sets(st.sampled_from(fact.names), min_size=1))))
        case _:
            operator = draw(st.sampled_from([Operator.INCLUDES_ANY, Operator.INCLUDES_ALL, Operator.LACKS_ALL]))
            operand = tuple(sorted(draw(st.sets(st.sampled_from(fact.names), min_size=1, max_size=2))))
    return FactTest(fact.name, operator, operand)


def lively_rulebases() -> st.SearchStrategy[RuleBase]:
    return drawn_once(_lively_rulebase(), "lively")


@st.composite
def priced(draw: st.DrawFn, fact: Fact) -> Fact:
    """The fact with a price, or immutable, and perhaps only one direction in which it may change."""
    effort = draw(st.sampled_from([1, 1, 2, 3, 0]))
    only = draw(st.sampled_from([None, None, *Only])) if effort and fact.kind is not Kind.CHOICE else None
    return replace(fact, effort=effort, only=only)


@st.composite
def _lively_rulebase(draw: st.DrawFn) -> RuleBase:
    """A rule base of two to four facts in which most organisations get a model; facts have prices and directions."""
    vocabulary = [draw(priced(fact)) for fact in draw(facts())[:4]]
    tests = st.sampled_from(vocabulary).flatmap(likely_tests)
    claims = [
        make_claim(f"S{source}-{number}", draw(st.sampled_from(Tone))) for source in (0, 1) for number in (1, 2, 3)
    ]
    rules = []
    for number in range(draw(st.integers(5, 12))):
        when: list[Condition] = list(draw(st.lists(tests, min_size=1, max_size=2)))
        if number > 5 and draw(st.integers(0, 2)) == 0:
            when.append(FindingTest("found"))
        effect = Effect.SUPPORTS if number < 4 else draw(st.sampled_from([Effect.SUPPORTS, Effect.OPPOSES]))
        then = [Conclusion(effect, draw(st.sampled_from(MODELS)))]
        odd = draw(st.integers(0, 9))
        if odd == 0:
            then.append(Conclusion(Effect.EXCLUDES, draw(st.sampled_from(MODELS))))
        elif odd <= 2:
            better, *worse = draw(st.sampled_from([*combinations(MODELS, 2), MODELS]))
            then.append(Conclusion(Effect.PREFERS, better, tuple(worse)))
        elif odd <= 6 and number <= 5:
            then.append(Conclusion(Effect.FINDING, "found"))
        rules.append(Rule(f"r-{number}", (draw(st.sampled_from(claims)).id,), "It follows.", tuple(when), tuple(then)))
    if draw(st.booleans()):
        rules.append(Rule("standing", ("S0-1",), "So it is.", (), (Conclusion(Effect.SUPPORTS, "model_0"),)))
    some = st.lists(st.sampled_from(vocabulary), unique_by=lambda fact: fact.name, min_size=2, max_size=3)
    impossible = [
        Impossible(f"impossible-{number}", tuple(draw(likely_tests(fact)) for fact in draw(some)), "It cannot be.")
        for number in range(draw(st.integers(0, 3)))
    ]
    if draw(st.booleans()):
        # If the first fact is so, the other can have no value.
        first, other = draw(some)[:2]
        every: list[Operand] = [True, False] if other.kind is Kind.FLAG else [0]
        if other.kind not in (Kind.FLAG, Kind.PERCENT):
            every = [other.names]
        operator = {Kind.FLAG: Operator.IS, Kind.PERCENT: Operator.AT_LEAST}.get(other.kind, Operator.IN)
        if other.kind is not Kind.SET:
            reason = draw(likely_tests(first))
            impossible += [
                Impossible(f"never-{number}", (reason, FactTest(other.name, operator, operand)), "It cannot be.")
                for number, operand in enumerate(every)
            ]
    requires = ("found",) if draw(st.integers(0, 3)) == 0 else ()
    return make_rulebase(
        vocabulary,
        rules,
        [Model(name, name, name, requires=requires if name == "model_2" else ()) for name in MODELS],
        claims,
        findings=["found"],
        impossible=impossible,
        policy=Policy(minimum_evidence=draw(st.integers(1, 2)), lead=draw(st.integers(0, 2))),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Judge, Decision]:
    """A judge, and its decision on an organisation."""
    rulebase = draw(rulebases(max_rules=10) if draw(st.integers(0, 3)) == 0 else lively_rulebases())
    judge = Advisor(rulebase).judge
    return judge, judge.decide(draw(organisations(rulebase, whole=draw(st.booleans()))))


def distinct_values(judge: Judge) -> dict[str, list[FactValue]]:
    """For each fact, one value for every combination of results of its tests."""
    cuts = thresholds(judge.rulebase)
    tests = list_tests(judge.rulebase)
    found = {}
    for name, fact in judge.rulebase.vocabulary.facts.items():
        kinds = {signature(fact, tests[name], value): value for value in candidate_values(fact, cuts.get(name, ()))}
        found[name] = list(kinds.values()) if fact.kind in (Kind.SET, Kind.PERCENT) else list(candidate_values(fact))
    return found


def signature(fact: Fact, tests: Iterable[FactTest], value: FactValue) -> tuple[bool, ...]:
    return tuple(test.holds(value, fact) for test in tests)


def incoherent(judge: Judge, known: Facts) -> set[str]:
    return {entry.id for entry in judge.rulebase.incoherences(known)}


def is_completion(judge: Judge, known: Facts, completed: Facts, before: set[str]) -> bool:
    """Whether it keeps the known facts, is coherent, and leaves out only facts that can have no coherent value."""
    if any(completed.get(name) != value for name, value in known.items()) or incoherent(judge, completed) - before:
        return False
    return not any(
        not incoherent(judge, {**completed, name: value}) - before
        for name, values in possibilities_of(judge).cases.items()
        if name not in completed
        for value in values
    )


def completions(judge: Judge, known: Facts, *, answered: bool) -> Iterator[dict[str, FactValue]]:
    """Every completion, with one value for each set that no test tells apart."""
    values = distinct_values(judge)
    names = [name for name in values if name not in known]
    before = incoherent(judge, known)
    for chosen in product(*([*values[name], None] for name in names)):
        completed = {**known, **{name: value for name, value in zip(names, chosen, strict=True) if value is not None}}
        if is_completion(judge, known, completed, before) if answered else not incoherent(judge, completed) - before:
            yield completed
