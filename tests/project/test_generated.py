"""Generated files are up to date."""

import keyword
import typing

import pytest

import cxrules
from cxrules.builtin import typed_facts
from cxrules.language.facts import Kind
from tests import ROOT
from tools.generate import GENERATORS, find_stale


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.__name__)
def test_generators_name_files_of_the_project(generator: typing.Any) -> None:
    for name in generator():
        assert (ROOT / name).is_file(), f"{name} is missing: run `make generate`"


def test_generated_files_are_up_to_date() -> None:
    stale = [path.relative_to(ROOT).as_posix() for path, _ in find_stale()]
    assert not stale, "run `make generate`"


def test_the_enum_has_every_model_in_order() -> None:
    assert [(member.name, member.value) for member in cxrules.OwnershipModel] == [
        (model, model) for model in cxrules.RuleBase.builtin().models
    ]
    assert str(cxrules.OwnershipModel.cmo_owned) == "cmo_owned"


def test_the_typed_facts_are_those_of_the_vocabulary() -> None:
    hints = typing.get_type_hints(typed_facts.TypedFacts)
    facts = cxrules.RuleBase.builtin().vocabulary.facts
    assert list(hints) == list(facts)
    assert not typed_facts.TypedFacts.__required_keys__
    for name, fact in facts.items():
        assert not keyword.iskeyword(name)
        given = set(typing.get_args(hints[name]))
        assert type(None) in given
        if fact.kind is Kind.SET:
            given = set().union(*(typing.get_args(one) for one in given - {type(None)}))
        else:
            given -= {type(None)}
        literals = set().union(*(typing.get_args(one) for one in given))
        match fact.kind:
            case Kind.FLAG:
                assert given == {bool}
            case Kind.PERCENT:
                assert given == {float}
            case _:
                assert literals == set(fact.names)
