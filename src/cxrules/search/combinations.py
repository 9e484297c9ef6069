"""Every combination of some values side by side: column `n` is the organisation whose values `n` spells.

The values of a fact are the digits in one place of `n`, so the column of a value is a repeating pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from cxrules.columns.cohort import Cohort, Column, SetColumn, column_of
from cxrules.language.facts import Facts, FactValue, Kind, Vocabulary

__all__ = ["Choices", "combine", "count_combinations", "read_combination"]

Choices = Mapping[str, Sequence[FactValue | None]]
"""The values to combine for each fact; None for one that stays unknown."""


def count_combinations(choices: Choices) -> int:
    """Return how many combinations there are."""
    return prod(map(len, choices.values()))


def combine(vocabulary: Vocabulary, known: Facts, choices: Choices) -> Cohort:
    """Return every combination of the values, each together with the known facts.

    Examples:
        >>> from cxrules import RuleBase
        >>> choices = {"silos": ["none", "severe"], "transformation_goal": [True, None]}
        >>> combine(RuleBase.builtin().vocabulary, {}, choices)
        Cohort(everything=15, columns={'silos': {'none': 5, 'severe': 10}, 'transformation_goal': {True: 3}})
    """
    size = count_combinations(choices)
    everything = (1 << size) - 1
    columns: dict[str, Column] = {name: column_of(vocabulary, name, value, everything) for name, value in known.items()}
    stride = 1
    for name, values in choices.items():
        period = stride * len(values)
        repeated = everything // ((1 << period) - 1)
        block = (1 << stride) - 1
        patterns = [(value, (block << place * stride) * repeated) for place, value in enumerate(values)]
        columns[name] = _column(vocabulary, name, [each for each in patterns if each[0] is not None])
        stride = period
    return Cohort(everything, columns)


def read_combination(choices: Choices, position: int) -> dict[str, FactValue | None]:
    """Return the values in one column."""
    found: dict[str, FactValue | None] = {}
    for name, values in choices.items():
        position, place = divmod(position, len(values))
        found[name] = values[place]
    return found


def _column(vocabulary: Vocabulary, name: str, patterns: Sequence[tuple[FactValue | None, int]]) -> Column:
    if vocabulary[name].kind is not Kind.SET:
        return {value: pattern for value, pattern in patterns if value is not None}
    known = 0
    elements: dict[str, int] = {}
    for value, pattern in patterns:
        assert isinstance(value, tuple)
        known |= pattern
        for element in value:
            elements[element] = elements.get(element, 0) | pattern
    return SetColumn(known, elements)
