"""The table of the card: the outcome of every combination of its four facts.

The card that ordered this library names four facts: maturity, the bandwidth of marketing, the budget split and the
CEO's involvement. Each row was checked against the claims; `because` names those that support the outcome, `review`
says in a sentence why the row is right. A row for which no sentence is known stops the generator, so that none goes
unreviewed.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from cxrules import Advisor, Recommendation, RuleBase

PATH = "tests/data/cases/card.csv"
FACTS = ("maturity", "marketing_bandwidth", "retention_budget_share", "ceo_involvement")
HALF_OF_THE_MONEY = 50  # below this, the rules assume that marketing focuses on acquisition
SHARES = (None, 10, 30, 60)  # one in each region that a rule or an action distinguishes

REVIEWS = {
    ("ceo_with_cco", "champion"): "A CEO who champions CX comes before every other owner (fourth article).",
    ("cx_department", "mature"): "Mature CX deserves its own department; no leader above is known to be available.",
    ("cx_department", "developing"): "Maturing CX shows the need for its own department (first article).",
    (
        "cxo_owned",
        "mature",
    ): "Mature CX, and signs that one department cannot carry it: a leader above all departments.",
    (
        "cxo_owned",
        "developing",
    ): "Maturing CX, and signs that one department cannot carry it: a leader above all departments.",
    (
        "cxo_owned",
        "absent",
    ): "If the CEO takes no part, an independent leader has to make CX company-wide (third article).",
    ("cxo_owned", "stretched"): "A team without time needs another owner: a dedicated leader (second article).",
    (
        "cxo_owned",
        "acquisition",
    ): "Marketing focuses on acquisition: a dedicated leader should own CX (second article).",
    ("marketing_interim", "young"): "Young CX and marketing with time: the first article would begin there.",
    (None, "nothing"): "Nothing is known, and no article supports a default answer.",
    (None, "little"): "The known facts give no author a reason to choose: ask further questions.",
}


def generate(rulebase: RuleBase) -> Mapping[str, str]:
    """Write the table for a rule base."""
    advisor = Advisor(rulebase)
    lines = [",".join((*FACTS, "model", "status", "certainty", "excluded", "because", "review"))]
    for values in product(*_values(rulebase)):
        known = {name: value for name, value in zip(FACTS, values, strict=True) if value is not None}
        advice = advisor.recommend(known)
        lines.append(",".join(_write_row(values, advice, known)))
    return {PATH: "\n".join(lines) + "\n"}


def _values(rulebase: RuleBase) -> Iterator[tuple[Any, ...]]:
    for name in FACTS:
        yield SHARES if name == "retention_budget_share" else (None, *rulebase.vocabulary[name].names)


def _write_row(values: tuple[Any, ...], advice: Recommendation, known: Mapping[str, Any]) -> Iterator[str]:
    yield from ("" if value is None else str(value) for value in values)
    yield "" if advice.model is None else str(advice.model)
    yield str(advice.status)
    yield f"{advice.certainty:.2f}"
    yield " ".join(row.model for row in advice.ranking if row.excluded)
    yield " ".join(advice.support)
    yield f'"{REVIEWS[advice.model, _find_ground(advice.model, known)]}"'


def _find_ground(model: str | None, known: Mapping[str, Any]) -> str:
    maturity = known.get("maturity")
    if model is None:
        return "little" if known else "nothing"
    if model == "ceo_with_cco":
        return str(known["ceo_involvement"])
    if model == "marketing_interim":
        return "young" if maturity in ("not_started", "early") else "unexpected"
    if maturity in ("developing", "mature"):
        return str(maturity)
    if known.get("marketing_bandwidth") == "stretched":
        return "stretched"
    return (
        "acquisition" if known.get("retention_budget_share", 100) < HALF_OF_THE_MONEY else str(known["ceo_involvement"])
    )
