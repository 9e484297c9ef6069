"""Every answer as data, as JSON with a schema, as a pydantic field and as a small pickle."""

import copy
import dataclasses
import gc
import json
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pydantic_core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import cxrules
from cxrules import Advisor, MissingRuleBase, RuleBase
from cxrules.portable.fields import list_fields, own_fields
from cxrules.portable.schema import whole_shape
from cxrules.testing import organisations
from tests import ROOT
from tests.portable.answers import FACTS, KINDS, QUESTIONS
from tests.rulebases import organisations as organisations_of
from tests.rulebases import rulebases

SMALL_BASE = ROOT / "tests" / "data" / "small_base"


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    advice = cxrules.recommend(FACTS)
    return {name: ask(advice) for name, ask in QUESTIONS.items()}


@pytest.fixture(params=QUESTIONS)
def answer(request: pytest.FixtureRequest, answers: dict[str, Any]) -> Any:
    return answers[request.param]


@pytest.fixture
def foreign(tmp_path: Path) -> list[bytes]:
    """Pickled answers whose rule base is not loaded."""
    (tmp_path / "policy.yaml").write_text("name: elsewhere\npolicy: {minimum_evidence: 1, lead: 1}\n", encoding="utf-8")
    base = RuleBase.load(SMALL_BASE)
    advice = Advisor(RuleBase.load(tmp_path / "policy.yaml", base=base)).recommend(soil="dry", can_at_hand=True)
    asked: list[Any] = [
        advice,
        advice.why(),
        advice.how("gardener"),
        advice.why_not("gardener"),
        advice.what_if(soil="wet"),
    ]
    asked += [advice.counterfactuals(), advice.sufficient(), advice.settled(), advice.next_questions()]
    data = [pickle.dumps(each) for each in (*asked, advice.robustness())]
    del advice, asked, base
    gc.collect()
    return data


def test_every_kind_of_answer_is_tested(answers: dict[str, Any]) -> None:
    assert {type(answer) for answer in answers.values()} == set(KINDS)


def test_the_data_is_json_in_either_mode(answer: Any) -> None:
    data = answer.model_dump(mode="json")
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert answer.model_dump() == answer.model_dump(mode="python", by_alias=True, exclude_unset=True) == data
    assert json.loads(answer.model_dump_json()) == json.loads(answer.model_dump_json(indent=2)) == data
    assert data["rulebase"] == {"name": "cxrules", "revision": RuleBase.builtin().revision}
    with pytest.raises(ValueError, match="no such mode"):
        answer.model_dump(mode="yaml")


