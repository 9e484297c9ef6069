"""Organisations put side by side, in the straightforward way; the library makes cohorts where it searches."""

from collections.abc import Collection

from cxrules.columns.int_executor import Cohort, Column, SetColumn
from cxrules.language.facts import Facts, FactValue, Kind, Vocabulary


def gather(vocabulary: Vocabulary, organisations: Collection[Facts]) -> Cohort:
    """Put organisations side by side; the first one gets the lowest bit."""
    masks: dict[str, dict[FactValue, int]] = {}
    for position, known in enumerate(organisations):
        for name, value in known.items():
            held = masks.setdefault(name, {})
            held[value] = held.get(value, 0) | 1 << position
    columns: dict[str, Column] = {}
    for name, held in masks.items():
        if vocabulary[name].kind is Kind.SET:
            elements: dict[str, int] = {}
            known_by = 0
            for value, mask in held.items():
                assert isinstance(value, tuple)
                known_by |= mask
                for element in value:
                    elements[element] = elements.get(element, 0) | mask
            columns[name] = SetColumn(known_by, elements)
        else:
            columns[name] = held
    return Cohort((1 << len(organisations)) - 1, columns)
