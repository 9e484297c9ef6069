"""The texts of the acceptance scenarios as golden files: `python -m tools.golden` or `make generate` writes them.

For each scenario of tests/data/cases/acceptance.yaml the brief explanation, and for three of them also the full one and
why each other model is not recommended. They make a change of wording or of rules visible; they prove nothing.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

from cxrules import Advisor, Recommendation, RuleBase

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
    return texts


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
