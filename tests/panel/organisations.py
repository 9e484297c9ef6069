"""Generate the organisations that the panel of readers judges.

    python tests/panel/organisations.py            write organisations.yaml of every panel
    python tests/panel/organisations.py --check    exit 1 when a file is not fresh

The rules were tuned on the other panels. The unseen one has no part in any tuning, and is only measured.

Three in five organisations are drawn from hidden traits, so that their facts belong together; the others take any
value, rarer ones sooner. The draw depends on the seed and on the names, values, uses and impossible conjunctions in
knowledge/facts.yaml.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
FACTS = HERE.parents[1] / "knowledge" / "facts.yaml"
# The seeds of the sets that one reader judged, by the letters of their ids.
SINGLE = {
    "BA": 9189,
    "BB": 9300,
    "BC": 9320,
    "BD": 9701,
    "BE": 9827,
    "BF": 10606,
    "BG": 10809,
    "BH": 10838,
    "BI": 11075,
    "BJ": 11586,
    "BK": 11721,
    "BL": 11944,
    "BM": 11967,
    "BN": 12016,
    "BO": 12283,
    "BP": 12383,
    "CA": 12638,
    "CB": 12642,
    "CC": 12692,
    "CD": 12842,
    "CE": 13066,
    "CF": 13084,
    "CG": 13201,
    "CH": 13271,
    "DA": 15028,
    "DB": 15099,
    "DC": 15156,
    "DD": 15177,
    "DE": 15302,
    "DF": 15444,
    "DG": 15449,
    "DH": 15530,
    "EA": 15791,
    "EB": 15968,
    "EC": 15981,
    "ED": 16029,
}
# For each file its seed and the letter of its ids. A seed that leaves a value out is refused.
PANELS = {
    HERE / "organisations.yaml": (2224, "P"),
    HERE / "second" / "organisations.yaml": (5231, "U"),
    HERE / "third" / "organisations.yaml": (6356, "V"),
    HERE / "fourth" / "organisations.yaml": (7047, "W"),
    HERE / "fifth" / "organisations.yaml": (8027, "Y"),
    HERE / "sixth" / "organisations.yaml": (7050, "X"),
    HERE / "seventh" / "organisations.yaml": (8345, "Z"),
    HERE / "eighth" / "organisations.yaml": (8424, "Q"),
    HERE / "ninth" / "organisations.yaml": (20264, "R"),
    HERE / "tenth" / "organisations.yaml": (31668, "S"),
    HERE / "unseen" / "organisations.yaml": (40480, "T"),
    **{HERE / "single" / letters / "organisations.yaml": (seed, letters) for letters, seed in SINGLE.items()},
}

COUNT = 72
BELIEVABLE = 43  # of COUNT; the others are drawn without traits
FEWEST, MOST = 8, 25  # facts known of one organisation
NOISE = 0.18
RATES = {"decides": 1.0, "colours": 1.0, "advises": 1 / 3, "warns": 1 / 3}
LEAST_OCCURRENCES = 12  # of every fact that decides
LEAST_VALUES = 2  # of every value of the facts below
FULLY_COVERED = (
    "maturity",
    "ceo_involvement",
    "current_owner",
    "cco_status",
    "framework",
    "independent_leader_feasible",
    "product_type",
    "top_customer_priority",
)

# For each trait (0 to 1) the facts that rise with it; a minus sign marks those that fall.
TRAITS = {
    "maturity": "maturity scope framework cx_defined definitions_aligned journey_overview priority_evidence "
    "roles_defined systems_alignment employee_accountability framework_basis owner_walks_journey "
    "benchmarks_other_sectors",
    "marketing": "marketing_bandwidth marketing_insight marketing_data_access marketing_cx_skill marketing_support",
    "breadth": "cmo_owns_customer_data cmo_owns_content cmo_reach retention_budget_share marketing_journey_coverage "
    "marketing_focus budget_trend marketing_metrics content_scope prepurchase_content",
    "top": "ceo_involvement executive_team transformation_goal cx_priority orientation team_empowerment transparency",
    "silos": "silos coordination_need internal_rivalry promise_gap churn_trend -communication -department_agendas "
    "-marketing_service_link -channel_consistency -service_campaign_readiness -morale",
    "leader": "current_owner accountability owner_level owner_independent independent_leader_feasible cco_status "
    "cco_reports_to cco_executive_seat cco_mandate",
}
# Choices put in the order in which a trait reaches them; a value named twice is twice as likely.
ORDER = {
    "current_owner": "none everyone marketing marketing sales service product cx_department chief_customer_officer ceo",
    "cco_reports_to": "marketing other ceo",
    "cco_mandate": "advisory_only unites_and_executes owns_cx",
    "framework_basis": "company_structure customer_needs",
    "marketing_focus": "acquisition_and_brand balanced post_purchase",
    "marketing_metrics": "brand_and_campaign mixed customer_outcomes",
    "budget_trend": "acquisition_rising flat both_rising retention_rising",
}
# What customers care for decides these together.
CUSTOMERS = {
    "sales": {
        "product_type": "sold_by_people",
        "reliance_on_sales": "high falling",
        "top_customer_priority": "simple_purchase in_store_detail",
    },
    "service": {
        "product_type": "service_heavy",
        "reliance_on_sales": "low falling",
        "top_customer_priority": "fast_response order_tracking multichannel_contact",
    },
    "product": {
        "product_type": "product_led",
        "reliance_on_sales": "low falling",
        "top_customer_priority": "clear_product_information in_store_detail simple_purchase",
    },
    "brand": {
        "brand_alignment_need": "high medium",
        "top_customer_priority": "personalised_offers post_purchase_engagement consistent_creative",
    },
}

Fact = dict[str, Any]
Values = dict[str, Any]


def satisfies(fact: Fact, test: Any, value: Any) -> bool:
    """Return whether a known value meets one test of a conjunction."""
    if isinstance(test, list):
        return value in test
    if not isinstance(test, dict):
        return bool(value == test)
    rank: Callable[[Any], float] = list(fact["values"]).index if fact["kind"] == "ordered" else float
    checks: dict[str, Callable[[Any], bool]] = {
        "at_least": lambda bound: rank(value) >= rank(bound),
        "at_most": lambda bound: rank(value) <= rank(bound),
        "below": lambda bound: rank(value) < rank(bound),
        "includes_any": lambda names: bool(set(names) & set(value)),
        "includes_all": lambda names: set(names) <= set(value),
        "lacks_all": lambda names: not set(names) & set(value),
    }
    return all(checks[name](bound) for name, bound in test.items())


def is_possible(known: Values, facts: dict[str, Fact], impossible: list[Values]) -> bool:
    """Return whether the known facts meet none of the impossible conjunctions."""
    return not any(
        all(name in known and satisfies(facts[name], test, known[name]) for name, test in entry["when"].items())
        for entry in impossible
    )


def draw_any(name: str, fact: Fact, seen: Counter[Any], rng: random.Random) -> Any:
    """Draw any value of a fact; a single value that has been seen less often is likelier."""
    if fact["kind"] == "percent":
        return 5 * rng.randrange(21)
    names = list(fact["values"])
    if fact["kind"] == "set":
        return [element for element in names if rng.random() < 0.5]
    return rng.choices(names, [(1 + seen[name, value]) ** -2 for value in names])[0]


def draw_in_accord(name: str, fact: Fact, level: float, rng: random.Random) -> Any:
    """Draw a value that goes with the level of the trait behind a fact, give or take some noise."""
    level = min(max(level + rng.gauss(0, NOISE), 0.0), 0.999)
    if fact["kind"] == "percent":
        return 5 * round(level * 14)
    names = list(fact["values"])
    if fact["kind"] == "set":
        return names[: max(1, round(level * len(names)))]
    if fact["kind"] == "flag":
        return level >= 0.5
    if name in ORDER:
        names = ORDER[name].split()
    return names[int(level * len(names))]


class Temper:
    """The hidden traits of one believable organisation; without traits, any value is drawn."""

    def __init__(self, believable: bool, rng: random.Random) -> None:
        """Draw the traits and the kind of customers."""
        self.rng = rng
        self.levels: dict[str, float] = {}
        self.customers: dict[str, str] = {}
        if believable:
            traits = {trait: rng.random() for trait in TRAITS}
            traits["silos"] = (traits["silos"] * 2 + 1 - traits["top"]) / 3
            for trait, names in TRAITS.items():
                for name in names.split():
                    self.levels[name.lstrip("-")] = 1 - traits[trait] if name.startswith("-") else traits[trait]
            self.customers = CUSTOMERS[rng.choice(list(CUSTOMERS))]

    def draw(self, name: str, fact: Fact, seen: Counter[Any]) -> Any:
        """Draw a value for one fact."""
        if name in self.customers and self.rng.random() < 0.85:
            return self.rng.choice(self.customers[name].split())
        if name in self.levels:
            return draw_in_accord(name, fact, self.levels[name], self.rng)
        return draw_any(name, fact, seen, self.rng)


def generate(vocabulary: dict[str, Any], seed: int, letter: str) -> list[dict[str, Any]]:
    """Draw all organisations; facts seen less often so far are likelier to be drawn next."""
    rng = random.Random(seed)
    facts, impossible = vocabulary["facts"], vocabulary["impossible"]
    sizes = [FEWEST + number % (MOST - FEWEST + 1) for number in range(COUNT)]
    believable = [number < BELIEVABLE for number in range(COUNT)]
    rng.shuffle(sizes)
    rng.shuffle(believable)
    seen: Counter[Any] = Counter()  # facts, and pairs of fact and value
    organisations = []
    for number, (size, has_traits) in enumerate(zip(sizes, believable, strict=True), start=1):
        temper = Temper(has_traits, rng)
        known: Values = {}
        while len(known) < size:
            names = [name for name in facts if name not in known]
            weights = [RATES[facts[name]["use"]] / (1 + seen[name] / RATES[facts[name]["use"]]) for name in names]
            name = rng.choices(names, weights)[0]
            drawn = known | {name: temper.draw(name, facts[name], seen)}
            if is_possible(drawn, facts, impossible):
                known = drawn
                seen[name] += 1
                if not isinstance(known[name], list):
                    seen[name, known[name]] += 1
        in_order = {name: known[name] for name in facts if name in known}
        organisations.append({"id": f"{letter}{number:02}", "facts": in_order})
    return organisations


def find_shortfalls(organisations: list[dict[str, Any]], facts: dict[str, Fact]) -> list[str]:
    """Name the facts that occur too seldom and the values that occur too seldom."""
    rows = [organisation["facts"] for organisation in organisations]
    seldom = [
        f"{name}: known too seldom"
        for name, fact in facts.items()
        if fact["use"] == "decides" and sum(name in row for row in rows) < LEAST_OCCURRENCES
    ]
    rare = [
        f"{name}: {value} occurs too seldom"
        for name in FULLY_COVERED
        for value in facts[name]["values"]
        if sum(name in row and row[name] == value for row in rows) < LEAST_VALUES
    ]
    return seldom + rare


def render(organisations: list[dict[str, Any]]) -> str:
    """Write the organisations as YAML, one fact to a line."""
    lines = ["# Generated by tests/panel/organisations.py; do not edit."]
    for organisation in organisations:
        lines += ["", f"- id: {organisation['id']}", "  facts:"]
        for name, value in organisation["facts"].items():
            text = f"[{', '.join(value)}]" if isinstance(value, list) else str(value)
            lines.append(f"    {name}: {text.lower() if isinstance(value, bool) else text}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the file, or with --check only compare it."""
    parser = argparse.ArgumentParser(description="Generate the organisations that the panel judges.")
    parser.add_argument("--check", action="store_true", help="exit 1 when organisations.yaml is not fresh")
    arguments = parser.parse_args()
    vocabulary = yaml.safe_load(FACTS.read_text("utf-8"))
    for target, (seed, letter) in PANELS.items():
        organisations = generate(vocabulary, seed, letter)
        if shortfalls := find_shortfalls(organisations, vocabulary["facts"]):
            print("\n".join(shortfalls), file=sys.stderr)
            return 1
        text = render(organisations)
        if not arguments.check:
            target.write_text(text, "utf-8", newline="\n")
        elif not target.exists() or target.read_text("utf-8") != text:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
