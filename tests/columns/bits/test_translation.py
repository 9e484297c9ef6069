"""A translated program computes what its steps compute, however often and on however many columns it runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.columns import int_executor
from cxrules.columns.bits.gates import Gates
from cxrules.columns.bits.translation import translate
from cxrules.columns.int_executor import Runner
from cxrules.columns.program import Program
from tests.cohorts import gather
from tests.rulebases import random_organisations, rulebases

COLUMNS = 64


@given(st.lists(st.tuples(st.sampled_from("&|^~"), st.integers(0, 99), st.integers(0, 99)), max_size=30), st.data())
def test_a_translation_computes_what_its_gates_compute(made: list[tuple[str, int, int]], data: st.DataObject) -> None:
    gates = Gates()
    read = data.draw(st.lists(st.integers(0, (1 << COLUMNS) - 1), min_size=1, max_size=4))
    everything = (1 << COLUMNS) - 1
    known = [(gates.false, 0), (gates.true, everything), *[(gates.read(n), mask) for n, mask in enumerate(read)]]
    for sign, one, other in made:
        (left, left_mask), (right, right_mask) = known[one % len(known)], known[other % len(known)]
        known.append(
            {
                "&": (left & right, left_mask & right_mask),
                "|": (left | right, left_mask | right_mask),
                "^": (left ^ right, left_mask ^ right_mask),
                "~": (~left, left_mask ^ everything),
            }[sign]
        )
    run = translate(gates.schedule(gate for gate, _ in known))
    assert run(read, everything) == tuple(mask for _, mask in known)


@given(rulebases(max_rules=8), st.integers(0, 1000))
def test_a_runner_answers_alike_before_and_after_it_is_translated(rulebase: RuleBase, seed: int) -> None:
    program = Program(Advisor(rulebase).judge.decider)
    run = Runner(program, program.policy.recommended)
    organisations = [known for known, _ in zip(random_organisations(rulebase, seed), range(5), strict=False)]
    cohort = gather(rulebase.vocabulary, organisations)
    first = run(cohort)
    assert all(run(cohort) == first for _ in range(int_executor.OFTEN + 1))
