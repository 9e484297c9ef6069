"""Mutation testing: every kind of mistake is made, and mutants called equivalent are."""

from __future__ import annotations

from typing import Any

import pytest

from cxrules import Advisor, RuleBase
from tests import ROOT
from tests.oracle import OracleEngine
from tests.rulebases import random_organisations

pytest.importorskip("z3", reason="the extra `verify` is not installed")

from cxrules.verification import find_difference
from cxrules.verification.circuit import Possibility
from tools.mutants import Fate, score
from tools.mutation import Mutant, make_mutants

CLEAN = RuleBase.load(ROOT / "tests" / "data" / "faulty_bases" / "clean")
MUTANTS = list(make_mutants(CLEAN))


def test_every_kind_of_mistake_is_made() -> None:
    assert {mutant.kind for mutant in MUTANTS} == {"flip", "shift", "drop-test", "drop-rule", "swap-model", "strength"}
    assert {mutant.rule for mutant in MUTANTS} == set(CLEAN.rules)
    assert len({str(mutant) for mutant in MUTANTS}) == len(MUTANTS)
    assert CLEAN.revision not in {mutant.rulebase.revision for mutant in MUTANTS}


@pytest.mark.parametrize("mutant", MUTANTS[::3], ids=str)
def test_a_mutant_is_equivalent_or_gives_another_answer(mutant: Mutant) -> None:
    ours, theirs = (Advisor(base, OracleEngine(base)) for base in (CLEAN, mutant.rulebase))
    answer = find_difference(CLEAN, mutant.rulebase)
    if answer.witness:
        assert answer_without_quotations(ours, answer.witness.known) != answer_without_quotations(
            theirs, answer.witness.known
        )
        return
    assert answer.possible is Possibility.IMPOSSIBLE
    for known, _ in zip(random_organisations(CLEAN, 1, coherent=True), range(200), strict=False):
        assert answer_without_quotations(ours, known) == answer_without_quotations(theirs, known)


def answer_without_quotations(advisor: Advisor, known: Any) -> Any:
    """Everything in an answer apart from the rules and claims quoted."""
    advice = advisor.recommend(known)
    rows = sorted((row.model, row.points, row.excluded, row.missing, bool(row.set_aside_by)) for row in advice.ranking)
    told = ({item.id for item in advice.actions}, {item.id for item in advice.warnings})
    fired = [rule for rule in advice.fired if advisor.rulebase.rules[rule].targets("prefers")]  # type: ignore[arg-type]
    return advice.model, advice.status, rows, set(advice.patterns), told, advice.findings, fired


def test_the_score_leaves_out_equivalent_mutants() -> None:
    fates = [Fate("flip", "a", "case 1"), Fate("flip", "b", ""), Fate("flip", "c", "", equivalent=True)]
    assert score(fates) == 0.5
    assert [fate.survives for fate in fates] == [False, True, False]
    assert score([]) == 1
