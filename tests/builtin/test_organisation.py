"""The model of an organisation shows how to use it, and its examples are what they claim to be."""

from cxrules import Organisation, recommend


def test_examples_are_accepted_and_lead_somewhere() -> None:
    examples = Organisation.model_json_schema()["examples"]
    assert len(examples) >= 2
    for example in examples:
        organisation = Organisation.model_validate(example)
        assert organisation.model_dump(exclude_unset=True, mode="json") == example
        advice = recommend(example)
        assert not advice.incoherences
        assert advice.fired
    assert recommend(examples[0]).model
