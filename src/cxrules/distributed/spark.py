"""Spark: `cxrules.spark.recommend(df)` decides on every row of a Spark data frame, by `mapInArrow`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxrules.distributed.work import Options, Work

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["recommend"]


def recommend(df: Any, **options: Unpack[Options]) -> Any:
    """Return a lazy Spark data frame with a recommendation for each row.

    The answer has the columns of `recommend_frame`, with models and statuses as strings and `fired` as binary. Every
    worker needs `cxrules[frame]`.

    Args:
        df: The data frame.
        options: The options of `Advisor.recommend_frame`, and `rulebase`. Here `keep` is True by default: all columns
            without a fact pass through. Rows in an error are counted from the beginning of their batch.

    Raises:
        InvalidOrganisation: With every mistake in the columns. Wrong cells are found when the frame is computed;
            Spark's own exception then ends with a list of them.
    """
    work = Work.of(options)
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    given = {field.name: field for field in df.schema.fields}
    fields = [
        given[field.name] if field.name in given else StructField(field.name, from_arrow_type(field.type))
        for field in work.schema(given)
    ]
    return df.mapInArrow(work.batches, StructType(fields))
