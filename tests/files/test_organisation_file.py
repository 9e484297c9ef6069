"""Organisation files: the cost of wrong ones, counted in steps."""

import json
from typing import Any

import pytest
import yaml

from cxrules import InvalidOrganisation, RuleBase, errors, recommend
from cxrules.errors import SHOWN
from cxrules.errors.near_names import find_closest
from cxrules.files.organisation_file import interpret
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.reader import LARGEST_YAML, parse_text
from tests import ROOT

MANY = {f"unknown_key_{number}": number for number in range(15_000)}
ALMOST_JSON = {  # each begins like JSON, is not valid, and is too large to be tried as YAML
    "a comma too many": (json.dumps(MANY)[:-1] + ",,}", "a text in double quotation marks is expected"),
    "a comma missing": (json.dumps(MANY)[:-1] + ' "x": 1}', "',' is expected"),
    "a colon missing": (json.dumps(MANY)[:-1] + ', "x" 1}', "':' is expected"),
    "a comment": (json.dumps(MANY, indent=1)[:-1] + "# more\n}", "',' is expected"),
    "a word": (json.dumps(MANY)[:-1] + ', "x": yes}', "a value is expected"),
    "a text without an end": (json.dumps(MANY)[:-1] + ', "x": "yes}', "this text is not closed"),
    "two documents": (json.dumps(MANY) * 2, "nothing more is expected"),
    "no end": ("[" + "[]," * 100_000, "a value is expected"),
    "too deep": ("[" * 200_000, "this is nested too deeply"),
}
NO_JSON = {
    "keys": "".join(f"{name}: 1\n" for name in MANY),
    "brackets": "# facts\n[" + "[]," * 100_000,
    "one word": "x" * 300_000,
}


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of YAML events read."""
    counted = [0]
    read: Any = yaml.SafeLoader.get_event

    def get_event(loader: yaml.SafeLoader) -> object:
        counted[0] += 1
        return read(loader)

    monkeypatch.setattr(yaml.SafeLoader, "get_event", get_event)
    return counted


@pytest.mark.parametrize("kind", ALMOST_JSON)
def test_a_large_file_that_is_almost_json_is_reported_as_json(events: list[int], kind: str) -> None:
    text, told = ALMOST_JSON[kind]
    with pytest.raises(InvalidOrganisation) as caught:
        interpret(text, "x.json", RuleBase.builtin().vocabulary)
    (found,) = caught.value.diagnostics
    assert (found.code, told in found.message) == ("yaml-syntax", True), found
    assert found.location.line
    assert events == [0]


@pytest.mark.parametrize("kind", NO_JSON)
def test_the_size_of_yaml_about_one_organisation_is_limited(events: list[int], kind: str) -> None:
    with pytest.raises(InvalidOrganisation, match=r"longer than 256 KB.*split it, or write JSON"):
        interpret(NO_JSON[kind], "x.yaml", RuleBase.builtin().vocabulary)
    assert events == [0]


def test_the_size_of_knowledge_files_has_a_higher_limit(events: list[int]) -> None:
    report = MistakeCollector()
    assert parse_text("- x\n" * (LARGEST_YAML // 4 + 1), "x.yaml", report) is None
    assert "longer than 2 MB" in str(next(iter(report.in_order())))
    assert events == [0]


def test_a_small_file_that_is_almost_json_is_read_as_yaml() -> None:
    text = "{\n\t'silos': severe, # nobody talks\n}"
    assert interpret(text, "x.json", RuleBase.builtin().vocabulary).facts == {"silos": "severe"}


def test_suggestions_are_computed_only_for_shown_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    closest = find_closest.__wrapped__

    def count(word: str, known: tuple[str, ...]) -> str | None:
        nonlocal asked
        asked += 1
        return closest(word, known)

    monkeypatch.setattr(errors, "find_closest", count)
    for wrong in (json.dumps(MANY), json.dumps({"facts": MANY}), json.dumps({"marketing_journey_coverage": [*MANY]})):
        asked = 0
        with pytest.raises(InvalidOrganisation) as caught:
            interpret(wrong, "x.json", RuleBase.builtin().vocabulary)
        assert len(caught.value.diagnostics) == len(MANY)
        assert asked <= SHOWN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ceo_involvment: champion", "x.yaml:3:1: ceo_involvment: .* 'ceo_involvement'"),
        ("Silos: none", "x.yaml:3:1: Silos: .* 'silos'"),
        ("CEO involvement: champion", "x.yaml:3:1: CEO involvement: .* 'ceo_involvement'"),
        ("mroale: high", "x.yaml:3:1: mroale: .* 'morale'"),
        ("skipped: scope", r"x.yaml:3:10: skipped: a list of facts is expected.* write skipped: \[scope\]"),
        ("skipped: [scope, sillos]", "x.yaml:3:18: skipped: no such fact: 'sillos'.* did you mean 'silos'"),
        ("skipped: [[scope]]", "x.yaml:3:11: skipped: no such fact"),
        ("skiped: [scope]", "x.yaml:3:1: skiped: this lists facts .*'skipped' .unknown-key.; write skipped, or rename"),
    ],
)
def test_what_is_beside_the_facts_is_a_label_or_refused(text: str, said: str) -> None:
    """The kind: a fact or a skipped fact that is swallowed, because it is misspelt outside of `facts`."""
    with pytest.raises(InvalidOrganisation, match=said):
        interpret(f"facts:\n  silos: severe\n{text}\n", "x.yaml", RuleBase.builtin().vocabulary)


def test_labels_and_everything_in_an_answer_may_be_beside_the_facts() -> None:
    ordinary = (ROOT / "tests/data/ordinary_names.txt").read_text("utf-8").split()
    labels = {name: "x" for name in ordinary if name != "facts"}
    answer = recommend(silos="severe").model_dump(mode="json", id=True, texts=True)
    for text in (json.dumps({**labels, "facts": {"silos": "severe"}}), json.dumps(answer)):
        assert interpret(text, "x.json", RuleBase.builtin().vocabulary).facts == {"silos": "severe"}
    assert interpret("facts: {}\nskipped:\n", "x.yaml", RuleBase.builtin().vocabulary).skipped == ()


@pytest.mark.parametrize("key", ["Facts", "fact", "FACTS", "fatcs"])
def test_a_misspelt_key_of_the_facts_gets_a_suggestion(key: str) -> None:
    with pytest.raises(InvalidOrganisation, match=r"no such fact.*did you mean 'facts'\?"):
        interpret(f"{key}: {{silos: severe}}", "x.yaml", RuleBase.builtin().vocabulary)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "marketing_journey_coverage:\n- loyalty\n- no\n- retentoin\nmaturity: early\n",
            [(3, 3, "YAML reads no as false [unquoted-boolean]; known: 'awareness'"), (4, 3, "'retentoin'")],
        ),
        (
            '{"marketing_journey_coverage": [5, "loyalty",\n ["x"]], "maturity": 1}',
            [(1, 33, "value: 5"), (2, 2, "'x'"), (2, 22, "1")],
        ),
        ("retention_budget_share: .nan\n", [(1, 25, "; leave the fact out")]),
        ("maturity: &a !!str early\n", [(1, 11, "remove the tag"), (1, 11, "remove &a")]),
        ("maturity: &a erly\n", [(1, 11, "an anchor is not allowed [yaml-feature]; remove &a")]),
        ("maturity: late\n---\nsilos: none\n", [(1, 11, "'late'"), (2, 1, "remove the ---")]),
        (
            "facts: early\nmaturity: late\nskipped: 5\n",
            [(1, 8, "under facts"), (2, 1, "move it under facts"), (3, 10, "a list of facts")],
        ),
    ],
    ids=["words", "elements", "not a number", "anchor and tag", "anchor", "documents", "no facts"],
)
def test_every_mistake_is_told_at_its_place(text: str, told: list[tuple[int, int, str]]) -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        interpret(text, "x", RuleBase.builtin().vocabulary)
    found = caught.value.diagnostics
    assert [(each.location.line, each.location.column) for each in found] == [(line, at) for line, at, _ in told]
    for each, (*_, part) in zip(found, told, strict=True):
        assert part in str(each)
        assert "None" not in str(each)
