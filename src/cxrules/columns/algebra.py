"""The policy's sums and comparisons as gates: as few as possible, because every gate is run for every organisation.

An offset is added to each sum of points so that its highest plane says whether the sum is positive, and the planes
below it hold the points less one where it is. Only models with points run, so only these planes are ever compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from cxrules.columns.bits.gates import Gate, Gates
from cxrules.columns.bits.slices import Planes, add_up, at_least, greater, select, subtract

__all__ = ["Columns", "Leaders", "Sum", "order"]


class Sum:
    """A sum of points: the number that its planes hold, less an offset.

    Attributes:
        offset: What is added to the sum: one less than what its highest plane is worth.
    """

    def __init__(self, gates: Gates, terms: Iterable[tuple[Gate, int]]) -> None:
        self._gates, self._terms = gates, list(terms)
        self._debit = -sum(weight for _, weight in self._terms if weight < 0)
        credit = sum(weight for _, weight in self._terms if weight > 0)
        self._size = max(credit - 1, 0).bit_length()
        self.offset = (1 << max(self._debit.bit_length(), self._size)) - 1

    @cached_property
    def planes(self) -> Planes[Gate]:
        """The binary digits of the sum plus the offset, the lowest first."""
        # Evidence against counts as points for where it is absent.
        terms = [(bit, weight) if weight > 0 else (~bit, -weight) for bit, weight in self._terms]
        planes = add_up([*terms, (self._gates.true, self.offset - self._debit)])
        size = (self.offset + 1).bit_length()  # no sum has more digits, however many carries there are
        return planes[:size] + [self._gates.false] * (size - len(planes))

    @property
    def level(self) -> Planes[Gate]:
        """The points less one, where they are positive."""
        return self.planes[: self._size]

    def reaches(self, limit: int) -> Gate:
        """Return where the sum is at least a limit."""
        if self._debit:
            return self.planes[-1] if limit == 1 else at_least(self.planes, self.offset + limit, self._gates.true)
        # If nothing counts against the model, a term that is worth the limit by itself need not be added.
        found = self._gates.true if limit <= 0 else self._gates.false
        for bit, weight in self._terms:
            if weight >= limit:
                found |= bit
        less = add_up((bit, weight) for bit, weight in self._terms if weight < limit)
        return found | at_least(less, limit, self._gates.true) if limit > 0 else found


class Leaders(dict[str, Gate]):
    """Whether each model leads.

    Attributes:
        taken: Whether any model leads.
        level: The points of the leading model, less one.
    """

    def __init__(self, leading: Mapping[str, Gate], taken: Gate, level: Planes[Gate]) -> None:
        super().__init__(leading)
        self.taken, self.level = taken, level


class Columns:
    """The algebra of the policy over gates."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates

    def negate(self, bit: Gate) -> Gate:
        """Return the opposite."""
        return ~bit

    def all_of(self, bits: Iterable[Gate]) -> Gate:
        """Return where all are true. Negated bits lose what the others imply, and are united before the negation."""
        found = self.gates.true
        refused = []
        for bit in order(bits):
            if self.gates.is_negation(bit):
                refused.append(~bit)
            else:
                found &= bit
        if len(refused) < 2:
            return found & ~refused[0] if refused else found
        return found & ~self._unite(self.gates.without(bit, found) for bit in refused)

    def _unite(self, bits: Iterable[Gate]) -> Gate:
        """Return where one is true; conjunctions that share a part become one, with the alternatives of their rest."""
        found = self.gates.false
        waiting = order(bits)
        while waiting:
            shared = Counter(part for bit in waiting for part in self.gates.parts(bit))
            part, times = max(shared.items(), key=lambda item: (item[1], -item[0].number), default=(found, 0))
            if times < 2:
                break
            united = [bit for bit in waiting if part in self.gates.parts(bit)]
            rest = self.any_of(self.gates.without(bit, part) for bit in united)
            waiting = [bit for bit in waiting if bit not in united]
            found |= part & rest
        return found | self.any_of(waiting)

    def any_of(self, bits: Iterable[Gate]) -> Gate:
        """Return where one is true."""
        found = self.gates.false
        for bit in order(bits):
            found |= bit
        return found

    def sum(self, weighted: Iterable[tuple[Gate, int]]) -> Sum:
        """Return the sum of the weights where they are true."""
        return Sum(self.gates, weighted)

    def reaches(self, number: Sum, limit: int) -> Gate:
        """Return where a sum is at least a limit."""
        return number.reaches(limit)

    def leader(self, running: Mapping[str, Gate], points: Mapping[str, Sum]) -> Leaders:
        """Return which running model leads; all have points. Neighbours are compared, then the winners of each pair."""
        leading: dict[str, Gate] = {}
        names = list(running)
        if not names:
            return Leaders({}, self.gates.false, [])
        taken, level = self._meet(names, running, points, leading)
        return Leaders({name: leading[name] for name in names}, taken, level)

    def _meet(
        self,
        names: Sequence[str],
        running: Mapping[str, Gate],
        points: Mapping[str, Sum],
        leading: dict[str, Gate],
    ) -> tuple[Gate, Planes[Gate]]:
        if len(names) == 1:
            leading[names[0]] = running[names[0]]
            return running[names[0]], points[names[0]].level
        half = len(names) // 2
        taken, level = self._meet(names[:half], running, points, leading)
        other_taken, other = self._meet(names[half:], running, points, leading)
        ahead = other_taken & (~taken | greater(other, level, self.gates.true))
        for place, name in enumerate(names):
            leading[name] &= ~ahead if place < half else ahead
        return taken | other_taken, select(ahead, other, level)

    def rivalled(
        self, leading: Mapping[str, Gate], running: Mapping[str, Gate], points: Mapping[str, Sum], lead: int
    ) -> Gate:
        """Return where another one trails the leader by less than a lead."""
        assert isinstance(leading, Leaders)
        if lead <= 0:
            return self.gates.false
        few = ~at_least(leading.level, lead, self.gates.true)
        enough = subtract(leading.level, lead, self.gates.true)
        # The leading model is one of those running.
        return self.any_of(
            (runs ^ leading[name]) & (few | greater(points[name].level, enough, self.gates.true))
            for name, runs in running.items()
        )

    def points_of(self, leaders: Leaders) -> Planes[Gate]:
        """Return the points of the leading model; 0 where none leads."""
        planes: Planes[Gate] = []
        carry = leaders.taken
        for digit in leaders.level:
            own = digit & leaders.taken
            planes.append(own ^ carry)
            carry &= digit
        return [*planes, carry]


def order(bits: Iterable[Gate]) -> list[Gate]:
    """Return bits in a fixed order, so that gates which differ only in the order of their parts are the same gate."""
    return sorted(bits, key=lambda bit: bit.number)
