"""A table of organisations for the page."""

from __future__ import annotations

import binascii
import csv
import io
from base64 import b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from time import sleep
from typing import TYPE_CHECKING, Any, Final

from cxrules.columns.cell_texts import guard_formula
from cxrules.columns.layout import ALL, PAGE, Faults, lay_out, refuse_twice
from cxrules.doubts import hear_doubts, tell_doubts
from cxrules.language.plain import make_plain
from cxrules.search.budget import Budget
from cxrules.web.rows import RowReader
from cxrules.web.upload import Upload, open_upload

if TYPE_CHECKING:
    from cxrules.advisor import Advisor
    from cxrules.language.facts import FactValue
    from cxrules.policy.decision import Decision

__all__ = ["decide_table"]

_ANSWER: Final = ("model", "status", "certainty", "runner_up")
_SHOWN: Final = 200
_LONGEST: Final = 200
_MISTAKES: Final = 20
_KEPT: Final = 10_000
"""The number of decisions that are kept for rows with the same facts."""
_TURN: Final = 20
_PAUSE: Final = 1e-4
"""After this many rows, other threads get this many seconds; otherwise they wait 5 ms for every turn."""
_MOST_WRITTEN: Final = 64 << 20
"""The most characters of the answer as CSV: a text that recurs is stored once in Parquet, but in every row of CSV."""


def decide_table(advisor: Advisor, name: str, base64: str) -> dict[str, Any]:
    """Decide a table, read as `cxrules table` reads it. The first column without a fact labels the rows.

    Args:
        advisor: The advisor that decides.
        name: The name of the file, whose ending says what it is.
        base64: Its content.

    Returns:
        How many organisations there are, how the models are distributed, the first rows with their facts, the whole
        result as CSV, and for each fact the first value that is unlikely.

    Raises:
        InvalidOrganisation: With the first mistakes, by column and row.
        ValueError: If it is not a table, is too large, or takes longer than the time allowed.
    """
    try:
        content = b64decode(base64, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the table is not in base64") from None
    upload = open_upload(name, content)
    layout = lay_out(advisor.rulebase.vocabulary, upload.names, None, ALL, PAGE)
    refuse_twice(layout.kept, _ANSWER, PAGE)
    read = set(layout.read)
    label = next((position for position, name in enumerate(upload.names) if name not in read), None)
    answer = _TableAnswer(advisor, upload.names, label)
    with hear_doubts() as doubts:
        _decide(upload, RowReader(advisor.rulebase.vocabulary, upload.names, layout), answer)
    return {**answer.tell(), "doubts": tell_doubts(doubts)}


def _decide(upload: Upload, reader: RowReader, answer: _TableAnswer) -> None:
    budget = Budget()
    faults = Faults(PAGE.first)
    for number, row in enumerate(upload.rows):
        if budget.spent:
            raise ValueError(f"after {number:,} rows the time was up; `cxrules table` takes tables of any size")
        if number % _TURN == 0:
            sleep(_PAUSE)
        known, wrong = reader.read(row)
        for mistake in wrong:
            faults.add(mistake, [number])
        if len(faults) >= _MISTAKES:
            break
        if not faults:
            answer.add(row, known)
    if faults:
        raise faults.error()
    if not answer.count:
        raise ValueError("the table has no rows")


class _TableAnswer:
    """The answer about a table, as it grows row by row."""

    def __init__(self, advisor: Advisor, names: Sequence[str], label: int | None) -> None:
        self.count = 0
        self._judge = advisor.judge
        self._decided: dict[tuple[tuple[str, FactValue], ...], Decision] = {}
        self._names = {model.id: model.name for model in advisor.rulebase.models.values()}
        self._label = label
        self._counts: Counter[str | None] = Counter()
        self._shown: list[dict[str, Any]] = []
        self._written = io.StringIO()
        self._csv = csv.writer(self._written)
        self._csv.writerow([*map(guard_formula, names), *_ANSWER])

    def add(self, row: Sequence[Any], facts: Mapping[str, FactValue]) -> None:
        """Decide a row and add it."""
        key = tuple(facts.items())
        if key not in self._decided:
            if len(self._decided) >= _KEPT:
                self._decided.clear()
            self._decided[key] = self._judge.decide(facts)
        decision = self._decided[key]
        self.count += 1
        self._counts[decision.model] += 1
        said = (decision.model, decision.status, round(decision.certainty, 4), decision.runner_up)
        self._csv.writerow([*map(_write_cell, row), *said])
        if self._written.tell() > _MOST_WRITTEN:
            raise ValueError("the answer would be too large to be sent; `cxrules table` takes tables of any size")
        if self.count <= _SHOWN:
            label = row[self._label] if self._label is not None else None
            self._shown.append(
                {
                    "label": str(label)[:_LONGEST] if label else f"Row {self.count}",
                    "name": self._names.get(decision.model or ""),
                    "status": str(decision.status),
                    "certainty": decision.certainty,
                    "runner_up": self._names.get(decision.runner_up or ""),
                    "facts": {name: make_plain(value) for name, value in facts.items()},
                }
            )

    def tell(self) -> dict[str, Any]:
        """Return the answer."""
        return {
            "count": self.count,
            "distribution": [
                {"model": model, "name": self._names.get(model or "", "No recommendation yet"), "count": count}
                for model, count in self._counts.most_common()
            ],
            "rows": self._shown,
            "csv": self._written.getvalue(),
        }


def _write_cell(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guard_formula(cell)
    if isinstance(cell, list | tuple):
        return guard_formula("; ".join(map(str, cell)))
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
