"""A recommendation as a value: frozen, copied, pickled, as data, as JSON, as a pydantic field."""

import copy
import gc
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from pydantic import BaseModel, TypeAdapter, ValidationError

import cxrules
from cxrules import MissingRuleBase, Recommendation
from tests import ROOT
from tests.rulebases import organisations

BUILTIN = cxrules.RuleBase.builtin()
SMALL_BASE = ROOT / "tests" / "data" / "small_base"
KNOWN = {"ceo_involvement": "champion", "transformation_goal": True, "marketing_journey_coverage": ["loyalty"]}
READ = [name for name, thing in vars(Recommendation).items() if isinstance(thing, property) and name[0] != "_"]
NEED_THE_RULE_BASE = {"judge", "decision", "rulebase"}
AS_DATA = sorted(set(READ) - NEED_THE_RULE_BASE)


@pytest.fixture
def advice() -> Recommendation:
    return cxrules.recommend(KNOWN)


@pytest.fixture
def foreign(tmp_path: Path) -> bytes:
    """A pickled recommendation whose rule base is not loaded."""
    (tmp_path / "policy.yaml").write_text("name: elsewhere\npolicy: {minimum_evidence: 1, lead: 1}\n", encoding="utf-8")
    base = cxrules.RuleBase.load(SMALL_BASE)
    advisor = cxrules.Advisor(cxrules.RuleBase.load(tmp_path / "policy.yaml", base=base))
    data = pickle.dumps(advisor.recommend(soil="dry", can_at_hand=True))
    del advisor
    gc.collect()
    return data


@given(known=organisations(BUILTIN))
def test_a_pickled_copy_has_the_same_content(known: dict[str, Any]) -> None:
    advice = cxrules.recommend(known)
    copied = pickle.loads(pickle.dumps(advice))  # noqa: S301 - our own
    for name in AS_DATA:
        assert getattr(copied, name) == getattr(advice, name)
        assert type(getattr(copied, name)) is type(getattr(advice, name))
    assert (copied, hash(copied), repr(copied)) == (advice, hash(advice), repr(advice))
    assert copied.model_dump() == advice.model_dump()
    assert pickle.loads(pickle.dumps(copied)) == advice  # noqa: S301 - our own


@given(known=organisations(BUILTIN))
def test_the_data_is_json_and_satisfies_the_schema(known: dict[str, Any]) -> None:
    advice = cxrules.recommend(known)
    data = advice.model_dump()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert json.loads(advice.model_dump_json()) == data
    assert list(data) == [
        name for name in Recommendation.model_json_schema()["properties"] if name not in ("texts", "id")
    ]
    back = TypeAdapter(Recommendation).validate_json(advice.model_dump_json())
    assert back == advice
    assert back.model_dump() == data


def test_the_schema_describes_every_part(advice: Recommendation) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = Recommendation.model_json_schema()
    jsonschema.validate(advice.model_dump(), schema)
    for shape in (schema, *(part for part in schema["$defs"].values() if "properties" in part)):
        assert all("description" in described for described in shape["properties"].values())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**advice.model_dump(), "modell": None}, schema)


def test_a_recommendation_is_a_pydantic_field(advice: Recommendation) -> None:
    class Saved(BaseModel):
        client: str
        advice: Recommendation

    saved = Saved(client="ACME", advice=advice)
    assert saved.advice is advice
    assert saved.model_dump() == {"client": "ACME", "advice": advice.model_dump()}
    assert Saved.model_validate_json(saved.model_dump_json()) == saved
    for mode in ("validation", "serialization"):
        schema = Saved.model_json_schema(mode=mode)
        assert "Recommendation" in schema["$defs"]
    with pytest.raises(ValidationError):
        Saved.model_validate({"client": "ACME", "advice": {"model": "cmo_owned"}})


def test_changing_dumped_data_changes_no_recommendation(advice: Recommendation) -> None:
    for one in (advice, pickle.loads(pickle.dumps(advice))):  # noqa: S301 - our own
        before = one.model_dump_json()
        data = one.model_dump()
        data["ranking"][0]["points"] = 1000
        data["facts"]["marketing_journey_coverage"].append("awareness")
        data["rulebase"].clear()
        one.voices.clear()
        assert one.model_dump_json() == before


