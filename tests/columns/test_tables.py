"""Tables of many organisations: every row gets the answer of `recommend`."""

from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from cxrules import Advisor, RuleBase
from cxrules.columns.numpy_executor import CHUNK
from cxrules.columns.tables import ALSO, TableJudge
from cxrules.language.facts import FactValue, Kind
from cxrules.language.regions import list_cases, list_tests
from cxrules.language.rules import Tone
from tests.rulebases import make_claim, make_fact, make_rulebase, random_organisations, rulebases

ANYTHING = ("fired", "points", "actions", "patterns", "incoherences")


def in_arrow(rulebase: RuleBase, known: list[dict[str, FactValue]]) -> dict[str, pa.Array]:
    """Organisations as Arrow columns."""
    return {name: pa.array([_plain(row.get(name)) for row in known]) for name in rulebase.vocabulary.facts}


def _plain(value: FactValue | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


def encode(judge: TableJudge, known: list[dict[str, FactValue]]) -> dict[str, Any]:
    codes = {}
    for name, column in in_arrow(judge.rulebase, known).items():
        codes[name], faults = judge.coder.encode(name, column)
        assert not faults
    return codes


def assert_rows_agree(advisor: Advisor, known: list[dict[str, FactValue]], ranked: int | None = None) -> None:
    """Compare every row with the decision on its organisation, and every field of the first with the recommendation."""
    judge = TableJudge(advisor.judge.decider)
    codes = encode(judge, known)
    decided = judge.write(judge.decide(codes, len(known), also=["fired"]))
    names = ("model", "status", "reason", "certainty", "runner_up", "lead")
    told = zip(*(decided[name].to_pylist() for name in names), strict=True)
    for facts, row, fired in zip(known, told, decided["fired"].to_pylist(), strict=True):
        decision = advisor.judge.decide(facts)
        assert row == tuple(getattr(decision, name) for name in names)
        assert int.from_bytes(fired, "little") == decision.fired
    few = known[:ranked]
    whole = judge.write(
        judge.decide({name: column[: len(few)] for name, column in codes.items()}, len(few), also=ANYTHING)
    )
    for facts, row in zip(few, pa.table(whole).to_pylist(), strict=True):
        advice = advisor.recommend(facts)
        assert {each.model: row[f"points_{each.model}"] for each in advice.ranking} == {
            each.model: each.points for each in advice.ranking
        }
        assert row["patterns"] == sorted(advice.patterns)
        assert row["actions"] == sorted(action.id for action in advice.actions)
        assert row["incoherences"] == [entry.id for entry in advisor.rulebase.incoherences(facts)]


@settings(max_examples=settings().max_examples // 2)
@given(rulebases())
def test_rows_are_decided_as_organisations_are(rulebase: RuleBase) -> None:
    assert_rows_agree(Advisor(rulebase), list(islice(random_organisations(rulebase, 7), 40)))


@pytest.mark.soak
def test_rows_are_decided_as_organisations_are_by_the_built_in_rule_base(soaking: bool) -> None:
    advisor = Advisor()
    drawn = random_organisations(advisor.rulebase, 11)
    for _ in range(50 if soaking else 1):
        assert_rows_agree(advisor, list(islice(drawn, 20_000)), ranked=500)


def test_the_number_of_rows_makes_no_difference() -> None:
    judge = Advisor().tables
    known = list(islice(random_organisations(judge.rulebase, 3), 37))
    codes = encode(judge, known)
    few = judge.decide(codes, 37, also=["fired"])
    for size in (0, 1, 8, 9, CHUNK, CHUNK + 5):
        many = {name: np.resize(column, size) for name, column in codes.items()}
        found = judge.decide(many, size, also=["fired"])
        assert (found.model == np.resize(few.model, size)).all()
        assert (found.flags["fired"] == np.resize(few.flags["fired"], (size, few.flags["fired"].shape[1]))).all()
        assert (judge.models_of(many, size) == found.model).all()


def test_the_facts_that_matter_are_those_that_could_change_the_model() -> None:
    advisor = Advisor()
    judge, vocabulary = advisor.tables, advisor.rulebase.vocabulary
    known = list(islice(random_organisations(advisor.rulebase, 5, known=0.4), 12))
    told = judge.write(judge.decide(encode(judge, known), len(known), also=["matters"]))["matters"].to_pylist()
    tests = list_tests(advisor.rulebase)
    for facts, names in zip(known, told, strict=True):
        before = set(advisor.rulebase.incoherences(facts))
        model = advisor.judge.decide(facts).model
        expected = []
        for name, fact in vocabulary.facts.items():
            answers = [{**facts, name: value} for value in list_cases(fact, tests[name])] if name not in facts else []
            possible = [then for then in answers if set(advisor.rulebase.incoherences(then)) <= before]
            if any(advisor.judge.decide(then).model != model for then in possible):
                expected.append(name)
        assert names == expected
    assert any(told)


def test_a_set_too_large_for_a_table_is_refused() -> None:
    many = make_fact("many", Kind.SET, [f"e{number}" for number in range(64)])
    rulebase = make_rulebase([many], [], [], [make_claim("S-1", Tone.PLAIN)])
    with pytest.raises(OverflowError, match="many has more than 63 elements"):
        TableJudge(Advisor(rulebase).judge.decider)


def test_every_optional_field_has_a_column_name() -> None:
    assert set(ALSO) <= set(Advisor().tables.names)
