"""What a search may spend: so many steps, and time up to a deadline. A search that stops for it says so."""

from __future__ import annotations

from time import monotonic

__all__ = ["Budget"]


class Budget:
    """The budget of one search.

    Attributes:
        steps: How many steps may be taken.
        examined: How many were.

    Examples:
        >>> budget = Budget(10)
        >>> budget.spend(10)
        >>> budget.spent
        True
        >>> Budget(10, deadline=0).spent
        True
    """

    __slots__ = ("_end", "examined", "steps")

    def __init__(self, steps: int, deadline: float | None = None) -> None:
        """Start to count; `deadline` is in seconds from now, and None is none.

        Raises:
            ValueError: If the deadline is negative or no number.
        """
        if deadline is not None and not deadline >= 0:
            raise ValueError(f"a deadline is a number of seconds from now, at least 0, not {deadline!r}")
        self.steps = steps
        self.examined = 0
        self._end = None if deadline is None else monotonic() + deadline

    def spend(self, steps: int = 1) -> None:
        """Count some steps."""
        self.examined += steps

    @property
    def left(self) -> int:
        """How many steps are left."""
        return max(0, self.steps - self.examined)

    @property
    def spent(self) -> bool:
        """Whether no further step may be taken."""
        return self.examined >= self.steps or (self._end is not None and monotonic() >= self._end)