def selections(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What `model_dump` can include and exclude: fields, parts of fields, positions of lists."""
    first, *others = data
    yield {"include": {first}}
    yield {"exclude": {first}}
    yield {"include": set(others), "exclude": {others[-1]}, "exclude_none": True}
    yield {"exclude_none": True}
    for name, value in data.items():
        if isinstance(value, dict):
            yield {"include": {name: set(list(value)[:1])}}
            yield {"exclude": {name: set(list(value)[:1])}}
        elif isinstance(value, list):
            yield {"include": {name: {0, -1}}}
            yield {"exclude": {name: {0: True}}, "exclude_none": True}
            if value and isinstance(value[0], dict):
                yield {"include": {name: {"__all__": set(list(value[0])[:2])}, first: True}}


def test_fields_are_kept_and_left_out_as_pydantic_does(answer: Any) -> None:
    class Holder(BaseModel):
        held: Any
        typed: type(answer)  # type: ignore[valid-type]

    data = answer.model_dump()
    shape = whole_shape(type(answer)).model_validate(data)
    for chosen in selections(data):
        expected = shape.model_dump(mode="json", exclude_unset=True, **chosen)
        assert answer.model_dump(**chosen) == json.loads(answer.model_dump_json(**chosen)) == expected
        for kind in (type(answer), Any):
            assert TypeAdapter(kind).dump_python(answer, **chosen) == expected
            assert json.loads(TypeAdapter(kind).dump_json(answer, **chosen)) == expected
        inside: dict[str, Any] = {
            name: {"held": part, "typed": part} for name, part in chosen.items() if name != "exclude_none"
        }
        if len(inside) == len(chosen):
            assert Holder(held=answer, typed=answer).model_dump(**inside) == {"held": expected, "typed": expected}


def test_wrong_options_and_selections_are_refused(answer: Any) -> None:
    for option in ("nonsense", "excluded"):
        for dump in (answer.model_dump, answer.model_dump_json):
            with pytest.raises(TypeError, match=option):
                dump(**{option: 1})
    for wrong in ("model", 1, {"model": "name"}):
        with pytest.raises(TypeError, match="include is a set of fields"):
            answer.model_dump(include=wrong)
    assert answer.model_dump(by_alias=True, warnings="none", round_trip=True) == answer.model_dump()
    assert answer.model_dump_json(ensure_ascii=True).isascii()
    for indent in ("x", 1.5, -1):
        with pytest.raises(ValueError, match="indent is a whole number"):
            answer.model_dump_json(indent=indent)
    assert answer.model_dump_json(indent=0).count("\n") > 3


def test_schemas_accept_the_options_of_pydantic(answer: Any) -> None:
    schema = type(answer).model_json_schema(ref_template="#/components/schemas/{model}")
    assert "#/$defs/" not in json.dumps(schema)


def test_the_encoder_of_fastapi_accepts_answers(answer: Any) -> None:
    data = answer.model_dump()
    assert dict(answer) == data
    assert not dataclasses.is_dataclass(answer)

    fastapi = pytest.importorskip("fastapi", reason="the extra `web` is not installed")
    from fastapi.encoders import jsonable_encoder
    from fastapi.testclient import TestClient

    assert jsonable_encoder(answer) == data
    assert jsonable_encoder({"a": [answer]}) == {"a": [data]}
    app = fastapi.FastAPI()

    @app.get("/")
    def read():  # type: ignore[no-untyped-def] # noqa: ANN202 - undeclared
        return {"a": answer}

    @app.get("/some", response_model=type(answer), response_model_include={next(iter(data))})
    def read_some():  # type: ignore[no-untyped-def] # noqa: ANN202 - see above
        return answer

    client = TestClient(app)
    assert client.get("/").json() == {"a": data}
    assert client.get("/some").json() == answer.model_dump(include={next(iter(data))})


def test_the_data_satisfies_its_schema(answer: Any) -> None:
    schema = type(answer).model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(answer.model_dump(), schema)
    jsonschema.validate(answer.model_dump(texts=True), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**answer.model_dump(), "modell": None}, schema)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_describes_every_field(kind: Any) -> None:
    schema = kind.model_json_schema()
    assert schema["title"] == kind.__name__
    shapes = [schema, *(part for part in schema["$defs"].values() if "properties" in part)]
    assert not [
        (shape["title"], name)
        for shape in shapes
        for name, field in shape["properties"].items()
        if "description" not in field
    ]
    names = [field.name for field in list_fields(kind)]
    more = ["texts", "id"] if kind is cxrules.Recommendation else ["texts"]
    assert list(schema["properties"]) == [*names, "rulebase", *more]


def test_models_are_an_enum_in_the_schema() -> None:
    schema = cxrules.Recommendation.model_json_schema()
    assert schema["properties"]["model"]["anyOf"][0]["enum"] == list(cxrules.OwnershipModel)
    assert schema["$defs"]["RankedModelData"]["properties"]["model"]["enum"] == list(cxrules.OwnershipModel)


def models_in(value: Any, seen: set[int]) -> Iterator[Any]:
    """Everything that an answer and its parts name as a model."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, tuple):
        for each in value:
            yield from models_in(each, seen)
    for field in own_fields(type(value)):
        part = getattr(value, field.name)
        if "ModelName" in str(field.type):
            yield from part if isinstance(part, tuple) else [part]
        else:
            yield from models_in(part, seen)


def texts_in(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (key, *texts_in(value))
    elif isinstance(data, list):
        for value in data:
            yield from texts_in(value)


def test_every_model_is_a_member_of_the_enum_and_a_plain_text_in_the_data(answer: Any) -> None:
    text = answer.model_dump_json()
    copies = pickle.loads(pickle.dumps(answer)), type(answer).model_validate_json(text)  # noqa: S301 - our own
    for each in (answer, *copies):
        parts = (*getattr(each, "ranking", ()), *dict(getattr(each, "voices", {})).values())
        named = [*models_in(each, set()), *(part.model for part in parts)]
        assert {type(model) for model in named} <= {cxrules.OwnershipModel, type(None)}
        assert {type(text) for text in texts_in(each.model_dump())} == {str}
    assert "OwnershipModel" not in text


def test_json_round_trip(answer: Any) -> None:
    text = answer.model_dump_json()
    kind = type(answer)
    assert kind.model_validate(answer) is answer
    for copied in (kind.model_validate_json(text), kind.model_validate(json.loads(text))):
        assert copied == answer
        assert copied.model_dump_json() == text
        assert copied.explain() == answer.explain()
    with pytest.raises(ValidationError):
        kind.model_validate({**json.loads(text), "modell": None})


def test_dumped_data_is_read_back_however_it_was_dumped(answer: Any) -> None:
    kind = type(answer)
    named = [{}, {"id": True}] if kind is cxrules.Recommendation else [{}]
    for how in ({}, {"mode": "json"}, {"texts": True}, {"exclude_none": True}, {"texts": True, "exclude_none": True}):
        for more in named:
            for copied in (
                kind.model_validate(answer.model_dump(**how, **more)),
                kind.model_validate_json(answer.model_dump_json(**how, **more)),
                TypeAdapter(kind).validate_python(answer.model_dump(**how, **more)),
            ):
                assert copied == answer
                assert copied.model_dump() == answer.model_dump()
                assert hash(copied) == hash(answer)


def test_validation_accepts_and_refuses_what_a_pydantic_model_does(answer: Any) -> None:
    kind, data = type(answer), answer.model_dump()
    refused: list[Any] = [{**data, "modell": None}, {**data, "rulebase": 3}, 3, None, [], "x"]
    for wrong in refused:
        with pytest.raises(ValidationError) as caught:
            kind.model_validate(wrong)
        assert caught.value.title == kind.__name__
    with pytest.raises(ValidationError) as caught:
        kind.model_validate({**data, "modell": None})
    assert [error["loc"] for error in caught.value.errors()] == [("modell",)]
    with pytest.raises(ValidationError) as caught:
        kind.model_validate({name: value for name, value in data.items() if name != "rulebase"})
    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [(("rulebase",), "missing")]
    assert kind.model_validate(data, strict=False, context={"a": 1}) == answer
    assert kind.model_validate(answer, strict=True) is answer
    assert kind.model_validate_json(answer.model_dump_json(), strict=True) == answer
    assert "rulebase" in kind.model_json_schema()["required"]


def changed_somewhere(data: Any, rng: random.Random) -> Any:
    """The data with one value, name or entry changed."""
    changed = copy.deepcopy(data)
    places: list[tuple[Any, Any]] = []
    waiting = [changed]
    while waiting:
        part = waiting.pop()
        places += [(part, key) for key in (part if isinstance(part, dict) else range(len(part)))]
        waiting += [
            each for each in (part.values() if isinstance(part, dict) else part) if isinstance(each, dict | list)
        ]
    part, key = rng.choice(places)
    strange = ["nope", "", None, -1, 1.5, [], {}, True, "A0-1", "cxo_owned", {"a": 1}, ["b"]]
    part[key] = rng.choice(strange) if not isinstance(part[key], str) or rng.random() < 0.5 else part[key] + "x"
    return changed


def test_data_with_names_unknown_to_its_rule_base_is_refused(answer: Any) -> None:
    rng = random.Random(1)
    data = answer.model_dump()
    refused = 0
    for _ in range(40):
        try:
            type(answer).model_validate(changed_somewhere(data, rng))
        except ValidationError:
            refused += 1
        except MissingRuleBase as error:
            assert error.revision != answer.revision  # noqa: PT017 - only some changes are mistakes
    assert refused > 20
    strange = json.loads(answer.model_dump_json().replace('"ceo_involvement"', '"ceo_involvment"'))
    if strange != data:
        with pytest.raises(ValidationError, match="did you mean 'ceo_involvement'"):
            type(answer).model_validate(strange)


@given(organisations())
@settings(max_examples=settings().max_examples // 5)
def test_every_answer_of_any_organisation_is_read_back(known: dict[str, Any]) -> None:
    advice = cxrules.recommend(known)
    asked: list[Any] = [advice, advice.why(), advice.how("cmo_owned"), advice.what_if(silos="none", maturity=None)]
    asked += [advice.why_not(name) for name in ("cmo_owned", "ceo_champions", "unit-among-silos", "win_the_ceo")]
    asked += [advice.counterfactuals(max_changes=1), advice.sufficient(), advice.settled(), advice.next_questions()]
    asked += [advice.robustness(), *(advice.why_not(entry.id) for entry in advice.rulebase.impossible[:3])]
    for each in asked:
        assert type(each).model_validate_json(each.model_dump_json()) == each


@settings(max_examples=settings().max_examples // 5)
@given(rulebases(), st.data())
def test_every_answer_of_any_rule_base_is_read_back(rulebase: RuleBase, data: st.DataObject) -> None:
    # Facts have names that fields may have; findings, models and rules have any.
    advice = Advisor(rulebase).recommend(data.draw(organisations_of(rulebase)))
    asked: list[Any] = [advice, advice.why(), advice.next_questions(), advice.settled(), advice.counterfactuals()]
    asked += [advice.why_not(name) for name in (*rulebase.models, *list(rulebase.rules)[:3])]
    for each in asked:
        assert type(each).model_validate_json(each.model_dump_json()) == each


def test_answers_are_fields_of_pydantic_models(answer: Any) -> None:
    data = answer.model_dump()
    assert json.loads(pydantic_core.to_json(answer)) == pydantic_core.to_jsonable_python(answer) == data
    assert TypeAdapter(Any).dump_python([answer], mode="json") == [data]
    assert TypeAdapter(type(answer)).dump_python(answer) == data

    class Reply(BaseModel):
        declared: type(answer)  # type: ignore[valid-type]
        undeclared: Any

    reply = Reply(declared=answer, undeclared=answer)
    assert reply.model_dump() == {"declared": data, "undeclared": data}
    assert Reply.model_validate_json(reply.model_dump_json()).declared == answer
    for mode in ("validation", "serialization"):
        assert type(answer).__name__ in Reply.model_json_schema(mode=mode)["$defs"]


def test_texts_are_added_to_ids_on_request(answer: Any) -> None:
    data = answer.model_dump(texts=True)
    texts = data.pop("texts")
    assert data == answer.model_dump()
    assert all(texts.values())
    rulebase = answer.rulebase
    named = json.dumps(data)
    for claim in texts.get("claims", ()):
        assert texts["claims"][claim] == rulebase.claims[claim].says
        assert f'"{claim}"' in named
    for rule in (rule for rule in rulebase.rules if f'"{rule}"' in named):
        assert texts["rules"][rule] == rulebase.rules[rule].rationale


def test_the_id_of_a_decision_is_included_on_request() -> None:
    advice = cxrules.recommend(FACTS)
    data = advice.model_dump(id=True)
    assert data == {**advice.model_dump(), "id": advice.id}
    assert json.loads(advice.model_dump_json(id=True)) == data
    jsonschema.validate(data, cxrules.Recommendation.model_json_schema())
    for copied in (
        cxrules.Recommendation.model_validate(data),
        cxrules.Recommendation.model_validate_json(json.dumps(data)),
        pickle.loads(pickle.dumps(advice)),  # noqa: S301 - our own
    ):
        assert (copied.id, copied.model_dump(id=True)) == (advice.id, data)
        assert "id" not in copied.model_dump()
    with pytest.raises(TypeError, match="only a recommendation"):
        advice.why().model_dump(id=True)


def test_a_pickle_is_small_and_contains_no_rule_base(answer: Any) -> None:
    data = pickle.dumps(answer)
    assert len(data) < 20_000
    copied = pickle.loads(data)  # noqa: S301 - our own
    assert (copied, repr(copied), copied.explain()) == (answer, repr(answer), answer.explain())
    assert copied.model_dump() == answer.model_dump()
    assert copy.deepcopy(answer) is answer is copy.copy(answer)


def test_a_copy_without_its_rule_base_reads_and_says_which_one_is_missing(foreign: list[bytes]) -> None:
    for data in foreign:
        copied = pickle.loads(data)  # noqa: S301 - our own
        assert copied.model_dump()["rulebase"]["name"] == "elsewhere"
        assert repr(copied)
        with pytest.raises(MissingRuleBase, match="elsewhere"):
            copied.rulebase.rules  # noqa: B018 - read for its error


def test_an_answer_is_attached_to_its_rule_base(foreign: list[bytes], tmp_path: Path) -> None:
    base = RuleBase.load(SMALL_BASE)
    own = RuleBase.load(tmp_path / "policy.yaml", base=base)
    for data in foreign:
        copied = pickle.loads(data)  # noqa: S301 - our own
        with pytest.raises(MissingRuleBase):
            copied.attach(base)
        attached = copied.attach(own)
        assert attached == copied
        assert attached.explain()
        assert type(copied).model_validate_json(attached.model_dump_json()) == copied


def test_reprs_are_short(answer: Any) -> None:
    assert len(repr(answer)) <= 200
    assert repr(answer).startswith(type(answer).__name__)


def test_every_answer_has_its_type_in_the_package() -> None:
    for kind in KINDS:
        assert getattr(cxrules, kind.__name__) is kind
    assert set(cxrules.__all__) <= set(dir(cxrules))


def test_data_with_ten_thousand_unknown_names_is_one_short_error() -> None:
    data = cxrules.recommend(silos="severe").model_dump(mode="json")
    with pytest.raises(ValidationError) as caught:
        cxrules.Recommendation.model_validate(
            data | {"fired": [f"acquisition-come-{number}" for number in range(10_000)]}
        )
    assert "no such rule" in str(caught.value)
    assert len(str(caught.value)) < 20_000
