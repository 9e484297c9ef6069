"""A table of organisations for the page: CSV by the standard library, Parquet with the extra `frame`."""

from __future__ import annotations

import binascii
import csv
import io
import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from cxrules.errors import Diagnostic, InvalidOrganisation, Location, suggest
from cxrules.language.facts import Fact, Kind

if TYPE_CHECKING:
    from cxrules.advisor import Advisor

__all__ = ["decide_table"]

MOST_ROWS: Final = 100_000
_SHOWN: Final = 200
_MISTAKES: Final = 20
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})
_UNKNOWN: Final = frozenset({"", "unknown", "n/a", "na", "null", "none known"})


def decide_table(advisor: Advisor, name: str, base64: str) -> dict[str, Any]:
    """Decide a table.

    A column whose name is a fact holds that fact; an empty cell is unknown; a set is written as its elements with
    semicolons between them, and `-` for none of them. The first other column labels the rows.

    Args:
        advisor: Who decides.
        name: The name of the file, whose ending says what it is.
        base64: Its content.

    Returns:
        How many organisations there are, how the models are distributed, the first rows with their facts, and the
        whole result as CSV.

    Raises:
        InvalidOrganisation: With the first mistakes, by row and column.
    """
    try:
        content = b64decode(base64, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the table is not in base64") from None
    rows = list(islice(_read_rows(name, content), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise ValueError(f"this is more than {MOST_ROWS} rows; `cxrules table` takes tables of any size")
    if not rows:
        raise ValueError("the table has no rows")
    known, label = _interpret(advisor, rows)
    return _decide(advisor, rows, known, label)


def _read_rows(name: str, content: bytes) -> Iterable[Mapping[str, Any]]:
    ending = name.rpartition(".")[2].lower()
    if ending == "parquet":
        try:
            from pyarrow import BufferReader, parquet
        except ImportError:
            raise ValueError("Parquet needs the extra frame here; CSV works everywhere") from None
        table = parquet.read_table(BufferReader(content))
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"the table is not UTF-8: {error}") from None
    if ending in ("json", "jsonl"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    sample = text[:4096]
    delimiter = max(",;\t", key=sample.partition("\n")[0].count)
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)


def _interpret(advisor: Advisor, rows: list[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], str | None]:
    vocabulary = advisor.rulebase.vocabulary
    columns = [str(column) for column in rows[0]]
    facts = {column: vocabulary.facts[column] for column in columns if column in vocabulary.facts}
    others = [column for column in columns if column not in facts]
    if not facts:
        hints = [hint for column in others if (hint := suggest(column, tuple(vocabulary.facts)))]
        raise ValueError("; ".join(["no column bears the name of a fact", *hints[:3]]))
    mistakes: list[Diagnostic] = []
    known: list[dict[str, Any]] = []
    for number, row in enumerate(rows, 1):
        try:
            given = {column: _read_cell(fact, row.get(column)) for column, fact in facts.items()}
            known.append(dict(vocabulary.validate(given)))
        except InvalidOrganisation as error:
            for mistake in error.diagnostics:
                path = (f"row {number}", *mistake.location.path)
                mistakes.append(Diagnostic(mistake.code, Location(path=path), mistake.message, mistake.hint))
            if len(mistakes) >= _MISTAKES:
                break
    if mistakes:
        raise InvalidOrganisation(mistakes[:_MISTAKES])
    return known, others[0] if others else None


def _read_cell(fact: Fact, cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if text.lower() in _UNKNOWN and text not in fact.names:
        return None
    return _READERS[fact.kind](text) if fact.kind in _READERS else text


def _read_flag(text: str) -> object:
    lowered = text.lower()
    return lowered in _TRUE if lowered in _TRUE | _FALSE else text


def _read_percent(text: str) -> object:
    try:
        return float(text.rstrip("% ").replace(",", "."))
    except ValueError:
        return text


def _read_set(text: str) -> object:
    parts = text.strip("[]").replace(",", ";").split(";")
    return [] if text == "-" else [part.strip() for part in parts if part.strip()]


_READERS: Final = {Kind.FLAG: _read_flag, Kind.PERCENT: _read_percent, Kind.SET: _read_set}


def _decide(
    advisor: Advisor, rows: list[Mapping[str, Any]], known: list[dict[str, Any]], label: str | None
) -> dict[str, Any]:
    names = {model.id: model.name for model in advisor.rulebase.models.values()}
    written = io.StringIO()
    columns = [*(str(column) for column in rows[0]), "model", "status", "certainty", "runner_up"]
    out = csv.writer(written)
    out.writerow(columns)
    counts: Counter[str | None] = Counter()
    shown = []
    for number, (row, facts) in enumerate(zip(rows, known, strict=True), 1):
        decision = advisor.judge.decide(facts)
        counts[decision.model] += 1
        cells = [_guard_cell(value) for value in row.values()]
        out.writerow([*cells, decision.model, decision.status, round(decision.certainty, 4), decision.runner_up])
        if number <= _SHOWN:
            shown.append(
                {
                    "label": str(row[label]) if label and row[label] else f"Row {number}",
                    "name": names.get(decision.model or ""),
                    "status": str(decision.status),
                    "certainty": decision.certainty,
                    "runner_up": names.get(decision.runner_up or ""),
                    "facts": {
                        name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()
                    },
                }
            )
    return {
        "count": len(rows),
        "distribution": [
            {"model": model, "name": names.get(model or "", "No recommendation yet"), "count": count}
            for model, count in counts.most_common()
        ],
        "rows": shown,
        "csv": written.getvalue(),
    }


def _guard_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "@") else text
