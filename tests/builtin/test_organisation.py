"""`Organisation` shows how to use it, and its examples are valid."""

from cxrules import Organisation, recommend


def test_examples_are_accepted_and_make_rules_fire() -> None:
    examples = Organisation.model_json_schema()["examples"]
    assert len(examples) >= 2
    for example in examples:
        organisation = Organisation.model_validate(example)
        assert organisation.model_dump(exclude_unset=True, mode="json") == example
        advice = recommend(example)
        assert not advice.incoherences
        assert advice.fired
    assert recommend(examples[0]).model


def test_unknown_facts_are_not_shown() -> None:
    organisation = Organisation(silos="severe", maturity=None, marketing_journey_coverage=["loyalty"])
    assert repr(organisation) == "Organisation(silos='severe', marketing_journey_coverage=('loyalty',))"
    assert repr(Organisation()) == "Organisation()"
    assert organisation.model_fields_set == {"silos", "maturity", "marketing_journey_coverage"}
