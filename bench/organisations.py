"""The organisations of all measurements, from the readings and drawn, with the same number of known facts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from cxrules.language.facts import FactValue
from cxrules.rulebase import RuleBase
from tests import ROOT
from tests.rulebases import candidate_values, thresholds

__all__ = ["KNOWN", "list_organisations", "read_organisations"]

KNOWN = 25
"""How many facts are known of each organisation."""

READINGS = ROOT / "readings" / "tuning" / "random-1.jsonl"
_SEED = 3


def list_organisations(rulebase: RuleBase, count: int, known: int = KNOWN) -> list[dict[str, FactValue]]:
    """Return organisations, each with the same number of known facts; none meets an impossible conjunction.

    Those of the readings come first: random facts are added until enough are known. The others are drawn.

    Args:
        rulebase: The rule base, which knows the facts of the readings.
        count: How many.
        known: The number of known facts.
    """
    read = read_organisations()
    draw = _Draw(rulebase)
    return [draw.fill(read[number] if number < len(read) else {}, known, number) for number in range(count)]


def read_organisations() -> list[dict[str, Any]]:
    """Return the facts of the organisations of one set of readings; none in an sdist, which has no readings."""
    if not READINGS.is_file():
        return []
    return [json.loads(line)["facts"] for line in READINGS.read_text("utf-8").splitlines()]


class _Draw:
    """Draws random facts; the same seed gives the same organisation."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._rulebase = rulebase
        cuts = thresholds(rulebase)
        self._values = {
            name: candidate_values(fact, cuts.get(name, ())) for name, fact in rulebase.vocabulary.facts.items()
        }

    def fill(self, given: dict[str, object], known: int, number: int) -> dict[str, FactValue]:
        """Add facts to given ones until enough are known."""
        filled = self._rulebase.vocabulary.validate(given)
        for name, value in self._pairs(random.Random(_SEED * 1_000_000 + number)):  # noqa: S311 - not a secret
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
