"""Rows of a table in a file → facts, one by one, with the standard library; `columns.coding` reads by columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cxrules.columns.cell_texts import of_element, parse_text, partly_known
from cxrules.columns.layout import Layout, place_of
from cxrules.errors import Diagnostic, InvalidOrganisation, is_missing
from cxrules.language.facts import Fact, FactValue, Kind, Vocabulary

__all__ = ["RowReader"]

_KEPT: Final = 10_000


class RowReader:
    """Reads the rows of a table.

    Examples:
        >>> from cxrules import RuleBase
        >>> from cxrules.columns.layout import lay_out
        >>> vocabulary, names = RuleBase.builtin().vocabulary, ["company", "silos", "retention_budget_share"]
        >>> reader = RowReader(vocabulary, names, lay_out(vocabulary, names))
        >>> reader.read(["Acme", "severe", "12,5 %"])
        ({'silos': 'severe', 'retention_budget_share': 12.5}, [])
    """

    def __init__(self, vocabulary: Vocabulary, names: Sequence[str], layout: Layout) -> None:
        """Prepare to read.

        Args:
            vocabulary: The facts.
            names: The columns of the table.
            layout: Where the facts are among them.
        """
        at = {name: position for position, name in enumerate(names)}
        self._places = layout.facts
        self._whole = [
            (_Cells(vocabulary[name]), at[place]) for name, place in layout.facts.items() if isinstance(place, str)
        ]
        self._parts = [
            (vocabulary[name], {element: at[column] for element, column in place.items()})
            for name, place in layout.facts.items()
            if not isinstance(place, str)
        ]
        self._truths = {fact.name: _Cells(Fact(fact.name, Kind.FLAG, fact.use, "", "")) for fact, _ in self._parts}

    def read(self, row: Sequence[Any]) -> tuple[dict[str, FactValue], list[Diagnostic]]:
        """Return the facts in a row, and what is wrong in it."""
        known: dict[str, FactValue] = {}
        wrong: list[Diagnostic] = []
        for cells, position in self._whole:
            value = cells.read(row[position])
            if isinstance(value, list):
                wrong += [self._place(told, cells.fact) for told in value]
            elif value is not None:
                known[cells.fact.name] = value
        for fact, positions in self._parts:
            value = self._unite(fact, {element: row[position] for element, position in positions.items()})
            if isinstance(value, list):
                wrong += [self._place(told, fact) for told in value]
            elif value is not None:
                known[fact.name] = value
        return known, wrong

    def _unite(self, fact: Fact, row: Mapping[str, Any]) -> FactValue | list[Diagnostic] | None:
        cells = self._truths[fact.name]
        found = {element: cells.read(cell) for element, cell in row.items()}
        wrong = [
            of_element(told, element) for element, value in found.items() if isinstance(value, list) for told in value
        ]
        if wrong:
            return wrong
        missing = sum(value is None for value in found.values())
        if missing:
            return None if missing == len(found) else [partly_known(fact.name)]
        return fact.examine([element for element, value in found.items() if value])

    def _place(self, told: Diagnostic, fact: Fact) -> Diagnostic:
        return place_of(told, fact.name, self._places[fact.name])


class _Cells:
    """Reads the cells of a fact and remembers what each text means."""

    def __init__(self, fact: Fact) -> None:
        self.fact = fact
        self._known: dict[str, FactValue | list[Diagnostic] | None] = {}

    def read(self, cell: object) -> FactValue | list[Diagnostic] | None:
        """Return what a cell means: a value, None if it is missing, or a list of what is wrong."""
        if not isinstance(cell, str):
            return None if is_missing(cell) else self._examine(cell)
        try:
            return self._known[cell]
        except KeyError:
            parsed = parse_text(self.fact, cell)
            value = None if parsed is None else self._examine(parsed)
            if len(self._known) < _KEPT:
                self._known[cell] = value
            return value

    def _examine(self, value: object) -> FactValue | list[Diagnostic]:
        try:
            return self.fact.examine(value)
        except InvalidOrganisation as error:
            return list(error.diagnostics)
