"""Ray Data: `cxrules.ray.recommend(ds)` decides on every row of a Ray dataset, by `map_batches`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxrules.distributed.work import Options, Work

if TYPE_CHECKING:
    from typing import Unpack

__all__ = ["recommend"]

_BATCH = 1 << 16


def recommend(ds: Any, **options: Unpack[Options]) -> Any:
    """Return a lazy Ray dataset with a recommendation for each row.

    Args:
        ds: The dataset.
        options: The options of `Advisor.recommend_frame`, and `rulebase`. Here `keep` is True by default: all columns
            without a fact pass through. Rows in an error are counted from the beginning of their batch.

    Raises:
        InvalidOrganisation: When the dataset is computed, inside Ray's own exception, with every mistake in the columns
            and in the cells of a batch.
    """
    work = Work.of(options)
    return ds.map_batches(work.plain, batch_format="pyarrow", batch_size=_BATCH, zero_copy_batch=True)
