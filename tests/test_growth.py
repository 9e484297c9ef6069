"""The work of explaining, drawing, asking and reading grows no faster than the rule base.

The kind: a loop over all rules, facts or findings inside another one. Work is counted in lines of Python, so nothing
depends on a clock. Of a rule base four times as large, work that is quadratic would be sixteen times as much.
"""

from collections.abc import Callable
from functools import cache, partial
from itertools import islice
from typing import Final

import pytest

from cxrules import Advisor, Recommendation
from cxrules.consultation.dialogue import Consultation
from cxrules.explanation.next_questions import next_questions
from cxrules.language.plain import unite_pairs
from cxrules.policy.decision import Decision
from cxrules.rulebase import RuleBase
from cxrules.search.possibilities import Possibilities
from tests.line_count import count_lines
from tests.rulebases import fitting, make_large

SHAPES: Final = {  # facts, findings in a chain, rules
    "rules": (10, 5, 300),
    "facts": (40, 5, 60),
    "findings": (10, 110, 120),
}
LARGER: Final = 4
MOST: Final = 7  # four times the work, and what only begins in the larger one

CALLS: Final[dict[str, Callable[[Recommendation], object]]] = {
    "explain": lambda answer: str(answer.explain()),
    "explain, full": lambda answer: str(answer.explain("full", searches=False)),
    "why": lambda answer: str(answer.why(complete=True)),
    "to_mermaid": lambda answer: answer.to_mermaid(complete=True),
    "to_html": lambda answer: answer.to_html(),
    "what_if": lambda answer: str(answer.what_if(fact_0="a")),
    "why_not a model": lambda answer: str(answer.why_not("model_5")),
    "why_not a rule": lambda answer: str(answer.why_not("end")),
    "next_questions": lambda answer: next_questions(answer.judge, decide_on_half(answer)).explain(),
    "to_json": lambda answer: answer.model_dump_json(),
    "rule base": lambda answer: RuleBase.from_json(answer.rulebase.to_json()),
    "possibilities": lambda answer: Possibilities(answer.judge).testing,
    "consultation": lambda answer: Consultation(answer.judge, {"fact_0": "c"}).take("skip"),
}


def decide_on_half(answer: Recommendation) -> Decision:
    return answer.judge.decide(dict(islice(answer.facts.items(), len(answer.facts) // 2)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("call", CALLS)
def test_work_grows_no_faster_than_the_rule_base(call: str, shape: str) -> None:
    small, large = (count_lines(partial(CALLS[call], answer_of(shape, times))) for times in (1, LARGER))
    assert large < MOST * small + 1_000


@cache
def answer_of(shape: str, times: int) -> Recommendation:
    rulebase = make_large(*(times * size for size in SHAPES[shape]))
    answer = Advisor(rulebase).recommend(fitting(rulebase))
    assert len(answer.fired) == len(rulebase.rules)
    for call in CALLS.values():
        call(answer)  # what a rule base prepares once
    return answer


def test_a_json_object_is_read_in_linear_time() -> None:
    """A request with thousands of keys, of which the last is given twice."""

    def read(number: int) -> None:
        pairs = [(f"key_{place}", place) for place in range(number)]
        with pytest.raises(ValueError, match="twice"):
            unite_pairs([*pairs, pairs[-1]])

    small, large = (count_lines(partial(read, number)) for number in (500, LARGER * 500))
    assert large < MOST * small
