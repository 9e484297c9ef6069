"""YAML → RuleBase → canonical JSON → RuleBase, and files on top of a rule base."""

import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxrules.errors import InvalidKnowledge
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.reader import parse_text
from cxrules.language.rules import AnyOf, FactTest, FindingTest, Operator
from cxrules.rulebase import RuleBase
from tests import DATA, ROOT

BUILTIN = ROOT / "src" / "cxrules" / "builtin" / "builtin.json"
SMALL = DATA / "small_base"
RULE = """rules:
  - id: {id}
    because: [S2-1]
    rationale: {rationale}
    when: {{soil: wet}}
    then: [{{opposes: gardener}}]
"""


@pytest.fixture(scope="module")
def small() -> RuleBase:
    return RuleBase.load(SMALL)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def list_codes(error: InvalidKnowledge) -> list[str]:
    return [diagnostic.code for diagnostic in error.diagnostics]


# --- content


def test_everything_is_loaded(small: RuleBase) -> None:
    assert small.name == "small"
    assert list(small.vocabulary.facts) == ["soil", "place", "can_at_hand", "budget_share", "light"]
    assert small.vocabulary["soil"].names == ("dry", "moist", "wet")
    assert small.vocabulary["place"].immutable
    assert small.vocabulary["can_at_hand"].state(value=False) == "there is no can"
    assert list(small.models) == ["gardener", "robot", "rain"]
    assert small.models["gardener"].requires == ("gardener_equipped",)
    assert small.claims["S1-5"].set_aside
    assert small.policy.lead == 2
    assert len(small.rules) == 9


def test_tests_have_one_form(small: RuleBase) -> None:
    assert small.rules["thirst"].when == (FactTest("soil", Operator.IS, "dry"),)
    assert small.rules["can-at-hand"].when == (FactTest("can_at_hand", Operator.IS, operand=True),)
    assert small.rules["thirst-calls"].when == (FindingTest("plants_thirsty"),)
    assert small.rules["drowning"].when == (
        FactTest("soil", Operator.AT_LEAST, "moist"),
        FactTest("soil", Operator.AT_MOST, "moist"),
    )
    assert small.rules["no-budget"].when == (
        FactTest("budget_share", Operator.BELOW, 1),
        FactTest("light", Operator.LACKS_ALL, ("lamp", "neon")),  # in the order of the vocabulary
    )
    assert small.rules["robot-in-the-light"].when == (
        AnyOf(
            (
                (FactTest("light", Operator.INCLUDES_ANY, ("sun", "lamp")),),
                (
                    FactTest("budget_share", Operator.AT_LEAST, 20),
                    FactTest("budget_share", Operator.BELOW, 80),
                    FactTest("soil", Operator.IN, ("dry", "moist")),
                ),
            )
        ),
    )
    assert small.rules["rain-is-free"].when == ()


def test_the_weights_of_the_engineer_are_read(small: RuleBase) -> None:
    engineer = small.rules["robot-in-the-light"].engineer
    assert (engineer.points, engineer.points_reason) == (2, "The author is shy.")
    assert small.rules["rain-is-free"].engineer.evidence
    assert small.standing == {"rain-is-free"}


# --- order and layout have no meaning


def test_the_layout_of_files_has_no_meaning(small: RuleBase, tmp_path: Path) -> None:
    for index, path in enumerate(sorted(SMALL.rglob("*.yaml"), reverse=True)):
        shutil.copy(path, tmp_path / f"{index}.yml")
    write(tmp_path / ".hidden.yaml", "nonsense: [")
    write(tmp_path / "README.md", "not read")
    assert RuleBase.load(tmp_path) == small


def test_the_order_of_paths_has_no_meaning(small: RuleBase) -> None:
    paths = sorted(SMALL.rglob("*.yaml"))
    for seed in range(5):
        random.Random(seed).shuffle(paths)
        assert RuleBase.load(*paths, paths[0]) == small


def test_the_order_of_rules_and_claims_has_no_meaning(small: RuleBase, tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "other")
    for path in (tmp_path / "other").rglob("*.yaml"):
        content = yaml.safe_load(path.read_text())
        for items in content.values():
            if isinstance(items, list):
                items.reverse()
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    assert next(iter(yaml.safe_load((tmp_path / "other" / "sources.yaml").read_text())["sources"]))["id"] == "S2"
    assert RuleBase.load(tmp_path / "other") == small


