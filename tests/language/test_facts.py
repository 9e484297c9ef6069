"""Input: every form of valid input is equivalent, and all mistakes in wrong input are reported at once."""

import json
import logging
import re
import subprocess
import sys
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import cxrules
from cxrules import InvalidOrganisation, Organisation, UnlikelyFact
from cxrules.errors import SHOWN
from cxrules.language.facts import Vocabulary
from cxrules.organisation_model import OrganisationModel, make_organisation_model
from tests import ROOT
from tests.rulebases import organisations

BUILTIN = cxrules.RuleBase.builtin()
DYNAMIC = make_organisation_model(BUILTIN.vocabulary)
SMALL = cxrules.RuleBase.load(ROOT / "tests" / "data" / "small_base")
SCHEMA = Organisation.model_json_schema()
NAN, INFINITY = float("nan"), float("inf")


class Unspeakable:
    """An object whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


# Facts, and for each mistake in them its code, the fact, and what the hint must say.
BAD: list[tuple[dict[Any, Any], list[tuple[str, str, str]]]] = [
    ({"matury": "early"}, [("unknown-fact", "matury", "'maturity'")]),
    ({"Marketing Bandwidth": "spare"}, [("unknown-fact", "Marketing Bandwidth", "'marketing_bandwidth'")]),
    ({"": 1}, [("unknown-fact", "", "")]),
    ({7: "early"}, [("unknown-fact", "7", "")]),
    ({"matury": None}, [("unknown-fact", "matury", "'maturity'")]),
    ({"maturity": "erly"}, [("unknown-value", "maturity", "'early'")]),
    ({"maturity": "Early"}, [("unknown-value", "maturity", "'early'")]),
    ({"maturity": ""}, [("unknown-value", "maturity", "known: ")]),
    ({"maturity": True}, [("wrong-type", "maturity", "known: ")]),
    ({"maturity": 1}, [("wrong-type", "maturity", "known: ")]),
    ({"maturity": ["early"]}, [("wrong-type", "maturity", "")]),
    ({"maturity": {"early": 1}}, [("wrong-type", "maturity", "")]),
    ({"maturity": Unspeakable()}, [("wrong-type", "maturity", "")]),
    ({"transformation_goal": "yes"}, [("wrong-type", "transformation_goal", "write true")]),
    ({"transformation_goal": "False"}, [("wrong-type", "transformation_goal", "write false")]),
    ({"transformation_goal": 1}, [("wrong-type", "transformation_goal", "")]),
    ({"transformation_goal": 0.0}, [("wrong-type", "transformation_goal", "")]),
    ({"retention_budget_share": True}, [("wrong-type", "retention_budget_share", "")]),
    ({"retention_budget_share": False}, [("wrong-type", "retention_budget_share", "")]),
    ({"retention_budget_share": "15"}, [("wrong-type", "retention_budget_share", "write 15")]),
    ({"retention_budget_share": "15 %"}, [("wrong-type", "retention_budget_share", "write 15")]),
    ({"retention_budget_share": "15,5"}, [("wrong-type", "retention_budget_share", "write 15.5")]),
    ({"retention_budget_share": ".5"}, [("wrong-type", "retention_budget_share", "write 0.5")]),
    ({"retention_budget_share": "1.5e1"}, [("wrong-type", "retention_budget_share", "write 15")]),
    ({"retention_budget_share": "0x0F"}, [("wrong-type", "retention_budget_share", "write a decimal number")]),
    ({"retention_budget_share": "150"}, [("wrong-type", "retention_budget_share", "")]),
    ({"retention_budget_share": Decimal("sNaN")}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": Decimal("1e999999")}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": np.complex128(15)}, [("wrong-type", "retention_budget_share", "")]),
    ({"retention_budget_share": np.array([15])}, [("wrong-type", "retention_budget_share", "")]),
    ({"retention_budget_share": 15j}, [("wrong-type", "retention_budget_share", "")]),
    ({"retention_budget_share": NAN}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": INFINITY}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": -0.5}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": 100.001}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": 10**400}, [("out-of-range", "retention_budget_share", "")]),
    ({"retention_budget_share": -(10**5000)}, [("out-of-range", "retention_budget_share", "")]),
    ({"marketing_journey_coverage": "loyalty"}, [("wrong-type", "marketing_journey_coverage", "write ['loyalty']")]),
    ({"marketing_journey_coverage": "loyality"}, [("wrong-type", "marketing_journey_coverage", "'loyalty'")]),
    (
        {"marketing_journey_coverage": "loyalty; retention"},
        [("wrong-type", "marketing_journey_coverage", "write ['loyalty', 'retention']")],
    ),
    (
        {"marketing_journey_coverage": '["loyalty","advocacy"]'},
        [("wrong-type", "marketing_journey_coverage", "write ['loyalty', 'advocacy']")],
    ),
    ({"marketing_journey_coverage": {"loyalty": 1}}, [("wrong-type", "marketing_journey_coverage", "")]),
    ({"marketing_journey_coverage": iter(["loyalty"])}, [("wrong-type", "marketing_journey_coverage", "")]),
    (
        {"marketing_journey_coverage": ["loyality", "advocacy", "awarness", 3, None, ["loyalty"]]},
        [
            ("unknown-value", "marketing_journey_coverage", "'loyalty'"),
            ("unknown-value", "marketing_journey_coverage", "'awareness'"),
            ("unknown-value", "marketing_journey_coverage", "known: "),
            ("unknown-value", "marketing_journey_coverage", "known: "),
            ("unknown-value", "marketing_journey_coverage", "known: "),
        ],
    ),
]
ALL_AT_ONCE = {
    "matury": "early",
    "maturity": "erly",
    "silos": "severe",
    "retention_budget_share": NAN,
    "transformation_goal": "true",
    "marketing_journey_coverage": "awareness",
    "scope": None,
}


@pytest.mark.parametrize(("facts", "mistakes"), BAD)
def test_every_mistake_is_reported(facts: dict[Any, Any], mistakes: list[tuple[str, str, str]]) -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend(facts)
    found = caught.value.diagnostics
    assert [(mistake.code, mistake.location.path) for mistake in found] == [
        (code, (name,)) for code, name, _ in mistakes
    ]
    for mistake, (_, _, hint) in zip(found, mistakes, strict=True):
        assert hint in mistake.hint if hint else isinstance(mistake.hint, str)
        assert mistake.message
    assert str(len(found)) in str(caught.value).splitlines()[0]
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("model", [Organisation, DYNAMIC])
@pytest.mark.parametrize("facts", [*(facts for facts, _ in BAD), ALL_AT_ONCE])
def test_organisation_and_recommend_report_mistakes_alike(
    model: type[OrganisationModel], facts: dict[Any, Any]
) -> None:
    with pytest.raises(InvalidOrganisation) as expected:
        cxrules.recommend(facts)
    with pytest.raises(ValidationError) as caught:
        model.model_validate(facts)
    assert [(mistake["type"], mistake["loc"], mistake["msg"]) for mistake in caught.value.errors()] == [
        (told.code, told.location.path, f"{told.message}; {told.hint}" if told.hint else told.message)
        for told in expected.value.diagnostics
    ]


def test_all_mistakes_in_facts_are_reported_at_once_and_in_order() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend(ALL_AT_ONCE)
    found = caught.value.diagnostics
    assert [mistake.location.path[0] for mistake in found] == [
        "matury",
        "maturity",
        "retention_budget_share",
        "transformation_goal",
        "marketing_journey_coverage",
    ]
    assert all(str(mistake) in str(caught.value) for mistake in found)


def test_ten_thousand_unknown_facts_are_one_error() -> None:
    facts = {f"marketing_bandwith_{number}": number for number in range(10_000)}
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend(facts)
    assert len(caught.value.diagnostics) == 10_000
    hints = [mistake.hint for mistake in caught.value.diagnostics]
    assert set(hints[:SHOWN]) == {"did you mean 'marketing_bandwidth'?"}
    assert set(hints[SHOWN:]) == {""}  # they would not be shown, and each costs as much as many decisions
    assert len(str(caught.value)) < 10_000


def test_a_huge_value_does_not_make_a_huge_message() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend({"maturity": "x" * 1_000_000, "marketing_journey_coverage": ["y" * 1_000_000]})
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "text", [" " * 50_000 + "x", "9" * 50_000 + "x", "1" + " " * 50_000 + "x", "." * 50_000, "9," * 50_000]
)
def test_a_long_text_is_refused_in_linear_time(text: str) -> None:
    """With nested repetitions in a pattern each of these would take hours."""
    for fact in ("retention_budget_share", "transformation_goal", "maturity", "marketing_journey_coverage"):
        with pytest.raises(InvalidOrganisation) as caught:
            cxrules.recommend({fact: text})
        assert len(str(caught.value)) < 1_000


def test_ten_thousand_mistakes_in_a_question_are_one_short_error() -> None:
    wrong = {f"maturty_{number}": 1 for number in range(10_000)}
    for question in ({"keep": list(wrong)}, {"effort": wrong}):
        with pytest.raises(ValueError, match="10000 mistakes in the question") as caught:
            cxrules.recommend(silos="severe").counterfactuals(**question)
        assert str(caught.value).endswith("… and 9950 more")
        assert str(caught.value).count("did you mean") == SHOWN


def test_a_message_cannot_act_on_a_terminal_or_fill_it() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend({"x" * 1_000_000: 1, "\x1b[2J\n": 1, "maturity": "\x1b[31m"})
    told = str(caught.value)
    assert len(told) < 1_000
    assert len(told.splitlines()) == 4
    assert "\x1b" not in told


def test_a_fact_given_twice_is_a_mistake() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend({"maturity": "early", "silos": "none"}, silos="severe")
    assert [(mistake.code, mistake.location.path) for mistake in caught.value.diagnostics] == [
        ("given-twice", ("silos",))
    ]


@pytest.mark.parametrize("organisation", ["maturity: early", 7, ["maturity"], object(), Unspeakable()])
def test_anything_but_an_organisation_is_a_mistake(organisation: Any) -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        cxrules.recommend(organisation)
    assert [mistake.code for mistake in caught.value.diagnostics] == ["wrong-type"]


class Changing(dict[str, Any]):
    """A mapping that differs each time it is read, as if another thread wrote to it."""

    def items(self) -> Any:
        self["silos"] = "none" if self["silos"] == "severe" else "severe"
        return super().items()


def test_facts_are_read_once() -> None:
    advice = cxrules.recommend(Changing(silos="severe", ceo_involvement=None))
    assert advice.fired == cxrules.recommend(advice.facts).fired


HUGE = "x" * 1_000_000
ADVICE = cxrules.recommend(silos="severe")
DOORS: dict[str, Any] = {
    "why_not": ADVICE.why_not,
    "how": ADVICE.how,
    "counterfactuals": ADVICE.counterfactuals,
    "keep": lambda given: ADVICE.counterfactuals(keep=[given]),
    "deadline": lambda given: ADVICE.settled(deadline=given),
    "detail": ADVICE.explain,
    "mode": lambda given: ADVICE.model_dump(mode=given),
    "what_if": ADVICE.what_if,
    "engine": lambda given: cxrules.recommend(engine=given),
    "rulebase": lambda given: cxrules.recommend(rulebase=given),
    "advisor": cxrules.Advisor,
    "base": lambda given: cxrules.RuleBase.load(ROOT / "tests" / "data" / "small_base", base=given),
    "attach": ADVICE.attach,
    "attach an answer": ADVICE.why().attach,
}


@pytest.mark.parametrize("given", [HUGE, 7, [HUGE], {"a": 1}, Unspeakable()], ids=["huge", "7", "list", "dict", "mute"])
@pytest.mark.parametrize("door", DOORS)
def test_a_wrong_name_or_rule_base_is_one_short_error(door: str, given: Any) -> None:
    if door == "deadline" and given == 7:
        return
    with pytest.raises((ValueError, TypeError)) as caught:
        DOORS[door](given)
    assert re.search("no such|expected|a deadline is", str(caught.value))
    assert len(str(caught.value)) < 1_000


def test_a_path_is_not_a_rule_base() -> None:
    with pytest.raises(TypeError, match=re.escape("a RuleBase is expected, not 'mine'; RuleBase.load('mine') reads")):
        cxrules.Advisor("mine")  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ["", "bitmup"])
def test_an_unknown_engine_is_a_mistake(engine: str) -> None:
    for rulebase in (None, SMALL):
        with pytest.raises(ValueError, match="no such engine"):
            cxrules.recommend(engine=engine, rulebase=rulebase)
    with pytest.raises(ValueError, match="no such engine"):
        cxrules.Advisor(engine=engine)


def test_wrong_input_has_no_side_effect() -> None:
    before = (list(warnings.filters), list(logging.getLogger().handlers), dict(cxrules.__dict__))
    facts = dict(ALL_AT_ONCE)
    expected = cxrules.recommend(silos="severe")
    with pytest.raises(InvalidOrganisation):
        cxrules.recommend(facts)
    assert list(facts) == list(ALL_AT_ONCE)
    assert all(facts[name] is value for name, value in ALL_AT_ONCE.items())
    assert cxrules.recommend(silos="severe") == expected
    assert (list(warnings.filters), list(logging.getLogger().handlers), dict(cxrules.__dict__)) == before


# --- valid input, in every form


@given(known=organisations(BUILTIN))
def test_every_form_of_input_gives_the_same_answer(known: dict[str, Any]) -> None:
    expected = cxrules.recommend(known)
    organisation = Organisation.model_validate(known)
    forms: list[Any] = [
        MappingProxyType(known),
        OrderedDict(reversed(known.items())),
        {name: set(value) if isinstance(value, tuple) else value for name, value in known.items()},
        {**dict.fromkeys(BUILTIN.vocabulary.facts), **known},
        organisation,
        DYNAMIC.model_validate(known),
        Organisation.model_validate_json(json.dumps(known)),
        Organisation(**known),
        organisation.model_dump(exclude_unset=True),
        organisation.model_dump(mode="json"),
    ]
    for form in forms:
        assert cxrules.recommend(form) == expected
    assert cxrules.recommend(**organisation.model_dump(exclude_unset=True)) == expected
    assert cxrules.recommend(**known) == expected
    assert cxrules.recommend(organisation).model_dump() == expected.model_dump()


@given(known=organisations(BUILTIN))
def test_an_organisation_has_the_normal_form(known: dict[str, Any]) -> None:
    normal = BUILTIN.vocabulary.validate(known)
    loose = {name: [*reversed(value), *value] if isinstance(value, tuple) else value for name, value in known.items()}
    for model in (Organisation, DYNAMIC):
        organisation = model.model_validate(loose)
        held = organisation.model_dump(exclude_unset=True)
        assert held == normal
        assert {name: type(value) for name, value in held.items()} == {
            name: type(value) for name, value in normal.items()
        }
        assert organisation == model.model_validate(normal)
        assert hash(organisation) == hash(model.model_validate(normal))


@pytest.mark.parametrize(
    ("given_value", "normal"),
    [
        (15, 15),
        (15.0, 15),
        (12.5, 12.5),
        (Fraction(25, 2), 12.5),
        (-0.0, 0),
        (100, 100),
        (Decimal("12.5"), 12.5),
        (Decimal(15), 15),
        (np.float32(12.5), 12.5),
        (np.int64(15), 15),
    ],
)
def test_percentages_have_one_normal_form(given_value: Any, normal: float) -> None:
    held = Organisation(retention_budget_share=given_value).retention_budget_share
    assert (held, type(held)) == (normal, type(normal))
    facts = cxrules.recommend(retention_budget_share=given_value).facts
    assert facts == {"retention_budget_share": normal}
    assert type(facts["retention_budget_share"]) is type(normal)


@pytest.mark.parametrize(
    ("fact", "value", "normal"),
    [
        ("transformation_goal", np.bool_(1), True),
        ("maturity", np.str_("early"), "early"),
        ("maturity", np.array("early"), "early"),
        ("marketing_journey_coverage", np.array(["loyalty", "retention"]), ("retention", "loyalty")),
        ("marketing_journey_coverage", np.array([], dtype=str), ()),
        ("transformation_goal", pa.scalar(True), True),
        ("maturity", pa.scalar("early"), "early"),
        ("maturity", pa.array(["early"]).dictionary_encode()[0], "early"),
        ("retention_budget_share", pa.scalar(15.5), 15.5),
        ("retention_budget_share", pa.scalar(Decimal("15.50")), 15.5),
        ("marketing_journey_coverage", pa.scalar(["loyalty", "retention"]), ("retention", "loyalty")),
    ],
)
def test_scalars_of_numpy_and_pyarrow_are_accepted(fact: str, value: Any, normal: Any) -> None:
    held = cxrules.recommend({fact: value}).facts[fact]
    assert (held, type(held)) == (normal, type(normal))
    assert getattr(Organisation.model_validate({fact: value}), fact) == normal


@pytest.mark.parametrize(
    "missing",
    [NAN, Decimal("NaN"), np.float32("nan"), np.datetime64("NaT", "s"), np.array(None), pa.scalar(None)],
    ids=repr,
)
@pytest.mark.parametrize(
    "fact", ["maturity", "transformation_goal", "retention_budget_share", "marketing_journey_coverage"]
)
def test_missing_cells_are_named_as_missing(fact: str, missing: object) -> None:
    with pytest.raises(InvalidOrganisation, match=r"marks a missing cell .*; leave the fact out, or write None"):
        cxrules.recommend({fact: missing})


@pytest.mark.parametrize("unit", ["ns", "us", "s", "D", "M", "Y"])
@pytest.mark.parametrize("kind", [np.timedelta64, np.datetime64])
def test_dates_and_durations_are_refused_as_percentages(kind: Any, unit: str) -> None:
    """The kind: NumPy makes a number of some of them, and registers durations as whole numbers."""
    for value in (kind(5, unit), np.array(kind(5, unit))):
        with pytest.raises(InvalidOrganisation, match="a number from 0 to 100 is expected"):
            cxrules.recommend({"retention_budget_share": value})


def test_a_share_below_one_per_cent_is_questioned() -> None:
    for number in (0.15, Decimal("0.15"), np.float64(0.15)):
        with pytest.warns(UnlikelyFact, match="write 15 if 15 % was meant"):
            assert cxrules.recommend(retention_budget_share=number).facts == {"retention_budget_share": 0.15}  # type: ignore[arg-type]
    assert cxrules.recommend(retention_budget_share=0).facts == {"retention_budget_share": 0}


def test_an_organisation_is_frozen_and_remembers_what_was_given() -> None:
    organisation = Organisation(maturity="early", silos=None)
    assert organisation.model_fields_set == {"maturity", "silos"}
    assert Organisation.model_validate(organisation) is organisation
    with pytest.raises(ValidationError):
        organisation.maturity = "mature"  # type: ignore[misc]


@given(data=st.data())
def test_any_vocabulary_has_an_organisation(data: st.DataObject) -> None:
    model = make_organisation_model(SMALL.vocabulary, "Plants")
    known = data.draw(organisations(SMALL))
    advisor = cxrules.Advisor(SMALL)
    assert advisor.recommend(model.model_validate(known)) == advisor.recommend(known)
    with pytest.raises(ValidationError, match="did you mean 'soil'"):
        model.model_validate({"sol": "dry"})


def test_a_fact_with_a_name_that_pydantic_reserves_is_refused() -> None:
    fact = BUILTIN.vocabulary["maturity"]
    for name in ("json", "model_fields", "copy"):
        with pytest.raises(ValueError, match=name):
            make_organisation_model(Vocabulary({name: fact}))


# --- the schema, for endpoints and tools


def test_the_schema_has_every_question() -> None:
    schema = Organisation.model_json_schema()
    assert {name: part for name, part in schema.items() if name != "examples"} == DYNAMIC.model_json_schema()
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    assert list(schema["properties"]) == list(BUILTIN.vocabulary.facts)
    for name, fact in BUILTIN.vocabulary.facts.items():
        described = schema["properties"][name]
        assert described["title"].lower() == fact.topic.lower()
        assert described["description"].startswith(fact.question)
        assert all(value.name in described["description"] for value in fact.values)


@given(known=organisations(BUILTIN))
def test_the_schema_accepts_what_validation_accepts(known: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    plain = json.loads(json.dumps(known))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.validate(plain)
    validator.validate({**dict.fromkeys(BUILTIN.vocabulary.facts), **plain})


# --- what is imported, and when


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_call_on_the_builtin_rule_base_reads_no_yaml() -> None:
    heavy = ["experta", "networkx", "yaml", "hypothesis", "typer", "rich", "z3", "pydantic", "cxrules.knowledge"]
    shown = run_python(
        "import sys, cxrules\n"
        f"heavy = {heavy}\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "advice = cxrules.recommend(maturity='early', marketing_journey_coverage=['loyalty'])\n"
        "advice.model_dump_json()\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "cxrules.Organisation\n"
        "print([name for name in heavy if name in sys.modules and name != 'pydantic'])"
    )
    assert shown.splitlines() == ["[]", "[]", "[]"]


def test_every_public_name_exists() -> None:
    for name in cxrules.__all__:
        assert getattr(cxrules, name) is not None
    with pytest.raises(AttributeError, match="Organization"):
        _ = cxrules.Organization  # type: ignore[attr-defined]


def test_a_mapping_is_only_read() -> None:
    class Watched(Mapping[str, object]):
        def __getitem__(self, name: str) -> object:
            return {"maturity": "early", "silos": None}[name]

        def __iter__(self) -> Any:
            return iter(["maturity", "silos"])

        def __len__(self) -> int:
            return 2

    assert cxrules.recommend(Watched()) == cxrules.recommend(maturity="early")


@given(st.floats(0, 100) | st.integers(0, 100) | st.sampled_from([19.99999, 19.999999999999996, 1e-7, 5e-324]))
def test_a_share_is_not_rounded_across_a_threshold(number: float) -> None:
    """A rule may ask for less than 20, so 19.99999 is not shown as 20."""
    fact = BUILTIN.vocabulary["retention_budget_share"]
    value = fact.examine(number)
    told = fact.state(value)
    before, _, after = fact.says.partition("{value}")
    written = told[len(before) : len(told) - len(after)]
    assert float(written) == number
    assert "e" not in written
