"""Golden files of answers: `python -m tools.golden` or `make generate` writes them.

For each scenario of tests/data/cases/acceptance.yaml the brief explanation, and for three of them also the full one and
why each other model is not recommended. They show changes of wording and rules, and prove nothing.

The panel is every scenario, nothing known, and every value of every fact alone: for each the outcome and a digest of
`model_dump_json()`, so that an answer that changes shows which one it is. What changes on purpose is listed in
docs/testing.md.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from cxrules import Advisor, Recommendation, RuleBase
from cxrules.language.facts import Kind

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = "tests/data/cases/acceptance.yaml"
FOLDER = "tests/data/golden"
IN_FULL = ("S0", "S3", "S4")  # nothing known; a narrow lead; a preference that decides


def generate(rulebase: RuleBase | None = None) -> Mapping[str, str]:
    """Return the golden texts by path, by default of the rule base in knowledge/."""
    advisor = Advisor(RuleBase.load(ROOT / "knowledge") if rulebase is None else rulebase)
    scenarios = yaml.safe_load((ROOT / SCENARIOS).read_text("utf-8"))
    texts = {}
    for scenario in scenarios:
        advice = advisor.recommend(scenario["given"])
        name = f"{FOLDER}/{scenario['id']}"
        texts[f"{name}-brief.txt"] = advice.explain() + "\n"
        if scenario["id"] in IN_FULL:
            texts[f"{name}-full.txt"] = advice.explain("full") + "\n"
            texts[f"{name}-why-not.txt"] = _tell_others(advice) + "\n"
    panel = {scenario["id"]: scenario["given"] for scenario in scenarios} | dict(_list_single_facts(advisor.rulebase))
    lines = [f"{name}: {_digest(advisor.recommend(given))}\n" for name, given in panel.items()]
    return {**texts, f"{FOLDER}/answers.txt": "".join(lines)}


def _list_single_facts(rulebase: RuleBase) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "nothing known", {}
    for name, fact in rulebase.vocabulary.facts.items():
        values: Iterable[Any] = fact.names
        if fact.kind is Kind.FLAG:
            values = (True, False)
        elif fact.kind is Kind.PERCENT:
            values = range(0, 101, 10)
        elif fact.kind is Kind.SET:
            values = [[], *([element] for element in fact.names), list(fact.names)]
        for value in values:
            yield f"{name} = {json.dumps(value)}", {name: value}


def _digest(advice: Recommendation) -> str:
    """Return the outcome of an answer, and a digest of it without the revision, which any change of a word changes."""
    data = json.loads(advice.model_dump_json())
    del data["rulebase"]
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{advice.model} {advice.status} {advice.certainty:.3f} {sha256(text.encode()).hexdigest()[:16]}"


def _tell_others(advice: Recommendation) -> str:
    return "\n\n".join(advice.why_not(row.model).explain() for row in advice.ranking if row.model != advice.model)


def main() -> None:
    """Write what is stale."""
    for name, text in generate().items():
        path = ROOT / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print("wrote", name)


if __name__ == "__main__":
    main()
