"""The canonical form is checked as the files of authors are, and nothing in it is executed."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cxrules import Advisor, recommend
from cxrules.errors import InvalidKnowledge
from cxrules.language import canonical
from cxrules.language.circles import find_circles
from cxrules.language.facts import Vocabulary
from cxrules.language.rules import Conclusion, Effect, FactTest, FindingTest, Operator, Policy
from cxrules.rulebase import RuleBase
from cxrules.verification import diff, verify
from tests import DATA

SMALL = RuleBase.load(DATA / "small_base")
Step = str | int


def write(plain: dict[str, Any]) -> str:
    """The text of a rule base in the layout of the canonical form, valid or not."""
    sections = (f"{json.dumps(key)}:{canonical._write_section(value)}" for key, value in plain.items())
    return "{\n" + ",\n".join(sections) + "\n}\n"


def find(plain: Any, path: tuple[Step, ...]) -> Any:
    for step in path:
        if isinstance(plain, list) and isinstance(step, str):
            plain = next(item for item in plain if item["id"] == step)
        else:
            plain = plain[step]
    return plain


def put(*path: Step, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        find(plain, path[:-1])[path[-1]] = value

    return change


def drop(*path: Step) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        del find(plain, path[:-1])[path[-1]]

    return change


ENGINE = {
    "kind": "percent",
    "use": "warns",
    "question": "How much?",
    "topic": "how much",
    "says": "it is {value} %",
    "change": {"effort": 1},
}
# A change of a valid rule base, and the message that must follow.
MEANINGLESS: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("value-out-of-range", put("policy", "lead", value=-1)),
    ("unknown-claim", put("rules", "thirst", "because", value=["S1-99"])),
    ("unknown-source", drop("sources", 0)),
    ("unknown-model", drop("models", "rain")),
    ("unknown-finding", put("models", "robot", "requires", value=["nothing_known"])),
    ("unknown-fact", drop("facts", "soil")),
    ("unknown-value", put("rules", "thirst", "when", value=[{"soil": "sandy"}])),
    ("wrong-type", put("rules", "can-at-hand", "when", value=[{"can_at_hand": "true"}])),
    ("wrong-type", put("rules", "thirst", "when", value=[{"soil": {"at_least": 3}}])),
    ("wrong-type", put("rules", "thirst", "when", value=[{"light": {"includes_any": "sun"}}])),
    ("wrong-operator", put("rules", "thirst", "when", value=[{"soil": {"below": 3}}])),
    ("wrong-operator", put("rules", "thirst", "when", value=[{"budget_share": 20}])),
    ("value-out-of-range", put("rules", "thirst", "when", value=[{"budget_share": {"below": 101}}])),
    ("empty-test", put("rules", "thirst", "when", value=[{"soil": []}])),
    ("empty-test", put("rules", "thirst", "when", value=[{"any_of": [[{"soil": "dry"}]]}])),
    ("idle-test", put("rules", "thirst", "when", value=[{"any_of": [[{"soil": "dry"}], []]}])),
    ("nested-any-of", put("rules", "thirst", "when", value=[{"any_of": [[{"soil": "dry"}], [{"any_of": []}]]}])),
    ("duplicate-key", put("rules", "thirst", "when", value=[{"soil": "dry"}, {"soil": "dry"}])),
    ("duplicate-key", put("rules", "thirst", "when", value=[{"soil": "dry"}, {"soil": {"at_most": "moist"}}])),
    ("finding-negated", put("rules", "thirst-calls", "when", value=[{"plants_thirsty": "false"}])),
    ("finding-cycle", put("rules", "thirst", "when", value=[{"plants_thirsty": True}])),
    ("finding-never-concluded", put("findings", "never", value="it is never")),
    ("name-clash", put("findings", "soil", value="there is soil")),
    ("rule-without-claim", put("rules", "thirst", "because", value=[])),
    ("empty-list", put("rules", "thirst", "then", value=[])),
    ("unknown-action", put("rules", "thirst", "then", value=[{"action": "dig"}])),
    ("contradictory-conclusions", put("rules", "thirst", "then", value=[{"supports": "rain"}, {"excludes": "rain"}])),
    ("prefers-without-over", put("rules", "thirst", "then", value=[{"prefers": "rain"}])),
    ("over-without-prefers", put("rules", "thirst", "then", value=[{"supports": "rain", "over": ["robot"]}])),
    ("preference-cycle", put("rules", "thirst", "then", value=[{"prefers": "rain", "over": ["rain"]}])),
    ("control-character", put("rules", "thirst", "rationale", value="\x1b[2J")),
    ("control-character", put("actions", "water", value="Water.\nDecision: robot")),
    ("empty-text", put("models", "robot", "says", value="")),
    ("wrong-template", put("facts", "budget_share", "says", value="{value:>900000000}")),
    ("wrong-template", put("facts", "budget_share", "says", value="{value.__class__} and {value}")),
    ("wrong-template", put("facts", "light", "says", value="{{values}} {values}")),
    ("values-missing", put("facts", "soil", "values", value={"dry": {"label": "dry", "says": "it is dry"}})),
    ("reserved-name", put("facts", "engine", value=ENGINE)),
    ("bad-fingerprint", put("claims", "S1-1", "fingerprint", value="0")),
    ("file-elsewhere", put("sources", "S1", "file", value="/etc/passwd")),
    ("file-elsewhere", put("sources", "S1", "file", value="texts/../../passwd")),
    ("file-elsewhere", put("sources", "S1", "file", value="\\\\server\\share")),
    ("file-elsewhere", put("sources", "S1", "file", value="c:passwd")),
    ("paragraph-out-of-range", put("claims", "S1-1", "paragraphs", value=[99])),
    ("claim-of-another-source", put("claims", "S1-1", "source", value="S2")),
    ("unknown-word", put("models", "robot", "kind", value="king")),
    ("control-character", put("name", value="small\x1b[31m")),
    ("control-character", put("name", value="small\nlarge")),
    ("empty-text", put("name", value="")),
    ("empty-text", put("name", value=" small")),
    ("duplicate-value", lambda plain: plain["impossible"].append(plain["impossible"][0])),
    ("name-not-an-id", put("models", "Not a name", value={"name": "n", "says": "s", "kind": "owner"})),
]


@pytest.mark.parametrize(("code", "change"), MEANINGLESS)
def test_every_semantic_mistake_is_refused(code: str, change: Callable[[dict[str, Any]], None]) -> None:
    plain = json.loads(SMALL.to_json())
    assert write(plain) == SMALL.to_json()
    change(plain)
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.from_json(write(plain))
    assert code in [mistake.code for mistake in caught.value.diagnostics]
    for mistake in caught.value.diagnostics:
        assert mistake.location.path
        assert str(mistake).isprintable()


def test_all_semantic_mistakes_are_reported_at_once() -> None:
    plain = json.loads(SMALL.to_json())
    put("policy", "lead", value=-1)(plain)
    put("rules", "thirst", "when", value=[{"soil": "sandy"}])(plain)
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.from_json(write(plain))
    assert [str(mistake) for mistake in caught.value.diagnostics] == [
        "policy.policy.lead: this number must be at least 0 [value-out-of-range]",
        "rules.thirst.when.soil: 'soil' has no value 'sandy' [unknown-value]; known: 'dry', 'moist', 'wet'",
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("rules", "thirst", "because"), ["S1-2", "S1-1"]),
        (("rules", "no-budget", "when"), [{"light": {"lacks_all": ["neon", "lamp"]}}]),
        (("rules", "no-budget", "when"), [{"budget_share": {"below": 1.0}}]),
    ],
)
def test_one_meaning_has_one_form(path: tuple[Step, ...], value: Any) -> None:
    plain = json.loads(SMALL.to_json())
    put(*path, value=value)(plain)
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.from_json(write(plain))
    assert [mistake.code for mistake in caught.value.diagnostics] == ["not-canonical"]


def test_a_pickle_is_read_as_it_was_written() -> None:
    odd = replace(SMALL, rules={**SMALL.rules, "odd": replace(SMALL.rules["thirst"], id="odd", because=())})
    assert pickle.loads(pickle.dumps(odd)) == odd  # noqa: S301 - what was just pickled
    with pytest.raises(InvalidKnowledge):
        RuleBase.from_json(odd.to_json())


THIRST = SMALL.rules["thirst"]


def with_rule(**change: Any) -> dict[str, Any]:
    return {"rules": {**SMALL.rules, "thirst": replace(THIRST, **change)}}


# A change of the parts of a valid rule base, and the message that must follow.
MISFITS: list[tuple[str, dict[str, Any]]] = [
    ("unknown-model", {"models": {}}),
    ("unknown-claim", {"claims": {}}),
    ("unknown-source", {"sources": {}}),
    ("unknown-finding", {"findings": {}}),
    ("unknown-action", {"actions": {}}),
    ("unknown-warning", {"warnings": {}}),
    ("unknown-pattern", {"patterns": {}}),
    ("unknown-accompaniment", {"accompaniments": {}}),
    ("unknown-fact", {"vocabulary": Vocabulary({})}),
    ("value-out-of-range", {"policy": Policy(1, -1)}),
    ("unknown-fact", with_rule(when=(FactTest("sol", Operator.IS, "dry"),))),
    ("unknown-value", with_rule(when=(FactTest("soil", Operator.IS, "sandy"),))),
    ("wrong-type", with_rule(when=(FactTest("can_at_hand", Operator.IS, "true"),))),
    ("wrong-type", with_rule(when=(FactTest("budget_share", Operator.BELOW, "20"),))),
    ("wrong-type", with_rule(when=(FactTest("light", Operator.INCLUDES_ANY, (["sun"],)),))),  # type: ignore[arg-type]
    ("unknown-model", with_rule(then=(*THIRST.then, Conclusion(Effect.SUPPORTS, "nobody")))),
    ("finding-cycle", with_rule(when=(FindingTest("plants_thirsty"),))),
    ("rule-without-claim", with_rule(because=())),
    ("claims-of-two-articles", with_rule(because=("S1-1", "S2-1"))),
    ("control-character", {"name": "small\x1b[31m"}),
    ("control-character", {"warnings": {"drowned": "The plants\nmay drown."}}),
    ("unknown-model", {"serves": {"greet_plants": ("nobody",)}}),
]


@pytest.mark.parametrize(("code", "change"), MISFITS)
def test_parts_that_do_not_fit_together_are_refused(code: str, change: dict[str, Any]) -> None:
    made = replace(SMALL, **change)
    doors: list[Callable[[], object]] = [
        lambda: Advisor(made),
        lambda: Advisor(made, "bitmap"),
        lambda: recommend(rulebase=made),
        lambda: RuleBase.load(DATA / "small_base" / "rules" / "others.yaml", base=made),
        lambda: verify(made),
        lambda: diff(SMALL, made),
    ]
    for door in doors:
        with pytest.raises(InvalidKnowledge) as caught:
            door()
        assert code in [mistake.code for mistake in caught.value.diagnostics]


def test_a_rule_base_with_an_unconcluded_finding_still_decides() -> None:
    """A finding that is no longer concluded is reported by the loader, but does not prevent a decision."""
    fewer = {name: rule for name, rule in SMALL.rules.items() if name != "thirst"}
    assert Advisor(replace(SMALL, rules=fewer)).recommend(soil="dry").findings == ()


def test_templates_can_use_only_their_value() -> None:
    share, light = SMALL.vocabulary["budget_share"], SMALL.vocabulary["light"]
    assert replace(share, says="{value.__class__} {value}").state(15) == "{value.__class__} 15"
    assert "{" not in light.state(("sun",))


def test_a_circle_of_thousands_of_findings_is_found() -> None:
    names = [f"n{number:05}" for number in range(5000)]
    edges = dict.fromkeys(zip(names, names[1:] + names[:1], strict=True), 0)
    (circle,) = find_circles(edges)
    assert circle == [*names, names[0]]
    ladder = dict.fromkeys(list(edges)[:-1], 0) | {(f"{name}x", f"{name}y"): 0 for name in names}
    ladder |= {(f"{name}y", f"{name}x"): 0 for name in names}
    assert len(find_circles(ladder)) == len(names)
