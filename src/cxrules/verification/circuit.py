"""A circuit of truth values and small sums, each gate made once, and the solver that is asked about them.

Two gates with the same parts are the same gate. So two organisations that differ in one fact, or two rule
bases that differ in one rule, share everything that does not depend on the difference, and the solver sees immediately
that it is equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias, cast

import z3

from cxrules.verification.solver import Possibility, Solver

__all__ = ["Bit", "Circuit", "Number", "Possibility"]

Bit: TypeAlias = "z3.BoolRef | bool"
"""A truth value: a wire of the circuit, or a constant."""

Number: TypeAlias = "z3.BitVecRef | int"
"""A whole number: a sum of the circuit, or a constant."""

_WIDTH = 12  # bits of a sum; a model would need a thousand rules to exceed them
_LARGEST = 1 << (_WIDTH - 2)


class _KnownBit(z3.BoolRef):  # type: ignore[misc] # z3 has no types
    """A truth value that knows its id, which is asked for a million times in one verification."""

    def __init__(self, node: z3.Ast, context: z3.Context) -> None:
        super().__init__(node, context)
        self._id: int = super().get_id()

    def get_id(self) -> int:
        return self._id


class Circuit:
    """Gates over named wires, and a solver that knows their definitions.

    Attributes:
        solver: The solver.
    """

    def __init__(self) -> None:
        # Gates are made by z3's C interface: its Python operators check and convert each operand, which takes longer.
        self._context = z3.Context()
        self._sort = z3.BoolSort(self._context)
        self.solver = Solver(self._context)
        self._wires: dict[str, z3.BoolRef] = {}
        self._gates: dict[tuple[object, ...], z3.BoolRef] = {}
        self._sums: dict[tuple[object, ...], z3.BitVecRef] = {}
        # Entries keep the expressions alive under whose ids they are stored: z3 reuses the id of a collected
        # expression, and another one would be taken for it.
        self._opposites: dict[int, z3.BoolRef] = {}
        self._numbers: dict[int, z3.BitVecRef] = {}
        self._terms: dict[int, tuple[z3.BitVecRef, int, list[tuple[z3.BoolRef, int]]]] = {}
        self._named = 0

    def wire(self, name: str) -> z3.BoolRef:
        """Return the free wire of this name."""
        if name not in self._wires:
            self._wires[name] = self._variable(name)
        return self._wires[name]

    def negate(self, bit: Bit) -> Bit:
        """Return the opposite."""
        if isinstance(bit, bool):
            return not bit
        name = bit.get_id()
        if name not in self._opposites:
            opposite = _KnownBit(z3.Z3_mk_not(self._context.ref(), bit.as_ast()), self._context)
            self._opposites[name] = opposite
            self._opposites[opposite.get_id()] = bit
        return self._opposites[name]

    def all_of(self, bits: Iterable[Bit]) -> Bit:
        """Return whether all are true."""
        parts: dict[int, z3.BoolRef] = {}
        for bit in bits:
            if isinstance(bit, bool):
                if not bit:
                    return False
            else:
                parts[bit.get_id()] = bit
        if len(parts) < 2:
            return next(iter(parts.values()), True)
        key = tuple(sorted(parts))
        if key not in self._gates:
            nodes = (z3.Ast * len(parts))(*(bit.as_ast() for bit in parts.values()))
            node = z3.Z3_mk_and(self._context.ref(), len(parts), nodes)
            self._gates[key] = self._gate(z3.BoolRef(node, self._context))
        return self._gates[key]

    def any_of(self, bits: Iterable[Bit]) -> Bit:
        """Return whether one is true."""
        return self.negate(self.all_of(self.negate(bit) for bit in bits))

    def equal(self, one: Bit, other: Bit) -> Bit:
        """Return whether both are the same."""
        return self.negate(self.differ(one, other))

    def differ(self, one: Bit, other: Bit) -> Bit:
        """Return whether exactly one is true."""
        if isinstance(one, bool) and isinstance(other, bool):
            return one != other
        return self.any_of([self.all_of([one, self.negate(other)]), self.all_of([self.negate(one), other])])

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Forget, on leaving, every gate that was made inside. Nothing built inside may be used outside."""
        kept = (self._wires.copy(), self._gates.copy(), self._sums.copy())
        self.solver.push()
        try:
            yield
        finally:
            self.solver.pop()
            self._wires, self._gates, self._sums = kept

    def require(self, bit: Bit) -> None:
        """Require permanently that something be true."""
        self.solver.add(self._expression(bit))

    def sum(self, weighted: Iterable[tuple[Bit, int]]) -> Number:
        """Return the sum of the weights of the true bits.

        Raises:
            OverflowError: If the weights are larger than a sum can hold.
        """
        terms: list[tuple[z3.BoolRef, int]] = []
        base = 0
        for bit, weight in weighted:
            if isinstance(bit, bool):
                base += weight * bit
            elif weight:
                terms.append((bit, weight))
        if abs(base) + sum(abs(weight) for _, weight in terms) >= _LARGEST:
            raise OverflowError("the weights of one model are too large to be summed")
        terms.sort(key=lambda term: (term[0].get_id(), term[1]))
        key = (base, *((bit.get_id(), weight) for bit, weight in terms))
        if not terms:
            return base
        if key not in self._sums:
            self._named += 1
            total = z3.BitVec(f"sum {self._named}", _WIDTH, self._context)
            numbers = [z3.If(bit, self._number(weight), self._number(0)) for bit, weight in terms]
            self.solver.add(total == self._add([self._number(base), *numbers]))
            self._sums[key] = total
            self._terms[total.get_id()] = (total, base, terms)
        return self._sums[key]

    def at_least(self, number: Number, other: Number, margin: int = 0) -> Bit:
        """Return whether a number is at least another plus a margin."""
        if isinstance(number, int) and isinstance(other, int):
            return number >= other + margin
        one = self._number(number) if isinstance(number, int) else number
        limit = self._number(other) if isinstance(other, int) else other
        if one.get_id() == limit.get_id():
            return margin <= 0
        if (rest := self._cancel(one, limit)) is not None:
            return self.at_least(rest, margin)
        key = ("at least", one.get_id(), limit.get_id(), margin)
        if key not in self._gates:
            self._gates[key] = self._gate(one >= limit + self._number(margin))
        return self._gates[key]

    def _cancel(self, one: z3.BitVecRef, other: z3.BitVecRef) -> Number | None:
        """Return the difference of two sums that share most of their terms, which is small and easy to compare."""
        if one.get_id() not in self._terms or other.get_id() not in self._terms:
            return None
        (_, base, terms), (_, other_base, others) = self._terms[one.get_id()], self._terms[other.get_id()]
        left: dict[int, int] = defaultdict(int)
        bits: dict[int, z3.BoolRef] = {}
        for sign, side in ((1, terms), (-1, others)):
            for bit, weight in side:
                left[bit.get_id()] += sign * weight
                bits[bit.get_id()] = bit
        rest = [(bits[name], weight) for name, weight in left.items() if weight]
        if 2 * len(rest) > len(terms) + len(others):
            return None
        return self.sum([*rest, (True, base - other_base)])

    def reaches(self, number: Number, limit: int) -> Bit:
        """Return whether a number is at least a limit."""
        return self.at_least(number, limit)

    def leader(self, running: Mapping[str, Bit], points: Mapping[str, Number]) -> dict[str, Bit]:
        """Return which running model has the most points, the first among equals."""
        names = list(running)
        found = {}
        for position, name in enumerate(names):
            ahead = [
                self.any_of(
                    [
                        self.negate(running[rival]),
                        self.at_least(points[name], points[rival], margin=int(place < position)),
                    ]
                )
                for place, rival in enumerate(names)
                if place != position
            ]
            found[name] = self.all_of([running[name], *ahead])
        return found

    def rivalled(
        self, leading: Mapping[str, Bit], running: Mapping[str, Bit], points: Mapping[str, Number], lead: int
    ) -> Bit:
        """Return whether another running model trails the leader by less than a lead."""
        return self.any_of(
            self.all_of(
                [leading[name], running[rival], self.negate(self.at_least(points[name], points[rival], margin=lead))]
            )
            for name in leading
            for rival in running
            if rival != name
        )

    def same_number(self, one: Number, other: Number) -> Bit:
        """Return whether two numbers are equal."""
        return self.all_of([self.at_least(one, other), self.at_least(other, one)])

    def at_most_true(self, bits: Sequence[Bit], limit: int) -> Bit:
        """Return whether the number of true bits is at most a limit; constants among them are not counted."""
        wires = [bit for bit in bits if not isinstance(bit, bool)]
        if limit < 0 or not wires:
            return limit >= 0
        key = ("at most", limit, *(wire.get_id() for wire in wires))
        if key not in self._gates:
            self._gates[key] = self._gate(z3.PbLe([(wire, 1) for wire in wires], limit))
        return self._gates[key]

    def ask(self, bits: Iterable[Bit], effort: int) -> Possibility:
        """Ask whether all of these can be true together.

        The bits are assumed only for this question. The effort is in the solver's resource units.
        """
        assumed = []
        for bit in bits:
            if isinstance(bit, bool):
                if not bit:
                    self.solver.forget()
                    return Possibility.IMPOSSIBLE
            else:
                assumed.append(bit)
        return self.solver.check(assumed, effort)

    def is_true(self, bit: Bit) -> bool:
        """Return whether something is true in the example that the solver found last."""
        if isinstance(bit, bool):
            return bit
        return bool(z3.is_true(self.solver.evaluate(bit)))

    def value(self, number: Number) -> int:
        """Return a number in the example that the solver found last."""
        if isinstance(number, int):
            return number
        return int(cast("z3.BitVecNumRef", self.solver.evaluate(number)).as_signed_long())

    def core(self, bits: Iterable[Bit]) -> list[Bit]:
        """Return those of some bits that the solver needed to show that the last question is impossible."""
        return [bit for bit in bits if not isinstance(bit, bool) and self.solver.needed(bit)]

    def _gate(self, definition: z3.ExprRef) -> z3.BoolRef:
        self._named += 1
        gate = self._variable(f"gate {self._named}")
        same = z3.Z3_mk_eq(self._context.ref(), gate.as_ast(), definition.as_ast())
        self.solver.add(z3.BoolRef(same, self._context))
        return gate

    def _variable(self, name: str) -> z3.BoolRef:
        context = self._context.ref()
        return _KnownBit(z3.Z3_mk_const(context, z3.Z3_mk_string_symbol(context, name), self._sort.ast), self._context)

    def _expression(self, bit: Bit) -> z3.BoolRef:
        return cast("z3.BoolRef", z3.BoolVal(bit, self._context)) if isinstance(bit, bool) else bit

    def _number(self, value: int) -> z3.BitVecRef:
        if value not in self._numbers:
            self._numbers[value] = cast("z3.BitVecRef", z3.BitVecVal(value, _WIDTH, self._context))
        return self._numbers[value]

    def _add(self, numbers: list[z3.BitVecRef]) -> z3.BitVecRef:
        while len(numbers) > 1:
            pairs = [
                numbers[index] + numbers[index + 1] if index + 1 < len(numbers) else numbers[index]
                for index in range(0, len(numbers), 2)
            ]
            numbers = pairs
        return numbers[0]
