"""How much an answer is expected to tell: mutual information, counted on the columns of a draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log, log2

__all__ = ["Estimate"]


class Estimate:
    """What facts tell about the final model, estimated from completions, which are the bits of ints.

    Attributes:
        sizes: The number of completions with each model.
        total: The number of completions.

    Examples:
        >>> estimate = Estimate([0b1111_0000_1111_0000, 0b0000_1111_0000_1111])
        >>> estimate.information([0b1111_0000_1111_0000, 0b0000_1111_0000_1111], lacking=False) > 0.9
        True
        >>> estimate.information([0b1100_1100_1100_1100, 0b0011_0011_0011_0011], lacking=False)
        0.0
    """

    def __init__(self, models: Sequence[int]) -> None:
        """Begin with the completions that have each model."""
        self._models = models
        self.sizes = [columns.bit_count() for columns in models]
        self.total = sum(self.sizes)

    def information(self, kinds: Sequence[int], *, lacking: bool) -> float:
        """Estimate the mutual information of a fact and the final model, in bits.

        Args:
            kinds: The completions with each value of the fact.
            lacking: Whether some completions may lack the fact.
        """
        kinds = [columns for columns in kinds if columns]
        sizes, total = self.sizes, self.total
        if len(kinds) < 2 or len(sizes) < 2:
            return 0.0
        told = 0.0
        for size, row in self._count_together(kinds, lacking=lacking):
            for both, with_model in zip(row, sizes):  # noqa: B905 - of one length; `strict` takes its time
                if both:
                    told += both / total * log2(both * total / (size * with_model))
        # The bias of the estimate by chance alone (Miller and Madow).
        told -= (len(kinds) - 1) * (len(sizes) - 1) / (2 * total * log(2))
        return max(0.0, told)

    def _count_together(self, kinds: Sequence[int], *, lacking: bool) -> Iterator[tuple[int, list[int]]]:
        """Count each kind, and in it each model. A count takes several times as long as to combine two columns.

        Each completion has one model, so that the last model need not be counted, nor the last kind if all have one.
        """
        counted = self._models[:-1]
        left = self.sizes
        for kind in kinds[:-1]:
            row = [(kind & columns).bit_count() for columns in counted]
            size = kind.bit_count()
            row.append(size - sum(row))
            left = [before - both for before, both in zip(left, row)]  # noqa: B905 - see above
            yield size, row
        if lacking:
            row = [(kinds[-1] & columns).bit_count() for columns in self._models]
            yield sum(row), row
        else:
            yield sum(left), left
