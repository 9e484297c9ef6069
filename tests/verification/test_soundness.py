"""However little work or time is allowed, proofs are right, refutations have a witness, and the rest is undecided."""

from __future__ import annotations

import gc
import random
from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import RuleBase
from cxrules.columns.cohort import CohortJudge
from cxrules.language.facts import FactValue, Kind
from cxrules.verification.expectations import Expectations, read_expectations
from tests import DATA
from tests.cohorts import gather
from tests.rulebases import rulebases

pytest.importorskip("z3", reason="the extra `verify` is not installed")

from cxrules.verification import CHECKS, CheckFinding, Verdict, builtin_expectations, diff, find_difference, verify
from cxrules.verification.checks.expectation import EXPECTATION
from cxrules.verification.circuit import Circuit, Possibility
from cxrules.verification.notes import NOTES
from cxrules.verification.prover import Prover
from cxrules.verification.report import report_as_text
from cxrules.verification.solver import Solver

FAULTY = DATA / "faulty_bases"
MUCH = 10_000_000


@pytest.fixture(scope="module")
def clean() -> RuleBase:
    return RuleBase.load(FAULTY / "clean")


@pytest.fixture(scope="module")
def bases(clean: RuleBase) -> list[tuple[RuleBase, Expectations]]:
    """The clean base, and some with faults of several kinds."""
    found = [(clean, Expectations())]
    for name in ("subsumed-by-union", "expectation-never", "idle-fact", "unreachable-finding-by-chaining"):
        files = [path for path in sorted((FAULTY / name).glob("*.yaml")) if path.stem != "expectations"]
        rulebase = RuleBase.load(*files, base=clean) if files else clean
        found.append((rulebase, read_expectations(FAULTY / name, rulebase=rulebase)))
    return found


# --- the circuit


def test_a_gate_is_never_mistaken_for_a_collected_one() -> None:
    # z3 reuses the id of a collected expression.
    wrong = []
    for size in range(19, 35, 3):
        circuit = Circuit()
        wires = [circuit.wire(f"wire {number}") for number in range(size)]
        kept = circuit.sum([(wires[0], 2), (wires[1], 1)])
        with circuit.scope():
            for number in range(1, size):
                circuit.sum([(wire, 1) for wire in wires[:number]])
        gc.collect()
        for number in range(-5, 12):
            above = circuit.negate(circuit.at_least(number, kept))
            if (circuit.ask([above], MUCH) is Possibility.POSSIBLE) != (number < 3):
                wrong.append((size, number))
    assert not wrong


def test_a_question_leaves_nothing_behind() -> None:
    circuit = Circuit()
    wire = circuit.wire("wire")
    assert circuit.ask([wire, circuit.negate(wire)], MUCH) is Possibility.IMPOSSIBLE
    assert circuit.core([wire]) == [wire]
    assert circuit.ask([wire, False], MUCH) is Possibility.IMPOSSIBLE
    assert circuit.core([wire]) == []


# --- every organisation of a small base, in columns


def every_organisation(rulebase: RuleBase, prover: Prover, most: int = 3_000) -> list[dict[str, FactValue]] | None:
    """Every coherent organisation, one for each set that no test tells apart; None if there are too many."""
    choices: list[list[tuple[str, Any]]] = []
    count = 1
    for name, fact in rulebase.vocabulary.facts.items():
        values: list[Any] = list(prover.space.values(name))
        if fact.kind is Kind.SET:
            values = [()]
            for element in fact.names:
                values += [(*subset, element) for subset in values]
        choices.append([(name, None), *((name, value) for value in values)])
        count *= len(choices[-1])
        if count > most:
            return None
    everything = ({name: value for name, value in drawn if value is not None} for drawn in product(*choices))
    return [known for known in everything if not rulebase.incoherences(known)]


@settings(max_examples=settings().max_examples // 2)
@given(st.data())
def test_possible_means_that_some_column_shows_it(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=8))
    prover = Prover(rulebase)
    organisations = every_organisation(rulebase, prover)
    if organisations is None:
        return
    decided = CohortJudge(prover.judge.decider).decide(gather(rulebase.vocabulary, organisations))
    outcome = prover.outcome
    for model in rulebase.models:
        for contested in (False, True):
            bit = outcome.contested if contested else prover.circuit.negate(outcome.contested)
            possible = prover.ask([outcome.recommended[model], bit]) is Possibility.POSSIBLE
            columns = decided.models[model] & (decided.contested if contested else ~decided.contested)
            assert possible == (columns != 0), (model, contested)
    assert (prover.ask([outcome.undetermined]) is Possibility.POSSIBLE) == (decided.models[None] != 0)


# --- little work allowed


def verdicts(findings: Iterable[CheckFinding]) -> dict[tuple[str, str], Verdict]:
    return {(finding.check, finding.subject): finding.verdict for finding in findings}