def test_the_order_of_models_has_a_meaning(small: RuleBase, tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "other")
    path = tmp_path / "other" / "models.yaml"
    text = path.read_text()
    robot = re.search(r"  robot:\n(    .*\n)+", text)
    assert robot
    path.write_text(text.replace(robot[0], "").replace("models:\n", "models:\n" + robot[0]))
    other = RuleBase.load(tmp_path / "other")
    assert list(other.models) == ["robot", "gardener", "rain"]
    assert other != small


# --- files on top of a rule base


def test_an_item_with_a_new_id_is_added(small: RuleBase, tmp_path: Path) -> None:
    rulebase = RuleBase.load(write(tmp_path / "mine.yaml", RULE.format(id="flood", rationale="Mine.")), base=small)
    assert rulebase.name == "small+mine"
    assert rulebase.rules.keys() - small.rules.keys() == {"flood"}
    assert all(rulebase.rules[name] == rule for name, rule in small.rules.items())
    assert rulebase != small


def test_an_item_with_a_known_id_is_replaced(small: RuleBase, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.yaml", RULE.format(id="no-can", rationale="Mine."))
    rulebase = RuleBase.load(path, base=small)
    assert rulebase.rules.keys() == small.rules.keys()
    assert rulebase.rules["no-can"].rationale == "Mine."
    assert small.rules["no-can"].rationale != "Mine."


def test_a_fact_replaced_keeps_its_place(small: RuleBase, tmp_path: Path) -> None:
    text = (SMALL / "facts.yaml").read_text().replace("How wet is the soil?", "Is it wet?")
    facts = re.sub(r"^  place:\n(?s:.*)", "", text, flags=re.MULTILINE)
    rulebase = RuleBase.load(write(tmp_path / "facts.yaml", facts), base=small)
    assert list(rulebase.vocabulary.facts) == list(small.vocabulary.facts)
    assert rulebase.vocabulary["soil"].question == "Is it wet?"


def test_policy_and_name_may_be_replaced_alone(small: RuleBase, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.yaml", "name: strict\npolicy: {minimum_evidence: 5, lead: 3}\n")
    rulebase = RuleBase.load(path, base=small)
    assert (rulebase.name, rulebase.policy.minimum_evidence, rulebase.policy.lead) == ("strict", 5, 3)
    assert rulebase.models == small.models


def test_files_may_extend_files(small: RuleBase, tmp_path: Path) -> None:
    first = RuleBase.load(write(tmp_path / "one.yaml", RULE.format(id="flood", rationale="One.")), base=small)
    second = RuleBase.load(write(tmp_path / "two.yaml", RULE.format(id="flood", rationale="Two.")), base=first)
    assert second.name == "small+one+two"
    assert second.rules["flood"].rationale == "Two."


def test_mistakes_that_arise_in_the_base_are_named(small: RuleBase, tmp_path: Path) -> None:
    text = (SMALL / "facts.yaml").read_text()
    soil = re.sub(r"^  place:\n(?s:.*)", "", text, flags=re.MULTILINE).replace("dry:", "parched:")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(write(tmp_path / "facts.yaml", soil), base=small)
    lines = [str(diagnostic) for diagnostic in caught.value.diagnostics]
    assert "<base>: rules thirst: 'soil' has no value 'dry' [unknown-value]; known: 'parched', 'moist', 'wet'" in lines
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {"unknown-value"}


def test_a_second_whole_rule_base_needs_no_base(tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "plants")
    path = tmp_path / "plants" / "models.yaml"
    path.write_text(path.read_text().replace("name: small\n", ""))
    assert RuleBase.load(tmp_path / "plants").name == "plants"


# --- all mistakes at once


def test_many_mistakes_are_reported_at_once_and_in_order(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(SMALL, broken)
    spoil(broken / "facts.yaml", "use: colours", "use: colors")
    spoil(broken / "models.yaml", "requires: [gardener_equipped]", "requires: [gardener_equiped]")
    spoil(broken / "claims" / "S1.yaml", "tone: hedged", "tone: hedgy")
    spoil(broken / "rules" / "gardener.yaml", "when: {soil: dry}", "when: {soil: drie}")
    spoil(broken / "rules" / "others.yaml", "warning: drowned", "warning: [drowned]")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(broken)
    error = caught.value
    places = [diagnostic.location for diagnostic in error.diagnostics]
    assert places == sorted(places, key=lambda place: (place.file, place.line, place.column))
    assert list_codes(error) == ["unknown-word", "unknown-word", "unknown-finding", "unknown-value", "wrong-type"]
    assert "did you mean 'gardener_equipped'?" in str(error)
    assert f"{broken}/models.yaml:9:16: " in str(error)


def test_a_name_twice_in_a_list_is_refused_in_every_list(tmp_path: Path) -> None:
    """The kind: a list of names or numbers, wherever in the files of a rule base."""
    whole = tmp_path / "whole"
    shutil.copytree(SMALL, whole)
    spoil(whole / "facts.yaml", "topic: the can", "topic: the can\n    asked_if: {place: [desk, roof]}")
    tried = 0
    for file in sorted(whole.rglob("*.yaml")):
        text = file.read_text("utf-8")
        plain = yaml.safe_load(text)
        for found in list_lists(plain):
            if found and not isinstance(found[0], dict):
                found.insert(0, found[0])
                file.write_text(yaml.safe_dump(plain, sort_keys=False), "utf-8")
                with pytest.raises(InvalidKnowledge) as caught:
                    RuleBase.load(whole)
                assert list_codes(caught.value) == ["duplicate-value"], found
                del found[0]
                tried += 1
        file.write_text(text, "utf-8")
    assert tried >= 10


def list_lists(plain: object) -> Iterator[list[Any]]:
    if isinstance(plain, list):
        yield plain
    for inner in plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ():
        yield from list_lists(inner)


@pytest.mark.parametrize("values", ["[]", "[desk, desc]", "[desk, desk]", "[true]"])
def test_the_values_of_a_premise_are_checked(tmp_path: Path, values: str) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(SMALL, whole)
    spoil(whole / "facts.yaml", "topic: the can", f"topic: the can\n    asked_if: {{place: {values}}}")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(whole)
    code = {"[]": "empty-test", "[desk, desc]": "unknown-value", "[desk, desk]": "duplicate-value"}
    assert list_codes(caught.value) == [code.get(values, "wrong-type")]


@pytest.mark.parametrize(
    ("when", "hint"),
    [
        ("{budget_share: {at_most: 20}}", "for a percentage, write {at_least: …} or {below: …}"),
        ("{soil: 3}", ""),
        ("{place: [true]}", ""),
    ],
)
def test_no_hint_advises_what_would_be_wrong_too(tmp_path: Path, when: str, hint: str) -> None:
    """The kind: a number or a truth value where only the name of a value can be; quotation marks make it no name."""
    broken = tmp_path / "broken"
    shutil.copytree(SMALL, broken)
    spoil(broken / "rules" / "gardener.yaml", "when: {soil: dry}", f"when: {when}")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(broken)
    (diagnostic,) = caught.value.diagnostics
    assert 'write "' not in diagnostic.hint
    assert hint in diagnostic.hint


def test_a_broken_file_hides_no_mistakes_and_causes_no_others(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(SMALL, broken)
    spoil(broken / "claims" / "S1.yaml", "source: S1", "source: [S1")
    spoil(broken / "rules" / "gardener.yaml", "when: {soil: dry}", "when: {soil: drie}")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(broken)
    assert list_codes(caught.value) == ["yaml-syntax", "unknown-value"]


def test_a_broken_rule_is_not_also_reported_as_missing(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(SMALL, broken)
    spoil(broken / "rules" / "gardener.yaml", "rationale: Dry soil is what thirst is.", "rational: Thirst.")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(broken)
    assert list_codes(caught.value) == ["missing-key", "unknown-key"]


def test_a_folder_without_files_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(tmp_path)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["no-files"]


def test_loading_no_paths_is_an_error() -> None:
    with pytest.raises(TypeError, match="a folder or a file"):
        RuleBase.load()


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))


# --- strict YAML


@pytest.mark.parametrize("text", ["a: {b: [1, 2.5, -3, x]}", "- a\n- true\n- 'yes'", "plain", "a: |\n  two\n  lines\n"])
def test_plain_yaml_is_read_as_pyyaml_reads_it(text: str) -> None:
    report = MistakeCollector()
    node = parse_text(text, "x.yaml", report)
    assert node is not None
    assert not report
    assert node.plain() == yaml.safe_load(text)


@pytest.mark.parametrize(
    "word", ["yes", "No", "ON", "off", "True", "FALSE", "~", "null", "010", "0x1F", "1_000", "12:30"]
)
def test_values_that_yaml_would_guess_are_refused(word: str) -> None:
    report = MistakeCollector()
    node = parse_text(f"a: {word}", "x.yaml", report)
    assert node is not None
    assert node.plain() == {"a": word}
    (diagnostic,) = report.in_order()
    assert (diagnostic.location.line, diagnostic.location.column) == (1, 4)


def test_a_byte_order_mark_is_allowed(small: RuleBase, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + RULE.format(id="flood", rationale="Mine.").encode())
    assert "flood" in RuleBase.load(path, base=small).rules


# --- the canonical form


def check_round_trip(rulebase: RuleBase) -> None:
    text = rulebase.to_json()
    again = RuleBase.from_json(text)
    assert again.to_json() == text
    assert again.revision == rulebase.revision
    for name in ("name", "vocabulary", "impossible", "sources", "claims", "models", "accompaniments"):
        assert getattr(again, name) == getattr(rulebase, name)
    for name in ("patterns", "findings", "actions", "warnings", "rules", "policy"):
        assert getattr(again, name) == getattr(rulebase, name)
    assert RuleBase.from_json(text.encode()) == rulebase
    assert pickle.loads(pickle.dumps(rulebase)) == rulebase  # noqa: S301 - what was just pickled


def test_the_canonical_form_is_complete(small: RuleBase) -> None:
    check_round_trip(small)


def test_the_canonical_form_has_no_places(small: RuleBase) -> None:
    text = small.to_json()
    assert text == RuleBase.load(SMALL).to_json()
    assert str(SMALL) not in text
    assert ".yaml" not in text
    assert text.endswith("}\n")


def test_a_changed_copy_has_a_different_revision(small: RuleBase) -> None:
    assert small.revision
    changes: dict[str, Any] = {
        "name": "other",
        "policy": replace(small.policy, lead=small.policy.lead + 1),
        "impossible": (),
        "rules": {name: rule for name, rule in small.rules.items() if name != "thirst"},
        "findings": {**small.findings, "plants_thirsty": "otherwise"},
    }
    for name, value in changes.items():
        other = replace(small, **{name: value})
        assert other != small, name
        assert other.revision == sha256(other.to_json().encode()).hexdigest()
    assert replace(small) == small
    assert "revision" not in {field.name for field in fields(small)}


@pytest.mark.skipif(not BUILTIN.exists(), reason="the built-in rule base is not generated yet")
def test_the_builtin_rule_base_is_up_to_date() -> None:
    builtin = RuleBase.builtin()
    assert builtin is RuleBase.builtin()
    assert builtin.name == "cxrules"
    assert BUILTIN.read_text(encoding="utf-8") == RuleBase.load(ROOT / "knowledge").to_json(), "run `make generate`"
    check_round_trip(builtin)


@pytest.mark.skipif(not BUILTIN.exists(), reason="the built-in rule base is not generated yet")
def test_the_builtin_rule_base_needs_no_yaml() -> None:
    code = (
        "import sys; from cxrules.rulebase import RuleBase; RuleBase.builtin();"
        "print([name for name in ('yaml', 'pydantic') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_the_revision_does_not_depend_on_the_hash_seed(small: RuleBase) -> None:
    code = f"from cxrules.rulebase import RuleBase; print(RuleBase.load({str(SMALL)!r}).revision)"
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert run.stdout.strip() == small.revision


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-a-rule-base"),
        ("[]", "not-a-rule-base"),
        ("{}", "not-a-rule-base"),
        ("nonsense", "not-a-rule-base"),
        ('{"format": 1}', "not-a-rule-base"),
        ('{"format": 99}', "other-format"),
        ('{"format": "1"}', "other-format"),
        ('{"format": true}', "other-format"),
        ("[" * 100_000, "not-a-rule-base"),
        (b"\xff", "not-a-rule-base"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_that_is_not_a_rule_base_is_refused(text: str | bytes, code: str) -> None:
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.from_json(text)
    assert list_codes(caught.value) == [code]


@pytest.mark.parametrize("given", [5, None, {"format": 1}, Path("base.json")], ids=str)
def test_from_json_says_that_it_expects_text(given: Any) -> None:
    with pytest.raises(TypeError, match="a str or bytes, not "):
        RuleBase.from_json(given)


def test_another_layout_is_not_canonical(small: RuleBase) -> None:
    for text in (json.dumps(json.loads(small.to_json())), small.to_json() + " "):
        with pytest.raises(InvalidKnowledge) as caught:
            RuleBase.from_json(text)
        assert list_codes(caught.value) == ["not-canonical"]


# --- any content

PIECES = [
    "true",
    "null",
    "[]",
    "{}",
    "~",
    "3",
    "-1",
    "1e999",
    ".nan",
    "x",
    "''",
    "any_of",
    "soil",
    "&a ",
    "*a",
    "!!str ",
    "- ",
    "? ",
]
PIECES += [
    "\n",
    "  ",
    ": ",
    "---\n",
    "# ",
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    ",",
    "\t",
    "\x00",
    "\ud800",
    "\N{NO-BREAK SPACE}",
    "%",
    "@",
    "|",
    ">",
    '"\\ud800"',
]


@st.composite
def spoilt_files(draw: st.DrawFn) -> tuple[Path, str]:
    """Draw a good file and spoil it in a few places."""
    path = draw(st.sampled_from(sorted(SMALL.rglob("*.yaml"))))
    text = path.read_text()
    for _ in range(draw(st.integers(1, 4))):
        words = [match.span() for match in re.finditer(r"[\w-]+|[^\w\s]|\n", text)] or [(0, 0)]
        start, end = draw(st.sampled_from(words))
        other = draw(st.sampled_from(words))
        new = draw(st.sampled_from([*PIECES, text[slice(*other)], ""]))
        text = text[:start] + new + text[end:]
    return path, text


@given(spoilt_files())
def test_a_spoilt_file_loads_or_is_refused(
    small: RuleBase, tmp_path_factory: pytest.TempPathFactory, spoilt: tuple[Path, str]
) -> None:
    path, text = spoilt
    folder = tmp_path_factory.mktemp("spoilt")
    file = folder / path.name
    file.write_bytes(text.encode(errors="surrogatepass"))
    others = [other for other in sorted(SMALL.rglob("*.yaml")) if other != path]
    for paths, base in (([file, *others], None), ([file], small)):
        try:
            rulebase = RuleBase.load(*paths, base=base)
        except InvalidKnowledge as error:
            assert error.diagnostics  # noqa: PT017 - either outcome is right
            for diagnostic in error.diagnostics:
                assert diagnostic.location.file
                assert str(diagnostic)
        else:
            check_round_trip(rulebase)
            assert rulebase.strata
    shutil.rmtree(folder)


@given(st.data())
def test_spoilt_json_is_read_or_refused(small: RuleBase, data: st.DataObject) -> None:
    plain = json.loads(small.to_json())
    at, step = plain, data.draw(st.sampled_from(sorted(plain)))
    while isinstance(at[step], dict | list) and at[step] and data.draw(st.integers(0, 5)):
        at = at[step]
        step = (
            data.draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else data.draw(st.integers(0, len(at) - 1))
        )
    at[step] = data.draw(st.sampled_from([None, True, 1, -1.5, "x", [], {}, [1], {"x": 1}, [[]], [{}], {"x": []}]))
    with pytest.raises(InvalidKnowledge):
        RuleBase.from_json(json.dumps(plain))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (
            RULE.format(id="a", rationale="x\n    zzz: 1").replace("wet", "wat").replace("gardener", "gardner"),
            ["unknown-key", "unknown-value", "unknown-model"],
        ),
        (
            RULE.format(id="a", rationale="x").replace("rationale", "rational").replace("[S2-1]", "[S9-1]"),
            ["missing-key", "unknown-claim", "unknown-key"],
        ),
        (
            "models:\n  rain:\n    name: Rain\n    says: ' x'\n    zzz: 1\n    requires: [nothing]\n",
            ["empty-text", "unknown-key", "unknown-finding"],
        ),
        (
            RULE.format(id="a", rationale="x").replace("soil: wet", "soil: {at_least: dryy, atmost: moist}"),
            ["unknown-value", "unknown-key"],
        ),
        (
            RULE.format(id="a", rationale="x").replace("gardener", "gardner, zzz: 1}, {action: no_such"),
            ["unknown-model", "unknown-key", "unknown-action"],
        ),
        (
            RULE.format(id="a", rationale="x").replace("because: [S2-1]", "becuase: [S9-1]").replace("when:", "wen:"),
            ["missing-key", "rule-without-claim", "unknown-key", "unknown-claim", "unknown-key"],
        ),
    ],
    ids=["key", "misspelt key", "text", "key in a test", "keys in conclusions", "keys that are needed"],
)
def test_a_mistake_of_form_hides_none_of_meaning(text: str, codes: list[str], small: RuleBase, tmp_path: Path) -> None:
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(write(tmp_path / "more.yaml", text), base=small)
    assert [each.code for each in caught.value.diagnostics if each.code != "model-never-supported"] == codes


@pytest.mark.parametrize(
    ("file", "key", "wrong"),
    [
        ("sources.yaml", "file", "fiel"),
        ("sources.yaml", "file", "text"),
        ("sources.yaml", "paragraphs", "paragraph"),
        ("sources.yaml", "paragraphs", "lines"),
        ("claims/S1.yaml", "set_aside", "set-aside"),
        ("models.yaml", "requires", "require"),
        ("rules/others.yaml", "engineer", "enginer"),
        ("rules/others.yaml", "prefers", "prefer"),
        ("rules/others.yaml", "over", "ovr"),
        ("rules/others.yaml", "lacks_all", "lack_all"),
    ],
)
def test_nothing_follows_from_an_unknown_key(file: str, key: str, wrong: str, tmp_path: Path) -> None:
    """The kind: what is under a misspelt key is missed elsewhere."""
    shutil.copytree(SMALL, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text("utf-8")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if f"{key}:" in each)
    write(tmp_path / file, text.replace(f"{key}:", f"{wrong}:", 1))
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(tmp_path)
    assert [(each.code, each.location.line) for each in caught.value.diagnostics] == [("unknown-key", line)]


def test_a_misspelt_any_of_is_told_once_at_its_place(small: RuleBase, tmp_path: Path) -> None:
    text = RULE.format(id="a", rationale="x").replace("soil: wet", "anyof: [{soil: wet}, {place: desk}]")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(write(tmp_path / "more.yaml", text), base=small)
    assert [(each.code, each.hint) for each in caught.value.diagnostics] == [("unknown-fact", "did you mean 'any_of'?")]
    assert caught.value.diagnostics[0].location.column == text.splitlines()[4].index("anyof") + 1


def test_what_is_under_a_misspelt_key_is_checked_at_its_place(small: RuleBase, tmp_path: Path) -> None:
    text = RULE.format(id="a", rationale="x").replace("opposes: gardener", "prefers: rain, ovr: [gardner]")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(write(tmp_path / "more.yaml", text), base=small)
    line = text.splitlines()[-1]
    told = [(each.code, line[each.location.column - 1 :].split()[0]) for each in caught.value.diagnostics]
    assert told == [("unknown-key", "ovr:"), ("unknown-model", "gardner]}]")]


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ("{can_at_hand: [true]}", "a flag or a finding is tested outside a list: write true"),
        ("{soil: {at_least: [dry]}}", "a value or a number is expected here, not a list"),
        ("{budget_share: {below: '20 %'}}", "write 20"),
        ("{soil: null}", "a value is missing here [null-value]; known: 'dry', 'moist', 'wet'"),
        ("{soil: [dry, ~]}", "a value is missing here [null-value]; known: 'dry', 'moist', 'wet'"),
        ("{can_at_hand: }", "a value is missing here [null-value]; write true or false"),
        ("~", "a value is missing here [null-value]; write a value, or leave the key out"),
        ("{budget_share: {below: '1,000'}}", "write a decimal number"),
    ],
)
def test_a_suggestion_replaces_a_test_of_the_wrong_kind(tests: str, told: str, small: RuleBase, tmp_path: Path) -> None:
    text = RULE.format(id="a", rationale="x").replace("{soil: wet}", tests)
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(write(tmp_path / "more.yaml", text), base=small)
    assert told in str(caught.value)
