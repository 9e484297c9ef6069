"""Dask: `cxrules.dask.recommend(ddf)` decides on every row of a Dask data frame, by `map_partitions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxrules.distributed.work import Options, Work

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["recommend"]


def recommend(ddf: Any, **options: Unpack[Options]) -> Any:
    """Return a lazy Dask data frame with a recommendation for each row, with the original index and partitions.

    Args:
        ddf: The data frame.
        options: The options of `Advisor.recommend_frame`, and `rulebase`. Here `keep` is True by default: all columns
            without a fact pass through. Rows in an error are counted from the beginning of their partition.

    Raises:
        InvalidOrganisation: With every mistake in the columns; when the frame is computed, with every wrong cell of a
            partition.
    """
    work = Work.of(options)
    return ddf.map_partitions(work, meta=work(ddf._meta.iloc[:0]))  # noqa: SLF001 - Dask's description of a frame