def test_little_effort_never_proves_what_is_refuted(bases: list[tuple[RuleBase, Expectations]], soaking: bool) -> None:
    rng = random.Random(14)
    full = [verdicts(verify(base, expectations).findings) for base, expectations in bases]
    seen = {Verdict.PROVED: 0, Verdict.REFUTED: 0, Verdict.UNDECIDED: 0}
    faulty = [[check for (check, _), verdict in found.items() if verdict is Verdict.REFUTED] for found in full]
    for _ in range(20_000 if soaking else 200):
        number = rng.randrange(len(bases))
        rulebase, expectations = bases[number]
        check = rng.choice([*CHECKS, EXPECTATION, *NOTES, *20 * faulty[number]])
        report = verify(rulebase, expectations, effort=round(10 ** rng.uniform(0, 5)), only=[check])
        for finding in report.findings:
            seen[finding.verdict] += 1
            if finding.verdict is Verdict.UNDECIDED:
                assert finding.message.startswith("Undecided: whether ")
                assert finding.witness is None
            elif finding.check != "idle-value":
                assert finding.verdict is full[number][finding.check, finding.subject], finding
            elif finding.verdict is Verdict.PROVED:  # its subjects are groups, which can be smaller with less effort
                assert full[number].get((finding.check, finding.subject)) is Verdict.PROVED
        assert report.ok == (set(verdicts(report.findings).values()) <= {Verdict.PROVED})
    assert min(seen.values()) >= 20, seen


def test_little_effort_on_the_builtin_rule_base_finds_no_fault(soaking: bool) -> None:
    checks = ["idle-fact", "model-never-recommended"] if soaking else ["model-never-recommended"]
    for effort in [1000 * 2**step for step in range(16)] if soaking else [100_000]:
        findings = verify(RuleBase.builtin(), effort=effort, only=checks).findings
        assert {Verdict.PROVED, Verdict.UNDECIDED} >= {finding.verdict for finding in findings}


def test_little_effort_never_proves_two_bases_equal(clean: RuleBase) -> None:
    rng = random.Random(26)
    rules = {name: rule for name, rule in clean.rules.items() if name != "machine-runs"}
    other = RuleBase(
        **{**{name: getattr(clean, name) for name in clean.__dataclass_fields__ if name != "rules"}, "rules": rules}
    )
    cut = 0
    for _ in range(40):
        effort = round(10 ** rng.uniform(0, 4.5))
        difference = diff(clean, other, effort=effort, most=3)
        assert not difference.same
        assert find_difference(clean, other, effort=effort).possible is not Possibility.IMPOSSIBLE
        cut += not difference.complete
    assert cut


def test_the_undecided_questions_are_the_same_on_every_run(bases: list[tuple[RuleBase, Expectations]]) -> None:
    rulebase, expectations = bases[1]
    reports = [verify(rulebase, expectations, effort=3_000, jobs=jobs) for jobs in (1, 2)]
    assert reports[0] == reports[1]
    assert Verdict.UNDECIDED in verdicts(reports[0].findings).values()


def test_an_undecided_question_is_not_accepted(clean: RuleBase) -> None:
    entry = ("dead-rule", next(iter(clean.rules)))
    report = verify(clean, Expectations(accepted={entry: "It is meant so."}), effort=1, only=["dead-rule"])
    assert entry in {(finding.check, finding.subject) for finding in report.open}
    assert report.stale == ()


# --- a limit for the whole


def test_everything_left_at_the_time_limit_is_undecided(clean: RuleBase, monkeypatch: pytest.MonkeyPatch) -> None:
    report = verify(clean, within=0)
    assert report.out_of_time
    assert not report.ok
    assert "The time limit was reached" in report_as_text(report)
    assert not [finding for finding in report.findings if finding.verdict is Verdict.REFUTED]
    monkeypatch.setattr(Solver, "_work", lambda *_: pytest.fail("the solver was asked"))
    report = verify(RuleBase.builtin(), builtin_expectations(), within=0, only=["idle-rule"])
    assert {finding.verdict for finding in report.findings} == {Verdict.UNDECIDED}


def test_no_engine_is_made_for_each_rule_after_the_time_limit(clean: RuleBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxrules.verification.checks.redundant.judge_of", lambda *_: pytest.fail("an engine was made"))
    findings = verify(clean, within=0, only=["idle-rule", "double-counted"]).findings
    assert {finding.verdict for finding in findings} == {Verdict.UNDECIDED}
    assert {finding.check for finding in findings} == {"idle-rule", "double-counted"}
    twice = [finding.subject for finding in findings if finding.check == "double-counted"]
    assert len(twice) <= len(clean.rules) * len(clean.models)


def test_no_prover_is_prepared_for_each_check_after_the_time_limit(
    clean: RuleBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(*args: Any, **options: Any) -> Prover:
        made.append(Prover(*args, **options))
        return made[-1]

    monkeypatch.setattr("cxrules.verification.session.Prover", make)
    report = verify(clean, within=0)
    assert len(report.checks) > 10
    assert len(made) == 1


def test_a_fresh_solver_follows_an_undecided_question(clean: RuleBase) -> None:
    prover = Prover(clean)
    model = prover.outcome.recommended["barista"]
    for _ in range(3):
        assert prover.ask([model], 1) is Possibility.UNDECIDED
        assert prover.ask([model]) is Possibility.POSSIBLE
    assert prover.circuit.solver.restarts == 3
