"""What every worker does: a rule base and the options for a frame, small enough to be sent to each worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from cxrules.advisor import Advisor, Columns, import_frames
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Options", "Work"]


class Options(TypedDict, total=False):
    """The options of `Advisor.recommend_frame`; here `keep` is True by default, as engines promise no order of rows."""

    rulebase: RuleBase | None
    columns: Columns | None
    keep: bool | Iterable[str]
    also: Iterable[str]
    on_error: str
    prefix: str
    brief: bool


class Work(NamedTuple):
    """Decides frames wherever it is sent; each process compiles the rule base once.

    Attributes:
        rulebase: The canonical form; None for the built-in rule base, which every worker has.
        columns: Like all the others, an option of `Advisor.recommend_frame`.
    """

    rulebase: str | None
    columns: Columns | None
    keep: bool | tuple[str, ...]
    also: tuple[str, ...]
    on_error: str
    prefix: str
    brief: bool

    @classmethod
    def of(cls, options: Options) -> Work:
        """Take the options that a user gave.

        Raises:
            TypeError: If an option does not exist.
            ImportError: If the extra `frame` is not installed.
        """
        import_frames()
        known = Options.__annotations__
        for name in options:
            if name not in known:
                raise TypeError(f"no such option: {name!r}; there are {', '.join(known)}")
        base, keep, also = options.get("rulebase"), options.get("keep", True), options.get("also", ())
        return cls(
            None if base is None or base == RuleBase.builtin() else base.to_json(),
            options.get("columns"),
            keep if isinstance(keep, bool) else (keep,) if isinstance(keep, str) else tuple(keep),
            (also,) if isinstance(also, str) else tuple(also),
            options.get("on_error", "raise"),
            options.get("prefix", ""),
            options.get("brief", False),
        )

    def __call__(self, frame: Any) -> Any:
        """Decide a frame; the answer is of the same kind."""
        asked = self._asdict()
        return _advisor(asked.pop("rulebase")).recommend_frame(frame, **asked)

    def plain(self, frame: pa.Table | pa.RecordBatch) -> pa.Table | pa.RecordBatch:
        """Decide an Arrow table and answer in types that every engine knows, without categories or fixed sizes."""
        import pyarrow as pa

        answer = self(frame)
        types = [_plain_type(field.type) for field in answer.schema]
        columns = [column.cast(kind) for column, kind in zip(answer.columns, types, strict=True)]
        make = pa.table if isinstance(answer, pa.Table) else pa.record_batch
        return make(columns, names=answer.schema.names)

    def batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Decide batch after batch."""
        return map(self.plain, batches)

    def schema(self, names: Iterable[str]) -> pa.Schema:
        """Return the schema of the answers for a frame with columns of these names; kept columns have no type yet.

        Raises:
            InvalidOrganisation: With every mistake in the columns.
        """
        import pyarrow as pa

        return self.plain(pa.table({name: pa.nulls(0) for name in names})).schema


def _plain_type(found: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(found):
        return found.value_type
    return pa.binary() if pa.types.is_fixed_size_binary(found) else found


@lru_cache(maxsize=4)
def _advisor(rulebase: str | None) -> Advisor:
    return Advisor(None if rulebase is None else RuleBase.from_json(rulebase))
