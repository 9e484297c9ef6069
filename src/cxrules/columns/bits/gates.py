"""Boolean gates, each made once: a straight-line program that does not depend on the data type it will run on.

A gate has the operators of an int (`&`, `|`, `^`, `~`), so that arithmetic written for columns of bits also builds
gates. Building from the same parts twice returns the same gate, and constants are folded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from enum import IntEnum
from typing import NamedTuple

__all__ = ["Gate", "Gates", "Instruction", "Operation", "Schedule"]


_DEPTH = 8
"""How many levels of nested conjunctions are examined."""


class Operation(IntEnum):
    """What an instruction does."""

    AND = 0
    OR = 1
    XOR = 2
    NOT = 3
    READ = 4


class Gate:
    """A truth value of a program. It is false, as an int is, when it is known to be true nowhere."""

    __slots__ = ("gates", "number")

    def __init__(self, gates: Gates, number: int) -> None:
        self.gates, self.number = gates, number

    def __and__(self, other: Gate) -> Gate:
        return self.gates.combine(Operation.AND, self, other)

    def __or__(self, other: Gate) -> Gate:
        return self.gates.combine(Operation.OR, self, other)

    def __xor__(self, other: Gate) -> Gate:
        return self.gates.combine(Operation.XOR, self, other)

    def __invert__(self) -> Gate:
        return self.gates.negate(self)

    def __bool__(self) -> bool:
        return self.number != 0

    def __repr__(self) -> str:
        return f"Gate({self.number})"


class Instruction(NamedTuple):
    """An instruction of a schedule: `registers[target] = registers[one] operation registers[other]`.

    One that reads has the number of the input as `one`; one that negates has no `other`.
    """

    operation: Operation
    target: int
    one: int
    other: int


class Schedule(NamedTuple):
    """Instructions in the order in which they run, on registers that are reused once their content is no longer needed.

    Attributes:
        steps: The instructions. Register 0 holds what is true nowhere, register 1 what is true everywhere.
        size: How many registers there are.
        outputs: The registers in which the gates that were asked for are found at the end.
        inputs: The numbers of the inputs that are read.
    """

    steps: tuple[Instruction, ...]
    size: int
    outputs: tuple[int, ...]
    inputs: tuple[int, ...]


class Gates:
    """Gates by number: 0 is false, 1 is true, and every other one is made of gates of lower numbers.

    Attributes:
        false: The gate that is true nowhere.
        true: The gate that is true everywhere.

    Examples:
        >>> gates = Gates()
        >>> one, other = gates.read(0), gates.read(1)
        >>> (one & other) is (other & one), (one & ~one) is gates.false, (one | gates.true) is gates.true
        (True, True, True)
    """

    def __init__(self) -> None:
        self.false, self.true = Gate(self, 0), Gate(self, 1)
        self._gates = [self.false, self.true]
        self._made: list[tuple[Operation, int, int]] = [(Operation.READ, -1, 0), (Operation.READ, -2, 0)]
        self._known: dict[tuple[Operation, int, int], Gate] = {}

    def __len__(self) -> int:
        return len(self._gates)

    def read(self, number: int) -> Gate:
        """Return the input with a number."""
        return self._make(Operation.READ, number, 0)

    def combine(self, operation: Operation, one: Gate, other: Gate) -> Gate:
        """Return the gate of an operation on two gates."""
        if one.number > other.number:
            one, other = other, one
        low, high = one.number, other.number
        if low == 0:
            return one if operation is Operation.AND else other
        if low == high:
            return self.false if operation is Operation.XOR else one
        if low == 1:
            if operation is Operation.XOR:
                return self.negate(other)
            return other if operation is Operation.AND else one
        if self._made[high] == (Operation.NOT, low, 0):
            return self.false if operation is Operation.AND else self.true
        return self._make(operation, low, high)

    def negate(self, gate: Gate) -> Gate:
        """Return the opposite of a gate."""
        if gate.number <= 1:
            return self._gates[1 - gate.number]
        operation, operand, _ = self._made[gate.number]
        return self._gates[operand] if operation is Operation.NOT else self._make(Operation.NOT, gate.number, 0)

    def is_negation(self, gate: Gate) -> bool:
        """Return whether a gate negates another one."""
        return self._made[gate.number][0] is Operation.NOT

    def parts(self, gate: Gate) -> tuple[Gate, ...]:
        """Return the two gates that a conjunction joins; empty for any other gate."""
        operation, one, other = self._made[gate.number]
        return (self._gates[one], self._gates[other]) if operation is Operation.AND else ()

    def without(self, gate: Gate, known: Gate) -> Gate:
        """Return a conjunction without the parts that are implied by another gate."""
        return self._leave_out(gate, self._list_parts(known), _DEPTH)

    def _leave_out(self, gate: Gate, known: set[Gate], depth: int) -> Gate:
        if gate in known:
            return self.true
        parts = self.parts(gate) if depth else ()
        if not parts:
            return gate
        one, other = (self._leave_out(part, known, depth - 1) for part in parts)
        return gate if (one, other) == parts else one & other

    def _list_parts(self, gate: Gate) -> set[Gate]:
        found: set[Gate] = set()
        waiting = [gate]
        while waiting:
            part = waiting.pop()
            if part not in found:
                found.add(part)
                waiting += self.parts(part)
        return found

    def _make(self, operation: Operation, one: int, other: int) -> Gate:
        key = (operation, one, other)
        gate = self._known.get(key)
        if gate is None:
            gate = self._known[key] = Gate(self, len(self._gates))
            self._gates.append(gate)
            self._made.append(key)
        return gate

    def copy(self, outputs: Iterable[Gate], target: Gates, read: Callable[[int], Gate]) -> list[Gate]:
        """Rebuild some gates in another collection, with a replacement for each input, and return them."""
        outputs = list(outputs)
        made = [target.false, target.true, *[target.false] * (len(self._made) - 2)]
        for gate in self._order([gate.number for gate in outputs]):
            operation, one, other = self._made[gate]
            if operation is Operation.READ:
                made[gate] = read(one)
            elif operation is Operation.NOT:
                made[gate] = ~made[one]
            else:
                made[gate] = target.combine(operation, made[one], made[other])
        return [made[gate.number] for gate in outputs]

    def schedule(self, outputs: Iterable[Gate], together: Callable[[int], Hashable] | None = None) -> Schedule:
        """Return the instructions that make some gates, and no others.

        Args:
            outputs: The gates.
            together: Inputs for which it returns the same value are read one after another.
        """
        wanted = [gate.number for gate in outputs]
        order = self._order(wanted, together)
        last = {operand: position for position, gate in enumerate(order) for operand in self._operands(gate)}
        kept = {0, 1, *wanted}
        registers = {0: 0, 1: 1}
        free: list[int] = []
        size = 2
        steps = []
        inputs = []
        for position, gate in enumerate(order):
            operation, one, other = self._made[gate]
            if operation is Operation.READ:
                inputs.append(one)
                places = one, 0
            else:
                places = registers[one], registers[other]
                done = {operand for operand in (one, other) if last.get(operand) == position} - kept
                free += [registers[operand] for operand in sorted(done)]
            if not free:
                free.append(size)
                size += 1
            registers[gate] = free.pop()
            steps.append(Instruction(operation, registers[gate], *places))
        return Schedule(tuple(steps), size, tuple(registers[gate] for gate in wanted), tuple(sorted(inputs)))

    def _operands(self, gate: int) -> tuple[int, ...]:
        operation, one, other = self._made[gate]
        if operation is Operation.READ:
            return ()
        return (one,) if operation is Operation.NOT else (one, other)

    def _order(self, wanted: Iterable[int], together: Callable[[int], Hashable] | None = None) -> list[int]:
        """Return the gates that some gates need: each just after its operands, the operand that needs more room first.

        Operands are therefore no longer needed soon, and few registers are enough.
        """
        wanted = list(wanted)
        room = self._list_room(wanted)
        alike: dict[Hashable, list[int]] = {}
        for gate in room:
            alike.setdefault(self._group(gate, together), []).append(gate)
        order = {0: None, 1: None}
        waiting = wanted[::-1]
        while waiting:
            gate = waiting[-1]
            missing = () if gate in order else [operand for operand in self._operands(gate) if operand not in order]
            if not missing:
                order |= dict.fromkeys(alike[self._group(waiting.pop(), together)])
            elif len(missing) > 1 and room[missing[0]] > room[missing[1]]:
                waiting += missing[::-1]
            else:
                waiting += missing
        return [gate for gate in order if gate > 1]

    def _group(self, gate: int, together: Callable[[int], Hashable] | None) -> Hashable:
        """Return the group of a gate; gates of one group are made one after another."""
        operation, one, _ = self._made[gate]
        return (together(one),) if together and operation is Operation.READ and gate > 1 else gate

    def _list_room(self, wanted: Iterable[int]) -> dict[int, int]:
        """Return how many registers it takes to make each needed gate (Sethi and Ullman's numbers)."""
        needed: set[int] = set()
        waiting = list(wanted)
        while waiting:
            gate = waiting.pop()
            if gate > 1 and gate not in needed:
                needed.add(gate)
                waiting += self._operands(gate)
        room = {0: 0, 1: 0}
        for gate in sorted(needed):
            operation, one, other = self._made[gate]
            if operation is Operation.READ:
                room[gate] = 1
            elif operation is Operation.NOT:
                room[gate] = room[one] or 1
            else:
                less, more = room[one], room[other]
                room[gate] = less + 1 if less == more else max(less, more)
        return room
