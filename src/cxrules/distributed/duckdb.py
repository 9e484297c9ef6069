"""DuckDB: `cxrules.duckdb.register(connection)` makes `recommend` an SQL function that takes a whole row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxrules.distributed.work import Options, Work
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from typing import Unpack

    import pyarrow as pa

__all__ = ["register"]


def register(connection: Any, name: str = "recommend", **options: Unpack[Options]) -> None:
    """Make an SQL function that returns the recommendation for a row: a STRUCT with the columns of `recommend_frame`.

    Its argument is a STRUCT with the facts, such as the row of a table, for which SQL uses the name of the table:
    `SELECT t.company, recommend(t).model FROM organisations t`.

    Args:
        connection: The DuckDB connection.
        name: The name of the function.
        options: The options of `Advisor.recommend_frame` except `keep`, and `rulebase`.

    Examples:
        >>> import duckdb
        >>> connection = duckdb.connect()
        >>> register(connection)
        >>> connection.sql("SELECT recommend({silos: 'severe'}).model").fetchall()
        [('cxo_owned',)]
    """
    if "keep" in options:
        raise TypeError("keep: the SELECT says which columns are kept")
    work = Work.of({**options, "keep": False})
    facts = (options.get("rulebase") or RuleBase.builtin()).vocabulary.facts
    answer = work._replace(columns=None).schema(facts)
    fields = ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in answer)

    def decide(rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - DuckDB reads annotations as SQL types
        import pyarrow as pa

        return work.plain(pa.Table.from_struct_array(rows)).to_struct_array()

    connection.create_function(name, decide, None, f"STRUCT({fields})", type="arrow", null_handling="special")


def _sql_type(found: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_list(found):
        return f"{_sql_type(found.value_type)}[]"
    return {"string": "VARCHAR", "double": "DOUBLE", "int16": "SMALLINT", "binary": "BLOB"}[str(found)]
