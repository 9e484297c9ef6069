"""What-if texts: what they say of a model, in the running or out of it, is what became of it."""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor, RuleBase
from cxrules.document import to_plain
from cxrules.explanation.what_if import WhatIf
from cxrules.language.facts import FactValue
from cxrules.policy.comparison import Turn
from tests.rulebases import organisations, random_organisations, rulebases
from tests.search.lively import lively_rulebases

_Answer = TypeVar("_Answer")
OUT = ("ruled out", "no longer established", "no longer has enough evidence", "no longer have enough evidence")
IN = ("no longer ruled out", "which now holds", "now has enough evidence", "now have enough evidence")


def list_lines(answer: WhatIf[_Answer], model: str) -> list[str]:
    """Return the lines on steps of the policy that begin with a model's name or with several names, one of them its."""
    named = f"“{answer.rulebase.models[model].name}”"
    text = to_plain(answer.tell()).partition("What changes:\n")[2].partition("\n\n")[0]
    return [line for line in text.splitlines() if line.startswith("- “") and named in line.partition(". ")[0]]


def check_turns(answer: WhatIf[_Answer]) -> None:
    for turned in answer.turned:
        said = list_lines(answer, turned.model)
        if turned.turn is Turn.OUT_OF_THE_RUNNING:
            assert any(words in line for line in said for words in OUT), said
        elif turned.turn is Turn.IN_THE_RUNNING:
            assert any(words in line for line in said for words in IN), said
        elif turned.turn is Turn.REQUIREMENT_LOST:
            states = answer.rulebase.findings[turned.finding]
            assert any(f"that {states}, which is no longer established." in line for line in said)
        elif turned.turn is Turn.REQUIREMENT_MET:
            states = answer.rulebase.findings[turned.finding]
            assert any(f"that {states}, which now holds." in line for line in said)
    turns = {(turned.model, turned.turn) for turned in answer.turned}
    for model in answer.rulebase.models:
        evidence = [line for line in list_lines(answer, model) if "enough evidence" in line]
        moves = {(model, Turn.IN_THE_RUNNING), (model, Turn.OUT_OF_THE_RUNNING)} & turns
        assert len(evidence) <= len(moves)


@given(st.data())
def test_a_model_that_enters_or_leaves_the_running_is_said_to_do_so(data: st.DataObject) -> None:
    """And a requirement that is met or lost is named as a requirement, never stated as if it held."""
    rulebase = data.draw(rulebases() | lively_rulebases())
    known, other = data.draw(organisations(rulebase)), data.draw(organisations(rulebase))
    forgotten = data.draw(st.sets(st.sampled_from(sorted(rulebase.vocabulary.facts))))
    changes: dict[str, FactValue | None] = {**other, **dict.fromkeys(forgotten)}
    check_turns(Advisor(rulebase).recommend(known).what_if(changes))


def test_turns_in_the_builtin_rule_base_are_told() -> None:
    drawn = random_organisations(RuleBase.builtin(), 13, coherent=True)
    for known, other in islice(zip(drawn, drawn, strict=False), 40):
        check_turns(cxrules.recommend(known).what_if({name: other.get(name) for name in list(other)[::3]}))


def test_a_leader_who_becomes_available_costs_the_department_its_evidence() -> None:
    advice = cxrules.recommend(current_owner="none", ceo_involvement="champion", independent_leader_feasible=False)
    answer = advice.what_if(independent_leader_feasible=True)
    check_turns(answer)
    assert list_lines(answer, "cx_department") == ["- “CX department” no longer has enough evidence."]
    back = advice.what_if(independent_leader_feasible=True).recommendation.what_if(independent_leader_feasible=False)
    check_turns(back)
    assert "- “CX department” now has enough evidence." in list_lines(back, "cx_department")
