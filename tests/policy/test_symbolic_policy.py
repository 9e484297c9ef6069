"""The symbolic policy: over columns it agrees with the Decider, and no change to its text goes unnoticed.

tests/verification tests the same text over the solver's circuit.
"""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_loader
from itertools import islice, permutations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from cxrules import Advisor, RuleBase
from cxrules.columns import program
from cxrules.columns.int_executor import Runner
from cxrules.columns.program import Program
from cxrules.policy import symbolic_policy
from cxrules.policy.decision import Status
from cxrules.policy.judge import Judge
from tests.cohorts import gather
from tests.rulebases import random_organisations, rulebases

TEXT = Path(symbolic_policy.__file__).read_text("utf-8")
SIZE = 40


def assert_columns_agree(judge: Judge, size: int = SIZE) -> None:
    """Compare everything that the symbolic policy says about some organisations with the Decider."""
    compiled = Program(judge.decider)
    said = compiled.policy
    gates: dict[Any, Any] = {("fired", rule): gate for rule, gate in compiled.fired.items()}
    for name in ("candidate", "running", "recommended", "excluded", "entitled"):
        gates |= {(name, model): gate for model, gate in getattr(said, name).items()}
    gates |= {("next", model): gate for model, gate in compiled.runners_up.items()}
    gates |= {("points", digit): gate for digit, gate in enumerate(compiled.points)}
    gates |= {("next points", digit): gate for digit, gate in enumerate(compiled.next_points)}
    gates |= {name: getattr(said, name) for name in ("contested", "undetermined", "all_excluded")}
    outcomes = [*judge.rulebase.models, None]
    gates |= {("ahead", pair): said.ahead(*pair) for pair in permutations(outcomes, 2)}
    drawn = list(islice(random_organisations(judge.rulebase, 1), size))
    columns = Runner(compiled, gates)(gather(judge.rulebase.vocabulary, drawn))
    models = list(judge.rulebase.models)
    for place, known in enumerate(drawn):
        held = {key: bool(bits >> place & 1) for key, bits in columns.items()}
        decision = judge.decide(known)
        decider, fired = judge.decider, decision.fired
        candidates = [models[position] for _, position in decider.candidates(fired)]
        running = [model for model in candidates if model not in decider.set_aside(fired, candidates)]

        def named(what: str, held: dict[Any, bool] = held) -> list[Any]:
            return [key[1] for key, holds in held.items() if key[0] == what and holds]

        def number(what: str, held: dict[Any, bool] = held) -> int:
            return sum(1 << key[1] for key, holds in held.items() if key[0] == what and holds)

        assert tuple(named("fired")) == decider.names(fired)
        assert named("candidate") == candidates
        assert named("running") == running
        assert named("recommended") == ([decision.model] if decision.model else [])
        assert named("next") == ([decision.runner_up] if decision.runner_up else [])
        assert named("excluded") == [m for m, out in zip(models, decider.excluded(fired), strict=True) if out]
        assert named("entitled") == [model for model in models if not decider.missing(fired, model)]
        assert number("points") == decision.points
        assert number("points") - number("next points") == decision.lead
        ranks = {model: (-points, models.index(model)) for model, points in decider.weigh(decider.count(fired)).items()}
        before = {
            (rival, model)
            for rival, model in permutations(outcomes, 2)
            if (rival in running and (model not in running or ranks[rival] < ranks[model]))
            or (rival in candidates and model is None)
            or (model not in candidates and rival is None)
        }
        assert set(named("ahead")) == before
        assert [model for model in outcomes if all(each[1] != model for each in before)] == [decision.model]
        assert held["contested"] == (decision.status is Status.CONTESTED)
        assert held["undetermined"] == (decision.model is None)
        assert held["all_excluded"] == all(decider.excluded(fired))


@pytest.fixture(scope="module")
def judges() -> list[Judge]:
    """Judges of the random rule bases that other tests have, because drawing takes longer than deciding."""
    drawn: list[Judge] = []

    @settings(max_examples=4 * settings().max_examples, phases=[Phase.generate])
    @given(rulebases())
    def draw(rulebase: RuleBase) -> None:
        drawn.append(Advisor(rulebase).judge)

    draw()
    return drawn


def assert_all_agree(judges: list[Judge]) -> None:
    for judge in judges:
        assert_columns_agree(judge)


def test_symbolic_policy_and_decider_agree(judges: list[Judge]) -> None:
    assert_all_agree(judges)


def test_symbolic_policy_and_decider_agree_on_the_built_in_rule_base() -> None:
    assert_columns_agree(Advisor().judge, 400)


MUTANTS = [
    ("[self._algebra.negate(self.excluded[model]), ", "["),
    ("self.entitled[model], ", ""),
    ("self._algebra.reaches(self.points[model], 1)", "self._algebra.reaches(self.points[model], 0)"),
    ("self.points[model], 1)", "self.points[model], 2)"),
    (", self.enough[model]]", "]"),
    ("self.rulebase.policy.minimum_evidence)", "self.rulebase.policy.minimum_evidence + 1)"),
    ("item.points > 0 and not item.standing", "item.points > 0"),
    ("negate(self.fired[rule]) for rule in stronger", "self.fired[rule] for rule in stronger"),
    ("all_of([carried, *(negate(self.fired[rule]) for rule in stronger)])", "carried"),
    ("carried = any_of(", "carried = all_of("),
    ("Effect.EXCLUDES", "Effect.OPPOSES"),
    ("self._algebra.all_of(self.findings[name]", "self._algebra.any_of(self.findings[name]"),
    ("all_of([fired[rule], candidate[preferred], candidate[behind]])", "all_of([fired[rule], candidate[behind]])"),
    ("all_of([fired[rule], candidate[preferred]", "all_of([candidate[preferred]"),
    ("if behind == model", "if behind != model"),
    ("leader(self.running, self.points)", "leader(self.candidate, self.points)"),
    ("self.rulebase.policy.lead)", "self.rulebase.policy.lead + 1)"),
    ("self._algebra.all_of(self.excluded.values())", "self._algebra.any_of(self.excluded.values())"),
    ("self._algebra.negate(self._algebra.any_of(self.candidate", "(self._algebra.any_of(self.candidate"),
    ("leader(others, self.points)", "leader(self.running, self.points)"),
    ("leader(both, self.points)", "leader(self.running, self.points)"),
    ("self._algebra.negate(self.candidate[model])", "self.candidate[model]"),
    ("return self.candidate[rival]", "return self.running[rival]"),
]


@pytest.fixture
def scratch() -> Iterator[str]:
    name = "cxrules.policy.symbolic_policy_changed"
    yield name
    sys.modules.pop(name, None)


def load(name: str, text: str) -> ModuleType:
    spec = spec_from_loader(name, loader=None)
    assert spec is not None
    module = sys.modules[name] = module_from_spec(spec)
    exec(compile(text, name, "exec"), module.__dict__)  # noqa: S102 - the text of the module with one change
    return module


@pytest.mark.parametrize(("was", "now"), MUTANTS)
def test_a_change_of_the_text_is_noticed(
    was: str, now: str, scratch: str, judges: list[Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TEXT.count(was) == 1
    changed = load(scratch, TEXT.replace(was, now))
    monkeypatch.setattr(program, "SymbolicPolicy", changed.SymbolicPolicy)
    with pytest.raises(AssertionError):
        assert_all_agree(judges)
