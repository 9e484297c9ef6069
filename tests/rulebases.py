"""Rule bases written briefly by hand; random rule bases and organisations for properties."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cxrules.errors import InvalidKnowledge
from cxrules.language.facts import Fact, FactValue, Kind, Use, Value, Vocabulary
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import (
    AnyOf,
    Claim,
    ClaimKind,
    Conclusion,
    Condition,
    Effect,
    Engineer,
    FactTest,
    FindingTest,
    Impossible,
    Model,
    Named,
    Operand,
    Operator,
    Policy,
    Rule,
    Source,
    Tone,
)
from cxrules.rulebase import RuleBase
from cxrules.testing import values
from tests import DATA


def make_rulebase(  # noqa: PLR0913 - the parts of a rule base
    vocabulary: Iterable[Fact],
    rules: Iterable[Rule],
    models: Iterable[Model],
    claims: Iterable[Claim],
    *,
    findings: Iterable[str] = (),
    impossible: Iterable[Impossible] = (),
    policy: Policy = Policy(minimum_evidence=2, lead=1),  # noqa: B008 - immutable
    serves: Mapping[str, tuple[str, ...]] | None = None,
) -> RuleBase:
    """A rule base of these parts; those that need only a name are added."""
    claims = list(claims)
    rules = list(rules)
    named = {effect: {target for rule in rules for target in rule.targets(effect)} for effect in Effect}
    return RuleBase(
        name="made up",
        vocabulary=Vocabulary({fact.name: fact for fact in vocabulary}),
        impossible=tuple(impossible),
        sources={
            source: Source(source, f"Article {source}", "An author", f"{source}.md", tuple(range(1, 100)))
            for source in sorted({claim.source for claim in claims})
        },
        claims={claim.id: claim for claim in claims},
        models={model.id: model for model in models},
        accompaniments={name: Named(name, name, name) for name in named[Effect.ACCOMPANIES]},
        patterns={name: Named(name, name, name) for name in named[Effect.RECOGNISES]},
        findings={name: f"{name} is so" for name in {*findings, *named[Effect.FINDING]}},
        actions={name: f"Do {name}." for name in named[Effect.ACTION]},
        warnings={name: f"Mind {name}." for name in named[Effect.WARNING]},
        rules={rule.id: rule for rule in rules},
        policy=policy,
        serves=serves or {},
    )


def make_fact(name: str, kind: Kind, values: Sequence[str] = ()) -> Fact:
    says = {Kind.PERCENT: f"{name} is {{value}}%", Kind.SET: f"{name} has {{values}}"}.get(kind, "")
    labels = ("true", "false") if kind is Kind.FLAG else values
    return Fact(
        name=name,
        kind=kind,
        use=Use.DECIDES,
        question=f"What is {name}?",
        topic=name,
        values=tuple(Value(value, value, f"{name} is {value}") for value in labels),
        says=says,
        says_empty=f"{name} has nothing" if kind is Kind.SET else "",
    )


def make_claim(claim: str, tone: Tone, kind: ClaimKind = ClaimKind.RULE_FOR) -> Claim:
    return Claim(claim, claim.partition("-")[0], (1,), f"What {claim} says.", tone, kind, "0" * 64)


def make_choice(name: str, values: Sequence[str], supports: Mapping[str, str]) -> RuleBase:
    """A rule base about one choice, of which some values support a model each."""
    claim = make_claim("A0-1", Tone.PLAIN)
    rules = [
        Rule(
            f"r-{value}",
            (claim.id,),
            "So.",
            (FactTest(name, Operator.IS, value),),
            (Conclusion(Effect.SUPPORTS, model),),
        )
        for value, model in supports.items()
    ]
    models = [Model(model, model, f"it is {model}") for model in dict.fromkeys(supports.values())]
    return make_rulebase([make_fact(name, Kind.CHOICE, values)], rules, models, [claim])


LARGE_KINDS = (Kind.ORDERED, Kind.FLAG, Kind.PERCENT, Kind.SET, Kind.CHOICE)
FITTING: dict[Kind, tuple[Operator, Operand, FactValue]] = {
    Kind.ORDERED: (Operator.AT_LEAST, "b", "c"),
    Kind.FLAG: (Operator.IS, True, True),
    Kind.PERCENT: (Operator.BELOW, 20, 10),
    Kind.SET: (Operator.INCLUDES_ANY, ("a",), ("a", "b")),
    Kind.CHOICE: (Operator.IS, "a", "a"),
}
"""For each kind of fact a test in large rule bases, and a value that passes it."""


def make_large(facts: int, chain: int, rules: int) -> RuleBase:
    """A rule base of so many facts and rules, some of which make a chain of findings that ends in a model."""
    kinds = [LARGE_KINDS[number % len(LARGE_KINDS)] for number in range(facts)]
    vocabulary = [
        make_fact(f"fact_{number}", kind, "abc" if kind in (Kind.ORDERED, Kind.SET, Kind.CHOICE) else "")
        for number, kind in enumerate(kinds)
    ]
    claims = [make_claim(f"S1-{number}", Tone.PLAIN) for number in range(1, 100)]
    models = [Model(f"model_{number}", f"Model {number}", f"it is {number}") for number in range(9)]

    def test_of(number: int) -> FactTest:
        fact = vocabulary[number % facts]
        return FactTest(fact.name, *FITTING[fact.kind][:2])

    def rule(name: str, number: int, when: tuple[FactTest | FindingTest, ...], conclusion: Conclusion) -> Rule:
        return Rule(name, (claims[number % len(claims)].id,), "Because it is so.", when, (conclusion,))

    made = [rule("chain-0", 0, (test_of(0),), Conclusion(Effect.FINDING, "finding_0"))]
    for number in range(1, chain):
        before = FindingTest(f"finding_{number - 1}")
        made.append(rule(f"chain-{number}", number, (before,), Conclusion(Effect.FINDING, f"finding_{number}")))
    last = FindingTest(f"finding_{chain - 1}")
    made.append(rule("end", 0, (last,), Conclusion(Effect.SUPPORTS, "model_0")))
    for number in range(rules - chain - 1):
        tests = (test_of(number), test_of(number + 1 + number % 7))
        made.append(rule(f"rule-{number}", number, tests, Conclusion(Effect.OPPOSES, f"model_{1 + number % 8}")))
    return make_rulebase(vocabulary, made, models, claims)


def fitting(rulebase: RuleBase) -> dict[str, FactValue]:
    """An organisation of which every rule of a large rule base is true."""
    return {fact.name: FITTING[fact.kind][2] for fact in rulebase.vocabulary.facts.values()}


thresholds = values.thresholds
"""The numbers with which rules and impossible conjunctions compare each percentage."""

candidate_values = values.telling_values
"""Values of a fact that rules could tell apart: for percentages, those on, next to and between thresholds."""


def organisations(
    rulebase: RuleBase, *, coherent: bool = False, whole: bool = False
) -> st.SearchStrategy[dict[str, FactValue]]:
    """Validated facts, in any order.

    Args:
        rulebase: The rule base; its vocabulary says what can be known, its thresholds which percentages matter.
        coherent: Whether to forget facts until no impossible conjunction is met.
        whole: Whether every fact is known.
    """
    cuts = thresholds(rulebase)
    values: dict[str, st.SearchStrategy[FactValue]] = {
        name: _values(fact, cuts.get(name, ())) for name, fact in rulebase.vocabulary.facts.items()
    }
    drawn = complete = st.fixed_dictionaries(values)
    if not whole:
        # Hypothesis alone would draw few known facts; here some organisations know most.
        forgotten = st.sets(st.sampled_from(list(values))) if values else st.just(set[str]())
        drawn = st.fixed_dictionaries({}, optional=values) | st.builds(_forget, complete, forgotten)
    return drawn.map(lambda known: make_coherent(rulebase, known)) if coherent else drawn


def _forget(known: dict[str, FactValue], names: set[str]) -> dict[str, FactValue]:
    return {name: value for name, value in known.items() if name not in names}


def _values(fact: Fact, cuts: Sequence[float]) -> st.SearchStrategy[FactValue]:
    if fact.kind is Kind.SET:
        return st.sets(st.sampled_from(fact.names)).map(lambda drawn: tuple(sorted(drawn, key=fact.names.index)))
    return st.sampled_from(candidate_values(fact, cuts))


def random_organisations(
    rulebase: RuleBase, seed: int, *, known: float | None = None, coherent: bool = False
) -> Iterator[dict[str, FactValue]]:
    """What `organisations` draws, without end and much faster; for tests that can do without shrinking.

    Args:
        rulebase: The rule base.
        seed: The same seed gives the same organisations.
        known: The share of the facts that is known; drawn for each when None.
        coherent: Whether to forget facts until no impossible conjunction is met.
    """
    rng = random.Random(seed)
    cuts = thresholds(rulebase)
    facts = tuple(rulebase.vocabulary.facts.values())
    values = {fact.name: candidate_values(fact, cuts.get(fact.name, ())) for fact in facts if fact.kind is not Kind.SET}
    while True:
        share = rng.random() if known is None else known
        drawn: dict[str, FactValue] = {}
        for fact in facts:
            if rng.random() < share:
                odds = rng.random()
                if fact.kind is Kind.SET:
                    drawn[fact.name] = tuple(element for element in fact.names if rng.random() < odds)
                else:
                    drawn[fact.name] = rng.choice(values[fact.name])
        yield make_coherent(rulebase, drawn) if coherent else drawn


def make_coherent(rulebase: RuleBase, known: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """Forget facts until no impossible conjunction is met."""
    left = dict(known)
    while met := rulebase.incoherences(left):
        del left[met[0].when[-1].fact]
    return left


_Test: TypeAlias = FactTest | FindingTest
_EFFECTS_ON_MODELS = (*[Effect.SUPPORTS] * 7, Effect.OPPOSES, Effect.OPPOSES, Effect.EXCLUDES)
_ADVICE = (Effect.ACCOMPANIES, Effect.RECOGNISES, Effect.ACTION, Effect.WARNING)


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """A vocabulary of two to six facts, of any kinds."""
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=2, max_size=6))
    # Names with two underscores and names that experta uses are allowed.
    names = draw(st.permutations(["plain", "two__parts", "_private", "finding", "fact_1", "engine", "self", "x__"]))
    found = []
    for name, kind in zip(names, kinds, strict=False):
        fewest = {Kind.ORDERED: 2, Kind.CHOICE: 2, Kind.SET: 1}.get(kind)
        found.append(make_fact(name, kind, "abcd"[: draw(st.integers(fewest, 4))] if fewest else ()))
    return found


@st.composite
def fact_tests(draw: st.DrawFn, fact: Fact) -> FactTest:
    """A test of a fact, with any operator of its kind."""
    if fact.kind is Kind.FLAG:
        return FactTest(fact.name, Operator.IS, draw(st.booleans()))
    if fact.kind is Kind.PERCENT:
        comparisons = [Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST, Operator.IS]
        number = draw(st.sampled_from([0, 10, 20, 20.5, 50, 99.9, 100]))
        return FactTest(fact.name, draw(st.sampled_from(comparisons)), number)
    some = tuple(draw(st.lists(st.sampled_from(fact.names), unique=True, min_size=1)))
    if fact.kind is Kind.SET:
        operators = [Operator.INCLUDES_ANY, Operator.INCLUDES_ALL, Operator.LACKS_ALL]
        return FactTest(fact.name, draw(st.sampled_from(operators)), some)
    operators = [Operator.IS, Operator.IN]
    if fact.kind is Kind.ORDERED:
        operators += [Operator.AT_LEAST, Operator.AT_MOST]
    operator = draw(st.sampled_from(operators))
    return FactTest(fact.name, operator, some if operator is Operator.IN else draw(st.sampled_from(fact.names)))


@st.composite
def _conditions(
    draw: st.DrawFn, vocabulary: list[Fact], findings: Sequence[str], sizes: Sequence[int]
) -> tuple[_Test, ...]:
    tests: st.SearchStrategy[_Test] = st.sampled_from(vocabulary).flatmap(fact_tests)
    if findings:
        # Repeating the latest finding makes long chains.
        tests |= st.sampled_from([*findings, findings[-1]]).map(FindingTest)
    size = draw(st.sampled_from(sizes))
    return tuple(draw(st.lists(tests, min_size=size, max_size=size)))


@st.composite
def _rules(draw: st.DrawFn, rule_id: str, parts: "_Parts") -> Rule:
    level = draw(st.integers(0, len(parts.findings)))
    below, above = parts.findings[:level], parts.findings[level:]
    when: list[Condition] = list(draw(_conditions(parts.vocabulary, below, [0, 1, 1, 1, 1, 2, 3])))
    if draw(st.integers(0, 3)) == 0:
        alternatives = draw(st.lists(_conditions(parts.vocabulary, below, [0, 1, 1, 2]), min_size=1, max_size=3))
        when.insert(draw(st.integers(0, len(when))), AnyOf(tuple(alternatives)))
    then: list[Conclusion] = []
    if draw(st.booleans()) and above:
        then.append(Conclusion(Effect.FINDING, above[0]))
    then += draw(st.lists(_conclusions(parts.models), min_size=0 if then else 1, max_size=3))
    source = draw(st.sampled_from(sorted({claim.source for claim in parts.claims})))
    because = draw(
        st.lists(
            st.sampled_from([claim.id for claim in parts.claims if claim.source == source]), unique=True, min_size=1
        )
    )
    engineer = Engineer(
        evidence=draw(st.sampled_from(["", "", "a reason"])), points=draw(st.sampled_from([None, None, None, 1, 2, 3]))
    )
    return Rule(rule_id, tuple(sorted(because)), "It follows.", tuple(when), tuple(then), engineer)


@st.composite
def _conclusions(draw: st.DrawFn, models: list[str]) -> Conclusion:
    if draw(st.integers(0, 9)) == 0:
        effect = draw(st.sampled_from(_ADVICE))
        return Conclusion(effect, f"{effect}_{draw(st.integers(1, 2))}")
    if len(models) > 1 and draw(st.integers(0, 4)) == 0:
        # Only forwards in the list: preferences have no cycle.
        position = draw(st.integers(0, len(models) - 2))
        over = draw(st.lists(st.sampled_from(models[position + 1 :]), unique=True, min_size=1))
        return Conclusion(Effect.PREFERS, models[position], tuple(over))
    return Conclusion(draw(st.sampled_from(_EFFECTS_ON_MODELS)), draw(st.sampled_from(models)))


class _Parts:
    """The material for the rules of a rule base."""

    def __init__(self, vocabulary: list[Fact], findings: list[str], models: list[str], claims: list[Claim]) -> None:
        self.vocabulary = vocabulary
        self.findings = findings
        self.models = models
        self.claims = claims


def rulebases(max_rules: int = 16, *, afresh: bool = False) -> st.SearchStrategy[RuleBase]:
    """A rule base of any shape: every kind of fact and test, chained findings, gates, preferences, shared claims.

    Args:
        max_rules: The most rules that it has.
        afresh: Do not share rule bases with other tests; for a test that needs rare ones.
    """
    strategy = _any_rulebase(max_rules)
    return strategy if afresh else drawn_once(strategy, f"{max_rules} rules")


def drawn_once(strategy: st.SearchStrategy[RuleBase], name: str, number: int = 60) -> st.SearchStrategy[RuleBase]:
    """Rule bases that all tests of a process share, because drawing takes longer than testing.

    Each test picks as many as it has examples, with a different seed, and failures shrink towards the
    smallest. `make soak` draws every one afresh.
    """
    if settings.get_current_profile_name() == "soak":
        return strategy
    _strategies[name] = strategy
    return st.integers(0, number - 1).map(lambda position: _draw_once(name, number)[position])


_strategies: dict[str, st.SearchStrategy[RuleBase]] = {}


@cache
def _draw_once(name: str, number: int) -> list[RuleBase]:
    drawn: list[RuleBase] = []

    @settings(max_examples=number, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(_strategies[name])
    def draw(rulebase: RuleBase) -> None:
        drawn.append(rulebase)

    draw()
    return sorted(drawn, key=lambda rulebase: len(rulebase.rules))


@st.composite
def _any_rulebase(draw: st.DrawFn, max_rules: int) -> RuleBase:
    vocabulary = draw(facts())
    findings = [f"finding_{number}" for number in range(draw(st.integers(0, 6)))]
    models = [f"model_{number}" for number in range(draw(st.sampled_from([1, 2, 3, 4, 4, 4])))]
    claims = [
        make_claim(f"S{source}-{number}", draw(st.sampled_from(list(Tone))), draw(st.sampled_from(list(ClaimKind))))
        for source in range(draw(st.integers(1, 3)))
        for number in range(1, draw(st.integers(2, 5)))
    ]
    parts = _Parts(vocabulary, findings, models, claims)
    size = draw(st.sampled_from([1, 2, *[max_rules // 4] * 2, *[max_rules // 2] * 3, *[max_rules] * 3]))
    rules = [draw(_rules(f"r-{number}", parts)) for number in range(max(size, 1))]
    required = st.lists(st.sampled_from(findings), unique=True, max_size=2) if findings else st.just([])
    pairs = st.lists(st.sampled_from(vocabulary), unique_by=lambda fact: fact.name, min_size=2, max_size=3)
    return make_rulebase(
        vocabulary,
        rules,
        [
            Model(model, model, model, requires=tuple(draw(required)) if draw(st.integers(0, 5)) == 0 else ())
            for model in draw(st.permutations(models))
        ],
        claims,
        findings=findings,
        impossible=[
            Impossible(
                f"impossible-{number}",
                tuple(draw(fact_tests(fact)) for fact in draw(pairs)),
                "It cannot be.",
            )
            for number in range(draw(st.integers(0, 2)))
        ],
        policy=Policy(minimum_evidence=draw(st.sampled_from([1, 2, 2, 3])), lead=draw(st.integers(0, 3))),
        serves={
            action: tuple(sorted_ids(draw(st.lists(st.sampled_from(models), unique=True, min_size=1))))
            for action in sorted({target for rule in rules for target in rule.targets(Effect.ACTION)})
            if draw(st.booleans())
        },
    )


@st.composite
def readable_rulebases(draw: st.DrawFn) -> RuleBase:
    """A rule base that can be read from its canonical form: a clean one with rules left out and another policy.

    Most of what `rulebases` draws, to try engines and policy with anything, could not be loaded from files.
    """
    found = _clean()
    for name in draw(st.lists(st.sampled_from(sorted(found.rules)), max_size=6, unique=True)):
        fewer = replace(found, rules={other: rule for other, rule in found.rules.items() if other != name})
        if is_readable(fewer):
            found = fewer
    return replace(found, policy=Policy(draw(st.sampled_from([1, 2, 3])), draw(st.integers(0, 3))))


@cache
def _clean() -> RuleBase:
    return RuleBase.load(DATA / "faulty_bases" / "clean")


def is_readable(rulebase: RuleBase) -> bool:
    try:
        RuleBase.from_json(rulebase.to_json())
    except InvalidKnowledge:
        return False
    return True
