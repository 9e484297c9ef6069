"""The organisations on which all is measured: those of the panel and drawn ones, of one number of known facts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import yaml

from cxrules.language.facts import FactValue
from cxrules.rulebase import RuleBase
from tests import ROOT
from tests.rulebases import candidate_values, thresholds

__all__ = ["KNOWN", "list_organisations"]

KNOWN = 25
"""How many facts are known of each organisation."""

PANEL = ROOT / "tests" / "panel" / "organisations.yaml"
_SEED = 3


def list_organisations(rulebase: RuleBase, count: int, known: int = KNOWN) -> list[dict[str, FactValue]]:
    """Return organisations, each with the same number of known facts; none meets an impossible conjunction.

    The panel's come first: facts are added to them by chance until so many are known. The others are drawn.

    Args:
        rulebase: The rule base, which knows the panel's facts.
        count: How many.
        known: The number of known facts.
    """
    panel = [entry["facts"] for entry in yaml.safe_load(PANEL.read_text("utf-8"))]
    draw = _Draw(rulebase)
    return [draw.fill(panel[number] if number < len(panel) else {}, known, number) for number in range(count)]


class _Draw:
    """Draws facts by chance; the same number gives the same organisation."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._rulebase = rulebase
        cuts = thresholds(rulebase)
        self._values = {
            name: candidate_values(fact, cuts.get(name, ())) for name, fact in rulebase.vocabulary.facts.items()
        }

    def fill(self, given: dict[str, object], known: int, number: int) -> dict[str, FactValue]:
        """Add facts to given ones until so many are known."""
        filled = self._rulebase.vocabulary.validate(given)
        for name, value in self._pairs(random.Random(_SEED * 1_000_000 + number)):  # noqa: S311 - no secrets
            if len(filled) == known:
                break
            if name not in filled and not self._rulebase.incoherences({**filled, name: value}):
                filled[name] = value
        return filled

    def _pairs(self, rng: random.Random) -> Iterator[tuple[str, FactValue]]:
        names = list(self._values)
        while True:
            rng.shuffle(names)
            yield from ((name, rng.choice(self._values[name])) for name in names)