def test_a_recommendation_is_frozen(advice: Recommendation) -> None:
    for name in ("model", "_decision", "note"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(advice, name, None)
        with pytest.raises(AttributeError, match="frozen"):
            delattr(advice, name)
    assert copy.copy(advice) is advice
    assert copy.deepcopy({"advice": advice})["advice"] is advice


def test_recommendations_are_equal_if_facts_and_rules_are(advice: Recommendation) -> None:
    assert advice == cxrules.recommend({**KNOWN, "silos": None})
    assert advice != cxrules.recommend(KNOWN, silos="severe")
    assert advice != "a recommendation"
    assert len({advice, cxrules.recommend(KNOWN), cxrules.recommend(KNOWN, silos="severe")}) == 2


def test_changing_the_input_afterwards_changes_nothing() -> None:
    given_facts: dict[str, Any] = {"marketing_journey_coverage": ["loyalty"], "maturity": "early"}
    advice = cxrules.recommend(given_facts)
    before = advice.model_dump_json()
    given_facts["marketing_journey_coverage"].append("awareness")
    given_facts["silos"] = "severe"
    assert advice.model_dump_json() == before


def test_the_model_is_a_member_of_the_enum(advice: Recommendation) -> None:
    assert advice.model == str(advice.model)
    assert isinstance(advice.model, cxrules.OwnershipModel)


# --- copies and their rule base


def test_a_copy_in_a_fresh_process_answers_questions_again(advice: Recommendation, tmp_path: Path) -> None:
    path = tmp_path / "advice.pickle"
    path.write_bytes(pickle.dumps(advice))
    code = (
        "import pathlib, pickle, sys\n"
        "advice = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print('cxrules.language.canonical' in sys.modules, advice.model, advice.ranking[0].points, advice.cites[0])\n"
        "print('cxrules.language.canonical' in sys.modules)\n"
        "print(advice.explain())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "7"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, second, explained = done.stdout.split("\n", 2)
    assert first == f"False {advice.model} {advice.ranking[0].points} {advice.cites[0]}"
    assert second == "False", "reading the data of a copy loads no rule base"
    assert explained.strip() == advice.explain().strip()


def test_a_copy_without_its_rule_base_says_which_one_is_missing(foreign: bytes) -> None:
    copied = pickle.loads(foreign)  # noqa: S301 - our own
    assert copied.model == "gardener"
    for name in AS_DATA:
        getattr(copied, name)
    for name in NEED_THE_RULE_BASE:
        with pytest.raises(MissingRuleBase) as caught:
            getattr(copied, name)
        assert caught.value.revision == copied.revision
        assert copied.revision[:12] in str(caught.value)
        assert "elsewhere" in str(caught.value)
    with pytest.raises(MissingRuleBase) as caught:
        copied.explain()
    assert pickle.loads(pickle.dumps(caught.value)).revision == copied.revision  # noqa: S301 - our own


def test_a_copy_finds_the_rule_base_of_an_existing_advisor() -> None:
    advisor = cxrules.Advisor(cxrules.RuleBase.load(SMALL_BASE))
    advice = advisor.recommend(soil="dry", can_at_hand=True)
    copied = pickle.loads(pickle.dumps(advice))  # noqa: S301 - our own
    assert copied.rulebase == advisor.rulebase
    assert copied.decision == advice.decision
    assert copied.explain() == advice.explain()


def test_a_copy_is_attached_to_its_rule_base(foreign: bytes, tmp_path: Path) -> None:
    copied = pickle.loads(foreign)  # noqa: S301 - our own
    base = cxrules.RuleBase.load(SMALL_BASE)
    with pytest.raises(MissingRuleBase):
        copied.attach(base)
    attached = copied.attach(cxrules.RuleBase.load(tmp_path / "policy.yaml", base=base))
    assert attached == copied
    assert attached.model_dump() == copied.model_dump()
    assert attached.explain()


def test_advisors_do_not_keep_every_rule_base_alive() -> None:
    import weakref

    kept = []
    for number in range(30):
        rulebase = cxrules.RuleBase.from_json(SMALL_JSON.replace('"name":"small"', f'"name":"small{number}"'))
        assert cxrules.recommend({"soil": "dry"}, rulebase=rulebase).rulebase is rulebase
        kept.append(weakref.ref(rulebase))
        del rulebase
    gc.collect()
    assert sum(reference() is not None for reference in kept) < 30


SMALL_JSON = cxrules.RuleBase.load(SMALL_BASE).to_json()


def test_ids_are_random_uuids() -> None:
    ids = [cxrules.recommend().id for _ in range(200)]
    assert len(set(ids)) == len(ids)
    assert {(UUID(each).version, UUID(each).variant, UUID(each).hex == each) for each in ids} == {(4, RFC_4122, True)}


@pytest.mark.parametrize(
    "ask",
    [
        lambda: cxrules.recommend({"silos": "x"}, silos="none", scpe="y"),  # type: ignore[call-arg]
        lambda: cxrules.recommend(silos="severe").what_if({"silos": "x"}, silos="none", scpe="y"),
    ],
)
def test_facts_given_twice_are_listed_with_everything_else(ask: Callable[[], object]) -> None:
    """The kind: a fact in a mapping that a keyword overwrites, or that hides other mistakes."""
    with pytest.raises(cxrules.InvalidOrganisation) as caught:
        ask()
    assert [each.code for each in caught.value.diagnostics] == ["given-twice", "unknown-value", "unknown-fact"]
