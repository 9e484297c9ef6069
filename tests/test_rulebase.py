"""Models by name: every question accepts what texts call a model, and what is misspelt is taken for a model first."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cxrules import Advisor, RuleBase
from cxrules.cli.app import make_app
from cxrules.explanation.why_not_fired import list_subjects
from cxrules.web.app import create_app
from tests.explanation.prose.test_explain import SCENARIO

BUILTIN = RuleBase.builtin()
ADVISOR = Advisor()
MODELS = sorted(BUILTIN.models)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A model and a spelling of its name: in any case, with or without quotation marks."""
    model = BUILTIN.models[draw(st.sampled_from(MODELS))]
    name = "".join(draw(st.sampled_from([letter.lower(), letter.upper(), letter])) for letter in model.name)
    marks = draw(st.sampled_from(["  ", "“”", '""', "''", " “", "””"]))
    return model.id, f"{marks[0]}{name}{marks[1]}"


@given(spellings())
def test_every_question_accepts_a_model_by_its_name_as_by_its_id(spelling: tuple[str, str]) -> None:
    model, name = spelling
    advice = ADVISOR.recommend(SCENARIO)
    assert BUILTIN.find_model(name) == BUILTIN.find_model(model) == model
    assert advice.why_not(name) == advice.why_not(model)
    assert advice.how(name) == advice.how(model)
    assert advice.counterfactuals(name, 1) == advice.counterfactuals(model, 1)


@pytest.mark.parametrize("model", MODELS)
def test_server_and_command_line_accept_a_name(model: str) -> None:
    name = f"“{BUILTIN.models[model].name}”"
    client = TestClient(create_app())
    for path, field in (("why-not", "name"), ("counterfactuals", "target")):
        answers = [client.post(f"/api/{path}", json={"facts": SCENARIO, field: each}) for each in (name, model)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
    given = json.dumps(SCENARIO)
    for command in (["recommend", "-", "--why-not"], ["rules"], ["rule"]):
        done = [CliRunner().invoke(make_app(), [*command, each], input=given) for each in (name, model)]
        assert (done[0].exit_code, done[0].output) == (done[1].exit_code, done[1].output)
        assert done[0].exit_code == 0


def test_an_exact_id_wins_over_a_name() -> None:
    """Also where a model is called as another model, or as a rule, has its id."""
    models, rule = dict(BUILTIN.models), next(iter(BUILTIN.rules))
    models["cmo_owned"] = replace(models["cmo_owned"], name="cxo_owned")
    models["sales_led"] = replace(models["sales_led"], name=rule)
    rulebase = replace(BUILTIN, models=models)
    advice = Advisor(rulebase).recommend(SCENARIO)
    assert rulebase.find_model("cxo_owned") == "cxo_owned"
    assert rulebase.find_model("CXO_owned") == "cmo_owned"
    assert type(advice.why_not(rule)).__name__ == "WhyNotFired"
    assert type(advice.why_not(rule.upper())).__name__ == "WhyNot"
    assert type(advice.how(rule)).__name__ != "Case"


def test_a_name_of_two_models_names_neither() -> None:
    models = {**BUILTIN.models, "sales_led": replace(BUILTIN.models["sales_led"], name="CMO")}
    assert replace(BUILTIN, models=models).find_model("cmo") is None


@pytest.mark.parametrize("name", [None, 3, "", "”", "nobody of that name"])
def test_anything_else_names_no_model(name: object) -> None:
    assert BUILTIN.find_model(name) is None


@pytest.mark.parametrize("model", MODELS)
def test_a_misspelt_name_of_a_model_is_taken_for_that_model(model: str) -> None:
    name = BUILTIN.models[model].name
    for misspelt in (f"“{name}s”", f"{name} x", f"{model}x"):
        with pytest.raises(ValueError, match=f"did you mean '({model}|{name})'"):
            ADVISOR.recommend(SCENARIO).why_not(misspelt)
        with pytest.raises(ValueError, match=f"did you mean '({model}|{name})'"):
            ADVISOR.recommend(SCENARIO).how(misspelt)


SUBJECTS = sorted(name for name in list_subjects(BUILTIN) if name.replace("-", "_") not in BUILTIN.models)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_misspelt_id_of_anything_else_is_not_taken_for_a_model(subject: str) -> None:
    with pytest.raises(ValueError, match=r"did you mean '(.+)'") as refused:
        ADVISOR.recommend(SCENARIO).why_not(f"{subject}x")
    assert str(refused.value).split("'")[-2] in list_subjects(BUILTIN)
