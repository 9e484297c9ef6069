"""Draws and the information computed from them, against plain Python: completion by completion, value by value."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import combinations
from math import isclose, log, log2
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.columns.cohort import Column, SetColumn
from cxrules.language.facts import Fact, Facts, FactValue, Kind
from cxrules.language.regions import list_cases
from cxrules.language.rules import FactTest, Operator
from cxrules.search.binary_values import DRAWN, EVERYTHING, Coding
from cxrules.search.information import Estimate
from cxrules.search.possibilities import Possibilities, possibilities_of
from tests.rulebases import (
    drawn_once,
    fact_tests,
    facts,
    make_fact,
    organisations,
    random_organisations,
    rulebases,
)

SOME = settings(max_examples=max(1, settings().max_examples // 4))
FEW = settings(max_examples=max(1, settings().max_examples // 10))


# -- a draw ------------------------------------------------------------------------------------------------------------


class PlainDraw:
    """Partial rejection sampling, one completion after another; tests are the bits of an int."""

    def __init__(self, possibilities: Possibilities, known: Facts, free: Iterable[str]) -> None:
        self.cases = possibilities.cases
        self.optional = possibilities.optional
        self.known = known
        impossible = [entry.when for entry in possibilities.coherence.list(possibilities.unmet(known))]
        tests = list(dict.fromkeys(test for when in impossible for test in when))
        self.impossible = [sum(1 << tests.index(test) for test in set(when)) for when in impossible]
        self.facts = [list(dict.fromkeys(test.fact for test in when)) for when in impossible]
        vocabulary = possibilities.rulebase.vocabulary
        self.tests = [(test, vocabulary[test.fact]) for test in tests]
        self.passed_by = cache(self._passed_by)
        self.given = sum(self.passed_by(name, value) for name, value in known.items())
        # The values drawn for each fact and the rotations are random; everything else follows from them.
        draws = possibilities._draws
        self.shifts = iter(draws._shifts)
        self.drawn = {name: list_values(vocabulary[name], draws._columns[name]) for name in free}
        self.places = {name: list(range(DRAWN)) for name in self.drawn}  # where in the draw each value came from

    def run(self, rounds: int = 24) -> tuple[list[dict[str, FactValue]], list[bool]]:
        """Return the completions, and which of them are coherent."""
        waiting = list(range(DRAWN))
        for left in reversed(range(rounds)):
            met = {place: self.met(self.complete(place)) for place in waiting}
            waiting = [place for place in waiting if met[place]]
            if not waiting or not left:
                break
            somewhere = sorted({number for place in waiting for number in met[place]})
            for name in dict.fromkeys(name for number in somewhere for name in self.facts[number]):
                if name in self.drawn:
                    shift = next(self.shifts)
                    for place in waiting:
                        if any(name in self.facts[number] for number in met[place]):
                            self.places[name][place] = (place + shift) % DRAWN
        completions = [self.complete(place) for place in range(DRAWN)]
        return [{**self.known, **completed} for completed in completions], list(map(self.is_coherent, completions))

    def complete(self, place: int) -> dict[str, FactValue]:
        completed = {name: values[self.places[name][place]] for name, values in self.drawn.items()}
        for name in self.cases:
            if name in completed and name in self.optional and not self.has_value(name, completed):
                del completed[name]
        return completed

    def _passed_by(self, name: str, value: FactValue) -> int:
        return sum(
            1 << place for place, (test, fact) in enumerate(self.tests) if test.fact == name and test.holds(value, fact)
        )

    def passed(self, completed: Facts) -> int:
        passed = self.given
        for name, value in completed.items():
            passed |= self.passed_by(name, value)
        return passed

    def met(self, completed: Facts) -> list[int]:
        passed = self.passed(completed)
        return [number for number, tests in enumerate(self.impossible) if passed & tests == tests]

    def has_value(self, name: str, completed: Facts) -> bool:
        others = self.passed({other: value for other, value in completed.items() if other != name})
        own = [tests for tests, facts in zip(self.impossible, self.facts, strict=True) if name in facts]
        values = [self.passed_by(name, value) for value in self.cases[name]]
        return any(not any((others | bits) & tests == tests for tests in own) for bits in values)

    def is_coherent(self, completed: Facts) -> bool:
        return not self.met(completed) and all(
            self.has_value(name, completed) == (name in completed) for name in self.drawn if name in self.optional
        )


def list_values(fact: Fact, column: Column) -> list[FactValue]:
    """Return the values of a column in which every organisation has one."""
    if isinstance(column, SetColumn):
        return [
            tuple(element for element in fact.names if column.elements[element] >> place & 1) for place in range(DRAWN)
        ]
    values: list[FactValue] = [""] * DRAWN
    for value, where in column.items():
        for place, bit in enumerate(reversed(f"{where:0{DRAWN}b}")):
            if bit == "1":
                values[place] = value
    return values


def assert_draws_alike(possibilities: Possibilities, known: Facts) -> None:
    free = possibilities.unknown(known)
    completions, coherent = PlainDraw(possibilities, known, free).run()
    cohort, valid, lacking = possibilities.draw(known, free)
    assert [bool(valid >> place & 1) for place in range(DRAWN)] == coherent
    assert lacking >= {name for completed in completions for name in free if name not in completed}
    for place in range(0, DRAWN, 7):
        assert possibilities.organisation(cohort, place) == completions[place]
    wanted = free[::2]
    part = possibilities.draw(known, free, wanted, beside=3)
    assert part.valid == valid
    assert {name: part.cohort.columns[name] for name in wanted} == {name: cohort.columns[name] for name in wanted}
    assert part.cohort.everything == (1 << DRAWN + 3) - 1


@FEW
@given(drawn_once(rulebases(max_rules=6), "drawn"), st.data())
def test_a_draw_is_partial_rejection_sampling(rulebase: RuleBase, data: st.DataObject) -> None:
    judge = Advisor(rulebase).judge
    assert_draws_alike(possibilities_of(judge), data.draw(organisations(rulebase)))


def test_a_draw_on_the_built_in_rule_base_is_partial_rejection_sampling() -> None:
    judge = Advisor().judge
    possibilities = possibilities_of(judge)
    asked = {"owner_level", "accountability", "cco_status", "cco_reports_to", "cco_mandate", "silos", "current_owner"}
    known = next(random_organisations(judge.rulebase, 5, known=0.9))
    assert_draws_alike(possibilities, {name: value for name, value in known.items() if name not in asked})


# -- a fact in digits --------------------------------------------------------------------------------------------------


@SOME
@given(facts().flatmap(lambda some: st.tuples(st.just(some[0]), st.lists(fact_tests(some[0]), max_size=5))), st.data())
def test_digits_redraw_a_fact_as_its_values_would_be(case: tuple[Fact, list[FactTest]], data: st.DataObject) -> None:
    fact, tests = case
    tests = list(dict.fromkeys(tests))
    cases = list_cases(fact, tests)
    random = Random(data.draw(st.integers(0, 1000)))
    places = [random.choice(cases) for _ in range(DRAWN)]
    numbered = list(enumerate(tests, 3))
    coding = Coding(
        fact,
        cases,
        [(number, test, where(test, fact, places)) for number, test in numbered],
        column(fact, cases, places),
    )
    looked_at = [number for number, _ in numbered if random.random() < 0.7]
    whole = random.random() < 0.7
    redrawn = coding.start(sum(1 << number for number in looked_at), whole=whole)
    now = list(places)
    truths = [where(test, fact, now) for test in (*[tests[0]] * 3, *tests)] if tests else []
    for _ in range(3):
        altered, shift = random.getrandbits(DRAWN) & random.getrandbits(DRAWN), random.randrange(DRAWN)
        now = [places[(at + shift) % DRAWN] if altered >> at & 1 else value for at, value in enumerate(now)]
        redrawn.redraw(truths, altered, shift)
        for number, test in numbered:
            if number in looked_at:
                assert truths[number] == where(test, fact, now)
    if whole:
        assert coding.read(redrawn.digits) == column(fact, cases, now)


def where(test: FactTest, fact: Fact, places: list[FactValue]) -> int:
    held = {value: test.holds(value, fact) for value in set(places)}
    return as_bits(map(held.__getitem__, places))


def column(fact: Fact, cases: Iterable[FactValue], places: list[FactValue]) -> Column:
    if fact.kind is Kind.SET:
        sets = [value for value in places if isinstance(value, tuple)]
        return SetColumn(EVERYTHING, {name: as_bits(name in value for value in sets) for name in fact.names})
    return {case: as_bits(value == case for value in places) for case in cases}


def as_bits(held: Iterable[bool]) -> int:
    return int("".join(["01"[bit] for bit in held])[::-1], 2)


def test_different_sets_of_tests_share_one_program() -> None:
    fact = make_fact("plain", Kind.CHOICE, "abcd")
    tests = [FactTest("plain", Operator.IN, some) for size in (1, 2, 3) for some in combinations("abcd", size)]
    places: list[FactValue] = [Random(1).choice("abcd") for _ in range(DRAWN)]
    told = [(number, test, where(test, fact, places)) for number, test in enumerate(tests)]
    coding = Coding(fact, tuple("abcd"), told, column(fact, "abcd", places))
    for looked_at in range(1, 200):
        redrawn = coding.start(looked_at, whole=False)
        assert redrawn.tests & looked_at == looked_at
    assert len(coding._programs) < 20


# -- information -------------------------------------------------------------------------------------------------------


@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 1000))
def test_information_is_that_of_the_counts(models: int, kinds: int, lacking: bool, seed: int) -> None:
    random = Random(seed)
    size = random.randrange(1, 300)
    drawn = [(random.randrange(models), random.randrange(kinds + lacking)) for _ in range(size)]
    by_model = [as_bits(model == each for model, _ in drawn) for each in range(models)]
    by_kind = [as_bits(kind == each for _, kind in drawn) for each in range(kinds)]
    estimate = Estimate([columns for columns in by_model if columns])
    assert (estimate.total, sum(estimate.sizes)) == (size, size)
    assert isclose(
        estimate.information(by_kind, lacking=lacking),
        plain_information(
            [(model, kind) for model, kind in drawn if kind < kinds], Counter(model for model, _ in drawn)
        ),
        abs_tol=1e-12,
    )


def plain_information(pairs: list[tuple[int, int]], models: Mapping[int, int]) -> float:
    total = sum(models.values())
    kinds = Counter(kind for _, kind in pairs)
    if len(kinds) < 2 or len(models) < 2:
        return 0.0
    told = sum(
        both / total * log2(both * total / (kinds[kind] * models[model]))
        for (model, kind), both in Counter(pairs).items()
    )
    return max(0.0, told - (len(kinds) - 1) * (len(models) - 1) / (2 * total * log(2)))
